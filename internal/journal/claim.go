package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/innoclaw/innoclaw/internal/store"
)

// claim takes the oldest run of a kind that waits for a worker, or one whose
// worker is lost when the kind resumes. ok is false when there is none.
// The token identifies this claim in all later writes.
func (j *Journal) claim(ctx context.Context, k Kind, token string) (run Run, ok bool, err error) {
	now := j.now()
	err = j.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		ok = false
		query := `UPDATE run SET state = 'running', waiting_for = '', attempt = attempt + 1, last_seq = last_seq + 1,
				lease_owner = $1, lease_expires_at = $2, started_at = COALESCE(started_at, $3), updated_at = $3
			WHERE id = (` + j.candidate(k) + `) AND state IN ` + sources(Running) + `
			RETURNING ` + runColumns
		run, err = scanRun(tx.QueryRowContext(ctx, query, token, now+j.ttl(), now, k.Name))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		ok = true
		return insertEvents(ctx, tx, run.ID, run.LastSeq, now, []encoded{stateEvent(StatePayload{State: Running, Attempt: run.Attempt})})
	})
	if err != nil {
		return Run{}, false, fmt.Errorf("claim run of kind %s: %w", k.Name, err)
	}
	if ok {
		j.hub.notify(run.ID)
	}
	return run, ok, nil
}

// candidate is the subquery of claim; $3 is the time, $4 the kind.
func (j *Journal) candidate(k Kind) string {
	// The first condition on the state is implied by the others; it lets the index find the few unfinished runs.
	q := `SELECT id FROM run WHERE kind = $4 AND state IN ('queued', 'running', 'waiting') AND NOT cancel_requested
		AND (state = 'queued' AND run_after <= $3`
	if k.OnLost == Resume {
		q += fmt.Sprintf(` OR state IN ('running', 'waiting') AND lease_expires_at <= $3 AND attempt < %d`, k.maxAttempts())
	}
	q += `) ORDER BY created_at, id LIMIT 1`
	if j.db.Dialect() == store.PostgreSQL {
		q += ` FOR UPDATE SKIP LOCKED`
	}
	return q
}

// claimable tells by reading alone whether claim may find something, so that
// idle servers never take the write lock.
func (j *Journal) claimable(ctx context.Context) (kinds map[string]bool, err error) {
	rows, err := j.db.Read().QueryContext(ctx, `SELECT DISTINCT kind FROM run
		WHERE state = 'queued' AND run_after <= $1 OR state IN ('running', 'waiting') AND lease_expires_at <= $1`, j.now())
	if err != nil {
		return nil, fmt.Errorf("look for runs: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what went wrong
	kinds = map[string]bool{}
	for rows.Next() {
		var kind string
		if err := rows.Scan(&kind); err != nil {
			return nil, fmt.Errorf("look for runs: %w", err)
		}
		kinds[kind] = true
	}
	return kinds, rows.Err()
}

// renew prolongs a lease. ok is false when it was lost.
func (j *Journal) renew(ctx context.Context, runID, token string) (ok, cancelRequested bool, err error) {
	now := j.now()
	err = j.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		ok = false
		err := tx.QueryRowContext(ctx, `UPDATE run SET lease_expires_at = $1, updated_at = $2
			WHERE id = $3 AND lease_owner = $4 AND state IN ('running', 'waiting') RETURNING cancel_requested`,
			now+j.ttl(), now, runID, token).Scan(&cancelRequested)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		ok = err == nil
		return err
	})
	if err != nil {
		return false, false, fmt.Errorf("renew the lease of run %s: %w", runID, err)
	}
	return ok, cancelRequested, nil
}

// release gives a lease back so that the run can be taken over at once.
func (j *Journal) release(ctx context.Context, runID, token string) error {
	err := j.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE run SET lease_owner = '', lease_expires_at = 0, updated_at = $1
			WHERE id = $2 AND lease_owner = $3 AND state IN ('running', 'waiting')`, j.now(), runID, token)
		return err
	})
	if err != nil {
		return fmt.Errorf("release run %s: %w", runID, err)
	}
	return nil
}

// outcome is how a run ends.
type outcome struct {
	state   State
	code    string
	message string
}

// end brings a run to a final state when guard (a SQL condition whose parameters
// begin at $6) still holds, and calls the kind's Finished in the same
// transaction. ok is false when it does not hold.
func (j *Journal) end(ctx context.Context, runID string, o outcome, guard string, args ...any) (ok bool, err error) {
	err = j.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		ok, err = j.endTx(ctx, tx, runID, o, guard, args...)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("end run %s as %s: %w", runID, o.state, err)
	}
	if ok {
		j.hub.notify(runID)
		j.Wake() // its key and its place are free
	}
	return ok, nil
}

func (j *Journal) endTx(ctx context.Context, tx *sql.Tx, runID string, o outcome, guard string, args ...any) (bool, error) {
	now := j.now()
	query := `UPDATE run SET state = $2, waiting_for = '', active_key = NULL, lease_owner = '', lease_expires_at = 0,
			error_code = $3, error_message = $4, last_seq = last_seq + 1, ended_at = $5, updated_at = $5
		WHERE id = $1 AND state IN ` + sources(o.state) + ` AND ` + guard + ` RETURNING ` + runColumns
	all := append([]any{runID, string(o.state), clean(o.code), clean(o.message), now}, args...)
	run, err := scanRun(tx.QueryRowContext(ctx, query, all...))
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	p := StatePayload{State: o.state}
	if o.code != "" {
		p.Error = &ErrorPayload{Code: run.ErrorCode, Message: run.ErrorMessage}
	}
	if err := insertEvents(ctx, tx, run.ID, run.LastSeq, now, []encoded{stateEvent(p)}); err != nil {
		return false, err
	}
	if k, ok := j.kinds[run.Kind]; ok && k.Finished != nil {
		if err := k.Finished(ctx, tx, run); err != nil {
			return false, fmt.Errorf("finish: %w", err)
		}
	}
	return true, nil
}

// clean makes text fit for both databases.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}
