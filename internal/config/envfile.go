package config

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of an environment file.
const (
	maxEnvFileBytes = 256 << 10
	maxEnvNameBytes = 128
)

// SyntaxError tells where an environment file is wrong.
type SyntaxError struct {
	Line    int // from 1
	Message string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Message) }

// Entry is one assignment of an environment file.
type Entry struct {
	Key, Value string
	Line       int
}

// ParseEnv reads the text of an environment file such as .env.local.
//
// A line is blank, a comment (#…), or NAME=value, optionally after "export ". A
// value stands bare (trimmed; " #" begins a comment), in single quotes (taken as it
// is) or in double quotes (\n \r \t \" \\ \$ are escapes); quoted values end on the
// line they began on. Nothing is expanded. What does not fit is an error that names
// its line, and so is a name given twice: guessing would change a meaning silently.
func ParseEnv(text string) ([]Entry, error) {
	if len(text) > maxEnvFileBytes {
		return nil, &SyntaxError{Line: 1, Message: fmt.Sprintf("the file is larger than %d KiB", maxEnvFileBytes>>10)}
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return nil, &SyntaxError{Line: 1, Message: "the file is not UTF-8 text"}
	}
	text = strings.TrimPrefix(text, "\ufeff")
	var entries []Entry
	seen := make(map[string]int)
	number := 0
	for line := range strings.Lines(text) {
		number++
		entry, ok, message := parseEnvLine(strings.TrimRight(line, "\r\n"))
		if message != "" {
			return nil, &SyntaxError{Line: number, Message: message}
		}
		if !ok {
			continue
		}
		if first, dup := seen[entry.Key]; dup {
			return nil, &SyntaxError{Line: number, Message: fmt.Sprintf("%s was given on line %d already; keep one of the two", entry.Key, first)}
		}
		seen[entry.Key] = number
		entry.Line = number
		entries = append(entries, entry)
	}
	return entries, nil
}

// parseEnvLine gives ok=false for a line without an assignment, and a message for
// a line that is wrong.
func parseEnvLine(line string) (entry Entry, ok bool, message string) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return Entry{}, false, ""
	}
	if rest, cut := strings.CutPrefix(line, "export "); cut {
		line = strings.TrimLeft(rest, " \t")
	}
	name, value, found := strings.Cut(line, "=")
	if !found {
		return Entry{}, false, "expected NAME=value"
	}
	if name != strings.TrimSpace(name) {
		return Entry{}, false, "remove the space before ="
	}
	if !validEnvName(name) {
		return Entry{}, false, "a name consists of letters, digits and _ and does not begin with a digit"
	}
	value, message = parseEnvValue(strings.TrimLeft(value, " \t"))
	return Entry{Key: name, Value: value}, message == "", message
}

func validEnvName(name string) bool {
	if name == "" || len(name) > maxEnvNameBytes || name[0] >= '0' && name[0] <= '9' {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

func parseEnvValue(raw string) (value, message string) {
	if raw == "" {
		return "", ""
	}
	switch raw[0] {
	case '\'':
		value, rest, closed := strings.Cut(raw[1:], "'")
		if !closed {
			return "", "the single quote is not closed on this line"
		}
		return value, afterQuote(rest)
	case '"':
		return parseDoubleQuoted(raw[1:])
	}
	// A bare value ends where a comment begins: a # after white space.
	for i := range len(raw) {
		if raw[i] == '#' && i > 0 && (raw[i-1] == ' ' || raw[i-1] == '\t') {
			raw = raw[:i]
			break
		}
	}
	if raw[0] == '#' {
		return "", ""
	}
	return strings.TrimSpace(raw), ""
}

func parseDoubleQuoted(raw string) (value, message string) {
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; c {
		case '"':
			return b.String(), afterQuote(raw[i+1:])
		case '\\':
			i++
			if i == len(raw) {
				return "", "the double quote is not closed on this line"
			}
			switch raw[i] {
			case 'n':
				b.WriteByte('\n')
			case 'r':
				b.WriteByte('\r')
			case 't':
				b.WriteByte('\t')
			case '"', '\\', '$':
				b.WriteByte(raw[i])
			default:
				return "", fmt.Sprintf("unknown escape \\%c; use single quotes to take the value as it is", raw[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", "the double quote is not closed on this line"
}

// afterQuote allows white space and a comment behind a closing quote.
func afterQuote(rest string) (message string) {
	rest = strings.TrimLeft(rest, " \t")
	if rest == "" || rest[0] == '#' {
		return ""
	}
	return "unexpected text after the closing quote"
}
