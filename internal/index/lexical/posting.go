package lexical

import (
	"encoding/binary"
	"hash/maphash"
)

// Fields of a chunk in which a term stands besides the body.
const (
	inTitle      = 1 << iota // document title or file name
	inBreadcrumb             // heading path or folder name
)

// maxFrequency is the largest term frequency a posting can hold.
const maxFrequency = 63

// A posting is a varint of delta<<2|code. The delta is at least 1, so no
// posting starts with a zero byte; a zero marks the unused end of a slice.
// Code 0 to 2: frequency 1 to 3, body only. Code 3: one more byte with the
// frequency (0 when the term is in no body) above two field bits.
const codeExplicit = 3

// maxPosting is the length of the longest posting: a varint of 30 bits and one byte.
const maxPosting = 6

// encodePosting writes a posting to b, which has room for maxPosting bytes,
// and returns its length.
func encodePosting(b []byte, delta uint32, tf, fields uint8) int {
	if fields == 0 && tf >= 1 && tf <= codeExplicit {
		return binary.PutUvarint(b, uint64(delta)<<2|uint64(tf-1))
	}
	n := binary.PutUvarint(b, uint64(delta)<<2|codeExplicit)
	b[n] = min(tf, maxFrequency)<<2 | fields
	return n + 1
}

// termRec is where the later postings of a term are: a chain of pool slices
// beginning at head, behind those of a loaded or compacted index in data.base.
type termRec struct {
	head uint32 // address of the first slice in the pool, 0 if none
	next uint32 // address at which the next posting is written
	end  uint32 // address behind the payload of the last slice
	last uint32 // last document, plus one; 0 if none

	// The number of documents, removed ones included until compaction, below
	// dfBits bits, and above them the size class of the last slice.
	count uint32
}

const dfBits = 28 // as many as maxDocs needs

func (t *termRec) df() int { return int(t.count & (1<<dfBits - 1)) }

func (t *termRec) level() uint32 { return t.count >> dfBits }

// pool holds posting bytes in pages. A term's slices grow with its frequency,
// so that rare terms cost little and frequent ones are read in long stretches.
// Each slice ends with the address of the next one.
type pool struct {
	pages [][]byte
	used  int // bytes used in the last page
}

const (
	pageBits  = 16
	pageSize  = 1 << pageBits
	linkBytes = 4
	lastLevel = 11 // see sliceSize; below 1<<(32-dfBits)
)

// sliceSize is the length in bytes of the slice at a level, link included.
func sliceSize(level uint32) uint32 {
	sizes := [lastLevel + 1]uint32{12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512}
	return sizes[min(level, lastLevel)]
}

// init reserves address 0, which means "none".
func (p *pool) init() { p.used = pageSize }

func (p *pool) bytes() int { return len(p.pages) * pageSize }

func (p *pool) alloc(size uint32) uint32 {
	if p.used+int(size) > pageSize {
		p.pages = append(p.pages, make([]byte, pageSize))
		p.used = 0
		if len(p.pages) == 1 {
			p.used = linkBytes
		}
	}
	addr := uint32(len(p.pages)-1)<<pageBits | uint32(p.used)
	p.used += int(size)
	return addr
}

func (p *pool) at(addr uint32) []byte { return p.pages[addr>>pageBits][addr&(pageSize-1):] }

// append adds document n to a term. Documents come in rising order.
func (p *pool) append(t *termRec, n uint32, tf, fields uint8) {
	var b [maxPosting + 4]byte
	size := uint32(encodePosting(b[:], n+1-t.last, tf, fields))
	if t.head == 0 {
		t.head = p.alloc(sliceSize(0))
		t.next, t.end = t.head, t.head+sliceSize(0)-linkBytes
	} else if t.next+size > t.end {
		if t.level() < lastLevel {
			t.count += 1 << dfBits
		}
		fresh := p.alloc(sliceSize(t.level()))
		binary.LittleEndian.PutUint32(p.at(t.end), fresh)
		t.next, t.end = fresh, fresh+sliceSize(t.level())-linkBytes
	}
	copy(p.at(t.next), b[:size])
	t.next += size
	t.last = n + 1
	t.count++
}

// segments calls yield with each stretch of a term's postings, in order. A
// stretch may end with zero bytes.
func (d *data) segments(id uint32, yield func([]byte)) {
	if int(id) < len(d.baseEnds) {
		start := uint32(0)
		if id > 0 {
			start = d.baseEnds[id-1]
		}
		if end := d.baseEnds[id]; start < end {
			yield(d.base[start:end])
		}
	}
	level := uint32(0)
	for addr := d.dict.terms[id].head; addr != 0; level++ {
		size := sliceSize(level)
		s := d.pool.at(addr)[:size]
		yield(s[:size-linkBytes])
		addr = binary.LittleEndian.Uint32(s[size-linkBytes:])
	}
}

// decodeSegment calls yield for each posting of a stretch and returns the last
// document, plus one, given the one before the stretch.
func decodeSegment(s []byte, last, limit uint32, yield func(doc uint32, tf, fields uint8)) uint32 {
	for i := 0; i < len(s) && s[i] != 0; {
		v, n := binary.Uvarint(s[i:])
		if n <= 0 {
			return limit
		}
		i += n
		next := uint64(last) + v>>2
		if v>>2 == 0 || next > uint64(limit) {
			return limit // damaged: no such document
		}
		last = uint32(next)
		tf, fields := uint8(v&3)+1, uint8(0)
		if v&3 == codeExplicit {
			if i >= len(s) {
				return limit
			}
			tf, fields = s[i]>>2, s[i]&3
			i++
		}
		yield(last-1, tf, fields)
	}
	return last
}

// noTerm stands for a term that is not in the dictionary.
const noTerm = ^uint32(0)

// dictionary maps terms to their records: an open hash table of term numbers
// over one string of bytes, without a pointer per term.
type dictionary struct {
	seed  maphash.Seed
	terms []termRec
	ends  []uint32 // ends[i] is where term i ends in text
	text  []byte
	table []uint32 // term number plus one, 0 for free; a power of two long
}

func (d *dictionary) init(seed maphash.Seed) {
	d.seed = seed
	d.table = make([]uint32, 1024)
}

func (d *dictionary) len() int { return len(d.terms) }

func (d *dictionary) bytes() int {
	return cap(d.terms)*20 + cap(d.ends)*4 + cap(d.text) + cap(d.table)*4
}

func (d *dictionary) hash(term string) uint32 { return uint32(maphash.String(d.seed, term)) }

func (d *dictionary) term(id uint32) []byte {
	start := uint32(0)
	if id > 0 {
		start = d.ends[id-1]
	}
	return d.text[start:d.ends[id]]
}

// find returns the number of a term, or noTerm.
func (d *dictionary) find(term string, hash uint32) uint32 {
	mask := uint32(len(d.table) - 1)
	for i := hash & mask; d.table[i] != 0; i = (i + 1) & mask {
		if id := d.table[i] - 1; string(d.term(id)) == term {
			return id
		}
	}
	return noTerm
}

// add appends a term that is not there yet.
func (d *dictionary) add(term string, hash uint32) uint32 {
	id := uint32(len(d.terms))
	d.terms = append(d.terms, termRec{})
	d.text = append(d.text, term...)
	d.ends = append(d.ends, uint32(len(d.text)))
	if len(d.terms)*4 > len(d.table)*3 {
		d.grow(2 * len(d.table))
		return id
	}
	d.place(id, hash)
	return id
}

func (d *dictionary) place(id, hash uint32) {
	mask := uint32(len(d.table) - 1)
	i := hash & mask
	for d.table[i] != 0 {
		i = (i + 1) & mask
	}
	d.table[i] = id + 1
}

// grow rebuilds the hash table with the given size, a power of two.
func (d *dictionary) grow(size int) {
	d.table = make([]uint32, size)
	for id := range d.terms {
		d.place(uint32(id), uint32(maphash.Bytes(d.seed, d.term(uint32(id)))))
	}
}
