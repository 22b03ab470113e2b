package lexical

import (
	"cmp"
	"slices"
)

// Options say what a search returns.
type Options struct {
	K       int // hits wanted; 0 means 10
	PerFile int // most hits of one file; 0 means no limit

	// Scope limits the search to the files it accepts; nil accepts all. It is
	// called while the index is locked for reading and must not call it.
	Scope func(file string) bool

	// Texts returns the texts of hits, each without or with its overlap, in
	// the same order; a text that cannot be had is empty. With it the best
	// candidates are ranked again by how the words stand together. It is
	// called without any lock, at most twice per search, for at most
	// MaxTexts hits in all.
	Texts func(hits []Hit) []string
}

// MaxTexts is the largest number of texts one search asks for.
const MaxTexts = 2 * rescoreDepth

// Hit is one chunk found.
type Hit struct {
	File    string
	Ordinal int
	Score   float64 // comparable within one result only

	// Coverage is the share of the question, weighted by how rare its words
	// are, that stands in this chunk: from 0 to 1. A low value in the best hit means that the
	// index has nothing on the question.
	Coverage float64

	tie uint64
}

// Result is the answer to a search.
type Result struct {
	Hits   []Hit
	Files  int      // files searched, those out of scope included
	Chunks int      // chunks searched, likewise
	Terms  []string // words of the question that counted, as the person wrote them
}

// Search returns the best chunks for a question, best first. Equal scores are
// ordered by path and ordinal, so the same index gives the same answer.
func (x *Index) Search(query string, o Options) Result {
	if o.K <= 0 {
		o.K = 10
	}
	q := x.parse(query)
	s := search{x: x, q: q, o: o}
	return s.run()
}

// Terms returns the words of a question that a search looks for, as written.
func (x *Index) Terms(query string) []string { return x.parse(query).surface }

// search is one search in progress.
type search struct {
	x      *Index
	q      *question
	o      Options
	files  int
	chunks int

	average float64 // length of a chunk in words
}

func (s *search) run() Result {
	depth, perFile := s.o.K, s.o.PerFile
	second := s.o.Texts != nil && len(s.q.terms) > 0
	if second {
		depth = max(depth, rescoreDepth)
	}
	hits := s.candidates(s.q.terms, depth, perFile)
	if second {
		hits = s.rescore(hits)
	}
	if len(hits) > s.o.K {
		hits = hits[:s.o.K]
	}
	return Result{Hits: hits, Files: s.files, Chunks: s.chunks, Terms: s.q.surface}
}

// accumulator holds the scores of one search, one per chunk and per file.
type accumulator struct {
	score    []float32 // of each chunk
	seen     []float32 // of each chunk: weight of the terms in it
	coverage []float32 // of each file
	tf       []uint16  // of each chunk, for terms searched as one
}

func (a *accumulator) reset(docs, files int) {
	a.score = zeroed(a.score, docs)
	a.seen = zeroed(a.seen, docs)
	a.coverage = zeroed(a.coverage, files)
}

func zeroed[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	s = s[:n]
	clear(s)
	return s
}

// candidates returns the depth best chunks for the terms.
func (s *search) candidates(terms []queryTerm, depth, perFile int) []Hit {
	acc := s.x.scratch.Get().(*accumulator)
	defer s.x.scratch.Put(acc)
	s.x.mu.RLock()
	defer s.x.mu.RUnlock()
	d := s.x.data
	s.files, s.chunks = len(d.names), d.living()
	s.average = d.averageLength()
	acc.reset(len(d.docs), len(d.files))
	total := 0.0
	for i := range terms {
		terms[i].rarity = d.accumulate(terms[i], acc)
		total += terms[i].cover * terms[i].rarity
	}
	return d.best(acc, total, depth, perFile, s.o.Scope)
}

// accumulate adds the scores of a term and returns its idf.
func (d *data) accumulate(t queryTerm, acc *accumulator) float64 {
	id := d.dict.find(t.text, d.dict.hash(t.text))
	if t.expand {
		if ids := d.withRune(t.text, id); len(ids) > 0 {
			return d.accumulateGroup(ids, t, acc)
		}
	}
	if id == noTerm {
		return idf(0, d.living())
	}
	rec := &d.dict.terms[id]
	rarity := idf(rec.df(), max(d.living(), rec.df()))
	sc := d.newScorer(acc, rarity, t)
	last := uint32(0)
	d.segments(id, func(seg []byte) { last = sc.segment(seg, last) })
	return rarity
}

// scorer adds one term's share to the scores.
type scorer struct {
	docs     []docRec
	acc      *accumulator
	weight   float32 // idf times query weight times k1+1
	seen     float32
	base     float32 // k1*(1-b)
	perWord  float32 // k1*b/average length
	file     uint32  // file whose best score for this term is in best
	best     float32
	fraction [4]float32 // what the field bits add to the frequency
}

func (d *data) newScorer(acc *accumulator, rarity float64, t queryTerm) *scorer {
	return &scorer{
		docs:     d.docs,
		acc:      acc,
		weight:   float32(rarity * t.weight * (k1 + 1)),
		seen:     float32(rarity * t.cover),
		base:     k1 * (1 - b),
		perWord:  float32(k1 * b / d.averageLength()),
		file:     noTerm,
		fraction: [4]float32{0, titleWeight, breadcrumbWeight, titleWeight},
	}
}

// segment scores a stretch of postings; see decodeSegment, whose loop this
// repeats without the call per posting.
func (sc *scorer) segment(s []byte, last uint32) uint32 {
	limit := uint32(len(sc.docs))
	for i := 0; i < len(s); {
		v := uint32(s[i])
		if i++; v >= 0x80 {
			v &= 0x7f
			for shift := 7; i < len(s); shift += 7 {
				c := s[i]
				i++
				v |= uint32(c&0x7f) << shift
				if c < 0x80 {
					break
				}
			}
		}
		if v == 0 {
			break
		}
		tf := float32(v&3 + 1)
		if v&3 == codeExplicit {
			if i >= len(s) {
				break
			}
			tf = float32(s[i]>>2) + sc.fraction[s[i]&3]
			i++
		}
		if v>>2 > limit-last {
			break
		}
		last += v >> 2
		sc.add(last-1, tf)
	}
	return last
}

func (sc *scorer) add(n uint32, tf float32) {
	doc := &sc.docs[n]
	score := sc.weight * tf / (tf + sc.base + sc.perWord*float32(doc.length))
	sc.acc.score[n] += score
	sc.acc.seen[n] += sc.seen
	if doc.file != sc.file {
		sc.file, sc.best = doc.file, 0
	}
	if score > sc.best {
		sc.acc.coverage[doc.file] += score - sc.best
		sc.best = score
	}
}

// accumulateGroup scores several terms as if they were one.
func (d *data) accumulateGroup(ids []uint32, t queryTerm, acc *accumulator) float64 {
	acc.tf = zeroed(acc.tf, len(d.docs))
	for _, id := range ids {
		last := uint32(0)
		d.segments(id, func(seg []byte) {
			last = decodeSegment(seg, last, uint32(len(d.docs)), func(n uint32, tf, fields uint8) {
				acc.tf[n] += 4 * uint16(tf)
				if fields != 0 {
					acc.tf[n] += 4
				}
			})
		})
	}
	df := 0
	for _, tf := range acc.tf {
		if tf > 0 {
			df++
		}
	}
	rarity := idf(df, max(d.living(), df))
	sc := d.newScorer(acc, rarity, t)
	for n, tf := range acc.tf {
		if tf > 0 {
			sc.add(uint32(n), float32(tf)/4)
		}
	}
	return rarity
}

// best returns the depth best living chunks in scope, at most perFile of a file.
func (d *data) best(acc *accumulator, total float64, depth, perFile int, scope func(string) bool) []Hit {
	if perFile <= 0 {
		perFile = depth
	}
	top, own := topList{limit: depth}, topList{limit: perFile}
	for f := range d.files {
		file := &d.files[f]
		share := fileShare * acc.coverage[f]
		floor := top.floor()
		// No chunk scores more than its file covers, but for rounding.
		if !file.alive || share == 0 || acc.coverage[f]*1.001+share < floor {
			continue
		}
		own.items = own.items[:0]
		for n := file.first; n < file.first+file.count; n++ {
			if acc.score[n] == 0 || acc.score[n]+share < floor {
				continue
			}
			c := candidate{score: acc.score[n] + share, tie: file.tie, doc: n, file: uint32(f), ordinal: d.docs[n].ordinal}
			if top.wants(c) && own.wants(c) {
				own.add(c)
			}
		}
		if len(own.items) == 0 || scope != nil && !scope(file.name) {
			continue
		}
		for _, c := range own.items {
			if top.wants(c) {
				top.add(c)
			}
		}
	}
	hits := make([]Hit, 0, len(top.items))
	for _, c := range top.items {
		h := Hit{File: d.files[c.file].name, Ordinal: int(c.ordinal), Score: float64(c.score), tie: c.tie}
		if total > 0 {
			h.Coverage = min(1, float64(acc.seen[c.doc])/total)
		}
		hits = append(hits, h)
	}
	return hits
}

type candidate struct {
	score     float32
	tie       uint64
	file, doc uint32
	ordinal   uint32
}

// compare orders candidates best first.
func (c candidate) compare(o candidate) int {
	return cmp.Or(cmp.Compare(o.score, c.score), cmp.Compare(c.tie, o.tie), cmp.Compare(c.ordinal, o.ordinal), cmp.Compare(c.doc, o.doc))
}

// topList keeps the best candidates in order.
type topList struct {
	limit int
	items []candidate // best first
}

// floor is the score below which nothing is wanted.
func (t *topList) floor() float32 {
	if len(t.items) < t.limit {
		return 0
	}
	return t.items[len(t.items)-1].score
}

func (t *topList) wants(c candidate) bool {
	return len(t.items) < t.limit || c.compare(t.items[len(t.items)-1]) < 0
}

// add inserts a candidate that is wanted.
func (t *topList) add(c candidate) {
	if len(t.items) == t.limit {
		t.items = t.items[:t.limit-1]
	}
	at, _ := slices.BinarySearchFunc(t.items, c, candidate.compare)
	t.items = slices.Insert(t.items, at, c)
}
