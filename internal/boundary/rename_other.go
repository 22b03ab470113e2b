//go:build !linux

package boundary

// renameNew renames and fails with EEXIST if the new name is taken.
func renameNew(from *folder, old string, to *folder, name string) error {
	return renameNewFallback(from, old, to, name)
}
