package ignore

import (
	"fmt"
	"strings"
)

// Names of the files that hold rules.
const (
	GitName = ".gitignore"
	OwnName = ".innoclawignore"
)

// Reason is a stable code that says why an entry is left out.
type Reason string

// The reasons of this package.
const (
	Internal     Reason = "internal"       // InnoClaw's own folder
	VCS          Reason = "vcs"            // version control data
	OwnRule      Reason = "innoclawignore" // a line of .innoclawignore
	GitRule      Reason = "gitignore"      // a line of .gitignore
	Secret       Reason = "secret"         // may hold secrets
	Dependencies Reason = "dependencies"   // installed packages, virtual environments
	Build        Reason = "build"          // build output
	Cache        Reason = "cache"          // caches of tools
	Temporary    Reason = "temporary"      // editors' and downloads' temporary files
)

// Verdict is the decision on one entry. The zero value means: take it.
type Verdict struct {
	Skip   bool
	Reason Reason
	// Detail is a phrase for people that goes on after "skipped:".
	Detail string
	// Kept is set when a line of an ignore file explicitly brings the entry
	// back; Reason then says which kind of file, GitRule or OwnRule.
	Kept bool
}

// Level is one folder of the walk with the rules that hold in it. It is
// immutable and safe for concurrent use.
type Level struct {
	parent *Level
	dir    string // path of the folder relative to the workspace, "" for the top
	git    *List
	own    *List
}

// Root makes the level of the workspace folder itself from its own ignore
// files, which may be nil.
func Root(git, own *List) *Level {
	return &Level{git: git, own: own}
}

// Enter makes the level of the subfolder called name.
func (l *Level) Enter(name string, git, own *List) *Level {
	return &Level{parent: l, dir: l.Path(name), git: git, own: own}
}

// Dir tells the folder's path relative to the workspace, "" for the top.
func (l *Level) Dir() string { return l.dir }

// Path tells the workspace-relative path of an entry of this folder.
func (l *Level) Path(name string) string {
	if l.dir == "" {
		return name
	}
	return l.dir + "/" + name
}

// Match decides on an entry of this folder.
func (l *Level) Match(name string, isDir bool) Verdict {
	if v := fixed(name); v.Skip {
		return v
	}
	path := l.Path(name)
	if v, ok := l.rules(path, isDir, OwnName); ok {
		return v
	}
	if secret(name, isDir) {
		return Verdict{Skip: true, Reason: Secret, Detail: "may hold secrets"}
	}
	if v, ok := l.rules(path, isDir, GitName); ok {
		return v
	}
	return builtin(name, isDir)
}

// rules asks the ignore files of one kind, the deepest folder first.
func (l *Level) rules(path string, isDir bool, file string) (Verdict, bool) {
	for at := l; at != nil; at = at.parent {
		list, reason := at.git, GitRule
		if file == OwnName {
			list, reason = at.own, OwnRule
		}
		if list == nil {
			continue
		}
		rel := path
		if at.dir != "" {
			rel = strings.TrimPrefix(path, at.dir+"/")
		}
		p, found := list.match(rel, isDir)
		if !found {
			continue
		}
		if p.negated {
			return Verdict{Kept: true, Reason: reason}, true
		}
		detail := fmt.Sprintf("ignored by %s line %d", at.Path(file), p.line)
		return Verdict{Skip: true, Reason: reason, Detail: detail}, true
	}
	return Verdict{}, false
}
