package boundary_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/google/go-cmp/cmp"
	"github.com/innoclaw/innoclaw/internal/boundary"
)

func mkfifo(t testing.TB, path string) {
	t.Helper()
	must(t, unix.Mkfifo(path, 0o644))
}

// corpus is what callers try to escape with.
var corpus = []string{
	"/", "/etc/passwd", "..", "../", "../x", "a/../../x", "a/..", "./a", "a/./b", "a//b", "a/", "//etc/passwd", "a\x00b", "a\nb", "a\rb", "\x7f", "a\u0085b",
	"\xff\xfe", "a/\xc0\xae\xc0\xae/b", ".innoclaw", ".innoclaw/trash", "a/.innoclaw/b", ".INNOCLAW/trash", "a/.InnoClaw", strings.Repeat("x", 256),
	strings.Repeat("x/", 300) + "x", strings.Repeat("abcdefgh/", 600) + "x", "...\x00", "/proc/self/root", "a/b/../../../c",
}

func TestCleanRefuses(t *testing.T) {
	for _, p := range corpus {
		if got, err := boundary.Clean(p); err == nil {
			t.Errorf("Clean(%q) = %q", p, got)
		} else if c := boundary.CodeOf(err); c != boundary.CodePath && c != boundary.CodeProtected {
			t.Errorf("Clean(%q): code %q", p, c)
		}
	}
	for _, p := range []string{`..\..\etc`, `a\b`, "C:/x", "a,b", "a b", "...", "..a", ".hidden", "文献/论文.pdf", ".innoclaw2", "x.innoclaw", "~/x", "%2e%2e/x", "con", "a:b"} {
		if got, err := boundary.Clean(p); err != nil || got != p {
			t.Errorf("Clean(%q) = %q, %v", p, got, err)
		}
	}
}

// everything runs each operation on a path and gives their errors by name.
func everything(d *boundary.Dir, p string) map[string]error {
	errs := map[string]error{}
	ctx := context.Background()
	f, _, err := d.Open(p)
	if err == nil {
		f.Close()
	}
	errs["open"] = err
	_, errs["stat"] = d.Stat(p)
	_, errs["lstat"] = d.Lstat(p)
	_, errs["list"] = d.List(ctx, p, boundary.ListOptions{})
	_, errs["write"] = d.WriteAtomic(p, boundary.Expect{}, strings.NewReader("x"))
	errs["mkdir"] = d.Mkdir(p)
	errs["mkdirall"] = d.MkdirAll(p)
	errs["rename from"] = d.Rename(ctx, p, "new")
	errs["rename to"] = d.Rename(ctx, "own", p)
	_, errs["copy from"] = d.Copy(ctx, p, "new2", boundary.CopyLimits{})
	_, errs["copy to"] = d.Copy(ctx, "own", p, boundary.CopyLimits{})
	_, errs["trash"] = d.Trash(ctx, p, "id")
	errs["restore"] = d.Restore(ctx, "id2", p)
	errs["walk"] = d.Walk(ctx, p, boundary.WalkOptions{}, func(boundary.Entry) error { return nil })
	return errs
}

func TestCorpusIsRefusedByEachOperation(t *testing.T) {
	d, path := open(t)
	write(t, path+"/own", "mine")
	write(t, filepath.Dir(path)+"/x", "outside")
	before := tree(t, filepath.Dir(path))
	for _, p := range corpus {
		for op, err := range everything(d, p) {
			if c := boundary.CodeOf(err); c != boundary.CodePath && c != boundary.CodeProtected {
				t.Errorf("%s %.80q: %.200v", op, p, err)
			}
		}
	}
	if diff := cmp.Diff(before, tree(t, filepath.Dir(path))); diff != "" {
		t.Errorf("refused operations changed the disk (-before +after):\n%s", diff)
	}
}

// tree reads all names and contents below a folder.
func tree(t testing.TB, root string) map[string]string {
	t.Helper()
	got := map[string]string{}
	must(t, filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, p)
		switch {
		case e.Type().IsRegular():
			got[rel] = content(t, p)
		case e.Type()&fs.ModeSymlink != 0:
			to, _ := os.Readlink(p)
			got[rel] = "-> " + to
		default:
			got[rel] = e.Type().String()
		}
		return nil
	}))
	return got
}

func TestLinksLeadingOutside(t *testing.T) {
	d, path := open(t)
	out := filepath.Dir(path)
	write(t, path+"/own", "mine")
	write(t, out+"/secret/file", "secret")
	for link, to := range map[string]string{
		"abs": out + "/secret", "rel": "../secret", "file": "../secret/file", "proc": "/proc/self/root", "fd": "/proc/self/fd/0", "etc": "/etc/passwd", "deep": "abs/../rel",
	} {
		must(t, os.Symlink(to, filepath.Join(path, link)))
	}
	before := tree(t, out+"/secret")
	for _, p := range []string{"abs/file", "rel/file", "file", "proc/etc/passwd", "fd", "etc", "deep/file", "abs/new", "rel", "abs"} {
		for op, err := range everything(d, p) {
			onLink := !strings.Contains(p, "/") && slices.Contains([]string{"lstat", "rename from", "rename to", "copy from", "copy to", "trash", "restore"}, op)
			if onLink {
				continue // acts on the link itself, or on its name after it was moved away
			}
			if boundary.CodeOf(err) == "" && op != "walk" {
				t.Errorf("%s %q succeeded", op, p)
			}
			if err != nil && strings.Contains(err.Error(), out) {
				t.Errorf("%s %q: message holds an absolute path: %v", op, p, err)
			}
		}
	}
	if diff := cmp.Diff(before, tree(t, out+"/secret")); diff != "" {
		t.Errorf("the folder outside changed (-before +after):\n%s", diff)
	}
}

func TestLinksInside(t *testing.T) {
	d, path := open(t)
	write(t, path+"/dir/file", "one")
	must(t, os.Symlink("dir/file", path+"/link"))
	must(t, os.Symlink("dir", path+"/folder"))
	must(t, os.Symlink(".innoclaw/trash", path+"/sly"))
	f, fi, err := d.Open("link")
	must(t, err)
	b, _ := io.ReadAll(f)
	f.Close()
	if string(b) != "one" || fi.Size() != 3 {
		t.Errorf("read %q through a link", b)
	}
	w, err := d.WriteAtomic("link", boundary.Expect{}, strings.NewReader("two"))
	must(t, err)
	if w.Path != "dir/file" || content(t, path+"/dir/file") != "two" {
		t.Errorf("wrote to %q", w.Path)
	}
	if fi, _ := os.Lstat(path + "/link"); fi.Mode()&fs.ModeSymlink == 0 {
		t.Error("the link was replaced by a file")
	}
	_, err = d.Trash(context.Background(), "dir/file", "item")
	must(t, err)
	for _, p := range []string{"sly/item/file", "sly"} {
		_, _, err := d.Open(p)
		wantCode(t, err, boundary.CodeProtected)
		_, err = d.List(context.Background(), p, boundary.ListOptions{})
		if err == nil {
			t.Errorf("%s was listed", p)
		}
	}
	_, err = d.WriteAtomic("sly/new", boundary.Expect{}, strings.NewReader("x"))
	wantCode(t, err, boundary.CodeProtected)
}

func TestHardLinkToOutsideKeepsItsContent(t *testing.T) {
	d, path := open(t)
	outside := filepath.Dir(path) + "/outside"
	write(t, outside, "theirs")
	must(t, os.Link(outside, path+"/hard"))
	_, err := d.WriteAtomic("hard", boundary.Expect{}, strings.NewReader("mine"))
	must(t, err)
	if got := content(t, outside); got != "theirs" {
		t.Errorf("the file outside became %q", got)
	}
}

func TestSpecialFiles(t *testing.T) {
	d, path := open(t)
	mkfifo(t, path+"/fifo")
	l, err := net.Listen("unix", path+"/sock")
	must(t, err)
	defer l.Close()
	must(t, os.Symlink("fifo", path+"/tofifo"))
	names := []string{"fifo", "sock", "tofifo"}
	if err := unix.Mknod(path+"/dev", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 5))); err == nil {
		names = append(names, "dev")
	} else if os.Geteuid() == 0 {
		t.Logf("no device test: mknod: %v", err)
	}
	for _, name := range names {
		_, _, err := d.Open(name)
		wantCode(t, err, boundary.CodeSpecial)
		_, err = d.WriteAtomic(name, boundary.Expect{}, strings.NewReader("x"))
		wantCode(t, err, boundary.CodeSpecial)
		_, err = d.List(context.Background(), name, boundary.ListOptions{})
		wantCode(t, err, boundary.CodeSpecial)
	}
	_, err = d.Copy(context.Background(), "fifo", "copy", boundary.CopyLimits{})
	wantCode(t, err, boundary.CodeSpecial)
	page, err := d.List(context.Background(), "", boundary.ListOptions{})
	must(t, err)
	for _, e := range page.Entries {
		if want := map[bool]boundary.Kind{true: boundary.Symlink, false: boundary.Special}[e.Path == "tofifo"]; e.Kind != want {
			t.Errorf("%s listed as %s", e.Path, e.Kind)
		}
	}
}

func TestListOrderAndPages(t *testing.T) {
	d, path := open(t)
	for _, n := range []string{"b", "a10", "a9", "A1", "ä", ".dot", "a09"} {
		write(t, path+"/"+n, n)
	}
	must(t, os.Mkdir(path+"/zdir", 0o755))
	must(t, os.Symlink("zdir", path+"/lk"))
	must(t, os.Symlink("/etc", path+"/lx"))
	must(t, os.Symlink("nowhere", path+"/ly"))
	write(t, path+"/bad\xff", "")
	write(t, path+"/.innoclaw/trash/x", "")
	write(t, path+"/.innoclaw-abc.tmp", "")
	want := []string{"zdir", "A1", "a09", "a9", "a10", "b", "bad\xff", "lk", "lx", "ly", "ä"}
	var got []string
	o := boundary.ListOptions{Limit: 3}
	for {
		page, err := d.List(context.Background(), "", o)
		must(t, err)
		if page.Total != len(want) {
			t.Errorf("total %d, want %d", page.Total, len(want))
		}
		for _, e := range page.Entries {
			got = append(got, e.Name())
			checkTarget(t, e)
		}
		if o.Cursor = page.Next; o.Cursor == "" {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	page, err := d.List(context.Background(), ".", boundary.ListOptions{Hidden: true})
	must(t, err)
	if page.Total != len(want)+1 {
		t.Errorf("with hidden names %d, want %d", page.Total, len(want)+1)
	}
	_, err = d.List(context.Background(), "", boundary.ListOptions{Cursor: "!!"})
	wantCode(t, err, boundary.CodePath)
}

func checkTarget(t *testing.T, e boundary.ListEntry) {
	t.Helper()
	want := map[string]struct {
		target string
		kind   boundary.Kind
	}{"lk": {"zdir", boundary.Directory}, "lx": {"", boundary.Outside}, "ly": {"", boundary.Missing}}[e.Name()]
	if e.Target != want.target || e.TargetKind != want.kind {
		t.Errorf("%s leads to %q (%s), want %q (%s)", e.Name(), e.Target, e.TargetKind, want.target, want.kind)
	}
	if e.BadName != (e.Name() == "bad\xff") {
		t.Errorf("%q: BadName %v", e.Name(), e.BadName)
	}
}

// TestListSeesEachChange changes a folder and lists it at once, many times, so that a
// listing kept too long shows.
func TestListSeesEachChange(t *testing.T) {
	d, path := open(t)
	old := time.Now().Add(-time.Hour)
	for i := range 200 {
		name := filepath.Join(path, "f"+strings.Repeat("x", i))
		write(t, name, "")
		must(t, os.Chtimes(path, old, old)) // even with a folder time that seems settled
		page, err := d.List(context.Background(), "", boundary.ListOptions{})
		must(t, err)
		if page.Total != i+1 {
			t.Fatalf("after %d files the listing has %d", i+1, page.Total)
		}
	}
}

func TestWalk(t *testing.T) {
	d, path := open(t)
	for _, p := range []string{"a/b/c.md", "a/skip/x", "top", ".git/config", ".innoclaw/trash/1/x", "a/.innoclaw-zz.tmp", "bad\xffdir/x"} {
		write(t, filepath.Join(path, p), "x")
	}
	must(t, os.Symlink("..", path+"/a/up"))
	var got, entered, problems []string
	err := d.Walk(context.Background(), "", boundary.WalkOptions{
		Enter:   func(dir string) error { entered = append(entered, dir); return nil },
		Problem: func(p string, err error) { problems = append(problems, p) },
	}, func(e boundary.Entry) error {
		if !slices.Contains(entered, e.Path[:max(0, strings.LastIndex(e.Path, "/"))]) {
			t.Errorf("%s came before its folder was entered", e.Path)
		}
		got = append(got, string(e.Kind)+" "+e.Path)
		if e.Path == "a/skip" {
			return fs.SkipDir
		}
		return nil
	})
	must(t, err)
	slices.Sort(got)
	want := []string{"directory .git", "directory a", "directory a/b", "directory a/skip", "file .git/config", "file a/b/c.md", "file top", "symlink a/up"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("walk (-want +got):\n%s", diff)
	}
	if len(problems) != 1 || !strings.Contains(problems[0], "bad\uFFFD") {
		t.Errorf("problems %q", problems)
	}
	n := 0
	must(t, d.Walk(context.Background(), "", boundary.WalkOptions{}, func(boundary.Entry) error { n++; return fs.SkipAll }))
	if n != 1 {
		t.Errorf("SkipAll: %d calls", n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := d.Walk(ctx, "", boundary.WalkOptions{}, func(boundary.Entry) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled walk: %v", err)
	}
}

func TestCurrent(t *testing.T) {
	d, path := open(t)
	if !d.Current() {
		t.Error("fresh folder is not current")
	}
	must(t, os.Rename(path, path+"2"))
	if d.Current() {
		t.Error("renamed folder is current")
	}
	must(t, os.Mkdir(path, 0o755))
	if d.Current() {
		t.Error("replaced folder is current")
	}
}
