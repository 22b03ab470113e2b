package store

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

const (
	dirMode  fs.FileMode = 0o700
	fileMode fs.FileMode = 0o600
)

// SecureDir creates a folder for InnoClaw alone (mode 0700), and tightens an
// existing one that lets others in, with a log line.
func SecureDir(path string, log *slog.Logger) error {
	if err := os.MkdirAll(path, dirMode); err != nil {
		return fmt.Errorf("create data folder: %w", err)
	}
	tighten(path, dirMode, log)
	return nil
}

// tighten takes away what others may do with a file or folder. What cannot be
// changed is reported and left: the database still works.
func tighten(path string, want fs.FileMode, log *slog.Logger) {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&fs.ModeSymlink != 0 {
		return // absent, or a link, whose target is its owner's to set
	}
	have := info.Mode().Perm()
	if have&^want == 0 {
		return
	}
	if err := os.Chmod(path, have&want); err != nil {
		log.Warn("others may read this and the mode cannot be changed", "path", path, "mode", have.String(), "error", err)
		return
	}
	log.Warn("tightened a mode that let others in", "path", path, "from", have.String(), "to", (have & want).String())
}

// prepareFile makes the folder and the file of a SQLite database, both closed
// to others, before SQLite would create them with the process's umask.
// existed is false when there was no file or an empty one.
func prepareFile(path string, o Options) (existed bool, err error) {
	dir := filepath.Dir(path)
	if inside(o.DataDir, dir) {
		if err := SecureDir(dir, o.Logger); err != nil {
			return false, err
		}
	} else if err := os.MkdirAll(dir, dirMode); err != nil {
		return false, fmt.Errorf("create folder: %w", err)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
		if errors.Is(err, fs.ErrExist) {
			return true, nil // another process was quicker
		}
		if err != nil {
			return false, fmt.Errorf("create: %w", err)
		}
		return false, f.Close()
	case err != nil:
		return false, err
	case !info.Mode().IsRegular():
		return false, fmt.Errorf("%s is not a file but a %s", path, kindOf(info))
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal", ".lock"} {
		tighten(path+suffix, fileMode, o.Logger)
	}
	for _, s := range listSnapshots(path) {
		tighten(s.path, fileMode, o.Logger)
	}
	return info.Size() > 0, nil
}

// inside reports whether path is dir or lies below it; false for an empty dir.
func inside(dir, path string) bool {
	if dir == "" {
		return false
	}
	base, err1 := filepath.Abs(dir)
	abs, err2 := filepath.Abs(path)
	if err1 != nil || err2 != nil {
		return false
	}
	rel, err := filepath.Rel(base, abs)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}

func kindOf(info fs.FileInfo) string {
	if info.IsDir() {
		return "folder"
	}
	return "special file (" + info.Mode().Type().String() + ")"
}
