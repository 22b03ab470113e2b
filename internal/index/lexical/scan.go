package lexical

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// sink receives the terms of a text in order, with the bytes they came from.
type sink func(e *entry, start, end int, k kind)

// Classes of ASCII bytes. What has no class separates words.
const (
	isLower  = 1 << iota
	isUpper  // a capital letter
	isDigit  // a decimal digit
	isUnder  // the underscore
	isJoiner // joins words when it stands between two of them
	isRune   // first byte of a longer rune
)

const isWord = isLower | isUpper | isDigit | isUnder

// classOf is the class of each byte value.
var classOf = func() (t [256]uint8) {
	for c := range t {
		switch {
		case 'a' <= c && c <= 'z':
			t[c] = isLower
		case 'A' <= c && c <= 'Z':
			t[c] = isUpper
		case '0' <= c && c <= '9':
			t[c] = isDigit
		case c == '_':
			t[c] = isUnder
		case c == '.' || c == '-' || c == '\'':
			t[c] = isJoiner
		case c >= utf8.RuneSelf:
			t[c] = isRune
		}
	}
	return t
}()

// scan calls emit for each term of the text. Invalid UTF-8 separates words.
func (a *analyzer) scan(text string, emit sink) {
	for i := 0; i < len(text); {
		class := classOf[text[i]]
		if class&isWord != 0 {
			i = a.scanWord(text, i, emit)
			continue
		}
		if class != isRune {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch script, _ := scriptOf(r); {
		case script != 0:
			i = a.scanScript(text, i, emit)
		case wordRune(r):
			i = a.scanWord(text, i, emit)
		default:
			i += size
		}
	}
}

// scanWord reads the word or compound that begins at i and returns its end.
// Plain words and numbers, by far the most common, do not go through the
// compound rules.
func (a *analyzer) scanWord(text string, i int, emit sink) int {
	j := i + 1
	class := classOf[text[i]]
	if class == isUpper && j < len(text) && classOf[text[j]] == isLower {
		class = isLower
	}
	for j < len(text) && classOf[text[j]] == class {
		j++
	}
	if class != isUnder && class != isRune && (j == len(text) || classOf[text[j]] == 0 && (class != isDigit || text[j] != ',') || classOf[text[j]] == isJoiner && endsWord(text, j)) {
		if a.only != nil && !a.only.has(text[i:j]) {
			emit(nil, i, j, part)
			return j
		}
		emit(a.word(text[i:j]), i, j, part)
		return j
	}
	j = compoundEnd(text, i)
	a.compound(text[i:j], i, emit)
	return j
}

// endsWord tells whether the joiner at j is the end of a sentence or a dash
// and joins nothing.
func endsWord(text string, j int) bool {
	if j+1 == len(text) {
		return true
	}
	next := classOf[text[j+1]]
	return next == isJoiner || next == 0 && !(text[j] == '-' && (text[j+1] == '\n' || text[j+1] == '\r'))
}

// compoundEnd returns the end of the compound that begins at i: words held
// together by single joiners.
func compoundEnd(text string, i int) int {
	for i < len(text) {
		r, size := decode(text, i)
		if wordRune(r) {
			i += size
			continue
		}
		next := i + joinerLen(text, i, r, size)
		if next == i || next >= len(text) {
			return i
		}
		if r, _ := decode(text, next); !wordRune(r) {
			return i
		}
		i = next
	}
	return i
}

// joinerLen returns the length of what joins the words before and behind i, or
// 0. Besides the joiners proper that is the comma between thousands and the
// hyphen at a line end.
func joinerLen(text string, i int, r rune, size int) int {
	switch r {
	case '.', '\'', '’', '\u2010', '\u2011', softHyphen:
		return size
	case '-':
		rest := text[i+1:]
		if strings.HasPrefix(rest, "\r\n") {
			rest = rest[1:]
		}
		if len(rest) > 1 && rest[0] == '\n' {
			if classOf[rest[1]] == isLower && i > 0 && classOf[text[i-1]] == isLower {
				return len(text) - i - len(rest) + 1
			}
			return 0
		}
		return size
	case ',':
		if i > 0 && isDigits(text, i-1, 1) && isDigits(text, i+1, 3) && !isDigits(text, i+4, 1) {
			return size
		}
	}
	return 0
}

const softHyphen = '\u00AD'

func isDigits(text string, i, n int) bool {
	if i+n > len(text) {
		return false
	}
	for _, c := range []byte(text[i : i+n]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

func decode(text string, i int) (rune, int) {
	if c := text[i]; c < utf8.RuneSelf {
		return rune(c), 1
	}
	return utf8.DecodeRuneInString(text[i:])
}

// wordRune tells whether r belongs to a word of a script with spaces.
func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return classOf[r]&isWord != 0
	}
	if r == utf8.RuneError {
		return false
	}
	if script, _ := scriptOf(r); script != 0 {
		return false
	}
	return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r)
}

// Scripts that are written without spaces between words.
const (
	han = 1 + iota
	hiragana
	katakana
	hangul
	southEastAsian // Thai, Lao, Myanmar, Khmer
)

// scriptOf returns the script of a rune if it is one written without spaces,
// else 0, and whether the rune changes under NFKC or may.
func scriptOf(r rune) (script int, unstable bool) {
	switch {
	case r < 0x0E00:
		return 0, false
	case r <= 0x0EFF || 0x1000 <= r && r <= 0x109F || 0x1780 <= r && r <= 0x17FF:
		return southEastAsian, true
	case 0x1100 <= r && r <= 0x11FF || 0x3130 <= r && r <= 0x318F || 0xA960 <= r && r <= 0xA97F || 0xD7B0 <= r && r <= 0xD7FF || 0xFFA0 <= r && r <= 0xFFDC:
		return hangul, true
	case r < 0x2E80:
		return 0, false
	case r <= 0x2FDF || 0xF900 <= r && r <= 0xFAFF || 0x2F800 <= r && r <= 0x2FA1F:
		return han, true
	case r == 0x3005 || r == 0x3007 || 0x3400 <= r && r <= 0x4DBF || 0x4E00 <= r && r <= 0x9FFF || 0x20000 <= r && r <= 0x3FFFF:
		return han, false
	case 0x3041 <= r && r <= 0x309F:
		return hiragana, 0x3099 <= r && r <= 0x309C || r == 0x309F
	case 0x30A1 <= r && r <= 0x30FF:
		return katakana, r == 0x30FF
	case 0x31F0 <= r && r <= 0x31FF:
		return katakana, false
	case 0xFF66 <= r && r <= 0xFF9F:
		return katakana, true
	case 0xAC00 <= r && r <= 0xD7A3:
		return hangul, false
	}
	return 0, false
}

// scanScript reads the run of unspaced script that begins at i and returns its
// end. A run ends where the script changes, which in Japanese is mostly where a word ends;
// the long-vowel and the voicing marks go with what they follow.
func (a *analyzer) scanScript(text string, i int, emit sink) int {
	first, _ := decode(text, i)
	script, unstable := scriptOf(first)
	end, prev, runes := i, i, 0
	for end < len(text) {
		r, size := decode(text, end)
		s, u := scriptOf(r)
		if s != script && !(s != 0 && (r == 'ー' || 0x3099 <= r && r <= 0x309C || r == 0xFF9E || r == 0xFF9F)) {
			break
		}
		unstable = unstable || u
		end += size
	}
	if unstable {
		if s := norm.NFKC.String(text[i:end]); s != text[i:end] {
			a.scan(s, func(e *entry, _, _ int, k kind) { emit(e, i, end, k) })
			return end
		}
	}
	for at := i; at < end; {
		_, size := decode(text, at)
		if runes++; runes > 1 {
			emit(a.known(text[prev:at+size]), prev, at+size, part)
		}
		prev = at
		at += size
	}
	if runes == 1 {
		emit(a.known(text[i:end]), i, end, part)
	}
	return end
}
