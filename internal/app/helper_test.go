package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/client"
	"github.com/innoclaw/innoclaw/internal/app/apptest"
)

// patience bounds every wait for something that must happen.
const patience = 30 * time.Second

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reply is what a request got.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// problem is the part of a problem document that people and programs read.
type problem struct{ Code, Error string }

func (r reply) problem() problem {
	var p problem
	_ = json.Unmarshal(r.body, &p) // no document, no code
	return p
}

// into decodes the answer, which must have succeeded.
func (r reply) into(t testing.TB, v any) {
	t.Helper()
	if r.status >= 300 {
		t.Fatalf("got %d: %s", r.status, r.body)
	}
	must(t, json.Unmarshal(r.body, v))
}

// open sends a request as p; a body that is no reader goes as JSON.
func open(ctx context.Context, t testing.TB, h *http.Client, method, url string, body any, header ...string) *http.Response {
	t.Helper()
	var reader io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		must(t, err)
		reader = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(ctx, method, url, reader)
	must(t, err)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := h.Do(r)
	must(t, err)
	t.Cleanup(func() { response.Body.Close() })
	return response
}

// call sends a request as p and reads the whole answer.
func call(t testing.TB, a *apptest.App, p apptest.Person, method, path string, body any, header ...string) reply {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	response := open(ctx, t, p.HTTP, method, a.URL+path, body, header...)
	read, err := io.ReadAll(response.Body)
	must(t, err)
	return reply{response.StatusCode, response.Header, read}
}

// sse is one server-sent event.
type sse struct{ id, data string }

// events reads a stream to its end, or until want says that it has enough.
func events(t testing.TB, body io.Reader, enough func(sse) bool) []sse {
	t.Helper()
	var all []sse
	var e sse
	scanner := bufio.NewScanner(body)
	scanner.Buffer(nil, 8<<20)
	for scanner.Scan() {
		field, value, _ := strings.Cut(scanner.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case scanner.Text() == "" && e != sse{}:
			all = append(all, e)
			if enough != nil && enough(e) {
				return all
			}
			e = sse{}
		case field == "id":
			e.id = value
		case field == "data":
			e.data += value
		}
	}
	return all
}

// eventually waits until done gives nothing left to wish for.
func eventually(t testing.TB, done func() (missing string)) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for missing := done(); missing != ""; missing = done() {
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %s", patience, missing)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// ask asks as p and fails the test if there is no whole answer.
func ask(t testing.TB, p apptest.Person, q client.Question) client.Answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	answer, err := p.Ask(ctx, q, nil)
	must(t, err)
	return answer
}

// stored is what GET /api/files/text says.
type stored struct {
	Path, Type, Text, ContentHash string
}

// checkQuotes compares each citation with the words that stand at its place.
func checkQuotes(t testing.TB, a *apptest.App, p apptest.Person, workspaceID string, answer client.Answer) {
	t.Helper()
	if !answer.Supported || len(answer.Citations) == 0 {
		t.Errorf("the answer has no support: %+v", answer)
	}
	for _, c := range answer.Citations {
		var text stored
		call(t, a, p, "GET", "/api/files/text?workspaceId="+workspaceID+"&path="+escape(c.Path), nil).into(t, &text)
		runes := []rune(text.Text)
		if c.State != "verified" || c.Start < 0 || c.End > len(runes) || c.Start >= c.End {
			t.Errorf("citation %+v", c)
			continue
		}
		if got := string(runes[c.Start:c.End]); got != c.Quote || c.ContentHash != text.ContentHash {
			t.Errorf("citation %s: at %d..%d of %s stands %q, the quote is %q", c.ID, c.Start, c.End, c.Path, got, c.Quote)
		}
		if !strings.Contains(answer.Text, "[^"+c.ID+"]") {
			t.Errorf("citation %s stands nowhere in %q", c.ID, answer.Text)
		}
	}
}

// logs collects what the server logs.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer // mu guards it
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
