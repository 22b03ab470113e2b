// Package servertest proves the access rules of a whole route table.
//
// [Matrix] calls every route as nobody, as another user, as the owner, as an
// administrator, with tokens of each scope, with expired and wrong tokens, under
// a wrong Host, from a wrong Origin and with every Sec-Fetch-Site. What must
// happen follows from the row alone. A route on an owned resource for which the
// test has no example fails it, so that none can be forgotten.
package servertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/innoclaw/innoclaw/internal/server"
)

// Credential makes a request come from somebody, by cookie or header.
type Credential func(r *http.Request)

// Cookie is the credential of a browser session.
func Cookie(value string) Credential {
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: server.SessionCookie, Value: value}) }
}

// Bearer is the credential of an API token.
func Bearer(token string) Credential {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

// Example is a request that succeeds when its owner sends it.
type Example struct {
	Path   map[string]string // values of the wildcards
	Query  url.Values
	Header http.Header
	// Body is sent as JSON, or as it is when it is a Payload.
	Body any
}

// Payload is a body that is not JSON.
type Payload struct {
	ContentType string
	Data        []byte
}

// World is a running server with people and resources in it. Owner owns every
// resource that the examples name; Other and Admin own none of them.
type World struct {
	Handler http.Handler
	Host    string // a Host that the server answers to
	// Owner, Other and Admin are sessions. Owner and Other have the role user.
	Owner, Other, Admin Credential
	// Tokens of Owner, and one of Admin without the scope admin.
	ReadToken, WriteToken, ExpiredToken, AdminWriteToken Credential
	// Examples by "METHOD /path". Routes on owned resources need one; others
	// may have one, which then must succeed.
	Examples map[string]Example
}

// NoLimits are rate limits that no test reaches.
func NoLimits() map[server.RateClass]server.Limit {
	limits := map[server.RateClass]server.Limit{}
	for _, class := range []server.RateClass{server.RateAuth, server.RateHeavy, server.RateUpload, server.RateAnonymous, server.RateGuess} {
		limits[class] = server.Limit{PerSecond: 1e6, Burst: 1e6}
	}
	return limits
}

// Matrix checks every route of a table. NewWorld is called once for all requests
// that must be refused, and once for each route that must succeed, since that
// may use up its example.
func Matrix(t *testing.T, routes []server.Route, newWorld func(t *testing.T) *World) {
	t.Helper()
	if len(routes) == 0 {
		t.Fatal("the table has no routes")
	}
	shared := newWorld(t)
	for _, route := range routes {
		t.Run("refuse "+route.Method+" "+route.Path, func(t *testing.T) { report(t, shared.Refusals(route)) })
	}
	for _, route := range routes {
		t.Run("allow "+route.Method+" "+route.Path, func(t *testing.T) { report(t, newWorld(t).Allowances(route)) })
	}
}

func report(t *testing.T, faults []string) {
	t.Helper()
	for _, fault := range faults {
		t.Error(fault)
	}
}

// faults collects what was found wrong.
type faults []string

func (f *faults) addf(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

// Refusals sends what must not get through and returns what did.
func (w *World) Refusals(route server.Route) []string {
	t := &faults{}
	if _, ok := w.Examples[key(route)]; !ok && route.Access.Resource() != "" {
		t.addf("no example for this route on a %s: add one to the test's world", route.Access.Resource())
		return *t
	}
	insider := w.Owner
	if route.Access == server.Admin {
		insider = w.Admin
	}
	wrong := Bearer("ict_" + strings.Repeat("A", 43))
	for _, name := range []string{"evil.example", "evil.example:3000", "127.0.0.1.evil.example", "", "localhost:1"} {
		got := w.send(t, route, insider, func(r *http.Request) { r.Host = name })
		got.want(t, fmt.Sprintf("Host %q", name), http.StatusMisdirectedRequest, "unknown_host")
	}
	for _, site := range []string{"cross-site", "same-site", "invented"} {
		got := w.send(t, route, insider, header("Sec-Fetch-Site", site), header("Sec-Fetch-Mode", "no-cors"))
		got.want(t, "Sec-Fetch-Site "+site, http.StatusForbidden, "cross_origin")
	}
	if route.Method != http.MethodGet {
		for _, origin := range []string{"https://evil.example", "null", "http://localhost:1"} {
			got := w.send(t, route, insider, header("Origin", origin))
			got.want(t, "Origin "+origin, http.StatusForbidden, "cross_origin")
			got = w.send(t, route, wrong, header("Origin", origin))
			if got.status < 400 {
				t.addf("Origin %s with a wrong token: got %d, want a refusal", origin, got.status)
			}
		}
	}
	if route.Access == server.Public {
		return *t
	}
	cookieToo := func(r *http.Request) { w.Owner(r); wrong(r) }
	for name, c := range map[string]Credential{
		"nobody": nil, "wrong token": wrong, "expired token": w.ExpiredToken, "empty token": Bearer(""),
		"wrong cookie": Cookie(strings.Repeat("A", 43)), "wrong token beside a good cookie": cookieToo,
	} {
		w.send(t, route, c).want(t, name, http.StatusUnauthorized, "unauthorized")
	}
	scopes(t, w, route)
	if route.Access == server.Admin {
		w.send(t, route, w.Owner).want(t, "a user on an admin route", http.StatusForbidden, "admin_required")
	}
	if route.Access.Resource() != "" {
		w.send(t, route, w.Other).want(t, "another user", http.StatusNotFound, "")
		w.send(t, route, w.Admin).want(t, "an administrator who is not the owner", http.StatusNotFound, "")
	}
	return *t
}

func scopes(t *faults, w *World, route server.Route) {
	if route.Access == server.Admin {
		w.send(t, route, w.AdminWriteToken).want(t, "an admin's token without the scope admin", http.StatusForbidden, "scope_required")
		return
	}
	if route.Scope != server.ScopeRead {
		w.send(t, route, w.ReadToken).want(t, "a read token", http.StatusForbidden, "scope_required")
	}
	if route.Scope == server.ScopeAdmin {
		w.send(t, route, w.WriteToken).want(t, "a write token", http.StatusForbidden, "scope_required")
	}
}

// Allowances sends what must get through and returns what did not.
func (w *World) Allowances(route server.Route) []string {
	t := &faults{}
	who := w.Owner
	if route.Access == server.Admin {
		who = w.Admin
	}
	for name, mutate := range map[string]func(*http.Request){
		"same-origin": header("Sec-Fetch-Site", "same-origin"),
		"typed in":    header("Sec-Fetch-Site", "none"),
		"own Origin":  header("Origin", "http://"+w.Host),
		"no browser":  func(*http.Request) {},
	} {
		// Without a credential nothing happens, but the edge must let it pass.
		got := w.send(t, route, nil, mutate)
		if got.status == http.StatusForbidden && got.code == "cross_origin" || got.status == http.StatusMisdirectedRequest {
			t.addf("%s: got %d %s at the edge", name, got.status, got.code)
		}
	}
	got := w.send(t, route, who)
	if _, example := w.Examples[key(route)]; example && got.status >= 400 {
		t.addf("the example: got %d %s, want success\n%s", got.status, got.code, got.body)
	}
	if refused(got) || got.status >= 500 {
		t.addf("with a session: got %d %s\n%s", got.status, got.code, got.body)
	}
	if route.Access == server.Public || route.Access == server.Admin || route.Scope == server.ScopeAdmin {
		return *t
	}
	token := w.WriteToken
	if route.Scope == server.ScopeRead {
		token = w.ReadToken
	}
	if got := w.send(t, route, token); refused(got) || got.status >= 500 {
		t.addf("with a token of scope %s: got %d %s\n%s", route.Scope, got.status, got.code, got.body)
	}
	return *t
}

func refused(a answer) bool {
	switch a.code {
	case "unauthorized", "admin_required", "scope_required", "cross_origin", "unknown_host", "rate_limited", "content_type":
		return true
	}
	return false
}

func key(r server.Route) string { return r.Method + " " + r.Path }

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// answer is what a request got.
type answer struct {
	status int
	code   string
	body   string
}

func (a answer) want(t *faults, what string, status int, code string) {
	if a.status != status || code != "" && a.code != code {
		t.addf("%s: got %d %q, want %d %q\n%s", what, a.status, a.code, status, code, a.body)
	}
}

// send makes the route's example request, or one without content.
func (w *World) send(t *faults, route server.Route, c Credential, mutate ...func(*http.Request)) answer {
	example := w.Examples[key(route)]
	target := route.Path
	for name, value := range example.Path {
		target = strings.ReplaceAll(target, "{"+name+"}", url.PathEscape(value))
	}
	target = strings.NewReplacer("{", "", "}", "").Replace(target)
	if len(example.Query) > 0 {
		target += "?" + example.Query.Encode()
	}
	body, contentType := content(route, example)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, route.Method, target, body)
	r.Host, r.RemoteAddr = w.Host, "192.0.2.7:4711"
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for name, values := range example.Header {
		r.Header[name] = values
	}
	if c != nil {
		c(r)
	}
	for _, f := range mutate {
		f(r)
	}
	rec := &recorder{ResponseRecorder: httptest.NewRecorder(), end: cancel}
	w.Handler.ServeHTTP(rec, r)
	a := answer{status: rec.Code, body: rec.Body.String()}
	if strings.HasPrefix(rec.Header().Get("Content-Type"), "application/problem+json") {
		var p server.ProblemDocument
		if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
			t.addf("problem document %q: %v", rec.Body.String(), err)
		}
		if p.Status != rec.Code || p.Code == "" || p.Text == "" || p.RequestID == "" {
			t.addf("incomplete problem document for %d: %s", rec.Code, rec.Body.String())
		}
		a.code = p.Code
	}
	return a
}

func content(route server.Route, example Example) (io.Reader, string) {
	switch body := example.Body.(type) {
	case Payload:
		return bytes.NewReader(body.Data), body.ContentType
	case nil:
		if route.Method == http.MethodGet {
			return nil, ""
		}
		return strings.NewReader("{}"), route.ContentTypes[0]
	default:
		data, err := json.Marshal(body)
		if err != nil {
			panic(fmt.Errorf("example of %s: %w", key(route), err))
		}
		return bytes.NewReader(data), "application/json"
	}
}

// recorder ends the request of a stream once its header is out: that it was
// let in is all that is asked.
type recorder struct {
	*httptest.ResponseRecorder
	end context.CancelFunc
}

// FlushError implements what http.ResponseController looks for.
func (r *recorder) FlushError() error {
	r.Flush()
	if strings.HasPrefix(r.Header().Get("Content-Type"), "text/event-stream") {
		r.end()
	}
	return nil
}
