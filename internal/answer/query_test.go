package answer_test

import (
	"testing"

	"github.com/innoclaw/innoclaw/internal/answer"
	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/index"
)

func TestRetrievalQuery(t *testing.T) {
	t.Parallel()
	first := []answer.Turn{{Question: "What is the grain size of film C2?", Answer: "327 nm"}}
	for _, c := range []struct {
		question string
		history  []answer.Turn
		want     string
	}{
		{"And of D2?", first, "And of D2? grain size film C2"},
		{"Why?", first, "Why? grain size film C2"},
		{"How long is the precursor solution stirred before use?", first, "How long is the precursor solution stirred before use?"},
		{"What about it?", nil, "What about it?"},
		{"那 D2 呢？", []answer.Turn{{Question: "C2 薄膜的效率是多少"}}, "那 D2 呢？ C2 薄膜的效率是多少"},
		{"And then?", append(first, answer.Turn{Question: "And of D2?"}), "And then? D2 grain size film C2"},
	} {
		if got, _ := answer.RetrievalQuery(c.question, c.history); got != c.want {
			t.Errorf("%q: got %q, want %q", c.question, got, c.want)
		}
	}
}

// TestPageOfAQuote cites words on the second page of a passage that begins on the
// first.
func TestPageOfAQuote(t *testing.T) {
	t.Parallel()
	const whole = "First page says alpha.\nSecond page says omega."
	p := index.Passage{Path: "a.pdf", ContentHash: "h", Type: "pdf", Text: whole, Line: 1, Page: 1}
	texts := func(string) (index.StoredText, error) {
		return index.StoredText{Text: whole, ContentHash: "h", Pages: []document.Page{{Number: 1, Start: 0, End: 23}, {Number: 2, Start: 23, End: len(whole)}}}, nil
	}
	_, citations, _, err := answer.Checked([]index.Passage{p}, []string{"k7m2"}, texts, []string{`x [k7m2 "page says omega"] y [k7m2 "page says alpha"]`})
	if err != nil || len(citations) != 2 || citations[0].Page != 2 || citations[1].Page != 1 {
		t.Errorf("%+v, %v", citations, err)
	}
}
