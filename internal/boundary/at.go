package boundary

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Kind is what a directory entry is.
type Kind string

const (
	File      Kind = "file"
	Directory Kind = "directory"
	Symlink   Kind = "symlink"
	Special   Kind = "special" // FIFO, socket or device: listed, never opened
	Missing   Kind = "missing" // only as the target of a symlink
	Outside   Kind = "outside" // only as the target of a symlink
)

// Entry describes a name in a folder, of the link itself for a symlink.
type Entry struct {
	Path     string // workspace-relative
	Kind     Kind
	Size     int64 // bytes; 0 for folders
	ModTime  time.Time
	Inode    uint64
	Device   uint64
	Links    uint64      // hard links
	Mode     fs.FileMode // permission bits
	changed  int64       // ctime, ns
	uid, gid uint32
}

// Name is the last component of the path.
func (e Entry) Name() string { _, n := Split(e.Path); return n }

// version identifies one state of one file or folder. Two equal versions hold the
// same content if the state is settled.
type version struct {
	dev, ino           uint64
	size, mtime, ctime int64
}

func (e Entry) version() version {
	return version{e.Device, e.Inode, e.Size, e.ModTime.UnixNano(), e.changed}
}

// Version is a short text that changes whenever the file does, if its times are old
// enough to tell.
func (e Entry) Version() string {
	return fmt.Sprintf("%x-%x-%x-%x", e.Inode, e.Size, e.ModTime.UnixNano(), e.changed)
}

// settleTime is the age from which on a version is trusted: a change within the
// same clock tick of the file system (10 ms, or 2 s on old ones) keeps the same times.
const settleTime = 2 * time.Second

func (v version) settled(now time.Time) bool {
	return now.UnixNano()-max(v.mtime, v.ctime) > int64(settleTime)
}

// folder is an open directory. Names given to its methods are single components, so
// that the kernel cannot be led elsewhere whatever happens to the path meanwhile.
type folder struct {
	f  *os.File
	fd int
}

func newFolder(f *os.File) *folder { return &folder{f: f, fd: int(f.Fd())} }

func (d *folder) Close() error { return d.f.Close() }

func (d *folder) stat(name string) (Entry, error) {
	var st unix.Stat_t
	err := retry(func() error { return unix.Fstatat(d.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	if err != nil {
		return Entry{}, err
	}
	return entryOf(name, &st), nil
}

// self describes the directory itself; its Path is empty.
func (d *folder) self() (Entry, error) { return fstat(d.f) }

func fstat(f *os.File) (Entry, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstat(int(f.Fd()), &st) }); err != nil {
		return Entry{}, err
	}
	return entryOf("", &st), nil
}

func entryOf(path string, st *unix.Stat_t) Entry {
	e := Entry{
		Path:    path,
		Kind:    kindOf(uint32(st.Mode)),
		ModTime: time.Unix(st.Mtim.Unix()),
		Inode:   st.Ino,
		Device:  uint64(st.Dev),
		Links:   uint64(st.Nlink),
		Mode:    fs.FileMode(st.Mode) & fs.ModePerm,
		changed: st.Ctim.Nano(),
		uid:     st.Uid,
		gid:     st.Gid,
	}
	if e.Kind != Directory {
		e.Size = st.Size
	}
	return e
}

// entryOfInfo is entryOf for what os.Root tells.
func entryOfInfo(path string, fi fs.FileInfo) Entry {
	e := Entry{Path: path, Kind: kindOfMode(fi.Mode()), ModTime: fi.ModTime(), Mode: fi.Mode().Perm()}
	if st, ok := fi.Sys().(*unixStat); ok {
		_, e.changed = timesOf(st)
		e.Inode, e.Device, e.Links, e.uid, e.gid = st.Ino, uint64(st.Dev), uint64(st.Nlink), st.Uid, st.Gid
	}
	if e.Kind != Directory {
		e.Size = fi.Size()
	}
	return e
}

func kindOf(mode uint32) Kind {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return File
	case unix.S_IFDIR:
		return Directory
	case unix.S_IFLNK:
		return Symlink
	default:
		return Special
	}
}

func kindOfMode(m fs.FileMode) Kind {
	switch {
	case m.IsRegular():
		return File
	case m.IsDir():
		return Directory
	case m&fs.ModeSymlink != 0:
		return Symlink
	default:
		return Special
	}
}

// open opens a name without following a link and without blocking on a FIFO.
func (d *folder) open(name string, flags int, perm uint32) (*os.File, error) {
	var fd int
	err := retry(func() (err error) {
		fd, err = unix.Openat(d.fd, name, flags|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, perm)
		return err
	})
	if errors.Is(err, unix.ELOOP) {
		return nil, unix.ELOOP
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

// openFile opens a regular file for reading.
func (d *folder) openFile(name string) (*os.File, Entry, error) {
	f, err := d.open(name, unix.O_RDONLY, 0)
	if err != nil {
		return nil, Entry{}, err
	}
	e, err := fstat(f)
	if err == nil {
		err = regular(e, name)
	}
	if err != nil {
		f.Close()
		return nil, Entry{}, err
	}
	return f, e, nil
}

// openFolder opens a directory below d.
func (d *folder) openFolder(name string) (*folder, error) {
	f, err := d.open(name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	return newFolder(f), nil
}

// regular refuses an opened thing that is not a regular file.
func regular(e Entry, path string) error {
	switch e.Kind {
	case File:
		return nil
	case Directory:
		return &Error{Code: CodeIsDirectory, Op: "open", Path: path}
	default:
		return &Error{Code: CodeSpecial, Op: "open", Path: path}
	}
}

func (d *folder) mkdir(name string, perm uint32) error {
	return retry(func() error { return unix.Mkdirat(d.fd, name, perm) })
}

func (d *folder) unlink(name string) error {
	return retry(func() error { return unix.Unlinkat(d.fd, name, 0) })
}

func (d *folder) rmdir(name string) error {
	return retry(func() error { return unix.Unlinkat(d.fd, name, unix.AT_REMOVEDIR) })
}

func (d *folder) symlink(target, name string) error {
	return retry(func() error { return unix.Symlinkat(target, d.fd, name) })
}

func (d *folder) readlink(name string) (string, error) {
	buf := make([]byte, unix.PathMax)
	var n int
	err := retry(func() (err error) { n, err = unix.Readlinkat(d.fd, name, buf); return err })
	if err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}

// sync makes the directory's names durable. Some file systems cannot: no error then.
func (d *folder) sync() error {
	if err := d.f.Sync(); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOTSUP) {
		return err
	}
	return nil
}

// replace renames within d, replacing what is there.
func (d *folder) replace(from, to string) error {
	return retry(func() error { return unix.Renameat(d.fd, from, d.fd, to) })
}

// removeTree removes a name and everything below it. Links are removed, not followed.
func (d *folder) removeTree(name string) error {
	err := d.unlink(name)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	e, statErr := d.stat(name)
	if statErr != nil || e.Kind != Directory {
		return err
	}
	child, err := d.openFolder(name)
	if err != nil {
		return err
	}
	err = child.empty()
	child.Close()
	if err != nil {
		return err
	}
	return d.rmdir(name)
}

// empty removes everything in d.
func (d *folder) empty() error {
	for {
		// Read from the start each time: removing while reading may skip names.
		if _, err := d.f.Seek(0, 0); err != nil {
			return err
		}
		names, err := d.f.Readdirnames(batchSize)
		if len(names) == 0 {
			if err != nil && err.Error() != "EOF" {
				return err
			}
			return nil
		}
		for _, n := range names {
			if err := d.removeTree(n); err != nil {
				return err
			}
		}
	}
}

// tempName makes a name that IsTemp knows.
func tempName() string { return tempPrefix + strings.ToLower(rand.Text()) + tempSuffix }

// retry repeats a system call that a signal interrupted.
func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}
