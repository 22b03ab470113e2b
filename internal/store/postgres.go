package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	postgresConnectTimeout = 10 * time.Second
	postgresIdleConns      = 4
	postgresIdleTime       = 5 * time.Minute
)

func openPostgres(ctx context.Context, o Options) (*DB, error) {
	cfg, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err) // pgx leaves the password out
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = postgresConnectTimeout
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "innoclaw"
	}
	pool := stdlib.OpenDB(*cfg)
	size := o.MaxReaders
	if size <= 0 {
		size = defaultPostgresPool
	}
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(min(size, postgresIdleConns))
	pool.SetConnMaxIdleTime(postgresIdleTime)

	location := fmt.Sprintf("%s:%d/%s", cfg.Host, cfg.Port, cfg.Database)
	db := &DB{dialect: PostgreSQL, location: location, writer: pool, reader: pool}
	if err := migratePostgres(ctx, db, o); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", location, err), pool.Close())
	}
	return db, nil
}

// migrateLockSeed keeps the advisory lock apart from those of other programs.
const migrateLockSeed = 0x1220c1a3

// migratePostgres applies pending migrations. Servers that start at the same
// time wait for one another on an advisory lock of the schema in use.
func migratePostgres(ctx context.Context, db *DB, o Options) error {
	m, err := newMigrator(db, o)
	if err != nil {
		return err
	}
	if pending, err := m.pending(ctx, db.writer); err != nil || !pending {
		return err
	}
	conn, err := db.writer.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close() //nolint:errcheck // returns the connection to the pool
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1, hashtext(current_schema()))`, migrateLockSeed); err != nil {
		return fmt.Errorf("wait for the migrations of another server: %w", err)
	}
	defer unlockPostgres(ctx, conn)

	pending, err := m.pending(ctx, db.writer)
	if err != nil || !pending {
		return err
	}
	return m.applyPostgres(ctx, db.writer)
}

func unlockPostgres(ctx context.Context, conn *sql.Conn) {
	// A lost connection has lost the lock as well, so an error needs no answer.
	_, _ = conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1, hashtext(current_schema()))`, migrateLockSeed)
}
