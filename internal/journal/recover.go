package journal

import (
	"context"
	"database/sql"
	"fmt"
)

// abandonAll lets every lease run out at once. It is called at start when no
// other process works on this database, so that runs of a killed process need
// not wait for their leases.
func (j *Journal) abandonAll(ctx context.Context) error {
	err := j.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE run SET lease_owner = '', lease_expires_at = 0
			WHERE state IN ('running', 'waiting') AND lease_expires_at > 0`)
		return err
	})
	if err != nil {
		return fmt.Errorf("recover runs: %w", err)
	}
	return nil
}

// lostRun is a run that no worker will go on with by itself.
type lostRun struct {
	id, kind, token string
	state           State
	cancelRequested bool
	attempt         int
}

// recoverLost ends the runs whose worker is lost and that are not run again:
// cancelled ones, those of kinds that are interrupted, and those that took their
// worker down too often. Kinds this process does not know are left to others.
func (j *Journal) recoverLost(ctx context.Context) error {
	now := j.now()
	lost, err := j.lostRuns(ctx, now)
	if err != nil {
		return err
	}
	for _, l := range lost {
		if err := j.endLost(ctx, l, now); err != nil {
			j.log.Error("a lost run could not be ended", "run", l.id, "kind", l.kind, "error", err)
		}
	}
	return nil
}

// endLost ends one run as its kind wants, if it is still as it was at the time
// now, when it was found.
func (j *Journal) endLost(ctx context.Context, l lostRun, now int64) error {
	k, known := j.kinds[l.kind]
	if !known {
		return nil
	}
	var o outcome
	switch {
	case l.cancelRequested:
		o = outcome{state: Cancelled}
	case l.state == Queued:
		return nil
	case k.OnLost == Interrupt:
		o = outcome{state: Interrupted}
	case l.attempt >= k.maxAttempts():
		o = outcome{Failed, "crashed", fmt.Sprintf("The program ended %d times while it worked on this; it is not tried again.", l.attempt)}
	default:
		return nil // claimed again by the workers
	}
	guard, args := `state = 'queued'`, []any(nil)
	if l.state != Queued {
		guard, args = `lease_owner = $6 AND lease_expires_at <= $7`, []any{l.token, now}
	}
	_, err := j.end(ctx, l.id, o, guard, args...)
	return err
}

func (j *Journal) lostRuns(ctx context.Context, now int64) ([]lostRun, error) {
	rows, err := j.db.Read().QueryContext(ctx, `SELECT id, kind, lease_owner, state, cancel_requested, attempt FROM run
		WHERE state = 'queued' AND cancel_requested OR state IN ('running', 'waiting') AND lease_expires_at <= $1
		ORDER BY created_at, id`, now)
	if err != nil {
		return nil, fmt.Errorf("look for lost runs: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what went wrong
	var all []lostRun
	for rows.Next() {
		var l lostRun
		if err := rows.Scan(&l.id, &l.kind, &l.token, &l.state, &l.cancelRequested, &l.attempt); err != nil {
			return nil, fmt.Errorf("look for lost runs: %w", err)
		}
		all = append(all, l)
	}
	return all, rows.Err()
}

// pruneBatch keeps each deleting transaction short.
const pruneBatch = 50

// prune deletes runs that ended before the time given in Unix milliseconds, with
// their events, and tells how many.
func (j *Journal) prune(ctx context.Context, before int64) (deleted int, err error) {
	for {
		var n int64
		err := j.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
			res, err := tx.ExecContext(ctx, `DELETE FROM run WHERE id IN (SELECT id FROM run
				WHERE ended_at < $1 AND state IN ('succeeded', 'failed', 'cancelled', 'interrupted') LIMIT $2)`, before, pruneBatch)
			if err != nil {
				return err
			}
			n, err = res.RowsAffected()
			return err
		})
		if err != nil {
			return deleted, fmt.Errorf("delete old runs: %w", err)
		}
		deleted += int(n)
		if n < pruneBatch {
			return deleted, nil
		}
	}
}
