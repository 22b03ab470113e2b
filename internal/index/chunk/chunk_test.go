package chunk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/index/chunk"
	"pgregory.net/rapid"
)

// markdown finds the headings and code blocks of a simple Markdown text.
func markdown(text string) *document.Document {
	d := &document.Document{Type: document.Markdown, Text: text}
	at, code := 0, -1
	for line := range strings.Lines(text) {
		trimmed := strings.TrimRight(line, "\n")
		level := len(trimmed) - len(strings.TrimLeft(trimmed, "#"))
		switch {
		case strings.HasPrefix(trimmed, "```") && code >= 0:
			d.Blocks = append(d.Blocks, document.Block{Kind: document.CodeBlock, Start: code, End: at + len(trimmed)})
			code = -1
		case strings.HasPrefix(trimmed, "```"):
			code = at
		case code < 0 && level > 0 && level <= 6:
			d.Blocks = append(d.Blocks, document.Block{
				Kind: document.Heading, Level: level, Label: strings.TrimSpace(trimmed[level:]), Start: at, End: at + len(trimmed),
			})
		}
		at += len(line)
	}
	return d
}

func own(d *document.Document, c chunk.Chunk) string { return d.Text[c.Start:c.End] }

// small sizes make short examples.
func small() chunk.Options { return chunk.Options{Target: 60, Max: 90, Min: 15, Overlap: 20} }

func pieces(d *document.Document, o chunk.Options) (texts, crumbs []string) {
	for _, c := range chunk.Split(d, o) {
		texts = append(texts, own(d, c))
		crumbs = append(crumbs, c.Breadcrumb)
	}
	return texts, crumbs
}

func TestHeadingsStartChunks(t *testing.T) {
	t.Parallel()
	d := markdown("# Paper\n\nAn introduction of some length.\n\n## Methods\n\nWe measured it twice, carefully.\n\n### Samples\n\nForty samples of soil from six sites.\n\n## Results\n\nNothing was significant in the end.\n")
	texts, crumbs := pieces(d, small())
	wantCrumbs := []string{"Paper", "Paper > Methods", "Paper > Methods > Samples", "Paper > Results"}
	if diff := cmp.Diff(wantCrumbs, crumbs); diff != "" {
		t.Errorf("breadcrumbs (-want +got):\n%s\n%q", diff, texts)
	}
	for i, start := range []string{"# Paper", "## Methods", "### Samples", "## Results"} {
		if i < len(texts) && !strings.HasPrefix(texts[i], start) {
			t.Errorf("chunk %d is %q, want it to start with %s", i, texts[i], start)
		}
	}
}

func TestTinySectionsJoin(t *testing.T) {
	t.Parallel()
	d := markdown("# Title\n## A\nx\n## B\nsome y\n## C\n" + strings.Repeat("Words of C. ", 6) + "\n")
	texts, crumbs := pieces(d, chunk.Options{Target: 60, Max: 90, Min: 20, Overlap: 20})
	if len(texts) != 2 || crumbs[0] != "Title" || crumbs[1] != "Title > C" {
		t.Errorf("chunks %q with breadcrumbs %q", texts, crumbs)
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		end  string // every chunk but the last ends so
	}{
		"english":   {strings.Repeat("The wing was tested by Dr. A. Smith, e.g. in air. ", 10), ". "},
		"chinese":   {strings.Repeat("本文介绍水质检测，包括氨氮的测定。", 12), "。"},
		"quotes":    {strings.Repeat("他说：“水质很好。”", 20), "”"},
		"japanese":  {strings.Repeat("観察する対象に合わせて、倍率を選びます。", 12), "。"},
		"paragraph": {strings.Repeat("Short lines.\nStand here.\n\n", 15), "\n\n"},
	} {
		d := &document.Document{Type: document.Text, Text: c.text}
		texts, _ := pieces(d, small())
		if len(texts) < 3 {
			t.Errorf("%s: only %d chunks", name, len(texts))
		}
		for _, p := range texts[:len(texts)-1] {
			if !strings.HasSuffix(p, c.end) || strings.HasSuffix(p, "Dr. ") || strings.HasSuffix(p, "e.g. ") {
				t.Errorf("%s: chunk %q does not end with a sentence", name, p)
			}
		}
	}
}

func TestCodeStaysWhole(t *testing.T) {
	t.Parallel()
	code := "```go\nfunc a() {\n\treturn\n}\n\nfunc b() {}\n```"
	d := markdown("Some words stand before the code, two sentences. Here they end.\n\n" + code + "\n\nAnd words follow that are many as well, so that it is cut somewhere.\n")
	texts, _ := pieces(d, small())
	if !slices.ContainsFunc(texts, func(p string) bool { return strings.Contains(p, code) }) {
		t.Errorf("the code block is cut: %q", texts)
	}
}

func TestListItemsStayWhole(t *testing.T) {
	t.Parallel()
	text := ""
	for i := range 9 {
		text += fmt.Sprintf("%d. an item that goes\n   on over two lines\n", i+1)
	}
	d := &document.Document{Type: document.Markdown, Text: text, Blocks: []document.Block{{Kind: document.List, End: len(text) - 1}}}
	texts, _ := pieces(d, small())
	for _, p := range texts {
		if len(texts) < 3 || strings.HasPrefix(p, " ") {
			t.Errorf("chunk %q begins within an item", p)
		}
	}
}

func TestFunctionsNamed(t *testing.T) {
	t.Parallel()
	text := "package x\n\nfunc first() int {\n\treturn 1 + 2 + 3 + 4 + 5\n}\n\nfunc second() int {\n\treturn 6 + 7 + 8 + 9 + 10\n}\n\nfunc third() int {\n\treturn 11 + 12 + 13 + 14\n}\n"
	d := &document.Document{Type: document.Code, Title: "x.go", Text: text}
	for _, name := range []string{"first", "second", "third"} {
		start := strings.Index(text, "func "+name)
		d.Blocks = append(d.Blocks, document.Block{Kind: document.CodeBlock, Label: name, Start: start, End: start + strings.Index(text[start:], "\n}") + 2})
	}
	texts, crumbs := pieces(d, chunk.Options{Target: 60, Max: 80, Min: 15, Overlap: 20})
	if diff := cmp.Diff([]string{"x.go > first", "x.go > second", "x.go > third"}, crumbs); diff != "" {
		t.Errorf("breadcrumbs (-want +got):\n%s\n%q", diff, texts)
	}
}

func TestTableRows(t *testing.T) {
	t.Parallel()
	text := "name;mass;unit\n"
	d := &document.Document{Type: document.CSV, Title: "data.csv", Blocks: []document.Block{{Kind: document.Header, Start: 0, End: len(text) - 1}}}
	for i := range 12 {
		row := fmt.Sprintf("sample%d;%d;mg", i, i*10)
		d.Blocks = append(d.Blocks, document.Block{Kind: document.Row, Label: fmt.Sprintf("row %d", i+1), Start: len(text), End: len(text) + len(row)})
		text += row + "\n"
	}
	d.Text = text
	chunks := chunk.Split(d, small())
	if want := "data.csv > rows 1-3: name, mass, unit"; chunks[0].Breadcrumb != want {
		t.Errorf("breadcrumb %q, want %q", chunks[0].Breadcrumb, want)
	}
	for _, c := range chunks {
		if p := own(d, c); !strings.HasSuffix(p, "mg\n") || c.Context != c.Start {
			t.Errorf("chunk %q is not of whole rows", p)
		}
	}
}

func TestPagesAreBorders(t *testing.T) {
	t.Parallel()
	d := &document.Document{Type: document.PDF}
	for n, text := range []string{"Short.", "", strings.Repeat("The second text goes on. ", 8), "The last page."} {
		if n > 0 {
			d.Text += "\n\f\n"
		}
		d.Pages = append(d.Pages, document.Page{Number: n + 1, Start: len(d.Text), End: len(d.Text) + len(text)})
		d.Text += text
	}
	var pages []int
	for _, c := range chunk.Split(d, small()) {
		pages = append(pages, c.Page)
		p := d.Pages[c.Page-1]
		visible := strings.TrimSpace(own(d, c))
		if visible == "" || !strings.Contains(d.Text[p.Start:p.End], visible) || c.Context < p.Start && c.Page > 1 {
			t.Errorf("chunk %q is said to be on page %d", own(d, c), c.Page)
		}
	}
	if pages = slices.Compact(pages); !slices.Equal(pages, []int{1, 3, 4}) {
		t.Errorf("pages %v, want 1, 3 and 4", pages)
	}
}

func TestPositions(t *testing.T) {
	t.Parallel()
	d := &document.Document{Type: document.Text, Text: strings.Repeat("Zeile mit Ümläut und 水.\n", 40)}
	chunks := chunk.Split(d, small())
	for i, c := range chunks {
		before := d.Text[:c.Start]
		if c.Ordinal != i || c.StartChar != utf8.RuneCountInString(before) || c.Line != 1+strings.Count(before, "\n") || c.Page != 0 {
			t.Errorf("chunk %d: %+v", i, c)
		}
		if i > 0 && c.Context == c.Start {
			t.Errorf("chunk %d in running text has no context", i)
		}
	}
}

func TestTitle(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		d    *document.Document
		want string
	}{
		{&document.Document{Title: " Given\n title "}, "Given title"},
		{markdown("## Second\n# First\n# Later\n"), "First"},
		{&document.Document{Type: document.Text, Text: "a title\nof two lines .\n\ntext"}, "a title of two lines ."},
		{&document.Document{Type: document.Text, Text: "text that\nruns\non\nand\non\n\nmore"}, ""},
		{&document.Document{Type: document.Text, Text: strings.Repeat("long ", 100) + "\n\nmore"}, ""},
		{&document.Document{Type: document.Code, Text: "import x\n\ncode"}, ""},
		{&document.Document{Title: strings.Repeat("水", 200)}, strings.Repeat("水", 80) + "…"},
	} {
		if got := chunk.Title(c.d); got != c.want {
			t.Errorf("Title = %q, want %q", got, c.want)
		}
	}
}

func TestGraphemesStayWhole(t *testing.T) {
	t.Parallel()
	for _, g := range []string{"👩‍👩‍👧‍👦", "🇩🇪🇯🇵", "e\u0301\u0302", "👍🏽", "🏳️‍🌈"} {
		d := &document.Document{Type: document.Text, Text: strings.Repeat(g, 60)}
		for _, c := range chunk.Split(d, small()) {
			r, _ := utf8.DecodeRuneInString(own(d, c))
			if want, _ := utf8.DecodeRuneInString(g); r != want && !strings.HasPrefix(own(d, c), "🇯") {
				t.Errorf("%s is cut before %q", g, r)
			}
		}
	}
}

// check states what holds for every document.
func check(t interface{ Fatalf(string, ...any) }, d *document.Document, o chunk.Options, maxBytes int) {
	at := 0
	for i, c := range chunk.Split(d, o) {
		switch {
		case c.Start != at || c.End <= c.Start:
			t.Fatalf("chunk %d is [%d,%d), want it to start at %d", i, c.Start, c.End, at)
		case c.Context > c.Start || c.Context < 0:
			t.Fatalf("chunk %d: context %d, start %d", i, c.Context, c.Start)
		case !border(d.Text, c.Start) || !border(d.Text, c.Context):
			t.Fatalf("chunk %d starts within a character: %+v", i, c)
		case len(strings.TrimSpace(own(d, c))) > maxBytes:
			t.Fatalf("chunk %d has %d bytes", i, c.End-c.Start)
		case c.StartChar != utf8.RuneCountInString(d.Text[:c.Start]) || c.Line != 1+strings.Count(d.Text[:c.Start], "\n"):
			t.Fatalf("chunk %d: wrong position %+v", i, c)
		case !utf8.ValidString(c.Breadcrumb) || len(c.Breadcrumb) > 403:
			t.Fatalf("chunk %d: breadcrumb %q", i, c.Breadcrumb)
		}
		if c.Page > 0 {
			p := slices.IndexFunc(d.Pages, func(p document.Page) bool { return p.Number == c.Page })
			end := c.Start + len(strings.TrimRightFunc(own(d, c), unicode.IsSpace))
			if end > d.Pages[p].End && p+1 < len(d.Pages) && end > d.Pages[p+1].Start {
				t.Fatalf("chunk %d of page %d reaches into the next: %q", i, c.Page, own(d, c))
			}
		}
		at = c.End
	}
	if at != len(d.Text) {
		t.Fatalf("the chunks end at %d of %d", at, len(d.Text))
	}
}

func border(text string, at int) bool { return at == len(text) || utf8.RuneStart(text[at]) }

func TestPartition(t *testing.T) {
	t.Parallel()
	words := []string{"word ", "Sentence. ", "\n", "\n\n", "\r\n", "水质检测", "。", "， ", "\n# Heading\n", "\n## Sub\n", "\n```\ncode line\n```\n", "é", "👍🏽", "\t", "\f", "x", strings.Repeat("long", 30)}
	rapid.Check(t, func(t *rapid.T) {
		d := markdown(strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 120).Draw(t, "words"), ""))
		if rapid.Bool().Draw(t, "paged") {
			at := 0
			for n := 1; at < len(d.Text); n++ {
				end := min(len(d.Text), at+rapid.IntRange(0, 200).Draw(t, "page"))
				for !border(d.Text, end) {
					end++
				}
				d.Pages = append(d.Pages, document.Page{Number: n, Start: at, End: end})
				at = end
			}
		}
		check(t, d, chunk.Options{Target: rapid.IntRange(20, 200).Draw(t, "target")}, 300)
	})
}

func FuzzSplit(f *testing.F) {
	for _, s := range []string{"", "# A\n\ntext\n## B\n", "水质。检测；", "a\r\n\r\nb", "\n\n\n", "e\u0301\u200d", "```\n\n\n```\n# x", strings.Repeat("x", 5000), strings.Repeat("。", 900), strings.Repeat(" \n", 900)} {
		f.Add(s, uint16(100), uint16(3), uint16(9))
	}
	f.Fuzz(func(t *testing.T, text string, target, p1, p2 uint16) {
		text = strings.ToValidUTF8(text, "")
		d := markdown(text)
		a, b := int(p1)%(len(text)+1), int(p2)%(len(text)+1)
		a, b = min(a, b), max(a, b)
		if border(text, a) && border(text, b) && p1%2 == 0 {
			d.Pages = []document.Page{{Number: 1, End: a}, {Number: 2, Start: a, End: b}, {Number: 3, Start: b, End: len(text)}}
		}
		check(t, d, chunk.Options{Target: int(target) % 2000}, 3000)
	})
}

func BenchmarkSplit(b *testing.B) {
	prose := strings.Repeat("The wing was tested in air, and the results were compared with those of the theory. It held.\nSo they said.\n\n", 20_000)
	for name, d := range map[string]*document.Document{
		"text":     {Type: document.Text, Text: prose},
		"chinese":  {Type: document.Text, Text: strings.Repeat("大型语言模型在科学研究中的应用越来越广泛，但其可靠性仍需验证。", 20_000)},
		"markdown": markdown(strings.Repeat("# Title\n\n"+prose[:900]+"\n```\nx = 1\ny = 2\n```\n## Sub\n"+prose[:2500], 600)),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(d.Text)))
			for b.Loop() {
				chunk.Split(d, chunk.Options{})
			}
		})
	}
}
