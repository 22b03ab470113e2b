package index

import (
	"path"
	"strings"
)

// candidate is a file that has to be extracted.
type candidate struct {
	path  string
	size  int64
	mtime int64 // ns
	inode int64
	old   *known // row it was planned against; nil for a new path
	own   bool   // brought in by .innoclawignore: its content is not taken for a secret
}

// settled is an entry whose state needs no reading of the file.
type settled struct {
	path   string
	size   int64
	mtime  int64
	inode  int64
	old    *known
	state  State
	reason string
	detail string
}

// move is a row whose file now has another path.
type move struct {
	from string
	to   candidate
	old  *known
}

// removal is a row whose file is gone.
type removal struct {
	path string
	old  *known
}

// plan is the difference between a tree and its rows.
type plan struct {
	extract []candidate
	settle  []settled
	moves   []move
	removed []removal
	files   int // files seen, left-out ones included
	same    int // of them, unchanged
}

// unchanged tells whether a file's row still says the truth, so that the file
// need not be opened.
func unchanged(c candidate, k *known, now int64) bool {
	if k.size != c.size || k.mtime != c.mtime || k.inode != c.inode || !k.current {
		return false
	}
	switch k.state {
	case Indexed:
		return true
	case Skipped:
		return contentReason(k.reason)
	case Failed:
		return k.retryAt == 0 || k.retryAt > now
	}
	return false
}

// findMoves pairs removed rows with new paths that are the same file: same
// inode, size and time of change. What a rename does not change needs no
// reading; a new extension does, for it can mean another type.
func (p *plan) findMoves() {
	type identity struct{ inode, size, mtime int64 }
	gone := map[identity]int{}
	for i, r := range p.removed {
		if r.old.state == Indexed && r.old.inode != 0 && r.old.current {
			gone[identity{r.old.inode, r.old.size, r.old.mtime}] = i
		}
	}
	if len(gone) == 0 {
		return
	}
	taken := map[int]bool{}
	rest := p.extract[:0]
	for _, c := range p.extract {
		i, ok := gone[identity{c.inode, c.size, c.mtime}]
		if !ok || taken[i] || c.old != nil || !sameType(p.removed[i].path, c.path) {
			rest = append(rest, c)
			continue
		}
		taken[i] = true
		p.moves = append(p.moves, move{from: p.removed[i].path, to: c, old: p.removed[i].old})
	}
	p.extract = rest
	p.dropRemoved(taken)
}

func (p *plan) dropRemoved(taken map[int]bool) {
	if len(taken) == 0 {
		return
	}
	kept := p.removed[:0]
	for i, r := range p.removed {
		if !taken[i] {
			kept = append(kept, r)
		}
	}
	p.removed = kept
}

// sameType tells whether two paths lead to the same extraction by name.
func sameType(a, b string) bool {
	if ea, eb := path.Ext(a), path.Ext(b); ea != "" || eb != "" {
		return strings.EqualFold(ea, eb)
	}
	return path.Base(a) == path.Base(b) // names such as Makefile decide as a whole
}
