package journal

import (
	"context"
	"iter"
	"time"
)

// followBatch is how many events a follower holds at most.
const followBatch = 128

// Follow yields the events of a run behind afterSeq (0 for all): past ones, then
// new ones as they are committed, each once and in order. It ends behind the
// last event of an ended run, or with an error: that of ctx, ErrNotFound when
// there is no such run (any more), or one of the database. Events of other
// processes arrive within Options.Poll.
func (j *Journal) Follow(ctx context.Context, runID string, afterSeq int64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		poll := time.NewTicker(j.poll)
		defer poll.Stop()
		for {
			// The bell comes before the reading: what is committed in between rings it.
			b := j.hub.listen(runID)
			next, done, err := j.followOnce(ctx, runID, afterSeq, yield)
			if err == nil && !done && next == afterSeq {
				err = wait(ctx, b, poll.C)
			}
			j.hub.leave(runID, b)
			if err != nil {
				yield(Event{}, err)
				return
			}
			if done {
				return
			}
			afterSeq = next
		}
	}
}

// followOnce yields one batch. done is true when nothing follows or the
// consumer has left.
func (j *Journal) followOnce(ctx context.Context, runID string, after int64, yield func(Event, error) bool) (next int64, done bool, err error) {
	events, err := j.Events(ctx, runID, after, followBatch)
	if err != nil {
		return after, false, err
	}
	for _, e := range events {
		if !yield(e, nil) || e.Ends() {
			return e.Seq, true, nil
		}
		after = e.Seq
	}
	if len(events) > 0 {
		return after, false, nil
	}
	run, err := j.Get(ctx, runID)
	if err != nil {
		return after, false, err
	}
	return after, run.State.Ended() && run.LastSeq <= after, nil
}

func wait(ctx context.Context, b *bell, poll <-chan time.Time) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-b.rung:
	case <-poll:
	}
	return nil
}
