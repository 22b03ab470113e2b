package store

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"modernc.org/sqlite"
)

// keptSnapshots is how many copies made before migrations stay next to the database.
const keptSnapshots = 3

// errReferences means that migrations were applied and left rows without their parents.
var errReferences = errors.New("references to rows that are gone")

const snapshotInfix = ".before-"

type snapshot struct {
	path    string
	version int64
}

// listSnapshots returns the snapshots of a database, oldest version first.
func listSnapshots(path string) []snapshot {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil
	}
	var found []snapshot
	prefix := filepath.Base(path) + snapshotInfix
	for _, e := range entries {
		number, ok := strings.CutPrefix(e.Name(), prefix)
		if !ok {
			continue
		}
		if v, err := strconv.ParseInt(number, 10, 64); err == nil {
			found = append(found, snapshot{filepath.Join(filepath.Dir(path), e.Name()), v})
		}
	}
	slices.SortFunc(found, func(a, b snapshot) int { return cmp.Compare(a.version, b.version) })
	return found
}

// migrateSQLite applies pending migrations while no other process has the
// database open. An existing database is copied first.
func migrateSQLite(ctx context.Context, db *DB, o Options, existed bool) error {
	m, err := newMigrator(db, o)
	if err != nil {
		return err
	}
	check := func() (bool, error) { return m.pending(ctx, db.writer) }
	if pending, err := check(); err != nil || !pending {
		return err
	}
	alone, err := db.lock.exclusive(ctx, 2*o.BusyTimeout, check)
	if err != nil {
		return err
	}
	if alone {
		if err := m.applySQLite(ctx, db, o, existed); err != nil {
			return err
		}
	}
	return db.lock.shared(ctx)
}

func (m *migrator) applySQLite(ctx context.Context, db *DB, o Options, existed bool) error {
	before, err := m.version(ctx, db.writer)
	if err != nil {
		return err
	}
	saved := ""
	if existed && before > 0 {
		saved = db.location + snapshotInfix + strconv.FormatInt(m.newest(), 10)
		if err := takeSnapshot(ctx, db.writer, saved); err != nil {
			return fmt.Errorf("copy the database before updating its schema: %w (nothing was changed)", err)
		}
		m.log.Info("database copied before updating its schema", "snapshot", saved)
	}
	if err := m.upChecked(ctx, db, o); err != nil {
		return m.rollBack(context.WithoutCancel(ctx), db, saved, before, err)
	}
	for _, s := range dropOldest(listSnapshots(db.location)) {
		if err := os.Remove(s.path); err != nil {
			m.log.Warn("an old snapshot could not be removed", "path", s.path, "error", err)
		}
	}
	return nil
}

func dropOldest(all []snapshot) []snapshot { return all[:max(0, len(all)-keptSnapshots)] }

// upChecked migrates on a connection of its own without foreign keys, since a
// table that is rebuilt must not take its dependents with it, and checks them after.
func (m *migrator) upChecked(ctx context.Context, db *DB, o Options) error {
	pool, err := sql.Open("sqlite", sqliteDSN(db.location, o, writerCacheKiB, "foreign_keys(0)", "_txlock=immediate"))
	if err != nil {
		return err
	}
	defer pool.Close() //nolint:errcheck // everything is committed by then
	pool.SetMaxOpenConns(1)
	if err := m.up(ctx, pool); err != nil {
		return err
	}
	var table string
	err = pool.QueryRowContext(ctx, `SELECT "table" FROM pragma_foreign_key_check LIMIT 1`).Scan(&table)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("check references: %w", err)
	}
	return fmt.Errorf("%w in table %s", errReferences, table)
}

// takeSnapshot copies the database to path. The copy is opened and read before
// it gets its name.
func takeSnapshot(ctx context.Context, pool *sql.DB, path string) (err error) {
	partial := path + ".partial"
	if err := os.Remove(partial); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(partial, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode) // an empty file may be vacuumed into
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			_ = os.Remove(partial)
		}
	}()
	if _, err := pool.ExecContext(ctx, `VACUUM INTO $1`, partial); err != nil {
		return err
	}
	if err := checkCopy(ctx, partial); err != nil {
		return fmt.Errorf("read the copy: %w", err)
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return os.Rename(partial, path)
}

func checkCopy(ctx context.Context, path string) error {
	copied, err := sql.Open("sqlite", fileURI(path)+"?mode=ro")
	if err != nil {
		return err
	}
	defer copied.Close() //nolint:errcheck // only read
	var n int
	return copied.QueryRowContext(ctx, `SELECT count(*) FROM `+versionTable).Scan(&n)
}

// rollBack brings the database back to what it was before a failed migration
// and returns an error that says what is safe now.
func (m *migrator) rollBack(ctx context.Context, db *DB, saved string, before int64, cause error) error {
	after, err := m.version(ctx, db.writer)
	if err == nil && after == before && !errors.Is(cause, errReferences) {
		return fmt.Errorf("update the schema: %w; nothing was changed, the previous program still works with this database", cause)
	}
	if saved == "" {
		return fmt.Errorf("update the schema: %w; the database was new and holds no data yet: "+
			"start again once the cause is gone", cause)
	}
	if err := restoreSnapshot(ctx, db.writer, saved); err != nil {
		return fmt.Errorf("update the schema: %w; copying the snapshot back also went wrong (%w): "+
			"your data is safe in %s: with InnoClaw stopped, remove the files %s-wal and -shm and put the snapshot in its place",
			cause, err, saved, filepath.Base(db.location))
	}
	return fmt.Errorf("update the schema: %w; the database was put back as it was at version %d "+
		"(a copy is in %s), the previous program still works with it", cause, before, saved)
}

// restorer is what modernc's connection offers for copying a database into itself.
type restorer interface {
	NewRestore(from string) (*sqlite.Backup, error)
}

// restoreSnapshot copies the snapshot's pages over the database in one
// transaction, so that a crash leaves either the one or the other.
func restoreSnapshot(ctx context.Context, pool *sql.DB, from string) error {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // returns the connection to the pool
	return conn.Raw(func(c any) error {
		r, ok := c.(restorer)
		if !ok {
			return fmt.Errorf("driver connection %T cannot restore: %w", c, driver.ErrSkip)
		}
		b, err := r.NewRestore(fileURI(from) + "?mode=ro")
		if err != nil {
			return err
		}
		for more := true; more; {
			if more, err = b.Step(-1); err != nil {
				return errors.Join(err, b.Finish())
			}
		}
		return b.Finish()
	})
}
