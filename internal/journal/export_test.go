package journal

import (
	"context"
	"errors"

	"github.com/innoclaw/innoclaw/internal/store"
)

// What follows lets the property test take each step of a worker by itself, in
// any order.

// Claim takes a run of the kind as a worker does; nil when there is none.
func (j *Journal) Claim(ctx context.Context, kind string) (*Lease, error) {
	token := store.NewID()
	run, ok, err := j.claim(ctx, j.kinds[kind], token)
	if err != nil || !ok {
		return nil, err
	}
	return &Lease{j: j, token: token, run: run, cancel: func(error) {}}, nil
}

// Renew prolongs the lease; false when it was lost.
func (l *Lease) Renew(ctx context.Context) (ok, cancelRequested bool, err error) {
	return l.j.renew(ctx, l.id(), l.token)
}

// Release gives the lease back.
func (l *Lease) Release(ctx context.Context) error { return l.j.release(ctx, l.id(), l.token) }

// Finish ends the run; false when the lease was lost.
func (l *Lease) Finish(ctx context.Context, s State) (ok bool, err error) {
	o := outcome{state: s}
	if s == Failed {
		o.code, o.message = "test", "A test failed it."
	}
	return l.j.end(ctx, l.id(), o, `lease_owner = $6`, l.token)
}

// RecoverLost is what a worker does at start and every Poll.
func (j *Journal) RecoverLost(ctx context.Context) error { return j.recoverLost(ctx) }

// AbandonAll is what a worker does at start when it is alone.
func (j *Journal) AbandonAll(ctx context.Context) error { return j.abandonAll(ctx) }

// Waiting is the number of followers that wait for a wake-up.
func (j *Journal) Waiting() int {
	j.hub.mu.Lock()
	defer j.hub.mu.Unlock()
	n := 0
	for _, b := range j.hub.waiting {
		n += b.followers
	}
	return n
}

// FindLost returns a function that ends the runs found lost at the time of the call.
func (j *Journal) FindLost(ctx context.Context) (endThem func() error, n int, err error) {
	now := j.now()
	lost, err := j.lostRuns(ctx, now)
	return func() error {
		var errs []error
		for _, l := range lost {
			errs = append(errs, j.endLost(ctx, l, now))
		}
		return errors.Join(errs...)
	}, len(lost), err
}
