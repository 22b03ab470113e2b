package boundary

// CheckRoot applies the rules for roots to a path, without opening it.
func CheckRoot(p string, o Options) error {
	r, err := newRules(o)
	if err != nil {
		return err
	}
	return r.check(p)
}

// RenameFallback renames as on a file system without a rename that does not replace.
func (d *Dir) RenameFallback(oldPath, newPath string) error {
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
	return wrap("rename", oldPath, renameNewFallback(from, old, to, name))
}
