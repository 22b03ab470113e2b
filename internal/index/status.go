package index

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/innoclaw/innoclaw/internal/journal"
	"github.com/innoclaw/innoclaw/internal/store"
)

// Counts is the number of files by state.
type Counts struct {
	Total   int `json:"total"`
	Pending int `json:"pending"`
	Indexed int `json:"indexed"`
	Skipped int `json:"skipped"`
	Failed  int `json:"failed"`
}

// Status is the condition of a workspace's index.
type Status struct {
	Counts     Counts     `json:"counts"`
	Chunks     int        `json:"chunks"`
	SyncRunID  *string    `json:"syncRunId" doc:"The sync run in progress." nullable:"true"`
	LastSyncAt *time.Time `json:"lastSyncAt" doc:"End of the last look at the whole folder." nullable:"true"`
	Watching   bool       `json:"watching" doc:"Whether changes are seen as they happen."`
	WatchNote  string     `json:"watchNote,omitempty" doc:"Why not."`
	Busy       bool       `json:"busy" doc:"Whether changes are being taken in."`
	Paused     string     `json:"paused,omitempty" doc:"Why nothing can be stored at present."`
	Missing    string     `json:"missing,omitempty" doc:"Why the folder can not be read; its index is kept."`
	Seq        int64      `json:"seq" doc:"Grows with every change of the index."`
}

// Status tells the condition of a workspace's index.
func (s *Service) Status(ctx context.Context, workspaceID string) (Status, error) {
	var st Status
	err := s.db.View(ctx, func(ctx context.Context, tx txn) error {
		var err error
		if st.Seq, err = currentSeq(ctx, tx, workspaceID); err != nil {
			return err
		}
		if st.Counts, st.Chunks, err = count(ctx, tx, workspaceID); err != nil {
			return err
		}
		state, err := loadState(ctx, tx, workspaceID)
		if state.lastSyncAt > 0 {
			at := store.Time(state.lastSyncAt).UTC()
			st.LastSyncAt = &at
		}
		st.Missing = state.missing
		return err
	})
	if err != nil {
		return Status{}, fmt.Errorf("read index status: %w", err)
	}
	if sp := s.existing(workspaceID); sp != nil {
		st.Paused, st.WatchNote, st.Watching = sp.condition()
		sp.mu.Lock()
		st.Busy = sp.busy > 0 || len(sp.slow) > 0
		sp.mu.Unlock()
	}
	if st.SyncRunID, err = s.activeRun(ctx, workspaceID); err != nil {
		return Status{}, err
	}
	return st, nil
}

func count(ctx context.Context, q store.Querier, workspaceID string) (c Counts, chunks int, err error) {
	rows, err := q.QueryContext(ctx, `SELECT state, COUNT(*), COALESCE(SUM(chunk_count), 0) FROM indexed_file WHERE workspace_id = $1 GROUP BY state`, workspaceID)
	if err != nil {
		return c, 0, fmt.Errorf("count files: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var state string
		var n, sum int
		if err := rows.Scan(&state, &n, &sum); err != nil {
			return c, 0, fmt.Errorf("count files: %w", err)
		}
		chunks += sum
		c.Total += n
		switch State(state) {
		case Pending:
			c.Pending = n
		case Indexed:
			c.Indexed = n
		case Skipped:
			c.Skipped = n
		case Failed:
			c.Failed = n
		}
	}
	return c, chunks, rows.Err()
}

// activeRun gives the unfinished sync run of a workspace, nil without one.
func (s *Service) activeRun(ctx context.Context, workspaceID string) (*string, error) {
	if s.runs == nil {
		return nil, nil
	}
	runs, err := s.runs.List(ctx, journal.Filter{WorkspaceID: workspaceID, Kind: RunKind,
		States: []journal.State{journal.Queued, journal.Running, journal.Waiting}, Limit: 1})
	if err != nil {
		return nil, fmt.Errorf("look up sync run: %w", err)
	}
	if len(runs) == 0 {
		return nil, nil
	}
	return &runs[0].ID, nil
}

// FileState is a file as the list of files shows it.
type FileState struct {
	Path        string     `json:"path"`
	State       State      `json:"state" enum:"pending,indexed,skipped,failed"`
	Reason      string     `json:"reason" doc:"Stable code that says why a file was skipped or failed."`
	Detail      string     `json:"detail" doc:"The same for people."`
	Size        int64      `json:"size"`
	Type        string     `json:"type"`
	Title       string     `json:"title"`
	Pages       int        `json:"pages"`
	Chunks      int        `json:"chunks"`
	IndexedAt   *time.Time `json:"indexedAt" nullable:"true"`
	RetryAt     *time.Time `json:"retryAt" nullable:"true"`
	ContentHash string     `json:"contentHash"`
	Notes       []Note     `json:"notes" doc:"What of the file is not in the text."`
}

// FileQuery picks files of a workspace.
type FileQuery struct {
	State  State  // "" for all
	Dir    string // only files below this folder
	Find   string // part of the path, letter case ignored
	Cursor string // Next of the page before
	Limit  int    // 1 to MaxFileLimit; 0 means 100
}

// MaxFileLimit bounds FileQuery.Limit.
const MaxFileLimit = 1000

// FilePage is a page of files in the order of their paths.
type FilePage struct {
	Items []FileState `json:"items"`
	Total int         `json:"total"`
	Next  string      `json:"next,omitempty"`
}

// ErrCursor says that a cursor is not of this list.
var ErrCursor = errors.New("cursor is not of this list")

// Files lists the files of a workspace with their states.
func (s *Service) Files(ctx context.Context, workspaceID string, q FileQuery) (FilePage, error) {
	where, args := `workspace_id = $1`, []any{workspaceID}
	if q.State != "" {
		args = append(args, string(q.State))
		where += fmt.Sprintf(` AND state = $%d`, len(args))
	}
	if dir := strings.Trim(q.Dir, "/"); dir != "" {
		cond, more := below(s.db.Dialect(), dir, len(args)+1)
		where, args = where+` AND `+cond, append(args, more...)
	}
	if q.Find != "" {
		args = append(args, likePart(q.Find))
		where += fmt.Sprintf(` AND LOWER(path) LIKE $%d ESCAPE '!'`, len(args))
	}
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	page := FilePage{Items: []FileState{}}
	err := s.db.View(ctx, func(ctx context.Context, tx txn) error {
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM indexed_file WHERE `+where, args...).Scan(&page.Total); err != nil {
			return err
		}
		after, err := decodeCursor(q.Cursor)
		if err != nil {
			return err
		}
		if after != "" {
			args = append(args, after)
			where += fmt.Sprintf(` AND path > $%d`, len(args))
		}
		page.Items, err = listFiles(ctx, tx, where, args, min(limit, MaxFileLimit)+1)
		return err
	})
	if err != nil {
		return FilePage{}, fmt.Errorf("list indexed files: %w", err)
	}
	if limit = min(limit, MaxFileLimit); len(page.Items) > limit {
		page.Items = page.Items[:limit]
		page.Next = base64.RawURLEncoding.EncodeToString([]byte(page.Items[limit-1].Path))
	}
	return page, nil
}

func decodeCursor(c string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(c)
	if err != nil || string(b) != storable(string(b)) {
		return "", ErrCursor
	}
	return string(b), nil
}

// likePart makes a LIKE pattern that finds a text anywhere.
func likePart(text string) string {
	return "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(strings.ToLower(storable(text))) + "%"
}

func listFiles(ctx context.Context, q store.Querier, where string, args []any, limit int) ([]FileState, error) {
	rows, err := q.QueryContext(ctx, `SELECT path, state, reason, detail, size, type, title, pages, chunk_count, indexed_at, retry_at, content_hash, notes
		FROM indexed_file WHERE `+where+fmt.Sprintf(` ORDER BY path LIMIT %d`, limit), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []FileState{}
	for rows.Next() {
		var f FileState
		var pages, notes string
		var indexedAt, retryAt int64
		if err := rows.Scan(&f.Path, &f.State, &f.Reason, &f.Detail, &f.Size, &f.Type, &f.Title, &pages, &f.Chunks, &indexedAt, &retryAt, &f.ContentHash, &notes); err != nil {
			return nil, err
		}
		spans, err := decodePages(pages)
		if err != nil {
			return nil, err
		}
		if f.Notes, err = decodeNotes(notes); err != nil {
			return nil, err
		}
		f.Pages, f.IndexedAt, f.RetryAt = len(spans), timeOf(indexedAt), timeOf(retryAt)
		list = append(list, f)
	}
	return list, rows.Err()
}

func timeOf(ms int64) *time.Time {
	if ms == 0 {
		return nil
	}
	t := store.Time(ms).UTC()
	return &t
}
