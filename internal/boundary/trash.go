package boundary

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"golang.org/x/sys/unix"
)

// trashName is the folder, in the service folder, that keeps what was deleted: each
// item in a folder of its own, named by its id.
const trashName = "trash"

// Trash moves a file, folder or link into the trash under a new id, which must be a
// plain name, and describes it.
func (d *Dir) Trash(ctx context.Context, path, id string) (Entry, error) {
	at, name, err := d.place("delete", path)
	if err != nil {
		return Entry{}, err
	}
	defer at.Close()
	release, err := d.lock(at, name)
	if err != nil {
		return Entry{}, wrap("delete", path, err)
	}
	defer release()
	e, err := at.stat(name)
	if err != nil {
		return Entry{}, wrap("delete", path, err)
	}
	slot, err := d.slot(id, true)
	if err != nil {
		return Entry{}, wrap("delete", path, err)
	}
	defer slot.Close()
	if err := move(ctx, at, name, slot, name); err != nil {
		d.dropSlot(id)
		return Entry{}, wrap("delete", path, err)
	}
	e.Path = path
	return e, wrap("delete", path, errors.Join(slot.sync(), at.sync()))
}

// Restore moves an item from the trash to a free path; CodeExists if it is taken,
// CodeNotFound if the item is gone. The folder of path must exist.
func (d *Dir) Restore(ctx context.Context, id, path string) error {
	at, name, err := d.place("restore", path)
	if err != nil {
		return err
	}
	defer at.Close()
	slot, err := d.slot(id, false)
	if err != nil {
		return wrap("restore", path, err)
	}
	defer slot.Close()
	names, err := slot.f.Readdirnames(1)
	if err == io.EOF {
		return &Error{Code: CodeNotFound, Op: "restore", Path: path, Err: fs.ErrNotExist}
	}
	if err != nil {
		return wrap("restore", path, err)
	}
	release, err := d.lock(at, name)
	if err != nil {
		return wrap("restore", path, err)
	}
	defer release()
	if err := move(ctx, slot, names[0], at, name); err != nil {
		return wrap("restore", path, err)
	}
	d.dropSlot(id)
	return wrap("restore", path, at.sync())
}

// Purge removes an item from the trash for good. A missing item is fine.
func (d *Dir) Purge(id string) error {
	trash, err := d.trashFolder(false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return wrap("empty trash", "", err)
	}
	defer trash.Close()
	if _, err := CleanName(id); err != nil {
		return err
	}
	return wrap("empty trash", "", trash.removeTree(id))
}

// TrashIDs lists the ids that the trash folder holds.
func (d *Dir) TrashIDs() ([]string, error) {
	trash, err := d.trashFolder(false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, wrap("list trash", "", err)
	}
	defer trash.Close()
	names, err := trash.f.Readdirnames(-1)
	return names, wrap("list trash", "", err)
}

// TrashItem is what the trash folder itself knows of an item.
type TrashItem struct {
	ID      string
	Entry   // Path is the name that was deleted, without its folder
	Deleted time.Time
}

// TrashItems describes what lies in the trash folder.
func (d *Dir) TrashItems() ([]TrashItem, error) {
	ids, err := d.TrashIDs()
	if err != nil {
		return nil, err
	}
	var items []TrashItem
	for _, id := range ids {
		slot, err := d.slot(id, false)
		if err != nil {
			continue // not a folder: nothing of ours
		}
		names, _ := slot.f.Readdirnames(1)
		self, err := slot.self()
		if len(names) == 1 && err == nil {
			if e, err := slot.stat(names[0]); err == nil && check(names[0]) == nil {
				items = append(items, TrashItem{id, e, self.ModTime})
			}
		}
		slot.Close()
	}
	return items, nil
}

// trashFolder opens the trash without following a link on the way.
func (d *Dir) trashFolder(create bool) (*folder, error) {
	top, err := d.openDir("")
	if err != nil {
		return nil, err
	}
	defer top.Close()
	own, err := top.ensure(PrivateName, create)
	if err != nil {
		return nil, err
	}
	defer own.Close()
	if create {
		own.ignore()
	}
	return own.ensure(trashName, create)
}

// ensure opens a folder below d and makes it first if asked to.
func (d *folder) ensure(name string, create bool) (*folder, error) {
	if create {
		if err := d.mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	return d.openFolder(name)
}

// ignore keeps the service folder out of git, for convenience only.
func (d *folder) ignore() {
	f, err := d.open(".gitignore", unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
	if err != nil {
		return
	}
	_, _ = f.WriteString("*\n")
	f.Close()
}

// slot opens the folder of one item.
func (d *Dir) slot(id string, create bool) (*folder, error) {
	if _, err := CleanName(id); err != nil {
		return nil, err
	}
	trash, err := d.trashFolder(create)
	if err != nil {
		return nil, err
	}
	defer trash.Close()
	if create {
		if err := trash.mkdir(id, 0o700); err != nil {
			return nil, err
		}
	}
	return trash.openFolder(id)
}

// dropSlot removes an item's folder if it is empty.
func (d *Dir) dropSlot(id string) {
	if trash, err := d.trashFolder(false); err == nil {
		_ = trash.rmdir(id) // an empty folder that stays does no harm
		trash.Close()
	}
}
