package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Check looks at a database without changing it and describes it for people. Its
// errors say what to do.
func Check(ctx context.Context, location string) (string, error) {
	o := Options{URL: location}.withDefaults()
	if IsPostgresURL(location) {
		return checkPostgres(ctx, o)
	}
	path, err := filepath.Abs(location)
	if err != nil {
		return "", fmt.Errorf("check database: %w", err)
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "SQLite; " + path + " will be created", nil
	}
	if err != nil {
		return "", describe(path, err)
	}
	if err := checkWritable(path); err != nil {
		return "", describe(path, err)
	}
	db, err := readOnlySQLite(path)
	if err != nil {
		return "", err
	}
	state, err := checkSchema(ctx, db, o)
	if err = errors.Join(err, db.Close()); err != nil {
		return "", describe(path, err)
	}
	return fmt.Sprintf("SQLite, %s, %d KB, %s", path, info.Size()>>10, state), nil
}

func checkPostgres(ctx context.Context, o Options) (string, error) {
	c, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return "", fmt.Errorf("check database: %w", err) // pgx leaves the password out
	}
	location := fmt.Sprintf("%s:%d/%s", c.Host, c.Port, c.Database)
	pool := stdlib.OpenDB(*c)
	state, err := checkSchema(ctx, &DB{dialect: PostgreSQL, location: location, reader: pool, writer: pool}, o)
	if err = errors.Join(err, pool.Close()); err != nil {
		return "", fmt.Errorf("check database %s: %w", location, err)
	}
	return "PostgreSQL, " + location + ", " + state, nil
}

// OpenReadOnly opens an existing database for looking at it: nothing is created,
// migrated or locked, and its schema may be any. The file of a SQLite database cannot
// be written through it.
func OpenReadOnly(_ context.Context, location string) (*DB, error) {
	if IsPostgresURL(location) {
		c, err := pgx.ParseConfig(location)
		if err != nil {
			return nil, fmt.Errorf("open database: %w", err) // pgx leaves the password out
		}
		c.RuntimeParams["default_transaction_read_only"] = "on"
		pool := stdlib.OpenDB(*c)
		return &DB{dialect: PostgreSQL, location: fmt.Sprintf("%s:%d/%s", c.Host, c.Port, c.Database), reader: pool, writer: pool}, nil
	}
	path, err := filepath.Abs(location)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, describe(path, err)
	}
	return readOnlySQLite(path)
}

func readOnlySQLite(path string) (*DB, error) {
	pool, err := sql.Open("sqlite", fileURI(path)+"?mode=ro&_pragma=query_only(1)&_pragma=busy_timeout(1000)")
	if err != nil {
		return nil, describe(path, err)
	}
	return &DB{dialect: SQLite, location: path, reader: pool, writer: pool}, nil
}

// checkSchema tells whether the schema fits this program.
func checkSchema(ctx context.Context, db *DB, o Options) (string, error) {
	m, err := newMigrator(db, o)
	if err != nil {
		return "", err
	}
	pending, err := m.pending(ctx, db.reader)
	if err != nil {
		return "", err
	}
	if pending {
		return "will be brought up to date at the next start", nil
	}
	return "up to date", nil
}
