package lexical

// compactIfDue rewrites the index when too much of it is removed. The caller
// holds writer.
func (x *Index) compactIfDue() {
	d := x.data
	chunks := d.deadDocs > compactFloor && float64(d.deadDocs) > compactShare*float64(len(d.docs))
	files := len(d.files)-len(d.names) > compactFloor && len(d.files) > 2*len(d.names)
	if chunks || files {
		x.compact()
	}
}

// Compact rewrites the index without what was removed. Put and RemoveFile do
// it by themselves when it is due; searches go on meanwhile.
func (x *Index) Compact() {
	x.writer.Lock()
	defer x.writer.Unlock()
	x.compact()
}

// compact builds the new data beside the old, which only writers change, and
// swaps them. The caller holds writer.
func (x *Index) compact() {
	fresh := x.data.compacted()
	x.mu.Lock()
	x.data = fresh
	x.mu.Unlock()
}

// compacted returns a copy without removed chunks and files and without terms
// that nothing contains any more, all postings in one piece.
func (d *data) compacted() *data {
	n := newData()
	renumber := make([]uint32, len(d.docs))
	for _, f := range d.files {
		if !f.alive {
			for i := range f.count {
				renumber[f.first+i] = noTerm
			}
			continue
		}
		file := uint32(len(n.files))
		first := uint32(len(n.docs))
		for i := range f.count {
			renumber[f.first+i] = first + i
			doc := d.docs[f.first+i]
			doc.file = file
			n.docs = append(n.docs, doc)
			n.totalLen += uint64(doc.length)
		}
		f.first = first
		n.names[f.name] = file
		n.files = append(n.files, f)
	}
	n.dead = make([]uint64, (len(n.docs)+63)/64)
	for id := range d.dict.terms {
		n.copyTerm(d, uint32(id), renumber)
	}
	return n
}

// copyTerm appends the living postings of a term of old to base.
func (d *data) copyTerm(old *data, id uint32, renumber []uint32) {
	var buf [maxPosting + 4]byte
	rec := termRec{}
	last := uint32(0)
	old.segments(id, func(seg []byte) {
		last = decodeSegment(seg, last, uint32(len(renumber)), func(n uint32, tf, fields uint8) {
			if n = renumber[n]; n == noTerm {
				return
			}
			size := encodePosting(buf[:], n+1-rec.last, tf, fields)
			d.base = append(d.base, buf[:size]...)
			rec.last = n + 1
			rec.count++
		})
	})
	if rec.count == 0 {
		return
	}
	d.baseEnds = append(d.baseEnds, uint32(len(d.base)))
	term := string(old.dict.term(id))
	added := d.dict.add(term, d.dict.hash(term))
	d.dict.terms[added] = rec
}
