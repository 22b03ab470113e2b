package index

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/store"
)

// State is what became of a file.
type State string

// States of a file.
const (
	Pending State = "pending" // seen, waiting for its first extraction
	Indexed State = "indexed" // can be found
	Skipped State = "skipped" // left out on purpose; the reason says why
	Failed  State = "failed"  // could not be read; the reason says why
)

// known is what a reconcile remembers of a row.
type known struct {
	id          string
	seq         int64
	size        int64
	mtime       int64 // ns
	inode       int64
	state       State
	reason      string
	detail      string
	attempts    int
	retryAt     int64 // unix ms, 0 for never
	current     bool  // made by the present extractor
	chunked     bool  // has chunk rows
	contentHash string
}

const knownColumns = `id, path, seq, size, mtime_ns, inode, state, reason, detail, attempts, retry_at, extractor, chunk_count, content_hash`

// fewPaths is the number of paths up to which each is asked for by itself.
const fewPaths = 8

// loadKnown reads the rows of a workspace at and below the given paths; no path
// means all rows. Values that repeat share their memory.
func loadKnown(ctx context.Context, db *store.DB, workspaceID, extractor string, scope []string) (map[string]*known, error) {
	q, rows := db.Read(), map[string]*known{}
	if len(scope) == 0 || len(scope) > fewPaths {
		err := loadKnownWhere(ctx, q, rows, extractor, `workspace_id = $1`, workspaceID)
		if len(scope) > 0 {
			dropOutside(rows, scope)
		}
		return rows, err
	}
	for _, p := range scope {
		err := loadKnownWhere(ctx, q, rows, extractor, `workspace_id = $1 AND path = $2`, workspaceID, p)
		if err != nil {
			return nil, err
		}
		where, args := below(db.Dialect(), p, 2)
		err = loadKnownWhere(ctx, q, rows, extractor, `workspace_id = $1 AND `+where, append([]any{workspaceID}, args...)...)
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// dropOutside removes rows that are neither at nor below one of the paths.
func dropOutside(rows map[string]*known, scope []string) {
	in := map[string]bool{}
	for _, p := range scope {
		in[p] = true
	}
	for path := range rows {
		if !within(path, in) {
			delete(rows, path)
		}
	}
}

// within tells whether a path or a folder above it is in the set.
func within(path string, set map[string]bool) bool {
	for {
		if set[path] {
			return true
		}
		i := strings.LastIndexByte(path, '/')
		if i < 0 {
			return false
		}
		path = path[:i]
	}
}

// below is a condition for the paths inside a folder, with parameters from $n
// on. SQLite compares bytes and can use its index; on PostgreSQL the order
// depends on the collation, so the prefix itself is compared.
func below(d store.Dialect, dir string, n int) (where string, args []any) {
	if d == store.SQLite {
		return fmt.Sprintf(`path > $%d AND path < $%d`, n, n+1), []any{dir + "/", dir + "0"} // '0' follows '/'
	}
	return fmt.Sprintf(`starts_with(path, $%d)`, n), []any{dir + "/"}
}

func loadKnownWhere(ctx context.Context, q store.Querier, into map[string]*known, extractor, where string, args ...any) error {
	rows, err := q.QueryContext(ctx, `SELECT `+knownColumns+` FROM indexed_file WHERE `+where, args...)
	if err != nil {
		return fmt.Errorf("load index rows: %w", err)
	}
	defer rows.Close()
	shared := map[string]string{}
	intern := func(s string) string {
		if v, ok := shared[s]; ok {
			return v
		}
		shared[s] = s
		return s
	}
	for rows.Next() {
		var k known
		var path, made, state string
		var chunks int64
		if err := rows.Scan(&k.id, &path, &k.seq, &k.size, &k.mtime, &k.inode, &state, &k.reason, &k.detail, &k.attempts, &k.retryAt, &made, &chunks, &k.contentHash); err != nil {
			return fmt.Errorf("load index rows: %w", err)
		}
		k.state, k.reason, k.detail = State(intern(state)), intern(k.reason), intern(k.detail)
		k.current, k.chunked = made == extractor, chunks > 0
		into[path] = &k
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("load index rows: %w", err)
	}
	return nil
}

// stateRow is the row of index_state.
type stateRow struct {
	lastSyncAt   int64
	removalFloor int64
	rootID       string
	missing      string
}

func loadState(ctx context.Context, q store.Querier, workspaceID string) (stateRow, error) {
	var s stateRow
	err := q.QueryRowContext(ctx, `SELECT last_sync_at, removal_floor, root_id, missing FROM index_state WHERE workspace_id = $1`, workspaceID).
		Scan(&s.lastSyncAt, &s.removalFloor, &s.rootID, &s.missing)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return s, fmt.Errorf("load index state: %w", err)
	}
	return s, nil
}

// saveSynced records a finished look at the whole workspace.
func saveSynced(ctx context.Context, tx *sql.Tx, workspaceID, rootID string, now int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO index_state (workspace_id, last_sync_at, root_id, missing) VALUES ($1, $2, $3, '')
		ON CONFLICT (workspace_id) DO UPDATE SET last_sync_at = excluded.last_sync_at, root_id = excluded.root_id, missing = ''`,
		workspaceID, now, rootID)
	if err != nil {
		return fmt.Errorf("save index state: %w", err)
	}
	return nil
}

func saveMissing(ctx context.Context, tx *sql.Tx, workspaceID, reason string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO index_state (workspace_id, missing) VALUES ($1, $2)
		ON CONFLICT (workspace_id) DO UPDATE SET missing = excluded.missing`, workspaceID, reason)
	if err != nil {
		return fmt.Errorf("save index state: %w", err)
	}
	return nil
}

// errGone is returned when the workspace was deleted meanwhile.
var errGone = errors.New("the workspace does not exist any more")

// currentSeq reads the seq of the last committed change.
func currentSeq(ctx context.Context, q store.Querier, workspaceID string) (int64, error) {
	var seq int64
	err := q.QueryRowContext(ctx, `SELECT index_seq FROM workspaces WHERE id = $1`, workspaceID).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, errGone
	}
	if err != nil {
		return 0, fmt.Errorf("read index seq: %w", err)
	}
	return seq, nil
}

// nextSeq raises the seq of a workspace inside a transaction. On PostgreSQL the
// row lock makes the writers of one workspace queue up here.
func nextSeq(ctx context.Context, tx *sql.Tx, workspaceID string) (int64, error) {
	var seq int64
	err := tx.QueryRowContext(ctx, `UPDATE workspaces SET index_seq = index_seq + 1 WHERE id = $1 RETURNING index_seq`, workspaceID).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, errGone
	}
	if err != nil {
		return 0, fmt.Errorf("raise index seq: %w", err)
	}
	return seq, nil
}

// encodePages stores page spans as [[number, start, end], …].
func encodePages(pages []document.Page) string {
	if len(pages) == 0 {
		return ""
	}
	rows := make([][3]int, len(pages))
	for i, p := range pages {
		rows[i] = [3]int{p.Number, p.Start, p.End}
	}
	b, _ := json.Marshal(rows) // integers always encode
	return string(b)
}

func decodePages(s string) ([]document.Page, error) {
	if s == "" {
		return nil, nil
	}
	var rows [][3]int
	if err := json.Unmarshal([]byte(s), &rows); err != nil {
		return nil, fmt.Errorf("decode stored pages: %w", err)
	}
	pages := make([]document.Page, len(rows))
	for i, r := range rows {
		pages[i] = document.Page{Number: r[0], Start: r[1], End: r[2]}
	}
	return pages, nil
}

// Note is a remark on what of a file is not in its text.
type Note struct {
	Code    string `json:"code"`
	Page    int    `json:"page,omitempty"`
	Message string `json:"message"`
}

// maxNotes bounds the remarks kept per file: a scanned book has one per page.
const maxNotes = 100

func encodeNotes(notes []document.Note) string {
	if len(notes) == 0 {
		return ""
	}
	list := make([]Note, 0, min(len(notes), maxNotes))
	for _, n := range notes[:min(len(notes), maxNotes)] {
		list = append(list, Note{Code: n.Code, Page: n.Page, Message: storable(n.Message)})
	}
	b, _ := json.Marshal(list) // strings and integers always encode
	return string(b)
}

func decodeNotes(s string) ([]Note, error) {
	if s == "" {
		return []Note{}, nil
	}
	var notes []Note
	if err := json.Unmarshal([]byte(s), &notes); err != nil {
		return nil, fmt.Errorf("decode stored notes: %w", err)
	}
	return notes, nil
}

// storable makes a text fit for a TEXT column of both databases.
func storable(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
