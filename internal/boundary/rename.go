package boundary

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"
)

var noCancel = context.Background()

// Rename moves a file, folder or link to a new path whose folder exists. It never
// replaces: CodeExists if the new name is taken. Between file systems it copies,
// makes the copy durable, and removes the original.
func (d *Dir) Rename(ctx context.Context, oldPath, newPath string) error {
	from, old, err := d.place("rename", oldPath)
	if err != nil {
		return err
	}
	defer from.Close()
	to, name, err := d.place("rename", newPath)
	if err != nil {
		return err
	}
	defer to.Close()
	if err := d.notInto("rename", oldPath, newPath); err != nil {
		return err
	}
	release, err := d.lockBoth(from, old, to, name)
	if err != nil {
		return wrap("rename", oldPath, err)
	}
	defer release()
	if err := move(ctx, from, old, to, name); err != nil {
		if CodeOf(wrap("", "", err)) == CodeExists {
			return wrap("rename to", newPath, err)
		}
		return wrap("rename", oldPath, err)
	}
	return wrap("rename", newPath, errors.Join(to.sync(), from.sync()))
}

// move renames without replacing, across file systems too.
func move(ctx context.Context, from *folder, old string, to *folder, name string) error {
	err := renameNew(from, old, to, name)
	switch {
	case errors.Is(err, unix.EXDEV):
		return moveByCopy(ctx, from, old, to, name)
	case errors.Is(err, fs.ErrExist) && strings.EqualFold(old, name) && old != name && sameEntry(from, old, to, name):
		// Only the letter case changes, on a file system that ignores case.
		return retry(func() error { return unix.Renameat(from.fd, old, to.fd, name) })
	}
	return err
}

func sameEntry(a *folder, x string, b *folder, y string) bool {
	p, err1 := a.self()
	q, err2 := b.self()
	e, err3 := a.stat(x)
	f, err4 := b.stat(y)
	return errors.Join(err1, err2, err3, err4) == nil && p.Inode == q.Inode && p.Device == q.Device && e.Inode == f.Inode && e.Device == f.Device
}

// renameNewFallback serves file systems without a rename that does not replace. A
// hard link cannot replace; where links do not exist either, a look goes before the
// rename, and a foreign program can come in between.
func renameNewFallback(from *folder, old string, to *folder, name string) error {
	e, err := from.stat(old)
	if err != nil {
		return err
	}
	if e.Kind != Directory {
		err := retry(func() error { return unix.Linkat(from.fd, old, to.fd, name, 0) })
		if err == nil {
			return from.unlink(old)
		}
		if errors.Is(err, fs.ErrExist) || errors.Is(err, unix.EXDEV) {
			return err
		}
	}
	if _, err := to.stat(name); err == nil {
		return unix.EEXIST
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return retry(func() error { return unix.Renameat(from.fd, old, to.fd, name) })
}

// notInto refuses to put a folder at or below itself.
func (d *Dir) notInto(op, source, dest string) error {
	a, err := d.canonical(source)
	if err != nil {
		return renamed(err, op, source)
	}
	b, err := d.canonical(dest)
	if err != nil {
		return renamed(err, op, dest)
	}
	if a != b && Within(a, b) {
		return &Error{Code: CodeIntoItself, Op: op, Path: source}
	}
	return nil
}

// lockBoth locks two directory entries in one order, so that two opposite renames
// cannot wait for each other.
func (d *Dir) lockBoth(a *folder, x string, b *folder, y string) (release func(), err error) {
	p, err := a.self()
	if err != nil {
		return nil, err
	}
	q, err := b.self()
	if err != nil {
		return nil, err
	}
	first, second := lockKey{p.Device, p.Inode, x}, lockKey{q.Device, q.Inode, y}
	order := cmp.Or(cmp.Compare(first.dev, second.dev), cmp.Compare(first.ino, second.ino), strings.Compare(first.name, second.name))
	if order == 0 {
		return d.all.locks.acquire(first), nil
	}
	if order > 0 {
		first, second = second, first
	}
	release1 := d.all.locks.acquire(first)
	release2 := d.all.locks.acquire(second)
	return func() { release2(); release1() }, nil
}
