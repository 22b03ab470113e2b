package model

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"time"
)

// Bounds of Retry.
const (
	// MaxAttempts is how often a call is made at most.
	MaxAttempts = 3
	// MaxRetryWait is the longest pause that is waited out; a provider that asks
	// for more gets no second call.
	MaxRetryWait  = 20 * time.Second
	firstBackoff  = 500 * time.Millisecond
	backoffFactor = 2
)

// Retry makes a provider repeat calls that failed for a passing reason. A call is
// never repeated once any event of it was delivered, and a wait that the provider
// asked for is respected. Pauses grow and carry jitter.
func Retry(p Provider) Provider { return retrier{p} }

type retrier struct{ Provider }

// Unwrap gives the provider inside, so that its further abilities can be found.
func (r retrier) Unwrap() Provider { return r.Provider }

func (r retrier) Stream(ctx context.Context, q Request) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for attempt := 1; ; attempt++ {
			err, done := r.once(ctx, q, yield)
			if done {
				return
			}
			if wait, again := pause(err, attempt); !again || !sleep(ctx, wait) {
				yield(Event{}, err)
				return
			}
		}
	}
}

// once makes one call. done says that the caller has everything it can get: all
// events, or some and then the error.
func (r retrier) once(ctx context.Context, q Request, yield func(Event, error) bool) (failed error, done bool) {
	delivered := false
	for e, err := range r.Provider.Stream(ctx, q) {
		if err != nil {
			if !delivered {
				return err, false
			}
			yield(Event{}, err)
			return nil, true
		}
		delivered = true
		if !yield(e, nil) {
			return nil, true
		}
	}
	return nil, true
}

// pause tells how long to wait after err before the next attempt.
func pause(err error, attempt int) (time.Duration, bool) {
	var e *Error
	if attempt >= MaxAttempts || !errors.As(err, &e) || !e.Temporary() || e.Delivered {
		return 0, false
	}
	if e.RetryAfter > 0 {
		// Jitter only adds: never earlier than asked.
		return e.RetryAfter + rand.N(e.RetryAfter/10+time.Millisecond), e.RetryAfter <= MaxRetryWait
	}
	backoff := firstBackoff
	for range attempt - 1 {
		backoff *= backoffFactor
	}
	return backoff/2 + rand.N(backoff), true
}

// sleep waits and tells whether ctx is still alive.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// As finds the first provider in p's chain of wrappers that is a T.
func As[T any](p Provider) (T, bool) {
	for p != nil {
		if t, ok := p.(T); ok {
			return t, true
		}
		w, ok := p.(interface{ Unwrap() Provider })
		if !ok {
			break
		}
		p = w.Unwrap()
	}
	var zero T
	return zero, false
}
