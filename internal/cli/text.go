package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
)

// steers tells whether a character could move a terminal's cursor, change its state,
// reorder the line or hide text in it. Files, their names and what servers answer are
// not trusted with that.
func steers(r rune) bool {
	switch {
	case r == '\n', r == '\t':
		return false
	case r < ' ', r >= 0x7f && r < 0xa0: // C0, DEL, C1
	case r == 0x061c, r == 0x200e, r == 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // direction
	case r == 0x2028, r == 0x2029, r >= 0xfff9 && r <= 0xfffb: // separators, annotations
	case r >= 0xe0000 && r <= 0xe007f: // invisible tags
	default:
		return false
	}
	return true
}

// plain replaces what could steer a terminal. Line breaks and tabs stay.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if steers(r) {
			return '\ufffd'
		}
		return r
	}, text)
}

// oneLine is plain for texts such as names, in which a line break would forge a line.
func oneLine(text string) string {
	return strings.NewReplacer("\n", "\ufffd", "\t", " ").Replace(plain(text))
}

// excerptRunes is how much of a passage is shown on a terminal.
const excerptRunes = 240

func excerpt(text string) string {
	text = plain(strings.Join(strings.Fields(text), " "))
	if runes := []rune(text); len(runes) > excerptRunes {
		return string(runes[:excerptRunes]) + "…"
	}
	return text
}

// place names where a passage stands, for people.
func (s session) place(path string, line, page int) string {
	if page > 0 {
		return s.Say("%s, page %d", oneLine(path), page)
	}
	return fmt.Sprintf("%s:%d", oneLine(path), line)
}

// writeJSON writes v on one line. What could steer a terminal stands in it as \u
// escapes, which mean the same to programs.
func writeJSON(w io.Writer, v any) error {
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("encode output: %w", err)
	}
	var out strings.Builder
	for _, r := range encoded.String() {
		switch {
		case !steers(r):
			out.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	if _, err := io.WriteString(w, out.String()); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}
