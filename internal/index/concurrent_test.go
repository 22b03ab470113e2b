package index_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/innoclaw/innoclaw/internal/index"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

// TestPassagesAreOfTheirVersion searches while files change all the time: each
// passage must stand, at its offsets, in the file version that its hash names.
func TestPassagesAreOfTheirVersion(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, index.Options{})
		var versions sync.Map // hash to text
		save := func(i, n int) {
			var text strings.Builder
			for p := range 12 {
				fmt.Fprintf(&text, "## Part %d\n\nneedle in version %d of file %d. Größe und 大小 of the haystack; %s\n\n", p, n, i, strings.Repeat("straw ", 30+n%7))
			}
			sum := sha256.Sum256([]byte(text.String()))
			versions.Store(hex.EncodeToString(sum[:]), text.String())
			b.must(os.WriteFile(b.path(fmt.Sprintf("f%d.md", i)), []byte(text.String()), 0o644))
		}
		for i := range 6 {
			save(i, 0)
		}
		b.sync()
		var stop atomic.Bool
		var writers sync.WaitGroup
		writers.Go(func() {
			for n := 1; n <= 40; n++ {
				save(n%6, n)
				b.must(b.index.SyncNow(context.Background(), b.id, nil))
			}
			stop.Store(true)
		})
		searches, found := 0, 0
		for !stop.Load() {
			r, err := b.index.Search(t.Context(), index.Query{WorkspaceID: b.id, Text: "needle Größe 大小", K: 20})
			b.must(err)
			searches++
			for _, p := range r.Passages {
				found++
				text, ok := versions.Load(p.ContentHash)
				if !ok {
					t.Fatalf("passage of unknown version %s", p.ContentHash)
				}
				checkPassage(t, text.(string), p)
			}
		}
		writers.Wait()
		if searches < 5 || found == 0 {
			t.Errorf("only %d searches with %d passages ran beside the changes", searches, found)
		}
	})
}

// checkPassage compares a passage with the text of its file.
func checkPassage(t testing.TB, text string, p index.Passage) {
	t.Helper()
	if p.EndByte() > len(text) || text[p.StartByte:p.EndByte()] != p.Text {
		t.Fatalf("passage %s#%d is not in its version at byte %d", p.Path, p.Ordinal, p.StartByte)
	}
	if got := string([]rune(text)[p.Start:p.End]); got != p.Text {
		t.Fatalf("passage %s#%d is not at characters %d to %d", p.Path, p.Ordinal, p.Start, p.End)
	}
	if want := 1 + strings.Count(text[:p.StartByte], "\n"); p.Line != want {
		t.Fatalf("passage %s#%d: line %d, want %d", p.Path, p.Ordinal, p.Line, want)
	}
}

// TestTwoProcesses lets two services work on one database and one folder.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, index.Options{})
		other := *b
		other.restart(index.Options{CacheDir: t.TempDir()})
		for i := range 60 {
			b.write(fmt.Sprintf("f%d.md", i), fmt.Sprintf("first of %d", i))
		}
		both := func() {
			t.Helper()
			var wg sync.WaitGroup
			var errs [2]error
			wg.Go(func() { errs[0] = b.index.SyncNow(t.Context(), b.id, nil) })
			wg.Go(func() { errs[1] = other.index.SyncNow(t.Context(), b.id, nil) })
			wg.Wait()
			b.must(errs[0])
			b.must(errs[1])
		}
		both()
		if got := b.status().Counts.Indexed; got != 60 {
			t.Errorf("indexed: got %d, want 60", got)
		}
		for i := range 60 {
			switch i % 3 {
			case 0:
				b.write(fmt.Sprintf("f%d.md", i), fmt.Sprintf("second of %d", i))
			case 1:
				b.must(os.Remove(b.path(fmt.Sprintf("f%d.md", i))))
			case 2:
				b.must(os.Rename(b.path(fmt.Sprintf("f%d.md", i)), b.path(fmt.Sprintf("g%d.md", i))))
			}
		}
		both()
		if diff := b.asFresh(); diff != "" {
			t.Errorf("not as a fresh index:\n%s", diff)
		}
		if a, o := b.find("second"), other.find("second"); len(a) == 0 || fmt.Sprint(a) != fmt.Sprint(o) {
			t.Errorf("the two do not find the same: %v, %v", a, o)
		}
		consistent(t, db)
	})
}

// TestNeighbours and the stored text agree.
func TestNeighbours(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t), index.Options{})
	var text strings.Builder
	for i := range 30 {
		fmt.Fprintf(&text, "## Section %d\n\nÜber den Abschnitt %d: %s unique%d.\n\n", i, i, strings.Repeat("filler words ", 60), i)
	}
	b.write("long.md", text.String())
	b.sync()
	if got, _ := b.text("long.md"); got != text.String() {
		t.Fatalf("stored text differs from the file")
	}
	r, err := b.index.Search(t.Context(), index.Query{WorkspaceID: b.id, Text: "unique17", K: 1})
	b.must(err)
	if len(r.Passages) != 1 || !strings.Contains(r.Passages[0].Text, "unique17") {
		t.Fatalf("search: got %+v", r.Passages)
	}
	p := r.Passages[0]
	checkPassage(t, text.String(), p)
	for _, around := range [][2]int{{0, 0}, {1, 0}, {0, 1}, {2, 2}, {100, 100}} {
		wide, err := b.index.Neighbours(t.Context(), p, around[0], around[1])
		b.must(err)
		checkPassage(t, text.String(), wide)
		if wide.StartByte > p.StartByte || wide.EndByte() < p.EndByte() {
			t.Errorf("%v around: %d-%d does not hold %d-%d", around, wide.StartByte, wide.EndByte(), p.StartByte, p.EndByte())
		}
		if around[0] == 100 && wide.Text != text.String() {
			t.Errorf("all around is not the whole text")
		}
	}
	scoped, err := b.index.Search(t.Context(), index.Query{WorkspaceID: b.id, Text: "unique17", Paths: []string{"elsewhere"}})
	b.must(err)
	if len(scoped.Passages) != 0 || scoped.Files != 0 {
		t.Errorf("search out of scope: got %+v", scoped)
	}
	hashes, err := b.index.Hashes(t.Context(), b.id, []string{"long.md", "none.md"})
	b.must(err)
	if len(hashes) != 1 || hashes["long.md"] != p.ContentHash {
		t.Errorf("hashes: got %v", hashes)
	}
}
