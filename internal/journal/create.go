package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/innoclaw/innoclaw/internal/store"
)

// MaxPayload is the largest input, cursor, progress or event payload, in bytes of JSON.
const MaxPayload = 4 << 20

// ErrTooLarge means that a value is over [MaxPayload].
var ErrTooLarge = errors.New("larger than the journal takes")

// Spec describes a run to create.
type Spec struct {
	Kind        string
	OwnerID     string
	WorkspaceID string
	// Key, if not empty, joins the unfinished run of the same kind and key
	// instead of making a second one.
	Key string
	// Input is stored as JSON; nil is {}. It should be small, such as ids: SQLite
	// writes it again with every event.
	Input any
	// RunAfter delays the first attempt; zero means at once.
	RunAfter time.Time
}

// Draft is an event to append. Payload is stored as JSON; nil is {}.
type Draft struct {
	Type    string
	Payload any
}

// Create makes a run and wakes the workers. created is false when the unfinished
// run with the same key was joined.
func (j *Journal) Create(ctx context.Context, s Spec) (run Run, created bool, err error) {
	err = j.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		run, created, err = j.CreateTx(ctx, tx, s)
		return err
	})
	if err != nil {
		return Run{}, false, err
	}
	if created {
		j.Wake()
	}
	return run, created, nil
}

// createAttempts bounds how often CreateTx looks for the other run when its key
// is taken: the other may end between the two statements.
const createAttempts = 3

// CreateTx is Create inside the caller's transaction. The caller calls
// [Journal.Wake] after the commit.
func (j *Journal) CreateTx(ctx context.Context, tx *sql.Tx, s Spec) (Run, bool, error) {
	if s.Kind == "" {
		return Run{}, false, errors.New("create run: no kind given")
	}
	input, err := encode(s.Input)
	if err != nil {
		return Run{}, false, fmt.Errorf("create run of kind %s: input: %w", s.Kind, err)
	}
	for range createAttempts {
		run, err := j.insert(ctx, tx, s, input)
		if err == nil {
			return run, true, nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return Run{}, false, fmt.Errorf("create run of kind %s: %w", s.Kind, err)
		}
		run, err = scanRun(tx.QueryRowContext(ctx, `SELECT `+runColumns+` FROM run WHERE kind = $1 AND active_key = $2`, s.Kind, s.Key))
		if err == nil {
			return run, false, nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return Run{}, false, fmt.Errorf("join run of kind %s: %w", s.Kind, err)
		}
	}
	return Run{}, false, fmt.Errorf("create run of kind %s: its key changed hands too often", s.Kind)
}

// insert returns sql.ErrNoRows when the key is taken.
func (j *Journal) insert(ctx context.Context, tx *sql.Tx, s Spec, input string) (Run, error) {
	now := j.now()
	key := sql.NullString{String: s.Key, Valid: s.Key != ""}
	runAfter := int64(0)
	if !s.RunAfter.IsZero() {
		runAfter = store.Millis(s.RunAfter)
	}
	run, err := scanRun(tx.QueryRowContext(ctx, `INSERT INTO run
		(id, kind, owner_id, workspace_id, active_key, state, input, run_after, last_seq, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, 'queued', $6, $7, 1, $8, $8)
		ON CONFLICT (kind, active_key) WHERE active_key IS NOT NULL DO NOTHING
		RETURNING `+runColumns,
		store.NewID(), s.Kind, s.OwnerID, s.WorkspaceID, key, input, runAfter, now))
	if err != nil {
		return Run{}, err
	}
	return run, insertEvents(ctx, tx, run.ID, 1, now, []encoded{stateEvent(StatePayload{State: Queued})})
}

// encoded is an event whose payload is JSON text already.
type encoded struct{ kind, payload string }

func stateEvent(p StatePayload) encoded {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and numbers only
	}
	return encoded{StateEvent, string(text)}
}

// encode writes v as JSON that both databases can keep as text.
func encode(v any) (string, error) {
	if v == nil {
		return "{}", nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	if len(text) > MaxPayload {
		return "", fmt.Errorf("%d bytes: %w", len(text), ErrTooLarge)
	}
	return strings.ToValidUTF8(string(text), "\uFFFD"), nil
}

func encodeDrafts(drafts []Draft) ([]encoded, error) {
	events := make([]encoded, len(drafts))
	for i, d := range drafts {
		if d.Type == "" || d.Type == StateEvent {
			return nil, fmt.Errorf("append event: type %q is not for handlers", d.Type)
		}
		payload, err := encode(d.Payload)
		if err != nil {
			return nil, fmt.Errorf("append event %s: %w", d.Type, err)
		}
		events[i] = encoded{d.Type, payload}
	}
	return events, nil
}

// insertBatch is the number of events written by one statement.
const insertBatch = 100

// insertEvents writes events numbered from first on. The caller has raised
// last_seq of the run in the same transaction, which keeps others from the
// same numbers.
func insertEvents(ctx context.Context, tx *sql.Tx, runID string, first, now int64, events []encoded) error {
	for len(events) > 0 {
		batch := events[:min(len(events), insertBatch)]
		args := []any{runID, now}
		var q strings.Builder
		q.WriteString(`INSERT INTO run_event (run_id, seq, type, payload, at) VALUES `)
		for i, e := range batch {
			if i > 0 {
				q.WriteString(", ")
			}
			n := len(args)
			fmt.Fprintf(&q, "($1, $%d, $%d, $%d, $2)", n+1, n+2, n+3)
			args = append(args, first+int64(i), e.kind, e.payload)
		}
		if _, err := tx.ExecContext(ctx, q.String(), args...); err != nil {
			return fmt.Errorf("write events: %w", err)
		}
		events, first = events[len(batch):], first+int64(len(batch))
	}
	return nil
}
