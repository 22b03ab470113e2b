package boundary

import (
	"errors"

	"golang.org/x/sys/unix"
)

// renameNew renames and fails with EEXIST if the new name is taken.
func renameNew(from *folder, old string, to *folder, name string) error {
	err := retry(func() error { return unix.Renameat2(from.fd, old, to.fd, name, unix.RENAME_NOREPLACE) })
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.ENOTSUP) {
		// A network or old file system that knows no such rename; or EINVAL because
		// a folder would go into itself, which the fallback reports again.
		return renameNewFallback(from, old, to, name)
	}
	return err
}
