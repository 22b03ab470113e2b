package index

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/fsnotify/fsnotify"

	"github.com/innoclaw/innoclaw/internal/boundary"
)

// eventBuffer is how many events may wait while one is looked at.
const eventBuffer = 4096

// watcher watches the folders of all workspaces with one inotify instance. It
// only ever names paths; what is there is found out through the boundary.
type watcher struct {
	fs       *fsnotify.Watcher
	reason   string // why there is none
	limit    int
	notice   func(sp *space, path string)
	overflow func()

	mu    sync.Mutex
	roots map[*space]*boundary.Dir
	dirs  map[string]*space // absolute folders that are watched
}

func newWatcher(limit int, notice func(*space, string), overflow func()) *watcher {
	w := &watcher{limit: limit, notice: notice, overflow: overflow, roots: map[*space]*boundary.Dir{}, dirs: map[string]*space{}}
	fs, err := fsnotify.NewBufferedWatcher(eventBuffer)
	if err != nil {
		w.reason = watchProblem(err)
		return w
	}
	w.fs = fs
	return w
}

// watchProblem says in plain words why a folder can not be watched.
func watchProblem(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return "too many folders to watch: raise fs.inotify.max_user_watches; until then changes are found by looking every now and then"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "too many programs watch folders: raise fs.inotify.max_user_instances; until then changes are found by looking every now and then"
	}
	return "folders can not be watched here: changes are found by looking every now and then"
}

// run hands events on until ctx ends.
func (w *watcher) run(ctx context.Context) {
	if w.fs == nil {
		return
	}
	defer w.fs.Close()
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-w.fs.Events:
			if !ok {
				return
			}
			w.event(e)
		case err, ok := <-w.fs.Errors:
			if !ok {
				return
			}
			if errors.Is(err, fsnotify.ErrEventOverflow) {
				w.overflow()
			}
		}
	}
}

func (w *watcher) event(e fsnotify.Event) {
	w.mu.Lock()
	sp, path, ok := w.place(e.Name)
	if e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename) {
		if _, watched := w.dirs[e.Name]; watched {
			w.unwatch(e.Name)
		}
	}
	w.mu.Unlock()
	if ok && !boundary.Ignored(path) {
		w.notice(sp, path)
	}
}

// place finds whose path an event is about; mu is held.
func (w *watcher) place(abs string) (*space, string, bool) {
	sp := w.dirs[filepath.Dir(abs)]
	if sp == nil {
		sp = w.dirs[abs] // the top folder itself
	}
	if sp == nil || w.roots[sp] == nil {
		return nil, "", false
	}
	path, ok := w.roots[sp].Rel(abs)
	return sp, path, ok
}

// unwatch forgets a folder and those below it; mu is held.
func (w *watcher) unwatch(abs string) {
	prefix := abs + string(filepath.Separator)
	for dir := range w.dirs {
		if dir == abs || strings.HasPrefix(dir, prefix) {
			delete(w.dirs, dir)
			_ = w.fs.Remove(dir) // it is gone already when the folder was deleted
		}
	}
}

// add watches a folder of a workspace. It answers why that is not possible.
func (w *watcher) add(sp *space, dir *boundary.Dir, path string) (problem string) {
	if w.fs == nil {
		return w.reason
	}
	abs := dir.Path(path)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.roots[sp] = dir
	if _, ok := w.dirs[abs]; ok {
		return ""
	}
	if w.limit > 0 && len(w.dirs) >= w.limit {
		return fmt.Sprintf("more than %d folders to watch: changes are found by looking every now and then", w.limit)
	}
	if err := w.fs.Add(abs); err != nil {
		if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.EACCES) {
			return "" // gone or closed: the walk will see it
		}
		return watchProblem(err)
	}
	w.dirs[abs] = sp
	return ""
}

// forget ends the watches of a workspace.
func (w *watcher) forget(sp *space) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.roots, sp)
	for dir, owner := range w.dirs {
		if owner == sp {
			delete(w.dirs, dir)
			if w.fs != nil {
				_ = w.fs.Remove(dir) // closed or deleted already
			}
		}
	}
}

// watchFunc gives the function that a walk tells each folder it enters; nil
// while the workspace is not followed.
func (s *Service) watchFunc(sp *space, dir *boundary.Dir) func(path string) {
	s.mu.Lock()
	w, following := s.watcher, sp.attached && s.live != nil && s.live.Err() == nil
	s.mu.Unlock()
	if w == nil || !following {
		return nil
	}
	return func(path string) {
		problem := w.add(sp, dir, path)
		if path == "" || problem != "" {
			sp.setBlind(problem)
		}
	}
}

// notice hears of each changed path.
func (s *Service) notice(sp *space, path string) {
	sp.enqueue([]string{path}, false)
	s.hub.files(sp.id, []string{path})
}

// overflow hears that events were lost.
func (s *Service) overflow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sp := range s.spaces {
		sp.enqueue(nil, true)
	}
}
