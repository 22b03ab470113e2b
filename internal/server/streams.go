package server

import (
	"context"
	"errors"
	"sync"
)

// Causes for which an open stream is ended, as context.Cause tells.
var (
	ErrWithdrawn = errors.New("credential withdrawn")
	ErrStopping  = errors.New("server is stopping")
)

// streams are the answers that stay open. They must end when their caller loses
// access and when the server stops.
type streams struct {
	mu       sync.Mutex
	running  map[*exchange]context.CancelCauseFunc
	stopping bool
}

// open registers x and returns the context of its handler.
func (s *streams) open(x *exchange) (ctx context.Context, end func()) {
	ctx, cancel := context.WithCancelCause(x)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		s.running = map[*exchange]context.CancelCauseFunc{}
	}
	if s.stopping {
		cancel(ErrStopping)
	}
	s.running[x] = cancel
	return ctx, func() {
		cancel(nil)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.running, x)
	}
}

// Withdraw ends the open streams of all callers for whom match is true. It is
// called when a session or token is revoked or an account is suspended.
func (s *Server) Withdraw(match func(Caller) bool) {
	s.streams.mu.Lock()
	defer s.streams.mu.Unlock()
	for x, cancel := range s.streams.running {
		if x.known && match(x.caller) {
			cancel(ErrWithdrawn)
		}
	}
}

// stopStreams ends all streams, and those that come later at once.
func (s *Server) stopStreams() {
	s.streams.mu.Lock()
	defer s.streams.mu.Unlock()
	s.streams.stopping = true
	for _, cancel := range s.streams.running {
		cancel(ErrStopping)
	}
}
