package boundary

import (
	"context"
	"errors"
	"io"
	"io/fs"
)

// WalkOptions refine a walk; the zero value is fine.
type WalkOptions struct {
	// Enter is called before the entries of a folder ("" for the top) are given, for
	// instance to read its ignore file. fs.SkipDir passes over the folder.
	Enter func(dir string) error
	// Problem hears of folders that cannot be read and names that break the path rule
	// (with path made valid). The walk goes on.
	Problem func(path string, err error)
}

// Walk calls fn for every file, folder, link and special file below dir, folders
// before what they hold, in the order of the disk. Links are not followed. fn may
// return fs.SkipDir for a folder to pass over its content, fs.SkipAll to end, or any
// other error to end with it. Memory is bounded by the number of folders still to
// visit, never by the number of files.
func (d *Dir) Walk(ctx context.Context, dir string, o WalkOptions, fn func(Entry) error) error {
	dir, err := Clean(dir)
	if err != nil {
		return err
	}
	if o.Enter == nil {
		o.Enter = func(string) error { return nil }
	}
	if o.Problem == nil {
		o.Problem = func(string, error) {}
	}
	first, err := d.Lstat(dir)
	if err != nil {
		return err
	}
	w := &walker{d: d, o: o, fn: fn, todo: []Entry{first}}
	for len(w.todo) > 0 {
		next := w.todo[len(w.todo)-1]
		w.todo = w.todo[:len(w.todo)-1]
		if err := w.visit(ctx, next); err != nil {
			if errors.Is(err, fs.SkipAll) {
				return nil
			}
			return err
		}
	}
	return nil
}

type walker struct {
	d    *Dir
	o    WalkOptions
	fn   func(Entry) error
	todo []Entry // folders to visit, last first
}

// visit gives the entries of one folder.
func (w *walker) visit(ctx context.Context, dir Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	at, err := w.open(dir)
	if err != nil {
		w.o.Problem(dir.Path, err)
		return nil
	}
	defer at.Close()
	if err := w.o.Enter(dir.Path); errors.Is(err, fs.SkipDir) {
		return nil
	} else if err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		names, readErr := at.f.Readdirnames(batchSize)
		for _, name := range names {
			if err := w.entry(at, dir.Path, name); err != nil {
				return err
			}
		}
		if readErr == io.EOF {
			return nil
		}
		if readErr != nil {
			w.o.Problem(dir.Path, wrap("read folder", dir.Path, readErr))
			return nil
		}
	}
}

// open opens a folder that was seen before and refuses another one in its place,
// such as the target of a link that took its name.
func (w *walker) open(dir Entry) (*folder, error) {
	at, err := w.d.openDir(dir.Path)
	if err != nil {
		return nil, err
	}
	now, err := at.self()
	if err == nil && (now.Inode != dir.Inode || now.Device != dir.Device) {
		err = &Error{Code: CodeNotFound, Op: "read folder", Path: dir.Path, Err: fs.ErrNotExist}
	}
	if err != nil {
		at.Close()
		return nil, wrap("read folder", dir.Path, err)
	}
	return at, nil
}

func (w *walker) entry(at *folder, dir, name string) error {
	if Ignored(name) {
		return nil
	}
	path := Join(dir, name)
	if err := check(path); err != nil {
		w.o.Problem(shown(path), &Error{Code: CodePath, Op: "read folder", Path: shown(path), Err: err})
		return nil
	}
	e, err := at.stat(name)
	if err != nil {
		return nil // vanished since the name was read
	}
	e.Path = path
	err = w.fn(e)
	if e.Kind != Directory {
		return err
	}
	if errors.Is(err, fs.SkipDir) {
		return nil
	}
	if err == nil {
		w.todo = append(w.todo, e)
	}
	return err
}

// eachFolder calls fn with every folder of the workspace and the names in it, private
// ones left out.
func (d *Dir) eachFolder(fn func(at *folder, names []string)) error {
	todo := []string{""}
	for len(todo) > 0 {
		path := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		at, err := d.openDir(path)
		if err != nil {
			continue // gone or unreadable: nothing of ours to find there
		}
		names, err := at.f.Readdirnames(-1)
		if err == nil {
			fn(at, names)
		}
		for _, n := range names {
			if e, err := at.stat(n); err == nil && e.Kind == Directory && !Ignored(n) && check(Join(path, n)) == nil {
				todo = append(todo, Join(path, n))
			}
		}
		at.Close()
	}
	return nil
}
