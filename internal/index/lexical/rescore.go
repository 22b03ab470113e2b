package lexical

import (
	"cmp"
	"slices"
)

// rescorer ranks candidates again with their texts. Each text is asked for and
// read once per search.
type rescorer struct {
	*search
	a         *analyzer
	wanted    map[*entry]int // words of the question to their number in q.terms
	texts     map[hitKey]string
	proximity map[hitKey]float64
	near      []float64
	only      beginnings
}

type hitKey struct {
	file    string
	ordinal int
}

func (h Hit) key() hitKey { return hitKey{h.File, h.Ordinal} }

// rescore raises hits in whose texts words of the question stand together, and
// searches once more with the question extended when it is one to extend.
func (s *search) rescore(hits []Hit) []Hit {
	if len(hits) == 0 {
		return hits
	}
	a := s.x.analyzer()
	defer s.x.analyzers.Put(a)
	r := &rescorer{
		search: s, a: a, wanted: map[*entry]int{}, near: make([]float64, len(s.q.terms)),
		texts: map[hitKey]string{}, proximity: map[hitKey]float64{},
	}
	for i, t := range s.q.terms {
		if t.cover > 0 {
			r.wanted[a.known(t.text)] = i
			r.only.add(t.text)
		}
	}
	r.rank(hits)
	if len(r.wanted) >= feedbackWords {
		if terms := r.expansion(hits); len(terms) > 0 {
			hits = s.candidates(terms, max(s.o.K, rescoreDepth), s.o.PerFile)
			r.rank(hits)
		}
	}
	return hits
}

// rank adds their nearness to the scores of the first hits and sorts them.
func (r *rescorer) rank(hits []Hit) {
	first := hits[:min(len(hits), rescoreDepth)]
	r.fetch(first)
	for i := range first {
		first[i].Score += proximityShare * r.nearness(first[i])
	}
	slices.SortStableFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.tie, b.tie), cmp.Compare(a.Ordinal, b.Ordinal))
	})
}

// fetch gets the texts of hits that are not known yet.
func (r *rescorer) fetch(hits []Hit) {
	var missing []Hit
	for _, h := range hits {
		if _, ok := r.texts[h.key()]; !ok {
			missing = append(missing, h)
		}
	}
	if len(missing) == 0 {
		return
	}
	texts := r.o.Texts(missing)
	for i, h := range missing {
		if i < len(texts) {
			r.texts[h.key()] = texts[i]
		}
	}
}

// nearness is the proximity score of a hit's text, 0 without one.
func (r *rescorer) nearness(h Hit) float64 {
	text := r.texts[h.key()]
	if len(r.wanted) < 2 || text == "" {
		return 0
	}
	n, ok := r.proximity[h.key()]
	if !ok {
		n = r.read(text)
		r.proximity[h.key()] = n
	}
	return n
}

// read scores a text by the distances between neighbouring words of the
// question in it, as BM25TP does: each pair of neighbours adds the weight of
// one to the nearness of the other, divided by the square of the distance, and
// nearness saturates like a term frequency.
func (r *rescorer) read(text string) float64 {
	clear(r.near)
	r.a.only = &r.only
	defer func() { r.a.only = nil }()
	position, lastTerm, lastPosition := 0, -1, 0
	r.a.scan(text, func(e *entry, _, _ int, k kind) {
		if k != part {
			return
		}
		position++
		t, ok := r.wanted[e]
		if !ok {
			return
		}
		if lastTerm >= 0 && lastTerm != t {
			d := float64(position - lastPosition)
			r.near[t] += r.q.terms[lastTerm].rarity / (d * d)
			r.near[lastTerm] += r.q.terms[t].rarity / (d * d)
		}
		lastTerm, lastPosition = t, position
	})
	norm := k1 * (1 - b + b*float64(position)/r.average)
	sum := 0.0
	for i, n := range r.near {
		if n > 0 {
			sum += min(1, r.q.terms[i].rarity) * n * (k1 + 1) / (n + norm)
		}
	}
	return sum
}
