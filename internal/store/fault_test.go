package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

// mountTmpfs mounts a file system of the given size in bytes, and skips where
// the test may not mount.
func mountTmpfs(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skipf("mounting is not permitted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func explains(t *testing.T, err error, code string) {
	t.Helper()
	got, message, ok := store.Explain(err)
	if !ok || got != code || message == "" {
		t.Errorf("Explain(%v) = %q, %q, %v; want %s", err, got, message, ok, code)
	}
}

// fill writes until the database refuses, and returns how many rows are in it.
func fill(t *testing.T, db *store.DB) (rows int, err error) {
	t.Helper()
	for ; rows < 100_000; rows++ {
		err = db.Update(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			return put(ctx, tx, fmt.Sprint("row ", rows), strings.Repeat("x", 3000))
		})
		if err != nil {
			return rows, err
		}
	}
	t.Fatal("the database never got full")
	return 0, nil
}

func count(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	if err := db.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM settings`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	dir := mountTmpfs(t, 1<<20)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 256<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	db := storetest.Open(t, store.Options{URL: filepath.Join(dir, "db")})
	saved, err := fill(t, db)
	if !store.IsFull(err) {
		t.Fatalf("after %d rows: %v, want a full error", saved, err)
	}
	explains(t, err, "disk_full")
	if got := count(t, db); got != saved {
		t.Errorf("%d rows, want the %d that were saved", got, saved)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	update(t, db, func(ctx context.Context, tx *sql.Tx) error { return put(ctx, tx, "after", "") })
	if got := count(t, db); got != saved+1 {
		t.Errorf("%d rows after space was made, want %d", got, saved+1)
	}
}

func TestFullDiskAtOpen(t *testing.T) {
	t.Parallel()
	dir := mountTmpfs(t, 64<<10)
	_, err := store.Open(t.Context(), store.Options{URL: filepath.Join(dir, "db")})
	if !store.IsFull(err) || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("open: %v, want a full error that says what to do", err)
	}
}

func TestFullDiskWhileUpdatingTheSchema(t *testing.T) {
	t.Parallel()
	dir := mountTmpfs(t, 1<<20)
	path := filepath.Join(dir, "db")
	use(t, path, steps(1), func(db *store.DB) {
		update(t, db, func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `CREATE TABLE big (x BLOB); INSERT INTO big VALUES (zeroblob(600000))`)
			return err
		})
	})
	_, err := open(t, path, steps(2)) // no room for the snapshot
	if !store.IsFull(err) || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("open: %v, want a full error and that nothing was changed", err)
	}
	use(t, path, steps(1), func(db *store.DB) {
		if got := rows(t, db.Read(), "big"); got != "1" {
			t.Errorf("big has %s rows, want 1", got)
		}
	})
}

func TestReadOnlyFileSystem(t *testing.T) {
	t.Parallel()
	dir := mountTmpfs(t, 4<<20)
	path := filepath.Join(dir, "db")
	use(t, path, nil, nil)
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("remounting is not permitted here: %v", err)
	}
	_, err := store.Open(t.Context(), store.Options{URL: path})
	if !store.IsReadOnly(err) || !strings.Contains(err.Error(), "DATABASE_URL") {
		t.Errorf("open: %v, want a read-only error that says what to do", err)
	}
	explains(t, err, "database_read_only")
	_, err = store.Open(t.Context(), store.Options{URL: filepath.Join(dir, "new")})
	if !store.IsReadOnly(err) {
		t.Errorf("open a new file: %v, want a read-only error", err)
	}
}

func TestReadOnlyPostgres(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	storetest.Open(t, store.Options{URL: url})
	db := storetest.Open(t, store.Options{URL: url + "&default_transaction_read_only=on"})
	err := db.Update(t.Context(), func(ctx context.Context, tx *sql.Tx) error { return put(ctx, tx, "a", "") })
	if !store.IsReadOnly(err) {
		t.Errorf("write: %v, want a read-only error", err)
	}
	explains(t, err, "database_read_only")
}

func TestLockedDatabase(t *testing.T) {
	t.Parallel()
	path := storetest.SQLiteURL(t)
	db := storetest.Open(t, store.Options{URL: path, BusyTimeout: 20 * time.Millisecond})
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	if _, err := other.Exec(`BEGIN IMMEDIATE`); err != nil {
		t.Fatal(err)
	}
	calls := 0
	err = db.Update(t.Context(), func(ctx context.Context, tx *sql.Tx) error { calls++; return put(ctx, tx, "a", "") })
	if !store.IsBusy(err) || calls != 0 {
		t.Errorf("update: %v after %d calls, want a busy error and none", err, calls)
	}
	explains(t, err, "database_busy")
	if got := get(t, db.Read(), "a"); got != "(none)" { // readers go on
		t.Errorf("a = %q", got)
	}
	if _, err := other.Exec(`ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	update(t, db, func(ctx context.Context, tx *sql.Tx) error { return put(ctx, tx, "a", "1") })
}

func TestDatabaseHeldByAnotherProgramAtOpen(t *testing.T) {
	t.Parallel()
	path := storetest.SQLiteURL(t)
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	if _, err := other.Exec(`BEGIN EXCLUSIVE; CREATE TABLE x (y)`); err != nil {
		t.Fatal(err)
	}
	_, err = store.Open(t.Context(), store.Options{URL: path, BusyTimeout: 20 * time.Millisecond})
	if !store.IsBusy(err) || !strings.Contains(err.Error(), "stop it") {
		t.Errorf("open: %v, want a busy error that says what to do", err)
	}
}

func TestLockedPostgresRow(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	db := storetest.Open(t, store.Options{URL: url + "&lock_timeout=20"})
	update(t, db, func(ctx context.Context, tx *sql.Tx) error { return put(ctx, tx, "a", "1") })
	change := func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE settings SET value = '2' WHERE key = 'a'`)
		return err
	}
	update(t, db, func(ctx context.Context, tx *sql.Tx) error {
		if err := change(ctx, tx); err != nil {
			return err
		}
		if err := db.Update(t.Context(), change); !store.IsBusy(err) {
			t.Errorf("update of a locked row: %v, want a busy error", err)
		}
		return nil
	})
}

func TestUpdateWaitsNoLongerThanItsContext(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	update(t, db, func(context.Context, *sql.Tx) error {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		err := db.Update(ctx, func(context.Context, *sql.Tx) error { return nil })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("update: %v, want the context's error", err)
		}
		return nil
	})
}

func TestBadLocations(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	damaged := filepath.Join(dir, "damaged.db")
	if err := os.WriteFile(damaged, []byte(strings.Repeat("this is no database ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ url, want string }{
		"none":        {"", "DATABASE_URL"},
		"folder":      {dir, "not a file but a folder"},
		"fifo":        {fifo, "special file"},
		"memory":      {":memory:", "give the path of a file"},
		"damaged":     {damaged, "restore a backup"},
		"below file":  {damaged + "/db", "not a directory"},
		"no server":   {"postgres://u:hunter2@127.0.0.1:1/x?sslmode=disable", "127.0.0.1:1"},
		"odd address": {"postgres://u:hunter2@127.0.0.1:port/x", "open database"},
	}
	for name, test := range tests {
		db, err := store.Open(t.Context(), store.Options{URL: test.url})
		if err == nil {
			_ = db.Close()
		}
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q in it and no password", name, err, test.want)
		}
	}
}

func TestModes(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	path := filepath.Join(data, "innoclaw.db")
	o := store.Options{URL: path, DataDir: data}
	modes := func() string {
		var b strings.Builder
		for _, p := range []string{data, path, path + "-wal", path + "-shm", path + ".lock"} {
			info, err := os.Stat(p)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%s %o\n", strings.TrimPrefix(p, data), info.Mode().Perm())
		}
		return b.String()
	}
	const want = " 700\n/innoclaw.db 600\n/innoclaw.db-wal 600\n/innoclaw.db-shm 600\n/innoclaw.db.lock 600\n"
	db := storetest.Open(t, o)
	update(t, db, func(ctx context.Context, tx *sql.Tx) error { return put(ctx, tx, "a", "") })
	if got := modes(); got != want {
		t.Errorf("modes of a new database:\n%swant\n%s", got, want)
	}
	snapshot := path + ".before-3"
	if err := os.WriteFile(snapshot, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for p, mode := range map[string]os.FileMode{data: 0o755, path: 0o644, path + "-wal": 0o666, path + "-shm": 0o660, snapshot: 0o604} {
		if err := os.Chmod(p, mode); err != nil {
			t.Fatal(err)
		}
	}
	var log strings.Builder
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	storetest.Open(t, o)
	if got := modes(); got != want {
		t.Errorf("modes after opening again:\n%swant\n%s", got, want)
	}
	if info, err := os.Stat(snapshot); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("snapshot: %v %v", info.Mode(), err)
	}
	if n := strings.Count(log.String(), "tightened"); n != 5 {
		t.Errorf("%d log lines, want 5:\n%s", n, log.String())
	}
}

func TestFolderOfOthersKeepsItsMode(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	storetest.Open(t, store.Options{URL: filepath.Join(dir, "db"), DataDir: filepath.Join(dir, "elsewhere")})
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("folder outside the data folder: %v %v, want 0755 as before", info.Mode(), err)
	}
}

// TestLibcIsTheOneSQLiteWasMadeFor: modernc.org/sqlite is generated for one
// version of modernc.org/libc and may misbehave with any other.
func TestLibcIsTheOneSQLiteWasMadeFor(t *testing.T) {
	t.Parallel()
	run := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), "go", args...).Output()
		if err != nil {
			t.Fatalf("go %v: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	ours := run("list", "-m", "-f", "{{.Version}}", "modernc.org/libc")
	file := run("list", "-m", "-f", "{{.GoMod}}", "modernc.org/sqlite")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require ")); len(fields) >= 2 && fields[0] == "modernc.org/libc" {
			if fields[1] != ours {
				t.Errorf("go.mod has modernc.org/libc %s, modernc.org/sqlite wants %s", ours, fields[1])
			}
			return
		}
	}
	t.Errorf("%s does not name modernc.org/libc", file)
}

func TestPresence(t *testing.T) {
	t.Parallel()
	path := storetest.SQLiteURL(t)
	present := func(role string) (*store.Presence, bool) {
		p, alone, err := storetest.Open(t, store.Options{URL: path}).Present(t.Context(), role)
		if err != nil {
			t.Fatal(err)
		}
		return p, alone
	}
	first, alone := present("worker")
	if !alone {
		t.Error("the first is not alone")
	}
	if err := first.Share(t.Context()); err != nil {
		t.Fatal(err)
	}
	second, alone := present("worker")
	if alone {
		t.Error("the second is told that it is alone")
	}
	if _, alone := present("other"); !alone {
		t.Error("roles are mixed up")
	}
	if err := errors.Join(first.Close(), second.Close()); err != nil {
		t.Error(err)
	}
	if _, alone := present("worker"); !alone {
		t.Error("not alone after both have gone")
	}
}
