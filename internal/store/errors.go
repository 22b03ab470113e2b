package store

import (
	"errors"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrNewer means that the database was written by a newer InnoClaw.
var ErrNewer = errors.New("the database belongs to a newer InnoClaw")

// ErrForeign means that the database exists and is not InnoClaw's.
var ErrForeign = errors.New("the database belongs to another program")

// errReadOnlyFile is reported when the file or its folder cannot be written.
var errReadOnlyFile = errors.New("not writable")

// PostgreSQL's SQLSTATE codes that are told apart here.
const (
	pgUniqueViolation      = "23505"
	pgReadOnlyTransaction  = "25006"
	pgSerializationFailure = "40001"
	pgDeadlockDetected     = "40P01"
	pgDiskFull             = "53100"
	pgTooManyConnections   = "53300"
	pgLockNotAvailable     = "55P03"
)

// IsUnique reports whether a statement failed because the row exists already.
func IsUnique(err error) bool {
	code := sqliteCode(err)
	return code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY ||
		pgCode(err) == pgUniqueViolation
}

// IsFull reports whether the disk, or the space the database may use, is full.
func IsFull(err error) bool {
	switch sqliteCode(err) {
	case sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_WRITE:
		return true // what SQLite says when it cannot grow its shared memory or its log
	}
	return sqliteCode(err)&0xff == sqlite3.SQLITE_FULL || pgCode(err) == pgDiskFull ||
		errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// IsReadOnly reports whether the database cannot be written: the file, its
// folder or file system, or a PostgreSQL server that is a standby.
func IsReadOnly(err error) bool {
	return sqliteCode(err)&0xff == sqlite3.SQLITE_READONLY || pgCode(err) == pgReadOnlyTransaction ||
		errors.Is(err, errReadOnlyFile) || errors.Is(err, syscall.EROFS)
}

// IsBusy reports whether the database stayed locked by another process or
// transaction for as long as this one was ready to wait.
func IsBusy(err error) bool {
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return true
	}
	switch pgCode(err) {
	case pgLockNotAvailable, pgDeadlockDetected, pgSerializationFailure, pgTooManyConnections:
		return true
	}
	return errors.Is(err, errLockHeld)
}

// Explain returns a stable code and a sentence for people for the states of the
// database that a person can do something about. ok is false for other errors.
func Explain(err error) (code, message string, ok bool) {
	switch {
	case err == nil:
		return "", "", false
	case IsFull(err):
		return "disk_full", "The disk that holds InnoClaw's database is full. Nothing already saved is lost: free some space and try again.", true
	case IsReadOnly(err):
		return "database_read_only", "InnoClaw's database cannot be written. Make its file and folder writable for the account InnoClaw runs as, then try again.", true
	case IsBusy(err):
		return "database_busy", "InnoClaw's database is locked by another program. Try again; if it stays so, look for a backup or another InnoClaw that holds it.", true
	}
	return "", "", false
}

// retryable tells the errors after which the same transaction may succeed.
func retryable(err error) bool {
	switch pgCode(err) {
	case pgSerializationFailure, pgDeadlockDetected:
		return true
	}
	return sqliteCode(err)&0xff == sqlite3.SQLITE_BUSY
}

func isCorrupt(err error) bool {
	code := sqliteCode(err) & 0xff
	return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
}

// sqliteCode returns SQLite's extended result code, 0 when err has none.
func sqliteCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

// pgCode returns the SQLSTATE, "" when err has none.
func pgCode(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}
