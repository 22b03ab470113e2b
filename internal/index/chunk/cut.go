package chunk

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/innoclaw/innoclaw/internal/document"
)

// Strength of a possible border: how far from the wished place it may lie and
// still be preferred to a border of no strength at that place, in weighted bytes.
const (
	atBlock     = 800 // before code, a table, a list, a function
	atParagraph = 650 // behind a blank line
	atLine      = 450 // line of code, list or table
	atSentence  = 400
	atProseLine = 150 // line break within a sentence
	atClause    = 120
	atWord      = 80
	never       = -1
)

// insideShare weakens borders within a block that would fit as a whole.
const insideShare = 8

// cut splits a section into chunks.
func (s *splitter) cut(sec section) {
	left := sec.weight
	for start := sec.start; start < sec.end; {
		end, w := sec.end, left
		if left > s.o.Max {
			end, w = s.border(start, sec.end, left)
		}
		left -= w
		s.chunks = append(s.chunks, Chunk{
			Context: s.context(sec, start), Start: start, End: end,
			Breadcrumb: s.breadcrumb(sec, start, end),
		})
		start = end
	}
}

// border returns where the chunk that begins at start ends, and its weight,
// given that the left weight is more than fits.
func (s *splitter) border(start, end, left int) (best, bestWeight int) {
	target := s.o.Target
	if left < 2*target {
		target = left / 2 // no crumb at the end
	}
	low := target * 2 / 5
	at, w, bestScore := start, 0, -1<<30
	for at < end {
		next := w + int(weightOf[s.text[at]])
		if next > s.o.Max && at > start {
			break
		}
		w = next
		for at++; at < end && !utf8.RuneStart(s.text[at]); at++ {
		}
		if w < low || at >= end {
			continue
		}
		distance := max(w-target, target-w)
		if atBlock-distance < bestScore {
			if w > target {
				break // whatever follows is too far
			}
			continue
		}
		strength := s.strength(at, start)
		if score := strength - distance; strength >= 0 && score >= bestScore {
			best, bestWeight, bestScore = at, w, score
		}
	}
	if best == 0 {
		return at, w
	}
	return best, bestWeight
}

// strength tells how good a border before position at would be, or never.
// Positions are asked in rising order within a chunk that begins at start.
func (s *splitter) strength(at, start int) int {
	natural := s.natural(at)
	if natural <= 0 {
		return natural
	}
	b, inside := s.blockAt(at)
	if b == nil {
		return natural
	}
	if !inside {
		if natural >= atProseLine && b.Kind != document.Paragraph {
			return atBlock
		}
		return natural
	}
	if s.text[at-1] == '\n' && (lines(b.Kind) || b.Kind == document.List && s.item(at)) {
		natural = max(natural, atLine)
	}
	if b.Start > start && b.Kind != document.Paragraph && b.End-b.Start <= s.o.Target {
		return natural / insideShare
	}
	return natural
}

// lines tells whether the lines of a block mean something.
func lines(k document.Kind) bool {
	switch k {
	case document.CodeBlock, document.Table, document.Header, document.Row, document.Cell, document.Output, document.Member:
		return true
	}
	return false
}

// item tells whether a list item begins on the line at a position.
func (s *splitter) item(at int) bool {
	line := strings.TrimLeft(s.text[at:min(len(s.text), at+40)], " \t")
	marked := strings.TrimLeft(line, "0123456789")
	if marked == line {
		return strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "* ") || strings.HasPrefix(line, "+ ")
	}
	return strings.HasPrefix(marked, ". ") || strings.HasPrefix(marked, ") ")
}

// blockAt returns the block that begins at a position, or holds it inside.
// Indentation before a block counts as its beginning.
func (s *splitter) blockAt(at int) (b *document.Block, inside bool) {
	blocks := s.d.Blocks
	for s.block > 0 && blocks[s.block-1].End > at {
		s.block--
	}
	for s.block < len(blocks) && blocks[s.block].End <= at {
		s.block++
	}
	if s.block == len(blocks) {
		return nil, false
	}
	b = &blocks[s.block]
	if b.Start >= at {
		if b.Start == at || b.Start-at < 80 && strings.Trim(s.text[at:b.Start], " \t") == "" {
			return b, false
		}
		return nil, false
	}
	return b, true
}

// natural is the strength by the characters around a position alone.
func (s *splitter) natural(at int) int {
	prev, next := s.text[at-1], s.text[at]
	switch {
	case prev == '\n' || prev == '\f':
		if next == '\n' || next == '\r' {
			return never
		}
		if at >= 2 && s.text[at-2] == '\n' || at >= 3 && s.text[at-2] == '\r' && s.text[at-3] == '\n' {
			return atParagraph
		}
		if s.d.Type == document.Code || s.d.Type == document.CSV || s.d.Type == document.JSON || s.endsSentence(at) {
			return atLine
		}
		return atProseLine
	case prev == ' ' || prev == '\t':
		if next == ' ' || next == '\t' || next == '\n' || next == '\r' {
			return never
		}
		if s.endsSentence(at) {
			return atSentence
		}
		return atWord
	case next == '\n' || next == '\r' || next == ' ' || next == '\t':
		return never
	case prev >= utf8.RuneSelf:
		return s.naturalCJK(at)
	case next >= utf8.RuneSelf:
		return s.grapheme(at)
	}
	return 0
}

// endsSentence tells whether a sentence ends before the white space before at.
func (s *splitter) endsSentence(at int) bool {
	i := at - 1
	for i > 0 && at-i < 12 && (s.text[i] <= ' ' || s.text[i] == '"' || s.text[i] == '\'' || s.text[i] == ')' || s.text[i] == ']') {
		i--
	}
	switch last := s.text[i]; {
	case last == '.':
		// Not behind an initial or an abbreviation such as "e.g.".
		return i > 1 && !wordBreak(s.text[i-1]) && !wordBreak(s.text[i-2]) && (s.text[at] < 'a' || s.text[at] > 'z')
	case last == '!' || last == '?' || last == ';':
		return true
	case last >= utf8.RuneSelf:
		r, _ := utf8.DecodeLastRuneInString(s.text[:i+1])
		return sentenceEnd(r)
	}
	return false
}

func wordBreak(c byte) bool { return c <= ' ' || c == '.' }

func sentenceEnd(r rune) bool {
	switch r {
	case '。', '！', '？', '；', '｡', '…', '．':
		return true
	}
	return false
}

// closes tells whether r ends a quotation or bracket.
func closes(r rune) bool {
	switch r {
	case '」', '』', '”', '’', '）', '》', '】', '〕':
		return true
	}
	return false
}

// naturalCJK is natural behind a rune that is not ASCII.
func (s *splitter) naturalCJK(at int) int {
	r, size := utf8.DecodeLastRuneInString(s.text[:at])
	next, _ := utf8.DecodeRuneInString(s.text[at:])
	if closes(next) || sentenceEnd(next) || next == '，' || next == '、' {
		return never // belongs to what stands before
	}
	for closes(r) {
		rest := s.text[:at-size]
		last, n := utf8.DecodeLastRuneInString(rest)
		if n == 0 || !sentenceEnd(last) && !closes(last) {
			break
		}
		r, size = last, size+n
	}
	switch {
	case sentenceEnd(r):
		return atSentence
	case r == '，' || r == '、' || r == '：':
		return atClause
	}
	return s.grapheme(at)
}

// grapheme returns never inside a character that is made of several runes,
// else 0.
func (s *splitter) grapheme(at int) int {
	next, _ := utf8.DecodeRuneInString(s.text[at:])
	prev, _ := utf8.DecodeLastRuneInString(s.text[:at])
	if 0x3040 <= next && next <= 0x9FFF && next != 0x3099 && next != 0x309A && prev <= 0x9FFF && prev != 0x200D {
		return 0 // the common case, Han and Kana
	}
	const joiner = '\u200D'
	switch {
	case next == joiner || prev == joiner || unicode.Is(unicode.M, next):
		return never
	case 0x1F3FB <= next && next <= 0x1F3FF: // skin tones
		return never
	case regional(prev) && regional(next): // two make a flag
		n := 0
		for rest := s.text[:at]; ; n++ {
			r, size := utf8.DecodeLastRuneInString(rest)
			if !regional(r) {
				break
			}
			rest = rest[:len(rest)-size]
		}
		if n%2 == 1 {
			return never
		}
	case 0x1160 <= next && next <= 0x11FF: // vowels and finals of a Hangul syllable
		return never
	}
	return 0
}

func regional(r rune) bool { return 0x1F1E6 <= r && r <= 0x1F1FF }

// context returns where showing the chunk at start begins: a sentence or line
// within Overlap before it, not before its section and not in table rows, whose
// breadcrumb says enough.
func (s *splitter) context(sec section, start int) int {
	if start == sec.start || s.d.Type == document.CSV {
		return start
	}
	best, bestStrength := start, 0
	w := 0
	for at := start; at > sec.start; {
		for at--; at > sec.start && !utf8.RuneStart(s.text[at]); at-- {
		}
		if w += int(weightOf[s.text[at]]); w > s.o.Overlap {
			break
		}
		strength := atParagraph
		if at > sec.start {
			strength = s.natural(at)
		}
		if strength >= atWord && strength >= min(bestStrength, atSentence) {
			best, bestStrength = at, strength
		}
	}
	return best
}
