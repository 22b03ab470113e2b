package lexical

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"sync"
)

// Errors of Put and Load.
var (
	// ErrFull is returned by Put when the index has no room for more chunks.
	ErrFull = errors.New("lexical index is full")
	// ErrCorrupt is returned by Load for bytes that are no intact index.
	ErrCorrupt = errors.New("lexical index is damaged")
	// ErrVersion is returned by Load for an index written by another version.
	ErrVersion = errors.New("lexical index has another version")
)

// maxDocs bounds the chunks of one index, removed ones included, so that
// document numbers and their deltas fit the posting format.
const maxDocs = 1 << 28

// compactShare is the share of removed chunks at which the index is rewritten,
// and compactFloor the number of them below which that is not worth the time.
const (
	compactShare = 0.30
	compactFloor = 512
)

// Doc is one chunk as it is indexed.
type Doc struct {
	Ordinal    int    // position of the chunk in its file, from 0
	Path       string // slash-separated path of the file
	Title      string // title of the document, if it has one
	Breadcrumb string // heading path, "Title > Section"
	Text       string // the chunk's own text, without overlap
}

// Index is an inverted index. The zero value is not usable; see New and Load.
type Index struct {
	writer sync.Mutex   // serialises Put, RemoveFile, Save and compaction
	mu     sync.RWMutex // guards data: held for writing only while data changes
	data   *data

	analyzers sync.Pool // of *analyzer
	scratch   sync.Pool // of *accumulator
}

// data is everything a search reads.
type data struct {
	seed     maphash.Seed
	dict     dictionary
	pool     pool
	base     []byte   // postings of a loaded or compacted index, shared with Load's argument
	baseEnds []uint32 // where the postings of each term end in base; terms added later have none
	docs     []docRec
	dead     []uint64 // bitmap over docs
	files    []fileRec
	names    map[string]uint32 // name of a living file to its position in files

	deadDocs int
	totalLen uint64 // sum of lengths of living docs
}

type docRec struct {
	file    uint32
	ordinal uint32
	length  uint16
}

// fileRec is one stored version of a file; its chunks are consecutive docs.
type fileRec struct {
	name  string
	tie   uint64 // hash of the path: an order for equal scores that does not depend on indexing order
	first uint32
	count uint32
	alive bool
}

// New returns an empty index.
func New() *Index { return newIndex(newData()) }

func newIndex(d *data) *Index {
	x := &Index{data: d}
	x.analyzers.New = func() any { return newAnalyzer() }
	x.scratch.New = func() any { return new(accumulator) }
	return x
}

func newData() *data {
	d := &data{seed: maphash.MakeSeed(), names: map[string]uint32{}}
	d.pool.init()
	d.dict.init(d.seed)
	return d
}

// analyzer takes an analyzer from the pool; the caller gives it back.
func (x *Index) analyzer() *analyzer {
	a := x.analyzers.Get().(*analyzer)
	if len(a.words)+len(a.terms) > maxKnown || a.file > math.MaxUint32/2 || a.chunk > math.MaxUint32/2 {
		a.forget()
	}
	return a
}

// Analyze turns the chunks of one file into what Put stores. It takes no lock
// of the index, so several files may be analysed at once.
func (x *Index) Analyze(docs []Doc) *Analysis {
	a := x.analyzer()
	defer x.analyzers.Put(a)
	return a.analyze(docs)
}

// Put stores the chunks of a file in place of those it had before. An
// analysis without chunks is a file that exists and has nothing to find.
func (x *Index) Put(file string, a *Analysis) error {
	x.writer.Lock()
	defer x.writer.Unlock()
	if len(x.data.docs)+len(a.docs) > maxDocs {
		if x.compact(); len(x.data.docs)+len(a.docs) > maxDocs {
			return fmt.Errorf("index file %s: %w", file, ErrFull)
		}
	}
	// Only writers change the dictionary, so it may be read without mu here.
	ids := make([]uint32, len(a.terms))
	hashes := make([]uint32, len(a.terms))
	for i, t := range a.terms {
		hashes[i] = x.data.dict.hash(t)
		ids[i] = x.data.dict.find(t, hashes[i])
	}
	x.mu.Lock()
	x.data.remove(file)
	x.data.append(file, a, ids, hashes)
	x.mu.Unlock()
	x.compactIfDue()
	return nil
}

// RemoveFile forgets a file and tells whether it was there.
func (x *Index) RemoveFile(file string) bool {
	x.writer.Lock()
	defer x.writer.Unlock()
	x.mu.Lock()
	ok := x.data.remove(file)
	x.mu.Unlock()
	x.compactIfDue()
	return ok
}

// Has tells whether the file is in the index.
func (x *Index) Has(file string) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	_, ok := x.data.names[file]
	return ok
}

// Files returns the names of all files, in no particular order.
func (x *Index) Files() []string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	names := make([]string, 0, len(x.data.names))
	for name := range x.data.names {
		names = append(names, name)
	}
	return names
}

// Stats describes the size of an index.
type Stats struct {
	Files   int // living files
	Chunks  int // living chunks
	Removed int // chunks that wait for compaction
	Terms   int // distinct terms
	Bytes   int // approximate memory held, in bytes
}

// Stats returns the present size of the index.
func (x *Index) Stats() Stats {
	x.mu.RLock()
	defer x.mu.RUnlock()
	d := x.data
	const perFile = 96 // record, name and map entry
	return Stats{
		Files:   len(d.names),
		Chunks:  len(d.docs) - d.deadDocs,
		Removed: d.deadDocs,
		Terms:   d.dict.len(),
		Bytes:   len(d.base) + d.pool.bytes() + d.dict.bytes() + cap(d.docs)*12 + cap(d.dead)*8 + len(d.files)*perFile,
	}
}

func (d *data) append(file string, a *Analysis, ids, hashes []uint32) {
	for i, id := range ids {
		if id == noTerm {
			ids[i] = d.dict.add(a.terms[i], hashes[i])
		}
	}
	f := uint32(len(d.files))
	d.files = append(d.files, fileRec{name: file, tie: a.tie, first: uint32(len(d.docs)), count: uint32(len(a.docs)), alive: true})
	d.names[file] = f
	for _, doc := range a.docs {
		n := uint32(len(d.docs))
		d.docs = append(d.docs, docRec{file: f, ordinal: doc.ordinal, length: doc.length})
		if int(n>>6) >= len(d.dead) {
			d.dead = append(d.dead, 0)
		}
		d.totalLen += uint64(doc.length)
		for _, p := range a.posts[doc.first:doc.end] {
			d.pool.append(&d.dict.terms[ids[p.term]], n, p.tf, p.fields)
		}
	}
}

func (d *data) remove(file string) bool {
	f, ok := d.names[file]
	if !ok {
		return false
	}
	delete(d.names, file)
	rec := &d.files[f]
	rec.alive = false
	for n := rec.first; n < rec.first+rec.count; n++ {
		d.dead[n>>6] |= 1 << (n & 63)
		d.totalLen -= uint64(d.docs[n].length)
	}
	d.deadDocs += int(rec.count)
	rec.name = ""
	return true
}

// living is the number of chunks that can be found.
func (d *data) living() int { return len(d.docs) - d.deadDocs }

// averageLength is the mean length of a living chunk in words, at least 1.
func (d *data) averageLength() float64 {
	if d.living() == 0 {
		return 1
	}
	return math.Max(1, float64(d.totalLen)/float64(d.living()))
}
