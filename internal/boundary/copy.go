package boundary

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// CopyLimits bounds a copy; zero fields mean no bound.
type CopyLimits struct {
	Entries int
	Bytes   int64
}

// CopyResult tells what was copied.
type CopyResult struct {
	Entries int
	Bytes   int64
	Skipped []string // special files, which are not copied, by path below the source
}

// Copy copies a file, a link (as a link) or a folder with everything below it to a
// free name. The copy appears under its name only when it is complete; after an error
// or a cancelled ctx nothing stays behind.
func (d *Dir) Copy(ctx context.Context, source, dest string, limits CopyLimits) (CopyResult, error) {
	from, old, err := d.place("copy", source)
	if err != nil {
		return CopyResult{}, err
	}
	defer from.Close()
	to, name, err := d.place("copy to", dest)
	if err != nil {
		return CopyResult{}, err
	}
	defer to.Close()
	e, err := from.stat(old)
	if err != nil {
		return CopyResult{}, wrap("copy", source, err)
	}
	if e.Kind == Special {
		return CopyResult{}, &Error{Code: CodeSpecial, Op: "copy", Path: source}
	}
	if err := d.notInto("copy", source, dest); err != nil && e.Kind == Directory {
		return CopyResult{}, err
	}
	if _, err := to.stat(name); err == nil {
		return CopyResult{}, &Error{Code: CodeExists, Op: "copy to", Path: dest}
	}
	c := &copier{ctx: ctx, limits: limits}
	temp := tempName()
	err = c.copy(from, old, to, temp, "", 0)
	if err == nil {
		err = renameNew(to, temp, to, name)
	}
	if err != nil {
		_ = to.removeTree(temp) // the first error is the one to report
		if CodeOf(wrap("", "", err)) == CodeExists {
			return CopyResult{}, wrap("copy to", dest, err)
		}
		return CopyResult{}, wrap("copy", source, renamed(err, "copy", source))
	}
	return c.result, wrap("copy to", dest, to.sync())
}

// moveByCopy is rename between file systems.
func moveByCopy(ctx context.Context, from *folder, old string, to *folder, name string) error {
	c := &copier{ctx: ctx, moving: true}
	temp := tempName()
	err := c.copy(from, old, to, temp, "", 0)
	if err == nil {
		err = renameNew(to, temp, to, name)
	}
	if err != nil {
		_ = to.removeTree(temp) // the first error is the one to report
		return err
	}
	if err := to.sync(); err != nil {
		return err
	}
	return from.removeTree(old)
}

// copier copies one tree.
type copier struct {
	ctx    context.Context
	limits CopyLimits
	moving bool // the source goes away: keep times and private folders, be durable, skip nothing
	result CopyResult
}

// copy copies from/old to the free name to/name. rel is the path below the source.
func (c *copier) copy(from *folder, old string, to *folder, name, rel string, depth int) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	e, err := from.stat(old)
	if err != nil {
		return err
	}
	if c.result.Entries++; c.limits.Entries > 0 && c.result.Entries > c.limits.Entries {
		return &Error{Code: CodeTooLarge, Err: errors.New("more files than one copy may have")}
	}
	switch e.Kind {
	case Symlink:
		target, err := from.readlink(old)
		if err != nil {
			return err
		}
		return to.symlink(target, name)
	case Directory:
		if depth > MaxDepth {
			return &Error{Code: CodeTooLarge, Err: errPathDeep}
		}
		return c.copyFolder(from, old, to, name, rel, depth)
	case File:
		return c.copyFile(from, old, to, name)
	default:
		if c.moving {
			return &Error{Code: CodeSpecial, Path: rel, Err: errors.New("a special file cannot be moved to another file system")}
		}
		c.result.Entries--
		c.result.Skipped = append(c.result.Skipped, rel)
		return nil
	}
}

func (c *copier) copyFolder(from *folder, old string, to *folder, name, rel string, depth int) error {
	source, err := from.openFolder(old)
	if err != nil {
		return err
	}
	defer source.Close()
	e, err := source.self()
	if err != nil {
		return err
	}
	if err := to.mkdir(name, 0o700); err != nil {
		return err
	}
	dest, err := to.openFolder(name)
	if err != nil {
		return err
	}
	defer dest.Close()
	for {
		names, err := source.f.Readdirnames(batchSize)
		for _, n := range names {
			if !c.moving && Ignored(n) {
				continue
			}
			if err := c.copy(source, n, dest, n, Join(rel, n), depth+1); err != nil {
				return err
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	return c.finish(dest.f, e)
}

// copyStep is how much is copied between two looks at the context, in bytes.
const copyStep = 16 << 20

func (c *copier) copyFile(from *folder, old string, to *folder, name string) error {
	source, e, err := from.openFile(old)
	if err != nil {
		return err
	}
	defer source.Close()
	dest, err := to.open(name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer dest.Close()
	for {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		// CopyN lets the kernel copy (or share blocks) between two files.
		n, err := io.CopyN(dest, source, copyStep)
		c.result.Bytes += n
		if c.limits.Bytes > 0 && c.result.Bytes > c.limits.Bytes {
			return &Error{Code: CodeTooLarge, Err: errors.New("more bytes than one copy may have")}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	return c.finish(dest, e)
}

// finish gives a copy its permissions, and its times when moving.
func (c *copier) finish(f *os.File, e Entry) error {
	if err := f.Chmod(e.Mode); err != nil {
		return err
	}
	if !c.moving {
		return nil
	}
	times := []unix.Timeval{unix.NsecToTimeval(time.Now().UnixNano()), unix.NsecToTimeval(e.ModTime.UnixNano())}
	if err := unix.Futimes(int(f.Fd()), times); err != nil {
		return err
	}
	return f.Sync()
}
