package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"
)

// Dialect names the kind of database behind a [DB].
type Dialect string

const (
	// SQLite is a database in one local file.
	SQLite Dialect = "sqlite"
	// PostgreSQL is a database on a server, shared by several processes.
	PostgreSQL Dialect = "postgres"
)

const (
	defaultBusyTimeout     = 5 * time.Second
	defaultSQLiteReaders   = 4
	defaultPostgresPool    = 20
	maxTransactionAttempts = 6
)

// Options say which database to open and how.
type Options struct {
	// URL is the path of a SQLite file, or postgres://… of a PostgreSQL database.
	URL string
	// DataDir is the folder that belongs to InnoClaw alone. When the SQLite file
	// lies in it, its folder is kept at mode 0700. A folder outside is not changed.
	DataDir string
	// Logger receives what was changed at open: modes, migrations, snapshots.
	Logger *slog.Logger
	// MaxReaders is the number of SQLite's reading connections (default 4) or of
	// all PostgreSQL connections (default 20).
	MaxReaders int
	// BusyTimeout is how long a statement waits for another process's lock on the
	// SQLite file before it reports busy (default 5 s). A migration waits twice as
	// long for other processes to close the file.
	BusyTimeout time.Duration
	// Migrations replaces the embedded migrations. Only tests of migrations set it.
	Migrations fs.FS
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.BusyTimeout <= 0 {
		o.BusyTimeout = defaultBusyTimeout
	}
	if o.Migrations == nil {
		o.Migrations = embedded()
	}
	return o
}

// Querier runs single statements. [sql.DB], [sql.Tx] and [sql.Conn] are such.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// DB is an open database whose schema is up to date. It may be used by many
// goroutines at once.
type DB struct {
	dialect Dialect
	// location says which database this is, for messages; it holds no password.
	location string
	writer   *sql.DB
	// reader is the same pool as writer on PostgreSQL.
	reader *sql.DB
	// lock is held shared as long as a SQLite database is open; nil on PostgreSQL.
	lock *fileLock
}

// Open opens the database named by o.URL, creates it when it is a SQLite file
// that does not exist, and applies pending migrations. Its errors say what to
// do; [IsReadOnly], [IsBusy], [IsFull] and [ErrNewer] tell the kinds apart.
func Open(ctx context.Context, o Options) (*DB, error) {
	o = o.withDefaults()
	if o.URL == "" {
		return nil, errors.New("open database: no location given, set DATABASE_URL to a file or a postgres:// URL")
	}
	if IsPostgresURL(o.URL) {
		return openPostgres(ctx, o)
	}
	return openSQLite(ctx, o)
}

// IsPostgresURL reports whether a database location means a PostgreSQL server.
func IsPostgresURL(location string) bool {
	return strings.HasPrefix(location, "postgres://") || strings.HasPrefix(location, "postgresql://")
}

// Close ends all connections. It waits for running statements. Closing twice
// does nothing.
func (db *DB) Close() error {
	var errs []error
	if db.reader != nil && db.reader != db.writer {
		errs = append(errs, db.reader.Close())
	}
	if db.writer != nil {
		errs = append(errs, db.writer.Close())
	}
	if db.lock != nil {
		errs = append(errs, db.lock.Close())
	}
	return errors.Join(errs...)
}

// Dialect tells which kind of database this is.
func (db *DB) Dialect() Dialect { return db.dialect }

// Location names the database for people: the file, or host and database name.
// It never holds a password.
func (db *DB) Location() string { return db.location }

// Read returns the pool of reading connections, for single queries. On SQLite
// a statement that writes fails there.
func (db *DB) Read() Querier { return db.reader }

// View calls fn with a transaction that sees one unchanging state of the
// database and cannot write.
func (db *DB) View(ctx context.Context, fn func(ctx context.Context, tx *sql.Tx) error) error {
	opts := &sql.TxOptions{ReadOnly: true}
	if db.dialect == PostgreSQL {
		opts.Isolation = sql.LevelRepeatableRead
	}
	tx, err := db.reader.BeginTx(ctx, opts)
	if err != nil {
		return fmt.Errorf("begin reading: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // nothing to lose: the transaction only reads
	return fn(ctx, tx)
}

// updating marks the context of a running Update of one database.
type updating struct{ db *DB }

// ErrNested is returned by [DB.Update] when it is called from inside an Update
// of the same database, where it would wait for itself.
var ErrNested = errors.New("update inside an update of the same database: pass the transaction on instead")

// Update calls fn in a writing transaction and commits it when fn returns nil.
// When the database reports a lock or a serialization conflict the whole
// transaction is tried again a few times, so fn may run more than once: it must
// keep its effects in the transaction. On SQLite one Update runs at a time, so
// fn should do nothing slow. Use the context given to fn inside it.
func (db *DB) Update(ctx context.Context, fn func(ctx context.Context, tx *sql.Tx) error) error {
	if ctx.Value(updating{db}) != nil {
		return ErrNested
	}
	inside := context.WithValue(ctx, updating{db}, true)
	for attempt := 1; ; attempt++ {
		err := db.updateOnce(inside, fn)
		if err == nil || attempt >= db.maxAttempts() || !retryable(err) || ctx.Err() != nil {
			return err
		}
		if !sleep(ctx, backoff(attempt)) {
			return err
		}
	}
}

// maxAttempts bounds Update. SQLite has already waited BusyTimeout when it says
// busy, so that trying twice is enough.
func (db *DB) maxAttempts() int {
	if db.dialect == SQLite {
		return 2
	}
	return maxTransactionAttempts
}

func (db *DB) updateOnce(ctx context.Context, fn func(ctx context.Context, tx *sql.Tx) error) error {
	tx, err := db.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin writing: %w", err)
	}
	done := false
	defer func() {
		if !done { // fn failed or panicked
			_ = tx.Rollback()
		}
	}()
	if err := fn(ctx, tx); err != nil {
		return err
	}
	done = true
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// backoff is the wait before the next attempt: 2 ms doubling, half of it random.
func backoff(attempt int) time.Duration {
	base := 2 * time.Millisecond << min(attempt, 8)
	return base/2 + rand.N(base/2)
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
