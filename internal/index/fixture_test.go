package index_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/index"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
	"github.com/innoclaw/innoclaw/internal/workspace"
)

// patience bounds every wait for something that must happen.
const patience = 20 * time.Second

// bench is one workspace with its index on a database.
type bench struct {
	t          testing.TB
	db         *store.DB
	root       string // the workspace's folder
	workspaces *workspace.Service
	extractor  *document.Extractor
	index      *index.Service
	id         string
	cache      string
}

const owner = "user-1"

// pdfCache is where the compiled PDF code is kept while the tests run.
var pdfCache string // set by TestMain

// extractor is shared by all tests, since the PDF code takes seconds to load.
var extractor = sync.OnceValue(func() *document.Extractor {
	return document.New(document.Options{CacheDir: pdfCache})
})

func newBench(t testing.TB, db *store.DB, o index.Options) *bench {
	t.Helper()
	b := &bench{t: t, db: db, cache: t.TempDir()}
	top := realTemp(t)
	b.root = filepath.Join(top, "study")
	if err := os.Mkdir(b.root, 0o755); err != nil {
		t.Fatal(err)
	}
	addUser(t, db)
	roots, err := boundary.OpenRoots([]string{top}, boundary.Options{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { roots.Close() })
	b.workspaces = workspace.New(workspace.Options{DB: db, Roots: roots})
	b.extractor = extractor()
	w, _, err := b.workspaces.Create(t.Context(), owner, "study", b.root)
	if err != nil {
		t.Fatal(err)
	}
	b.id = w.ID
	b.restart(o)
	return b
}

// realTemp is a temporary folder without links in its path.
func realTemp(t testing.TB) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func addUser(t testing.TB, db *store.DB) {
	t.Helper()
	err := db.Update(t.Context(), func(ctx context.Context, tx txn) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO users (id, email, name, password_hash, role, created_at, updated_at) VALUES ($1, 'a@example.org', 'A', 'x', 'user', 1, 1)`, owner)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// restart makes a new index service on the same data, as a new process would.
func (b *bench) restart(o index.Options) {
	b.t.Helper()
	if o.CacheDir == "" {
		o.CacheDir = b.cache
	}
	ix, err := index.New(b.db, b.extractor, b.workspaces, nil, o)
	if err != nil {
		b.t.Fatal(err)
	}
	b.index = ix
}

// start follows the file system until the end of the test.
func (b *bench) start() {
	b.t.Helper()
	if err := b.index.Start(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	ix := b.index
	b.t.Cleanup(func() {
		if err := ix.Stop(context.Background()); err != nil {
			b.t.Errorf("stop index: %v", err)
		}
	})
	b.eventually("the first look is done", func() bool { return b.status().LastSyncAt != nil })
}

func (b *bench) path(name string) string { return filepath.Join(b.root, filepath.FromSlash(name)) }

func (b *bench) write(name, text string) {
	b.t.Helper()
	if err := os.MkdirAll(filepath.Dir(b.path(name)), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(b.path(name), []byte(text), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) sync() {
	b.t.Helper()
	b.must(b.index.SyncNow(b.t.Context(), b.id, nil))
}

func (b *bench) status() index.Status {
	b.t.Helper()
	st, err := b.index.Status(b.t.Context(), b.id)
	b.must(err)
	return st
}

// states lists "state reason" by path.
func (b *bench) states() map[string]string {
	b.t.Helper()
	m := map[string]string{}
	q := index.FileQuery{Limit: index.MaxFileLimit}
	for {
		page, err := b.index.Files(b.t.Context(), b.id, q)
		b.must(err)
		for _, f := range page.Items {
			m[f.Path] = strings.TrimSpace(string(f.State) + " " + f.Reason)
		}
		if page.Next == "" {
			return m
		}
		q.Cursor = page.Next
	}
}

func (b *bench) text(path string) (string, bool) {
	b.t.Helper()
	t, err := b.index.Text(b.t.Context(), b.id, path)
	if errors.Is(err, index.ErrNotIndexed) {
		return "", false
	}
	b.must(err)
	return t.Text, true
}

// find gives the paths that a search finds, best first.
func (b *bench) find(query string) []string {
	b.t.Helper()
	r, err := b.index.Search(b.t.Context(), index.Query{WorkspaceID: b.id, Text: query, PerFile: 1})
	b.must(err)
	paths := []string{}
	for _, p := range r.Passages {
		paths = append(paths, p.Path)
	}
	return paths
}

// eventually waits until something is true, looking after each change that the
// index tells of and, for what it does not tell of, every 50 ms.
func (b *bench) eventually(what string, ok func() bool) time.Duration {
	b.t.Helper()
	began := time.Now()
	listener := b.index.Listen(b.id)
	defer listener.Close()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Since(began) > patience {
			b.t.Fatalf("after %v still not: %s\nstates %.2000s\nstatus %+v", patience, what, fmt.Sprint(b.states()), b.status())
		}
		select {
		case <-listener.C():
		case <-tick.C:
		}
	}
	return time.Since(began)
}

// dump describes all that the index knows, without ids and times.
func dump(t testing.TB, db *store.DB, id string) []string {
	t.Helper()
	var lines []string
	rows, err := db.Read().QueryContext(t.Context(), `SELECT f.path, f.state, f.reason, f.detail, f.size, f.content_hash, f.type, f.title, f.chunk_count, f.text_bytes, f.text_chars,
		c.ordinal, c.context_byte, c.start_byte, c.start_char, c.line, c.page, c.breadcrumb, c.text
		FROM indexed_file f LEFT JOIN chunk c ON c.file_id = f.id WHERE f.workspace_id = $1`, id)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		values := make([]any, 19)
		into := make([]any, len(values))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		if state, _ := values[1].(string); state != "indexed" {
			values[4] = nil // the size of what is left out is for show
		}
		lines = append(lines, fmt.Sprintf("%q", values))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	sort.Strings(lines)
	return lines
}

// fresh indexes the same folder on a new database.
func (b *bench) fresh() *bench {
	b.t.Helper()
	f := &bench{t: b.t, db: storetest.SQLite(b.t), cache: b.t.TempDir(), root: b.root, extractor: b.extractor}
	addUser(b.t, f.db)
	roots, err := boundary.OpenRoots([]string{filepath.Dir(b.root)}, boundary.Options{DataDir: b.t.TempDir()})
	b.must(err)
	b.t.Cleanup(func() { roots.Close() })
	f.workspaces = workspace.New(workspace.Options{DB: f.db, Roots: roots})
	w, _, err := f.workspaces.Create(b.t.Context(), owner, "study", b.root)
	b.must(err)
	f.id = w.ID
	f.restart(index.Options{})
	f.sync()
	return f
}

// asFresh compares the index with a fresh one of the same folder.
func (b *bench) asFresh() string {
	b.t.Helper()
	f := b.fresh()
	return cmp.Diff(dump(b.t, f.db, f.id), dump(b.t, b.db, b.id))
}

// consistent checks what must hold at any moment: chunks join to the text whose
// length the row tells, nothing is orphaned.
func consistent(t testing.TB, db *store.DB) {
	t.Helper()
	for what, query := range map[string]string{
		"files whose chunks do not fit": `SELECT COUNT(*) FROM indexed_file f WHERE f.chunk_count <> (SELECT COUNT(*) FROM chunk c WHERE c.file_id = f.id)`,
		"chunks of no indexed file":     `SELECT COUNT(*) FROM chunk c WHERE NOT EXISTS (SELECT 1 FROM indexed_file f WHERE f.id = c.file_id AND f.state = 'indexed')`,
		"rows ahead of the workspace":   `SELECT COUNT(*) FROM indexed_file f JOIN workspaces w ON w.id = f.workspace_id WHERE f.seq > w.index_seq`,
		"texts of another length":       `SELECT COUNT(*) FROM indexed_file f WHERE f.state = 'indexed' AND f.text_chars <> (SELECT COALESCE(SUM(LENGTH(c.text)), 0) FROM chunk c WHERE c.file_id = f.id)`,
	} {
		var n int
		if err := db.Read().QueryRowContext(t.Context(), query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n != 0 {
			t.Errorf("%d %s", n, what)
		}
	}
}
