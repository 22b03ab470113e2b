package boundary

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Expect is what a writer knows of the file it writes. The zero value replaces
// whatever regular file is there.
type Expect struct {
	Absent bool // the name must be free, else CodeExists
	// Number turns a taken name into a free one, "a (2).txt"; nothing is replaced.
	Number bool
	Hash   string // the content must have this SHA-256 (hex), else CodeChanged
}

// Written describes a file that was written.
type Written struct {
	Path    string // where it was written: the target when path was a link
	Hash    string // SHA-256 of the content, hex
	Size    int64
	ModTime time.Time
}

// WriteAtomic writes everything that r gives to path, all or nothing: into a
// temporary file beside it, made durable, then renamed into place. Permission bits
// (and the owner, where allowed) of a replaced file are kept; other hard links to it
// keep the old content. A link is followed inside the workspace. Errors from r are
// returned as they are. Two writers who expect the same version cannot both succeed;
// a foreign program that writes at the very moment of the rename can still lose.
func (d *Dir) WriteAtomic(path string, expect Expect, r io.Reader) (Written, error) {
	path, err := d.writeTarget(path, expect)
	if err != nil {
		return Written{}, err
	}
	at, name, err := d.place("write", path)
	if err != nil {
		return Written{}, err
	}
	defer at.Close()
	release, err := d.lock(at, name)
	if err != nil {
		return Written{}, wrap("write", path, err)
	}
	defer release()
	old, err := d.examine(at, name, expect)
	if err != nil {
		return Written{}, wrap("write", path, renamed(err, "write", path))
	}
	w, temp, err := at.writeTemp(r, old)
	if err != nil {
		var foreign *readError
		if errors.As(err, &foreign) {
			return Written{}, foreign.err
		}
		return Written{}, wrap("write", path, err)
	}
	if name, err = d.install(at, temp, name, expect, old); err != nil {
		_ = at.unlink(temp) // the cause is reported; SweepTemp removes what stays
		return Written{}, wrap("write", path, renamed(err, "write", path))
	}
	parent, _ := Split(path)
	w.Path = Join(parent, name)
	if e, err := at.stat(name); err == nil {
		w.ModTime = e.ModTime
	}
	return w, wrap("write", path, at.sync())
}

// writeTarget follows path to the file to be written.
func (d *Dir) writeTarget(path string, expect Expect) (string, error) {
	path, err := Clean(path)
	if err != nil {
		return "", err
	}
	e, err := d.Lstat(path)
	if err != nil || e.Kind != Symlink || expect.Number {
		return path, nil // place and examine report anything wrong
	}
	if expect.Absent {
		return "", &Error{Code: CodeExists, Op: "write", Path: path}
	}
	target, err := d.Resolve(path)
	if err != nil {
		return "", renamed(err, "write", path)
	}
	return Clean(target)
}

// lock serialises work on one directory entry within this process.
func (d *Dir) lock(at *folder, name string) (release func(), err error) {
	self, err := at.self()
	if err != nil {
		return nil, err
	}
	return d.all.locks.acquire(lockKey{self.Device, self.Inode, name}), nil
}

// examine checks expect against the file and returns what is there, nil for nothing.
func (d *Dir) examine(at *folder, name string, expect Expect) (*Entry, error) {
	if expect.Number {
		return nil, nil
	}
	e, err := at.stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		if expect.Hash != "" {
			return nil, &Error{Code: CodeChanged, Err: errors.New("the file does not exist any more")}
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if expect.Absent {
		return nil, &Error{Code: CodeExists}
	}
	if err := regular(e, name); err != nil {
		return nil, err
	}
	if err := unix.Faccessat(at.fd, name, unix.W_OK, unix.AT_EACCESS); err != nil {
		return nil, err
	}
	if expect.Hash == "" {
		return &e, nil
	}
	f, opened, err := at.openFile(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	hash, err := hashFile(noCancel, f)
	if err != nil {
		return nil, err
	}
	if hash != expect.Hash {
		return nil, &Error{Code: CodeChanged, Hash: hash}
	}
	return &opened, nil
}

// install renames temp to name, or a numbered name, and gives the name it got.
func (d *Dir) install(at *folder, temp, name string, expect Expect, old *Entry) (string, error) {
	if !expect.Number {
		return name, d.installAs(at, temp, name, expect, old)
	}
	for n := 1; ; n++ {
		as := Numbered(name, n)
		err := renameNew(at, temp, at, as)
		if !errors.Is(err, fs.ErrExist) || n == maxNumber {
			return as, err
		}
	}
}

// maxNumber bounds the search for a free name.
const maxNumber = 10_000

// installAs renames temp to name after a last look at what is there.
func (d *Dir) installAs(at *folder, temp, name string, expect Expect, old *Entry) error {
	if expect.Absent {
		return renameNew(at, temp, at, name)
	}
	now, err := at.stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && old == nil:
		return renameNew(at, temp, at, name)
	case err == nil && old != nil && now.version() == old.version():
		return at.replace(temp, name)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	// Something changed while the content was written: decide again.
	if _, err := d.examine(at, name, expect); err != nil {
		return err
	}
	return at.replace(temp, name)
}

// readError carries an error of the caller's reader through.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }

// writeTemp writes a durable temporary file and removes it again on any error.
func (d *folder) writeTemp(r io.Reader, old *Entry) (w Written, name string, err error) {
	temp := tempName()
	f, err := d.open(temp, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o666)
	if err != nil {
		return Written{}, "", err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			_ = d.unlink(temp) // the first error is the one to report
		}
	}()
	h := sha256.New()
	n, err := pour(io.MultiWriter(f, h), r)
	if err != nil {
		return Written{}, "", err
	}
	if old != nil {
		if err := keepMode(f, old); err != nil {
			return Written{}, "", err
		}
	}
	if err := f.Sync(); err != nil {
		return Written{}, "", err
	}
	return Written{Hash: hex.EncodeToString(h.Sum(nil)), Size: n}, temp, nil
}

// pour copies r to w and tells errors of r from errors of w.
func pour(w io.Writer, r io.Reader) (int64, error) {
	buf := make([]byte, 64<<10)
	var total int64
	for {
		n, readErr := r.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return total, err
			}
			total += int64(n)
		}
		if readErr == io.EOF {
			return total, nil
		}
		if readErr != nil {
			return total, &readError{readErr}
		}
	}
}

// keepMode gives a new file the permissions of the one it replaces, and its owner
// where the system allows that.
func keepMode(f *os.File, old *Entry) error {
	if old.uid != uint32(os.Geteuid()) || old.gid != uint32(os.Getegid()) {
		_ = f.Chown(int(old.uid), int(old.gid)) // only a privileged server can; not needed otherwise
	}
	if err := f.Chmod(old.Mode); err != nil {
		return fmt.Errorf("keep permissions: %w", err)
	}
	return nil
}

// SweepTemp removes temporary files that a crash left in a folder tree and that are
// older than age.
func (d *Dir) SweepTemp(age time.Duration, now time.Time) error {
	return d.eachFolder(func(at *folder, names []string) {
		for _, n := range names {
			if !IsTemp(n) {
				continue
			}
			if e, err := at.stat(n); err == nil && now.Sub(e.ModTime) > age {
				_ = at.removeTree(n) // tried again at the next sweep
			}
		}
	})
}
