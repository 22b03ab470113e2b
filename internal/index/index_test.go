package index_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/innoclaw/innoclaw/internal/index"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

type txn = *sql.Tx

func TestFirstSync(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, index.Options{MaxFileBytes: func() int64 { return 1 << 20 }})
		b.write("paper.md", "# Graphene\n\nThe thermal conductivity of graphene is high.\n")
		b.write("notes/中文.md", "# 实验记录\n\n石墨烯的导热系数很高。\n")
		b.write("notes/empty.txt", "")
		b.write("data/t.csv", "material,value\ngraphene,5000\n")
		b.write(".env", "TOKEN=1")
		b.write("keys/key.txt", "-----BEGIN RSA PRIVATE KEY-----\nabc\n")
		b.write("node_modules/x/readme.md", "graphene")
		b.write(".gitignore", "# rules\n*.log\n")
		b.write("run.log", "graphene")
		b.write("image.png", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
		b.write("big.txt", strings.Repeat("x ", 1<<20))
		b.must(os.Symlink("paper.md", b.path("link.md")))
		b.must(os.Symlink("..", b.path("notes/loop")))
		b.must(os.Symlink("/etc/passwd", b.path("outside.txt")))
		b.must(syscall.Mkfifo(b.path("pipe.md"), 0o644))
		b.sync()
		want := map[string]string{
			"paper.md": "indexed", "notes/中文.md": "indexed", "notes/empty.txt": "indexed", "data/t.csv": "indexed", ".env": "skipped secret",
			"keys/key.txt": "skipped secret", "node_modules": "skipped dependencies", ".gitignore": "indexed", "run.log": "skipped gitignore",
			"image.png": "skipped unsupported", "big.txt": "skipped too_large", "link.md": "skipped symlink", "notes/loop": "skipped symlink",
			"outside.txt": "skipped symlink", "pipe.md": "skipped special",
		}
		if diff := cmp.Diff(want, b.states()); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
		page, err := b.index.Files(t.Context(), b.id, index.FileQuery{State: index.Skipped, Find: "RUN"})
		b.must(err)
		if len(page.Items) != 1 || page.Items[0].Detail != "ignored by .gitignore line 2" {
			t.Errorf("why run.log is left out: got %+v", page.Items)
		}
		if got := b.find("thermal conductivity"); len(got) == 0 || got[0] != "paper.md" {
			t.Errorf("search: got %v, want paper.md first", got)
		}
		if got := b.find("导热系数"); len(got) != 1 || got[0] != "notes/中文.md" {
			t.Errorf("search in Chinese: got %v", got)
		}
		consistent(t, db)
		seq := b.status().Seq
		b.sync()
		if got := b.status().Seq; got != seq {
			t.Errorf("a sync without changes raised seq from %d to %d", seq, got)
		}
	})
}

func TestChangesBySync(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, index.Options{})
		b.write("a.md", "# Alpha\n\nzebra stripes\n")
		b.write("sub/b.md", "# Beta\n\nquokka smiles\n")
		b.write("sub/c.md", "# Gamma\n\nwombat burrows\n")
		b.sync()
		if got := b.find("quokka"); !cmp.Equal(got, []string{"sub/b.md"}) {
			t.Fatalf("before: got %v", got)
		}
		before := ids(t, db)
		b.must(os.Rename(b.path("sub"), b.path("moved")))
		b.write("a.md", "# Alpha\n\nokapi stripes\n")
		b.write("new/readme.md", "platypus\n")
		b.sync()
		if diff := cmp.Diff(map[string]string{"a.md": "indexed", "moved/b.md": "indexed", "moved/c.md": "indexed", "new/readme.md": "indexed"}, b.states()); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
		after := ids(t, db)
		if before["sub/b.md"] != after["moved/b.md"] || before["sub/c.md"] != after["moved/c.md"] {
			t.Errorf("a renamed folder was indexed anew: %v, %v", before, after)
		}
		for query, want := range map[string][]string{"quokka": {"moved/b.md"}, "zebra": {}, "okapi": {"a.md"}, "platypus": {"new/readme.md"}} {
			if got := b.find(query); !cmp.Equal(got, want) {
				t.Errorf("search %s: got %v, want %v", query, got, want)
			}
		}
		b.must(os.RemoveAll(b.path("moved")))
		b.sync()
		if got := b.find("quokka wombat"); len(got) != 0 {
			t.Errorf("search after removal: got %v", got)
		}
		b.restart(index.Options{CacheDir: t.TempDir()})
		if got := b.find("okapi"); !cmp.Equal(got, []string{"a.md"}) {
			t.Errorf("search by a new process: got %v", got)
		}
		if diff := b.asFresh(); diff != "" {
			t.Errorf("not as a fresh index:\n%s", diff)
		}
		consistent(t, db)
	})
}

func ids(t testing.TB, db *store.DB) map[string]string {
	t.Helper()
	rows, err := db.Read().QueryContext(t.Context(), `SELECT path, id FROM indexed_file`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	m := map[string]string{}
	for rows.Next() {
		var path, id string
		if err := rows.Scan(&path, &id); err != nil {
			t.Fatal(err)
		}
		m[path] = id
	}
	return m
}

func TestMoveWithoutInode(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t), index.Options{})
	text := strings.Repeat("the same words\n", 50)
	b.write("old.md", text)
	b.sync()
	before := ids(t, b.db)["old.md"]
	b.write("tmp", text) // another inode with the same content
	b.must(os.Remove(b.path("old.md")))
	b.must(os.Rename(b.path("tmp"), b.path("new.md")))
	ages(t, b.path("new.md"))
	b.sync()
	if after := ids(t, b.db)["new.md"]; after != before {
		t.Errorf("a copy in place of the removed file was indexed anew: %q, %q", before, after)
	}
}

// ages makes a file an hour old.
func ages(t testing.TB, path string) {
	t.Helper()
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	at := fi.ModTime().Add(-3600e9)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestRulesChange(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t), index.Options{})
	b.write("a.md", "alpha")
	b.write("build/out.md", "beta")
	b.write("secret/.env.example", "KEY=example")
	b.write("py/pyvenv.cfg", "home = /usr")
	b.write("py/readme.md", "gamma")
	b.sync()
	b.write(".gitignore", "a.md\n!build/\n")
	b.write(".innoclawignore", "!.env.example\n")
	b.must(os.Remove(b.path("py/pyvenv.cfg")))
	b.sync()
	want := map[string]string{".gitignore": "indexed", ".innoclawignore": "indexed", "a.md": "skipped gitignore", "build/out.md": "indexed",
		"py/readme.md": "indexed", "secret/.env.example": "indexed"}
	if diff := cmp.Diff(want, b.states()); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	if diff := b.asFresh(); diff != "" {
		t.Errorf("not as a fresh index:\n%s", diff)
	}
	consistent(t, b.db)
}

func TestMissingFolderKeepsTheIndex(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t), index.Options{})
	b.write("a.md", "axolotl")
	b.sync()
	away := filepath.Join(filepath.Dir(b.root), "away")
	b.must(os.Rename(b.root, away))
	missing := func(what string) {
		t.Helper()
		err := b.index.SyncNow(t.Context(), b.id, nil)
		if err == nil || b.status().Missing == "" {
			t.Errorf("%s: got error %v, status %+v", what, err, b.status())
		}
		if got := b.find("axolotl"); len(got) != 1 {
			t.Errorf("%s: the index was lost: %v", what, got)
		}
	}
	missing("folder moved away")
	b.must(os.Mkdir(b.root, 0o755)) // what an unmounted disk leaves
	missing("empty folder in its place")
	b.must(os.Remove(b.root))
	b.must(os.Rename(away, b.root))
	b.sync()
	if st := b.status(); st.Missing != "" {
		t.Errorf("back again: still missing: %s", st.Missing)
	}
	b.must(os.Remove(b.path("a.md")))
	b.sync()
	if got := b.find("axolotl"); len(got) != 0 {
		t.Errorf("emptied on purpose: got %v", got)
	}
}

func TestUnreadable(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may read everything")
	}
	t.Parallel()
	b := newBench(t, storetest.SQLite(t), index.Options{})
	b.write("a.md", "alpha")
	b.write("sub/b.md", "beta")
	b.must(os.Chmod(b.path("a.md"), 0))
	b.must(os.Chmod(b.path("sub"), 0))
	t.Cleanup(func() { _ = os.Chmod(b.path("sub"), 0o755) })
	b.sync()
	if diff := cmp.Diff(map[string]string{"a.md": "failed unreadable", "sub": "failed unreadable"}, b.states()); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}
