package journal

import "sync"

// hub wakes the followers of a run in this process when it has new events.
type hub struct {
	mu      sync.Mutex // guards waiting
	waiting map[string]*bell
}

type bell struct {
	rung      chan struct{} // closed by the next notify
	followers int
}

// listen returns the bell of a run. Events committed after listen ring it. The
// caller calls leave once for each listen.
func (h *hub) listen(runID string) *bell {
	h.mu.Lock()
	defer h.mu.Unlock()
	b := h.waiting[runID]
	if b == nil {
		b = &bell{rung: make(chan struct{})}
		if h.waiting == nil {
			h.waiting = map[string]*bell{}
		}
		h.waiting[runID] = b
	}
	b.followers++
	return b
}

func (h *hub) leave(runID string, b *bell) {
	h.mu.Lock()
	defer h.mu.Unlock()
	b.followers--
	if b.followers == 0 && h.waiting[runID] == b {
		delete(h.waiting, runID)
	}
}

func (h *hub) notify(runID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if b := h.waiting[runID]; b != nil {
		close(b.rung)
		delete(h.waiting, runID)
	}
}
