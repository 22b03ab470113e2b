package index_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/document/doctest"
	"github.com/innoclaw/innoclaw/internal/index"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

// slowBench is a bench whose files are given up after limit and take long
// after 200 ms, with one ordinary slot.
func slowBench(t *testing.T, limit time.Duration) *bench {
	t.Helper()
	b := newBench(t, storetest.SQLite(t), index.Options{})
	b.extractor = document.New(document.Options{CacheDir: pdfCache, Limits: document.Limits{Time: limit}})
	t.Cleanup(func() { b.must(b.extractor.Close()) })
	b.restart(index.Options{Workers: 1, Slow: 200 * time.Millisecond})
	b.write("good.pdf", string(doctest.Lines(1, 1)))
	b.sync() // loads the PDF code, which nothing can stop
	return b
}

// TestSlowFiles: more files hang than there are slots of either kind. The
// workspace is followed all the same, and so is what happens to those files.
func TestSlowFiles(t *testing.T) {
	t.Parallel()
	b := slowBench(t, time.Hour)
	b.write("before.md", "numbat")
	b.start()
	hanging := string(doctest.Hanging())
	const files = 5
	name := func(i int) string { return fmt.Sprintf("hang%d.pdf", i) }
	for i := range files {
		b.write(name(i), hanging)
	}
	b.eventually("all that hang are pending", func() bool { return b.status().Counts.Pending == files })
	b.write("after.md", "quokka")
	b.eventually("a file saved meanwhile is found", func() bool { return len(b.find("quokka")) == 1 })
	if err := b.index.SyncNow(t.Context(), b.id, nil); err != nil { // what is being read is not begun twice, else this hangs
		t.Errorf("sync: %v", err)
	}
	b.must(os.Remove(b.path(name(0))))
	b.must(os.Rename(b.path(name(1)), b.path("moved.pdf")))
	for i := 2; i < files; i++ {
		b.write(name(i), string(doctest.Lines(1, 3)))
	}
	b.eventually("changed, moved and removed ones are taken in", func() bool {
		got := b.states()
		ok := got[name(0)] == "" && got[name(1)] == "" && got["moved.pdf"] == "pending"
		for i := 2; i < files; i++ {
			ok = ok && got[name(i)] == "indexed"
		}
		return ok
	})
	if st := b.status(); !st.Busy || st.Counts.Pending != 1 {
		t.Errorf("status: %+v", st)
	}
	b.must(b.index.Stop(context.Background()))
	if st := b.status(); st.Busy {
		t.Errorf("after the stop: %+v", st)
	}
	consistent(t, b.db)
}

// TestSlowFileTimesOut: the reason of a file that was left behind is stored
// once, and a sync without a watch waits for it.
func TestSlowFileTimesOut(t *testing.T) {
	t.Parallel()
	b := slowBench(t, 2*time.Second)
	b.write("synced.pdf", string(doctest.Hanging()))
	b.sync()
	if got := b.states()["synced.pdf"]; got != "failed timeout" {
		t.Errorf("after a sync: %q", got)
	}
	b.start()
	b.write("followed.pdf", string(doctest.Hanging()))
	b.eventually("it is given up", func() bool { return b.states()["followed.pdf"] == "failed timeout" })
	b.eventually("nothing goes on", func() bool { return !b.status().Busy })
	var attempts int
	b.must(b.db.Read().QueryRowContext(t.Context(), `SELECT attempts FROM indexed_file WHERE path = 'followed.pdf'`).Scan(&attempts))
	if attempts != 1 {
		t.Errorf("%d attempts at one version of a file", attempts)
	}
	consistent(t, b.db)
}
