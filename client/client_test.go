package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/innoclaw/innoclaw/client"
)

// serve gives a client of a server that answers everything with h.
func serve(t *testing.T, h http.HandlerFunc, options ...client.Option) *client.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	c, err := client.New(s.URL+"/below/", options...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "127.0.0.1:3000", "ftp://x", "http://", "://", "http://a b"} {
		if _, err := client.New(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	var got []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Method+" "+r.URL.EscapedPath()+"?"+r.URL.RawQuery+" "+r.Header.Get("Authorization")+" "+r.Header.Get("Content-Type"))
		io.WriteString(w, "{}")
	}, client.WithToken("ict_x"))
	if _, err := c.Run(t.Context(), "a/b c"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Search(t.Context(), "w", "ä & b", 3, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Sync(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.WriteFile(t.Context(), "w", "a.md", "text", ""); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		"GET /below/api/runs/a%2Fb%20c? Bearer ict_x ",
		"GET /below/api/search?k=3&q=%C3%A4+%26+b&workspaceId=w Bearer ict_x ",
		"POST /below/api/workspaces/w/sync? Bearer ict_x ",
		"POST /below/api/files/write? Bearer ict_x application/json",
	} {
		if got[i] != want {
			t.Errorf("request %d is %q, want %q", i, got[i], want)
		}
	}
	for _, id := range []string{"", "..", "."} {
		if _, err := c.Run(t.Context(), id); err == nil {
			t.Errorf("the id %q reached another address", id)
		}
	}
	if len(got) != 4 {
		t.Errorf("requests %q", got[4:])
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		status            int
		contentType, body string
		code, message     string
	}{
		"problem":     {409, "application/problem+json", `{"code":"changed","error":"It changed.","requestId":"r1","details":{"contentHash":"h"}}`, "changed", "It changed."},
		"with set":    {404, "application/problem+json; charset=utf-8", `{"code":"not_found","error":"Not found."}`, "not_found", "Not found."},
		"a proxy":     {502, "text/html", "<html>Bad gateway</html>", "", "server answered 502 Bad Gateway"},
		"plain text":  {500, "text/plain; charset=utf-8", " out of order \n", "", "out of order"},
		"broken JSON": {500, "application/json", `{"code":"x`, "", "server answered 500 Internal Server Error"},
		"null":        {503, "application/json", `null`, "", "server answered 503 Service Unavailable"},
		"odd status":  {599, "", "", "", "server answered 599"},
		"half":        {400, "text/plain", strings.Repeat("ä", 150), "", strings.Repeat("ä", 100)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", row.contentType)
				w.WriteHeader(row.status)
				io.WriteString(w, row.body)
			})
			_, err := c.Me(t.Context())
			var problem *client.Error
			if !errors.As(err, &problem) || problem.Status != row.status || problem.Code != row.code || err.Error() != row.message {
				t.Errorf("%#v, want %d %q %q", err, row.status, row.code, row.message)
			}
			if client.IsCode(err, "changed") != (row.code == "changed") {
				t.Errorf("IsCode of %v", err)
			}
		})
	}
}

// chat answers with the given stream and, if cut is set, drops the connection.
func chat(stream string, cut bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("X-Innoclaw-Run-Id", "run1")
		w.Header().Set("X-Innoclaw-Conversation-Id", "conv1")
		io.WriteString(w, stream)
		if cut {
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	}
}

const goodStart = "id: 1\ndata: {\"type\":\"text-delta\",\"delta\":\"Tin \"}\n\n: heartbeat\n\nid: 2\ndata: {\"type\":\"data-citation\",\"data\":{\"id\":\"c1\",\"path\":\"a.md\",\"quote\":\"232\",\"state\":\"verified\"}}\n\n"

func TestAnswersThatEndBadly(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		stream string
		cut    bool
		want   string
	}{
		"no end":       {goodStart, false, "broke off"},
		"cut":          {goodStart, true, "unexpected EOF"},
		"cut in event": {goodStart + "id: 3\ndata: {\"type\":\"text-", true, "unexpected EOF"},
		"an error":     {goodStart + "id: 3\ndata: {\"type\":\"error\",\"errorText\":\"The model is busy.\"}\n\ndata: [DONE]\n\n", false, "The model is busy."},
		"no JSON":      {goodStart + "data: <html>\n\n", false, "invalid character"},
		"odd citation": {goodStart + "data: {\"type\":\"data-citation\",\"data\":{\"start\":\"x\"}}\n\n", false, "read citation"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer, err := serve(t, chat(row.stream, row.cut)).Ask(t.Context(), client.Question{WorkspaceID: "w", Text: "q"}, nil)
			if !errors.Is(err, client.ErrAnswer) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v, want %q", err, row.want)
			}
			if answer.Text != "Tin " || len(answer.Citations) != 1 || answer.RunID != "run1" || answer.ConversationID != "conv1" {
				t.Errorf("what had arrived is lost: %+v", answer)
			}
		})
	}
}

func TestAnswerThatEndsWell(t *testing.T) {
	t.Parallel()
	stream := goodStart + "id: 3\ndata: {\"type\":\"text-delta\",\"delta\":\"melts.\"}\n\nid: 4\ndata: {\"type\":\"data-support\",\"data\":{\"supported\":true}}\n\ndata: [DONE]\n\n"
	var seen []string
	answer, err := serve(t, chat(stream, false)).Ask(t.Context(), client.Question{WorkspaceID: "w", Text: "q"},
		func(p client.Part) { seen = append(seen, p.Seq+" "+p.Type) })
	if err != nil || answer.Text != "Tin melts." || !answer.Supported {
		t.Errorf("%+v, %v", answer, err)
	}
	if got := strings.Join(seen, ", "); got != "1 text-delta, 2 data-citation, 3 text-delta, 4 data-support" {
		t.Errorf("parts %s", got)
	}
}

func TestFollowingARun(t *testing.T) {
	t.Parallel()
	end := "id: 3\nevent: state\ndata: {\"state\":\"succeeded\"}\n\n"
	for name, row := range map[string]struct {
		stream string
		cut    bool
		want   error
	}{
		"ended":         {"id: 2\nevent: progress\ndata: {}\n\n" + end, false, nil},
		"broke off":     {"id: 2\nevent: progress\ndata: {}\n\n", false, client.ErrBroken},
		"only running":  {"id: 2\nevent: state\ndata: {\"state\":\"running\"}\n\n", false, client.ErrBroken},
		"nothing":       {"", false, client.ErrBroken},
		"cut":           {"id: 2\nevent: progress\ndata: {}\n\n", true, io.ErrUnexpectedEOF},
		"half an event": {"id: 3\nevent: state\ndata: {\"state\":\"succeeded\"}\n", false, client.ErrBroken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			after := ""
			handler := chat(row.stream, row.cut)
			c := serve(t, func(w http.ResponseWriter, r *http.Request) { after = r.Header.Get("Last-Event-ID"); handler(w, r) })
			var last int64
			err := c.FollowRun(t.Context(), "r", 1, func(e client.RunEvent) error { last = e.Seq; return nil })
			if !errors.Is(err, row.want) || (err == nil) != (row.want == nil) {
				t.Errorf("error %v, want %v", err, row.want)
			}
			if after != "1" || row.want == nil && last != 3 {
				t.Errorf("after %q, last %d", after, last)
			}
		})
	}
	c := serve(t, chat("id: x\ndata: {}\n\n", false))
	if err := c.FollowRun(t.Context(), "r", 0, func(client.RunEvent) error { return nil }); err == nil {
		t.Error("an event without a number was taken")
	}
}

// TestSilentServer leaves a call when its context ends, however silent the server is.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).Flush()
		close(arrived)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	if _, err := c.Ask(ctx, client.Question{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestAnswersAreBounded stops at an answer without end.
func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	c, err := client.New("http://example.org", client.WithHTTPClient(&http.Client{Transport: endless{}}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Workspaces(t.Context()); err == nil {
		t.Error("an endless answer was read")
	}
}

// endless answers with an array that never ends.
type endless struct{}

func (endless) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(io.MultiReader(strings.NewReader("["), spaces{})), Request: r}, nil
}

type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
