package lexical_test

import (
	"bufio"
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/index/chunk"
	"github.com/innoclaw/innoclaw/internal/index/lexical"
)

// cranfield is the public test collection: abstracts, questions and which
// abstracts answer which question.
type cranfield struct {
	docs    []cranDoc
	queries []string
	rel     map[int]map[int]bool // question, from 1, to numbers of documents
}

type cranDoc struct {
	id   int
	text string
}

func cranfieldDir() string {
	return cmp.Or(os.Getenv("INNOCLAW_EVAL_CRANFIELD"), filepath.Join("..", "..", "..", "..", "shared", "eval", "cranfield"))
}

// loadCranfield skips the test when the collection is not there.
func loadCranfield(tb testing.TB) cranfield {
	tb.Helper()
	dir := cranfieldDir()
	if _, err := os.Stat(filepath.Join(dir, "cran.all.1400")); err != nil {
		tb.Skipf("no Cranfield collection: %v", err)
	}
	var c cranfield
	for _, r := range cranRecords(tb, filepath.Join(dir, "cran.all.1400")) {
		c.docs = append(c.docs, cranDoc{id: r.id, text: r.field["T"] + "\n\n" + r.field["W"] + "\n"})
	}
	for _, r := range cranRecords(tb, filepath.Join(dir, "cran.qry")) {
		c.queries = append(c.queries, strings.Join(strings.Fields(r.field["W"]), " "))
	}
	c.rel = map[int]map[int]bool{}
	b, err := os.ReadFile(filepath.Join(dir, "cranqrel"))
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		var q, d, code int
		if n, _ := fmt.Sscan(line, &q, &d, &code); n == 3 && code > 0 {
			if c.rel[q] == nil {
				c.rel[q] = map[int]bool{}
			}
			c.rel[q][d] = true
		}
	}
	if len(c.docs) != 1400 || len(c.queries) != 225 {
		tb.Fatalf("read %d documents and %d questions, want 1400 and 225", len(c.docs), len(c.queries))
	}
	return c
}

type cranRecord struct {
	id    int
	field map[string]string
}

func cranRecords(tb testing.TB, path string) (out []cranRecord) {
	tb.Helper()
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	field := ""
	for sc := bufio.NewScanner(f); sc.Scan(); {
		line := strings.TrimRight(sc.Text(), "\r")
		if n, ok := strings.CutPrefix(line, ".I "); ok {
			id, err := strconv.Atoi(strings.TrimSpace(n))
			if err != nil {
				tb.Fatal(err)
			}
			out = append(out, cranRecord{id: id, field: map[string]string{}})
			continue
		}
		if len(line) == 2 && line[0] == '.' && 'A' <= line[1] && line[1] <= 'Z' {
			field = line[1:]
			continue
		}
		r := out[len(out)-1]
		if r.field[field] != "" {
			line = "\n" + line
		}
		r.field[field] += line
	}
	return out
}

// corpus is an index with the texts of its chunks.
type corpus struct {
	extractor *document.Extractor
	x         *lexical.Index
	texts     map[string][]string
}

func newCorpus(tb testing.TB) *corpus {
	e := document.New(document.Options{})
	tb.Cleanup(func() {
		if err := e.Close(); err != nil {
			tb.Error(err)
		}
	})
	return &corpus{extractor: e, x: lexical.New(), texts: map[string][]string{}}
}

// add indexes a file as the live index does: extracted, cut, analysed.
func (c *corpus) add(tb testing.TB, path, content string) {
	tb.Helper()
	d, err := c.extractor.Extract(tb.Context(), document.Source{Name: filepath.Base(path), Size: int64(len(content)), R: strings.NewReader(content)})
	if err != nil {
		tb.Fatalf("extract %s: %v", path, err)
	}
	docs := docsOf(path, d)
	for _, doc := range docs {
		c.texts[path] = append(c.texts[path], doc.Text)
	}
	if err := c.x.Put(path, c.x.Analyze(docs)); err != nil {
		tb.Fatal(err)
	}
}

func docsOf(path string, d *document.Document) []lexical.Doc {
	var docs []lexical.Doc
	for _, ch := range chunk.Split(d, chunk.Options{}) {
		docs = append(docs, lexical.Doc{
			Ordinal: ch.Ordinal, Path: path, Title: chunk.Title(d), Breadcrumb: ch.Breadcrumb, Text: d.Text[ch.Start:ch.End],
		})
	}
	return docs
}

func (c *corpus) fetch(hits []lexical.Hit) []string {
	out := make([]string, len(hits))
	for i, h := range hits {
		out[i] = c.texts[h.File][h.Ordinal]
	}
	return out
}

// ndcg is the gain of the ranking divided by that of a perfect one, both over
// the first ten.
func ndcg(ranking []int, relevant map[int]bool) float64 {
	got, ideal := 0.0, 0.0
	for i := range 10 {
		gain := 1 / math.Log2(float64(i)+2)
		if i < len(relevant) {
			ideal += gain
		}
		if i < len(ranking) && relevant[ranking[i]] {
			got += gain
		}
	}
	return got / ideal
}

func cranfieldCorpus(tb testing.TB, data cranfield) *corpus {
	c := newCorpus(tb)
	for _, d := range data.docs {
		c.add(tb, fmt.Sprintf("%d.txt", d.id), d.text)
	}
	return c
}

func TestCranfield(t *testing.T) {
	data := loadCranfield(t)
	c := cranfieldCorpus(t, data)
	st := c.x.Stats()
	t.Logf("%d files, %d chunks, %d terms, %d KB", st.Files, st.Chunks, st.Terms, st.Bytes>>10)
	measure := func(o lexical.Options) float64 {
		sum := 0.0
		for i, q := range data.queries {
			var ranking []int
			for _, h := range c.x.Search(q, o).Hits {
				id, _ := strconv.Atoi(strings.TrimSuffix(h.File, ".txt"))
				ranking = append(ranking, id)
			}
			sum += ndcg(ranking, data.rel[i+1])
		}
		return sum / float64(len(data.queries))
	}
	plain := measure(lexical.Options{K: 10, PerFile: 1})
	full := measure(lexical.Options{K: 10, PerFile: 1, Texts: c.fetch})
	t.Logf("nDCG@10: terms alone %.4f, with texts %.4f", plain, full)
	if full < 0.53 {
		t.Errorf("nDCG@10 = %.4f, want at least 0.53", full)
	}
}
