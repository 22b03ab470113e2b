package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

func dataFolder(_ context.Context, in Inputs) Finding {
	say, dir := in.Book.Say, in.Config.DataDir
	info, err := os.Stat(dir)
	if missing(err) {
		return creatable(in, dir)
	}
	if err != nil {
		return problem(err.Error(), say("Give DATA_DIR a folder that this user may read and write."))
	}
	if !info.IsDir() {
		return problem(say("%s is not a folder", dir), say("Give DATA_DIR a folder."))
	}
	probe, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return problem(err.Error(), say("Make the folder writable for the user that runs InnoClaw: chown it, and mount it writable."))
	}
	name := probe.Name()
	if err := errors.Join(probe.Close(), os.Remove(name)); err != nil {
		return problem(err.Error(), say("Check the file system of the data folder."))
	}
	return Finding{Status: OK, Detail: dir}
}

// missing tells whether an error means that there is nothing at a path.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// creatable judges a folder that does not exist yet by the nearest one that does.
func creatable(in Inputs, dir string) Finding {
	say := in.Book.Say
	parent := existing(filepath.Dir(dir))
	if info, err := os.Stat(parent); err != nil || !info.IsDir() {
		return problem(say("%s cannot be created below %s", dir, parent), say("Give DATA_DIR another folder."))
	}
	if err := writable(parent); err != nil {
		return problem(say("%s does not exist and cannot be created: %v", dir, err),
			say("Create it for the user that runs InnoClaw, or give DATA_DIR another folder."))
	}
	return in.ok("%s will be created", dir)
}

// existing gives the nearest of dir and the folders above it that there is.
func existing(dir string) string {
	for {
		if _, err := os.Lstat(dir); err == nil || filepath.Dir(dir) == dir {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// fileRights looks whether other users of the machine can read what is private: the
// data folder, the database, the keys and the set-up token.
func fileRights(_ context.Context, in Inputs) Finding {
	say, dir := in.Book.Say, in.Config.DataDir
	private := []string{dir, filepath.Join(dir, "setup-token")}
	if !in.Config.PostgreSQL() {
		db := in.Config.DatabaseURL
		private = append(private, db, db+"-wal", db+"-shm")
	}
	keys := filepath.Join(dir, "keys")
	private = append(private, keys)
	if entries, err := os.ReadDir(keys); err == nil {
		for _, entry := range entries {
			private = append(private, filepath.Join(keys, entry.Name()))
		}
	}
	var loose, commands []string
	seen := 0
	for _, path := range private {
		info, err := os.Stat(path)
		if missing(err) {
			continue
		}
		if err != nil {
			return problem(err.Error(), say("Make it readable for the user that runs InnoClaw."))
		}
		seen++
		if info.Mode().Perm()&0o077 == 0 {
			continue
		}
		loose = append(loose, fmt.Sprintf("%s (%04o)", path, info.Mode().Perm()))
		commands = append(commands, quote(path))
	}
	if len(loose) > 0 {
		return warning(say("other users may read or write %s", strings.Join(loose, ", ")),
			say("Run: chmod go= %s (the server does this by itself when it starts).", strings.Join(commands, " ")))
	}
	if seen == 0 {
		return in.ok("nothing is there yet")
	}
	return in.ok("data folder, database and keys are closed to other users")
}

// quote makes a path one word of a shell command.
func quote(path string) string {
	if strings.ContainsFunc(path, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-", r)
	}) {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}

// Thresholds of free space on the data folder's disk, in bytes.
const (
	diskProblem = 100 << 20
	diskWarning = 2 << 30
)

// space is what a file system has left.
type space struct {
	bytes, files uint64 // files is meaningful only if counted
	counted      bool
	network      bool
}

// fewFiles is a number of further files below which a file system is nearly full.
const fewFiles = 1000

func disk(_ context.Context, in Inputs) Finding {
	say := in.Book.Say
	free, err := freeSpace(existing(in.Config.DataDir))
	if err != nil {
		return warning(say("the free space could not be read: %v", err), say("Look at it with df."))
	}
	detail := say("%s free", size(free.bytes))
	switch {
	case free.bytes < diskProblem:
		return problem(detail, say("Free some space; the database needs room to write."))
	case free.counted && free.files < fewFiles:
		return problem(say("room for only %d more files", free.files), say("Remove files that are not needed, or move the data folder to another file system."))
	case free.network && !in.Config.PostgreSQL():
		return warning(say("%s; the data folder lies on a network file system, where SQLite may lose data", detail),
			say("Move the data folder to a local disk with DATA_DIR, or use PostgreSQL with DATABASE_URL."))
	case free.bytes < diskWarning:
		return warning(detail, say("Free some space before indexing large folders."))
	}
	return Finding{Status: OK, Detail: detail}
}

func size(bytes uint64) string {
	if bytes >= 10<<30 {
		return fmt.Sprintf("%d GB", bytes>>30)
	}
	return fmt.Sprintf("%d MB", bytes>>20)
}
