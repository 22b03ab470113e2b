package index

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/index/ignore"
)

// Reasons of states, beside those of package ignore and the codes of
// document.Failure.
const (
	ReasonSymlink     = "symlink"     // links are not followed: what they lead to has its own row
	ReasonSpecial     = "special"     // FIFO, socket or device
	ReasonBadName     = "bad_name"    // a name that no path may have
	ReasonUnsupported = "unsupported" // no reader for this type
	ReasonTooLarge    = "too_large"   // over the size limit
	ReasonUnreadable  = "unreadable"  // the server's account may not read it
	ReasonIO          = "io"          // reading broke off
)

// contentReason tells whether a reason came from looking into the file, so that
// it holds for as long as the file does not change.
func contentReason(reason string) bool {
	return reason == ReasonUnsupported || reason == ReasonTooLarge || reason == string(ignore.Secret)
}

// scan walks a part of a workspace and notes what differs from the rows.
type scan struct {
	dir     *boundary.Dir
	rows    map[string]*known // rows in scope; those seen are marked
	seen    map[string]bool   // paths of rows that still exist
	keep    []string          // folders that could not be listed now: their rows stay
	plan    plan
	now     int64 // unix ms
	maxSize int64
	levels  map[string]*ignore.Level // of the folders above the places looked at
	topErr  error                    // the workspace folder itself could not be read
	retry   bool                     // failed files get another chance now
	watch   func(path string)        // told each folder that is entered; may be nil
	tick    func(path string)        // told each entry
}

// level makes the rules that hold inside a folder, by its own ignore files.
func (s *scan) level(parent *ignore.Level, name string) *ignore.Level {
	path := ""
	if parent != nil {
		path = parent.Path(name)
	}
	git, own := s.rules(boundary.Join(path, ignore.GitName)), s.rules(boundary.Join(path, ignore.OwnName))
	if parent == nil {
		return ignore.Root(git, own)
	}
	return parent.Enter(name, git, own)
}

// rules reads an ignore file. One that can not be read has no rules, as in git.
func (s *scan) rules(path string) *ignore.List {
	if e, err := s.dir.Lstat(path); err != nil || e.Kind != boundary.File {
		return nil
	}
	f, _, err := s.dir.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, ignore.MaxFileBytes))
	if err != nil {
		return nil
	}
	return ignore.Parse(data)
}

// top walks the whole workspace.
func (s *scan) top(ctx context.Context) error {
	if err := s.walk(ctx, "", nil); err != nil {
		return err
	}
	if s.topErr != nil {
		return fmt.Errorf("list the workspace folder: %w", s.topErr)
	}
	return nil
}

// walk goes through a folder whose own name has been decided on. parent holds
// the rules above it.
func (s *scan) walk(ctx context.Context, dir string, parent *ignore.Level) error {
	parents := map[string]*ignore.Level{dir: parent} // of the folders still to enter
	var level *ignore.Level
	enter := func(path string) error {
		above := parents[path]
		delete(parents, path)
		return s.enter(path, above, &level)
	}
	fn := func(e boundary.Entry) error {
		descend := s.entry(level, e)
		if e.Kind != boundary.Directory {
			return nil
		}
		if !descend {
			return fs.SkipDir
		}
		parents[e.Path] = level
		return nil
	}
	return s.dir.Walk(ctx, dir, boundary.WalkOptions{Enter: enter, Problem: s.problem}, fn)
}

// enter prepares the rules of a folder before its entries come. fs.SkipDir
// passes over it.
func (s *scan) enter(path string, above *ignore.Level, level **ignore.Level) error {
	if s.watch != nil { // before the entries are read, so that nothing is missed between
		s.watch(path)
	}
	if path == "" {
		*level = s.level(nil, "")
		return nil
	}
	_, name := boundary.Split(path)
	if v := s.folderVerdict(above, name); v.Skip {
		s.settle(boundary.Entry{Path: path, Kind: boundary.Directory}, Skipped, string(v.Reason), v.Detail)
		return fs.SkipDir
	}
	*level = s.level(above, name)
	return nil
}

// place is a path of the tree with the rules of the folder it lies in.
type place struct {
	level *ignore.Level
	path  string
}

// locate finds the place of a path. When a folder above it is left out, is no
// folder, or is gone, that folder is the place to look at.
func (s *scan) locate(path string) place {
	if s.levels == nil {
		s.levels = map[string]*ignore.Level{"": s.level(nil, "")}
	}
	level := s.levels[""]
	elems := strings.Split(path, "/")
	for _, name := range elems[:len(elems)-1] {
		if known := s.levels[level.Path(name)]; known != nil {
			level = known
			continue
		}
		e, err := s.dir.Lstat(level.Path(name))
		if err != nil || e.Kind != boundary.Directory {
			return place{level, level.Path(name)}
		}
		if v := s.folderVerdict(level, name); v.Skip {
			return place{level, level.Path(name)}
		}
		level = s.level(level, name)
		s.levels[level.Dir()] = level
	}
	return place{level, path}
}

// part walks one path, which may be a file, a folder or gone.
func (s *scan) part(ctx context.Context, at place) error {
	e, err := s.dir.Lstat(at.path)
	switch boundary.CodeOf(err) {
	case "":
		if s.entry(at.level, e) {
			return s.walk(ctx, e.Path, at.level)
		}
		return nil
	case boundary.CodeNotFound, boundary.CodeNotDirectory, boundary.CodePath, boundary.CodeProtected, boundary.CodeOutside:
		return nil // its rows, not being seen, are removed
	}
	s.keep = append(s.keep, at.path)
	return nil
}

// entry decides on one entry of a folder and tells whether to go into it.
func (s *scan) entry(level *ignore.Level, e boundary.Entry) (descend bool) {
	if boundary.Ignored(e.Path) {
		return false // InnoClaw's own files are no business of the index
	}
	if s.tick != nil {
		s.tick(e.Path)
	}
	_, name := boundary.Split(e.Path)
	switch e.Kind {
	case boundary.Directory:
		v := level.Match(name, true)
		if v.Skip {
			s.settle(e, Skipped, string(v.Reason), v.Detail)
		}
		return !v.Skip
	case boundary.Symlink:
		s.settle(e, Skipped, ReasonSymlink, "a link; what it leads to is indexed in its own place if it lies in this workspace")
	case boundary.File:
		s.file(level, e, name)
	default:
		s.settle(e, Skipped, ReasonSpecial, "not a regular file")
	}
	return false
}

func (s *scan) file(level *ignore.Level, e boundary.Entry, name string) {
	v := level.Match(name, false)
	if v.Skip {
		s.settle(e, Skipped, string(v.Reason), v.Detail)
		return
	}
	if e.Size > s.maxSize {
		s.settle(e, Skipped, ReasonTooLarge, fmt.Sprintf("larger than %d MB", s.maxSize>>20))
		return
	}
	s.plan.files++
	s.seen[e.Path] = true
	c := candidate{path: e.Path, size: e.Size, mtime: e.ModTime.UnixNano(), inode: int64(e.Inode), old: s.rows[e.Path],
		own: v.Kept && v.Reason == ignore.OwnRule}
	now := s.now
	if s.retry {
		now = 1<<62 - 1
	}
	if c.old != nil && unchanged(c, c.old, now) && !(c.own && c.old.reason == string(ignore.Secret)) {
		s.plan.same++
		return
	}
	s.plan.extract = append(s.plan.extract, c)
}

// folderVerdict decides on a folder by its name and, unless a rule names it, by
// what lies in it.
func (s *scan) folderVerdict(level *ignore.Level, name string) ignore.Verdict {
	v := level.Match(name, true)
	if v.Skip || v.Kept {
		return v
	}
	return ignore.MatchFolder(name, func(entry string) bool {
		_, err := s.dir.Lstat(boundary.Join(level.Path(name), entry))
		return err == nil
	})
}

// problem deals with what the walk could not read. Without permission the files
// of a folder are out of the index; after any other error their rows stay, for
// the files may well be there.
func (s *scan) problem(path string, err error) {
	if path == "" {
		s.topErr = err
		return
	}
	switch boundary.CodeOf(err) {
	case boundary.CodeNotFound, boundary.CodeNotDirectory:
	case boundary.CodePermission:
		s.settle(boundary.Entry{Path: path, Kind: boundary.Directory}, Failed, ReasonUnreadable, "the server's account may not list this folder")
	case boundary.CodePath:
		s.settle(boundary.Entry{Path: path}, Skipped, ReasonBadName, "its name can not be used: rename it, in UTF-8 and without control characters")
	default:
		s.keep = append(s.keep, path)
	}
}

// settle notes a state that needs no reading.
func (s *scan) settle(e boundary.Entry, state State, reason, detail string) {
	path := storable(e.Path)
	s.plan.files++
	s.seen[path] = true
	old := s.rows[path]
	if old != nil && old.state == state && old.reason == reason && old.detail == detail && old.size == e.Size && !old.chunked {
		s.plan.same++
		return
	}
	s.plan.settle = append(s.plan.settle, settled{path: path, size: e.Size, mtime: e.ModTime.UnixNano(), inode: int64(e.Inode),
		old: old, state: state, reason: reason, detail: detail})
}

// finish turns the rows that were not seen into removals.
func (s *scan) finish() {
	for path, k := range s.rows {
		if s.seen[path] || s.kept(path) {
			continue
		}
		s.plan.removed = append(s.plan.removed, removal{path, k})
	}
	s.plan.findMoves()
}

func (s *scan) kept(path string) bool {
	for _, dir := range s.keep {
		if boundary.Within(dir, path) {
			return true
		}
	}
	return false
}
