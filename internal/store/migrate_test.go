package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

// migrations are small ones of the tests' own: number n makes table tn with one
// row. "broken" fails half-way through, "orphan" leaves a row without its parent.
func migrations(steps ...string) fstest.MapFS {
	files := fstest.MapFS{}
	for i, step := range steps {
		n := i + 1
		up := fmt.Sprintf("CREATE TABLE t%d (id BIGINT PRIMARY KEY);\nINSERT INTO t%d VALUES (%d);\n", n, n, n)
		switch step {
		case "broken":
			up += "INSERT INTO nowhere VALUES (1);\n"
		case "orphan":
			up += fmt.Sprintf("CREATE TABLE c%d (p BIGINT REFERENCES t%d (id));\nINSERT INTO c%d VALUES (77);\n", n, n, n)
		}
		down := fmt.Sprintf("DROP TABLE t%d;\n", n)
		files[fmt.Sprintf("%04d_%s.sql", n, step)] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + up + "\n-- +goose Down\n" + down)}
	}
	return files
}

func steps(n int) fstest.MapFS {
	names := make([]string, n)
	for i := range names {
		names[i] = "ok"
	}
	return migrations(names...)
}

func open(t *testing.T, url string, files fs.FS) (*store.DB, error) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: url, Migrations: files, MaxReaders: 4})
	if err == nil {
		t.Cleanup(func() { _ = db.Close() })
	}
	return db, err
}

// use opens a database, calls fn and closes it.
func use(t *testing.T, url string, files fs.FS, fn func(db *store.DB)) {
	t.Helper()
	db, err := open(t, url, files)
	if err != nil {
		t.Fatal(err)
	}
	if fn != nil {
		fn(db)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func addRow(t *testing.T, db *store.DB, id int) {
	t.Helper()
	update(t, db, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO t1 VALUES ($1)`, id)
		return err
	})
}

func rows(t *testing.T, q store.Querier, table string) string {
	t.Helper()
	var n int
	if err := q.QueryRowContext(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil {
		return "no table"
	}
	return fmt.Sprint(n)
}

func snapshots(t *testing.T, path string) []string {
	t.Helper()
	all, err := filepath.Glob(path + ".before-*")
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		all[i] = strings.TrimPrefix(all[i], path)
	}
	return all
}

func eachURL(t *testing.T, test func(t *testing.T, url string)) {
	for name, locate := range storetest.Dialects() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, locate(t))
		})
	}
}

func TestNewerMigrationsAreApplied(t *testing.T) {
	t.Parallel()
	eachURL(t, func(t *testing.T, url string) {
		use(t, url, steps(1), func(db *store.DB) { addRow(t, db, 50) })
		use(t, url, steps(3), func(db *store.DB) {
			got := []string{rows(t, db.Read(), "t1"), rows(t, db.Read(), "t2"), rows(t, db.Read(), "t3")}
			if diff := cmp.Diff([]string{"2", "1", "1"}, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	})
}

func TestNewerDatabaseIsRefusedAndUnchanged(t *testing.T) {
	t.Parallel()
	eachURL(t, func(t *testing.T, url string) {
		use(t, url, steps(3), nil)
		_, err := open(t, url, steps(2))
		if !errors.Is(err, store.ErrNewer) || !strings.Contains(err.Error(), "version 3") || !strings.Contains(err.Error(), "knows 2") {
			t.Errorf("open: %v, want ErrNewer with both versions", err)
		}
		use(t, url, steps(3), nil)
	})
}

func TestDatabaseOfAnotherProgramIsRefused(t *testing.T) {
	t.Parallel()
	path := storetest.SQLiteURL(t)
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Exec(`CREATE TABLE users (id TEXT); INSERT INTO users VALUES ('kept')`); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, path, nil); !errors.Is(err, store.ErrForeign) {
		t.Errorf("open: %v, want ErrForeign", err)
	}
	var id string
	if err := raw.QueryRow(`SELECT id FROM users`).Scan(&id); err != nil || id != "kept" {
		t.Errorf("the other program's row: %q, %v", id, err)
	}
	if err := raw.Close(); err != nil {
		t.Error(err)
	}
}

func TestFailedMigrationIsUndone(t *testing.T) {
	t.Parallel()
	eachURL(t, func(t *testing.T, url string) {
		use(t, url, steps(1), func(db *store.DB) { addRow(t, db, 50) })
		// 2 works, 3 fails: 2 must be taken back too.
		_, err := open(t, url, migrations("ok", "ok", "broken"))
		if err == nil || !strings.Contains(err.Error(), "as it was at version 1") || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("open: %v, want the cause and that version 1 was restored", err)
		}
		use(t, url, steps(1), func(db *store.DB) { // the previous program
			got := []string{rows(t, db.Read(), "t1"), rows(t, db.Read(), "t2"), rows(t, db.Read(), "t3")}
			if diff := cmp.Diff([]string{"2", "no table", "no table"}, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			addRow(t, db, 51)
		})
		use(t, url, steps(3), func(db *store.DB) { // the repaired program
			if got := rows(t, db.Read(), "t1"); got != "3" {
				t.Errorf("t1 has %s rows, want 3", got)
			}
		})
	})
}

func TestFirstMigrationThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	path := storetest.SQLiteURL(t)
	use(t, path, steps(1), nil)
	_, err := open(t, path, migrations("ok", "broken"))
	if err == nil || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("open: %v, want to hear that nothing was changed", err)
	}
	if _, err := open(t, storetest.SQLiteURL(t), migrations("broken")); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("open a new database: %v, want the cause", err)
	}
}

func TestMigrationThatBreaksReferencesIsUndone(t *testing.T) {
	t.Parallel()
	path := storetest.SQLiteURL(t)
	use(t, path, steps(1), func(db *store.DB) { addRow(t, db, 50) })
	_, err := open(t, path, migrations("ok", "orphan"))
	if err == nil || !strings.Contains(err.Error(), "c2") || !strings.Contains(err.Error(), "as it was at version 1") {
		t.Errorf("open: %v, want table c2 named and version 1 restored", err)
	}
	use(t, path, steps(1), func(db *store.DB) {
		if got := rows(t, db.Read(), "t1") + " " + rows(t, db.Read(), "c2"); got != "2 no table" {
			t.Errorf("t1 and c2: %s", got)
		}
	})
}

func TestSnapshotsHoldTheDataBeforeAndTheLastThreeStay(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "odd name % ? #.db")
	for n := 1; n <= 6; n++ {
		use(t, path, steps(n), func(db *store.DB) { addRow(t, db, 100+n) })
		use(t, path, steps(n), nil) // nothing pending: no snapshot
	}
	want := []string{".before-4", ".before-5", ".before-6"}
	if diff := cmp.Diff(want, snapshots(t, path)); diff != "" {
		t.Errorf("snapshots (-want +got):\n%s", diff)
	}
	use(t, path+".before-5", steps(4), func(db *store.DB) {
		if got := rows(t, db.Read(), "t1") + " " + rows(t, db.Read(), "t5"); got != "5 no table" {
			t.Errorf("snapshot before 5: t1 and t5 have %s", got)
		}
	})
	for _, name := range want {
		if info, err := os.Stat(path + name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v, want mode 0600", name, info.Mode(), err)
		}
	}
	if left, _ := filepath.Glob(path + "*.partial"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSnapshotThatCannotBeWrittenStopsTheUpdate(t *testing.T) {
	t.Parallel()
	path := storetest.SQLiteURL(t)
	use(t, path, steps(1), nil)
	if err := os.MkdirAll(path+".before-2.partial/in the way", 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, path, steps(2)); err == nil || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("open: %v, want to hear that nothing was changed", err)
	}
	use(t, path, steps(1), nil)
}

func TestConcurrentStartsMigrateOnce(t *testing.T) {
	t.Parallel()
	eachURL(t, func(t *testing.T, url string) {
		use(t, url, steps(1), nil)
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				db, err := open(t, url, steps(4))
				if err != nil {
					t.Error(err)
					return
				}
				if got := rows(t, db.Read(), "t4"); got != "1" {
					t.Errorf("t4 has %s rows, want 1", got)
				}
			})
		}
		wg.Wait()
	})
}

// TestRunningServerKeepsItsSchema: a snapshot could not be restored without
// undoing what the running one writes, so the update waits and then refuses.
func TestRunningServerKeepsItsSchema(t *testing.T) {
	t.Parallel()
	path := storetest.SQLiteURL(t)
	running, err := open(t, path, steps(1))
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.Open(t.Context(), store.Options{URL: path, Migrations: steps(2), BusyTimeout: 50 * time.Millisecond})
	if err == nil || !store.IsBusy(err) || !strings.Contains(err.Error(), "stop it") {
		t.Errorf("open: %v, want to hear that another process must be stopped", err)
	}
	addRow(t, running, 50)
	done := make(chan error, 1)
	go func() { _, err := open(t, path, steps(2)); done <- err }() // waits for the other to end
	time.Sleep(50 * time.Millisecond)                              // only makes it likely that it waits
	if err := running.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("open after the other has ended: %v", err)
	}
}

// TestEveryMigrationCanBeUndone: rolling back on PostgreSQL needs it, and a
// migration outside a transaction could be left half done.
func TestEveryMigrationCanBeUndone(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, down, _ := strings.Cut(string(text), "-- +goose Down")
		if strings.TrimSpace(down) == "" {
			t.Errorf("%s has no way back", name)
		}
		if strings.Contains(string(text), "NO TRANSACTION") {
			t.Errorf("%s runs outside a transaction", name)
		}
	}
	eachURL(t, func(t *testing.T, url string) {
		use(t, url, nil, nil) // up to the newest, then a failing one more
		files := fstest.MapFS{"9999_broken.sql": &fstest.MapFile{Data: []byte("-- +goose Up\nINSERT INTO nowhere VALUES (1);\n-- +goose Down\nSELECT 1;\n")}}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files[filepath.Base(name)] = &fstest.MapFile{Data: text}
		}
		if _, err := open(t, url, files); err == nil {
			t.Error("the broken migration was accepted")
		}
		use(t, url, nil, nil)
	})
}
