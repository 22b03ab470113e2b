package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

const putSetting = `INSERT INTO settings (key, value, sealed, updated_at) VALUES ($1, $2, $3, $4)`

func put(ctx context.Context, q store.Querier, key, value string) error {
	_, err := q.ExecContext(ctx, putSetting, key, value, false, int64(1))
	return err
}

func get(t *testing.T, q store.Querier, key string) string {
	t.Helper()
	var value string
	err := q.QueryRowContext(t.Context(), `SELECT value FROM settings WHERE key = $1`, key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "(none)"
	}
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func update(t *testing.T, db *store.DB, fn func(ctx context.Context, tx *sql.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func TestValuesComeBackAsWritten(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		at := time.Date(2026, 11, 3, 4, 5, 6, 789e6, time.UTC)
		update(t, db, func(ctx context.Context, tx *sql.Tx) error {
			// Parameters out of order and repeated: one text serves both databases.
			_, err := tx.ExecContext(ctx, `INSERT INTO settings (updated_at, key, value, updated_by, sealed) VALUES ($3, $1, $2, $1, $4)`,
				"k", "值 𝛼 \u0001", store.Millis(at), true)
			return err
		})
		var value, by string
		var ms int64
		var sealed bool
		err := db.Read().QueryRowContext(t.Context(), `SELECT value, updated_at, sealed, updated_by FROM settings WHERE sealed`).
			Scan(&value, &ms, &sealed, &by)
		if err != nil {
			t.Fatal(err)
		}
		got := []any{value, store.Time(ms), sealed, by}
		if diff := cmp.Diff([]any{"值 𝛼 \u0001", at, true, "k"}, got); diff != "" {
			t.Errorf("row (-want +got):\n%s", diff)
		}
	})
}

func TestUpdateIsAllOrNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		boom := errors.New("boom")
		err := db.Update(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			if err := put(ctx, tx, "a", "1"); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Errorf("Update returned %v, want boom", err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = db.Update(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
				_ = put(ctx, tx, "a", "2")
				panic("boom")
			})
		}()
		if got := get(t, db.Read(), "a"); got != "(none)" {
			t.Errorf("a = %q after a failed and a panicking update, want no row", got)
		}
		update(t, db, func(ctx context.Context, tx *sql.Tx) error { return put(ctx, tx, "a", "3") })
		if got := get(t, db.Read(), "a"); got != "3" {
			t.Errorf("a = %q after a good update, want 3", got)
		}
	})
}

func TestNestedUpdateIsRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		err := db.Update(t.Context(), func(ctx context.Context, _ *sql.Tx) error {
			return db.Update(ctx, func(context.Context, *sql.Tx) error { return nil })
		})
		if !errors.Is(err, store.ErrNested) {
			t.Errorf("nested update: %v, want ErrNested", err)
		}
	})
}

func TestViewSeesOneStateAndCannotWrite(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		err := db.View(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			if got := get(t, tx, "a"); got != "(none)" {
				t.Errorf("a = %q before anything was written", got)
			}
			update(t, db, func(ctx context.Context, tx *sql.Tx) error { return put(ctx, tx, "a", "1") })
			if got := get(t, tx, "a"); got != "(none)" {
				t.Errorf("a = %q inside the view, which began before the write", got)
			}
			return put(ctx, tx, "b", "1")
		})
		if err == nil || !store.IsReadOnly(err) {
			t.Errorf("write inside a view: %v, want a read-only error", err)
		}
		if got := get(t, db.Read(), "a"); got != "1" {
			t.Errorf("a = %q after the view, want 1", got)
		}
		if got := get(t, db.Read(), "b"); got != "(none)" {
			t.Errorf("b = %q, written inside a view", got)
		}
	})
}

func TestConcurrentUpdatesLoseNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		update(t, db, func(ctx context.Context, tx *sql.Tx) error { return put(ctx, tx, "n", "0") })
		const workers, each = 8, 25
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for range each {
					err := db.Update(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
						_, err := tx.ExecContext(ctx, `UPDATE settings SET updated_at = updated_at + 1 WHERE key = 'n'`)
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var n int64
		if err := db.Read().QueryRowContext(t.Context(), `SELECT updated_at FROM settings WHERE key = 'n'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n != 1+workers*each {
			t.Errorf("counter = %d, want %d", n, 1+workers*each)
		}
	})
}

// TestDeadlockIsRetried lets two transactions read what the other
// writes, which PostgreSQL ends with an error for one.
func TestDeadlockIsRetried(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{URL: storetest.PostgresURL(t)})
	update(t, db, func(ctx context.Context, tx *sql.Tx) error {
		return errors.Join(put(ctx, tx, "a", "0"), put(ctx, tx, "b", "0"))
	})
	var calls atomic.Int64
	var both sync.WaitGroup
	both.Add(2)
	var wg sync.WaitGroup
	for _, keys := range [][2]string{{"a", "b"}, {"b", "a"}} {
		wg.Go(func() {
			first := true
			err := db.Update(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
				calls.Add(1)
				for i, key := range keys {
					if _, err := tx.ExecContext(ctx, `UPDATE settings SET updated_at = updated_at + 1 WHERE key = $1`, key); err != nil {
						return err
					}
					if i == 0 && first {
						first = false
						both.Done()
						both.Wait() // each holds its first row now
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if calls.Load() < 3 {
		t.Errorf("%d calls, want at least 3: the deadlock did not happen", calls.Load())
	}
	var sum int64
	if err := db.Read().QueryRowContext(t.Context(), `SELECT sum(updated_at)::bigint FROM settings`).Scan(&sum); err != nil {
		t.Fatal(err)
	}
	if sum != 6 {
		t.Errorf("sum = %d, want 6", sum)
	}
}

func TestErrorKinds(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		update(t, db, func(ctx context.Context, tx *sql.Tx) error { return put(ctx, tx, "a", "1") })
		err := db.Update(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			return fmt.Errorf("save: %w", put(ctx, tx, "a", "2"))
		})
		if !store.IsUnique(err) {
			t.Errorf("IsUnique(%v) = false for a double key", err)
		}
		if store.IsFull(err) || store.IsBusy(err) || store.IsReadOnly(err) {
			t.Errorf("%v is taken for another kind", err)
		}
		_, err = db.Read().ExecContext(t.Context(), `SELECT nothing FROM nowhere`)
		if err == nil || store.IsUnique(err) || store.IsFull(err) || store.IsBusy(err) || store.IsReadOnly(err) {
			t.Errorf("a bad query gives %v, which is taken for another kind", err)
		}
		if _, _, ok := store.Explain(err); ok {
			t.Errorf("Explain claims to know %v", err)
		}
	})
}

func TestNewID(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		id := store.NewID()
		if len(id) != 26 || seen[id] {
			t.Fatalf("id %q: want 26 characters, never twice", id)
		}
		for _, r := range id {
			if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
				t.Fatalf("id %q has the character %q", id, r)
			}
		}
		seen[id] = true
	}
}
