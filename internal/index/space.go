package index

import (
	"context"
	"sync"
	"time"
)

// Bounds of what waits to be looked at.
const (
	// maxWaiting is the number of changed paths beyond which one look at the
	// whole workspace is cheaper than one at each.
	maxWaiting = 4000
	// longestWait is how long a file that never rests is put off.
	longestWait = 15 * time.Second
)

// space is the runtime state of one workspace in this process.
type space struct {
	id       string
	ownerID  string
	made     time.Time
	attached bool // guarded by Service.mu
	cancel   context.CancelFunc

	lex lex

	mu       sync.Mutex
	waiting  map[string]*waiting
	all      bool          // look at the whole workspace
	wake     chan struct{} // capacity 1
	paused   string        // why nothing can be stored at present
	blind    string        // why the folder can not be watched; "" when it is
	watching bool
	busy     int                 // reconciles in progress
	syncs    int                 // of them, looks at the whole workspace
	slow     map[string]*reading // by path, files that take long to read
}

// waiting is a path that changed.
type waiting struct {
	first, last time.Time // first and last notice
	stamp       stamp     // of the look before
	looked      bool
	now         bool // need not rest: the writer said that it is done
}

// stamp is what must stay the same for a file to be at rest.
type stamp struct{ size, mtime, inode int64 }

func newSpace(id string) *space {
	return &space{id: id, made: time.Now(), waiting: map[string]*waiting{}, slow: map[string]*reading{}, wake: make(chan struct{}, 1)}
}

// enqueue notes changed paths; no path means the whole workspace. With now the
// paths are complete and need not rest first.
func (sp *space) enqueue(paths []string, now bool) {
	at := time.Now()
	sp.mu.Lock()
	if len(paths) == 0 || len(sp.waiting)+len(paths) > maxWaiting {
		sp.all = true
		clear(sp.waiting)
	}
	if !sp.all {
		for _, p := range paths {
			sp.note(p, at, now)
		}
	}
	sp.mu.Unlock()
	sp.signal()
}

// note adds a path; mu is held.
func (sp *space) note(path string, at time.Time, now bool) {
	if path == "" {
		sp.all = true
		return
	}
	w := sp.waiting[path]
	if w == nil {
		w = &waiting{first: at}
		sp.waiting[path] = w
	}
	w.last = at
	w.now = now
	w.looked = w.looked && now
}

func (sp *space) signal() {
	select {
	case sp.wake <- struct{}{}:
	default:
	}
}

// due takes the paths that are at rest; all tells that the whole workspace is
// to be looked at instead. rest tells how long until more may be due, 0 if
// nothing waits. look gives the stamp of a path; ok is false if it is no file.
func (sp *space) due(quiet time.Duration, look func(path string) (stamp, bool)) (paths []string, all bool, rest time.Duration) {
	now := time.Now()
	sp.mu.Lock()
	if sp.all {
		sp.all = false
		clear(sp.waiting)
		sp.mu.Unlock()
		return nil, true, 0
	}
	var ripe []string
	for p, w := range sp.waiting {
		if w.now || now.Sub(w.last) >= quiet {
			ripe = append(ripe, p)
		}
	}
	sp.mu.Unlock()

	stamps := make(map[string]stamp, len(ripe))
	for _, p := range ripe {
		if st, ok := look(p); ok {
			stamps[p] = st
		}
	}

	sp.mu.Lock()
	defer sp.mu.Unlock()
	for _, p := range ripe {
		w := sp.waiting[p]
		if w == nil {
			continue
		}
		st, file := stamps[p]
		atRest := !file || w.now || w.looked && w.stamp == st || now.Sub(w.first) > longestWait
		if !atRest {
			w.looked, w.stamp = true, st
			continue
		}
		paths = append(paths, p)
		delete(sp.waiting, p)
	}
	if len(sp.waiting) > 0 {
		rest = quiet/2 + time.Millisecond
	}
	return paths, false, rest
}

// retryLater puts paths back after a while of rest.
func (sp *space) retryLater(paths []string) {
	if len(paths) > 0 {
		sp.enqueue(paths, false)
	}
}

func (sp *space) setPaused(reason string) (was string) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	was, sp.paused = sp.paused, reason
	return was
}

func (sp *space) setBlind(reason string) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	sp.blind, sp.watching = reason, reason == ""
}

func (sp *space) condition() (paused, blind string, watching bool) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	return sp.paused, sp.blind, sp.watching
}
