package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
)

// ErrLeaseLost means that another worker took the run over, or that it ended:
// the handler must stop and its write did not happen.
var ErrLeaseLost = errors.New("run lease lost")

// Lease is a handler's hold on its run. All its writes are refused with
// [ErrLeaseLost] once another worker has the run. They work until the handler
// returns, also after its context was cancelled, given a context that lives
// (context.WithoutCancel).
type Lease struct {
	j      *Journal
	token  string
	cancel context.CancelCauseFunc

	mu  sync.Mutex // guards run
	run Run
}

// Run returns the run as this worker knows it.
func (l *Lease) Run() Run {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.run
}

func (l *Lease) id() string { return l.run.ID } // never changes

// Append adds events in one transaction and returns the number of the last one.
func (l *Lease) Append(ctx context.Context, drafts ...Draft) (lastSeq int64, err error) {
	if len(drafts) == 0 {
		return l.Run().LastSeq, nil
	}
	events, err := encodeDrafts(drafts)
	if err != nil {
		return 0, err
	}
	return l.write(ctx, events, nil, ``)
}

// Commit runs fn and adds events in one transaction, so that what fn writes and
// the journal never disagree. Fn may run more than once, see [store.DB.Update].
func (l *Lease) Commit(ctx context.Context, fn func(ctx context.Context, tx *sql.Tx) error, drafts ...Draft) error {
	events, err := encodeDrafts(drafts)
	if err != nil {
		return err
	}
	_, err = l.write(ctx, events, fn, ``)
	return err
}

// SetCursor stores how far the handler came, for the next attempt.
func (l *Lease) SetCursor(ctx context.Context, v any) error {
	text, err := encode(v)
	if err != nil {
		return fmt.Errorf("cursor of run %s: %w", l.id(), err)
	}
	if _, err := l.write(ctx, nil, nil, `, cursor = $5`, text); err != nil {
		return err
	}
	l.mu.Lock()
	l.run.Cursor = json.RawMessage(text)
	l.mu.Unlock()
	return nil
}

// CommitCursor is Commit and SetCursor in one transaction: a step's data, its
// events and that it is done.
func (l *Lease) CommitCursor(ctx context.Context, cursor any, fn func(ctx context.Context, tx *sql.Tx) error, drafts ...Draft) error {
	text, err := encode(cursor)
	if err != nil {
		return fmt.Errorf("cursor of run %s: %w", l.id(), err)
	}
	events, err := encodeDrafts(drafts)
	if err != nil {
		return err
	}
	if _, err := l.write(ctx, events, fn, `, cursor = $5`, text); err != nil {
		return err
	}
	l.mu.Lock()
	l.run.Cursor = json.RawMessage(text)
	l.mu.Unlock()
	return nil
}

// SetProgress stores what people are shown of the run and adds a "progress"
// event with it. Callers call it a few times per second at most.
func (l *Lease) SetProgress(ctx context.Context, v any) error {
	text, err := encode(v)
	if err != nil {
		return fmt.Errorf("progress of run %s: %w", l.id(), err)
	}
	_, err = l.write(ctx, []encoded{{ProgressEvent, text}}, nil, `, progress = $5`, text)
	return err
}

// Wait marks the run as waiting for something and adds a state event. The
// handler keeps the run and calls Proceed when it goes on.
func (l *Lease) Wait(ctx context.Context, reason WaitReason) error {
	return l.setState(ctx, Waiting, reason)
}

// Proceed marks a waiting run as running again.
func (l *Lease) Proceed(ctx context.Context) error {
	return l.setState(ctx, Running, "")
}

func (l *Lease) setState(ctx context.Context, s State, reason WaitReason) error {
	events := []encoded{stateEvent(StatePayload{State: s, WaitingFor: reason})}
	_, err := l.write(ctx, events, nil, `, state = $5, waiting_for = $6`, string(s), string(reason))
	return err
}

// write is the one way a handler writes: it checks the lease and raises the
// run's event number by comparing and setting, then runs fn and adds the events.
// extra sets further columns, with parameters from $5 on.
func (l *Lease) write(ctx context.Context, events []encoded, fn func(ctx context.Context, tx *sql.Tx) error, extra string, args ...any) (int64, error) {
	j := l.j
	var last int64
	err := j.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		now := j.now()
		all := append([]any{l.id(), l.token, int64(len(events)), now}, args...)
		err := tx.QueryRowContext(ctx, `UPDATE run SET last_seq = last_seq + $3, updated_at = $4`+extra+`
			WHERE id = $1 AND lease_owner = $2 AND state IN ('running', 'waiting') RETURNING last_seq`, all...).Scan(&last)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrLeaseLost
		}
		if err != nil {
			return err
		}
		if fn != nil {
			if err := fn(ctx, tx); err != nil {
				return err
			}
		}
		return insertEvents(ctx, tx, l.id(), last-int64(len(events))+1, now, events)
	})
	if errors.Is(err, ErrLeaseLost) {
		l.cancel(ErrLeaseLost)
		return 0, ErrLeaseLost
	}
	if err != nil {
		return 0, fmt.Errorf("write to run %s: %w", l.id(), err)
	}
	l.mu.Lock()
	l.run.LastSeq = last
	l.mu.Unlock()
	if len(events) > 0 {
		j.hub.notify(l.id())
	}
	return last, nil
}
