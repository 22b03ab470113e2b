package chunk

import (
	"strings"
	"unicode/utf8"

	"github.com/innoclaw/innoclaw/internal/document"
)

// Chunk is one piece of a document. Offsets are bytes of Document.Text on rune
// borders.
type Chunk struct {
	Ordinal    int    // from 0
	Context    int    // where showing it begins; Context <= Start
	Start, End int    // its own piece
	StartChar  int    // Start in characters (code points)
	Line       int    // line of Start, from 1
	Page       int    // page of Start, from 1; 0 if the document has none
	Breadcrumb string // at most maxBreadcrumb bytes
}

// Options set the sizes, in weighted bytes: a Latin letter weighs 1, a Chinese
// character 4, which is about how models and readers feel their length. Zero
// fields take the defaults.
type Options struct {
	Target  int // wished size of a piece; 1400
	Max     int // no piece is heavier; 2000
	Min     int // lighter pieces join their neighbours where they may; 350
	Overlap int // weight of Context before Start; 210
}

func (o Options) orDefaults() Options {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&o.Target, 1400)
	def(&o.Max, o.Target*10/7)
	def(&o.Min, o.Target/4)
	def(&o.Overlap, o.Target*3/20)
	o.Target = max(o.Target, 16)
	o.Max = max(o.Max, o.Target)
	return o
}

// Split cuts a document. An empty text has no chunks.
func Split(d *document.Document, o Options) []Chunk {
	if d.Text == "" {
		return nil
	}
	s := &splitter{d: d, text: d.Text, o: o.orDefaults(), title: Title(d)}
	for _, sec := range s.join(s.sections()) {
		s.cut(sec)
	}
	s.finish()
	return s.chunks
}

// Title returns the title of a document: its own, else its first heading of
// the highest level, else a short first line that stands apart in a plain text.
func Title(d *document.Document) string {
	if t := oneLine(d.Title); t != "" {
		return clip(t, maxTitle)
	}
	level, title := 0, ""
	for _, b := range d.Blocks {
		if b.Kind == document.Heading && (level == 0 || b.Level < level) {
			level, title = b.Level, b.Label
		}
	}
	if title == "" && (d.Type == document.Text || d.Type == document.PDF) {
		title = firstLine(d.Text)
	}
	return clip(oneLine(title), maxTitle)
}

// firstLine returns the first paragraph of a text if it looks like a title: up
// to three lines that a blank line ends.
func firstLine(text string) string {
	text = strings.TrimLeft(text, " \t\r\n\f")
	head := text[:min(len(text), maxTitle+1)]
	head = strings.ReplaceAll(head, "\r\n", "\n")
	end := strings.Index(head, "\n\n")
	if end <= 0 || strings.Count(head[:end], "\n") > 2 {
		return ""
	}
	return head[:end]
}

const (
	maxTitle      = 240
	maxBreadcrumb = 400
)

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// clip shortens s to n bytes at a rune border.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.TrimSpace(s[:n]) + "…"
}

// splitter is one Split in progress.
type splitter struct {
	d      *document.Document
	text   string
	o      Options
	title  string
	chunks []Chunk
	block  int // first block that ends behind the position looked at
	label  int // likewise, for breadcrumbs
}

// finish counts characters, lines and pages in one pass.
func (s *splitter) finish() {
	chars, line, at, page := 0, 1, 0, 0
	for i := range s.chunks {
		c := &s.chunks[i]
		chars += utf8.RuneCountInString(s.text[at:c.Start])
		line += strings.Count(s.text[at:c.Start], "\n")
		at = c.Start
		c.Ordinal, c.StartChar, c.Line = i, chars, line
		if len(s.d.Pages) > 0 {
			for page+1 < len(s.d.Pages) && s.d.Pages[page+1].Start <= c.Start {
				page++
			}
			c.Page = s.pageWithText(page, c)
		}
	}
}

// pageWithText returns the number of the page that holds the first visible
// character of a chunk whose start lies on pages[at].
func (s *splitter) pageWithText(at int, c *Chunk) int {
	lead := len(s.text[c.Start:c.End]) - len(strings.TrimLeft(s.text[c.Start:c.End], space))
	for at+1 < len(s.d.Pages) && s.d.Pages[at].End <= c.Start+lead && s.d.Pages[at+1].Start <= c.Start+lead && c.Start+lead < c.End {
		at++
	}
	return s.d.Pages[at].Number
}

const space = " \t\r\n\f\v"

// weightOf is the weight of a rune by its first byte; bytes that continue one
// weigh nothing. A piece never has more bytes than its weight.
var weightOf = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c < 0x80:
			t[c] = 1
		case c < 0xC0:
			t[c] = 0
		case c < 0xE0:
			t[c] = 2
		case c < 0xE3:
			t[c] = 3
		default: // CJK, Hangul and what lies beyond the first plane
			t[c] = 4
		}
	}
	return t
}()

func weight(s string) (n int) {
	for i := 0; i < len(s); i++ {
		n += int(weightOf[s[i]])
	}
	return n
}
