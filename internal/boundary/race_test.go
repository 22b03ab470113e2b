package boundary_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/google/go-cmp/cmp"
	"github.com/innoclaw/innoclaw/internal/boundary"
)

// swapper exchanges, as fast as it can, a folder with links that lead outside, a FIFO
// and nothing at all, until stop is set.
func swapper(path, outside string, stop *atomic.Bool) {
	spare := path + ".spare"
	for n := 0; !stop.Load(); n++ {
		if os.Rename(path, spare) != nil {
			// The code under test moved the folder itself.
			_ = os.MkdirAll(path, 0o755)
			_ = os.WriteFile(path+"/file", []byte("inside"), 0o644)
			continue
		}
		switch n % 3 {
		case 0:
			_ = os.Symlink(outside, path)
		case 1:
			_ = os.Symlink("../../"+filepath.Base(outside), path)
		case 2:
			_ = unix.Mkfifo(path, 0o644)
		}
		for os.RemoveAll(path); os.Rename(spare, path) != nil; { // something was made there meanwhile
			_ = os.RemoveAll(path)
		}
	}
}

// TestSwappedFolderNeverEscapes runs every operation below a folder that is being
// exchanged all the time. Whatever they answer, nothing outside may be read, listed,
// made, changed or removed, and none may hang.
func TestSwappedFolderNeverEscapes(t *testing.T) {
	d, path := open(t)
	outside := filepath.Join(filepath.Dir(filepath.Dir(path)), "outside")
	write(t, outside+"/file", "outside")
	write(t, outside+"/only-outside", "outside")
	write(t, path+"/d/file", "inside")
	write(t, path+"/own", "inside")
	before := tree(t, outside)
	var (
		stop atomic.Bool
		wg   sync.WaitGroup
	)
	wg.Go(func() { swapper(path+"/d", outside, &stop) })
	ctx := context.Background()
	leaked := func(what, got string) {
		if strings.Contains(got, "outside") {
			t.Errorf("%s gave %q", what, got)
		}
	}
	ops := []func(){
		func() {
			if f, _, err := d.Open("d/file"); err == nil {
				b, _ := io.ReadAll(f)
				f.Close()
				leaked("open", string(b))
			}
		},
		func() {
			page, _ := d.List(ctx, "d", boundary.ListOptions{Hidden: true})
			for _, e := range page.Entries {
				leaked("list", e.Path)
			}
		},
		func() {
			_ = d.Walk(ctx, "", boundary.WalkOptions{}, func(e boundary.Entry) error { leaked("walk", e.Path); return nil })
		},
		func() {
			if e, err := d.Stat("d/only-outside"); err == nil {
				t.Errorf("stat gave %+v", e)
			}
		},
		func() { _, _ = d.WriteAtomic("d/file", boundary.Expect{}, strings.NewReader("inside")) },
		func() { _, _ = d.WriteAtomic("d/made", boundary.Expect{Number: true}, strings.NewReader("inside")) },
		func() { _ = d.MkdirAll("d/x/y") },
		func() { _, _ = d.Copy(ctx, "d", "copy", boundary.CopyLimits{}) },
		func() { _, _ = d.Copy(ctx, "own", "d/copied", boundary.CopyLimits{}) },
		func() { _ = d.Rename(ctx, "d/file", "d/moved") },
		func() { _ = d.Rename(ctx, "d/moved", "d/file") },
		func() { _, _ = d.Trash(ctx, "d/made", "t"); _ = d.Purge("t") },
		func() { _, _ = d.Trash(ctx, "copy", "c"); _ = d.Purge("c") },
		func() { _ = d.SweepTemp(0, time.Now().Add(time.Hour)) },
	}
	// The same read without the boundary, to see that the swaps hit.
	var naive atomic.Int32
	wg.Go(func() {
		for !stop.Load() {
			f, err := os.OpenFile(path+"/d/file", os.O_RDONLY|unix.O_NONBLOCK, 0)
			if err != nil {
				continue
			}
			if b, _ := io.ReadAll(f); string(b) == "outside" {
				naive.Add(1)
			}
			f.Close()
		}
	})
	var work sync.WaitGroup
	for _, op := range ops {
		work.Go(func() {
			for range 300 {
				op()
			}
		})
	}
	work.Wait()
	stop.Store(true)
	wg.Wait()
	t.Logf("reads without the boundary escaped %d times", naive.Load())
	if diff := cmp.Diff(before, tree(t, outside)); diff != "" {
		t.Errorf("the folder outside changed (-before +after):\n%s", diff)
	}
}
