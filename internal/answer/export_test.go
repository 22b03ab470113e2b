package answer

import "github.com/innoclaw/innoclaw/internal/index"

// Checked runs pieces of a model's answer through the citation check.
func Checked(passages []index.Passage, ids []string, texts func(string) (index.StoredText, error), pieces []string) (text string, citations []Citation, support Support, err error) {
	return checked(passages, ids, texts, pieces)
}

func checked(passages []index.Passage, ids []string, texts func(string) (index.StoredText, error), pieces []string) (string, []Citation, Support, error) {
	sources := make([]*source, len(passages))
	for i, p := range passages {
		sources[i] = &source{Passage: p, id: ids[i], text: text{source: p.Text}}
	}
	shown := ""
	var sent []Citation
	c := newChecker(sources, texts, func(o output) error {
		shown += o.text
		if o.citation != nil {
			sent = append(sent, *o.citation)
		}
		return nil
	})
	for _, p := range pieces {
		if full, err := c.write(p); err != nil || full {
			break
		}
	}
	err := c.finish()
	return shown, sent, c.support(), err
}

// Locate finds a quote in a text.
func Locate(source, quote string) (from, to int, ok bool) {
	t := text{source: source}
	return t.locate(quote)
}

// ParseMark reads a citation mark; the quotes come with their ids.
func ParseMark(s string, final bool) (cites []string, length, outcome int) {
	found, n, o := parseMark(s, final)
	for _, c := range found {
		cites = append(cites, c.id+"="+c.quote)
	}
	return cites, n, int(o)
}

var (
	PassageIDs     = passageIDs
	RetrievalQuery = retrievalQuery
)
