package index_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/innoclaw/innoclaw/internal/index"
	"github.com/innoclaw/innoclaw/internal/journal"
	"github.com/innoclaw/innoclaw/internal/sample"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

// TestManyFilesMakeARun: a new workspace with many files shows its first index
// as a run; a few changed files make none.
func TestManyFilesMakeARun(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	b := s.bench
	for i := range 400 {
		b.write(fmt.Sprintf("d%d/f%d.md", i%7, i), fmt.Sprintf("text %d", i))
	}
	runs := func() []journal.Run {
		t.Helper()
		list, err := s.journal.List(t.Context(), journal.Filter{WorkspaceID: s.id, Kind: index.RunKind})
		b.must(err)
		return list
	}
	s.start()
	b.eventually("all files are indexed", func() bool { return b.status().Counts.Indexed == 400 })
	b.eventually("the run has ended", func() bool {
		list := runs()
		return len(list) > 0 && list[0].State == journal.Succeeded
	})
	before := len(runs())
	b.write("one.md", "a single file")
	b.eventually("the file is indexed", func() bool { return b.status().Counts.Indexed == 401 })
	if after := len(runs()); after != before {
		t.Errorf("a single file made a run: %d after %d", after, before)
	}
}

// TestRunOfMissingFolder fails with words for people.
func TestRunOfMissingFolder(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	s.must(os.Remove(s.root))
	id, err := s.index.Sync(t.Context(), s.id, owner)
	s.must(err)
	s.eventually("the run has failed", func() bool {
		run, err := s.journal.Get(t.Context(), id)
		s.must(err)
		return run.State == journal.Failed && run.ErrorCode == "workspace_missing" && strings.Contains(run.ErrorMessage, "kept")
	})
}

// TestWorkspacesComeAndGo while the service is at work.
func TestWorkspacesComeAndGo(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	s.start()
	second := filepath.Join(filepath.Dir(s.root), "second")
	s.must(os.Mkdir(second, 0o755))
	s.must(os.WriteFile(filepath.Join(second, "new.md"), []byte("kookaburra"), 0o644))
	w, _, err := s.workspaces.Create(t.Context(), owner, "second", second)
	s.must(err)
	other := *s.bench
	other.id = w.ID
	other.eventually("the new workspace is indexed", func() bool { return len(other.find("kookaburra")) == 1 })
	s.must(s.workspaces.Delete(t.Context(), owner, w.ID))
	if _, err := s.index.Search(t.Context(), index.Query{WorkspaceID: w.ID, Text: "kookaburra"}); err == nil {
		t.Error("a deleted workspace can be searched")
	}
}

// TestBoxes asks where a passage of a real PDF stands on its page.
func TestBoxes(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	root, err := os.OpenRoot(s.root)
	s.must(err)
	_, err = sample.Write(root)
	s.must(err)
	s.must(root.Close())
	s.sync()
	states := s.states()
	pdf := ""
	for path, state := range states {
		if strings.HasSuffix(path, ".pdf") && state == "indexed" {
			pdf = path
		}
	}
	if pdf == "" {
		t.Fatalf("no PDF in the sample: %v", states)
	}
	text, err := s.index.Text(t.Context(), s.id, pdf)
	s.must(err)
	r, err := s.index.Search(t.Context(), index.Query{WorkspaceID: s.id, Text: strings.Join(strings.Fields(text.Text)[:12], " "), Paths: []string{pdf}})
	s.must(err)
	if len(r.Passages) == 0 || r.Passages[0].Page == 0 {
		t.Fatalf("search in the PDF: got %+v", r.Passages)
	}
	p := r.Passages[0]
	if got := string([]rune(text.Text)[p.Start:p.End]); got != p.Text {
		t.Errorf("passage is not at its characters")
	}
	query := url.Values{"workspaceId": {s.id}, "path": {pdf}, "start": {strconv.Itoa(p.Start)}, "end": {strconv.Itoa(p.Start + 40)}, "contentHash": {p.ContentHash}}
	got := call[struct{ Pages []index.PageBoxes }](s, "GET", "/api/files/boxes", query, 200)
	if len(got.Pages) != 1 || got.Pages[0].Page != p.Page || len(got.Pages[0].Rects) == 0 || got.Pages[0].Width <= 0 {
		t.Errorf("boxes: got %+v for page %d", got, p.Page)
	}
	f, err := os.OpenFile(s.path(pdf), os.O_APPEND|os.O_WRONLY, 0)
	s.must(err)
	_, err = f.WriteString("\n% changed\n")
	s.must(err)
	s.must(f.Close())
	if got := call[answer](s, "GET", "/api/files/boxes", query, 409); got["code"] != "changed" {
		b, _ := json.Marshal(got)
		t.Errorf("boxes of a changed file: got %s", b)
	}
}

// TestBrokenFile costs only its own state.
func TestBrokenFile(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t), index.Options{})
	b.write("broken.pdf", "%PDF-1.7\nthis is no PDF at all")
	b.write("good.md", "numbat")
	b.sync()
	page, err := b.index.Files(t.Context(), b.id, index.FileQuery{State: index.Failed})
	b.must(err)
	if len(page.Items) != 1 || page.Items[0].Path != "broken.pdf" || page.Items[0].Detail == "" {
		t.Fatalf("failed files: got %+v", page.Items)
	}
	if got := b.find("numbat"); len(got) != 1 {
		t.Errorf("the good file: got %v", got)
	}
	seq := b.status().Seq
	b.sync()
	if got := b.status().Seq; got != seq {
		t.Errorf("the broken file was read again though it did not change")
	}
}
