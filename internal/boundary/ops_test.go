package boundary_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/innoclaw/innoclaw/internal/boundary"
)

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// leftovers lists temporary files below a folder.
func leftovers(t testing.TB, root string) (left []string) {
	t.Helper()
	for p := range tree(t, root) {
		if boundary.IsTemp(filepath.Base(p)) {
			left = append(left, p)
		}
	}
	return left
}

func TestWriteAtomic(t *testing.T) {
	d, path := open(t)
	w, err := d.WriteAtomic("f", boundary.Expect{Absent: true}, strings.NewReader("one"))
	must(t, err)
	if w.Path != "f" || w.Hash != sum("one") || w.Size != 3 || w.ModTime.IsZero() {
		t.Errorf("written %+v", w)
	}
	_, err = d.WriteAtomic("f", boundary.Expect{Absent: true}, strings.NewReader("x"))
	wantCode(t, err, boundary.CodeExists)
	_, err = d.WriteAtomic("f", boundary.Expect{Hash: sum("zero")}, strings.NewReader("x"))
	wantCode(t, err, boundary.CodeChanged)
	var e *boundary.Error
	if !errors.As(err, &e) || e.Hash != sum("one") {
		t.Errorf("changed error %+v", e)
	}
	_, err = d.WriteAtomic("f", boundary.Expect{Hash: sum("one")}, strings.NewReader("two"))
	must(t, err)
	_, err = d.WriteAtomic("f", boundary.Expect{}, strings.NewReader("three"))
	must(t, err)
	n, err := d.WriteAtomic("f", boundary.Expect{Number: true}, strings.NewReader("four"))
	must(t, err)
	if n.Path != "f (2)" || content(t, path+"/f") != "three" || content(t, path+"/f (2)") != "four" {
		t.Errorf("numbered as %q", n.Path)
	}
	must(t, os.Mkdir(path+"/dir", 0o755))
	_, err = d.WriteAtomic("dir", boundary.Expect{}, strings.NewReader("x"))
	wantCode(t, err, boundary.CodeIsDirectory)
	_, err = d.WriteAtomic("none/f", boundary.Expect{}, strings.NewReader("x"))
	wantCode(t, err, boundary.CodeNotFound)
	if left := leftovers(t, path); left != nil {
		t.Errorf("left behind %v", left)
	}
}

// failing gives some bytes and then an error.
type failing struct{ n int }

var errReader = errors.New("the sender went away")

func (f *failing) Read(p []byte) (int, error) {
	if f.n == 0 {
		return 0, errReader
	}
	n := min(f.n, len(p))
	f.n -= n
	return n, nil
}

func TestWriteThatFailsLeavesTheOldFile(t *testing.T) {
	d, path := open(t)
	write(t, path+"/f", "old")
	for _, expect := range []boundary.Expect{{}, {Hash: sum("old")}, {Number: true}} {
		_, err := d.WriteAtomic("f", expect, &failing{200_000})
		if !errors.Is(err, errReader) {
			t.Errorf("error %v, want the reader's own", err)
		}
	}
	_, err := d.WriteAtomic("new", boundary.Expect{Absent: true}, &failing{10})
	if !errors.Is(err, errReader) {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(map[string]string{".": "d---------", "f": "old"}, tree(t, path)); diff != "" {
		t.Errorf("after failed writes (-want +got):\n%s", diff)
	}
}

// interferer changes the file on disk in the middle of a write.
type interferer struct {
	change func()
	done   bool
}

func (i *interferer) Read(p []byte) (int, error) {
	if i.done {
		return 0, io.EOF
	}
	i.done = true
	i.change()
	return copy(p, "mine"), nil
}

func TestChangeDuringWriteIsSeen(t *testing.T) {
	d, path := open(t)
	f := path + "/f"
	for name, c := range map[string]struct {
		expect boundary.Expect
		change func()
		want   boundary.Code
		left   string
	}{
		"content":  {boundary.Expect{Hash: sum("old")}, func() { write(t, f, "theirs") }, boundary.CodeChanged, "theirs"},
		"same":     {boundary.Expect{Hash: sum("old")}, func() { write(t, f, "old") }, "", "mine"},
		"removed":  {boundary.Expect{Hash: sum("old")}, func() { must(t, os.Remove(f)) }, boundary.CodeChanged, ""},
		"replaced": {boundary.Expect{Hash: sum("old")}, func() { write(t, f+"2", "theirs"); must(t, os.Rename(f+"2", f)) }, boundary.CodeChanged, "theirs"},
		"to dir":   {boundary.Expect{}, func() { must(t, os.Remove(f)); must(t, os.Mkdir(f, 0o755)) }, boundary.CodeIsDirectory, ""},
		"to link":  {boundary.Expect{}, func() { must(t, os.Remove(f)); must(t, os.Symlink("/etc/passwd", f)) }, boundary.CodeSpecial, ""},
	} {
		must(t, os.RemoveAll(f))
		write(t, f, "old")
		_, err := d.WriteAtomic("f", c.expect, &interferer{change: c.change})
		if got := boundary.CodeOf(err); got != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if c.left != "" && content(t, f) != c.left {
			t.Errorf("%s: left %q, want %q", name, content(t, f), c.left)
		}
	}
	must(t, os.RemoveAll(f))
	_, err := d.WriteAtomic("f", boundary.Expect{Absent: true}, &interferer{change: func() { write(t, f, "theirs") }})
	wantCode(t, err, boundary.CodeExists)
	if content(t, f) != "theirs" || leftovers(t, path) != nil {
		t.Error("a file made meanwhile was replaced, or something was left behind")
	}
}

// TestReadersSeeWholeVersions reads a file while it is being replaced.
func TestReadersSeeWholeVersions(t *testing.T) {
	d, _ := open(t)
	version := func(n int) string { return strings.Repeat(fmt.Sprintf("%08d", n), 5000) }
	_, err := d.WriteAtomic("f", boundary.Expect{}, strings.NewReader(version(0)))
	must(t, err)
	var (
		wg   sync.WaitGroup
		stop atomic.Bool
	)
	for range 2 {
		wg.Go(func() {
			for !stop.Load() {
				f, _, err := d.Open("f")
				if err != nil {
					t.Errorf("the file was missing for a moment: %v", err)
					return
				}
				b, _ := io.ReadAll(f)
				f.Close()
				if len(b) != 40_000 || string(b[:8]) != string(b[len(b)-8:]) {
					t.Error("a reader saw a mixture of versions")
					return
				}
			}
		})
	}
	for n := range 100 {
		_, err := d.WriteAtomic("f", boundary.Expect{}, strings.NewReader(version(n)))
		must(t, err)
	}
	stop.Store(true)
	wg.Wait()
}

func TestRenameNeverReplaces(t *testing.T) {
	rename := map[string]func(d *boundary.Dir, a, b string) error{
		"kernel":   func(d *boundary.Dir, a, b string) error { return d.Rename(context.Background(), a, b) },
		"fallback": func(d *boundary.Dir, a, b string) error { return d.RenameFallback(a, b) },
	}
	for name, rename := range rename {
		t.Run(name, func(t *testing.T) {
			d, path := open(t)
			for _, p := range []string{"a", "b", "dir/x", "full/y"} {
				write(t, filepath.Join(path, p), p)
			}
			must(t, os.Mkdir(path+"/empty", 0o755))
			must(t, os.Symlink("gone", path+"/link"))
			before := tree(t, path)
			for _, from := range []string{"a", "dir", "link"} {
				for _, to := range []string{"b", "full", "empty", "link", "full/y", "a", "dir"} {
					if err := rename(d, from, to); boundary.CodeOf(err) != boundary.CodeExists {
						t.Errorf("%s to %s: %v", from, to, err)
					}
				}
			}
			if diff := cmp.Diff(before, tree(t, path)); diff != "" {
				t.Errorf("refused renames changed something (-before +after):\n%s", diff)
			}
			must(t, rename(d, "a", "dir/a2"))
			must(t, rename(d, "dir", "full/dir"))
			must(t, rename(d, "link", "A"))
			if content(t, path+"/full/dir/a2") != "a" {
				t.Error("renamed file has other content")
			}
			if err := rename(d, "full", "full/dir/in"); err == nil {
				t.Error("a folder was moved into itself")
			}
		})
	}
}

func TestCopyTree(t *testing.T) {
	d, path := open(t)
	write(t, path+"/src/a", "a")
	write(t, path+"/src/sub/b", "b")
	write(t, path+"/src/.innoclaw/trash/x", "private")
	must(t, os.Chmod(path+"/src/a", 0o751))
	must(t, os.Symlink("/etc", path+"/src/out"))
	mkfifo(t, path+"/src/fifo")
	must(t, os.Symlink("src", path+"/alias"))
	ctx := context.Background()
	res, err := d.Copy(ctx, "src", "dst", boundary.CopyLimits{})
	must(t, err)
	if diff := cmp.Diff(boundary.CopyResult{Entries: 5, Bytes: 2, Skipped: []string{"fifo"}}, res); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{".": "d---------", "a": "a", "sub": "d---------", "sub/b": "b", "out": "-> /etc"}, tree(t, path+"/dst")); diff != "" {
		t.Errorf("copy (-want +got):\n%s", diff)
	}
	if fi, _ := os.Stat(path + "/dst/a"); fi.Mode().Perm() != 0o751 {
		t.Errorf("mode %v", fi.Mode())
	}
	for _, dest := range []string{"src/in", "src/sub/in", "alias/in", "alias/sub/in"} {
		_, err := d.Copy(ctx, "src", dest, boundary.CopyLimits{})
		wantCode(t, err, boundary.CodeIntoItself)
	}
	_, err = d.Copy(ctx, "src", "dst", boundary.CopyLimits{})
	wantCode(t, err, boundary.CodeExists)
	_, err = d.Copy(ctx, "src", "few", boundary.CopyLimits{Entries: 3})
	wantCode(t, err, boundary.CodeTooLarge)
	_, err = d.Copy(ctx, "src", "small", boundary.CopyLimits{Bytes: 1})
	wantCode(t, err, boundary.CodeTooLarge)
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := d.Copy(cancelled, "src", "never", boundary.CopyLimits{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled copy: %v", err)
	}
	for _, p := range []string{"few", "small", "never"} {
		if _, err := os.Lstat(filepath.Join(path, p)); err == nil {
			t.Errorf("a copy that failed left %s", p)
		}
	}
	if left := leftovers(t, path); left != nil {
		t.Errorf("left behind %v", left)
	}
}

func TestTrashAndRestore(t *testing.T) {
	d, path := open(t)
	ctx := context.Background()
	write(t, path+"/a/b", "b")
	_, err := d.Trash(ctx, "a", "1")
	must(t, err)
	if content(t, path+"/.innoclaw/trash/1/a/b") != "b" || content(t, path+"/.innoclaw/.gitignore") != "*\n" {
		t.Error("not in the trash")
	}
	write(t, path+"/a", "other")
	wantCode(t, d.Restore(ctx, "1", "a"), boundary.CodeExists)
	must(t, d.Restore(ctx, "1", "c"))
	wantCode(t, d.Restore(ctx, "1", "d"), boundary.CodeNotFound)
	_, err = d.Trash(ctx, "c", "2")
	must(t, err)
	must(t, d.Purge("2"))
	must(t, d.Purge("2"))
	for _, id := range []string{"", ".", "..", "../..", "x/y"} {
		if err := d.Purge(id); err == nil {
			t.Errorf("purged %q", id)
		}
		if _, err := d.Trash(ctx, "a", id); err == nil {
			t.Errorf("trashed under %q", id)
		}
	}
	ids, err := d.TrashIDs()
	must(t, err)
	if len(ids) != 0 || content(t, path+"/a") != "other" {
		t.Errorf("left in trash %v", ids)
	}
}

func TestServiceFolderThatIsALink(t *testing.T) {
	d, path := open(t)
	outside := filepath.Dir(path) + "/outside"
	must(t, os.Mkdir(outside, 0o755))
	write(t, path+"/f", "f")
	write(t, outside+"/trash/1/x", "theirs")
	for _, to := range []string{"../outside", outside, "sub"} {
		must(t, os.MkdirAll(path+"/sub", 0o755))
		must(t, os.Symlink(to, path+"/.innoclaw"))
		if _, err := d.Trash(context.Background(), "f", "2"); err == nil {
			t.Errorf("trash went through a link to %s", to)
		}
		if err := d.Purge("1"); err == nil {
			t.Errorf("purge went through a link to %s", to)
		}
		must(t, os.Remove(path+"/.innoclaw"))
	}
	if content(t, outside+"/trash/1/x") != "theirs" || content(t, path+"/f") != "f" {
		t.Error("something outside or not deleted is gone")
	}
}

func TestSweepTemp(t *testing.T) {
	d, path := open(t)
	write(t, path+"/sub/.innoclaw-old.tmp", "x")
	write(t, path+"/.innoclaw-new.tmp", "x")
	write(t, path+"/.innoclaw-dir.tmp/x", "x")
	write(t, path+"/.innoclaw-mine.txt", "x")
	old := time.Now().Add(-48 * time.Hour)
	for _, p := range []string{"/sub/.innoclaw-old.tmp", "/.innoclaw-dir.tmp", "/.innoclaw-mine.txt"} {
		must(t, os.Chtimes(path+p, old, old))
	}
	must(t, d.SweepTemp(24*time.Hour, time.Now()))
	want := map[string]string{".": "d---------", "sub": "d---------", ".innoclaw-new.tmp": "x", ".innoclaw-mine.txt": "x"}
	if diff := cmp.Diff(want, tree(t, path)); diff != "" {
		t.Errorf("after sweep (-want +got):\n%s", diff)
	}
}

func TestNumbered(t *testing.T) {
	for in, want := range map[string]string{"a.txt": "a (2).txt", "d/a.tar.gz": "d/a.tar (2).gz", ".env": ".env (2)", "x": "x (2)", "d.e/x": "d.e/x (2)"} {
		if got := boundary.Numbered(in, 2); got != want {
			t.Errorf("Numbered(%q) = %q, want %q", in, got, want)
		}
	}
	long := boundary.Numbered(strings.Repeat("中", 85)+".txt", 12)
	if _, err := boundary.CleanName(long); err != nil || !strings.HasSuffix(long, " (12).txt") {
		t.Errorf("long name became %q: %v", long, err)
	}
}

func TestNamesInOrder(t *testing.T) {
	names := []string{"", "1", "01", "2", "10", "a", "A1", "a2", "A10", "b", "Z", "_", "é"}
	for i := range names {
		for j := range names {
			got, back := boundary.CompareNames(names[i], names[j]), boundary.CompareNames(names[j], names[i])
			if got != -back || (got == 0) != (i == j) {
				t.Errorf("compare %q %q: %d, back %d", names[i], names[j], got, back)
			}
		}
	}
}
