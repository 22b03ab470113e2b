package boundary

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// maxLinks bounds the symlinks followed in one resolution, as Linux does.
const maxLinks = 40

var errTooManyLinks = errors.New("too many links")

// resolve follows every symlink in rel, a slash-separated path below root ("" for
// root), and gives the canonical path below root. Absolute link targets are accepted
// when they lie below one of the absolute folders in prefixes, which all name root.
// A component that does not exist ends with CodeNotFound. The answer is a name, not
// a handle: whoever opens it must not follow links again.
func resolve(root *os.Root, prefixes []string, rel string) (string, error) {
	todo := components(rel)
	var done []string
	for links := 0; len(todo) > 0; {
		c := todo[0]
		todo = todo[1:]
		if c == ".." {
			if len(done) == 0 {
				return "", &Error{Code: CodeOutside, Op: "resolve", Path: rel}
			}
			done = done[:len(done)-1]
			continue
		}
		at := strings.Join(append(slices.Clone(done), c), "/")
		fi, err := root.Lstat(at)
		if err != nil {
			return "", wrap("resolve", rel, err)
		}
		if fi.Mode()&fs.ModeSymlink == 0 {
			if len(todo) > 0 && !fi.IsDir() {
				return "", &Error{Code: CodeNotDirectory, Op: "resolve", Path: rel}
			}
			done = append(done, c)
			continue
		}
		if links++; links > maxLinks {
			return "", &Error{Code: CodeOutside, Op: "resolve", Path: rel, Err: errTooManyLinks}
		}
		target, err := root.Readlink(at)
		if err != nil {
			return "", wrap("resolve", rel, err)
		}
		if path.IsAbs(target) {
			inside, ok := below(prefixes, target)
			if !ok {
				return "", &Error{Code: CodeOutside, Op: "resolve", Path: rel}
			}
			done, target = nil, inside
		}
		todo = append(components(target), todo...)
	}
	return strings.Join(done, "/"), nil
}

// components splits a slash-separated path and drops empty and "." components.
func components(p string) []string {
	parts := strings.Split(p, "/")
	return slices.DeleteFunc(parts, func(c string) bool { return c == "" || c == "." })
}

// below gives the part of abs below the first of prefixes that holds it. Components
// are compared byte by byte and are not cleaned of "..".
func below(prefixes []string, abs string) (string, bool) {
	parts := components(abs)
	for _, p := range prefixes {
		want := components(p)
		if len(parts) >= len(want) && slices.Equal(parts[:len(want)], want) {
			return strings.Join(parts[len(want):], "/"), true
		}
	}
	return "", false
}

// openStrict opens rel below root one component at a time and refuses a component
// that is not a directory, or that changed identity while it was opened. With a
// canonical rel this gives exactly the folder that was resolved, and no link.
func openStrict(root *os.Root, rel string) (*os.Root, error) {
	cur, err := root.OpenRoot(".")
	if err != nil {
		return nil, wrap("open folder", rel, err)
	}
	for _, c := range components(rel) {
		next, err := openChild(cur, c)
		cur.Close()
		if err != nil {
			return nil, wrap("open folder", rel, err)
		}
		cur = next
	}
	return cur, nil
}

func openChild(cur *os.Root, name string) (*os.Root, error) {
	want, err := cur.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !want.IsDir() {
		return nil, &Error{Code: CodeNotDirectory, Op: "open folder", Path: name}
	}
	// The final "." makes os.Root open name with O_DIRECTORY, which cannot hang
	// should name be a FIFO by now.
	next, err := cur.OpenRoot(name + "/.")
	if err != nil {
		return nil, err
	}
	got, err := next.Stat(".")
	if err == nil && !os.SameFile(want, got) {
		err = &Error{Code: CodeOutside, Op: "open folder", Path: name}
	}
	if err != nil {
		next.Close()
		return nil, err
	}
	return next, nil
}
