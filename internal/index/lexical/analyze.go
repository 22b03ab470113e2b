package lexical

import (
	"hash/fnv"
	"math"
	"path"
	"strings"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
)

// analysisVersion changes whenever the same text would give other terms. An
// index saved under another version is not loaded.
const analysisVersion = 1

// maxTermBytes bounds a term. Longer words (encoded data, hashes of hashes)
// are cut, in documents and queries alike, so that they still meet.
const maxTermBytes = 96

// maxKnown bounds the words an analyzer remembers between files, to a few
// megabytes.
const maxKnown = 1 << 16

// kind tells how a term came out of the text.
type kind uint8

const (
	part  kind = iota // a word, or one part of a compound: counts for length and position
	whole             // a compound without its separators, beside its parts
	exact             // a word with its accents, beside the folded one
)

// entry is a known term and the counters of the analysis in progress.
type entry struct {
	term  string
	file  uint32 // analysis in which index is valid
	index uint32 // number of the term in that analysis
	chunk uint32 // chunk in which post is valid
	post  uint32 // position in the chunk's postings
}

// Analysis is one file ready to be stored by Put.
type Analysis struct {
	terms []string
	docs  []analysedDoc
	posts []posting
	tie   uint64
}

// Chunks is the number of chunks analysed.
func (a *Analysis) Chunks() int { return len(a.docs) }

type analysedDoc struct {
	ordinal    uint32
	length     uint16
	first, end uint32 // in posts
}

type posting struct {
	term   uint32
	tf     uint8
	fields uint8
}

// analyzer turns text into terms. It keeps the stems of words it has met, so
// it belongs to one goroutine at a time.
type analyzer struct {
	words  map[string]*entry // lower-cased word to its stem's entry
	terms  map[string]*entry
	stem   *snowballstem.Env
	lower  []byte
	joined []byte

	file, chunk uint32 // stamps of the analysis and the chunk in progress
	out         *Analysis
	length      int
	field       uint8 // 0 for the body

	// only, if set, holds the beginnings of the words of interest; others may
	// be emitted as nil.
	only *beginnings
}

// beginnings is a set of the first two letters of words; it may hold more
// than was added, never less.
type beginnings [16]uint64

func (b *beginnings) slot(c, d byte) (word int, bit uint64) {
	h := (uint(c|0x20)*37 + uint(d|0x20)) % (64 * uint(len(b)))
	return int(h / 64), 1 << (h % 64)
}

// add adds the words that have the given stem. Stemming keeps the first two
// letters, except that it takes dying, lying and tying to die, lie and tie.
func (b *beginnings) add(stem string) {
	if len(stem) < 2 {
		stem += stem
	}
	word, bit := b.slot(stem[0], stem[1])
	b[word] |= bit
	if stem[1] == 'i' {
		word, bit = b.slot(stem[0], 'y')
		b[word] |= bit
	}
}

func (b *beginnings) has(word string) bool {
	second := word[0]
	if len(word) > 1 {
		second = word[1]
	}
	i, bit := b.slot(word[0], second)
	return b[i]&bit != 0
}

func newAnalyzer() *analyzer {
	a := &analyzer{stem: snowballstem.NewEnv("")}
	a.forget()
	return a
}

func (a *analyzer) forget() {
	a.words = make(map[string]*entry, 1024)
	a.terms = make(map[string]*entry, 1024)
	a.file, a.chunk = 0, 0
}

func (a *analyzer) analyze(docs []Doc) *Analysis {
	a.file++
	a.out = &Analysis{docs: make([]analysedDoc, 0, len(docs))}
	for _, doc := range docs {
		a.addDoc(doc)
	}
	if len(docs) > 0 {
		h := fnv.New64a()
		h.Write([]byte(docs[0].Path))
		a.out.tie = h.Sum64()
	}
	out := a.out
	a.out = nil
	return out
}

func (a *analyzer) addDoc(doc Doc) {
	a.chunk++
	first := uint32(len(a.out.posts))
	a.length, a.field = 0, 0
	a.scan(doc.Text, a.count)
	length := a.length
	dir, base := path.Split(doc.Path)
	a.field = inTitle
	a.scan(doc.Title, a.count)
	a.scan(base, a.count)
	a.field = inBreadcrumb
	a.scan(doc.Breadcrumb, a.count)
	a.scan(dir, a.count)
	a.out.docs = append(a.out.docs, analysedDoc{
		ordinal: uint32(doc.Ordinal), length: uint16(min(length, math.MaxUint16)),
		first: first, end: uint32(len(a.out.posts)),
	})
}

// count records one occurrence of a term in the chunk and field in progress.
func (a *analyzer) count(e *entry, _, _ int, k kind) {
	if e.chunk != a.chunk {
		if e.file != a.file {
			e.file, e.index = a.file, uint32(len(a.out.terms))
			a.out.terms = append(a.out.terms, e.term)
		}
		e.chunk, e.post = a.chunk, uint32(len(a.out.posts))
		a.out.posts = append(a.out.posts, posting{term: e.index})
	}
	p := &a.out.posts[e.post]
	if a.field != 0 {
		p.fields |= a.field
		return
	}
	if p.tf < maxFrequency {
		p.tf++
	}
	if k == part {
		a.length++
	}
}

// known returns the entry of a term as it is.
func (a *analyzer) known(term string) *entry {
	if e, ok := a.terms[term]; ok {
		return e
	}
	term = strings.Clone(term)
	e := &entry{term: term}
	a.terms[term] = e
	return e
}

// word returns the entry of a word of ASCII letters and digits, in any case.
func (a *analyzer) word(s string) *entry {
	s = cut(s)
	b := a.lower[:0]
	letters := true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		letters = letters && 'a' <= c && c <= 'z'
		b = append(b, c)
	}
	a.lower = b
	if e, ok := a.words[string(b)]; ok {
		return e
	}
	w := string(b)
	e := a.known(w)
	if letters && len(w) > 2 {
		e = a.known(a.stemmed(w))
	}
	a.words[w] = e
	return e
}

// stemmed returns the stem of a lower-case word of ASCII letters.
func (a *analyzer) stemmed(w string) string {
	a.stem.SetCurrent(w)
	english.Stem(a.stem)
	if s := a.stem.Current(); s != "" {
		return s
	}
	return w
}

// cut shortens a word to maxTermBytes at a rune border.
func cut(s string) string {
	if len(s) <= maxTermBytes {
		return s
	}
	n := maxTermBytes
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
