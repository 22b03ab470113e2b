package chunk

import (
	"strings"

	"github.com/innoclaw/innoclaw/internal/document"
)

// section is a stretch of text between two hard or heading borders.
type section struct {
	start, end int
	weight     int
	hard       bool     // a page border stands before it
	closed     bool     // a page border stands behind it, before white space that was added
	path       []string // headings above and at its start, outermost first
}

// sections partitions the text at pages and headings.
func (s *splitter) sections() []section {
	var out []section
	var levels []int
	var path []string
	begin := func(at int, hard bool) {
		if n := len(out); n > 0 && out[n-1].start == at {
			out[n-1].hard = out[n-1].hard || hard
			out[n-1].path = path
			return
		}
		out = append(out, section{start: at, hard: hard, path: path})
	}
	begin(0, true)
	page := 0
	pagesBefore := func(at int) {
		for ; page < len(s.d.Pages) && s.d.Pages[page].Start <= at; page++ {
			if p := s.d.Pages[page].Start; p > out[len(out)-1].start && p < len(s.text) {
				begin(p, true)
			}
		}
	}
	for _, b := range s.d.Blocks {
		if b.Kind != document.Heading || b.Start < out[len(out)-1].start || b.Start >= len(s.text) {
			continue
		}
		pagesBefore(b.Start)
		for len(levels) > 0 && levels[len(levels)-1] >= b.Level {
			levels, path = levels[:len(levels)-1], path[:len(path)-1]
		}
		levels = append(levels, b.Level)
		path = append(path[:len(path):len(path)], oneLine(b.Label))
		begin(s.lineStart(b.Start, out[len(out)-1].start), false)
	}
	pagesBefore(len(s.text))
	for i := range out {
		out[i].end = len(s.text)
		if i+1 < len(out) {
			out[i].end = out[i+1].start
		}
		out[i].weight = weight(s.text[out[i].start:out[i].end])
	}
	return out
}

// lineStart moves a position back over the indentation before it.
func (s *splitter) lineStart(at, floor int) int {
	i := at
	for i > floor && (s.text[i-1] == ' ' || s.text[i-1] == '\t') {
		i--
	}
	if i == floor || s.text[i-1] == '\n' {
		return i
	}
	return at
}

// join merges sections that are too light to be found by themselves: into the
// one that follows, else into the one before. Pages stay apart, except that
// white space alone never makes a chunk.
func (s *splitter) join(in []section) []section {
	out := in[:0:0]
	for _, sec := range in {
		n := len(out) - 1
		if n < 0 {
			out = append(out, sec)
			continue
		}
		last := &out[n]
		fits := last.weight+sec.weight <= s.o.Max
		blank := strings.Trim(s.text[sec.start:sec.end], space) == ""
		lead := strings.Trim(s.text[last.start:last.end], space) == "" && n == 0
		light := last.weight < s.o.Min || sec.weight < s.o.Min/2
		if blank || lead || !sec.hard && !last.closed && fits && light {
			last.closed = last.closed || blank && sec.hard && !lead
			last.path = joinPath(last.path, sec.path, blank)
			last.end = sec.end
			last.weight += sec.weight
			continue
		}
		out = append(out, sec)
	}
	return out
}

// joinPath returns the headings that hold for two neighbouring sections: the
// deeper when one lies within the other, else what they share.
func joinPath(a, b []string, blank bool) []string {
	if blank {
		return a
	}
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	if n == len(a) {
		return b
	}
	return a[:n]
}

// breadcrumb describes the piece [start, end) of a section.
func (s *splitter) breadcrumb(sec section, start, end int) string {
	parts := make([]string, 0, len(sec.path)+2)
	add := func(p string) {
		if p != "" && (len(parts) == 0 || parts[len(parts)-1] != p) {
			parts = append(parts, p)
		}
	}
	add(s.title)
	for _, h := range sec.path {
		add(clip(h, maxTitle))
	}
	add(s.contents(start, end))
	return clip(strings.Join(parts, " > "), maxBreadcrumb)
}

// maxLabels is how many functions, members or cells a breadcrumb names.
const maxLabels = 4

// contents names what a piece of code, of a table or of a data file holds.
func (s *splitter) contents(start, end int) string {
	var labels []string
	rows := 0
	for s.label < len(s.d.Blocks) && s.d.Blocks[s.label].End <= start {
		s.label++
	}
	for _, b := range s.d.Blocks[s.label:] {
		if b.Start >= end {
			break
		}
		named := b.Kind == document.Member || b.Kind == document.Cell || b.Kind == document.Row ||
			b.Kind == document.CodeBlock && s.d.Type == document.Code
		if !named || b.Label == "" {
			continue
		}
		if b.Kind == document.Row {
			rows++
		}
		if label := clip(oneLine(b.Label), 60); len(labels) == 0 || labels[len(labels)-1] != label {
			labels = append(labels, label)
		}
	}
	if rows > 0 {
		return rowRange(labels) + s.columns()
	}
	if len(labels) > maxLabels {
		labels = append(labels[:maxLabels], "…")
	}
	return strings.Join(labels, ", ")
}

// rowRange turns "row 3", …, "row 9" into "rows 3-9".
func rowRange(labels []string) string {
	first, last := labels[0], labels[len(labels)-1]
	if len(labels) == 1 {
		return first
	}
	number := func(label string) (lo, hi string) {
		_, n, _ := strings.Cut(label, " ")
		lo, hi, ok := strings.Cut(n, "-")
		if !ok {
			hi = lo
		}
		return lo, hi
	}
	lo, _ := number(first)
	_, hi := number(last)
	return "rows " + lo + "-" + hi
}

// columns names the columns of a table file, as ": a, b, c".
func (s *splitter) columns() string {
	for _, b := range s.d.Blocks[:min(len(s.d.Blocks), 4)] {
		if b.Kind == document.Header {
			header := s.text[b.Start:b.End]
			for _, sep := range []string{"\t", ";", ","} {
				if strings.Contains(header, sep) {
					header = strings.ReplaceAll(header, sep, ", ")
					break
				}
			}
			return ": " + clip(oneLine(strings.ReplaceAll(header, `"`, "")), maxTitle)
		}
	}
	return ""
}
