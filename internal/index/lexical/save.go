package lexical

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

// A saved index is a header of headerSize bytes, then the sections named
// below one behind the other, all integers little-endian:
//
//	magic[8] format[4] analysis[4] lengths[8 x sections] crc[4] of everything else, reserved[4]
//
// so that Load can refer to postings and term bytes where they lie.
const (
	magic         = "iclexidx"
	formatVersion = 1
)

const (
	secTerms    = iota // per term: end of its text, size of its postings, df, last document + 1: 4 bytes each
	secTermText        // bytes of all terms
	secPostings        // postings of all terms
	secDocs            // per chunk: file, ordinal: 4 bytes each; length: 2 bytes
	secFiles           // per file: end of its name, first chunk, chunks: 4 bytes each; tie: 8 bytes
	secNames           // bytes of all file names
	sections
)

const (
	headerSize = 8 + 4 + 4 + 8*sections + 4 + 4
	crcAt      = headerSize - 8
	termSize   = 16
	docSize    = 10
	fileSize   = 20
)

// Save writes the index, without what was removed from it. Searches go on
// meanwhile; Put and RemoveFile wait.
func (x *Index) Save(w io.Writer) error {
	x.writer.Lock()
	defer x.writer.Unlock()
	if x.data.deadDocs > 0 || len(x.data.files) > len(x.data.names) {
		x.compact()
	}
	b, err := x.data.encode()
	if err != nil {
		return fmt.Errorf("save lexical index: %w", err)
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("save lexical index: %w", err)
	}
	return nil
}

// encode needs data without removed files. The caller holds writer.
func (d *data) encode() ([]byte, error) {
	le := binary.LittleEndian
	b := make([]byte, headerSize, headerSize+len(d.dict.terms)*termSize+len(d.dict.text)+len(d.base)+d.pool.bytes()+len(d.docs)*docSize+len(d.files)*(fileSize+32))
	copy(b, magic)
	le.PutUint32(b[8:], formatVersion)
	le.PutUint32(b[12:], analysisVersion)
	at := len(b)
	end := func(section int) {
		le.PutUint64(b[16+8*section:], uint64(len(b)-at))
		at = len(b)
	}
	for i := range d.dict.terms {
		t := &d.dict.terms[i]
		size := 0
		d.segments(uint32(i), func(s []byte) { size += used(s) })
		b = le.AppendUint32(le.AppendUint32(b, d.dict.ends[i]), uint32(size))
		b = le.AppendUint32(le.AppendUint32(b, uint32(t.df())), t.last)
	}
	end(secTerms)
	b = append(b, d.dict.text...)
	end(secTermText)
	for i := range d.dict.terms {
		d.segments(uint32(i), func(s []byte) { b = append(b, s[:used(s)]...) })
	}
	if len(b)-at > math.MaxUint32 {
		return nil, ErrFull
	}
	end(secPostings)
	for _, doc := range d.docs {
		b = le.AppendUint16(le.AppendUint32(le.AppendUint32(b, doc.file), doc.ordinal), doc.length)
	}
	end(secDocs)
	names := 0
	for _, f := range d.files {
		names += len(f.name)
		b = le.AppendUint32(le.AppendUint32(le.AppendUint32(b, uint32(names)), f.first), f.count)
		b = le.AppendUint64(b, f.tie)
	}
	end(secFiles)
	for _, f := range d.files {
		b = append(b, f.name...)
	}
	end(secNames)
	le.PutUint32(b[crcAt:], checksum(b))
	return b, nil
}

// used is the length of a stretch of postings without its unused end: no
// posting ends with a zero byte.
func used(s []byte) int {
	n := len(s)
	for n > 0 && s[n-1] == 0 {
		n--
	}
	return n
}

func checksum(b []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(b[:crcAt], table), table, b[crcAt+4:])
}

// Load opens an index written by Save. It keeps referring to b, which must not
// change as long as the index is in use. Anything but an intact index of this
// version is an error, ErrCorrupt or ErrVersion, never a panic.
func Load(b []byte) (*Index, error) {
	le := binary.LittleEndian
	if len(b) < headerSize || string(b[:8]) != magic {
		return nil, fmt.Errorf("load lexical index: no index: %w", ErrCorrupt)
	}
	if le.Uint32(b[8:]) != formatVersion || le.Uint32(b[12:]) != analysisVersion {
		return nil, fmt.Errorf("load lexical index: format %d, analysis %d: %w", le.Uint32(b[8:]), le.Uint32(b[12:]), ErrVersion)
	}
	if checksum(b) != le.Uint32(b[crcAt:]) {
		return nil, fmt.Errorf("load lexical index: wrong checksum: %w", ErrCorrupt)
	}
	var part [sections][]byte
	rest := b[headerSize:]
	for i := range part {
		n := le.Uint64(b[16+8*i:])
		if n > uint64(len(rest)) || n > math.MaxUint32 {
			return nil, fmt.Errorf("load lexical index: section %d is cut short: %w", i, ErrCorrupt)
		}
		part[i], rest = rest[:n:n], rest[n:]
	}
	d := newData()
	for _, load := range []func(*[sections][]byte) bool{d.loadFiles, d.loadDocs, d.loadTerms} {
		if !load(&part) {
			return nil, fmt.Errorf("load lexical index: sections contradict each other: %w", ErrCorrupt)
		}
	}
	return newIndex(d), nil
}

func (d *data) loadFiles(part *[sections][]byte) bool {
	le := binary.LittleEndian
	in, names := part[secFiles], string(part[secNames])
	chunks := uint32(len(part[secDocs]) / docSize)
	if len(in)%fileSize != 0 || chunks > maxDocs {
		return false
	}
	d.files = make([]fileRec, 0, len(in)/fileSize)
	d.names = make(map[string]uint32, len(in)/fileSize)
	at, first := uint32(0), uint32(0)
	for ; len(in) > 0; in = in[fileSize:] {
		end := le.Uint32(in)
		f := fileRec{first: le.Uint32(in[4:]), count: le.Uint32(in[8:]), tie: le.Uint64(in[12:]), alive: true}
		if end < at || int(end) > len(names) || f.first != first || f.count > chunks-first {
			return false
		}
		f.name = names[at:end]
		at, first = end, first+f.count
		d.names[f.name] = uint32(len(d.files))
		d.files = append(d.files, f)
	}
	return first == chunks && int(at) == len(names) && len(d.names) == len(d.files)
}

func (d *data) loadDocs(part *[sections][]byte) bool {
	le := binary.LittleEndian
	in := part[secDocs]
	if len(in)%docSize != 0 {
		return false
	}
	n := len(in) / docSize
	d.docs = make([]docRec, n)
	d.dead = make([]uint64, (n+63)/64)
	for f, file := range d.files {
		for i := file.first; i < file.first+file.count; i++ {
			rec := in[int(i)*docSize:]
			if le.Uint32(rec) != uint32(f) {
				return false
			}
			d.docs[i] = docRec{file: uint32(f), ordinal: le.Uint32(rec[4:]), length: le.Uint16(rec[8:])}
			d.totalLen += uint64(d.docs[i].length)
		}
	}
	return true
}

func (d *data) loadTerms(part *[sections][]byte) bool {
	le := binary.LittleEndian
	in := part[secTerms]
	if len(in)%termSize != 0 {
		return false
	}
	n := len(in) / termSize
	d.base = part[secPostings]
	d.dict.text = part[secTermText]
	d.dict.terms = make([]termRec, n)
	d.dict.ends = make([]uint32, n)
	d.baseEnds = make([]uint32, n)
	at, off := uint32(0), uint32(0)
	for i := range n {
		rec := in[i*termSize:]
		end, size := le.Uint32(rec), le.Uint32(rec[4:])
		t := termRec{count: le.Uint32(rec[8:]), last: le.Uint32(rec[12:])}
		if end < at || int(end) > len(d.dict.text) || size > uint32(len(d.base))-off ||
			t.count == 0 || t.count > t.last || int(t.last) > len(d.docs) {
			return false
		}
		at, off = end, off+size
		d.dict.ends[i], d.dict.terms[i], d.baseEnds[i] = end, t, off
	}
	if int(at) != len(d.dict.text) || int(off) != len(d.base) {
		return false
	}
	size := 1024
	for size*3 < n*4 {
		size *= 2
	}
	d.dict.grow(size)
	return true
}
