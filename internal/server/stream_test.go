package server_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/innoclaw/innoclaw/internal/server"
)

func stream(t *server.Table) {
	server.Raw(t, server.Route{Method: "GET", Path: "/api/events", Access: server.User}, server.RawDoc{ContentType: "text/event-stream"},
		func(w http.ResponseWriter, r *http.Request) error {
			s, err := server.NewSSE(w, r)
			if err != nil {
				return err
			}
			defer s.Close()
			if err := s.Send("7", "note", []byte("one\ntwo\r\nthree\rfour")); err != nil {
				return err
			}
			<-r.Context().Done()
			return s.Send("", "", []byte(context.Cause(r.Context()).Error()))
		})
	server.Raw(t, server.Route{Method: "POST", Path: "/api/slow", Access: server.User}, server.RawDoc{},
		func(w http.ResponseWriter, r *http.Request) error {
			if _, err := io.ReadAll(r.Body); err != nil {
				return server.WithCause(server.Invalid("unread", "The body did not come."), err)
			}
			time.Sleep(10 * time.Minute)
			if err := r.Context().Err(); err != nil {
				return err
			}
			_, err := io.WriteString(w, "done")
			return err
		})
}

func TestSSEFormatAndHeartbeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := newServer(t, nil, nil, stream)
		ctx, cancel := context.WithCancelCause(t.Context())
		rec := httptest.NewRecorder()
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.ServeHTTP(rec, request("GET", "/api/events", "", asUser, header("Accept-Encoding", "gzip")).WithContext(ctx))
		}()
		time.Sleep(31 * time.Second)
		s.Withdraw(func(c server.Caller) bool { return c.UserID == "somebody else" })
		synctest.Wait()
		s.Withdraw(func(c server.Caller) bool { return c.UserID == "u" })
		<-done
		cancel(nil)
		want := "id: 7\nevent: note\ndata: one\ndata: two\ndata: three\ndata: four\n\n:\n\n:\n\ndata: credential withdrawn\n\n"
		if got := rec.Body.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if h := rec.Header(); h.Get("Content-Type") != "text/event-stream" || h.Get("X-Accel-Buffering") != "no" || h.Get("Content-Encoding") != "" {
			t.Errorf("header: %v", h)
		}
	})
}

func TestSSERefusesLineBreaksInNames(t *testing.T) {
	t.Parallel()
	rec := httptest.NewRecorder()
	s, err := server.NewSSE(rec, httptest.NewRequest("GET", "/", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Send("1\ndata: forged", "", nil) == nil || s.Send("", "a\rb", nil) == nil {
		t.Error("a line break in an id or name was sent")
	}
	if rec.Body.Len() != 0 {
		t.Errorf("sent %q", rec.Body)
	}
}

// pipeListener accepts the ends of in-memory connections, whose deadlines
// follow synctest's clock.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *pipeListener) Close() error   { close(l.done); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 3000} }

// serveOnPipe runs s and returns a connection to it. Stop ends the server and
// gives what Serve returned.
func serveOnPipe(t *testing.T, s *server.Server) (client net.Conn, stop func() error) {
	t.Helper()
	l := &pipeListener{make(chan net.Conn, 1), make(chan struct{})}
	client, far := net.Pipe()
	l.conns <- far
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	return client, func() error { cancel(); return <-served }
}

const slowHead = "POST /api/slow HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer user\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n"

func TestLongWorkOutlivesTheBodyDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := newServer(t, nil, nil, stream)
		conn, stop := serveOnPipe(t, s)
		go func() { _, _ = io.WriteString(conn, slowHead+"null") }()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != 200 || string(body) != "done" {
			t.Errorf("got %d %s", resp.StatusCode, body)
		}
		_ = conn.Close()
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestASlowSenderIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := newServer(t, nil, nil, stream)
		conn, stop := serveOnPipe(t, s)
		start := time.Now()
		go func() { _, _ = io.WriteString(conn, slowHead+"nu") }()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); resp.StatusCode != 400 || took != 30*time.Second {
			t.Errorf("got %d after %s, want 400 after 30s", resp.StatusCode, took)
		}
		_ = conn.Close()
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestAnUnreadBodyDoesNotHoldTheConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := newServer(t, nil, nil, stream)
		conn, stop := serveOnPipe(t, s)
		start := time.Now()
		go func() { _, _ = io.WriteString(conn, strings.Replace(slowHead, "Bearer user", "Bearer x", 1)) }()
		data, _ := io.ReadAll(conn) // until the server closes
		if took := time.Since(start); !strings.HasPrefix(string(data), "HTTP/1.1 401") || took > 31*time.Second {
			t.Errorf("got %.40q after %s, want 401 and the end after 30s", data, took)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestStoppingEndsStreams(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := newServer(t, nil, nil, stream)
		conn, stop := serveOnPipe(t, s)
		got := make(chan string, 1)
		go func() {
			_, _ = io.WriteString(conn, "GET /api/events HTTP/1.1\r\nHost: "+host+"\r\nAuthorization: Bearer user\r\n\r\n")
			data, _ := io.ReadAll(conn)
			got <- string(data)
		}()
		time.Sleep(time.Second)
		start := time.Now()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("stopping took %s with an open stream", took)
		}
		if text := <-got; !strings.Contains(text, "server is stopping") {
			t.Errorf("stream got %q", text)
		}
	})
}

func TestListenRefusesDisabledAuthenticationOffLoopback(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"127.0.0.1:0": true, "localhost:0": true, "0.0.0.0:0": false, ":0": false, "[::]:0": false, "192.0.2.1:0": false, "nonsense": false,
	} {
		ln, err := server.Listen(t.Context(), address, true)
		if (err == nil) != ok {
			t.Errorf("listen on %q without authentication: %v, want allowed: %v", address, err, ok)
		}
		if err == nil {
			_ = ln.Close()
		}
	}
	ln, err := server.Listen(t.Context(), "0.0.0.0:0", false)
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
}

func TestAssets(t *testing.T) {
	t.Parallel()
	script := strings.Repeat("console.log(1);", 100)
	files := fstest.MapFS{
		"index.html":                  {Data: []byte("<!doctype html><title>InnoClaw</title>")},
		"assets/index-BcD12_ef.js":    {Data: []byte(script)},
		"assets/index-BcD12_ef.js.br": {Data: []byte("brotli")},
		"assets/index-BcD12_ef.js.gz": {Data: []byte("gzip")},
		"favicon.svg":                 {Data: []byte("<svg/>")},
		".gitkeep":                    {},
	}
	s, _ := newServer(t, files, nil, routes)
	get := func(path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
		return serve(s, request("GET", path, "", change...))
	}
	for encodings, want := range map[string]string{"gzip, deflate, br": "brotli", "gzip": "gzip", "": script, "br;q=0, gzip": "gzip"} {
		rec := get("/assets/index-BcD12_ef.js", header("Accept-Encoding", encodings))
		if rec.Body.String() != want || rec.Header().Get("Vary") != "Accept-Encoding" || !strings.Contains(rec.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("Accept-Encoding %q: got %.20q, %v", encodings, rec.Body, rec.Header())
		}
		if got := rec.Header().Get("Content-Type"); got != "text/javascript; charset=utf-8" {
			t.Errorf("type of a script: %q", got)
		}
	}
	for _, path := range []string{"/", "/index.html", "/w/abc/files/paper.v1.pdf", "/setup", "/apiary"} {
		rec := get(path)
		if rec.Code != 200 || !strings.Contains(rec.Body.String(), "InnoClaw") || rec.Header().Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: got %d %q %v", path, rec.Code, rec.Body, rec.Header())
		}
	}
	for _, path := range []string{"/assets/gone-12345678.js", "/assets/../index.html", "/assets/"} {
		if rec := get(path); rec.Code == 200 {
			t.Errorf("%s: got 200", path)
		}
	}
	if rec := get("/missing.js", header("Sec-Fetch-Dest", "script"), header("Sec-Fetch-Site", "same-origin")); rec.Code != 404 {
		t.Errorf("missing script: got %d", rec.Code)
	}
	etag := get("/favicon.svg").Header().Get("Etag")
	if rec := get("/favicon.svg", header("If-None-Match", etag)); etag == "" || rec.Code != 304 || rec.Body.Len() != 0 {
		t.Errorf("second load: %d, ETag %q", rec.Code, etag)
	}
	if rec := serve(s, request("POST", "/w/abc", "")); rec.Code != 405 {
		t.Errorf("POST to a page: got %d", rec.Code)
	}
	bare, _ := newServer(t, fstest.MapFS{".gitkeep": {}}, nil, routes)
	if rec := serve(bare, request("GET", "/", "")); rec.Code != 503 || !strings.Contains(rec.Body.String(), "make build") {
		t.Errorf("without a build: %d %s", rec.Code, rec.Body)
	}
}

func TestLargeFilesAreSentWhole(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("0123456789abcdef"), 400_000) // 6.4 MB: several pieces
	s, _ := newServer(t, nil, nil, func(t *server.Table) {
		server.Raw(t, server.Route{Method: "GET", Path: "/api/file", Access: server.Public}, server.RawDoc{ContentType: "application/octet-stream"},
			func(w http.ResponseWriter, r *http.Request) error {
				http.ServeContent(w, r, "x.bin", time.Time{}, bytes.NewReader(content))
				return nil
			})
	})
	ts := httptest.NewServer(s)
	defer ts.Close()
	for _, c := range []struct {
		ranged string
		want   []byte
	}{{"", content}, {"bytes=5-2097200", content[5:2097201]}, {"bytes=-3", content[len(content)-3:]}} {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", ts.URL+"/api/file", nil)
		r.Host = host
		if c.ranged != "" {
			r.Header.Set("Range", c.ranged)
		}
		resp, err := ts.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("range %q: %d bytes, %v; want %d", c.ranged, len(got), err, len(c.want))
		}
	}
}
