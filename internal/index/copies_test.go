package index_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/innoclaw/innoclaw/internal/index"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

// TestCopies: the copy of the word index on disk may be fresh, old, damaged, of
// another database or gone; searches find the same.
func TestCopies(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, index.Options{})
		for i, animal := range strings.Fields("aardvark bandicoot capybara dugong echidna fossa gibbon hyrax ibex jackal") {
			b.write(fmt.Sprintf("f%02d.md", i), "common words and "+animal)
		}
		b.sync()
		all := b.find("common words")
		copyPath := filepath.Join(b.cache, b.id+".lex")
		stop := func() {
			t.Helper()
			b.must(b.index.Stop(t.Context()))
			fi, err := os.Stat(copyPath)
			b.must(err)
			if fi.Mode().Perm() != 0o600 {
				t.Errorf("mode of the copy: %v", fi.Mode())
			}
		}
		same := func(what string) {
			t.Helper()
			b.restart(index.Options{})
			if diff := cmp.Diff(all, b.find("common words")); diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
		}
		stop()
		old, err := os.ReadFile(copyPath)
		b.must(err)
		same("fresh copy")

		b.must(os.Remove(b.path("f03.md")))
		b.must(os.Rename(b.path("f04.md"), b.path("renamed.md")))
		b.write("f05.md", "now about something else")
		b.sync()
		if got := b.find("dugong echidna fossa"); !cmp.Equal(got, []string{"renamed.md"}) {
			t.Errorf("after changes: got %v", got)
		}
		all = b.find("common words")
		same("copy older than the rows")

		b.must(os.WriteFile(copyPath, old[:len(old)/2], 0o600))
		same("half a copy")
		b.must(os.WriteFile(copyPath, []byte(strings.Repeat("junk", 100)), 0o600))
		same("junk")

		// A removal that was forgotten since the copy was made.
		b.must(os.WriteFile(copyPath, old, 0o600))
		b.must(db.Update(t.Context(), func(ctx context.Context, tx txn) error {
			_, err := tx.ExecContext(ctx, `DELETE FROM index_removal`)
			return err
		}))
		same("a copy with a file that the rows do not have")
		b.must(os.Remove(copyPath))
		same("no copy")
	})
}
