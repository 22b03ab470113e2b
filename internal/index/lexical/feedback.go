package lexical

import (
	"cmp"
	"slices"
)

// expansion returns the terms of the question together with those that
// characterise its best passages (a relevance model: RM3).
func (r *rescorer) expansion(hits []Hit) []queryTerm {
	share := map[*entry]float64{}
	total := 0.0
	for _, h := range hits[:min(len(hits), feedbackPassages)] {
		counts, length := r.a.counts(r.texts[h.key()])
		if length == 0 {
			continue
		}
		total += h.Score
		for e, n := range counts {
			share[e] += h.Score * float64(n) / float64(length)
		}
	}
	if total == 0 {
		return nil
	}
	type extra struct {
		e      *entry
		weight float64
	}
	var extras []extra
	r.x.mu.RLock()
	d := r.x.data
	for e, w := range share {
		id := d.dict.find(e.term, d.dict.hash(e.term))
		if id == noTerm {
			continue
		}
		df := d.dict.terms[id].df()
		if df < 2 {
			continue
		}
		extras = append(extras, extra{e, w / total * idf(df, max(d.living(), df))})
	}
	r.x.mu.RUnlock()
	slices.SortFunc(extras, func(a, b extra) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.e.term, b.e.term))
	})
	extras = extras[:min(len(extras), feedbackTerms)]
	sum, own := 0.0, 0.0
	for _, x := range extras {
		sum += x.weight
	}
	for _, t := range r.q.terms {
		own += t.weight
	}
	terms := slices.Clone(r.q.terms)
	at := map[string]int{}
	for i, t := range terms {
		at[t.text] = i
	}
	for _, x := range extras {
		w := feedbackShare * own * x.weight / sum
		if i, ok := at[x.e.term]; ok {
			terms[i].weight += w
			continue
		}
		terms = append(terms, queryTerm{text: x.e.term, weight: w})
	}
	return terms
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
