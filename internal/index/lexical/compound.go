package lexical

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxParts bounds the parts of a compound that become terms of their own.
const maxParts = 12

// compound emits the terms of a word or compound that stands at offset at.
func (a *analyzer) compound(s string, at int, emit sink) {
	if !ascii(s) && !norm.NFKC.IsNormalString(s) {
		n := norm.NFKC.String(s)
		if norm.NFKC.IsNormalString(n) {
			end := at + len(s)
			a.scan(n, func(e *entry, _, _ int, k kind) { emit(e, at, end, k) })
			return
		}
	}
	parts := 0
	for i := 0; i < len(s) && parts < maxParts; {
		// A dotted name: each of its segments may be a compound itself.
		j := segmentEnd(s, i)
		n := a.segment(s[i:j], at+i, emit, maxParts-parts)
		parts += n
		if n > 1 && j-i < len(s) {
			a.whole(s[i:j], at+i, emit)
		}
		i = j + 1
	}
	if parts > 1 {
		a.whole(s, at, emit)
	}
}

// segmentEnd returns the position of the next dot that separates names, or the
// length. A dot between digits belongs to a number.
func segmentEnd(s string, i int) int {
	for j := i; j < len(s); j++ {
		if s[j] == '.' && !(isDigits(s, j+1, 1) && j > 0 && isDigits(s, j-1, 1)) {
			return j
		}
	}
	return len(s)
}

// segment emits the parts of a segment, at most limit, and returns how many.
func (a *analyzer) segment(s string, at int, emit sink, limit int) int {
	s, single := contraction(s)
	if single {
		a.emitWord(strings.NewReplacer("'", "", "’", "").Replace(s), at, at+len(s), emit)
		return 1
	}
	n := 0
	for i := 0; i < len(s) && n < limit; {
		start, end, next := nextPart(s, i)
		if start < end {
			a.emitWord(s[start:end], at+start, at+end, emit)
			n++
		}
		i = next
	}
	return n
}

// contraction takes an English ending like 's or 'll off a word. It reports
// single for n't, which stays one word without its apostrophe.
func contraction(s string) (rest string, single bool) {
	if strings.IndexByte(s, '\'') < 0 && !strings.Contains(s, "’") {
		return s, false
	}
	i := strings.LastIndexAny(s, "'’")
	if i < 1 {
		return s, false
	}
	_, size := decode(s, i)
	switch strings.ToLower(s[i+size:]) {
	case "s", "re", "ve", "ll", "d", "m":
		return s[:i], false
	case "t":
		return s, s[i-1]|0x20 == 'n' && !strings.ContainsAny(s[:i], "-_'’")
	}
	return s, false
}

// nextPart returns the next part of a segment from i, without separators, and
// where to look on. Parts end at separators, where small letters turn to
// capitals, before the last of several capitals that precedes a small letter,
// behind leading digits (5mg) and before digits behind a word (covid19).
func nextPart(s string, i int) (start, end, next int) {
	start = i
	var prev rune
	letters := 0
	for j := i; j < len(s); {
		r, size := decode(s, j)
		if separates(r) {
			return start, j, j + size
		}
		if j > start && breaksBefore(prev, r, s[j+size:], letters, s[start:j]) {
			return start, j, j
		}
		if unicode.IsLetter(r) {
			letters++
		}
		prev = r
		j += size
	}
	return start, len(s), len(s)
}

func separates(r rune) bool {
	return r == '_' || r == '-' || r == '\'' || r == '’' || r == '\u2010' || r == '\u2011' || r == '\n' || r == '\r' || r == ' '
}

func breaksBefore(prev, r rune, rest string, letters int, before string) bool {
	switch {
	case unicode.IsUpper(r):
		if unicode.IsLower(prev) {
			return true
		}
		next, _ := utf8.DecodeRuneInString(rest)
		// HTTP|Server, but not DNA|s.
		return unicode.IsUpper(prev) && unicode.IsLower(next) && rest != "s"
	case isDigit09(r):
		return letters >= 3 && unicode.IsLetter(prev)
	case unicode.IsLetter(r):
		return isDigit09(prev) && letters == 0 && number(before)
	}
	return false
}

func isDigit09(r rune) bool { return '0' <= r && r <= '9' }

func number(s string) bool { return strings.Trim(s, "0123456789.,") == "" }

// whole emits a compound without its separators; dots and commas between digits stay or go
// as in the number they belong to.
func (a *analyzer) whole(s string, at int, emit sink) {
	end := at + len(s)
	s, _ = contraction(s)
	b := a.joined[:0]
	for i := 0; i < len(s); {
		r, size := decode(s, i)
		digits := i > 0 && isDigits(s, i-1, 1) && isDigits(s, i+size, 1)
		if !separates(r) && r != ',' && r != softHyphen && (r != '.' || digits) || r == '-' && digits {
			b = append(b, s[i:i+size]...)
		}
		i += size
	}
	a.joined = b
	if len(b) == 0 {
		return
	}
	w := cut(string(b))
	if ascii(w) {
		emit(a.word(w), at, end, whole)
		return
	}
	e, _ := a.foreign(w)
	emit(e, at, end, whole)
}

// emitWord emits one word: its stem, and with accents also its exact form.
func (a *analyzer) emitWord(w string, start, end int, emit sink) {
	if strings.Contains(w, ",") {
		w = strings.ReplaceAll(w, ",", "")
	}
	if ascii(w) {
		emit(a.word(w), start, end, part)
		return
	}
	w = cut(strings.ReplaceAll(w, string(softHyphen), ""))
	if ascii(w) {
		emit(a.word(w), start, end, part)
		return
	}
	folded, original := a.foreign(w)
	emit(folded, start, end, part)
	if original != folded {
		emit(original, start, end, exact)
	}
}

// foreign returns the entries of a word that is not ASCII: folded with
// accents taken off and the stem of what remains, and as it was in lower case.
func (a *analyzer) foreign(w string) (folded, original *entry) {
	lower := lowerFold(w)
	original = a.known(cut(lower))
	plain := unaccent(lower)
	switch {
	case ascii(plain):
		return a.word(plain), original
	case plain == lower:
		return original, original
	}
	return a.known(cut(plain)), original
}

// lowerFold is simple Unicode case folding, with ß as ss.
func lowerFold(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == 'ß' || r == 'ẞ' {
			b.WriteString("ss")
			continue
		}
		b.WriteRune(unicode.ToLower(unicode.ToUpper(r)))
	}
	return b.String()
}

// unaccent takes the marks off Latin and Greek letters. Marks of other scripts
// are part of their letters and stay.
func unaccent(s string) string {
	var b strings.Builder
	base := rune(0)
	for _, r := range norm.NFD.String(s) {
		if unicode.Is(unicode.Mn, r) {
			if !unicode.In(base, unicode.Latin, unicode.Greek) {
				b.WriteRune(r)
			}
			continue
		}
		base = r
		switch r {
		case 'ø':
			b.WriteByte('o')
		case 'ł':
			b.WriteByte('l')
		case 'đ':
			b.WriteByte('d')
		case 'ı':
			b.WriteByte('i')
		case 'æ':
			b.WriteString("ae")
		case 'œ':
			b.WriteString("oe")
		default:
			b.WriteRune(r)
		}
	}
	return norm.NFC.String(b.String())
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
