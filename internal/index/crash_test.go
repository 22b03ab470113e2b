package index_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/index"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
	"github.com/innoclaw/innoclaw/internal/workspace"
)

// Environment of the process that the crash test kills.
const (
	crashDB     = "INNOCLAW_TEST_CRASH_DB"
	crashFolder = "INNOCLAW_TEST_CRASH_FOLDER"
	crashID     = "INNOCLAW_TEST_CRASH_WORKSPACE"
)

// TestMain is also the process that is killed: it syncs and tells its progress.
func TestMain(m *testing.M) {
	if os.Getenv(crashDB) == "" {
		os.Exit(runTests(m))
	}
	if err := syncAndTell(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("finished")
}

func runTests(m *testing.M) int {
	var err error
	if pdfCache, err = os.MkdirTemp("", "innoclaw-index-test-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(pdfCache)
	return m.Run()
}

func syncAndTell(ctx context.Context) error {
	db, err := store.Open(ctx, store.Options{URL: os.Getenv(crashDB)})
	if err != nil {
		return err
	}
	roots, err := boundary.OpenRoots([]string{filepath.Dir(os.Getenv(crashFolder))}, boundary.Options{DataDir: filepath.Dir(os.Getenv(crashDB))})
	if err != nil {
		return err
	}
	ws := workspace.New(workspace.Options{DB: db, Roots: roots})
	ix, err := index.New(db, document.New(document.Options{}), ws, nil, index.Options{})
	if err != nil {
		return err
	}
	if err := ix.SyncNow(ctx, os.Getenv(crashID), func(p index.Progress) { fmt.Println(p.Phase, p.Done) }); err != nil {
		return err
	}
	return db.Close()
}

// TestCrash kills a process with SIGKILL at random points of its sync, again
// and again. What it leaves is consistent each time and the next one goes on
// from there.
func TestCrash(t *testing.T) {
	t.Parallel()
	url := storetest.SQLiteURL(t)
	db := storetest.Open(t, store.Options{URL: url})
	b := newBench(t, db, index.Options{})
	const files = 1500
	for i := range files {
		b.write(fmt.Sprintf("d%d/f%d.md", i%30, i), fmt.Sprintf("# File %d\n\n%s\n", i, strings.Repeat(fmt.Sprintf("word%d ", i), 200)))
	}
	rng := rand.New(rand.NewPCG(3, 5))
	finished, kills, before := false, 0, 0
	for attempt := 0; attempt < 40 && !finished; attempt++ {
		finished = crashOnce(t, b, url, 2+rng.IntN(12))
		if !finished {
			kills++
		}
		consistent(t, db)
		now := b.status().Counts.Indexed
		if now < before {
			t.Fatalf("attempt %d lost files: %d after %d", attempt, now, before)
		}
		before = now
	}
	if !finished || kills < 2 {
		t.Fatalf("finished %v after %d kills; the test needs some and an end", finished, kills)
	}
	if diff := b.asFresh(); diff != "" {
		t.Errorf("not as a fresh index:\n%.2000s", diff)
	}
}

// crashOnce starts the process and kills it after some lines of progress. It
// tells whether the process came to its end before.
func crashOnce(t *testing.T, b *bench, url string, lines int) (finished bool) {
	t.Helper()
	self, err := os.Executable()
	b.must(err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), crashDB+"="+url, crashFolder+"="+b.root, crashID+"="+b.id)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	b.must(err)
	b.must(cmd.Start())
	for in := bufio.NewScanner(out); in.Scan(); {
		if in.Text() == "finished" {
			finished = true
		}
		if lines--; lines == 0 {
			b.must(cmd.Process.Kill())
		}
	}
	_ = cmd.Wait() // killed, or finished as printed
	return finished
}
