package index_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/innoclaw/innoclaw/internal/index"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

// disorder changes a folder at random, as other programs would.
type disorder struct {
	b   *bench
	rng *rand.Rand
	n   int
}

var places = []string{"", "a", "b", "a/x", "a/y", "b/z", "a/x/deep"}

func (d *disorder) file() string {
	names := []string{"one.md", "two.md", "three.txt", "four.csv", ".env", "five.log", ".gitignore", "six.png", "tmp~"}
	return filepath.Join(d.b.root, places[d.rng.IntN(len(places))], names[d.rng.IntN(len(names))])
}

func (d *disorder) folder() string {
	return filepath.Join(d.b.root, places[1+d.rng.IntN(len(places)-1)])
}

// content is new each time, except now and then, for moves by content.
func (d *disorder) content(path string) []byte {
	if filepath.Base(path) == ".gitignore" {
		return []byte([]string{"*.log\n", "three.txt\n", "/x/\n!four.csv\n", ""}[d.rng.IntN(4)])
	}
	if d.rng.IntN(4) == 0 {
		return []byte("# Common\n\nthe same everywhere\n")
	}
	d.n++
	return fmt.Appendf(nil, "# Title %d\n\nword%d and more words, %d of them\n\n## Part\n\nmore\n", d.n, d.n, d.rng.IntN(1000))
}

// step does one thing. Its errors are ignored: the tree is what it is then.
func (d *disorder) step() {
	path := d.file()
	switch d.rng.IntN(12) {
	case 0, 1, 2, 3:
		_ = os.MkdirAll(filepath.Dir(path), 0o755)
		_ = os.WriteFile(path, d.content(path), 0o644)
	case 4: // an editor's save
		_ = os.WriteFile(path+".new", d.content(path), 0o644)
		_ = os.Rename(path+".new", path)
	case 5:
		_ = os.Remove(path)
	case 6, 7:
		_ = os.Rename(path, d.file())
	case 8:
		_ = os.Rename(d.folder(), d.folder())
	case 9:
		_ = os.RemoveAll(d.folder())
	case 10: // a file in place of a folder, or the other way round
		folder := d.folder()
		_ = os.RemoveAll(folder)
		_ = os.WriteFile(folder, []byte("no folder any more"), 0o644)
	case 11:
		if f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0); err == nil {
			_, _ = f.WriteString("\nappended\n")
			_ = f.Close()
		}
	}
}

// TestAnyOrder: after any sequence of file operations and a moment of quiet the
// index equals a fresh index of the same tree.
func TestAnyOrder(t *testing.T) {
	t.Parallel()
	rounds := 4
	if testing.Short() {
		rounds = 1
	}
	for _, way := range []string{"live", "sync"} {
		for round := range rounds {
			t.Run(fmt.Sprintf("%s/%d", way, round), func(t *testing.T) {
				t.Parallel()
				storetest.Each(t, func(t *testing.T, db *store.DB) { anyOrder(t, db, way == "live", uint64(round)) })
			})
		}
	}
}

func anyOrder(t *testing.T, db *store.DB, live bool, seed uint64) {
	b := newBench(t, db, index.Options{})
	d := &disorder{b: b, rng: rand.New(rand.NewPCG(seed, 99))}
	if live {
		b.start()
	}
	for range 5 {
		for range 25 + d.rng.IntN(60) {
			d.step()
		}
		if !live {
			b.sync()
			if diff := b.asFresh(); diff != "" {
				t.Fatalf("not as a fresh index:\n%s", diff)
			}
			continue
		}
		f := b.fresh()
		want := dump(t, f.db, f.id)
		b.eventually("as a fresh index", func() bool { return cmp.Equal(want, dump(t, db, b.id)) })
	}
	consistent(t, db)
}
