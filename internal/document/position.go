package document

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// Index converts offsets of one text. Building it reads the text once; each
// question then takes a binary search. It is safe for concurrent use.
//
// Offsets outside the text count as its nearest end. A byte offset inside a
// character counts as the start of that character.
type Index struct {
	text  string
	pages []Page
	lines []int // byte offset of the start of each line
	chars []int // characters before byte i*charStep; nil if all are ASCII
	total int   // characters
}

// charStep is the distance in bytes between the stored character counts.
const charStep = 256

// NewIndex prepares a text. pages may be nil.
func NewIndex(text string, pages []Page) *Index {
	x := &Index{text: text, pages: pages, lines: lineStarts(text)}
	x.total = utf8.RuneCountInString(text)
	if x.total == len(text) {
		return x
	}
	x.chars = make([]int, 0, len(text)/charStep+1)
	n := 0
	for i := 0; i < len(text); i += charStep {
		x.chars = append(x.chars, n)
		n += starts(text[i:min(i+charStep, len(text))])
	}
	return x
}

// Chars is the length of the text in characters.
func (x *Index) Chars() int { return x.total }

// Lines is the number of lines. A line break ends a line, so a text that ends in
// one has an empty last line, as editors show it.
func (x *Index) Lines() int { return len(x.lines) }

// Char gives the character offset of a byte offset.
func (x *Index) Char(offset int) int {
	offset = min(max(offset, 0), len(x.text))
	if x.chars == nil {
		return offset
	}
	for offset > 0 && offset < len(x.text) && !utf8.RuneStart(x.text[offset]) {
		offset--
	}
	k := min(offset/charStep, len(x.chars)-1)
	return x.chars[k] + starts(x.text[k*charStep:offset])
}

// Byte gives the byte offset of a character offset.
func (x *Index) Byte(char int) int {
	char = min(max(char, 0), x.total)
	if x.chars == nil {
		return char
	}
	k := sort.Search(len(x.chars), func(i int) bool { return x.chars[i] > char }) - 1
	at, left := k*charStep, char-x.chars[k]
	for at < len(x.text) && !utf8.RuneStart(x.text[at]) {
		at++ // the rest of a character that began before
	}
	for ; left > 0 && at < len(x.text); left-- {
		_, n := utf8.DecodeRuneInString(x.text[at:])
		at += n
	}
	return at
}

// Line gives the number, from 1, of the line that a byte offset lies in.
func (x *Index) Line(offset int) int {
	offset = max(offset, 0)
	return max(sort.SearchInts(x.lines, offset+1), 1)
}

// LineSpan gives the bytes of a line without its line break. Lines that do not
// exist are empty and lie at the nearest end.
func (x *Index) LineSpan(line int) (start, end int) {
	if line < 1 {
		return 0, 0
	}
	if line > len(x.lines) {
		return len(x.text), len(x.text)
	}
	start, end = x.lines[line-1], len(x.text)
	if line < len(x.lines) {
		end = x.lines[line]
	}
	for end > start && (x.text[end-1] == '\n' || x.text[end-1] == '\r') {
		end--
	}
	return start, end
}

// Page gives the number, from 1, of the page that a byte offset lies in, 0 if
// the text has no pages. What lies between two pages belongs to the first.
func (x *Index) Page(offset int) int {
	return PageAt(x.pages, offset)
}

// PageAt is [Index.Page] for those who need nothing else.
func PageAt(pages []Page, offset int) int {
	if len(pages) == 0 {
		return 0
	}
	i := sort.Search(len(pages), func(i int) bool { return pages[i].Start > offset }) - 1
	return pages[max(i, 0)].Number
}

// lineStarts finds the lines of a text. "\n", "\r\n" and a lone "\r" end one.
func lineStarts(text string) []int {
	lines := make([]int, 1, strings.Count(text, "\n")+1)
	if strings.IndexByte(text, '\r') < 0 {
		for i := 0; ; {
			n := strings.IndexByte(text[i:], '\n')
			if n < 0 {
				return lines
			}
			i += n + 1
			lines = append(lines, i)
		}
	}
	for i := 0; i < len(text); i++ {
		if text[i] == '\n' || text[i] == '\r' && (i+1 == len(text) || text[i+1] != '\n') {
			lines = append(lines, i+1)
		}
	}
	return lines
}

// starts counts the characters that begin in s.
func starts(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if utf8.RuneStart(s[i]) {
			n++
		}
	}
	return n
}
