package lexical

import (
	"cmp"
	"slices"
)

// rescore ranks candidates again with their texts: words of the question that
// stand together raise the score.
func (s *search) rescore(hits []Hit) []Hit {
	if len(hits) == 0 {
		return hits
	}
	a := s.x.analyzers.Get().(*analyzer)
	defer s.x.analyzers.Put(a)
	wanted := s.wanted(a)
	known := map[hitKey]string{}
	s.fetch(hits, known)
	s.addProximity(a, wanted, hits, known)
	if s.q.feedback() {
		if terms := s.expansion(a, hits, known); len(terms) > len(s.q.terms) {
			hits = s.candidates(terms, rescoreDepth, s.o.PerFile)
			s.fetch(hits, known)
			s.addProximity(a, wanted, hits, known)
		}
	}
	return hits
}

type hitKey struct {
	file    string
	ordinal int
}

// fetch gets the texts of hits that are not known yet.
func (s *search) fetch(hits []Hit, known map[hitKey]string) {
	var missing []Hit
	for _, h := range hits {
		if _, ok := known[hitKey{h.File, h.Ordinal}]; !ok {
			missing = append(missing, h)
		}
	}
	if len(missing) == 0 {
		return
	}
	texts := s.o.Texts(missing)
	for i, h := range missing {
		text := ""
		if i < len(texts) {
			text = texts[i]
		}
		known[hitKey{h.File, h.Ordinal}] = text
	}
}

// wanted maps the terms of the question that have a position to their number.
func (s *search) wanted(a *analyzer) map[*entry]int {
	m := map[*entry]int{}
	for i, t := range s.q.terms {
		if t.cover > 0 {
			m[a.known(t.text)] = i
		}
	}
	return m
}

// addProximity adds to each score how near the words of the question stand to
// each other, and sorts the hits again.
func (s *search) addProximity(a *analyzer, wanted map[*entry]int, hits []Hit, known map[hitKey]string) {
	if len(wanted) < 2 {
		return
	}
	p := proximity{terms: s.q.terms, near: make([]float64, len(s.q.terms)), average: s.average}
	for i := range hits {
		if text := known[hitKey{hits[i].File, hits[i].Ordinal}]; text != "" {
			hits[i].Score += proximityShare * p.score(a, wanted, text)
		}
	}
	sortHits(hits)
}

func sortHits(hits []Hit) {
	slices.SortStableFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.tie, b.tie), cmp.Compare(a.Ordinal, b.Ordinal))
	})
}

// proximity scores texts by the distances between neighbouring words of the
// question in it, as BM25TP does: each pair of neighbours adds the weight of
// one to the nearness of the other, divided by the square of the distance, and
// nearness saturates like a term frequency.
type proximity struct {
	terms   []queryTerm
	near    []float64
	average float64 // length of a chunk in words
}

func (p *proximity) score(a *analyzer, wanted map[*entry]int, text string) float64 {
	clear(p.near)
	position, lastTerm, lastPosition := 0, -1, 0
	a.scan(text, func(e *entry, _, _ int, k kind) {
		if k != part {
			return
		}
		position++
		t, ok := wanted[e]
		if !ok {
			return
		}
		if lastTerm >= 0 && lastTerm != t {
			d := float64(position - lastPosition)
			p.near[t] += p.terms[lastTerm].rarity / (d * d)
			p.near[lastTerm] += p.terms[t].rarity / (d * d)
		}
		lastTerm, lastPosition = t, position
	})
	norm := k1 * (1 - b + b*float64(position)/p.average)
	sum := 0.0
	for i, n := range p.near {
		if n > 0 {
			sum += min(1, p.terms[i].rarity) * n * (k1 + 1) / (n + norm)
		}
	}
	return sum
}
