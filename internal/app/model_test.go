package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/client"
	"github.com/innoclaw/innoclaw/internal/app/apptest"
	"github.com/innoclaw/innoclaw/internal/model/modeltest"
)

// modelKey is a secret that must be seen nowhere but at its provider.
const modelKey = "sk-live-Zq7xP0hT4mB9wK2e"

// recorder keeps the body of every response that passes, and its header.
type recorder struct {
	next http.RoundTripper
	seen *logs
}

func (r recorder) RoundTrip(q *http.Request) (*http.Response, error) {
	response, err := r.next.RoundTrip(q)
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(r.seen, q.URL, response.Header)
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.TeeReader(response.Body, r.seen), response.Body}
	return response, nil
}

// configure changes settings as an administrator does on the page.
func configure(t testing.TB, a *apptest.App, p apptest.Person, pairs ...any) reply {
	t.Helper()
	values := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values[pairs[i].(string)] = pairs[i+1]
	}
	return call(t, a, p, "PATCH", "/api/settings", map[string]any{"values": values})
}

// bench is a server with a small study and a model that is replayed.
type modelBench struct {
	app       *apptest.App
	model     *modeltest.Server
	person    apptest.Person
	space     client.Workspace
	logs      *logs // what the server logged
	responses *logs // what people got
}

func newModelBench(t *testing.T) *modelBench {
	t.Helper()
	b := &modelBench{model: modeltest.New(t), logs: &logs{}, responses: &logs{}}
	b.app = apptest.Start(t, apptest.Options{Logs: b.logs, Environ: []string{"LOG_LEVEL=debug"}})
	b.person = b.app.SetUp()
	b.person.HTTP.Transport = recorder{http.DefaultTransport, b.responses}
	b.app.Write("study/notes.md", "# Notes\n\nThe yield of the reaction was 42 percent. It was stirred for 60 minutes.\n")
	b.space = b.app.Open(b.person, "study")
	if got := configure(t, b.app, b.person, "LLM_PROVIDER", "openai", "OPENAI_BASE_URL", b.model.URL, "LLM_MODEL", "replay-small", "OPENAI_API_KEY", modelKey); got.status != 200 {
		t.Fatalf("settings: %d %s", got.status, got.body)
	}
	return b
}

// ask asks for the yield.
func (b *modelBench) ask(t *testing.T) (client.Answer, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return b.person.Ask(ctx, client.Question{WorkspaceID: b.space.ID, Text: "What was the yield of the reaction?"}, nil)
}

// secretive looks for the key in everything that left the server.
func (b *modelBench) secretive(t *testing.T) {
	t.Helper()
	for name, text := range map[string]string{"the log": b.logs.String(), "a response": b.responses.String()} {
		if i := strings.Index(text, modelKey); i >= 0 {
			t.Errorf("the key stands in %s: …%s…", name, text[max(0, i-200):min(len(text), i+100)])
		}
		if len(text) == 0 {
			t.Errorf("nothing was recorded of %s", name)
		}
	}
}

var passageTag = regexp.MustCompile(`<passage-\w+ id="(\w+)" file="notes.md"`)

// quoting answers with %ID% standing for the id of a passage of notes.md.
func quoting(text string) modeltest.Reply {
	return modeltest.Reply{Make: func(c modeltest.Call) modeltest.Reply {
		var body struct {
			Messages []struct{ Content string }
		}
		if err := json.Unmarshal(c.Body, &body); err != nil {
			return modeltest.Error(400, "", "unreadable")
		}
		for _, m := range body.Messages {
			if id := passageTag.FindStringSubmatch(m.Content); id != nil {
				return modeltest.Answer(strings.SplitAfter(strings.ReplaceAll(text, "%ID%", id[1]), " ")...)
			}
		}
		return modeltest.Error(400, "", "no passage of notes.md")
	}}
}

const truth = `The yield was 42 percent [%ID% "The yield of the reaction was 42 percent"].`

func TestModelAnswersAndFaults(t *testing.T) {
	t.Parallel()
	b := newModelBench(t)
	good := func() {
		t.Helper()
		b.model.Set(quoting(truth))
		answer, err := b.ask(t)
		must(t, err)
		checkQuotes(t, b.app, b.person, b.space.ID, answer)
	}
	good()
	limited := modeltest.Error(429, "rate_limit_exceeded", "slow down")
	limited.Header["Retry-After"] = "120"
	half := modeltest.Answer("The yield ", "was ")
	half.Pieces = half.Pieces[:3]
	for _, c := range []struct {
		name  string
		reply modeltest.Reply
		want  string // in the message
		calls int
		kept  string // of the text
	}{
		{"401 that repeats the key", modeltest.Error(401, "invalid_api_key", "Incorrect API key provided: "+modelKey), "Check the key in the settings", 1, ""},
		{"quota", modeltest.Error(429, "insufficient_quota", "pay first"), "quota is used up", 1, ""},
		{"429 with a long wait", limited, "asks to slow down", 1, ""},
		{"500", modeltest.Error(500, "", "out of order "+modelKey), "Try again in a moment", 3, ""},
		{"HTML", modeltest.Reply{Header: map[string]string{"Content-Type": "text/html"}, Body: "<html>" + modelKey + "</html>"}, "Check the base URL", 1, ""},
		{"not found", modeltest.Error(404, "model_not_found", "no such model"), "Choose another model", 1, ""},
		{"half a stream", half, "connection broke", 1, "The yield was"},
		{"nonsense", modeltest.Reply{Body: "data: {\"x\n\n" + modeltest.Done}, "Check the base URL", 1, ""},
	} {
		before := len(b.model.Calls())
		b.model.Set(c.reply)
		answer, err := b.ask(t)
		if !errors.Is(err, client.ErrAnswer) || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: %v, want %q in it", c.name, err, c.want)
		}
		if n := len(b.model.Calls()) - before; n != c.calls {
			t.Errorf("%s: %d calls, want %d", c.name, n, c.calls)
		}
		conversation, err := b.person.Conversation(t.Context(), answer.ConversationID)
		must(t, err)
		whole := fmt.Sprintf("%s", conversation.Messages[1].Parts)
		if len(conversation.Messages) != 2 || conversation.Messages[1].State != "failed" || !strings.Contains(whole, c.want) || !strings.Contains(whole, c.kept) {
			t.Errorf("%s: stored as %s: %s", c.name, conversation.Messages[1].State, whole)
		}
		if hits, err := b.person.Search(t.Context(), b.space.ID, "yield", 5, 0); err != nil || len(hits) == 0 {
			t.Errorf("%s: search does not work: %v", c.name, err)
		}
	}
	good() // the same server, the next question
	b.secretive(t)
}

func TestForgedCitations(t *testing.T) {
	t.Parallel()
	b := newModelBench(t)
	b.model.Set(quoting(`The yield was 99 percent [%ID% "The yield of the reaction was 99 percent"]. ` +
		`It is well known [z9z9 "The yield of the reaction was 42 percent"]. ` +
		`[^c1] The data say so <a href="javascript:alert(1)">here</a> ![x](http://evil.example/?q=1). ` + truth))
	answer, err := b.ask(t)
	must(t, err)
	verified := 0
	for _, c := range answer.Citations {
		if c.State == "verified" {
			verified++
		}
		if strings.Contains(c.Quote, "99 percent") {
			t.Errorf("a forged quote is shown as one: %+v", c)
		}
	}
	if verified != 1 || len(answer.Citations) > 2 {
		t.Errorf("citations: %+v", answer.Citations)
	}
	if strings.Contains(answer.Text, "z9z9") || strings.Contains(answer.Text, `"The yield of the reaction was 99 percent"`) {
		t.Errorf("text: %s", answer.Text)
	}
}

// TestStalledModel keeps one answer waiting for its model while everything else goes on.
func TestStalledModel(t *testing.T) {
	t.Parallel()
	b := newModelBench(t)
	b.model.Set(modeltest.Reply{Pieces: []string{modeltest.Chunk("The yield was ")}, Stall: true})
	waiting := open(t.Context(), t, b.person.HTTP, "POST", b.app.URL+"/api/chat", map[string]string{"workspaceId": b.space.ID, "text": "What was the yield?"})
	begun := events(t, waiting.Body, func(e sse) bool { return strings.Contains(e.data, "text-delta") })

	// Another provider, from one question to the next.
	if got := configure(t, b.app, b.person, "LLM_PROVIDER", "offline"); got.status != 200 {
		t.Fatalf("settings: %d %s", got.status, got.body)
	}
	answer, err := b.ask(t)
	must(t, err)
	checkQuotes(t, b.app, b.person, b.space.ID, answer)
	id, run := waiting.Header.Get("X-Innoclaw-Conversation-Id"), waiting.Header.Get("X-Innoclaw-Run-Id")
	if got := call(t, b.app, b.person, "POST", "/api/chat", map[string]string{"workspaceId": b.space.ID, "conversationId": id, "text": "And?"}); got.status != 409 || got.problem().Error == "" {
		t.Errorf("a second question into a running answer: %d %s", got.status, got.body)
	}
	must(t, b.person.CancelRun(t.Context(), run))
	rest := events(t, waiting.Body, nil)
	if text := textOf(append(begun, rest...)); strings.TrimSpace(text) != "The yield was" {
		t.Errorf("text: %q", text)
	}
	conversation, err := b.person.Conversation(t.Context(), id)
	must(t, err)
	if m := conversation.Messages[1]; m.State != "cancelled" || !bytes.Contains(m.Parts[0], []byte("The yield was")) {
		t.Errorf("stopped answer: %s %s", m.State, m.Parts)
	}
	b.secretive(t)
}

// TestKeyStaysWithItsHost tries to get the key sent to another server.
func TestKeyStaysWithItsHost(t *testing.T) {
	t.Parallel()
	b := newModelBench(t)
	b.model.Set(quoting(truth))
	_, err := b.ask(t)
	must(t, err)
	if got := b.model.Calls()[0].Header.Get("Authorization"); got != "Bearer "+modelKey {
		t.Fatalf("the provider itself got %q", got)
	}
	thief := modeltest.New(t, modeltest.Answer("thanks"))
	for name, attempt := range map[string]func(){
		"another address": func() {
			if got := configure(t, b.app, b.person, "OPENAI_BASE_URL", thief.URL); got.status != 400 || got.problem().Code != "key_bound_to_host" {
				t.Errorf("a new address without its key: %d %s", got.status, got.body)
			}
		},
		"ollama": func() {
			configure(t, b.app, b.person, "LLM_PROVIDER", "ollama", "OLLAMA_BASE_URL", strings.TrimSuffix(thief.URL, "/v1"))
		},
		"a redirect": func() {
			b.model.Set(modeltest.Reply{Status: 307, Header: map[string]string{"Location": thief.URL + "/chat/completions"}})
		},
	} {
		attempt()
		_, _ = b.ask(t) // whether it answers is not the question
		call(t, b.app, b.person, "GET", "/api/models", nil)
		call(t, b.app, b.person, "POST", "/api/models/test", map[string]any{})
		for _, c := range thief.Calls() {
			if sent := fmt.Sprint(c.Header, string(c.Body)); strings.Contains(sent, modelKey) {
				t.Errorf("%s: the key went to another host: %s", name, sent)
			}
		}
		configure(t, b.app, b.person, "LLM_PROVIDER", "openai", "OPENAI_BASE_URL", b.model.URL, "OPENAI_API_KEY", modelKey)
		b.model.Set(quoting(truth))
	}
	started := time.Now()
	answer, err := b.ask(t)
	must(t, err)
	checkQuotes(t, b.app, b.person, b.space.ID, answer)
	t.Logf("answered %v after the last change", time.Since(started).Round(time.Millisecond))
	var list struct {
		Settings []struct {
			Key   string
			Value *string
			IsSet bool
		}
	}
	call(t, b.app, b.person, "GET", "/api/settings", nil).into(t, &list)
	for _, s := range list.Settings {
		if s.Key == "OPENAI_API_KEY" && (s.Value != nil || !s.IsSet) {
			t.Errorf("the key as shown: %+v", s)
		}
	}
	b.secretive(t)
}
