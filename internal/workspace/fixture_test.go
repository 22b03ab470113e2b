package workspace_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
	"github.com/innoclaw/innoclaw/internal/workspace"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is a server with two people, alice and bob, on a real database and disk.
type world struct {
	t       testing.TB
	base    string
	root    string // the only workspace root, labelled "root"
	service *workspace.Service
	handler http.Handler
	mu      sync.Mutex
	changes []workspace.Change // guarded by mu
	upload  int64
	now     time.Time
}

// bearer authenticates by a header that holds the user's id.
type bearer struct{}

func (bearer) Authenticate(r *http.Request) (server.Caller, bool, error) {
	id, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return server.Caller{UserID: id, Role: "user", Scopes: []string{server.ScopeWrite}, TokenID: "t"}, ok, nil
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldAt(t, t.TempDir(), storetest.SQLite(t))
}

func newWorldAt(t testing.TB, base string, db *store.DB) *world {
	t.Helper()
	w := &world{t: t, base: base, root: filepath.Join(base, "root"), upload: 10 << 20, now: time.Now()}
	must(t, os.MkdirAll(w.root, 0o755))
	roots, err := boundary.OpenRoots([]string{w.root}, boundary.Options{DataDir: filepath.Join(base, "data")})
	must(t, err)
	t.Cleanup(func() { roots.Close() })
	must(t, db.Update(context.Background(), func(ctx context.Context, tx *sql.Tx) error {
		for _, id := range []string{"alice", "bob"} {
			if _, err := tx.ExecContext(ctx, `INSERT INTO users (id, email, name, password_hash, role, created_at, updated_at)
				VALUES ($1, $2, $1, '', 'user', 0, 0)`, id, id+"@example.org"); err != nil {
				return err
			}
		}
		return nil
	}))
	w.service = workspace.New(workspace.Options{DB: db, Roots: roots, UploadLimit: func() int64 { return w.upload }, Now: func() time.Time { return w.now }})
	w.service.OnChange(func(c workspace.Change) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.changes = append(w.changes, c)
	})
	table := server.NewTable("test", nil)
	w.service.Routes(table)
	s, err := server.New(server.Options{Table: table, Auth: bearer{}, Limits: map[server.RateClass]server.Limit{
		server.RateUpload: {PerSecond: 1e6, Burst: 1e6}, server.RateHeavy: {PerSecond: 1e6, Burst: 1e6},
	}})
	must(t, err)
	w.handler = s
	return w
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	t    testing.TB
	body []byte
	req  string
}

// do sends a request as a user. A body that is not a reader is sent as JSON.
func (w *world) do(user, method, path string, body any, header ...string) answer {
	w.t.Helper()
	var r io.Reader
	contentType := ""
	switch b := body.(type) {
	case nil:
	case io.Reader:
		r = b
	default:
		data, err := json.Marshal(b)
		must(w.t, err)
		r, contentType = bytes.NewReader(data), "application/json"
	}
	req := httptest.NewRequest(method, path, r)
	req.Host = "localhost"
	req.Header.Set("Authorization", "Bearer "+user)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, req)
	res := rec.Result()
	data, err := io.ReadAll(res.Body)
	must(w.t, err)
	if strings.Contains(string(data), w.base) {
		w.t.Errorf("%s %s: the answer holds an absolute path of the server: %s", method, path, data)
	}
	return answer{res, w.t, data, method + " " + path}
}

func (w *world) post(user, path string, body map[string]any, header ...string) answer {
	w.t.Helper()
	return w.do(user, http.MethodPost, path, body, header...)
}

func (w *world) get(user, path string, query ...string) answer {
	w.t.Helper()
	q := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		q.Set(query[i], query[i+1])
	}
	return w.do(user, http.MethodGet, path+"?"+q.Encode(), nil)
}

// want checks the status and, for errors, the code.
func (a answer) want(status int, code ...string) answer {
	a.t.Helper()
	if a.StatusCode != status {
		a.t.Fatalf("%s: status %d, want %d: %.500s", a.req, a.StatusCode, status, a.body)
	}
	if len(code) > 0 {
		if got := a.json()["code"]; got != code[0] {
			a.t.Fatalf("%s: code %v, want %s: %.500s", a.req, got, code[0], a.body)
		}
	}
	return a
}

func (a answer) json() map[string]any {
	a.t.Helper()
	m := map[string]any{}
	if err := json.Unmarshal(a.body, &m); err != nil {
		a.t.Fatalf("%s: not a JSON object: %.300s", a.req, a.body)
	}
	return m
}

func (a answer) str(key string) string { return fmt.Sprint(a.json()[key]) }

// workspace opens a folder of the root for a user, made if it is missing.
func (w *world) workspace(user, folder string) (id, path string) {
	w.t.Helper()
	path = filepath.Join(w.root, folder)
	must(w.t, os.MkdirAll(path, 0o755))
	a := w.post(user, "/api/workspaces", map[string]any{"name": folder, "folderPath": "root/" + folder}).want(http.StatusCreated)
	return a.str("id"), path
}

func with(m map[string]any, more ...any) map[string]any {
	m = maps.Clone(m)
	for i := 0; i+1 < len(more); i += 2 {
		m[more[i].(string)] = more[i+1]
	}
	return m
}

func write(t testing.TB, path, content string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(content), 0o644))
}

func content(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return string(b)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
