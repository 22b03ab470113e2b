package boundary

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Dir is the folder of one workspace. Methods take workspace-relative paths that
// passed Clean (they check again) and are safe for concurrent use.
type Dir struct {
	root   *os.Root
	folder Folder
	id     os.FileInfo // of the opened folder
	all    *shared
}

// OpenDir opens a folder that Resolve or Locate gave. It follows no link: should a
// component have become one, the answer is CodeNotDirectory.
func OpenDir(f Folder) (*Dir, error) {
	if f.root == nil {
		return nil, &Error{Code: CodeOutside, Op: "open folder", Path: f.Display()}
	}
	dir, err := openStrict(f.root.dir, f.Rel)
	if err != nil {
		return nil, renamed(err, "open folder", f.Display())
	}
	id, err := dir.Stat(".")
	if err != nil {
		dir.Close()
		return nil, wrap("open folder", f.Display(), err)
	}
	return &Dir{root: dir, folder: f, id: id, all: f.all}, nil
}

// Close releases the handle. Files opened through it stay open.
func (d *Dir) Close() error { return d.root.Close() }

// Folder tells where the workspace is.
func (d *Dir) Folder() Folder { return d.folder }

// Current tells whether the folder's path still leads to the opened folder; it does
// not after somebody renamed, removed or replaced the folder.
func (d *Dir) Current() bool {
	now, err := os.Lstat(d.folder.Path)
	return err == nil && os.SameFile(now, d.id)
}

// Path is the absolute path of a workspace-relative one, for watchers only: names
// can be swapped between any two uses of it.
func (d *Dir) Path(path string) string { return filepath.Join(d.folder.Path, filepath.FromSlash(path)) }

// Rel is the inverse of Path; ok is false outside the workspace.
func (d *Dir) Rel(abs string) (path string, ok bool) {
	return below([]string{d.folder.Path}, filepath.Clean(abs))
}

// Open opens a regular file for reading and describes the opened file. Links are
// followed inside the workspace. It never blocks on a FIFO and never opens one.
func (d *Dir) Open(path string) (*os.File, fs.FileInfo, error) {
	f, err := d.open(path, unix.O_RDONLY)
	if err != nil {
		return nil, nil, err
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = regular(Entry{Kind: kindOfMode(fi.Mode())}, path)
	}
	if err != nil {
		f.Close()
		return nil, nil, wrap("open", path, err)
	}
	return f, fi, nil
}

// OpenEntry is Open with a description that can be given to Hash.
func (d *Dir) OpenEntry(path string) (*os.File, Entry, error) {
	f, err := d.open(path, unix.O_RDONLY)
	if err != nil {
		return nil, Entry{}, err
	}
	e, err := fstat(f)
	if err == nil {
		err = regular(e, path)
	}
	if err != nil {
		f.Close()
		return nil, Entry{}, wrap("open", path, err)
	}
	e.Path = path
	return f, e, nil
}

// open looks at the kind before it opens, for opening a device can have effects, and
// opens without blocking, for the kind can change in between.
func (d *Dir) open(path string, flags int) (*os.File, error) {
	path, err := Clean(path)
	if err != nil {
		return nil, err
	}
	if path == "" {
		path = "."
	}
	fi, err := d.root.Stat(path)
	if err != nil {
		return nil, wrap("open", path, err)
	}
	if k := kindOfMode(fi.Mode()); k == Special {
		return nil, &Error{Code: CodeSpecial, Op: "open", Path: path}
	}
	f, err := d.root.OpenFile(path, flags|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, wrap("open", path, err)
	}
	if private(f) {
		f.Close()
		return nil, &Error{Code: CodeProtected, Op: "open", Path: path}
	}
	return f, nil
}

// openDir opens a directory by path, following links inside the workspace.
func (d *Dir) openDir(path string) (*folder, error) {
	f, err := d.open(path, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	return newFolder(f), nil
}

// Lstat describes a name without following a link in its last component.
func (d *Dir) Lstat(path string) (Entry, error) {
	return d.describe(path, d.root.Lstat)
}

// Stat describes what a name leads to, following links inside the workspace.
func (d *Dir) Stat(path string) (Entry, error) {
	return d.describe(path, d.root.Stat)
}

func (d *Dir) describe(path string, stat func(string) (fs.FileInfo, error)) (Entry, error) {
	path, err := Clean(path)
	if err != nil {
		return Entry{}, err
	}
	name := path
	if name == "" {
		name = "."
	}
	fi, err := stat(name)
	if err != nil {
		return Entry{}, wrap("stat", path, err)
	}
	return entryOfInfo(path, fi), nil
}

// Resolve gives the canonical workspace-relative path that a path leads to, with
// all links followed.
func (d *Dir) Resolve(path string) (string, error) {
	path, err := Clean(path)
	if err != nil {
		return "", err
	}
	canonical, err := resolve(d.root, []string{d.folder.Path}, path)
	if err != nil {
		return "", err
	}
	if IsPrivate(canonical) {
		return "", &Error{Code: CodeProtected, Op: "resolve", Path: path}
	}
	return canonical, nil
}

// place opens the folder that holds path, links in it resolved, and gives the last
// component. op names the operation for errors; "" as path is CodeProtected.
func (d *Dir) place(op, path string) (at *folder, name string, err error) {
	path, err = Clean(path)
	if err != nil {
		return nil, "", err
	}
	if path == "" {
		return nil, "", &Error{Code: CodeProtected, Op: op, Path: "."}
	}
	parent, name := Split(path)
	at, err = d.openDir(parent)
	if err != nil {
		return nil, "", renamed(err, op, path)
	}
	return at, name, nil
}

// canonical gives the path of a name with the links of its folder resolved.
func (d *Dir) canonical(path string) (string, error) {
	parent, name := Split(path)
	real, err := d.Resolve(parent)
	if err != nil {
		return "", err
	}
	return Join(real, name), nil
}

// Mkdir makes one folder. CodeExists if the name is taken.
func (d *Dir) Mkdir(path string) error {
	at, name, err := d.place("make folder", path)
	if err != nil {
		return err
	}
	defer at.Close()
	return wrap("make folder", path, at.mkdir(name, 0o777))
}

// MkdirAll makes a folder and its missing parents; a folder that exists is fine.
func (d *Dir) MkdirAll(path string) error {
	path, err := Clean(path)
	if err != nil {
		return err
	}
	at := ""
	for _, c := range components(path) {
		at = Join(at, c)
		if err := d.Mkdir(at); err != nil && CodeOf(err) != CodeExists {
			return err
		}
	}
	e, err := d.Stat(path)
	if err == nil && e.Kind != Directory {
		err = &Error{Code: CodeNotDirectory, Op: "make folder", Path: path}
	}
	return err
}

// Hash gives the SHA-256, in hex, of an open file's content, from a cache when the
// version described by e is known and settled.
func (d *Dir) Hash(ctx context.Context, f *os.File, e Entry) (string, error) {
	v := e.version()
	if h, ok := d.all.hashes.get(v); ok {
		return h, nil
	}
	started := time.Now()
	h, err := hashFile(ctx, f)
	if err != nil {
		return "", wrap("read", e.Path, err)
	}
	if after, err := fstat(f); err == nil && after.version() == v && v.settled(started) {
		d.all.hashes.put(v, h, 1)
	}
	return h, nil
}

func hashFile(ctx context.Context, f *os.File) (string, error) {
	h := sha256.New()
	if err := copyData(ctx, h, io.NewSectionReader(f, 0, 1<<62)); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// ioBuffer is the size of copy buffers in bytes.
const ioBuffer = 256 << 10

// copyData copies until EOF and looks at ctx between pieces.
func copyData(ctx context.Context, w io.Writer, r io.Reader) error {
	buf := make([]byte, ioBuffer)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// private tells whether an open file lies in a service folder, reached through a link.
func private(f *os.File) bool {
	real, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(int(f.Fd())))
	return err == nil && strings.Contains(real, "/"+PrivateName) && IsPrivate(real)
}
