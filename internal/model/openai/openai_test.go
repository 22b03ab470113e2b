package openai_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innoclaw/innoclaw/internal/model"
	"github.com/innoclaw/innoclaw/internal/model/modeltest"
	"github.com/innoclaw/innoclaw/internal/model/openai"
	"github.com/innoclaw/innoclaw/internal/outbound"
)

const key = "sk-test-very-private-0123456789"

// provider makes a provider for a replay server, with short clocks.
func provider(t testing.TB, s *modeltest.Server, change ...func(*openai.Options)) *openai.Provider {
	t.Helper()
	client := outbound.New(outbound.Options{}).Client(outbound.Purpose{
		Name: "model", AllowPrivate: []string{s.HostPort()}, MaxBody: model.MaxAnswerBytes, Timeout: -1,
	})
	t.Cleanup(client.CloseIdleConnections)
	o := openai.Options{Name: "openai", BaseURL: s.URL, Key: key, Model: "replay-small", Client: client}
	for _, c := range change {
		c(&o)
	}
	p, err := openai.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var question = model.Request{System: "be brief", Messages: []model.Message{{Role: model.User, Text: "hi"}}}

// result is what a stream came to.
type result struct {
	Text, Reasoning, Finish string
	Usage                   *model.Usage
	Kind                    model.ErrorKind
	Finishes                int
}

func run(ctx context.Context, p model.Provider, r model.Request) (result, error) {
	var out result
	var failed error
	for e, err := range p.Stream(ctx, r) {
		if err != nil {
			failed = err
			var typed *model.Error
			if errors.As(err, &typed) {
				out.Kind = typed.Kind
			}
			continue
		}
		switch e.Kind {
		case model.Text:
			out.Text += e.Text
		case model.Reasoning:
			out.Reasoning += e.Text
		case model.UsageReport:
			out.Usage = e.Usage
		case model.Finish:
			out.Finish = e.FinishReason
			out.Finishes++
		}
	}
	return out, failed
}

func TestStream(t *testing.T) {
	t.Parallel()
	s := modeltest.New(t, modeltest.Answer("Hello", ", ", "wörld 世界"))
	got, err := run(t.Context(), provider(t, s), question)
	if err != nil {
		t.Fatal(err)
	}
	want := result{Text: "Hello, wörld 世界", Finish: "stop", Finishes: 1, Usage: &model.Usage{InputTokens: 100, OutputTokens: 10}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	call := s.Calls()[0]
	if got := call.Header.Get("Authorization"); got != "Bearer "+key {
		t.Errorf("Authorization = %q", got)
	}
	for name := range call.Header {
		if strings.HasPrefix(name, "X-Stainless") || strings.HasPrefix(name, "Openai-") {
			t.Errorf("header %s tells about this machine", name)
		}
	}
	var body map[string]any
	if err := json.Unmarshal(call.Body, &body); err != nil {
		t.Fatal(err)
	}
	wantBody := map[string]any{"model": "replay-small", "stream": true, "stream_options": map[string]any{"include_usage": true},
		"messages": []any{map[string]any{"role": "system", "content": "be brief"}, map[string]any{"role": "user", "content": "hi"}}}
	if diff := cmp.Diff(wantBody, body); diff != "" {
		t.Error(diff)
	}
}

// TestFaults runs everything that a server was seen to do wrong.
func TestFaults(t *testing.T) {
	t.Parallel()
	html := map[string]string{"Content-Type": "text/html; charset=utf-8"}
	long := strings.Repeat("x", 1<<20)
	for name, c := range map[string]struct {
		reply   modeltest.Reply
		want    result
		message string // part of the error's text
	}{
		"401":            {modeltest.Error(401, "invalid_api_key", "Incorrect API key provided: "+key), result{Kind: model.Auth}, "[redacted]"},
		"403":            {modeltest.Error(403, "", "no access"), result{Kind: model.Auth}, "no access"},
		"404 model":      {modeltest.Error(404, "model_not_found", "no such model"), result{Kind: model.NotFound}, "no such model"},
		"429 rate":       {modeltest.Error(429, "rate_limit_exceeded", "slow down"), result{Kind: model.Rate}, "slow down"},
		"429 quota":      {modeltest.Error(429, "insufficient_quota", "pay"), result{Kind: model.Quota}, "pay"},
		"402":            {modeltest.Error(402, "", "pay"), result{Kind: model.Quota}, ""},
		"400 context":    {modeltest.Error(400, "context_length_exceeded", "too long"), result{Kind: model.ContextTooLong}, ""},
		"400 words":      {modeltest.Error(400, "", "This model's maximum context length is 4096 tokens"), result{Kind: model.ContextTooLong}, ""},
		"400":            {modeltest.Error(400, "", "bad temperature"), result{Kind: model.BadRequest}, "bad temperature"},
		"400 filter":     {modeltest.Error(400, "content_filter", "no"), result{Kind: model.Refused}, ""},
		"500":            {modeltest.Error(500, "", "oops"), result{Kind: model.Overloaded}, ""},
		"503 html":       {modeltest.Reply{Status: 503, Header: html, Body: "<html>busy</html>"}, result{Kind: model.Overloaded}, "503"},
		"404 html":       {modeltest.Reply{Status: 404, Header: html, Body: "<html>nginx</html>"}, result{Kind: model.NotFound}, "404"},
		"error string":   {modeltest.Reply{Status: 404, Header: map[string]string{"Content-Type": "application/json"}, Body: `{"error":"model 'x' not found"}`}, result{Kind: model.NotFound}, "model 'x' not found"},
		"html 200":       {modeltest.Reply{Header: html, Body: "<html>log in</html>"}, result{Kind: model.BadResponse}, "text/html"},
		"json 200":       {modeltest.Reply{Header: map[string]string{"Content-Type": "application/json"}, Body: `{"error":{"message":"busy","code":"overloaded"}}`}, result{Kind: model.Overloaded}, "busy"},
		"empty body":     {modeltest.Reply{}, result{Kind: model.BadResponse}, "empty"},
		"only done":      {modeltest.Reply{Body: modeltest.Done}, result{Kind: model.BadResponse}, "empty"},
		"no text":        {modeltest.Reply{Body: modeltest.Finish("stop") + modeltest.Done}, result{Kind: model.BadResponse}, "no text"},
		"half":           {modeltest.Reply{Body: modeltest.Chunk("half")}, result{Kind: model.Network, Text: "half"}, "cut off"},
		"broken json":    {modeltest.Reply{Body: modeltest.Chunk("a") + "data: {\"choices\":[{\n\n"}, result{Kind: model.BadResponse, Text: "a"}, "damaged"},
		"wrong types":    {modeltest.Reply{Body: "data: [1,2,3]\n\n" + modeltest.Done}, result{Kind: model.BadResponse}, ""},
		"error inside":   {modeltest.Reply{Body: modeltest.Chunk("a") + modeltest.Raw(`{"error":{"message":"gpu fell off","code":"server_error"}}`)}, result{Kind: model.Overloaded, Text: "a"}, "gpu fell off"},
		"error null":     {modeltest.Reply{Body: modeltest.Raw(`{"error":null,"choices":[{"index":0,"delta":{"content":"ok"},"finish_reason":"stop"}]}`) + modeltest.Done}, result{Text: "ok", Finish: "stop", Finishes: 1}, ""},
		"no done":        {modeltest.Reply{Body: modeltest.Chunk("ok") + modeltest.Finish("stop")}, result{Text: "ok", Finish: "stop", Finishes: 1}, ""},
		"no finish":      {modeltest.Reply{Body: modeltest.Chunk("ok") + modeltest.Done}, result{Text: "ok", Finish: "stop", Finishes: 1}, ""},
		"length":         {modeltest.Reply{Body: modeltest.Chunk("ok") + modeltest.Finish("length") + modeltest.Done}, result{Text: "ok", Finish: "length", Finishes: 1}, ""},
		"refusal":        {modeltest.Reply{Body: modeltest.Delta(`{"refusal":"I can't help"}`) + modeltest.Done}, result{Kind: model.Refused}, "I can't help"},
		"filter":         {modeltest.Reply{Body: modeltest.Finish("content_filter") + modeltest.Done}, result{Kind: model.Refused}, ""},
		"reasoning":      {modeltest.Reply{Body: modeltest.Delta(`{"reasoning_content":"hmm "}`) + modeltest.Delta(`{"reasoning":"ok"}`) + modeltest.Chunk("yes") + modeltest.Finish("stop") + modeltest.Done}, result{Reasoning: "hmm ok", Text: "yes", Finish: "stop", Finishes: 1}, ""},
		"think tag":      {modeltest.Reply{Body: modeltest.Chunk("<th") + modeltest.Chunk("ink>\nhm</thi") + modeltest.Chunk("nk>\n\nyes <think> no") + modeltest.Finish("stop") + modeltest.Done}, result{Reasoning: "\nhm", Text: "yes <think> no", Finish: "stop", Finishes: 1}, ""},
		"think like":     {modeltest.Reply{Body: modeltest.Chunk("<th") + modeltest.Finish("stop") + modeltest.Done}, result{Text: "<th", Finish: "stop", Finishes: 1}, ""},
		"comments, CRLF": {modeltest.Reply{Body: ": keep-alive\r\n\r\nid: 1\r\nevent: message\r\n" + strings.ReplaceAll(modeltest.Chunk("ok")+modeltest.Finish("stop")+modeltest.Done, "\n", "\r\n")}, result{Text: "ok", Finish: "stop", Finishes: 1}, ""},
		"second choice":  {modeltest.Reply{Body: modeltest.Raw(`{"choices":[{"index":1,"delta":{"content":"no"}},{"index":0,"delta":{"content":"ok"},"finish_reason":"stop"}]}`) + modeltest.Done}, result{Text: "ok", Finish: "stop", Finishes: 1}, ""},
		"huge line":      {modeltest.Reply{Body: modeltest.Chunk(long) + modeltest.Finish("stop") + modeltest.Done}, result{Text: long, Finish: "stop", Finishes: 1}, ""},
		"too much":       {modeltest.Reply{Body: strings.Repeat(": "+long+"\n\n", 33)}, result{Kind: model.BadResponse}, "too large"},
		"redirect":       {modeltest.Reply{Status: 307, Header: map[string]string{"Location": "http://169.254.169.254/latest"}}, result{Kind: model.Network}, "redirect"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := modeltest.New(t, c.reply)
			got, err := run(t.Context(), provider(t, s), question)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s\nerror: %v", diff, err)
			}
			if (err != nil) != (c.want.Kind != "") {
				t.Fatalf("err = %v", err)
			}
			if err == nil {
				return
			}
			shown := fmt.Sprintf("%v %+v", err, err)
			var typed *model.Error
			if errors.As(err, &typed) {
				shown += typed.Public()
			}
			if !strings.Contains(shown, c.message) {
				t.Errorf("error %q does not say %q", shown, c.message)
			}
			if strings.Contains(shown, key) || strings.Contains(fmt.Sprint(errors.Unwrap(err)), key) {
				t.Errorf("error shows the key: %q", shown)
			}
			if typed != nil && typed.Delivered != (c.want.Text != "") {
				t.Errorf("Delivered = %v with text %q", typed.Delivered, c.want.Text)
			}
		})
	}
}

// TestCutEverywhere drops the connection after each byte of a stream: the answer is
// either complete or an error, and its text a prefix.
func TestCutEverywhere(t *testing.T) {
	t.Parallel()
	body := modeltest.Chunk("one ") + modeltest.Chunk("two") + modeltest.Finish("stop") + modeltest.Done
	finished := strings.Index(body, `"stop"`)
	s := modeltest.New(t)
	p := provider(t, s)
	for cut := -1; cut <= len(body); cut++ {
		if cut == 0 {
			continue
		}
		s.Set(modeltest.Reply{Body: body, Cut: cut})
		got, err := run(t.Context(), p, question)
		if !strings.HasPrefix("one two", got.Text) {
			t.Fatalf("cut %d: text %q", cut, got.Text)
		}
		switch {
		case err == nil && (cut < finished || got.Text != "one two" || got.Finishes != 1):
			t.Fatalf("cut %d: taken for complete: %+v", cut, got)
		case err != nil && got.Kind != model.Network && got.Kind != model.BadResponse:
			t.Fatalf("cut %d: %v", cut, err)
		case err != nil && got.Finishes != 0:
			t.Fatalf("cut %d: both finished and failed", cut)
		}
	}
}

func TestSilence(t *testing.T) {
	t.Parallel()
	short := func(o *openai.Options) { o.FirstByte, o.Idle = 150*time.Millisecond, 150*time.Millisecond }
	never := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(func() { never.CloseClientConnections(); never.Close() })
	stalled := modeltest.New(t, modeltest.Reply{Pieces: []string{modeltest.Chunk("a")}, Stall: true})
	got, err := run(t.Context(), provider(t, stalled, short), question)
	if got.Text != "a" || got.Kind != model.Network || !strings.Contains(err.Error(), "stopped in the middle") {
		t.Errorf("stall: %+v, %v", got, err)
	}
	client := outbound.New(outbound.Options{}).Client(outbound.Purpose{Name: "model", AllowPrivate: []string{strings.TrimPrefix(never.URL, "http://")}, Timeout: -1})
	got, err = run(t.Context(), provider(t, stalled, short, func(o *openai.Options) { o.BaseURL, o.Client = never.URL, client }), question)
	if got.Kind != model.Network || !strings.Contains(err.Error(), "no answer in time") {
		t.Errorf("never: %+v, %v", got, err)
	}
}

func TestCancelIsNotAnError(t *testing.T) {
	t.Parallel()
	s := modeltest.New(t, modeltest.Reply{Pieces: []string{modeltest.Chunk("a")}, Stall: true})
	ctx, cancel := context.WithCancel(t.Context())
	for e, err := range provider(t, s).Stream(ctx, question) {
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("err = %v", err)
			}
			break
		}
		if e.Text == "a" {
			cancel()
		}
	}
	cancel()
}

func TestServerWithoutUsage(t *testing.T) {
	t.Parallel()
	s := modeltest.New(t, modeltest.Error(400, "", "Unrecognized request argument supplied: stream_options"), modeltest.Answer("ok"))
	p := provider(t, s)
	for range 2 {
		if got, err := run(t.Context(), p, question); err != nil || got.Text != "ok" {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if n := len(s.Calls()); n != 3 {
		t.Errorf("%d calls, want 3: the rejection is remembered", n)
	}
	if strings.Contains(string(s.Calls()[2].Body), "stream_options") {
		t.Error("stream_options sent again")
	}
}

func TestFirstListedModel(t *testing.T) {
	t.Parallel()
	s := modeltest.New(t, modeltest.Answer("ok"))
	s.Models = []string{"nomic-embed-text", "zephyr"}
	if _, err := run(t.Context(), provider(t, s, func(o *openai.Options) { o.Model = "" }), question); err != nil {
		t.Fatal(err)
	}
	if body := string(s.Calls()[0].Body); !strings.Contains(body, `"model":"zephyr"`) {
		t.Errorf("body = %s", body)
	}
}

func TestNoKeyNoHeader(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "sk-from-environment")
	t.Setenv("OPENAI_ORG_ID", "org-from-environment")
	s := modeltest.New(t, modeltest.Answer("ok"))
	if _, err := run(t.Context(), provider(t, s, func(o *openai.Options) { o.Key = "" }), question); err != nil {
		t.Fatal(err)
	}
	if h := fmt.Sprint(s.Calls()[0].Header); strings.Contains(h, "from-environment") || strings.Contains(h, "Authorization") {
		t.Errorf("header = %s", h)
	}
}

func TestBaseURL(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"http://127.0.0.1:11434":                 "http://127.0.0.1:11434/v1",
		"http://127.0.0.1:11434/v1/":             "http://127.0.0.1:11434/v1",
		"localhost:8000":                         "http://localhost:8000/v1",
		"https://x.example/openai/v1":            "https://x.example/openai/v1",
		" https://x.example/v1/chat/completions": "https://x.example/v1",
		"file:///etc/passwd":                     "",
		"https://user:pw@x.example":              "",
		"https://x.example?key=1":                "",
		"":                                       "",
	} {
		u, err := openai.BaseURL(in)
		got := ""
		if err == nil {
			got = u.String()
		}
		if got != want {
			t.Errorf("BaseURL(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestRetry(t *testing.T) {
	t.Parallel()
	busy := modeltest.Error(503, "", "busy")
	t.Run("recovers", func(t *testing.T) {
		t.Parallel()
		s := modeltest.New(t, busy, modeltest.Answer("ok"))
		got, err := run(t.Context(), model.Retry(provider(t, s)), question)
		if err != nil || got.Text != "ok" || got.Finishes != 1 {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("never repeats a delivered text", func(t *testing.T) {
		t.Parallel()
		s := modeltest.New(t, modeltest.Reply{Body: modeltest.Chunk("half")}, modeltest.Answer("whole"))
		got, _ := run(t.Context(), model.Retry(provider(t, s)), question)
		if got.Text != "half" || got.Kind != model.Network || len(s.Calls()) != 1 {
			t.Errorf("%+v after %d calls", got, len(s.Calls()))
		}
	})
	t.Run("waits as asked", func(t *testing.T) {
		t.Parallel()
		limited := modeltest.Error(429, "", "slow")
		limited.Header["Retry-After-Ms"] = "300"
		s := modeltest.New(t, limited, modeltest.Answer("ok"))
		start := time.Now()
		if got, err := run(t.Context(), model.Retry(provider(t, s)), question); err != nil || got.Text != "ok" {
			t.Errorf("%+v, %v", got, err)
		}
		if took := time.Since(start); took < 300*time.Millisecond {
			t.Errorf("waited %v, asked for 300ms", took)
		}
	})
	t.Run("gives up when asked for long", func(t *testing.T) {
		t.Parallel()
		limited := modeltest.Error(429, "", "slow")
		limited.Header["Retry-After"] = "3600"
		s := modeltest.New(t, limited)
		_, err := run(t.Context(), model.Retry(provider(t, s)), question)
		var e *model.Error
		if !errors.As(err, &e) || e.RetryAfter != time.Hour || len(s.Calls()) != 1 {
			t.Errorf("%v after %d calls", err, len(s.Calls()))
		}
	})
	t.Run("not what cannot help", func(t *testing.T) {
		t.Parallel()
		s := modeltest.New(t, modeltest.Error(401, "", "no"))
		run(t.Context(), model.Retry(provider(t, s)), question)
		if len(s.Calls()) != 1 {
			t.Errorf("%d calls", len(s.Calls()))
		}
	})
}
