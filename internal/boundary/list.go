package boundary

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"slices"
	"sort"
	"strings"
	"time"
)

// ListOptions picks a part of a folder's entries.
type ListOptions struct {
	Cursor string // Next of the page before, "" for the first page
	Limit  int    // entries per page, 0 for all
	Hidden bool   // include names that start with a dot
	Only   Kind   // only entries of this kind; "" for all
}

// Page is a part of a folder's listing: folders first, then natural order (digits by
// value, letters without case, then bytes).
type Page struct {
	Entries []ListEntry
	Total   int    // entries of the whole listing, as filtered
	Next    string // "" on the last page
}

// ListEntry is an Entry as listed.
type ListEntry struct {
	Entry
	// BadName says that the name breaks the path rule (not UTF-8, control
	// characters), so that no operation accepts it. Path holds the raw name.
	BadName bool
	// Target is the workspace-relative path a symlink leads to, if it leads to
	// something inside; TargetKind tells what, or Missing, or Outside.
	Target     string
	TargetKind Kind
}

var errCursor = errors.New("cursor is not from this listing")

// listed is a name in a listing; its facts are looked up when its page is shown.
type listed struct {
	name string
	kind Kind // as the directory tells it
}

// listing is a sorted snapshot of a folder's names.
type listing struct {
	all     []listed
	visible []listed // without dot names
}

func (l *listing) pick(o ListOptions) []listed {
	names := l.visible
	if o.Hidden {
		names = l.all
	}
	if o.Only == "" {
		return names
	}
	return slices.DeleteFunc(slices.Clone(names), func(e listed) bool { return e.kind != o.Only })
}

// List reads a page of a folder. Only entries on the page are examined; the sorted
// names are kept until the folder changes.
func (d *Dir) List(ctx context.Context, path string, o ListOptions) (Page, error) {
	at, err := d.openDir(path)
	if err != nil {
		return Page{}, err
	}
	defer at.Close()
	names, err := d.snapshot(ctx, at)
	if err != nil {
		return Page{}, wrap("list", path, err)
	}
	rows := names.pick(o)
	from, err := o.start(rows)
	if err != nil {
		return Page{}, &Error{Code: CodePath, Op: "list", Path: path, Err: err}
	}
	page := Page{Total: len(rows)}
	rows = rows[from:]
	if o.Limit > 0 && len(rows) > o.Limit {
		rows = rows[:o.Limit]
		page.Next = cursorOf(rows[len(rows)-1])
	}
	page.Entries = make([]ListEntry, 0, len(rows))
	if path == "." {
		path = ""
	}
	for _, row := range rows {
		e, err := at.stat(row.name)
		if err != nil {
			continue // vanished since the names were read
		}
		e.Path = Join(path, row.name)
		page.Entries = append(page.Entries, d.listEntry(e, row.name))
	}
	return page, nil
}

func (d *Dir) listEntry(e Entry, name string) ListEntry {
	le := ListEntry{Entry: e, BadName: check(name) != nil}
	if e.Kind == Symlink && !le.BadName {
		le.Target, le.TargetKind = d.target(e.Path)
	}
	return le
}

// target tells where a symlink leads, without giving away anything outside.
func (d *Dir) target(path string) (string, Kind) {
	canonical, err := d.Resolve(path)
	switch CodeOf(err) {
	case "":
	case CodeNotFound, CodeNotDirectory:
		return "", Missing
	default:
		return "", Outside
	}
	if _, err := Clean(canonical); err != nil {
		return "", Outside
	}
	e, err := d.Lstat(canonical)
	if err != nil {
		return "", Missing
	}
	return canonical, e.Kind
}

func (d *Dir) snapshot(ctx context.Context, at *folder) (*listing, error) {
	self, err := at.self()
	if err != nil {
		return nil, err
	}
	if l, ok := d.all.listings.get(self.version()); ok {
		return l, nil
	}
	started := time.Now()
	l, err := readNames(ctx, at)
	if err != nil {
		return nil, err
	}
	if after, err := at.self(); err == nil && after.version() == self.version() && self.version().settled(started) {
		d.all.listings.put(self.version(), l, 1+len(l.all))
	}
	return l, nil
}

// batchSize is how many directory entries are read at a time.
const batchSize = 1024

func readNames(ctx context.Context, at *folder) (*listing, error) {
	l := &listing{}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		batch, err := at.f.ReadDir(batchSize)
		for _, de := range batch {
			if name := de.Name(); !Ignored(name) {
				l.all = append(l.all, listed{name, kindOfMode(de.Type())})
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err != nil && len(batch) == 0 {
			break
		}
	}
	slices.SortFunc(l.all, compareListed)
	for _, e := range l.all {
		if e.name[0] != '.' {
			l.visible = append(l.visible, e)
		}
	}
	return l, nil
}

func compareListed(a, b listed) int {
	if c := cmp.Compare(rank(a.kind), rank(b.kind)); c != 0 {
		return c
	}
	return CompareNames(a.name, b.name)
}

func rank(k Kind) int {
	if k == Directory {
		return 0
	}
	return 1
}

// CompareNames orders names the way people count: runs of digits by value, ASCII
// letters without case, everything else by bytes. Different names never compare equal.
func CompareNames(a, b string) int {
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		x, y := a[i], b[j]
		if isDigit(x) && isDigit(y) {
			si, sj := i, j
			for i < len(a) && isDigit(a[i]) {
				i++
			}
			for j < len(b) && isDigit(b[j]) {
				j++
			}
			if c := compareDigits(a[si:i], b[sj:j]); c != 0 {
				return c
			}
			continue
		}
		if x, y = lower(x), lower(y); x != y {
			return cmp.Compare(x, y)
		}
		i++
		j++
	}
	if c := cmp.Compare(len(a)-i, len(b)-j); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

func compareDigits(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// cursorOf names the last entry of a page, so that the next page starts behind it
// even if entries came or went meanwhile.
func cursorOf(e listed) string {
	mark := "f"
	if e.kind == Directory {
		mark = "d"
	}
	return base64.RawURLEncoding.EncodeToString([]byte(mark + e.name))
}

// start finds where the page after the cursor begins.
func (o ListOptions) start(rows []listed) (int, error) {
	if o.Cursor == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(o.Cursor)
	if err != nil || len(raw) < 2 || (raw[0] != 'd' && raw[0] != 'f') {
		return 0, errCursor
	}
	last := listed{name: string(raw[1:]), kind: File}
	if raw[0] == 'd' {
		last.kind = Directory
	}
	return sort.Search(len(rows), func(i int) bool { return compareListed(rows[i], last) > 0 }), nil
}
