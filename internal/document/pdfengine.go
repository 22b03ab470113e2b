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

	_ "unsafe" // for go:linkname

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"
)

// pdfiumModule is the WebAssembly module that the binding embeds. The binding
// takes other modules but does not give out its own; a copy in this repository
// would be five megabytes that have to follow each of its versions.
//
//go:linkname pdfiumModule github.com/klippa-app/go-pdfium/webassembly.pdfiumWasm
var pdfiumModule []byte

// pdfEngine runs PDFium as WebAssembly. Each file gets a fresh instance of the
// module, so nothing of one file can reach the next. The compiled code is shared
// by all slots, loaded at the first file and given back after idle time.
//
// A deadline must be able to stop code that loops: the module is rewritten to
// ask now and then whether it may go on (see withTicks). Each slot has a pool of
// its own, which is thrown away after it was stopped and after any error.
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
	module []byte                  // PDFium with ticks; nil while nothing is loaded
	busy   int
	timer  *time.Timer // runs while loaded and not busy
	closed bool
}

// pdfSlot is the right to read one file at a time. It is used by one goroutine
// at a time.
type pdfSlot struct {
	pool   pdfium.Pool // nil before first use and after it was stopped
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
	memory := slot.memory
	stop := context.AfterFunc(ctx, func() { memory.stop.Store(true) })
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
	memory.refused.Store(false)
	err = f(ctx, instance)
	switch {
	case ctx.Err() != nil:
		return interrupted(ctx, e.limits)
	case err != nil && memory.refused.Load():
		return fmt.Errorf("%w: %w", errGuestMemory, err)
	case err != nil:
		return err
	}
	if healthy = instance.Close() == nil; healthy {
		memory.recycle()
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
		module, err := withTicks(pdfiumModule)
		if err != nil {
			return fmt.Errorf("load PDF code: %w", err)
		}
		e.cache, e.module = e.newCache(), module
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
	e.cache, e.module = nil, nil
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
	cache, module := e.cache, e.module
	e.mu.Unlock()
	memory := &guestMemory{limit: min(uint64(e.limits.Memory), maxGuestMemory)}
	pool, err := webassembly.InitWithWASM(webassembly.Config{
		Context:       experimental.WithMemoryAllocator(context.Background(), memory),
		WASM:          module,
		MaxTotal:      1,
		FSConfig:      wazero.NewFSConfig(), // no file system at all
		Stdout:        io.Discard,
		Stderr:        io.Discard,
		RuntimeConfig: wazero.NewRuntimeConfig().WithCompilationCache(cache),
	})
	if err != nil {
		return fmt.Errorf("load PDF code: %w", err)
	}
	slot.pool, slot.memory = pool, memory
	return nil
}

// discard stops whatever runs in the slot and frees it.
func (s *pdfSlot) discard() {
	if s.pool == nil {
		return
	}
	s.memory.stop.Store(true)
	_ = s.pool.Close() // errors tell that a stopped instance was stopped
	s.pool, s.memory = nil, nil
}
