package boundary

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"golang.org/x/sys/unix"
)

// Options says what no root may touch.
type Options struct {
	// DataDir is the installation's data folder. Only <DataDir>/workspaces and folders
	// below it may be roots; OpenRoots makes that one if it is missing.
	DataDir string
	// Protect lists further files and folders of the installation, such as the
	// database or .env.local. No root may be, hold, or lie inside one of them.
	Protect []string
	// Homes adds home folders to those of the system's accounts.
	Homes []string
}

// DefaultRoot is the root used when none is configured.
func DefaultRoot(dataDir string) string { return filepath.Join(dataDir, "workspaces") }

// Roots are the opened workspace roots. Safe for concurrent use.
type Roots struct {
	list   []*root
	shared *shared
}

type root struct {
	name     string   // unique label
	path     string   // canonical absolute
	prefixes []string // path, and as configured if that differs
	dir      *os.Root
}

// RootInfo describes a root to users, without its path.
type RootInfo struct {
	Name     string
	Writable bool
}

// Folder is a canonical folder inside a root. The zero value is invalid.
type Folder struct {
	Root string // label of the root
	Rel  string // canonical, slash-separated, "" for the root itself
	Path string // canonical absolute; for storage and the server's own use only
	root *root
	all  *shared
}

// Display is "root/rel", what users see instead of an absolute path.
func (f Folder) Display() string {
	if f.Rel == "" {
		return f.Root
	}
	return f.Root + "/" + f.Rel
}

// OpenRoots checks and opens the configured roots. Each message names the entry and
// tells what to do. A root inside another one is dropped, for the outer one covers it.
func OpenRoots(paths []string, o Options) (*Roots, error) {
	rules, err := newRules(o)
	if err != nil {
		return nil, err
	}
	r := &Roots{shared: newShared()}
	for _, p := range paths {
		if strings.TrimSpace(p) == "" {
			continue
		}
		next, err := openRoot(p, rules)
		if err != nil {
			r.Close()
			return nil, fmt.Errorf("workspace root %q: %w", p, err)
		}
		r.add(next)
	}
	if len(r.list) == 0 {
		return nil, errors.New("no workspace root: set WORKSPACE_ROOTS to at least one folder")
	}
	r.label()
	return r, nil
}

func openRoot(p string, rules *rules) (*root, error) {
	if !filepath.IsAbs(p) {
		return nil, errors.New("not an absolute path; write it from the top, such as /srv/research")
	}
	if strings.ContainsFunc(p, unicode.IsControl) {
		return nil, errors.New("contains a control character; rename the folder")
	}
	clean := filepath.Clean(p)
	if clean == rules.defaultRoot {
		if err := os.MkdirAll(clean, 0o700); err != nil {
			return nil, fmt.Errorf("make the default root: %w", err)
		}
	}
	if err := rules.check(clean); err != nil {
		return nil, err
	}
	canonical, err := filepath.EvalSymlinks(clean)
	if err != nil {
		return nil, rootProblem(clean, err)
	}
	if err := rules.check(canonical); err != nil {
		return nil, err
	}
	dir, err := openTop(canonical)
	if err != nil {
		return nil, rootProblem(clean, err)
	}
	next := &root{path: canonical, prefixes: []string{canonical}, dir: dir}
	if clean != canonical {
		next.prefixes = append(next.prefixes, clean)
	}
	return next, nil
}

func openTop(path string) (*os.Root, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !fi.IsDir() {
		return nil, unix.ENOTDIR
	}
	dir, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	f, err := dir.Open(".")
	if err == nil {
		_, err = f.ReadDir(1)
		f.Close()
		if err != nil && err.Error() == "EOF" {
			err = nil
		}
	}
	if err != nil {
		dir.Close()
		return nil, err
	}
	return dir, nil
}

// rootProblem says what to do about a root that cannot be opened.
func rootProblem(p string, err error) error {
	switch codeFor(bare(err)) {
	case CodeNotFound:
		return fmt.Errorf("does not exist; make it (mkdir -p %q) or correct WORKSPACE_ROOTS", p)
	case CodeNotDirectory:
		return errors.New("is not a folder; name a folder in WORKSPACE_ROOTS")
	case CodePermission:
		return fmt.Errorf("cannot be read by account number %d, which runs InnoClaw; allow it or name another folder", os.Getuid())
	default:
		return fmt.Errorf("cannot be opened: %w", bare(err))
	}
}

// add keeps next unless a root covers it, and drops roots that it covers.
func (r *Roots) add(next *root) {
	for i := 0; i < len(r.list); i++ {
		have := r.list[i]
		if _, ok := below([]string{have.path}, next.path); ok {
			next.dir.Close()
			have.prefixes = append(have.prefixes, samePlace(have, next)...)
			return
		}
		if _, ok := below([]string{next.path}, have.path); ok {
			have.dir.Close()
			r.list = append(r.list[:i], r.list[i+1:]...)
			i--
		}
	}
	r.list = append(r.list, next)
}

// samePlace gives the further names of next when it is the very folder of have.
func samePlace(have, next *root) []string {
	if have.path != next.path {
		return nil
	}
	return next.prefixes[1:]
}

// label gives every root a unique name: its base name, numbered when taken.
func (r *Roots) label() {
	taken := map[string]bool{}
	for _, one := range r.list {
		base := strings.ToValidUTF8(filepath.Base(one.path), "_")
		one.name = base
		for n := 2; taken[one.name]; n++ {
			one.name = fmt.Sprintf("%s-%d", base, n)
		}
		taken[one.name] = true
	}
}

// Close closes the roots. Open Dirs stay usable.
func (r *Roots) Close() error {
	var errs []error
	for _, one := range r.list {
		errs = append(errs, one.dir.Close())
	}
	return errors.Join(errs...)
}

// List describes the roots in configured order.
func (r *Roots) List() []RootInfo {
	infos := make([]RootInfo, 0, len(r.list))
	for _, one := range r.list {
		infos = append(infos, RootInfo{Name: one.name, Writable: unix.Access(one.path, unix.W_OK) == nil})
	}
	return infos
}

// Resolve finds the folder that a person named, as an absolute path or as
// "root/rel": every link is resolved and the result lies inside a root. Errors:
// CodeOutside for anything not below a root, existing or not; CodePath, CodeNotFound,
// CodeNotDirectory, CodeProtected.
func (r *Roots) Resolve(folder string) (Folder, error) {
	one, rel, err := r.locate(folder)
	if err != nil {
		return Folder{}, err
	}
	canonical, err := resolve(one.dir, one.prefixes, rel)
	if err != nil {
		return Folder{}, renamed(err, "open folder", shown(folder))
	}
	if err := checkFolder(canonical); err != nil {
		return Folder{}, renamed(err, "open folder", shown(folder))
	}
	if canonical != "" {
		fi, err := one.dir.Lstat(canonical)
		if err != nil {
			return Folder{}, wrap("open folder", shown(folder), err)
		}
		if !fi.IsDir() {
			return Folder{}, &Error{Code: CodeNotDirectory, Op: "open folder", Path: shown(folder)}
		}
	}
	return r.folder(one, canonical), nil
}

// Locate is Resolve without touching the disk, for stored canonical paths whose
// folder may be missing now. OpenDir still refuses links in it.
func (r *Roots) Locate(canonical string) (Folder, error) {
	one, rel, err := r.locate(canonical)
	if err != nil {
		return Folder{}, err
	}
	if err := checkFolder(rel); err != nil {
		return Folder{}, err
	}
	return r.folder(one, rel), nil
}

// Create makes the folder that a person named, with missing parents, and resolves it.
func (r *Roots) Create(folder string) (Folder, error) {
	f, err := r.Resolve(folder)
	if CodeOf(err) != CodeNotFound {
		return f, err
	}
	one, rel, err := r.locate(folder)
	if err != nil {
		return Folder{}, err
	}
	if err := checkFolder(rel); err != nil {
		return Folder{}, err
	}
	if err := one.dir.MkdirAll(rel, 0o777); err != nil {
		return Folder{}, wrap("make folder", shown(folder), err)
	}
	return r.Resolve(folder)
}

// Display gives the "root/rel" form of a canonical path, "" when no root holds it.
func (r *Roots) Display(canonical string) string {
	f, err := r.Locate(canonical)
	if err != nil {
		return ""
	}
	return f.Display()
}

func (r *Roots) folder(one *root, rel string) Folder {
	return Folder{Root: one.name, Rel: rel, Path: filepath.Join(one.path, filepath.FromSlash(rel)), root: one, all: r.shared}
}

// locate splits what a person wrote into a root and a lexically clean path below it.
func (r *Roots) locate(folder string) (*root, string, error) {
	if strings.ContainsFunc(folder, unicode.IsControl) {
		return nil, "", &Error{Code: CodePath, Op: "open folder", Path: shown(folder), Err: errPathControl}
	}
	if len(folder) > MaxPath {
		return nil, "", &Error{Code: CodePath, Op: "open folder", Path: shown(folder), Err: errPathLong}
	}
	outside := &Error{Code: CodeOutside, Op: "open folder", Path: shown(folder), Err: errors.New("not inside a workspace root of this server")}
	if filepath.IsAbs(folder) {
		for _, one := range r.list {
			if rel, ok := below(one.prefixes, filepath.Clean(folder)); ok {
				return one, rel, nil
			}
		}
		return nil, "", outside
	}
	name, rest, _ := strings.Cut(folder, "/")
	for _, one := range r.list {
		if one.name != name {
			continue
		}
		rel := strings.TrimPrefix(filepath.Clean("./"+rest), "./")
		if rel == ".." || strings.HasPrefix(rel, "../") {
			return nil, "", outside
		}
		if rel == "." {
			rel = ""
		}
		return one, rel, nil
	}
	return nil, "", outside
}

// checkFolder applies the path rule to a canonical folder.
func checkFolder(rel string) error {
	_, err := Clean(rel)
	return err
}

func renamed(err error, op, path string) error {
	var e *Error
	if errors.As(err, &e) {
		again := *e
		again.Op, again.Path = op, path
		return &again
	}
	return err
}

// Plan is Resolve for a folder that may not exist yet: links in the part that exists
// are resolved, the rest is added as written. Nothing is made.
func (r *Roots) Plan(folder string) (Folder, error) {
	one, rel, err := r.locate(folder)
	if err != nil {
		return Folder{}, err
	}
	todo := components(rel)
	for n := len(todo); ; n-- {
		known, err := resolve(one.dir, one.prefixes, strings.Join(todo[:n], "/"))
		if CodeOf(err) == CodeNotFound && n > 0 {
			continue
		}
		if err != nil {
			return Folder{}, renamed(err, "open folder", shown(folder))
		}
		rel = strings.Join(append(components(known), todo[n:]...), "/")
		if err := checkFolder(rel); err != nil {
			return Folder{}, renamed(err, "open folder", shown(folder))
		}
		return r.folder(one, rel), nil
	}
}

// Identities are the folders on the way from a root to a folder, by what they are
// and not by name. The last one is the folder itself.
type Identities []os.FileInfo

// Lineage looks up the folders on the way to f. What is missing is left out.
func Lineage(f Folder) Identities {
	if f.root == nil {
		return nil
	}
	var ids Identities
	at := "."
	for _, c := range append([]string{"."}, components(f.Rel)...) {
		at = filepath.Join(at, c)
		fi, err := f.root.dir.Lstat(at)
		if err != nil {
			return nil // not there, so it cannot be the same as something else
		}
		ids = append(ids, fi)
	}
	return ids
}

// Overlaps tells whether one folder is, or lies below, the other.
func (a Identities) Overlaps(b Identities) bool {
	return a.holds(b) || b.holds(a)
}

func (a Identities) holds(b Identities) bool {
	if len(a) == 0 {
		return false
	}
	for _, fi := range b {
		if os.SameFile(a[len(a)-1], fi) {
			return true
		}
	}
	return false
}
