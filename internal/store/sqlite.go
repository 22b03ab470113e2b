package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	_ "modernc.org/sqlite" // the driver named "sqlite"
)

const (
	writerCacheKiB = 8 << 10
	readerCacheKiB = 2 << 10
	walSizeLimit   = 64 << 20 // bytes kept of the write-ahead log after a checkpoint
	readerIdleTime = time.Minute
)

func openSQLite(ctx context.Context, o Options) (*DB, error) {
	path := strings.TrimPrefix(o.URL, "file:")
	if strings.Contains(path, ":memory:") {
		return nil, fmt.Errorf("open database: %q would be lost at the end, give the path of a file", o.URL)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db := &DB{dialect: SQLite, location: path}
	if err := db.openFile(ctx, o); err != nil {
		return nil, errors.Join(describe(path, err), db.Close())
	}
	return db, nil
}

// describe adds to an error of opening what a person can do about it.
func describe(path string, err error) error {
	hint := ""
	switch {
	case IsReadOnly(err) || errors.Is(err, os.ErrPermission):
		hint = ": make the file and its folder writable for this account, or choose another place with DATABASE_URL"
	case IsFull(err):
		hint = ": the disk is full, free some space and start again; nothing already saved is lost"
	case errors.Is(err, errLockHeld):
	case IsBusy(err):
		hint = ": another program holds the file locked, stop it and start again"
	case isCorrupt(err):
		hint = ": the file is damaged or no SQLite database; move it away and restore a backup or one of its snapshots (" +
			filepath.Base(path) + snapshotInfix + "…)"
	}
	return fmt.Errorf("open database %s: %w%s", path, err, hint)
}

func (db *DB) openFile(ctx context.Context, o Options) error {
	path := db.location
	existed, err := prepareFile(path, o)
	if err != nil {
		return err
	}
	if err := checkWritable(path); err != nil {
		return err
	}
	warnNetworkFileSystem(path, o)
	if db.lock, err = openLock(path + ".lock"); err != nil {
		return err
	}
	if err := db.lock.shared(ctx); err != nil {
		return err
	}
	if db.writer, err = sql.Open("sqlite", sqliteDSN(path, o, writerCacheKiB, "foreign_keys(1)", "_txlock=immediate")); err != nil {
		return err
	}
	db.writer.SetMaxOpenConns(1)
	db.writer.SetMaxIdleConns(1)
	if db.reader, err = sql.Open("sqlite", sqliteDSN(path, o, readerCacheKiB, "query_only(1)", "")); err != nil {
		return err
	}
	readers := o.MaxReaders
	if readers <= 0 {
		readers = defaultSQLiteReaders
	}
	db.reader.SetMaxOpenConns(readers)
	db.reader.SetMaxIdleConns(readers)
	db.reader.SetConnMaxIdleTime(readerIdleTime) // gives the page caches of quiet readers back
	return migrateSQLite(ctx, db, o, existed)
}

// sqliteDSN builds the driver's name of the file. The busy timeout comes first
// so that the pragmas after it wait for locks as well.
func sqliteDSN(path string, o Options, cacheKiB int, pragma, extra string) string {
	pragmas := []string{
		"busy_timeout(" + strconv.FormatInt(o.BusyTimeout.Milliseconds(), 10) + ")",
		"journal_mode(WAL)",
		"synchronous(NORMAL)",
		"journal_size_limit(" + strconv.Itoa(walSizeLimit) + ")",
		"cache_size(-" + strconv.Itoa(cacheKiB) + ")",
		pragma,
	}
	dsn := fileURI(path) + "?_pragma=" + strings.Join(pragmas, "&_pragma=")
	if extra != "" {
		dsn += "&" + extra
	}
	return dsn
}

// fileURI writes an absolute path as SQLite's file: URI.
func fileURI(path string) string {
	return (&url.URL{Scheme: "file", OmitHost: true, Path: path}).String()
}

// checkWritable finds out before SQLite does whether writing is possible, since
// SQLite itself would open the file and fail at the first save.
func checkWritable(path string) error {
	for _, p := range []string{path, filepath.Dir(path)} {
		if err := unix.Access(p, unix.W_OK); refused(err) {
			return fmt.Errorf("%s is %w (%w)", p, errReadOnlyFile, err)
		}
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if refused(err) {
		return fmt.Errorf("%s is %w (%w)", path, errReadOnlyFile, err)
	}
	if err != nil {
		return err
	}
	return f.Close()
}

func refused(err error) bool {
	return errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.EPERM)
}

// File system types (statfs) on which SQLite's locks or shared memory are not reliable.
const (
	nfsMagic  = 0x6969
	smbMagic  = 0x517b
	cifsMagic = 0xff534d42
	smb2Magic = 0xfe534d42
)

func warnNetworkFileSystem(path string, o Options) {
	var st unix.Statfs_t
	if unix.Statfs(path, &st) != nil {
		return
	}
	switch uint32(st.Type) {
	case nfsMagic, smbMagic, cifsMagic, smb2Magic:
		o.Logger.Warn("the database lies on a network file system, where SQLite may lose data: move it to a local disk or use PostgreSQL", "path", path)
	}
}
