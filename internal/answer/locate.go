package answer

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// level says how much may differ between a quote and the text.
type level int

const (
	typography level = iota // white space, hyphenation, ligatures, quotes, dashes
	markup                  // and Markdown's emphasis marks and table bars
	letterCase              // and case
	levels
)

// folded is a text in a form in which typography makes no difference, with the way
// back: byte i of text stands for source bytes [from[i], to[i]).
type folded struct {
	text     string
	from, to []int32
}

// folder builds a folded text.
type folder struct {
	level    level
	buf      []byte
	from, to []int32
	// space is the source range of white space not yet written.
	space      bool
	spaceFrom  int32
	last       rune // last rune written, zero at the beginning
	scratch    [utf8.UTFMax]byte
	hyphenNext int // source offset up to which a hyphenation is skipped
}

// fold brings s into the form for comparing at a level.
func fold(s string, l level) folded {
	f := folder{level: l, buf: make([]byte, 0, len(s)), from: make([]int32, 0, len(s)), to: make([]int32, 0, len(s))}
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if i >= f.hyphenNext {
			f.rune(s, r, i, i+n)
		}
		i += n
	}
	return folded{string(f.buf), f.from, f.to}
}

func (f *folder) write(r rune, from, to int) {
	if f.space {
		f.space = false
		// White space is nothing at the beginning and next to characters of
		// scripts written without it.
		if f.last != 0 && !spaceless(f.last) && !spaceless(r) {
			f.append(' ', int(f.spaceFrom), from)
		}
	}
	f.append(r, from, to)
	f.last = r
}

func (f *folder) append(r rune, from, to int) {
	n := utf8.EncodeRune(f.scratch[:], r)
	for _, b := range f.scratch[:n] {
		f.buf = append(f.buf, b)
		f.from = append(f.from, int32(from))
		f.to = append(f.to, int32(to))
	}
}

// rune folds one character of s at [from, to).
func (f *folder) rune(s string, r rune, from, to int) {
	switch {
	case r == '\u00AD' || r >= '\u200B' && r <= '\u200F' || r == '\u2060' || r == '\uFEFF' || r == 0:
		return
	case unicode.IsSpace(r):
		if !f.space {
			f.space, f.spaceFrom = true, int32(from)
		}
		return
	case f.level >= markup && (r == '*' || r == '_' || r == '`' || r == '|' || r == '~' || r == '\\'):
		// A table's bar separates words, the others stand inside them.
		if r == '|' && !f.space {
			f.space, f.spaceFrom = true, int32(from)
		}
		return
	}
	if r == '-' || r == '\u2010' || r == '\u2011' {
		if next, ok := joins(s, f.last, f.space, to); ok {
			f.hyphenNext = next
			return
		}
	}
	for _, c := range plain(r) {
		if f.level >= letterCase {
			c = unicode.ToLower(c)
		}
		f.write(c, from, to)
	}
}

// joins tells whether a hyphen after last, ending at offset i, stands between two
// letters, directly or over a line's end. "hyphen-\nation" and "hyphen-ation" then
// compare equal to "hyphenation". next is where the word goes on.
func joins(s string, last rune, space bool, i int) (next int, ok bool) {
	if space || !unicode.IsLetter(last) || spaceless(last) {
		return 0, false
	}
	rest := strings.TrimLeft(s[i:], " \t")
	if strings.HasPrefix(rest, "\r\n") || strings.HasPrefix(rest, "\n") {
		rest = strings.TrimLeft(rest, " \t\r\n")
	} else if len(rest) != len(s)-i {
		return 0, false // "a - b", or "pre- and post-"
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return len(s) - len(rest), unicode.IsLetter(r)
}

// spaceless tells whether a script is written without spaces.
func spaceless(r rune) bool {
	return r >= 0x2E80 && (unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r >= 0x3000 && r <= 0x303F || r >= 0xFF00 && r <= 0xFFEF)
}

var plainRunes = map[rune]string{
	'‘': "'", '’': "'", '‚': "'", '‛': "'", '′': "'", '`': "'", '´': "'",
	'“': `"`, '”': `"`, '„': `"`, '‟': `"`, '″': `"`, '«': `"`, '»': `"`, '「': `"`, '」': `"`, '『': `"`, '』': `"`,
	'\u2010': "-", '\u2011': "-", '\u2012': "-", '–': "-", '—': "-", '―': "-", '−': "-",
	'…': "...", 'ﬀ': "ff", 'ﬁ': "fi", 'ﬂ': "fl", 'ﬃ': "ffi", 'ﬄ': "ffl", 'ﬅ': "st", 'ﬆ': "st",
	'µ': "μ", // micro sign and Greek mu look alike
	'，': ",", '；': ";", '：': ":", '！': "!", '？': "?", '（': "(", '）': ")",
}

// plain gives the usual spelling of a character.
func plain(r rune) string {
	if r < 0x80 && r != '`' {
		return asciiStrings[r]
	}
	if s, ok := plainRunes[r]; ok {
		return s
	}
	if r >= 0xFF01 && r <= 0xFF5E {
		return string(r - 0xFF01 + '!')
	}
	if r < 0x2E80 {
		if d := norm.NFD.PropertiesString(string(r)).Decomposition(); d != nil {
			return string(d)
		}
	}
	return string(r)
}

// asciiStrings saves an allocation for the commonest characters.
var asciiStrings = func() (t [0x80]string) {
	for i := range t {
		t[i] = string(rune(i))
	}
	return t
}()

// text is a stored text being searched, folded once per level as needed.
type text struct {
	source string
	folds  [levels]*folded
}

func (t *text) fold(l level) *folded {
	if t.folds[l] == nil {
		f := fold(t.source, l)
		t.folds[l] = &f
	}
	return t.folds[l]
}

// maxQuote bounds a quote in bytes; maxGap bounds the span of a quote with
// omissions.
const (
	maxQuote = 4_000
	maxGap   = 1_200
)

// locate finds quote and gives its byte range in the source.
func (t *text) locate(quote string) (from, to int, ok bool) {
	quote = strings.TrimSpace(quote)
	if quote == "" || len(quote) > maxQuote {
		return 0, 0, false
	}
	for l := range levels {
		f := t.fold(l)
		if from, to, ok = f.find(fold(quote, l).text, 0); ok {
			return from, to, true
		}
	}
	return t.locateParts(quote)
}

// locateParts finds a quote with omissions ("first … last"): all its parts, in
// order and close together.
func (t *text) locateParts(quote string) (from, to int, ok bool) {
	quote = strings.NewReplacer("[...]", "…", "[…]", "…", "(...)", "…", "...", "…").Replace(quote)
	var parts []string
	for part := range strings.SplitSeq(quote, "…") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) < 1 || !strings.Contains(quote, "…") {
		return 0, 0, false
	}
	f, at := t.fold(letterCase), 0
	for i, part := range parts {
		needle := fold(part, letterCase).text
		if utf8.RuneCountInString(needle) < 4 {
			return 0, 0, false
		}
		a, b, found := f.find(needle, at)
		if !found {
			return 0, 0, false
		}
		if i == 0 {
			from = a
		}
		to = b
		at = after(f, b)
	}
	return from, to, to-from <= maxGap
}

// after gives the folded offset from which source offset b has passed.
func after(f *folded, b int) int {
	lo, hi := 0, len(f.from)
	for lo < hi {
		if mid := (lo + hi) / 2; int(f.from[mid]) < b {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// find looks for needle from folded offset at, standing by itself: "42" is not
// found in "1420", nor "other" in "another".
func (f *folded) find(needle string, at int) (from, to int, ok bool) {
	needle = strings.TrimSpace(needle)
	if needle == "" {
		return 0, 0, false
	}
	for at <= len(f.text) {
		i := strings.Index(f.text[at:], needle)
		if i < 0 {
			return 0, 0, false
		}
		i += at
		end := i + len(needle)
		if !within(f.text, i) && !within(f.text, end) {
			return int(f.from[i]), int(f.to[end-1]), true
		}
		_, n := utf8.DecodeRuneInString(f.text[i:])
		at = i + n
	}
	return 0, 0, false
}

// within tells whether offset i lies inside a word or number.
func within(s string, i int) bool {
	if i <= 0 || i >= len(s) {
		return false
	}
	a, _ := utf8.DecodeLastRuneInString(s[:i])
	b, _ := utf8.DecodeRuneInString(s[i:])
	if spaceless(a) || spaceless(b) {
		return false
	}
	if alnum(a) && alnum(b) || unicode.Is(unicode.Mn, b) {
		return true
	}
	// "3.14" is not a quote of "14", nor of "3".
	if unicode.IsDigit(a) && (b == '.' || b == ',') {
		r, _ := utf8.DecodeRuneInString(s[i+1:])
		return unicode.IsDigit(r)
	}
	if unicode.IsDigit(b) && (a == '.' || a == ',') {
		r, _ := utf8.DecodeLastRuneInString(s[:i-1])
		return unicode.IsDigit(r)
	}
	return false
}

func alnum(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
