package boundary

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Code names a kind of failure. The text is stable: it goes to API clients.
type Code string

const (
	CodePath         Code = "path_invalid"    // the path breaks the path rule
	CodeProtected    Code = "path_protected"  // the workspace folder itself, or the service folder
	CodeOutside      Code = "path_outside"    // outside the roots, or a link that leads outside
	CodeNotFound     Code = "not_found"       //
	CodeExists       Code = "exists"          // the target is taken; nothing was replaced
	CodeNotDirectory Code = "not_a_directory" //
	CodeIsDirectory  Code = "is_a_directory"  //
	CodeSpecial      Code = "special_file"    // FIFO, socket or device
	CodeNotEmpty     Code = "not_empty"       //
	CodeIntoItself   Code = "into_itself"     // a folder copied or moved below itself
	CodeChanged      Code = "changed"         // the file is not the version the caller knows
	CodeTooLarge     Code = "too_large"       // a limit of the caller was reached
	CodeFull         Code = "disk_full"       // no space or quota left
	CodeReadOnly     Code = "read_only"       // read-only file system
	CodePermission   Code = "permission"      // the server's account may not
	CodeIO           Code = "io"              // anything else
)

// Error is a failed operation on a path. Its text holds no absolute path.
type Error struct {
	Code Code
	Op   string // what was being done, such as "rename"
	Path string // workspace-relative, or as the caller wrote it
	// Hash is the current content hash when Code is CodeChanged; empty when the file
	// does not exist.
	Hash string
	Err  error // cause without paths; may be nil
}

func (e *Error) Error() string {
	what := e.Op
	if e.Path != "" {
		what += fmt.Sprintf(" %q", e.Path)
	}
	if e.Err != nil {
		return what + ": " + e.Err.Error()
	}
	return what + ": " + e.Code.text()
}

// Unwrap gives the cause, so that errors.Is(err, fs.ErrNotExist) works.
func (e *Error) Unwrap() error { return e.Err }

func (c Code) text() string {
	switch c {
	case CodeProtected:
		return "protected path"
	case CodeOutside:
		return "leads outside the workspace"
	case CodeSpecial:
		return "not a regular file or folder"
	case CodeIntoItself:
		return "a folder cannot be put into itself"
	case CodeChanged:
		return "the file changed since it was read"
	case CodeTooLarge:
		return "limit reached"
	case CodeExists:
		return "already exists"
	case CodeNotFound:
		return "does not exist"
	case CodeNotDirectory:
		return "not a folder"
	case CodeIsDirectory:
		return "is a folder"
	default:
		return string(c)
	}
}

// CodeOf gives the code of an error of this package, "" for nil, CodeIO for others.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeIO
}

// wrap makes an *Error from a system error and takes file names out of it. Errors
// of this package and context errors pass unchanged; nil stays nil.
func wrap(op, path string, err error) error {
	if err == nil {
		return nil
	}
	var own *Error
	if errors.As(err, &own) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	err = bare(err)
	return &Error{Code: codeFor(err), Op: op, Path: path, Err: err}
}

// bare strips the wrappers of package os that carry file names.
func bare(err error) error {
	for {
		var (
			p *fs.PathError
			l *os.LinkError
			s *os.SyscallError
		)
		switch {
		case errors.As(err, &p):
			err = p.Err
		case errors.As(err, &l):
			err = l.Err
		case errors.As(err, &s):
			err = s.Err
		default:
			return err
		}
	}
}

func codeFor(err error) Code {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return CodeNotFound
	case errors.Is(err, unix.ENOTEMPTY): // before ErrExist, which includes it
		return CodeNotEmpty
	case errors.Is(err, fs.ErrExist):
		return CodeExists
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return CodeFull
	case errors.Is(err, unix.EROFS):
		return CodeReadOnly
	case errors.Is(err, fs.ErrPermission):
		return CodePermission
	case errors.Is(err, unix.ENOTDIR):
		return CodeNotDirectory
	case errors.Is(err, unix.EISDIR):
		return CodeIsDirectory
	case errors.Is(err, unix.ENXIO): // open of a socket, or of a FIFO for writing
		return CodeSpecial
	case errors.Is(err, unix.ENAMETOOLONG):
		return CodePath
	case errors.Is(err, unix.EFBIG):
		return CodeTooLarge
	case errors.Is(err, unix.ELOOP), err.Error() == "path escapes from parent":
		return CodeOutside
	default:
		return CodeIO
	}
}
