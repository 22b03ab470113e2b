package answer

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/index"
)

// source is a passage that may be cited.
type source struct {
	index.Passage
	id     string
	header string // header row of the table that the passage is cut from, if any
	text   text   // Passage.Text, folded as needed
}

// checker turns a model's stream into checked output. What it gives out, in order:
// text, and each citation right before the text that holds its mark "[^c1]".
type checker struct {
	sources map[string]*source // by id
	texts   func(path string) (index.StoredText, error)
	out     func(output) error

	scan      scanner
	err       error
	citations []Citation
	same      map[Citation]string // id of each citation made, to use it again
	written   strings.Builder     // text as given out, marks included
	lost      []int               // offsets in written of marks with unknown ids
	none      bool                // the model says that nothing answers the question
	read      int                 // bytes of model text
}

// output is text or a citation.
type output struct {
	text     string
	citation *Citation
}

func newChecker(sources []*source, texts func(string) (index.StoredText, error), out func(output) error) *checker {
	c := &checker{sources: make(map[string]*source, len(sources)), texts: texts, out: out, same: make(map[Citation]string)}
	for _, s := range sources {
		c.sources[s.id] = s
	}
	c.scan.text, c.scan.mark, c.scan.none = c.emit, c.mark, func() { c.none = true }
	return c
}

// write takes a piece of the model's answer. full says that the answer is as long
// as allowed and the rest is not wanted.
func (c *checker) write(piece string) (full bool, err error) {
	if c.read+len(piece) > MaxAnswer {
		piece, full = strings.ToValidUTF8(piece[:max(0, MaxAnswer-c.read)], ""), true
	}
	c.read += len(piece)
	c.scan.feed(piece, false)
	return full, c.err
}

// finish ends the answer.
func (c *checker) finish() error {
	c.scan.finish()
	return c.err
}

func (c *checker) send(o output) {
	if c.err == nil {
		c.err = c.out(o)
	}
}

// noneMark is what a model writes when the passages do not answer the question.
const noneMark = "[none]"

func (c *checker) emit(t string) {
	c.written.WriteString(t)
	c.send(output{text: t})
}

// mark resolves one mark and writes what is left of it.
func (c *checker) mark(cites []cite, before string) {
	placed := ""
	for _, m := range cites {
		s := c.sources[m.id]
		if s == nil || len(c.citations) >= MaxCitations {
			c.lost = append(c.lost, c.written.Len())
			continue
		}
		citation := c.resolve(s, m, before)
		key := citation
		id, known := c.same[key]
		if !known {
			citation.Number = len(c.citations) + 1
			id = "c" + strconv.Itoa(citation.Number)
			citation.ID = id
			c.same[key] = id
			c.citations = append(c.citations, citation)
			c.send(output{citation: &citation})
		}
		placed += "[^" + id + "]"
	}
	if placed != "" {
		c.written.WriteString(placed)
		c.send(output{text: placed})
		c.scan.placed(placed)
	}
}

// resolve makes the citation for one id. Its span is always one of the stored text.
func (c *checker) resolve(s *source, m cite, before string) Citation {
	claim := lastStatement(before)
	quote := m.quote
	if quote == "" {
		quote = quoteBefore(before)
	}
	if quote != "" {
		if from, to, ok := s.text.locate(quote); ok {
			return c.at(s, Verified, from, to)
		}
		if found, ok := c.nearby(s, quote); ok {
			return found
		}
		for _, candidate := range quotesEnding(before) {
			if from, to, ok := s.text.locate(candidate); ok {
				return c.at(s, Verified, from, to)
			}
		}
		if from, to, share := closest(s.Text, quote); share >= paraphrase && sameNumbers(quote, s.Text[from:to]) {
			return c.at(s, Located, from, to)
		}
		if m.quote != "" && !m.loose {
			from, to := trim(s.Text, 0, len(s.Text))
			return c.at(s, Unsupported, from, to)
		}
	}
	from, to, _ := closest(s.Text, claim)
	return c.at(s, Located, from, to)
}

// at makes a citation of bytes [from, to) of a passage. A passage that runs over a
// page's end needs the stored text to tell the page.
func (c *checker) at(s *source, state State, from, to int) Citation {
	citation := s.citation(state, from, to)
	if citation.Page == 0 || c.texts == nil {
		return citation
	}
	if stored, err := c.texts(s.Path); err == nil && stored.ContentHash == s.ContentHash {
		citation.Page = pageAt(stored.Pages, s.StartByte+from, citation.Page)
	}
	return citation
}

// paraphrase is the share of a quote's words from which one sentence of the
// passage is taken for what the model meant.
const paraphrase = 0.7

// sameNumbers tells whether every number of a quote stands in the text.
func sameNumbers(quote, in string) bool {
	t := text{source: in}
	for _, n := range strings.FieldsFunc(quote, func(r rune) bool { return !unicode.IsDigit(r) && r != '.' && r != ',' }) {
		if n = strings.Trim(n, ".,"); n != "" {
			if _, _, ok := t.locate(n); !ok {
				return false
			}
		}
	}
	return true
}

// window is how far around a passage a quote is looked for, in bytes: models quote
// across the border of a passage.
const window = 6_000

// nearby looks for a quote in the stored text around a passage.
func (c *checker) nearby(s *source, quote string) (Citation, bool) {
	if c.texts == nil {
		return Citation{}, false
	}
	stored, err := c.texts(s.Path)
	if err != nil || stored.ContentHash != s.ContentHash || s.StartByte+len(s.Text) > len(stored.Text) ||
		stored.Text[s.StartByte:s.StartByte+len(s.Text)] != s.Text {
		return Citation{}, false
	}
	from := max(0, s.StartByte-window)
	for from > 0 && !utf8.RuneStart(stored.Text[from]) {
		from--
	}
	to := min(len(stored.Text), s.StartByte+len(s.Text)+window)
	for to < len(stored.Text) && !utf8.RuneStart(stored.Text[to]) {
		to++
	}
	around := source{Passage: s.Passage, id: s.id}
	before := stored.Text[from:s.StartByte]
	around.Text = stored.Text[from:to]
	around.StartByte = from
	around.Start -= utf8.RuneCountInString(before)
	around.Line -= strings.Count(before, "\n")
	around.text.source = around.Text
	for _, p := range stored.Pages {
		if from >= p.Start {
			around.Page = p.Number
		}
	}
	a, b, ok := around.text.locate(quote)
	if !ok {
		return Citation{}, false
	}
	citation := around.citation(Verified, a, b)
	citation.Page = pageAt(stored.Pages, from+a, citation.Page)
	return citation, true
}

// pageAt gives the number of the page that holds a byte.
func pageAt(pages []document.Page, at, otherwise int) int {
	for _, p := range pages {
		if at >= p.Start && at < p.End {
			return p.Number
		}
	}
	return otherwise
}

// around is how much text is shown on each side of a quote, in bytes.
const around = 240

// citation makes a citation of bytes [from, to) of the passage's text.
func (s *source) citation(state State, from, to int) Citation {
	left, right := max(0, from-around), min(len(s.Text), to+around)
	for left > 0 && !utf8.RuneStart(s.Text[left]) {
		left--
	}
	for right < len(s.Text) && !utf8.RuneStart(s.Text[right]) {
		right++
	}
	start := s.Start + utf8.RuneCountInString(s.Text[:from])
	c := Citation{
		SourceID: s.id, Path: s.Path, Page: s.Page, State: state, ContentHash: s.ContentHash,
		Start: start, End: start + utf8.RuneCountInString(s.Text[from:to]), Quote: s.Text[from:to],
		Passage: s.Text[left:right], PassageStart: s.Start + utf8.RuneCountInString(s.Text[:left]),
	}
	if s.Line > 0 {
		c.Line = s.Line + strings.Count(s.Text[:from], "\n")
	}
	return c
}

// trim narrows a range to what is not white space.
func trim(s string, from, to int) (int, int) {
	const space = " \t\r\n\f\v\u00a0\u3000"
	from += len(s[from:to]) - len(strings.TrimLeft(s[from:to], space))
	to -= len(s[from:to]) - len(strings.TrimRight(s[from:to], space))
	return from, to
}

// closest finds the sentence of text that shares most words with a claim; share is
// the part of the claim's words in it. Without any, it is the first sentence.
func closest(text, claim string) (from, to int, share float64) {
	wanted := wordSet(claim)
	best := -1.0
	start := 0
	consider := func(end int) {
		a, b := trim(text, start, end)
		start = end
		if a >= b || strings.HasPrefix(text[a:b], "#") && end < len(text) {
			return
		}
		n := 0
		have := wordSet(text[a:b])
		for w := range wanted {
			if have[w] {
				n++
			}
		}
		if s := float64(n) / float64(max(1, len(wanted))); s > best {
			best, from, to = s, a, b
		}
	}
	for i, r := range text {
		next := i + utf8.RuneLen(r)
		if r == utf8.RuneError {
			next = i + 1
		}
		ascii := strings.ContainsRune(".!?", r) && next < len(text) && (text[next] == ' ' || text[next] == '\n')
		if r == '\n' && strings.HasPrefix(text[next:], "\n") || ascii || strings.ContainsRune("。！？", r) {
			consider(next)
		}
	}
	consider(len(text))
	if best < 0 {
		from, to = trim(text, 0, len(text))
		return from, to, 0
	}
	return from, to, best
}

// wordSet gives a text's words, and pairs of characters in scripts without spaces.
func wordSet(s string) map[string]bool {
	set := make(map[string]bool)
	var word []rune
	var previous rune
	end := func() {
		if len(word) > 1 || len(word) == 1 && word[0] >= '0' && word[0] <= '9' {
			set[string(word)] = true
		}
		word = word[:0]
	}
	for _, r := range strings.ToLower(s) {
		switch {
		case spaceless(r):
			end()
			if spaceless(previous) && alnum(r) && alnum(previous) {
				set[string([]rune{previous, r})] = true
			}
		case alnum(r):
			word = append(word, r)
		default:
			end()
		}
		previous = r
	}
	end()
	return set
}

// lastStatement gives the text that a mark belongs to: back to the sentence's or
// line's beginning.
func lastStatement(before string) string {
	before = strings.TrimRight(before, " \t\n.。!！?？,，;；")
	if i := strings.LastIndexAny(before, "\n.。!！?？"); i >= 0 {
		_, n := utf8.DecodeRuneInString(before[i:])
		return before[i+n:]
	}
	return before
}

// minQuoteBefore is the length in characters from which quoted words before a mark
// are taken for its quote; shorter ones are names and titles.
const minQuoteBefore = 12

// quoteBefore finds words in quotation marks, or a code block, that stand right
// before a mark.
func quoteBefore(before string) string {
	before = strings.TrimRight(before, " \t\n.,;:。，；—–-(（")
	if body, ok := strings.CutSuffix(before, "```"); ok {
		if i := strings.LastIndex(body, "```"); i >= 0 {
			_, code, _ := strings.Cut(body[i+3:], "\n")
			return strings.TrimSpace(code)
		}
	}
	candidates := quotesEnding(before)
	if len(candidates) == 0 || utf8.RuneCountInString(candidates[0]) < minQuoteBefore && wideCount(candidates[0]) < minQuoteBefore/2 {
		return ""
	}
	return candidates[0]
}

func wideCount(s string) (n int) {
	for _, r := range s {
		if spaceless(r) {
			n++
		}
	}
	return n
}

var quotePairs = map[rune]rune{'”': '“', '"': '"', '»': '«', '」': '「', '』': '『', '’': '‘'}

// quotesEnding gives the quotes that may end at the end of before: the balanced
// one first, then longer and shorter ones.
func quotesEnding(before string) []string {
	before = strings.TrimRight(before, " \t\n.,;:。，；—–-(（")
	closer, n := utf8.DecodeLastRuneInString(before)
	opener, ok := quotePairs[closer]
	if !ok {
		return nil
	}
	body := before[:len(before)-n]
	var out []string
	depth := 1
	for i := len(body); i > 0 && len(out) < 8; {
		r, w := utf8.DecodeLastRuneInString(body[:i])
		i -= w
		switch {
		case r == opener && depth <= 1:
			out = append(out, body[i+w:])
		case r == opener:
			depth--
		case r == closer:
			depth++
		}
	}
	return out
}

// support judges the finished answer's statements.
func (c *checker) support() Support {
	states := make(map[string]State, len(c.citations))
	for _, citation := range c.citations {
		states[citation.ID] = citation.State
	}
	return claims(c.written.String(), states, c.lost)
}
