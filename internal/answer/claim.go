package answer

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Claim is a statement of an answer that no citation backs.
type Claim struct {
	Text   string `json:"text"`
	Reason string `json:"reason" doc:"no_citation, unknown_source or quote_not_found"`
}

// Reasons of a Claim.
const (
	noCitation    = "no_citation"
	unknownSource = "unknown_source"
	quoteNotFound = "quote_not_found"
)

const (
	maxClaims    = 50  // kept in a Support
	maxClaimText = 300 // characters of each
)

// markPattern is how a citation stands in an answer's text. lostMark stands where
// a mark was removed; it never leaves this package.
var markPattern = regexp.MustCompile(`\[\^c(\d+)\]`)

// claims goes through the finished text, statement by statement. states gives each
// citation's state by number; lost tells at which byte offsets of text marks with
// unknown ids were removed.
func claims(text string, states map[string]State, lost []int) Support {
	support := Support{Unsupported: []Claim{}}
	for _, st := range statements(text) {
		raw := text[st.from:st.to]
		backed, marked := false, false
		reason := noCitation
		for _, m := range markPattern.FindAllStringSubmatch(raw, -1) {
			marked = true
			if states["c"+m[1]] == Unsupported {
				reason = quoteNotFound
			} else {
				backed = true
			}
		}
		for _, at := range lost {
			if at > st.from && at <= st.to && !marked {
				reason = unknownSource
			}
		}
		plain := strings.TrimSpace(markPattern.ReplaceAllString(raw, ""))
		if !marked && reason == noCitation && !asserts(plain) {
			continue
		}
		support.Claims++
		if backed {
			support.Backed++
			continue
		}
		if len(support.Unsupported) < maxClaims {
			support.Unsupported = append(support.Unsupported, Claim{Text: cutRunes(plain, maxClaimText), Reason: reason})
		}
	}
	support.Supported = support.Backed > 0
	return support
}

// asserts tells whether a statement says something that wants a source: not a
// heading, a question, an introduction, or a scrap.
func asserts(s string) bool {
	s = strings.TrimRight(strings.Trim(s, "*_ \t\n-+"), "*_ ")
	if s == "" || strings.HasPrefix(s, "#") || strings.HasPrefix(s, "|") || strings.HasPrefix(s, "```") {
		return false
	}
	last, _ := utf8.DecodeLastRuneInString(s)
	if strings.ContainsRune(":：?？", last) {
		return false
	}
	words, wideRunes := len(strings.Fields(s)), 0
	for _, r := range s {
		if spaceless(r) {
			wideRunes++
		}
	}
	return words >= 4 || wideRunes >= 6
}

type statement struct{ from, to int }

// statements cuts an answer's text into sentences, each with the marks behind it.
// Code blocks are one statement with what cites them.
func statements(text string) []statement {
	var out []statement
	start := 0
	add := func(end int) {
		if strings.TrimSpace(text[start:end]) != "" {
			out = append(out, statement{start, end})
		}
		start = end
	}
	fenced := false
	for at := 0; at < len(text); {
		line := text[at:]
		if i := strings.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		}
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "```") || strings.HasPrefix(line, "~~~"):
			if !fenced {
				add(at)
			}
			fenced = !fenced
		case fenced:
		case trimmed == "" || startsBlock(trimmed):
			add(at)
			fallthrough
		default:
			sentencesOf(text, at, at+len(line), add)
		}
		at += len(line)
	}
	add(len(text))
	return out
}

// startsBlock tells whether a line begins a list item, heading or table row.
func startsBlock(line string) bool {
	if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "|") {
		return true
	}
	if len(line) > 1 && strings.ContainsRune("-*+", rune(line[0])) && line[1] == ' ' {
		return true
	}
	i := strings.IndexFunc(line, func(r rune) bool { return r < '0' || r > '9' })
	return i > 0 && i < 4 && (line[i] == '.' || line[i] == ')')
}

// sentencesOf calls add at each sentence's end in text[from:to], behind the marks
// that follow it.
func sentencesOf(text string, from, to int, add func(int)) {
	for i := from; i < to; {
		r, n := utf8.DecodeRuneInString(text[i:to])
		i += n
		if !strings.ContainsRune(".!?。！？", r) {
			continue
		}
		rest := text[i:to]
		tail := strings.TrimLeft(rest, "\"'”’」』)）*_")
		end := i + len(rest) - len(tail)
		next, _ := utf8.DecodeRuneInString(tail)
		if tail != "" && !unicode.IsSpace(next) && !strings.HasPrefix(tail, "[^c") && !spaceless(next) && r < 0x80 {
			continue // "3.14", "e.g."
		}
		for {
			m := markPattern.FindStringIndex(text[end:to])
			if m == nil || strings.TrimSpace(text[end:end+m[0]]) != "" {
				break
			}
			end += m[1]
		}
		add(end)
		i = end
	}
}

// cutRunes shortens s to n characters.
func cutRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i] + "…"
		}
		n--
	}
	return s
}
