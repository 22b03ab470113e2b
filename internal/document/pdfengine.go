package document

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"
)

// pdfEngine runs PDFium as WebAssembly. Each file gets a fresh instance of the
// module, so nothing of one file can reach the next. The compiled code is shared
// by all slots, loaded at the first file and given back after idle time.
//
// A deadline must be able to stop code that loops. PDFium's calls take their
// context from the pool they belong to, so each slot has a pool of its own, and
// stopping a call means to cancel that pool's context and to throw it away.
type pdfEngine struct {
	cacheDir string
	idle     time.Duration
	limits   Limits
	logger   *slog.Logger
	all      []*pdfSlot
	free     chan *pdfSlot // those that nobody uses

	mu     sync.Mutex
	left   sync.Cond               // signals that busy became 0
	cache  wazero.CompilationCache // nil while nothing is loaded
	busy   int
	timer  *time.Timer // runs while loaded and not busy
	closed bool
}

// pdfSlot is the right to read one file at a time. It is used by one goroutine
// at a time.
type pdfSlot struct {
	pool   pdfium.Pool // nil before first use and after it was stopped
	cancel context.CancelFunc
	memory *guestMemory
}

func newPDFEngine(cacheDir string, workers int, idle time.Duration, limits Limits, logger *slog.Logger) *pdfEngine {
	e := &pdfEngine{cacheDir: cacheDir, idle: idle, limits: limits, logger: logger, free: make(chan *pdfSlot, workers)}
	e.left.L = &e.mu
	for range workers {
		slot := &pdfSlot{}
		e.all = append(e.all, slot)
		e.free <- slot
	}
	return e
}

var (
	errClosed      = errors.New("the extractor is closed")
	errGuestMemory = errors.New("memory limit of the PDF instance")
)

// use calls f with a fresh PDFium instance. When ctx ends, or the time limit
// passes, the call that runs in it returns an error; use then returns what
// interrupted makes of that.
func (e *pdfEngine) use(ctx context.Context, f func(ctx context.Context, p pdfium.Pdfium) error) (err error) {
	var slot *pdfSlot
	select {
	case slot = <-e.free:
	case <-ctx.Done():
		return interrupted(ctx, e.limits)
	}
	defer func() { e.free <- slot }()
	if err := e.begin(); err != nil {
		return err
	}
	defer e.end()
	if err := e.open(slot); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, e.limits.Time, errDeadline)
	defer cancel()
	stop := context.AfterFunc(ctx, slot.cancel)
	healthy := false
	defer func() {
		if !stop() || !healthy {
			slot.discard()
		}
	}()
	instance, err := slot.pool.GetInstanceWithContext(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return interrupted(ctx, e.limits)
		}
		return fmt.Errorf("start PDF instance: %w", err)
	}
	slot.memory.refused.Store(false)
	err = f(ctx, instance)
	switch {
	case ctx.Err() != nil:
		return interrupted(ctx, e.limits)
	case err != nil && slot.memory.refused.Load():
		return fmt.Errorf("%w: %w", errGuestMemory, err)
	case err != nil:
		return err
	}
	if healthy = instance.Close() == nil; healthy {
		slot.memory.recycle()
	}
	return nil
}

// begin counts a user in, loading the shared code if need be.
func (e *pdfEngine) begin() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return fmt.Errorf("read PDF: %w", errClosed)
	}
	if e.timer != nil {
		e.timer.Stop()
		e.timer = nil
	}
	if e.cache == nil {
		e.cache = e.newCache()
	}
	e.busy++
	return nil
}

// end counts a user out. The last one starts the clock of idle time.
func (e *pdfEngine) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.busy--
	if e.busy > 0 {
		return
	}
	e.left.Broadcast()
	var timer *time.Timer
	timer = time.AfterFunc(e.idle, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.timer == timer && e.busy == 0 {
			e.timer = nil
			e.unload()
			debug.FreeOSMemory() // hundreds of megabytes that the process may not need again for days
		}
	})
	e.timer = timer
}

// unload gives back the code and the memory. The caller holds mu, and no user
// is in.
func (e *pdfEngine) unload() {
	if e.cache == nil {
		return
	}
	for _, slot := range e.all {
		slot.discard()
	}
	if err := e.cache.Close(context.Background()); err != nil {
		e.logger.Warn("closing the PDF code cache", "error", err)
	}
	e.cache = nil
	e.logger.Debug("PDF code unloaded")
}

// close waits for the users and gives everything back.
func (e *pdfEngine) close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	if e.timer != nil {
		e.timer.Stop()
		e.timer = nil
	}
	for e.busy > 0 {
		e.left.Wait()
	}
	e.unload()
	return nil
}

// newCache opens the cache of compiled code in the cache folder. Without a
// usable folder the code is compiled at each start.
func (e *pdfEngine) newCache() wazero.CompilationCache {
	if e.cacheDir == "" {
		return wazero.NewCompilationCache()
	}
	err := os.MkdirAll(e.cacheDir, 0o700)
	if err == nil {
		// What lies here is run: nobody else may write it.
		err = os.Chmod(e.cacheDir, 0o700)
	}
	if err == nil {
		cache, openErr := wazero.NewCompilationCacheWithDir(e.cacheDir)
		if openErr == nil {
			return cache
		}
		err = openErr
	}
	e.logger.Warn("PDF code is compiled without a cache", "error", err)
	return wazero.NewCompilationCache()
}

// open makes the slot ready for a file.
func (e *pdfEngine) open(slot *pdfSlot) error {
	if slot.pool != nil {
		return nil
	}
	e.mu.Lock()
	cache := e.cache
	e.mu.Unlock()
	memory := &guestMemory{limit: uint64(e.limits.Memory)}
	ctx, cancel := context.WithCancel(experimental.WithMemoryAllocator(context.Background(), memory))
	pool, err := webassembly.Init(webassembly.Config{
		Context:  ctx,
		MaxTotal: 1,
		FSConfig: wazero.NewFSConfig(), // no file system at all
		Stdout:   io.Discard,
		Stderr:   io.Discard,
		RuntimeConfig: wazero.NewRuntimeConfig().
			WithCompilationCache(cache).
			WithCloseOnContextDone(true),
	})
	if err != nil {
		cancel()
		return fmt.Errorf("load PDF code: %w", err)
	}
	slot.pool, slot.cancel, slot.memory = pool, cancel, memory
	return nil
}

// discard stops whatever runs in the slot and frees it.
func (s *pdfSlot) discard() {
	if s.pool == nil {
		return
	}
	s.cancel()
	_ = s.pool.Close() // errors tell that a stopped instance was stopped
	s.pool, s.cancel, s.memory = nil, nil, nil
}
