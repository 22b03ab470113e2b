package index_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/innoclaw/innoclaw/internal/index"
	"github.com/innoclaw/innoclaw/internal/journal"
	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/server/servertest"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

// byHeader takes the user's name from a header, as a test's account system.
type byHeader struct{}

func (byHeader) Authenticate(r *http.Request) (server.Caller, bool, error) {
	user := r.Header.Get("X-Test-User")
	return server.Caller{UserID: user, Role: "user"}, user != "", nil
}

// site is a bench with its routes on a listener and a journal at work.
type site struct {
	*bench
	url     string
	journal *journal.Journal
}

func newSite(t *testing.T, db *store.DB) *site {
	t.Helper()
	b := newBench(t, db, index.Options{})
	s := &site{bench: b, journal: journal.New(db, journal.Options{})}
	ix, err := index.New(db, b.extractor, b.workspaces, s.journal, index.Options{CacheDir: b.cache})
	b.must(err)
	b.index = ix
	s.journal.Register(ix.Kind())
	b.must(s.journal.Start(t.Context()))
	t.Cleanup(func() { b.must(s.journal.Stop(context.Background())) })
	table := server.NewTable("test", nil)
	ix.Routes(table)
	srv, err := server.New(server.Options{Table: table, Auth: byHeader{}, Limits: servertest.NoLimits()})
	b.must(err)
	listener := httptest.NewServer(srv)
	t.Cleanup(listener.Close)
	s.url = listener.URL
	return s
}

func (s *site) request(method, path string, query url.Values, user string) *http.Response {
	s.t.Helper()
	target := s.url + path
	if query != nil {
		target += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, target, nil)
	s.must(err)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	if user != "" {
		r.Header.Set("X-Test-User", user)
	}
	response, err := http.DefaultClient.Do(r)
	s.must(err)
	s.t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// call sends a request as the owner and decodes the answer.
func call[T any](s *site, method, path string, query url.Values, status int) T {
	s.t.Helper()
	response := s.request(method, path, query, owner)
	var v T
	if err := json.NewDecoder(response.Body).Decode(&v); err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	if response.StatusCode != status {
		s.t.Fatalf("%s %s: got status %d, want %d: %+v", method, path, response.StatusCode, status, v)
	}
	return v
}

type answer = map[string]any

func TestHTTP(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		s.write("notes/größe.md", "# Größen\n\nDie Größe der 石墨烯 Probe: zwölf.\n")
		s.write("a.log", "left out")
		s.write(".gitignore", "*.log\n")
		ws := "/api/workspaces/" + s.id
		started := call[answer](s, "POST", ws+"/sync", nil, http.StatusAccepted)
		runID, _ := started["runId"].(string)
		s.eventually("the run ends", func() bool {
			run, err := s.journal.Get(t.Context(), runID)
			s.must(err)
			if run.State == journal.Failed {
				t.Fatalf("the run failed: %+v", run)
			}
			return run.State == journal.Succeeded
		})
		run, err := s.journal.Get(t.Context(), runID)
		s.must(err)
		var p index.Progress
		s.must(json.Unmarshal(run.Progress, &p))
		if p.Phase != index.PhaseDone || p.Indexed != 2 || p.Skipped != 1 {
			t.Errorf("progress of the run: got %+v", p)
		}
		st := call[index.Status](s, "GET", ws+"/index", nil, 200)
		if st.Counts != (index.Counts{Total: 3, Indexed: 2, Skipped: 1}) || st.Chunks != 2 || st.SyncRunID != nil || st.LastSyncAt == nil {
			t.Errorf("status: got %+v", st)
		}
		page := call[index.FilePage](s, "GET", ws+"/index/files", url.Values{"state": {"skipped"}}, 200)
		if len(page.Items) != 1 || page.Items[0].Path != "a.log" || page.Items[0].Reason != "gitignore" {
			t.Errorf("skipped files: got %+v", page)
		}
		searchAndText(t, s)
	})
}

func searchAndText(t *testing.T, s *site) {
	t.Helper()
	type hit struct {
		Path, Text, ContentHash string
		Start, End, Line        int
		Highlights              [][2]int
	}
	found := call[struct {
		Hits     []hit
		Searched struct{ Files, Chunks int }
	}](s, "GET", "/api/search", url.Values{"workspaceId": {s.id}, "q": {"Größe 石墨烯"}, "k": {"3"}}, 200)
	if len(found.Hits) != 1 || found.Hits[0].Path != "notes/größe.md" || found.Searched.Files != 2 {
		t.Fatalf("search: got %+v", found)
	}
	h := found.Hits[0]
	runes := []rune(h.Text)
	var marked []string
	for _, r := range h.Highlights {
		marked = append(marked, string(runes[r[0]:r[1]]))
	}
	if all := strings.Join(marked, " "); !strings.Contains(all, "Größe") || !strings.Contains(all, "石墨") {
		t.Errorf("highlights: got %q", marked)
	}
	file := url.Values{"workspaceId": {s.id}, "path": {"notes/größe.md"}}
	text := call[struct {
		Text, ContentHash string
		Pages             []any
	}](s, "GET", "/api/files/text", file, 200)
	if got := string([]rune(text.Text)[h.Start:h.End]); got != h.Text || text.ContentHash != h.ContentHash {
		t.Errorf("text at the hit: got %q, want %q", got, h.Text)
	}
	missing := call[answer](s, "GET", "/api/files/text", url.Values{"workspaceId": {s.id}, "path": {"a.log"}}, 404)
	if missing["code"] != "not_indexed" {
		t.Errorf("text of a skipped file: got %v", missing)
	}
	stale := url.Values{"workspaceId": {s.id}, "path": {"notes/größe.md"}, "start": {"0"}, "end": {"3"}, "contentHash": {"other"}}
	if got := call[answer](s, "GET", "/api/files/boxes", stale, 409); got["code"] != "changed" {
		t.Errorf("boxes of another version: got %v", got)
	}
}

// TestForeignWorkspace: what belongs to somebody else looks as if it were not there.
func TestForeignWorkspace(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	s.write("a.md", "alpha")
	s.sync()
	in := url.Values{"workspaceId": {s.id}, "q": {"alpha"}, "path": {"a.md"}, "start": {"0"}, "end": {"1"}, "contentHash": {"x"}}
	for _, call := range [][2]string{
		{"POST", "/api/workspaces/" + s.id + "/sync"}, {"GET", "/api/workspaces/" + s.id + "/index"}, {"GET", "/api/workspaces/" + s.id + "/index/files"},
		{"GET", "/api/workspaces/" + s.id + "/events"}, {"GET", "/api/search"}, {"GET", "/api/files/text"}, {"GET", "/api/files/boxes"},
	} {
		query := in
		if strings.HasPrefix(call[1], "/api/workspaces/") {
			query = nil
		}
		if got := s.request(call[0], call[1], query, "somebody else").StatusCode; got != http.StatusNotFound {
			t.Errorf("%s %s by another user: got %d, want 404", call[0], call[1], got)
		}
		if got := s.request(call[0], call[1], query, "").StatusCode; got != http.StatusUnauthorized {
			t.Errorf("%s %s by nobody: got %d, want 401", call[0], call[1], got)
		}
	}
}

// TestEvents follows the event stream while a file is saved by another program.
func TestEvents(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	s.start()
	stream := s.request("GET", "/api/workspaces/"+s.id+"/events", nil, owner)
	if got := stream.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("content type: got %q", got)
	}
	lines := bufio.NewScanner(stream.Body)
	next := func(event string) answer {
		t.Helper()
		kind := ""
		for lines.Scan() {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				kind = name
			}
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && kind == event {
				var v answer
				s.must(json.Unmarshal([]byte(data), &v))
				return v
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return nil
	}
	next("index")
	s.write("saved.md", "saved")
	for {
		paths, _ := next("files")["paths"].([]any)
		if len(paths) == 1 && paths[0] == "saved.md" {
			break
		}
	}
	for {
		counts, _ := next("index")["counts"].(answer)
		if counts["indexed"] == 1.0 {
			break
		}
	}
}
