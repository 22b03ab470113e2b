package boundary

import (
	"errors"
	"fmt"
	"path"
	"runtime"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a workspace-relative path, in bytes and components.
const (
	MaxPath      = 4000 // below PATH_MAX of 4096 with room for a temporary name
	MaxComponent = 255  // NAME_MAX of the usual file systems
	MaxDepth     = 200
)

// PrivateName is the folder, at the top of a workspace, that InnoClaw keeps its
// trash in. No path with a component of this name passes Clean.
const PrivateName = ".innoclaw"

// Temporary files of WriteAtomic and copies are named tempPrefix + random + tempSuffix.
const (
	tempPrefix = ".innoclaw-"
	tempSuffix = ".tmp"
)

var (
	errPathAbsolute  = errors.New("must be relative to the workspace")
	errPathEncoding  = errors.New("is not valid UTF-8")
	errPathControl   = errors.New("contains a control character")
	errPathComponent = errors.New(`contains an empty, "." or ".." component`)
	errPathLong      = errors.New("is too long")
	errPathDeep      = errors.New("has too many components")
	errPathPlatform  = errors.New("contains a character or name that this system reserves")
)

// Clean checks a path that came from outside against the path rule and returns it.
// The rule: slash-separated, relative, valid UTF-8 without control characters, no
// empty, "." or ".." component, no component named like the service folder, within
// MaxPath, MaxComponent and MaxDepth. "" and "." both mean the workspace folder and
// give "". A backslash is an ordinary character except on Windows. Each valid path
// has exactly one spelling, so results can be compared byte by byte.
func Clean(p string) (string, error) {
	if p == "" || p == "." {
		return "", nil
	}
	if err := check(p); err != nil {
		return "", &Error{Code: CodePath, Op: "check path", Path: shown(p), Err: err}
	}
	if IsPrivate(p) {
		return "", &Error{Code: CodeProtected, Op: "check path", Path: p}
	}
	return p, nil
}

// CleanName is Clean for a single component, such as the name of an uploaded file.
func CleanName(name string) (string, error) {
	if name == "" || name == "." || strings.Contains(name, "/") {
		return "", &Error{Code: CodePath, Op: "check name", Path: shown(name), Err: errPathComponent}
	}
	return Clean(name)
}

func check(p string) error {
	switch {
	case p[0] == '/':
		return errPathAbsolute
	case len(p) > MaxPath:
		return errPathLong
	case !utf8.ValidString(p):
		return errPathEncoding
	case strings.ContainsFunc(p, unicode.IsControl):
		return errPathControl
	case strings.Count(p, "/") >= MaxDepth:
		return errPathDeep
	}
	for rest, more := p, true; more; {
		var c string
		c, rest, more = strings.Cut(rest, "/")
		if c == "" || c == "." || c == ".." {
			return errPathComponent
		}
		if len(c) > MaxComponent {
			return errPathLong
		}
	}
	if runtime.GOOS == "windows" && !localWindows(p) {
		return errPathPlatform
	}
	return nil
}

// localWindows refuses what Windows reads as something else than a plain name.
func localWindows(p string) bool {
	if strings.ContainsAny(p, `\:*?"<>|`) {
		return false
	}
	for c := range strings.SplitSeq(p, "/") {
		if strings.HasSuffix(c, ".") || strings.HasSuffix(c, " ") {
			return false
		}
		stem, _, _ := strings.Cut(strings.ToUpper(c), ".")
		switch strings.TrimRight(stem, " 0123456789¹²³") {
		case "CON", "PRN", "AUX", "NUL", "COM", "LPT", "CONIN$", "CONOUT$":
			return false
		}
	}
	return true
}

// shown makes a refused path fit for a message: bounded and valid UTF-8.
func shown(p string) string {
	const most = 200
	p = strings.ToValidUTF8(p, "\uFFFD")
	if len(p) > most {
		p = strings.ToValidUTF8(p[:most], "") + "…"
	}
	return p
}

// IsPrivate tells whether a slash-separated path has a component that names the
// service folder, in any letter case, because some file systems ignore case.
func IsPrivate(p string) bool {
	for i := 0; i+len(PrivateName) <= len(p); i++ {
		if p[i] != '.' || (i > 0 && p[i-1] != '/') {
			continue
		}
		end := i + len(PrivateName)
		if strings.EqualFold(p[i:end], PrivateName) && (end == len(p) || p[end] == '/') {
			return true
		}
	}
	return false
}

// IsTemp tells whether a base name is one of the short-lived files that writes and
// copies make. They are left out of listings and walks.
func IsTemp(name string) bool {
	return strings.HasPrefix(name, tempPrefix) && strings.HasSuffix(name, tempSuffix)
}

// Ignored tells whether watchers should pass over a path: it is private or temporary.
func Ignored(p string) bool { return IsTemp(path.Base(p)) || IsPrivate(p) }

// Join joins a workspace-relative folder ("" for the top) and a name.
func Join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}

// Split gives the folder ("" for the top) and the base name of a clean path.
func Split(p string) (dir, name string) {
	i := strings.LastIndexByte(p, '/')
	if i < 0 {
		return "", p
	}
	return p[:i], p[i+1:]
}

// Within tells whether a clean path is dir or lies below it.
func Within(dir, p string) bool {
	return dir == "" || p == dir || (len(p) > len(dir) && p[len(dir)] == '/' && p[:len(dir)] == dir)
}

// Numbered gives the n-th name to try for a name or path that may be taken: itself
// for 1, then "a (2).txt". The result is no longer than a name may be.
func Numbered(p string, n int) string {
	if n < 2 {
		return p
	}
	dir, name := Split(p)
	ext := path.Ext(name)
	if ext == name || len(ext) > 32 {
		ext = "" // a dot file, or no real extension
	}
	mark := fmt.Sprintf(" (%d)", n)
	stem := strings.TrimSuffix(name, ext)
	if most := MaxComponent - len(mark) - len(ext); len(stem) > most {
		stem = strings.ToValidUTF8(stem[:most], "")
	}
	return Join(dir, stem+mark+ext)
}
