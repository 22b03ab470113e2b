package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/innoclaw/innoclaw/internal/store"
)

// ErrNotFound means that there is no such run.
var ErrNotFound = errors.New("run not found")

// Run is one piece of work and how far it came.
type Run struct {
	ID   string
	Kind string
	// OwnerID is the account the run belongs to, "" for the server's own work.
	OwnerID string
	// WorkspaceID is "" for runs outside any workspace.
	WorkspaceID string
	State       State
	// WaitingFor is a [WaitReason] while State is Waiting, "" otherwise.
	WaitingFor WaitReason
	Input      json.RawMessage // as given to Create, {} if none
	Cursor     json.RawMessage // last SetCursor, nil if none
	Progress   json.RawMessage // last SetProgress, nil if none
	// ErrorCode and ErrorMessage are set for failed runs; the message is for people.
	ErrorCode    string
	ErrorMessage string
	Attempt      int   // how often a worker began it
	LastSeq      int64 // number of the newest event
	CreatedAt    time.Time
	StartedAt    *time.Time // nil before the first attempt
	EndedAt      *time.Time // nil before the end
}

// Event is one entry of a run's list.
type Event struct {
	RunID   string
	Seq     int64 // 1, 2, 3, …
	Type    string
	Payload json.RawMessage
	At      time.Time
}

// StateEvent is the type of the events that tell a change of state. The last
// event of an ended run is one, with the final state.
const StateEvent = "state"

// ProgressEvent is the type of the events that [Lease.SetProgress] appends.
const ProgressEvent = "progress"

// StatePayload is the payload of a [StateEvent].
type StatePayload struct {
	State      State         `json:"state"`
	WaitingFor WaitReason    `json:"waitingFor,omitempty"`
	Attempt    int           `json:"attempt,omitempty"`
	Error      *ErrorPayload `json:"error,omitempty"`
}

// ErrorPayload says why a run failed, in words for people.
type ErrorPayload struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Ends reports whether e is the last event of its run.
func (e Event) Ends() bool {
	if e.Type != StateEvent {
		return false
	}
	var p StatePayload
	return json.Unmarshal(e.Payload, &p) == nil && p.State.Ended()
}

const runColumns = `id, kind, owner_id, workspace_id, state, waiting_for, input, cursor, progress,
	error_code, error_message, attempt, last_seq, created_at, started_at, ended_at`

type scanner interface{ Scan(dest ...any) error }

func scanRun(row scanner) (Run, error) {
	var r Run
	var input, cursor, progress string
	var created int64
	var started, ended sql.NullInt64
	err := row.Scan(&r.ID, &r.Kind, &r.OwnerID, &r.WorkspaceID, &r.State, &r.WaitingFor, &input, &cursor, &progress,
		&r.ErrorCode, &r.ErrorMessage, &r.Attempt, &r.LastSeq, &created, &started, &ended)
	if err != nil {
		return Run{}, err
	}
	r.Input, r.Cursor, r.Progress = raw(input), raw(cursor), raw(progress)
	r.CreatedAt, r.StartedAt, r.EndedAt = store.Time(created), optional(started), optional(ended)
	return r, nil
}

func raw(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}

func optional(ms sql.NullInt64) *time.Time {
	if !ms.Valid {
		return nil
	}
	t := store.Time(ms.Int64)
	return &t
}

// Get returns a run, or ErrNotFound.
func (j *Journal) Get(ctx context.Context, id string) (Run, error) {
	return getRun(ctx, j.db.Read(), id)
}

func getRun(ctx context.Context, q store.Querier, id string) (Run, error) {
	r, err := scanRun(q.QueryRowContext(ctx, `SELECT `+runColumns+` FROM run WHERE id = $1`, id))
	return r, notFound(err, id)
}

// getVisible returns a run that the account may see: its own, and for an
// administrator those that belong to nobody.
func (j *Journal) getVisible(ctx context.Context, id, userID string, admin bool) (Run, error) {
	r, err := scanRun(j.db.Read().QueryRowContext(ctx, `SELECT `+runColumns+` FROM run
		WHERE id = $1 AND (owner_id = $2 AND owner_id <> '' OR $3 AND owner_id = '')`, id, userID, admin))
	return r, notFound(err, id)
}

func notFound(err error, id string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("read run %s: %w", id, err)
	}
	return nil
}

const (
	defaultListLimit = 100
	maxListLimit     = 1000
)

// Filter chooses runs. Empty fields choose all.
type Filter struct {
	OwnerID string
	// Unowned adds the runs that belong to nobody to those of OwnerID.
	Unowned     bool
	WorkspaceID string
	Kind        string
	States      []State
	// Limit is at most 1000, by default 100.
	Limit int
	// Before is the id of a run: only older ones are listed.
	Before string
}

// List returns runs, newest first.
func (j *Journal) List(ctx context.Context, f Filter) ([]Run, error) {
	where, args := f.where()
	limit := f.Limit
	if limit <= 0 {
		limit = defaultListLimit
	}
	query := `SELECT ` + runColumns + ` FROM run` + where +
		` ORDER BY created_at DESC, id DESC LIMIT ` + strconv.Itoa(min(limit, maxListLimit))
	rows, err := j.db.Read().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what went wrong
	runs := []Run{}
	for rows.Next() {
		r, err := scanRun(rows)
		if err != nil {
			return nil, fmt.Errorf("list runs: %w", err)
		}
		runs = append(runs, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	return runs, nil
}

func (f Filter) where() (string, []any) {
	var conds []string
	var args []any
	add := func(cond string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			cond = strings.Replace(cond, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		conds = append(conds, cond)
	}
	switch {
	case f.OwnerID != "" && f.Unowned:
		add(`owner_id IN (?, '')`, f.OwnerID)
	case f.OwnerID != "":
		add(`owner_id = ?`, f.OwnerID)
	case f.Unowned:
		add(`owner_id = ''`)
	}
	if f.WorkspaceID != "" {
		add(`workspace_id = ?`, f.WorkspaceID)
	}
	if f.Kind != "" {
		add(`kind = ?`, f.Kind)
	}
	if len(f.States) > 0 {
		marks := strings.TrimSuffix(strings.Repeat("?, ", len(f.States)), ", ")
		values := make([]any, len(f.States))
		for i, s := range f.States {
			values[i] = string(s)
		}
		add(`state IN (`+marks+`)`, values...)
	}
	if f.Before != "" {
		add(`(created_at, id) < (SELECT b.created_at, b.id FROM run AS b WHERE b.id = ?)`, f.Before)
	}
	if len(conds) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(conds, " AND "), args
}

// maxEventsLimit bounds one answer of Events.
const maxEventsLimit = 10_000

// Events returns the events of a run behind afterSeq (0 for all), oldest first,
// at most limit (0 or more than 10,000 means 10,000). A run that does not exist
// has none.
func (j *Journal) Events(ctx context.Context, runID string, afterSeq int64, limit int) ([]Event, error) {
	if limit <= 0 || limit > maxEventsLimit {
		limit = maxEventsLimit
	}
	rows, err := j.db.Read().QueryContext(ctx, `SELECT seq, type, payload, at FROM run_event
		WHERE run_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`, runID, afterSeq, limit)
	if err != nil {
		return nil, fmt.Errorf("read events of run %s: %w", runID, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what went wrong
	var events []Event
	for rows.Next() {
		e := Event{RunID: runID}
		var payload string
		var at int64
		if err := rows.Scan(&e.Seq, &e.Type, &payload, &at); err != nil {
			return nil, fmt.Errorf("read events of run %s: %w", runID, err)
		}
		e.Payload, e.At = json.RawMessage(payload), store.Time(at)
		events = append(events, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read events of run %s: %w", runID, err)
	}
	return events, nil
}
