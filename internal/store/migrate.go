package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

// versionTable is where goose keeps the applied migrations.
const versionTable = "goose_db_version"

// migrator compares the schema of a database with the migrations of this binary
// and applies what is missing.
type migrator struct {
	dialect Dialect
	files   fs.FS
	known   []int64 // ascending
	log     *slog.Logger
}

func newMigrator(db *DB, o Options) (*migrator, error) {
	names, err := fs.Glob(o.Migrations, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	m := &migrator{dialect: db.dialect, files: o.Migrations, log: o.Logger}
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("migration %s: its name must begin with a number", name)
		}
		m.known = append(m.known, version)
	}
	slices.Sort(m.known)
	if len(m.known) == 0 {
		return nil, errors.New("no migrations are built in")
	}
	return m, nil
}

func (m *migrator) newest() int64 { return m.known[len(m.known)-1] }

// pending reports whether migrations are missing. It costs two small queries and
// refuses a database that is newer than this binary or not InnoClaw's.
func (m *migrator) pending(ctx context.Context, q Querier) (bool, error) {
	applied, err := m.applied(ctx, q)
	if err != nil {
		return false, err
	}
	for _, v := range applied {
		if v > m.newest() {
			return false, fmt.Errorf("%w: its schema has version %d and this program knows %d: start the newer program, "+
				"or restore a backup or the snapshot made before the update", ErrNewer, v, m.newest())
		}
	}
	for _, v := range m.known {
		if !slices.Contains(applied, v) {
			return true, nil
		}
	}
	return false, nil
}

// applied returns the versions of the schema, none for an empty database.
func (m *migrator) applied(ctx context.Context, q Querier) ([]int64, error) {
	tables, err := m.tables(ctx, q)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(tables, versionTable) {
		if len(tables) > 0 {
			return nil, fmt.Errorf("%w: it has a table %q but no schema version: choose another file or database with DATABASE_URL",
				ErrForeign, tables[0])
		}
		return nil, nil
	}
	rows, err := q.QueryContext(ctx, `SELECT version_id FROM `+versionTable+` WHERE is_applied AND version_id > 0 ORDER BY version_id`)
	if err != nil {
		return nil, fmt.Errorf("read schema version: %w", err)
	}
	return scanAll[int64](rows)
}

// tables returns those of the tables' names that decide what a database is.
func (m *migrator) tables(ctx context.Context, q Querier) ([]string, error) {
	query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ($1, 'users', 'workspaces')`
	if m.dialect == PostgreSQL {
		query = `SELECT tablename::text FROM pg_catalog.pg_tables
			WHERE schemaname = current_schema() AND tablename IN ($1, 'users', 'workspaces')`
	}
	rows, err := q.QueryContext(ctx, query, versionTable)
	if err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	return scanAll[string](rows)
}

func scanAll[T any](rows *sql.Rows) ([]T, error) {
	defer rows.Close() //nolint:errcheck // rows.Err tells what went wrong
	var all []T
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

func (m *migrator) provider(pool *sql.DB) (*goose.Provider, error) {
	dialect := goose.DialectSQLite3
	if m.dialect == PostgreSQL {
		dialect = goose.DialectPostgres
	}
	p, err := goose.NewProvider(dialect, pool, m.files,
		goose.WithDisableGlobalRegistry(true), goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, nil
}

// up applies everything pending, each migration in its transaction.
func (m *migrator) up(ctx context.Context, pool *sql.DB) error {
	p, err := m.provider(pool)
	if err != nil {
		return err
	}
	done, err := p.Up(ctx)
	if err != nil {
		return err
	}
	if len(done) > 0 {
		m.log.Info("database schema updated", "migrations", len(done), "version", m.newest())
	}
	return nil
}

// applyPostgres applies pending migrations. When one fails, those applied
// before it in this start are undone.
func (m *migrator) applyPostgres(ctx context.Context, pool *sql.DB) error {
	before, err := m.version(ctx, pool)
	if err != nil {
		return err
	}
	upErr := m.up(ctx, pool)
	if upErr == nil {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	p, err := m.provider(pool)
	if err == nil {
		_, err = p.DownTo(ctx, before)
	}
	after, versionErr := m.version(ctx, pool)
	if err = errors.Join(err, versionErr); err != nil {
		return fmt.Errorf("update the schema: %w; undoing it also went wrong (%w): the schema stands at version %d and "+
			"your data is intact, start this program again once the cause is gone, or restore a backup", upErr, err, after)
	}
	return fmt.Errorf("update the schema: %w; it was undone and the database is as it was at version %d: "+
		"the previous program still works with it", upErr, after)
}

// version returns the newest applied migration, 0 for an empty database.
func (m *migrator) version(ctx context.Context, q Querier) (int64, error) {
	applied, err := m.applied(ctx, q)
	if err != nil || len(applied) == 0 {
		return 0, err
	}
	return slices.Max(applied), nil
}
