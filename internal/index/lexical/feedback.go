package lexical

import (
	"cmp"
	"slices"
)

// extra is a word that characterises the best passages.
type extra struct {
	term   string
	weight float64
}

// expansion returns the terms of the question together with those that
// characterise its best passages (a relevance model: RM3), or nil without any.
func (r *rescorer) expansion(hits []Hit) []queryTerm {
	extras := r.extras(hits)
	sum, own := 0.0, 0.0
	for _, x := range extras {
		sum += x.weight
	}
	if sum == 0 {
		return nil
	}
	terms := slices.Clone(r.q.terms)
	at := map[string]int{}
	for i, t := range terms {
		at[t.text] = i
		own += t.weight
	}
	for _, x := range extras {
		w := feedbackShare * own * x.weight / sum
		if i, ok := at[x.term]; ok {
			terms[i].weight += w
			continue
		}
		terms = append(terms, queryTerm{text: x.term, weight: w})
	}
	return terms
}

// extras returns the most characteristic words of the best passages: frequent
// in them, rare elsewhere.
func (r *rescorer) extras(hits []Hit) []extra {
	share := map[*entry]float64{}
	for _, h := range hits[:min(len(hits), feedbackPassages)] {
		counts, length := r.a.counts(r.texts[h.key()])
		for e, n := range counts {
			share[e] += h.Score * float64(n) / float64(length)
		}
	}
	var extras []extra
	r.x.mu.RLock()
	d := r.x.data
	for e, w := range share {
		id := d.dict.find(e.term, d.dict.hash(e.term))
		if id == noTerm {
			continue
		}
		if df := d.dict.terms[id].df(); df > 1 { // more than the passage itself
			extras = append(extras, extra{e.term, w * idf(df, max(d.living(), df))})
		}
	}
	r.x.mu.RUnlock()
	slices.SortFunc(extras, func(a, b extra) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.term, b.term))
	})
	return extras[:min(len(extras), feedbackTerms)]
}

// counts returns the words of a text that may characterise it, and its length.
func (a *analyzer) counts(text string) (map[*entry]int, int) {
	m := map[*entry]int{}
	length := 0
	a.scan(text, func(e *entry, start, end int, k kind) {
		if k != part {
			return
		}
		length++
		if !isStop(text[start:end]) && !numeric(e.term) && len(e.term) > 1 {
			m[e]++
		}
	})
	return m, length
}

func numeric(s string) bool { return '0' <= s[0] && s[0] <= '9' }
