package index_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/innoclaw/innoclaw/internal/index"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"

	_ "modernc.org/sqlite"
)

// TestLockedDatabase has another program hold the database's write lock: the
// live sync pauses with a reason, loses nothing, and goes on by itself.
func TestLockedDatabase(t *testing.T) {
	t.Parallel()
	url := storetest.SQLiteURL(t)
	b := newBench(t, storetest.Open(t, store.Options{URL: url}), index.Options{})
	b.start()
	other, err := sql.Open("sqlite", "file:"+url)
	b.must(err)
	defer other.Close()
	conn, err := other.Conn(t.Context())
	b.must(err)
	defer conn.Close()
	_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	b.must(err)
	b.write("a.md", "axolotl")
	b.eventually("the index says that it is paused", func() bool { return strings.Contains(b.status().Paused, "locked") })
	if got := b.find("axolotl"); len(got) != 0 {
		t.Errorf("found what can not be stored: %v", got)
	}
	_, err = conn.ExecContext(t.Context(), "ROLLBACK")
	b.must(err)
	b.eventually("the index goes on", func() bool { return b.status().Paused == "" && len(b.find("axolotl")) == 1 })
	consistent(t, b.db)
}

// TestFullDatabase limits the database's size, which SQLite reports as it does
// a full disk.
func TestFullDatabase(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t), index.Options{})
	b.write("small.md", "axolotl")
	b.sync()
	limit := func(pages string) {
		t.Helper()
		b.must(b.db.Update(t.Context(), func(ctx context.Context, tx txn) error {
			var n int
			return tx.QueryRowContext(ctx, "PRAGMA max_page_count = "+pages).Scan(&n)
		}))
	}
	limit("1") // as many as there are
	b.write("large.md", strings.Repeat("a long text that does not fit any more\n", 20000))
	err := b.index.SyncNow(t.Context(), b.id, nil)
	var full *index.StorageError
	if !errors.As(err, &full) || !strings.Contains(full.Public(), "full") {
		t.Fatalf("sync with a full disk: got %v, want a StorageError that says so", err)
	}
	consistent(t, b.db)
	if got := b.find("axolotl"); len(got) != 1 {
		t.Errorf("search with a full disk: got %v", got)
	}
	limit("1000000")
	b.sync()
	if _, ok := b.text("large.md"); !ok {
		t.Error("not indexed after space was freed")
	}
	consistent(t, b.db)
}
