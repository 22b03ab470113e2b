package identity_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/internal/identity"
	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/server/servertest"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

const host = "127.0.0.1:3000"

// cheap keeps the tests quick; the format and all checks are the real ones.
var cheap = identity.HashParams{MemoryKiB: 64, Passes: 1, Threads: 1}

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bed is a service with its routes on a server.
type bed struct {
	t       *testing.T
	db      *store.DB
	service *identity.Service
	server  *server.Server
	table   *server.Table
	clock   *clock
	log     *bytes.Buffer
	token   string // set-up token
	dir     string
}

type bedOption func(*identity.Options, *server.Options)

func mode(m identity.Mode) bedOption {
	return func(o *identity.Options, _ *server.Options) { o.Mode = m }
}

func registration(open bool) bedOption {
	return func(o *identity.Options, _ *server.Options) { o.RegistrationOpen = func() bool { return open } }
}

func newBed(t *testing.T, db *store.DB, options ...bedOption) *bed {
	t.Helper()
	b := &bed{t: t, db: db, clock: newClock(), log: &bytes.Buffer{}, dir: t.TempDir()}
	logger := slog.New(slog.NewTextHandler(&lockedWriter{w: b.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	io := identity.Options{
		DB: db, Mode: identity.Local, DataDir: b.dir, Version: "test", Logger: logger, Hash: cheap, Now: b.clock.Now,
		Transfers: []identity.Transfer{
			identity.TransferBy("UPDATE workspaces SET owner_user_id = $1 WHERE owner_user_id = $2"),
			identity.TransferBy("UPDATE conversation SET owner_user_id = $1 WHERE owner_user_id = $2"),
		},
	}
	so := server.Options{Port: "3000", Logger: logger, Limits: servertest.NoLimits()}
	for _, option := range options {
		option(&io, &so)
	}
	var err error
	if b.service, err = identity.New(io); err != nil {
		t.Fatal(err)
	}
	if b.token, err = b.service.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.table = server.NewTable("test", nil)
	b.service.Routes(b.table)
	so.Table, so.Auth = b.table, b.service
	if b.server, err = server.New(so); err != nil {
		t.Fatal(err)
	}
	return b
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// user makes an account straight in the service.
func (b *bed) user(email, role string) identity.User {
	b.t.Helper()
	u, err := b.service.CreateUser(b.t.Context(), identity.NewUser{Email: email, Password: password, Role: role})
	if err != nil {
		b.t.Fatal(err)
	}
	return u
}

const password = "correct horse"

// reply is an answer with its JSON body.
type reply struct {
	status  int
	header  http.Header
	body    map[string]any
	raw     string
	cookies map[string]*http.Cookie
}

func (r reply) code() string { s, _ := r.body["code"].(string); return s }

// session is the session cookie that the answer sets.
func (r reply) session() servertest.Credential {
	c := r.cookies[server.SessionCookie]
	if c == nil {
		return nil
	}
	return servertest.Cookie(c.Value)
}

func (b *bed) do(method, path string, body any, as servertest.Credential, mutate ...func(*http.Request)) reply {
	b.t.Helper()
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		content = bytes.NewReader(data)
	}
	r := httptest.NewRequestWithContext(b.t.Context(), method, path, content)
	r.Host, r.RemoteAddr = host, "192.0.2.1:1"
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if as != nil {
		as(r)
	}
	for _, f := range mutate {
		f(r)
	}
	rec := httptest.NewRecorder()
	b.server.ServeHTTP(rec, r)
	out := reply{status: rec.Code, header: rec.Header(), raw: rec.Body.String(), cookies: map[string]*http.Cookie{}}
	_ = json.Unmarshal(rec.Body.Bytes(), &out.body) // lists and empty bodies are read from raw
	for _, c := range rec.Result().Cookies() {
		out.cookies[c.Name] = c
	}
	return out
}

func (b *bed) login(email, pass string) reply {
	b.t.Helper()
	return b.do("POST", "/api/auth/login", map[string]string{"email": email, "password": pass}, nil)
}

// signedIn is a fresh session of an account.
func (b *bed) signedIn(email string) servertest.Credential {
	b.t.Helper()
	got := b.login(email, password)
	if got.status != http.StatusOK {
		b.t.Fatalf("sign in %s: %d %s", email, got.status, got.raw)
	}
	return got.session()
}

// apiToken makes a token of an account.
func (b *bed) apiToken(userID string, expires time.Time, scopes ...string) (servertest.Credential, identity.Token) {
	b.t.Helper()
	value, token, err := b.service.CreateToken(b.t.Context(), userID, identity.NewToken{Name: "t", Scopes: scopes, ExpiresAt: expires})
	if err != nil {
		b.t.Fatal(err)
	}
	return servertest.Bearer(value), token
}

func (b *bed) exec(query string, args ...any) {
	b.t.Helper()
	err := b.db.Update(b.t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bed) count(query string, args ...any) (n int) {
	b.t.Helper()
	if err := b.db.Read().QueryRowContext(b.t.Context(), query, args...).Scan(&n); err != nil {
		b.t.Fatal(err)
	}
	return n
}

func (r reply) want(t *testing.T, status int, code string) {
	t.Helper()
	if r.status != status || code != "" && r.code() != code {
		t.Errorf("got %d %q, want %d %q\n%s", r.status, r.code(), status, code, strings.TrimSpace(r.raw))
	}
}

// each runs a test on every database.
func each(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, test)
}
