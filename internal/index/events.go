package index

import (
	"slices"
	"sync"
)

// maxNamed is the number of changed paths told one by one; beyond it listeners
// hear that any file may have changed.
const maxNamed = 200

// hub tells listeners of this process about changes. It never waits for them.
type hub struct {
	mu        sync.Mutex
	listeners map[string]map[*Listener]struct{} // by workspace
}

// Listener hears of changes in a workspace. Close it when done.
type Listener struct {
	hub  *hub
	id   string
	wake chan struct{} // capacity 1

	mu    sync.Mutex
	paths map[string]struct{}
	many  bool // more paths than are named
}

// Listen begins to collect the changes of a workspace.
func (s *Service) Listen(workspaceID string) *Listener {
	l := &Listener{hub: &s.hub, id: workspaceID, wake: make(chan struct{}, 1), paths: map[string]struct{}{}}
	h := &s.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.listeners == nil {
		h.listeners = map[string]map[*Listener]struct{}{}
	}
	if h.listeners[workspaceID] == nil {
		h.listeners[workspaceID] = map[*Listener]struct{}{}
	}
	h.listeners[workspaceID][l] = struct{}{}
	return l
}

// Close ends the listening.
func (l *Listener) Close() {
	l.hub.mu.Lock()
	defer l.hub.mu.Unlock()
	delete(l.hub.listeners[l.id], l)
	if len(l.hub.listeners[l.id]) == 0 {
		delete(l.hub.listeners, l.id)
	}
}

// C receives when something changed since the last Take.
func (l *Listener) C() <-chan struct{} { return l.wake }

// Take gives the changed paths collected so far, sorted; any means that there
// were too many to name.
func (l *Listener) Take() (paths []string, any bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for p := range l.paths {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	any = l.many
	clear(l.paths)
	l.many = false
	if any {
		return nil, true
	}
	return paths, false
}

func (l *Listener) add(paths []string, any bool) {
	l.mu.Lock()
	for _, p := range paths {
		l.paths[p] = struct{}{}
	}
	if any || len(l.paths) > maxNamed {
		l.many = true
		clear(l.paths)
	}
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// files tells that files changed; no path means any.
func (h *hub) files(workspaceID string, paths []string) {
	h.each(workspaceID, func(l *Listener) { l.add(paths, len(paths) == 0) })
}

// index tells that the index or its condition changed.
func (h *hub) index(workspaceID string) {
	h.each(workspaceID, func(l *Listener) { l.add(nil, false) })
}

func (h *hub) each(workspaceID string, f func(*Listener)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range h.listeners[workspaceID] {
		f(l)
	}
}
