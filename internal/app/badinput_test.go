package app_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/client"
	"github.com/innoclaw/innoclaw/internal/app/apptest"
	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/document/doctest"
)

func TestRefusedRootsAtStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	must(t, os.WriteFile(file, nil, 0o644))
	must(t, os.Mkdir(filepath.Join(dir, "fine"), 0o755))
	must(t, os.Mkdir(filepath.Join(dir, "home"), 0o755))
	for root, want := range map[string]string{
		"/":                            "such as /srv/research",
		"/etc":                         "folder of the system",
		"/usr/share":                   "folder of the system",
		"/home":                        "",
		dir:                            "data folder",
		filepath.Join(dir, "home"):     "home folder", // HOME of the program
		filepath.Join(dir, "missing"):  "mkdir -p",
		file:                           "",
		filepath.Join(dir, "data"):     "",
		"/proc/self":                   "folder of the system",
		filepath.Join(dir, "fine/..."): "",
	} {
		// One bad entry stops the start, also beside a good one.
		for _, roots := range []string{root, filepath.Join(dir, "fine") + "," + root} {
			code, text := said(t, dir, []string{"HOME=" + filepath.Join(dir, "home"), "WORKSPACE_ROOTS=" + roots}, "serve", "--listen", "127.0.0.1:0", "--data", filepath.Join(dir, "data"))
			if code != 1 && code != 2 || !strings.Contains(text, fmt.Sprintf("%q", root)) || !strings.Contains(text, want) || strings.Contains(text, "ready") {
				t.Errorf("WORKSPACE_ROOTS=%s: exit %d, %s", roots, code, text)
			}
		}
	}
}

func TestRefusedFolders(t *testing.T) {
	t.Parallel()
	a := apptest.Start(t, apptest.Options{})
	p := a.SetUp()
	a.Write("file.md", "text")
	must(t, os.Symlink("/etc", filepath.Join(a.Root, "link")))
	home, err := os.UserHomeDir()
	must(t, err)
	for folder, status := range map[string]int{
		"/": 403, "/etc": 403, home: 403, a.Data: 403, a.Root + "/..": 403, a.Root + "/link": 403, a.Root + "/link/ssh": 403, "../": 403,
		a.Root + "/missing": 400, a.Root + "/file.md": 400, "": 400, "a\x00b": 400, a.Root + "-twin": 403,
		"/tmp," + a.Root: 403, strings.Repeat("x/", 3000): 400, `C:\Users`: 403, "file:///etc": 403,
	} {
		got := call(t, a, p, "POST", "/api/workspaces", map[string]any{"name": "x", "folderPath": folder})
		problem := got.problem()
		if got.status < 400 || got.status >= 500 || problem.Code == "" || len(problem.Error) < 10 {
			t.Errorf("%.40q: %d %s", folder, got.status, got.body)
		} else if got.status != status {
			t.Errorf("%.40q: %d %s %s, want %d", folder, got.status, problem.Code, problem.Error, status)
		}
		if strings.Contains(string(got.body), a.Root) || strings.Contains(string(got.body), a.Data) {
			t.Errorf("%.40q: the answer names a path of the server: %s", folder, got.body)
		}
	}
	if list, err := p.Workspaces(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("workspaces: %+v, %v", list, err)
	}
}

// fileState is a line of the list of files.
type fileState struct{ Path, State, Reason, Detail string }

// states gives the index states of a workspace's files when none is pending.
func states(t testing.TB, a *apptest.App, p apptest.Person, workspaceID string, files int) map[string]fileState {
	t.Helper()
	byPath := map[string]fileState{}
	eventually(t, func() string {
		var page struct{ Items []fileState }
		call(t, a, p, "GET", "/api/workspaces/"+workspaceID+"/index/files?limit=1000", nil).into(t, &page)
		clear(byPath)
		for _, f := range page.Items {
			byPath[f.Path] = f
			if f.State == "pending" {
				return f.Path + " is pending"
			}
		}
		if len(byPath) < files {
			return fmt.Sprintf("%d files, want %d", len(byPath), files)
		}
		return ""
	})
	return byPath
}

func TestHugeFile(t *testing.T) {
	t.Parallel()
	a := apptest.Start(t, apptest.Options{})
	p := a.SetUp()
	a.Write("lab/notes.md", "# Notes\n\nThe yield of the reaction was 42 percent.\n")
	for _, name := range []string{"huge.md", "huge.pdf", "huge.bin"} {
		a.Write("lab/"+name, "begin of it\n")
		must(t, os.Truncate(filepath.Join(a.Root, "lab", name), 2<<30))
	}
	w := a.Open(p, "lab")
	files := states(t, a, p, w.ID, 4)
	for _, name := range []string{"huge.md", "huge.pdf", "huge.bin"} {
		if f := files[name]; f.State != "skipped" || f.Reason == "" {
			t.Errorf("%+v", f)
		}
	}
	if files["notes.md"].State != "indexed" {
		t.Errorf("%+v", files["notes.md"])
	}
	checkQuotes(t, a, p, w.ID, ask(t, p, client.Question{WorkspaceID: w.ID, Text: "What was the yield of the reaction?"}))
	var read struct {
		Size      int64
		Length    int64
		Truncated bool
		Binary    bool
	}
	call(t, a, p, "GET", "/api/files/read?workspaceId="+w.ID+"&path=huge.md", nil).into(t, &read)
	if read.Size != 2<<30 || !read.Binary && !read.Truncated {
		t.Errorf("read: %+v", read)
	}
	part := call(t, a, p, "GET", "/api/files/raw?workspaceId="+w.ID+"&path=huge.md", nil, "Range", "bytes=0-4")
	if part.status != http.StatusPartialContent || string(part.body) != "begin" {
		t.Errorf("raw: %d %.50q", part.status, part.body)
	}
}

func TestHostileFiles(t *testing.T) {
	t.Parallel()
	a := apptest.Start(t, apptest.Options{})
	p := a.SetUp()
	files := map[string]string{ // to the state that it must end in, "" for either
		"notes.md": "indexed", "good.pdf": "indexed", "endless.pdf": "skipped", "truncated.pdf": "failed", "xref.pdf": "indexed",
		"bomb.pdf": "", "deep.pdf": "", "latin1.txt": "indexed", "broken.md": "", "mixed.csv": "", "nul.txt": "", "deep.json": "", "not.pdf": "failed",
	}
	for name, content := range map[string]string{
		"notes.md": "# Notes\n\nThe yield of the reaction was 42 percent.\n", "good.pdf": string(doctest.Lines(2, 5)),
		"endless.pdf": string(doctest.Endless()), "truncated.pdf": string(doctest.Truncated()), "xref.pdf": string(doctest.BrokenXref()),
		"bomb.pdf": string(doctest.Bomb(4)), "deep.pdf": string(doctest.DeepArray(200_000)), "not.pdf": "%PDF-1.7\nnot really",
		"latin1.txt": "Caf\xe9 und K\xe4se und M\xfcsli und \xdcberraschung.\n", "broken.md": "abc \xff\xfe\xfd \xc0\x80 def\n\xed\xa0\x80\n",
		"mixed.csv": "a,b\n\"unclosed,1\n\xff,2\n", "nul.txt": "a\x00b\x00c words\n", "deep.json": strings.Repeat("[", 100_000),
	} {
		a.Write("lab/"+name, content)
	}
	bad := filepath.Join(a.Root, "lab", "na\xffme.md")
	if err := os.WriteFile(bad, []byte("A name that is no text.\n"), 0o644); err != nil {
		t.Logf("the file system refuses such a name: %v", err)
	}
	w := a.Open(p, "lab")
	got := states(t, a, p, w.ID, len(files))
	for name, want := range files {
		f := got[name]
		if f.State == "" || want != "" && f.State != want || f.State != "indexed" && f.Reason == "" {
			t.Errorf("%s is %+v, want %q", name, f, want)
		}
	}
	checkQuotes(t, a, p, w.ID, ask(t, p, client.Question{WorkspaceID: w.ID, Text: "What was the yield of the reaction?"}))
	for name := range files {
		for _, route := range []string{"read", "raw"} {
			if r := call(t, a, p, "GET", "/api/files/"+route+"?workspaceId="+w.ID+"&path="+escape(name), nil); r.status != 200 {
				t.Errorf("%s %s: %d %s", route, name, r.status, r.body)
			}
		}
		if r := call(t, a, p, "GET", "/api/files/text?workspaceId="+w.ID+"&path="+escape(name), nil); r.status != 200 && (r.status != 404 || r.problem().Code != "not_indexed") {
			t.Errorf("text of %s: %d %s", name, r.status, r.body)
		}
	}
	if r := call(t, a, p, "GET", "/api/files/browse?workspaceId="+w.ID, nil); r.status != 200 || !json.Valid(r.body) {
		t.Errorf("browse: %d %s", r.status, r.body)
	}
}

// TestHangingPDF keeps a PDF at work that takes an hour. What is indexed can be asked
// meanwhile, its own workspace and others follow their files, and the server's stop at
// the end of the test does not wait.
func TestHangingPDF(t *testing.T) {
	t.Parallel()
	a := apptest.Start(t, apptest.Options{Documents: document.Limits{Time: time.Hour}})
	p := a.SetUp()
	a.Write("lab/notes.md", "# Notes\n\nThe yield of the reaction was 42 percent.\n")
	a.Write("beside/other.md", "# Other\n\nNothing of interest.\n")
	w, beside := a.Open(p, "lab"), a.Open(p, "beside")
	a.Write("lab/hang.pdf", string(doctest.Hanging()))
	busy := func() bool {
		var s struct{ Busy bool }
		call(t, a, p, "GET", "/api/workspaces/"+w.ID+"/index", nil).into(t, &s)
		return s.Busy
	}
	eventually(t, func() string {
		if f := stateOf(t, a, p, w.ID, "hang.pdf"); f.State != "pending" || !busy() {
			return fmt.Sprintf("nobody reads the PDF: %+v", f)
		}
		return ""
	})
	checkQuotes(t, a, p, w.ID, ask(t, p, client.Question{WorkspaceID: w.ID, Text: "What was the yield of the reaction?"}))
	a.Write("lab/saved.md", "The zirconium sample melted.\n")
	a.Write("beside/new.md", "The zirconium sample melted.\n")
	for _, id := range []string{w.ID, beside.ID} {
		eventually(t, func() string {
			if hits, err := p.Search(t.Context(), id, "zirconium", 3, 0); err != nil || len(hits) != 1 {
				return fmt.Sprintf("a workspace does not follow its files: %v %v", hits, err)
			}
			return ""
		})
	}
	unknown := ask(t, p, client.Question{WorkspaceID: w.ID, Text: "Who painted the ceiling of the chapel?"})
	if !strings.Contains(unknown.Text, "1 file is still being read; ask again in a moment.") {
		t.Errorf("an answer while a file is read: %q", unknown.Text)
	}
	for _, path := range []string{"/api/files/browse?workspaceId=" + w.ID, "/api/files/read?path=hang.pdf&workspaceId=" + w.ID, "/api/files/raw?path=hang.pdf&workspaceId=" + w.ID} {
		if got := call(t, a, p, "GET", path, nil); got.status != 200 {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	if !busy() {
		t.Error("the PDF did not hang, which was the point")
	}
}

// TestHangingPDFTimesOut gives the PDF up and says why, after it showed as pending.
func TestHangingPDFTimesOut(t *testing.T) {
	t.Parallel()
	a := apptest.Start(t, apptest.Options{Documents: document.Limits{Time: 5 * time.Second}})
	p := a.SetUp()
	a.Write("lab/notes.md", "# Notes\n\nThe yield of the reaction was 42 percent.\n")
	w := a.Open(p, "lab")
	states(t, a, p, w.ID, 1)
	a.Write("lab/hang.pdf", string(doctest.Hanging()))
	for _, want := range []fileState{{State: "pending"}, {State: "failed", Reason: "timeout"}} {
		eventually(t, func() string {
			if f := stateOf(t, a, p, w.ID, "hang.pdf"); f.State != want.State || f.Reason != want.Reason {
				return fmt.Sprintf("%+v, want %+v", f, want)
			}
			return ""
		})
	}
	unknown := ask(t, p, client.Question{WorkspaceID: w.ID, Text: "Who painted the ceiling of the chapel?"})
	if strings.Contains(unknown.Text, "being read") {
		t.Errorf("an answer when all is read: %q", unknown.Text)
	}
}

// stateOf gives the index state of one file, empty if it has none.
func stateOf(t testing.TB, a *apptest.App, p apptest.Person, workspaceID, path string) fileState {
	t.Helper()
	var page struct{ Items []fileState }
	call(t, a, p, "GET", "/api/workspaces/"+workspaceID+"/index/files?limit=1000", nil).into(t, &page)
	for _, f := range page.Items {
		if f.Path == path {
			return f
		}
	}
	return fileState{}
}

// TestSilentProvider has a model's address that takes the connection and says nothing.
func TestSilentProvider(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	connected := make(chan net.Conn, 100)
	go func() { // ends with the listener
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			connected <- conn
		}
	}()
	a := apptest.Start(t, apptest.Options{Environ: []string{"OPENAI_BASE_URL=http://" + listener.Addr().String() + "/v1", "LLM_MODEL=silent", "OPENAI_API_KEY=" + modelKey}})
	p := a.SetUp()
	a.Write("lab/notes.md", "# Notes\n\nThe yield of the reaction was 42 percent.\n")
	w := a.Open(p, "lab")
	chat := open(t.Context(), t, p.HTTP, "POST", a.URL+"/api/chat", map[string]string{"workspaceId": w.ID, "text": "What was the yield?"})
	events(t, chat.Body, func(e sse) bool { return strings.Contains(e.data, "data-progress") })
	<-connected
	hits, err := p.Search(t.Context(), w.ID, "yield", 3, 0)
	if err != nil || len(hits) == 0 {
		t.Errorf("search: %v, %v", hits, err)
	}
	if _, err := p.WriteFile(t.Context(), w.ID, "new.md", "new", ""); err != nil {
		t.Errorf("write: %v", err)
	}
	must(t, p.CancelRun(t.Context(), chat.Header.Get("X-Innoclaw-Run-Id")))
	rest := events(t, chat.Body, nil)
	if len(rest) == 0 || rest[len(rest)-1].data != "[DONE]" {
		t.Errorf("the stopped answer's stream: %v", rest)
	}
}
