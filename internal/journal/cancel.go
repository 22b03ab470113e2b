package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/innoclaw/innoclaw/internal/store"
)

// ErrCancelled is the cause of a handler's context when its run was cancelled.
var ErrCancelled = errors.New("run cancelled")

// ErrStopping is the cause of a handler's context when the journal stops. The
// run is not over: it is resumed or interrupted as its kind says.
var ErrStopping = errors.New("server stopping")

// Cancel ends a queued run and asks the worker of a running one, in whatever
// process, to stop: its context ends with the cause [ErrCancelled]. Cancelling
// an ended run does nothing. It returns ErrNotFound for an unknown run.
func (j *Journal) Cancel(ctx context.Context, id string) error {
	ended := false
	err := j.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		ended = false
		var kind string
		var state State
		err := tx.QueryRowContext(ctx, `UPDATE run SET cancel_requested = TRUE, updated_at = $2 WHERE id = $1 RETURNING kind, state`,
			id, j.now()).Scan(&kind, &state)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil || state != Queued {
			return err
		}
		if _, known := j.kinds[kind]; !known {
			return nil // a process that knows the kind ends it
		}
		ended, err = j.endTx(ctx, tx, id, outcome{state: Cancelled}, `state = 'queued'`)
		return err
	})
	if err != nil {
		if errors.Is(err, ErrNotFound) {
			return ErrNotFound
		}
		return fmt.Errorf("cancel run %s: %w", id, err)
	}
	if ended {
		j.hub.notify(id)
		return nil
	}
	j.cancelLocal(id)
	j.Wake()
	return nil
}

// cancelRequests returns which of this process's runs others want cancelled.
func (j *Journal) cancelRequests(ctx context.Context) ([]string, error) {
	rows, err := j.db.Read().QueryContext(ctx, `SELECT id FROM run WHERE state IN ('running', 'waiting') AND cancel_requested`)
	if err != nil {
		return nil, fmt.Errorf("look for cancelled runs: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what went wrong
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("look for cancelled runs: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// Prune deletes the runs that ended before the given time, with their events,
// and returns how many they were.
func (j *Journal) Prune(ctx context.Context, before time.Time) (int, error) {
	return j.prune(ctx, store.Millis(before))
}
