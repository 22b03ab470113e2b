package server_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/server/servertest"
)

const host = "127.0.0.1:3000"

// auth knows two people by fixed tokens; the rest of the package does not care
// how a credential is checked.
type auth struct{}

func (auth) Authenticate(r *http.Request) (server.Caller, bool, error) {
	switch r.Header.Get("Authorization") {
	case "Bearer user":
		return server.Caller{UserID: "u", Role: "user", TokenID: "t", Scopes: []string{"write"}}, true, nil
	case "Bearer admin":
		return server.Caller{UserID: "a", Role: "admin", TokenID: "ta", Scopes: []string{"admin"}}, true, nil
	}
	if c, err := r.Cookie(server.SessionCookie); err == nil && c.Value == "session" {
		return server.Caller{UserID: "u", Role: "user", SessionID: "s"}, true, nil
	}
	return server.Caller{}, false, nil
}

type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// newServer serves what add registers.
func newServer(t testing.TB, assets fs.FS, limits map[server.RateClass]server.Limit, add func(*server.Table)) (*server.Server, *logBuffer) {
	t.Helper()
	table := server.NewTable("test", nil)
	add(table)
	log := &logBuffer{}
	if limits == nil {
		limits = servertest.NoLimits()
	}
	s, err := server.New(server.Options{
		Table: table, Auth: auth{}, Assets: assets, Port: "3000", Hosts: []string{"Lab.Example.org", "ported.example:8443"},
		Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), Limits: limits,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, log
}

func request(method, target, body string, change ...func(*http.Request)) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body == "" {
		r = httptest.NewRequest(method, target, nil)
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Host, r.RemoteAddr = host, "192.0.2.1:99"
	for _, f := range change {
		f(r)
	}
	return r
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func serve(s http.Handler, r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, r)
	return rec
}

func problem(t *testing.T, rec *httptest.ResponseRecorder) server.ProblemDocument {
	t.Helper()
	var p server.ProblemDocument
	if got := rec.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("answer %d is %q, want a problem document: %s", rec.Code, got, rec.Body)
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	if p.Status != rec.Code || p.Text != p.Detail || p.Text == "" || p.RequestID != rec.Header().Get("X-Request-Id") || p.Type != "about:blank" {
		t.Errorf("problem document for %d: %+v", rec.Code, p)
	}
	return p
}

var asUser = header("Authorization", "Bearer user")
