package document

import (
	"errors"
	"sync/atomic"

	"github.com/tetratelabs/wazero/experimental"
)

// guestMemory is where the PDFium instances of one slot get their memory: up to
// a limit, and the next instance reuses the bytes of the last, which saves the
// collector 20 MB of garbage for each file.
type guestMemory struct {
	limit   uint64
	spare   []byte       // zeroed up to its capacity
	current *guestBuffer // of the last instance
	refused atomic.Bool  // the limit was hit since reset
	stop    atomic.Bool  // the module is to end at its next tick
}

// maxGuestMemory is the highest limit: above it a tick could not be told.
const maxGuestMemory = (tickPages - 1) * 64 << 10

// errStopped is what a stopped module ends with.
var errStopped = errors.New("PDF instance was stopped")

// keepSpare is the size in bytes above which memory is not kept for the next file.
const keepSpare = 64 << 20

// Allocate implements experimental.MemoryAllocator.
func (m *guestMemory) Allocate(_, _ uint64) experimental.LinearMemory {
	m.current = &guestBuffer{owner: m, bytes: m.spare[:0]}
	m.spare = nil
	return m.current
}

// recycle takes back the memory of an instance that has ended in good order.
func (m *guestMemory) recycle() {
	if m.current != nil && cap(m.current.bytes) <= keepSpare {
		clear(m.current.bytes)
		m.spare = m.current.bytes[:0]
	}
	m.current = nil
}

// guestBuffer is the memory of one instance.
type guestBuffer struct {
	owner *guestMemory
	bytes []byte
}

// Reallocate implements experimental.LinearMemory. What it adds is zero. It is
// also called for each tick.
func (b *guestBuffer) Reallocate(size uint64) []byte {
	if b.owner.stop.Load() {
		panic(errStopped) // the runtime ends the module and returns the error
	}
	if size == uint64(len(b.bytes))+tickPages*64<<10 {
		return nil
	}
	if size > b.owner.limit {
		b.owner.refused.Store(true)
		return nil
	}
	if size > uint64(cap(b.bytes)) {
		// Half as much again, so that growing page by page copies little.
		grown := make([]byte, size, min(size+size/2, b.owner.limit))
		copy(grown, b.bytes)
		b.bytes = grown
	}
	b.bytes = b.bytes[:size]
	return b.bytes
}

// Free implements experimental.LinearMemory. The bytes may still be read by the
// call that is being stopped, so they are left to the collector, or to recycle.
func (b *guestBuffer) Free() {}
