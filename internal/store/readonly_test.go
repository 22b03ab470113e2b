package store_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/innoclaw/innoclaw/internal/store"
)

func TestOpenReadOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "innoclaw.db")
	if _, err := store.OpenReadOnly(t.Context(), path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	db, err := store.Open(t.Context(), store.Options{URL: path})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	looking, err := store.OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer looking.Close()
	var n int
	if err := looking.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM users`).Scan(&n); err != nil || n != 0 {
		t.Errorf("count: %d, %v", n, err)
	}
	if _, err := looking.Read().ExecContext(t.Context(), `DELETE FROM users`); err == nil {
		t.Error("a read-only database took a change")
	}
}
