package servertest_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/server/servertest"
)

// people maps tokens to callers; careless accepts any token at all.
type people struct {
	known    map[string]server.Caller
	careless bool
}

func (p people) Authenticate(r *http.Request) (server.Caller, bool, error) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if r.Header.Get("Authorization") == "" {
		c, err := r.Cookie(server.SessionCookie)
		if err != nil {
			return server.Caller{}, false, nil
		}
		token = c.Value
	}
	caller, ok := p.known[token]
	if !ok && p.careless && token != "" {
		return p.known["owner"], true, nil
	}
	return caller, ok, nil
}

// world has one owned thing, "7". The faults of the server are chosen.
func world(t *testing.T, route server.Route, careless, leaky, open bool) (*servertest.World, []server.Route) {
	t.Helper()
	table := server.NewTable("", nil)
	server.Handle(table, route, func(ctx context.Context, in *struct {
		ID string `path:"id"`
	}) (*struct{}, error) {
		if c, _ := server.CallerFrom(ctx); !leaky && (in.ID != "7" || c.UserID != "owner") {
			return nil, server.NotFound()
		}
		return nil, nil
	})
	s, err := server.New(server.Options{Table: table, Port: "3000", Limits: servertest.NoLimits(), Auth: people{careless: careless, known: map[string]server.Caller{
		"owner": {UserID: "owner", Role: "user", SessionID: "1"}, "other": {UserID: "other", Role: "user", SessionID: "2"},
		"admin": {UserID: "admin", Role: "admin", SessionID: "3"}, "read": {UserID: "owner", TokenID: "4", Scopes: []string{"read"}},
		"write": {UserID: "owner", TokenID: "5", Scopes: []string{"write"}}, "adminwrite": {UserID: "admin", Role: "admin", TokenID: "6", Scopes: []string{"write"}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	var handler http.Handler = s
	if open {
		handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Host = "127.0.0.1:3000"
			r.Header.Del("Origin")
			r.Header.Del("Sec-Fetch-Site")
			s.ServeHTTP(w, r)
		})
	}
	return &servertest.World{
		Handler: handler, Host: "127.0.0.1:3000", Owner: servertest.Cookie("owner"), Other: servertest.Cookie("other"), Admin: servertest.Cookie("admin"),
		ReadToken: servertest.Bearer("read"), WriteToken: servertest.Bearer("write"), ExpiredToken: servertest.Bearer("expired"),
		AdminWriteToken: servertest.Bearer("adminwrite"),
		Examples:        map[string]servertest.Example{route.Method + " " + route.Path: {Path: map[string]string{"id": "7"}}},
	}, table.Routes()
}

func TestMatrixFindsFaults(t *testing.T) {
	t.Parallel()
	owned := server.Route{Method: "POST", Path: "/api/things/{id}", Access: server.OwnerOf("thing")}
	for name, c := range map[string]struct {
		route                 server.Route
		careless, leaky, open bool
		forgotten             bool
		want                  string // part of a fault; "" for none
	}{
		"sound":                           {route: owned},
		"any token is believed":           {route: owned, careless: true, want: "wrong token: got"},
		"ownership is not checked":        {route: owned, leaky: true, want: "another user: got 204"},
		"no edge":                         {route: owned, open: true, want: `Host "evil.example": got 204`},
		"no example":                      {route: owned, forgotten: true, want: "no example"},
		"for every user":                  {route: server.Route{Method: "POST", Path: "/api/things/{id}", Access: server.User}, leaky: true},
		"a reading route that needs more": {route: server.Route{Method: "GET", Path: "/api/things/{id}", Access: server.OwnerOf("thing"), Scope: "write"}},
	} {
		w, routes := world(t, c.route, c.careless, c.leaky, c.open)
		if c.forgotten {
			w.Examples = nil
		}
		got := strings.Join(w.Refusals(routes[0]), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestMatrixFindsWhatIsLockedOut(t *testing.T) {
	t.Parallel()
	route := server.Route{Method: "POST", Path: "/api/things/{id}", Access: server.OwnerOf("thing")}
	w, routes := world(t, route, false, false, false)
	if got := w.Allowances(routes[0]); len(got) != 0 {
		t.Errorf("sound: %v", got)
	}
	w.Handler = http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNotFound) })
	if got := w.Allowances(routes[0]); len(got) == 0 {
		t.Error("an owner who gets 404 was not noticed")
	}
}
