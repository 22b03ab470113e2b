package index

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/innoclaw/innoclaw/internal/store"
)

// batch is what one transaction changes. Each part names the row version it was
// planned against; those whose row has another by now are left out and returned
// as paths to look at again.
type batch struct {
	pending  []candidate
	settle   []settled
	moves    []move
	removed  []removal
	outcomes []*outcome
}

func (b *batch) empty() bool {
	return len(b.pending)+len(b.settle)+len(b.moves)+len(b.removed)+len(b.outcomes) == 0
}

// changesText tells whether anything but sizes and times changes, so that
// readers have to look again.
func (b *batch) changesText() bool {
	if len(b.pending)+len(b.settle)+len(b.moves)+len(b.removed) > 0 {
		return true
	}
	return slices.ContainsFunc(b.outcomes, func(o *outcome) bool { return !o.sameText })
}

// writer is one transaction in progress.
type writer struct {
	ctx       context.Context
	tx        *sql.Tx
	workspace string
	extractor string
	seq       int64
	now       time.Time
	again     []string // paths whose row was another than planned
	rows      map[string]*known
	prepared  map[string]*sql.Stmt // of this transaction, which closes them
}

// commit writes a batch and returns the paths to look at again. Rows of pending
// files are put into pendingRows.
func (s *Service) commit(ctx context.Context, workspaceID string, b *batch) (again []string, pendingRows map[string]*known, err error) {
	if b.empty() {
		return nil, nil, nil
	}
	err = s.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		w := &writer{ctx: ctx, tx: tx, workspace: workspaceID, extractor: s.extractor.Version(), now: time.Now(), rows: map[string]*known{}, prepared: map[string]*sql.Stmt{}}
		var err error
		if b.changesText() {
			if w.seq, err = nextSeq(ctx, tx, workspaceID); err != nil {
				return err
			}
		}
		if err := w.all(b); err != nil {
			return err
		}
		again, pendingRows = w.again, w.rows
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("commit index changes: %w", err)
	}
	return again, pendingRows, nil
}

func (w *writer) all(b *batch) error {
	for _, r := range b.removed {
		if err := w.remove(r); err != nil {
			return fmt.Errorf("remove %s: %w", r.path, err)
		}
	}
	for _, m := range b.moves {
		if err := w.move(m); err != nil {
			return fmt.Errorf("move %s: %w", m.from, err)
		}
	}
	for _, st := range b.settle {
		if err := w.settle(st); err != nil {
			return fmt.Errorf("note %s: %w", st.path, err)
		}
	}
	for _, c := range b.pending {
		if err := w.pend(c); err != nil {
			return fmt.Errorf("note %s: %w", c.path, err)
		}
	}
	for _, o := range b.outcomes {
		if err := w.outcome(o); err != nil {
			return fmt.Errorf("store %s: %w", o.path, err)
		}
	}
	return nil
}

// exec runs a statement, prepared once per transaction, and tells whether it
// changed a row.
func (w *writer) exec(query string, args ...any) (bool, error) {
	stmt := w.prepared[query]
	if stmt == nil {
		var err error
		if stmt, err = w.tx.PrepareContext(w.ctx, query); err != nil {
			return false, err
		}
		w.prepared[query] = stmt
	}
	r, err := stmt.ExecContext(w.ctx, args...)
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n > 0, err
}

func (w *writer) conflict(path string) { w.again = append(w.again, path) }

func (w *writer) remove(r removal) error {
	ok, err := w.exec(`DELETE FROM indexed_file WHERE id = $1 AND seq = $2 AND path = $3`, r.old.id, r.old.seq, r.path)
	if err != nil {
		return err
	}
	if !ok {
		w.conflict(r.path)
		return nil
	}
	_, err = w.exec(`INSERT INTO index_removal (workspace_id, file_id, seq, removed_at) VALUES ($1, $2, $3, $4)`,
		w.workspace, r.old.id, w.seq, store.Millis(w.now))
	return err
}

func (w *writer) move(m move) error {
	ok, err := w.exec(`UPDATE indexed_file SET path = $1, size = $2, mtime_ns = $3, inode = $4, seq = $5
		WHERE id = $6 AND seq = $7 AND path = $8
		AND NOT EXISTS (SELECT 1 FROM indexed_file taken WHERE taken.workspace_id = $9 AND taken.path = $10)`,
		m.to.path, m.to.size, m.to.mtime, m.to.inode, w.seq, m.old.id, m.old.seq, m.from, w.workspace, m.to.path)
	if err == nil && !ok {
		w.conflict(m.from)
		w.conflict(m.to.path)
	}
	return err
}

// upsert writes a file's row if its version is the one planned against, or if
// it is new and was planned as new.
const upsert = `INSERT INTO indexed_file (id, workspace_id, path, size, mtime_ns, inode, state, reason, detail, attempts, retry_at,
		content_hash, type, encoding, title, text_bytes, text_chars, pages, notes, chunk_count, extractor, seq, indexed_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
	ON CONFLICT (workspace_id, path) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns, inode = excluded.inode,
		state = excluded.state, reason = excluded.reason, detail = excluded.detail, attempts = excluded.attempts, retry_at = excluded.retry_at,
		content_hash = excluded.content_hash, type = excluded.type, encoding = excluded.encoding, title = excluded.title,
		text_bytes = excluded.text_bytes, text_chars = excluded.text_chars, pages = excluded.pages, notes = excluded.notes,
		chunk_count = excluded.chunk_count, extractor = excluded.extractor, seq = excluded.seq, indexed_at = excluded.indexed_at
	WHERE indexed_file.id = excluded.id AND indexed_file.seq = $24`

// fileRow is what upsert writes beside identity and seq.
type fileRow struct {
	path                       string
	size, mtime, inode         int64
	state                      State
	reason, detail             string
	attempts                   int
	retryAt                    int64
	hash, typ, encoding, title string
	textBytes, textChars       int
	pages, notes               string
	chunks                     int
	extractor                  string
	indexedAt                  int64
}

// put writes a row and gives the id it has; ok is false on a conflict.
func (w *writer) put(old *known, r fileRow) (id string, ok bool, err error) {
	seq := int64(-1)
	if old != nil {
		id, seq = old.id, old.seq
	} else {
		id = store.NewID()
	}
	ok, err = w.exec(upsert, id, w.workspace, r.path, r.size, r.mtime, r.inode, string(r.state), r.reason, r.detail, r.attempts, r.retryAt,
		r.hash, r.typ, r.encoding, r.title, r.textBytes, r.textChars, r.pages, r.notes, r.chunks, r.extractor, w.seq, r.indexedAt, seq)
	if err == nil && !ok {
		w.conflict(r.path)
	}
	return id, ok, err
}

func (w *writer) settle(st settled) error {
	id, ok, err := w.put(st.old, fileRow{path: st.path, size: st.size, mtime: st.mtime, inode: st.inode, state: st.state, reason: st.reason, detail: st.detail})
	if err != nil || !ok {
		return err
	}
	return w.dropChunks(id, st.old)
}

func (w *writer) pend(c candidate) error {
	id, ok, err := w.put(nil, fileRow{path: c.path, size: c.size, state: Pending})
	if err == nil && ok {
		w.rows[c.path] = &known{id: id, seq: w.seq, state: Pending}
	}
	return err
}

func (w *writer) outcome(o *outcome) error {
	if o.sameText {
		ok, err := w.exec(`UPDATE indexed_file SET size = $1, mtime_ns = $2, inode = $3, attempts = 0, retry_at = 0, extractor = $4
			WHERE id = $5 AND seq = $6 AND path = $7`, o.size, o.mtime, o.inode, w.extractor, o.old.id, o.old.seq, o.path)
		if err == nil && !ok {
			w.conflict(o.path)
		}
		return err
	}
	id, ok, err := w.put(o.old, w.row(o))
	if err != nil || !ok {
		return err
	}
	if err := w.dropChunks(id, o.old); err != nil {
		return err
	}
	return w.insertChunks(id, o)
}

// row makes the row of an outcome.
func (w *writer) row(o *outcome) fileRow {
	r := fileRow{path: o.path, size: o.size, mtime: o.mtime, inode: o.inode, state: o.state, reason: o.reason, detail: o.detail, extractor: w.extractor}
	if o.state == Failed {
		r.attempts = 1
		if o.old != nil && o.old.state == Failed && o.old.reason == o.reason {
			r.attempts += o.old.attempts
		}
		r.retryAt = retryTime(r.attempts, o.passing, w.now)
	}
	if o.doc != nil {
		r.hash, r.typ, r.encoding, r.title = o.hash, o.doc.Type, o.doc.Encoding, o.title
		r.textBytes, r.textChars = len(o.doc.Text), chars(o.doc.Text)
		r.pages, r.notes = encodePages(o.doc.Pages), encodeNotes(o.doc.Notes)
		r.chunks, r.indexedAt = len(o.chunks), store.Millis(w.now)
	}
	return r
}

func (w *writer) dropChunks(fileID string, old *known) error {
	if old == nil || !old.chunked {
		return nil
	}
	_, err := w.exec(`DELETE FROM chunk WHERE file_id = $1`, fileID)
	return err
}

// chunkRows is how many chunks one statement inserts.
const chunkRows = 40

func (w *writer) insertChunks(fileID string, o *outcome) error {
	const columns = 9
	for from := 0; from < len(o.chunks); from += chunkRows {
		part := o.chunks[from:min(from+chunkRows, len(o.chunks))]
		var q strings.Builder
		q.WriteString(`INSERT INTO chunk (file_id, ordinal, context_byte, start_byte, start_char, line, page, breadcrumb, text) VALUES `)
		args := make([]any, 0, columns*len(part))
		for i, c := range part {
			if i > 0 {
				q.WriteString(", ")
			}
			q.WriteString(placeholders(i*columns, columns))
			args = append(args, fileID, c.Ordinal, c.Context, c.Start, c.StartChar, c.Line, c.Page, storable(c.Breadcrumb), o.doc.Text[c.Start:c.End])
		}
		if _, err := w.exec(q.String(), args...); err != nil {
			return fmt.Errorf("insert chunks: %w", err)
		}
	}
	return nil
}

// placeholders writes "($n+1, …)" for count values.
func placeholders(n, count int) string {
	var b strings.Builder
	b.WriteByte('(')
	for i := range count {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", n+i+1)
	}
	b.WriteByte(')')
	return b.String()
}
