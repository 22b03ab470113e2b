package boundary_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/innoclaw/innoclaw/internal/boundary"
)

// mount puts a file system of a few bytes at path. Only the superuser may; the test is
// skipped when the system refuses.
func mount(t testing.TB, path, size string) {
	t.Helper()
	must(t, os.MkdirAll(path, 0o755))
	if err := unix.Mount("tmpfs", path, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("mount refused: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
}

func TestDiskFull(t *testing.T) {
	base := t.TempDir()
	root := filepath.Join(base, "root")
	mount(t, root, "256k")
	must(t, os.Mkdir(root+"/ws", 0o755))
	d := openDir(t, openRoots(t, base, root), root+"/ws")
	_, err := d.WriteAtomic("f", boundary.Expect{}, strings.NewReader("old"))
	must(t, err)
	big := func() io.Reader { return io.LimitReader(zeros{}, 1<<20) }
	for _, expect := range []boundary.Expect{{}, {Hash: sum("old")}} {
		_, err := d.WriteAtomic("f", expect, big())
		wantCode(t, err, boundary.CodeFull)
	}
	_, err = d.WriteAtomic("new", boundary.Expect{Absent: true}, big())
	wantCode(t, err, boundary.CodeFull)
	_, err = d.WriteAtomic("big", boundary.Expect{}, io.LimitReader(zeros{}, 150<<10))
	must(t, err)
	_, err = d.Copy(context.Background(), "big", "copy", boundary.CopyLimits{})
	wantCode(t, err, boundary.CodeFull)
	if content(t, root+"/ws/f") != "old" || leftovers(t, root) != nil {
		t.Error("the old file changed, or something was left behind")
	}
	if _, err := os.Lstat(root + "/ws/copy"); err == nil {
		t.Error("a part of a copy was left")
	}
	_, err = d.WriteAtomic("f", boundary.Expect{Hash: sum("old")}, strings.NewReader("small"))
	must(t, err)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestReadOnlyFileSystem(t *testing.T) {
	base := t.TempDir()
	root := filepath.Join(base, "root")
	mount(t, root, "256k")
	write(t, root+"/ws/f", "x")
	must(t, unix.Mount("", root, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	roots := openRoots(t, base, root)
	if roots.List()[0].Writable {
		t.Error("a read-only root is said to be writable")
	}
	d := openDir(t, roots, root+"/ws")
	_, err := d.WriteAtomic("f", boundary.Expect{}, strings.NewReader("y"))
	wantCode(t, err, boundary.CodeReadOnly)
	wantCode(t, d.Mkdir("d"), boundary.CodeReadOnly)
	_, err = d.Trash(context.Background(), "f", "1")
	wantCode(t, err, boundary.CodeReadOnly)
	wantCode(t, d.Rename(context.Background(), "f", "g"), boundary.CodeReadOnly)
}

// TestAcrossFileSystems moves into and out of a file system mounted in the workspace.
func TestAcrossFileSystems(t *testing.T) {
	d, path := open(t)
	mount(t, path+"/disk", "1m")
	write(t, path+"/dir/f", "f")
	write(t, path+"/dir/.innoclaw/trash/x", "kept with the folder")
	must(t, os.Symlink("f", path+"/dir/link"))
	ctx := context.Background()
	before := tree(t, path+"/dir")
	must(t, d.Rename(ctx, "dir", "disk/dir"))
	after := tree(t, path+"/disk/dir")
	if len(before) != len(after) || after["f"] != "f" || after["link"] != "-> f" || after[".innoclaw/trash/x"] == "" {
		t.Errorf("moved %v, got %v", before, after)
	}
	if _, err := os.Lstat(path + "/dir"); err == nil {
		t.Error("the original is still there")
	}
	write(t, path+"/taken", "theirs")
	wantCode(t, d.Rename(ctx, "disk/dir/f", "taken"), boundary.CodeExists)
	_, err := d.Trash(ctx, "disk/dir", "1")
	must(t, err)
	must(t, d.Restore(ctx, "1", "disk/again"))
	if content(t, path+"/disk/again/f") != "f" || content(t, path+"/taken") != "theirs" || leftovers(t, path) != nil {
		t.Error("trash across file systems lost something or left something behind")
	}
	mkfifo(t, path+"/disk/again/fifo")
	wantCode(t, d.Rename(ctx, "disk/again", "back"), boundary.CodeSpecial)
	if content(t, path+"/disk/again/f") != "f" {
		t.Error("a refused move lost the original")
	}
	big, err := os.Create(path + "/big")
	must(t, err)
	_, err = io.CopyN(big, zeros{}, 2<<20)
	must(t, err)
	must(t, big.Close())
	wantCode(t, d.Rename(ctx, "big", "disk/big"), boundary.CodeFull)
	if fi, err := os.Stat(path + "/big"); err != nil || fi.Size() != 2<<20 {
		t.Errorf("a move that failed lost the original: %v", err)
	}
}
