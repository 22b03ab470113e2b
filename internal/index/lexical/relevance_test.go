package lexical_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/innoclaw/innoclaw/internal/index/lexical"
	"github.com/rogpeppe/go-internal/txtar"
)

// labCorpus is the small committed collection and its questions.
func labCorpus(t *testing.T) (c *corpus, questions []string) {
	t.Helper()
	b, err := os.ReadFile("testdata/lab.txtar")
	if err != nil {
		t.Fatal(err)
	}
	c = newCorpus(t)
	for _, f := range txtar.Parse(b).Files {
		if f.Name == "questions" {
			questions = strings.Split(strings.TrimSpace(string(f.Data)), "\n")
			continue
		}
		c.add(t, f.Name, string(f.Data))
	}
	return c, questions
}

// TestLabQuestions asks the questions a lab asks of its files: natural ones,
// look-ups of names and errors, Chinese, Japanese, Korean, German, French. The
// right file must come first, with the texts at hand and without.
func TestLabQuestions(t *testing.T) {
	t.Parallel()
	c, questions := labCorpus(t)
	if len(questions) < 40 {
		t.Fatalf("only %d questions", len(questions))
	}
	for _, o := range []lexical.Options{{K: 5, PerFile: 1}, {K: 5, PerFile: 1, Texts: c.fetch}, {K: 5, Texts: c.fetch}} {
		for _, line := range questions {
			query, want, ok := strings.Cut(line, "=>")
			if !ok {
				t.Fatalf("bad line %q", line)
			}
			first := "nothing"
			hits := c.x.Search(strings.TrimSpace(query), o).Hits
			if len(hits) > 0 {
				first = hits[0].File
			}
			files := strings.Fields(want)
			if len(files) == 0 {
				files = []string{"nothing"}
			}
			if !slices.Contains(files, first) {
				t.Errorf("%q (texts %v): first is %s, want %v; hits %+v", query, o.Texts != nil, first, files, hits)
			}
		}
	}
}
