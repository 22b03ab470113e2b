package server_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/innoclaw/innoclaw/internal/server"
)

type echoInput struct {
	Body struct {
		Name  string `json:"name" maxLength:"20"`
		Count int    `json:"count,omitempty"`
	}
}

type echoOutput struct {
	Body struct {
		Name string `json:"name"`
	}
}

type codedError struct{}

func (codedError) Error() string   { return "secret /srv/path" }
func (codedError) HTTPStatus() int { return 409 }
func (codedError) Code() string    { return "coded" }
func (codedError) Public() string  { return "Known text." }

func routes(t *server.Table) {
	server.Handle(t, server.Route{Method: "POST", Path: "/api/echo", Access: server.User, BodyLimit: 200},
		func(_ context.Context, in *echoInput) (*echoOutput, error) {
			out := &echoOutput{}
			out.Body.Name = in.Body.Name
			return out, nil
		})
	server.Handle(t, server.Route{Method: "GET", Path: "/api/fail/{how}", Access: server.Public}, fail)
	server.Handle(t, server.Route{Method: "GET", Path: "/api/big", Access: server.Public},
		func(context.Context, *struct{}) (*echoOutput, error) {
			out := &echoOutput{}
			out.Body.Name = strings.Repeat("innoclaw ", 500)
			return out, nil
		})
	server.Raw(t, server.Route{Method: "POST", Path: "/api/raw", Access: server.User, ContentTypes: []string{"multipart/form-data"}}, server.RawDoc{},
		func(w http.ResponseWriter, r *http.Request) error {
			_, err := io.Copy(w, r.Body)
			return err
		})
	server.Raw(t, server.Route{Method: "GET", Path: "/api/late", Access: server.Public}, server.RawDoc{ContentType: "text/plain"},
		func(w http.ResponseWriter, _ *http.Request) error {
			_, _ = io.WriteString(w, "part")
			return errors.New("broke off")
		})
}

func fail(ctx context.Context, in *struct {
	How string `path:"how"`
}) (*struct{ Body any }, error) {
	switch in.How {
	case "panic":
		panic("secret /srv/path")
	case "encode":
		return &struct{ Body any }{Body: func() {}}, nil
	case "notfound":
		return nil, errors.Join(errors.New("read workspace 7"), server.NotFound())
	case "details":
		return nil, server.Problem(412, "changed", "The file changed.", map[string]string{"contentHash": "abc"})
	case "coded":
		return nil, codedError{}
	case "large":
		return nil, &http.MaxBytesError{Limit: 7}
	}
	return nil, errors.New("secret /srv/path")
}

func TestErrorsAreProblemDocuments(t *testing.T) {
	t.Parallel()
	s, log := newServer(t, nil, nil, routes)
	long := `{"name":"` + strings.Repeat("x", 300) + `"}`
	chunked := func(r *http.Request) { r.ContentLength = -1 }
	for _, c := range []struct {
		name   string
		r      *http.Request
		status int
		code   string
	}{
		{"unknown route", request("GET", "/api/nothing", ""), 404, "no_route"},
		{"api itself", request("GET", "/api/", ""), 404, "no_route"},
		{"wrong method", request("DELETE", "/api/echo", ""), 405, "method_not_allowed"},
		{"prefix of a route", request("POST", "/api/echoXYZ", "{}", asUser), 404, "no_route"},
		{"no credential", request("POST", "/api/echo", `{"name":"x"}`), 401, "unauthorized"},
		{"malformed", request("POST", "/api/echo", `{"name":`, asUser), 400, "malformed"},
		{"trailing", request("POST", "/api/echo", `{"name":"x"}{}`, asUser), 400, "malformed"},
		{"no body", request("POST", "/api/echo", "", asUser), 400, "malformed"},
		{"unknown field", request("POST", "/api/echo", `{"name":"x","admin":true}`, asUser), 400, "invalid"},
		{"missing field", request("POST", "/api/echo", `{}`, asUser), 400, "invalid"},
		{"wrong type", request("POST", "/api/echo", `{"name":5}`, asUser), 400, "invalid"},
		{"form", request("POST", "/api/echo", "name=x", asUser, header("Content-Type", "application/x-www-form-urlencoded")), 415, "content_type"},
		{"text", request("POST", "/api/echo", `{"name":"x"}`, asUser, header("Content-Type", "text/plain")), 415, "content_type"},
		{"no type", request("POST", "/api/echo", `{"name":"x"}`, asUser, func(r *http.Request) { r.Header.Del("Content-Type") }), 415, "content_type"},
		{"json on an upload", request("POST", "/api/raw", `{"files":[{"path":"/etc/passwd"}]}`, asUser), 415, "content_type"},
		{"too large", request("POST", "/api/echo", long, asUser), 413, "too_large"},
		{"too large, chunked", request("POST", "/api/echo", long, asUser, chunked), 413, "too_large"},
		{"not found", request("GET", "/api/fail/notfound", ""), 404, "not_found"},
		{"details", request("GET", "/api/fail/details", ""), 412, "changed"},
		{"coded", request("GET", "/api/fail/coded", ""), 409, "coded"},
		{"large", request("GET", "/api/fail/large", ""), 413, "too_large"},
		{"unknown error", request("GET", "/api/fail/unknown", ""), 500, "internal"},
		{"panic", request("GET", "/api/fail/panic", ""), 500, "internal"},
		{"cannot be encoded", request("GET", "/api/fail/encode", ""), 500, "internal"},
	} {
		rec := serve(s, c.r)
		p := problem(t, rec)
		if rec.Code != c.status || p.Code != c.code {
			t.Errorf("%s: got %d %q, want %d %q: %s", c.name, rec.Code, p.Code, c.status, c.code, rec.Body)
		}
		if strings.Contains(rec.Body.String(), "/srv/path") || strings.Contains(rec.Body.String(), "xxxx") {
			t.Errorf("%s: the answer repeats what it must not: %s", c.name, rec.Body)
		}
	}
	if got := serve(s, request("DELETE", "/api/echo", "")).Header().Get("Allow"); got != "POST" {
		t.Errorf("Allow: %q, want POST", got)
	}
	if !strings.Contains(log.String(), "secret /srv/path") {
		t.Error("the cause of a 500 is not in the log")
	}
}

func TestAcceptedBodies(t *testing.T) {
	t.Parallel()
	s, _ := newServer(t, nil, nil, routes)
	for _, contentType := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON"} {
		rec := serve(s, request("POST", "/api/echo", `{"name":"x"}`, asUser, header("Content-Type", contentType)))
		if rec.Code != 200 || strings.TrimSpace(rec.Body.String()) != `{"name":"x"}` {
			t.Errorf("%s: got %d %s", contentType, rec.Code, rec.Body)
		}
	}
	exact := `{"name":"` + strings.Repeat("y", 20) + `"}`
	exact += strings.Repeat(" ", 200-len(exact))
	if rec := serve(s, request("POST", "/api/echo", exact, asUser)); rec.Code != 200 {
		t.Errorf("body of exactly the limit: got %d %s", rec.Code, rec.Body)
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	s, _ := newServer(t, nil, nil, routes)
	for name, want := range map[string]bool{
		"127.0.0.1:3000": true, "localhost:3000": true, "LOCALHOST:3000": true, "[::1]:3000": true, "localhost.:3000": true,
		"lab.example.org": true, "lab.example.org:443": true, "LAB.example.org.": true, "ported.example:8443": true,
		"ported.example": false, "ported.example:1": false, "localhost": false, "localhost:80": false, "127.0.0.1": false,
		"": false, "evil.example": false, "localhost.evil.example:3000": false, "lab.example.org.evil.example": false,
		"xlab.example.org": false, "127.0.0.1:3000@evil.example": false, "evil.example:3000": false, "0.0.0.0:3000": false,
		"::1:3000": false, "127.1:3000": false, "2130706433:3000": false, "[::ffff:127.0.0.1]:3000": false, "localhost:3000:3000": false,
		"192.0.2.77:3000": true, "192.0.2.77": false, "192.0.2.78:3000": false, "192.0.2.77:3001": false,
	} {
		r := request("GET", "/api/big", "", func(r *http.Request) { r.Host = name })
		local := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 77), Port: 3000}
		rec := serve(s, r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, local)))
		if got := rec.Code == 200; got != want {
			t.Errorf("Host %q: got %d, want allowed: %v", name, rec.Code, want)
		}
		if rec.Code != 200 && rec.Code != http.StatusMisdirectedRequest {
			t.Errorf("Host %q: got %d, want 421", name, rec.Code)
		}
	}
}

func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	s, _ := newServer(t, nil, nil, routes)
	session := func(r *http.Request) {
		r.Header.Del("Authorization")
		r.AddCookie(&http.Cookie{Name: server.SessionCookie, Value: "session"})
	}
	cross, same := header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Site", "same-site")
	navigate := func(r *http.Request) {
		r.Header.Set("Sec-Fetch-Mode", "navigate")
		r.Header.Set("Sec-Fetch-Dest", "document")
	}
	post := func(change ...func(*http.Request)) *http.Request {
		return request("POST", "/api/echo", `{"name":"x"}`, change...)
	}
	get := func(change ...func(*http.Request)) *http.Request { return request("GET", "/api/big", "", change...) }
	for name, c := range map[string]struct {
		r    *http.Request
		want int
	}{
		"program":                       {post(session), 200},
		"own page":                      {post(session, header("Sec-Fetch-Site", "same-origin"), header("Origin", "http://"+host)), 200},
		"old browser, own page":         {post(session, header("Origin", "http://"+host)), 200},
		"other site":                    {post(session, cross), 403},
		"other port":                    {post(session, same), 403},
		"old browser, other site":       {post(session, header("Origin", "https://evil.example")), 403},
		"no-cors taken for same-origin": {post(session, cross, header("Sec-Fetch-Mode", "no-cors")), 403},
		"other site claims navigation":  {post(session, cross, navigate), 403},
		"token from a web view":         {post(asUser, cross, header("Origin", "app://notes")), 200},
		"token beside a cookie":         {post(session, asUser, cross), 403},
		"wrong token from elsewhere":    {post(header("Authorization", "Bearer x"), cross), 403},
		"read by another site":          {get(cross, header("Sec-Fetch-Mode", "no-cors"), header("Sec-Fetch-Dest", "image")), 403},
		"framed by another site":        {get(cross, header("Sec-Fetch-Mode", "navigate"), header("Sec-Fetch-Dest", "iframe")), 403},
		"link from another site":        {get(cross, navigate), 200},
		"page of another port":          {get(same, header("Sec-Fetch-Mode", "cors")), 403},
		"typed in":                      {get(header("Sec-Fetch-Site", "none"), navigate), 200},
	} {
		if rec := serve(s, c.r); rec.Code != c.want {
			t.Errorf("%s: got %d, want %d: %.200s", name, rec.Code, c.want, rec.Body)
		}
	}
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	s, _ := newServer(t, nil, nil, routes)
	api, page := serve(s, request("GET", "/api/big", "")).Header(), serve(s, request("GET", "/", "")).Header()
	for _, h := range []http.Header{api, page} {
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
			"X-Frame-Options": "DENY", "Strict-Transport-Security": "",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
	// A feature that Chromium does not know costs a console warning on every page.
	if got := page.Get("Permissions-Policy"); !strings.Contains(got, "camera=()") || strings.Contains(got, "bluetooth") {
		t.Errorf("Permissions-Policy: %s", got)
	}
	policy := page.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'self';", "require-trusted-types-for 'script'", "trusted-types innoclaw default", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("policy of pages lacks %q: %s", part, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
		t.Errorf("policy of pages is loose: %s", policy)
	}
	if got := api.Get("Content-Security-Policy"); !strings.Contains(got, "sandbox") || api.Get("Cache-Control") != "no-store" {
		t.Errorf("API answers: policy %q, cache %q", got, api.Get("Cache-Control"))
	}
	ts := httptest.NewTLSServer(s)
	defer ts.Close()
	r, _ := http.NewRequestWithContext(t.Context(), "GET", ts.URL+"/api/big", nil)
	r.Host = host
	resp, err := ts.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // read only
	if resp.Header.Get("Strict-Transport-Security") == "" {
		t.Error("no HSTS over TLS")
	}
}

func TestCompression(t *testing.T) {
	t.Parallel()
	s, _ := newServer(t, nil, nil, routes)
	plain := serve(s, request("GET", "/api/big", ""))
	rec := serve(s, request("GET", "/api/big", "", header("Accept-Encoding", "br, gzip;q=0.5")))
	if rec.Header().Get("Content-Encoding") != "gzip" || rec.Body.Len() >= plain.Body.Len()/4 || rec.Header().Get("Vary") == "" {
		t.Fatalf("%v, %d bytes of %d", rec.Header(), rec.Body.Len(), plain.Body.Len())
	}
	gz, err := gzip.NewReader(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(gz); err != nil || string(got) != plain.Body.String() {
		t.Errorf("decompressed: %v", err)
	}
	for _, encoding := range []string{"", "br", "gzip;q=0", "identity", "xgzip"} {
		if rec := serve(s, request("GET", "/api/big", "", header("Accept-Encoding", encoding))); rec.Header().Get("Content-Encoding") != "" {
			t.Errorf("Accept-Encoding %q: got %q", encoding, rec.Header().Get("Content-Encoding"))
		}
	}
	if rec := serve(s, request("GET", "/api/fail/notfound", "", header("Accept-Encoding", "gzip"))); rec.Header().Get("Content-Encoding") != "" {
		t.Error("a short answer was compressed")
	}
}

func TestLogHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	s, log := newServer(t, nil, nil, routes)
	rec := serve(s, request("POST", "/api/echo?token=query-secret", `{"name":"body-secret"}`, asUser,
		header("X-Request-Id", "chosen-outside"), header("Cookie", "innoclaw_session=cookie-secret"), header("Referer", "http://x/#ref-secret")))
	text := log.String()
	if strings.Contains(text, "secret") || strings.Contains(text, "Bearer") || strings.Contains(text, "chosen-outside") {
		t.Errorf("log: %s", text)
	}
	if !strings.Contains(text, "id="+rec.Header().Get("X-Request-Id")) || !strings.Contains(text, "path=/api/echo") || !strings.Contains(text, "status=") {
		t.Errorf("log: %s", text)
	}
	if rec.Header().Get("X-Request-Id") == "chosen-outside" {
		t.Error("a request id from outside was taken")
	}
}

func TestABrokenAnswerIsCut(t *testing.T) {
	t.Parallel()
	s, _ := newServer(t, nil, nil, routes)
	ts := httptest.NewServer(s)
	defer ts.Close()
	r, _ := http.NewRequestWithContext(t.Context(), "GET", ts.URL+"/api/late", nil)
	r.Host = host
	resp, err := ts.Client().Do(r)
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		_ = resp.Body.Close()
	}
	if err == nil {
		t.Error("an answer that broke off looked complete")
	}
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	limits := map[server.RateClass]server.Limit{
		server.RateAuth: {PerSecond: 0.01, Burst: 2}, server.RateHeavy: {PerSecond: 0.01, Burst: 2},
		server.RateAnonymous: {PerSecond: 0.01, Burst: 3}, server.RateGuess: {PerSecond: 0.01, Burst: 1},
	}
	nothing := func(context.Context, *struct{}) (*struct{}, error) { return nil, nil }
	s, _ := newServer(t, nil, limits, func(t *server.Table) {
		server.Handle(t, server.Route{Method: "POST", Path: "/api/login", Access: server.Public, Rate: server.RateAuth}, nothing)
		server.Handle(t, server.Route{Method: "POST", Path: "/api/heavy", Access: server.User, Rate: server.RateHeavy}, nothing)
		server.Handle(t, server.Route{Method: "GET", Path: "/api/open", Access: server.Public}, nothing)
		server.Handle(t, server.Route{Method: "GET", Path: "/api/mine", Access: server.User}, nothing)
	})
	send := func(n int, method, path string, change ...func(*http.Request)) (codes []int) {
		for range n {
			rec := serve(s, request(method, path, "", change...))
			codes = append(codes, rec.Code)
			if rec.Code == 429 && rec.Header().Get("Retry-After") != "100" {
				t.Errorf("Retry-After: %q, want 100", rec.Header().Get("Retry-After"))
			}
		}
		return codes
	}
	elsewhere := func(r *http.Request) { r.RemoteAddr = "198.51.100.1:5" }
	check := func(what string, got []int, want ...int) {
		t.Helper()
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: got %v, want %v", what, got, want)
				return
			}
		}
	}
	check("auth", send(3, "POST", "/api/login"), 204, 204, 429)
	check("auth elsewhere", send(1, "POST", "/api/login", elsewhere), 204)
	check("heavy", send(3, "POST", "/api/heavy", asUser), 204, 204, 429)
	check("heavy elsewhere", send(1, "POST", "/api/heavy", asUser, elsewhere), 429)
	check("heavy, other user", send(1, "POST", "/api/heavy", header("Authorization", "Bearer admin")), 204)
	check("anonymous", send(4, "GET", "/api/open"), 204, 204, 204, 429)
	check("guess", send(2, "GET", "/api/mine", header("Authorization", "Bearer x")), 401, 429)
	check("valid", send(50, "GET", "/api/mine", asUser), 204)
}

func TestTableRefusesIncompleteRows(t *testing.T) {
	t.Parallel()
	nothing := func(context.Context, *struct{}) (*struct{}, error) { return nil, nil }
	for name, r := range map[string]server.Route{
		"no access rule": {Method: "GET", Path: "/api/x"},
		"no method":      {Path: "/api/x", Access: server.User},
		"outside /api/":  {Method: "GET", Path: "/x", Access: server.User},
		"no resource":    {Method: "GET", Path: "/api/x", Access: server.OwnerOf("")},
		"unknown scope":  {Method: "GET", Path: "/api/x", Access: server.User, Scope: "root"},
		"twice":          {Method: "GET", Path: "/api/twice", Access: server.User},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: accepted", name)
				}
			}()
			table := server.NewTable("", nil)
			server.Handle(table, server.Route{Method: "GET", Path: "/api/twice", Access: server.User}, nothing)
			server.Handle(table, r, nothing)
		}()
	}
}

func FuzzHost(f *testing.F) {
	s, _ := newServer(f, nil, nil, routes)
	for _, seed := range []string{"127.0.0.1:3000", "[::1]:3000", "localhost:3000", "evil.example:3000", "[", "]:", ":", "a:b:c", "lab.example.org."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		rec := serve(s, request("GET", "/api/big", "", func(r *http.Request) { r.Host = name }))
		plain := strings.ToLower(name)
		for _, known := range []string{"127.0.0.1", "localhost", "[::1]", "lab.example.org", "ported.example", "::1"} {
			if strings.HasPrefix(plain, known) {
				return // its exact forms are in TestHosts
			}
		}
		if rec.Code != http.StatusMisdirectedRequest && strings.Trim(plain, "[]") == plain {
			t.Errorf("Host %q: got %d, want 421", name, rec.Code)
		}
	})
}
