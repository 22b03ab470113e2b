package index_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innoclaw/innoclaw/internal/index"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
	"github.com/innoclaw/innoclaw/internal/workspace"
)

// TestLiveChanges follows a file through its life in the hands of other programs.
func TestLiveChanges(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, index.Options{})
		b.write("a.md", "aardvark")
		b.start()
		if st := b.status(); !st.Watching {
			t.Errorf("not watching: %+v", st)
		}
		shows := func(what, query string, want ...string) {
			t.Helper()
			b.eventually(what, func() bool {
				got := b.find(query)
				slices.Sort(got)
				return slices.Equal(got, want)
			})
		}
		shows("the file that was there", "aardvark", "a.md")
		b.write("b.md", "bandicoot")
		shows("a new file", "bandicoot", "b.md")
		b.write("b.md", "capybara")
		shows("saved in place", "capybara", "b.md")
		shows("old words gone", "bandicoot")
		b.write(".b.md.tmp", "dugong")
		b.must(os.Rename(b.path(".b.md.tmp"), b.path("b.md")))
		shows("saved by temporary file and rename", "dugong", "b.md")
		b.write("deep/er/c.md", "echidna")
		shows("a file in new folders", "echidna", "deep/er/c.md")
		b.must(os.Rename(b.path("deep"), b.path("flat")))
		shows("a renamed folder", "echidna", "flat/er/c.md")
		b.write("flat/er/d.md", "fossa")
		shows("a file in the renamed folder", "fossa", "flat/er/d.md")
		b.must(os.Rename(b.path("flat/er/d.md"), b.path("d.md")))
		shows("a moved file", "fossa", "d.md")
		b.write(".gitignore", "d.md\n")
		shows("left out by a new rule", "fossa")
		b.must(os.Remove(b.path(".gitignore")))
		shows("taken in when the rule is gone", "fossa", "d.md")
		b.must(os.RemoveAll(b.path("flat")))
		shows("a removed folder", "echidna")
		b.must(os.Remove(b.path("b.md")))
		shows("a removed file", "dugong")
		b.eventually("as a fresh index", func() bool { return b.asFresh() == "" })
		consistent(t, db)
	})
}

// TestHalfWrittenFile writes a file in pieces, closer together than the rest
// that is waited for: no piece but the last may ever show.
func TestHalfWrittenFile(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t), index.Options{Quiet: 400 * time.Millisecond})
	b.start()
	f, err := os.Create(b.path("slow.md"))
	b.must(err)
	defer f.Close()
	listener := b.index.Listen(b.id)
	defer listener.Close()
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for i := range 30 {
		_, err := fmt.Fprintf(f, "line %d\n", i)
		b.must(err)
		select {
		case <-tick.C:
		case <-t.Context().Done():
		}
		if text, ok := b.text("slow.md"); ok && i < 29 {
			t.Fatalf("after %d of 30 lines the index has %q", i+1, text)
		}
	}
	b.eventually("the whole file is indexed", func() bool {
		text, ok := b.text("slow.md")
		if ok && !strings.HasSuffix(text, "line 29\n") {
			t.Fatalf("the index has %q", text)
		}
		return ok
	})
}

// TestManyChangesAtOnce checks the time until changes show while many files
// come and go, as after a checkout of another branch.
func TestManyChangesAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t), index.Options{})
	for i := range 200 {
		b.write(fmt.Sprintf("d%d/f%d.md", i%10, i), fmt.Sprintf("# File %d\n\nversion one of %d\n", i, i))
	}
	b.start()
	for i := range 10 {
		b.must(os.Rename(b.path(fmt.Sprintf("d%d", i)), b.path(fmt.Sprintf("e%d", i))))
	}
	for i := range 200 {
		if i%3 == 0 {
			b.must(os.Remove(b.path(fmt.Sprintf("e%d/f%d.md", i%10, i))))
		} else if i%3 == 1 {
			b.write(fmt.Sprintf("e%d/f%d.md", i%10, i), "version two")
		}
	}
	for i := range 10 {
		b.must(os.Rename(b.path(fmt.Sprintf("e%d", i)), b.path(fmt.Sprintf("d%d", 9-i))))
	}
	want := b.fresh()
	b.eventually("as a fresh index", func() bool { return cmp.Equal(dump(t, want.db, want.id), dump(t, b.db, b.id)) })
	consistent(t, b.db)
}

// TestAPIWrites are taken in without the wait for rest.
func TestAPIWrites(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t), index.Options{Quiet: time.Hour})
	b.start()
	b.write("told.md", "told of")
	b.eventually("the file is noticed", func() bool {
		b.index.Notify(workspace.Change{WorkspaceID: b.id, Kind: workspace.Files, Paths: []string{"told.md"}})
		_, ok := b.text("told.md")
		return ok
	})
}

func TestWatchLimit(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t), index.Options{MaxWatches: 2, SweepBlind: 300 * time.Millisecond})
	for i := range 5 {
		b.write(fmt.Sprintf("d%d/a.md", i), "alpha")
	}
	b.start()
	if st := b.status(); st.Watching || !strings.Contains(st.WatchNote, "more than 2 folders") {
		t.Errorf("status: got watching %v, note %q", st.Watching, st.WatchNote)
	}
	for i := range 5 {
		b.write(fmt.Sprintf("d%d/b.md", i), "beta")
	}
	b.eventually("changes are found by looking", func() bool { return b.status().Counts.Indexed == 10 })
}

func TestVanishedFolderWhileLive(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t), index.Options{SweepBlind: 200 * time.Millisecond})
	b.write("a.md", "axolotl")
	b.start()
	b.eventually("the file is indexed", func() bool { return len(b.find("axolotl")) == 1 })
	b.must(os.Rename(b.root, b.root+"-away"))
	b.index.Notify(workspace.Change{WorkspaceID: b.id, Kind: workspace.Files})
	b.eventually("the folder is known to be missing", func() bool { return b.status().Missing != "" })
	if got := b.find("axolotl"); len(got) != 1 {
		t.Errorf("the index was lost: %v", got)
	}
	b.must(os.Rename(b.root+"-away", b.root))
	b.write("b.md", "bonobo")
	b.eventually("back again", func() bool { return b.status().Missing == "" && len(b.find("bonobo")) == 1 })
}
