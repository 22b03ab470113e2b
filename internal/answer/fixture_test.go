package answer_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/internal/answer"
	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/index"
	"github.com/innoclaw/innoclaw/internal/journal"
	"github.com/innoclaw/innoclaw/internal/model/modeltest"
	"github.com/innoclaw/innoclaw/internal/model/provider"
	"github.com/innoclaw/innoclaw/internal/outbound"
	"github.com/innoclaw/innoclaw/internal/secret"
	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/server/servertest"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/workspace"
)

const (
	owner    = "user-1"
	stranger = "user-2"
	// patience bounds every wait for something that must happen.
	patience = 20 * time.Second
)

// settings are live settings.
type settings struct {
	mu     sync.Mutex
	values map[string]string
}

func (s *settings) Get(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.values[key]
}
func (s *settings) Secret(key string) secret.Text { return secret.Text(s.Get(key)) }
func (s *settings) set(key, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[key] = value
}

// site is one workspace with everything that answers questions about it.
type site struct {
	t          testing.TB
	db         *store.DB
	folder, id string
	settings   *settings
	workspaces *workspace.Service
	index      *index.Service
	journal    *journal.Journal
	answers    *answer.Service
	url        string
}

// byHeader takes the user's name from a header.
type byHeader struct{}

func (byHeader) Authenticate(r *http.Request) (server.Caller, bool, error) {
	user := r.Header.Get("X-Test-User")
	return server.Caller{UserID: user, Role: "user"}, user != "", nil
}

// newSite makes a site over a copy of the sample workspace's text files.
func newSite(t testing.TB, db *store.DB) *site {
	t.Helper()
	top, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	s := &site{t: t, db: db, folder: filepath.Join(top, "study"), settings: &settings{values: map[string]string{}}}
	must(t, os.CopyFS(s.folder, os.DirFS("../sample/files")))
	must(t, os.Remove(filepath.Join(s.folder, "report.pdf"))) // the PDF engine takes seconds to load
	for _, user := range []string{owner, stranger} {
		must(t, db.Update(t.Context(), func(ctx context.Context, tx txn) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO users (id, email, name, password_hash, role, created_at, updated_at) VALUES ($1, $1, 'A', 'x', 'user', 1, 1)`, user)
			return err
		}))
	}
	roots, err := boundary.OpenRoots([]string{top}, boundary.Options{DataDir: t.TempDir()})
	must(t, err)
	t.Cleanup(func() { roots.Close() })
	s.workspaces = workspace.New(workspace.Options{DB: db, Roots: roots})
	w, _, err := s.workspaces.Create(t.Context(), owner, "study", s.folder)
	must(t, err)
	s.id = w.ID
	extractor := document.New(document.Options{})
	t.Cleanup(func() { extractor.Close() })
	s.index, err = index.New(db, extractor, s.workspaces, nil, index.Options{CacheDir: t.TempDir()})
	must(t, err)
	must(t, s.index.SyncNow(t.Context(), s.id, func(index.Progress) {}))
	s.restart()
	t.Cleanup(func() { s.stop() })
	return s
}

// restart makes journal, answers and server anew on the same data.
func (s *site) restart() {
	s.t.Helper()
	s.stop()
	s.journal = journal.New(s.db, journal.Options{Poll: 20 * time.Millisecond})
	models := provider.New(s.settings, outbound.New(outbound.Options{}))
	s.answers = answer.New(answer.Options{DB: s.db, Journal: s.journal, Index: s.index, Workspaces: s.workspaces, Models: models})
	must(s.t, s.journal.Start(context.Background()))
	table := server.NewTable("test", nil)
	s.answers.Routes(table)
	s.journal.Routes(table)
	srv, err := server.New(server.Options{Table: table, Auth: byHeader{}, Limits: servertest.NoLimits()})
	must(s.t, err)
	listener := httptest.NewServer(srv)
	s.t.Cleanup(func() { listener.CloseClientConnections(); listener.Close() })
	s.url = listener.URL
}

func (s *site) stop() {
	if s.journal != nil {
		must(s.t, s.journal.Stop(context.Background()))
		s.journal = nil
	}
}

// model makes a replay server the site's model.
func (s *site) model(replies ...modeltest.Reply) *modeltest.Server {
	m := modeltest.New(s.t, replies...)
	s.settings.set("LLM_PROVIDER", "openai")
	s.settings.set("OPENAI_BASE_URL", m.URL)
	s.settings.set("LLM_MODEL", "replay-small")
	return m
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// request sends a request; body may be nil.
func (s *site) request(ctx context.Context, user, method, path string, body any) *http.Response {
	s.t.Helper()
	var reader io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		must(s.t, err)
		reader = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, reader)
	must(s.t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Test-User", user)
	response, err := http.DefaultClient.Do(r)
	must(s.t, err)
	s.t.Cleanup(func() { response.Body.Close() })
	return response
}

// call sends a request as the owner and decodes the answer.
func (s *site) call(method, path string, body any, status int) map[string]any {
	s.t.Helper()
	return s.callAs(owner, method, path, body, status)
}

func (s *site) callAs(user, method, path string, body any, status int) map[string]any {
	s.t.Helper()
	response := s.request(s.t.Context(), user, method, path, body)
	raw, err := io.ReadAll(response.Body)
	must(s.t, err)
	if response.StatusCode != status {
		s.t.Fatalf("%s %s: status %d, want %d: %s", method, path, response.StatusCode, status, raw)
	}
	var v map[string]any
	if len(raw) > 0 && strings.HasPrefix(response.Header.Get("Content-Type"), "application/") {
		must(s.t, json.Unmarshal(raw, &v))
	}
	return v
}

// event is one event of a stream.
type event struct{ id, data string }

// events reads a stream until its end, or until want returns true.
func events(t testing.TB, body io.Reader, until func(event) bool) []event {
	t.Helper()
	var all []event
	var e event
	scanner := bufio.NewScanner(body)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		line := scanner.Text()
		switch {
		case strings.HasPrefix(line, "id: "):
			e.id = line[4:]
		case strings.HasPrefix(line, "data: "):
			e.data += line[6:]
		case line == "" && e.data != "":
			all = append(all, e)
			if until != nil && until(e) {
				return all
			}
			e = event{}
		}
	}
	return all
}

// chat asks and reads the whole stream.
func (s *site) chat(conversation, question string) (got []event, conversationID, runID string) {
	s.t.Helper()
	response := s.request(s.t.Context(), owner, "POST", "/api/chat", map[string]any{"workspaceId": s.id, "conversationId": conversation, "text": question})
	if response.StatusCode != http.StatusOK {
		raw, _ := io.ReadAll(response.Body)
		s.t.Fatalf("status %d: %s", response.StatusCode, raw)
	}
	return events(s.t, response.Body, nil), response.Header.Get("X-Innoclaw-Conversation-Id"), response.Header.Get("X-Innoclaw-Run-Id")
}

// textOf joins the text of a stream; parts counts its parts by type.
func textOf(all []event) (text string, parts map[string]int) {
	parts = map[string]int{}
	for _, e := range all {
		var p struct{ Type, Delta string }
		if json.Unmarshal([]byte(e.data), &p) != nil {
			parts[e.data]++
			continue
		}
		parts[p.Type]++
		if p.Type == "text-delta" {
			text += p.Delta
		}
	}
	return text, parts
}

var passageTag = regexp.MustCompile(`<passage-\w+ id=\\"(\w+)\\" file=\\"([^"\\]+)\\"`)

// citing makes a reply in which %ID(file)% stands for the id of a passage of file.
func citing(pieces ...string) modeltest.Reply {
	return modeltest.Reply{Make: func(c modeltest.Call) modeltest.Reply {
		var decoded any
		if json.Unmarshal(c.Body, &decoded) != nil {
			return modeltest.Error(400, "", "bad request")
		}
		ids := map[string]string{}
		for _, m := range passageTag.FindAllStringSubmatch(string(unescape(c.Body)), -1) {
			if ids[m[2]] == "" {
				ids[m[2]] = m[1]
			}
		}
		whole := strings.Join(pieces, "")
		for file, id := range ids {
			whole = strings.ReplaceAll(whole, "%ID("+file+")%", id)
		}
		var out []string // in pieces that cut through words and marks
		for rest := []rune(whole); len(rest) > 0; {
			n := min(7, len(rest))
			out, rest = append(out, string(rest[:n])), rest[n:]
		}
		return modeltest.Answer(out...)
	}}
}

// unescape undoes the \u003c form of < and > in JSON.
func unescape(b []byte) []byte {
	b = bytes.ReplaceAll(b, []byte(`\u003c`), []byte("<"))
	return bytes.ReplaceAll(b, []byte(`\u003e`), []byte(">"))
}
