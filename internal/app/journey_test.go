package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innoclaw/innoclaw/client"
	"github.com/innoclaw/innoclaw/internal/app/apptest"
	"github.com/innoclaw/innoclaw/internal/model/modeltest"
)

// indexed waits until every file of a workspace has its final state.
func indexed(t testing.TB, p apptest.Person, workspaceID string, files int) {
	t.Helper()
	eventually(t, func() string {
		s, err := p.IndexStatus(t.Context(), workspaceID)
		must(t, err)
		if s.Counts.Total < files || s.Counts.Pending > 0 || s.SyncRunID != nil {
			return fmt.Sprintf("want %d files without a pending one: %+v", files, s)
		}
		return ""
	})
}

// TestFirstDay is what a newcomer does: set up, find the sample, ask, look at the
// words, ask again, change a file, keep the conversation.
func TestFirstDay(t *testing.T) {
	t.Parallel()
	a := apptest.Start(t, apptest.Options{Environ: []string{"WORKSPACE_ROOTS="}})
	state, err := (&apptest.Person{Client: anonymous(t, a)}).AuthState(t.Context())
	must(t, err)
	if !state.SetupRequired || a.SetupToken == "" {
		t.Fatalf("a new installation does not ask for set-up: %+v", state)
	}
	p := a.SetUp()
	list, err := p.Workspaces(t.Context())
	must(t, err)
	if len(list) != 1 || list[0].Name != "Sample study" {
		t.Fatalf("workspaces of the first account: %+v", list)
	}
	w := list[0]
	indexed(t, p, w.ID, 6)

	first := ask(t, p, client.Question{WorkspaceID: w.ID, Text: "How long is the precursor solution stirred?"})
	checkQuotes(t, a, p, w.ID, first)
	if !strings.Contains(first.Text, "60 minutes") || len(first.Citations) == 0 || first.Citations[0].Path != "protocol.md" {
		t.Errorf("first answer: %+v", first)
	}
	second := ask(t, p, client.Question{WorkspaceID: w.ID, ConversationID: first.ConversationID, Text: "And at what temperature is that done?"})
	if second.ConversationID != first.ConversationID || !second.Supported {
		t.Errorf("follow-up: %+v", second)
	}
	chinese := ask(t, p, client.Question{WorkspaceID: w.ID, Text: "B3 为什么不用于拟合？"})
	checkQuotes(t, a, p, w.ID, chinese)
	page := ask(t, p, client.Question{WorkspaceID: w.ID, Text: "What does the report conclude about the activation energy?"})
	checkQuotes(t, a, p, w.ID, page)
	nothing := ask(t, p, client.Question{WorkspaceID: w.ID, Text: "Who won the football world cup in 2014?"})
	if nothing.Supported || len(nothing.Citations) != 0 || nothing.Text == "" {
		t.Errorf("an answer from nowhere: %+v", nothing)
	}

	protocol := filepath.Join(a.Data, "workspaces", "sample-study", "protocol.md")
	old, err := os.ReadFile(protocol)
	must(t, err)
	must(t, os.WriteFile(protocol, []byte(strings.ReplaceAll(string(old), "60 minutes", "95 minutes")), 0o644))
	eventually(t, func() string {
		again := ask(t, p, client.Question{WorkspaceID: w.ID, Text: "How long is the precursor solution stirred?"})
		if !strings.Contains(again.Text, "95 minutes") {
			return "the answer does not follow the file: " + again.Text
		}
		checkQuotes(t, a, p, w.ID, again)
		return ""
	})
	whole, err := p.Conversation(t.Context(), first.ConversationID)
	must(t, err)
	if got := citations(t, whole.Messages[1]); len(got) == 0 || got[0].State != "stale" || got[0].Quote != first.Citations[0].Quote {
		t.Errorf("citations after the change: %+v", got)
	}
	export := string(call(t, a, p, "GET", "/api/conversations/"+first.ConversationID+"/export", nil).body)
	for _, want := range []string{"How long is the precursor solution stirred?", "60 minutes", "[^1]:", "protocol.md", "And at what temperature"} {
		if !strings.Contains(export, want) {
			t.Errorf("the export lacks %q:\n%s", want, export)
		}
	}
	var kept client.Conversation
	call(t, a, p, "GET", "/api/conversations/"+first.ConversationID+"/export?format=json", nil).into(t, &kept)
	if len(kept.Messages) != 4 {
		t.Errorf("exported messages: %d", len(kept.Messages))
	}
}

func anonymous(t testing.TB, a *apptest.App) *client.Client {
	t.Helper()
	c, err := client.New(a.URL)
	must(t, err)
	return c
}

// citations gives those of a message.
func citations(t testing.TB, m client.Message) []client.Citation {
	t.Helper()
	var list []client.Citation
	for _, raw := range m.Parts {
		var part struct {
			Type string
			Data client.Citation
		}
		must(t, json.Unmarshal(raw, &part))
		if part.Type == "data-citation" {
			list = append(list, part.Data)
		}
	}
	return list
}

// TestChangesOnDiskAreFollowed does to files what other programs do.
func TestChangesOnDiskAreFollowed(t *testing.T) {
	t.Parallel()
	a := apptest.Start(t, apptest.Options{})
	p := a.SetUp()
	a.Write("lab/a.md", "# A\n\nThe zirconium sample melted.\n")
	w := a.Open(p, "lab")
	found := func(word string, want ...string) func() string {
		return func() string {
			hits, err := p.Search(t.Context(), w.ID, word, 10, 1)
			must(t, err)
			got := []string{}
			for _, h := range hits {
				got = append(got, h.Path)
			}
			return cmp.Diff(append([]string{}, want...), got)
		}
	}
	eventually(t, found("zirconium", "a.md"))
	a.Write("lab/deep/er/b.md", "Hafnium stayed solid.\n")
	eventually(t, found("hafnium", "deep/er/b.md"))
	must(t, os.Rename(filepath.Join(a.Root, "lab/deep"), filepath.Join(a.Root, "lab/moved")))
	eventually(t, found("hafnium", "moved/er/b.md"))
	must(t, os.Remove(filepath.Join(a.Root, "lab/a.md")))
	eventually(t, found("zirconium"))
	_, err := p.WriteFile(t.Context(), w.ID, "c.md", "Written through the interface: niobium.\n", "")
	must(t, err)
	eventually(t, found("niobium", "c.md"))
	trash, err := p.Delete(t.Context(), w.ID, "c.md")
	must(t, err)
	eventually(t, found("niobium"))
	if got := call(t, a, p, "POST", "/api/files/trash/restore", map[string]string{"workspaceId": w.ID, "trashId": trash}); got.status != 200 {
		t.Errorf("restore: %d %s", got.status, got.body)
	}
	eventually(t, found("niobium", "c.md"))
}

// TestTabs follows one answer from several browsers, one of which comes late and one
// of which breaks off and comes back.
func TestTabs(t *testing.T) {
	t.Parallel()
	pieces := make([]string, 30)
	for i := range pieces {
		pieces[i] = fmt.Sprintf("word%d ", i)
	}
	slow := modeltest.Answer(pieces...)
	slow.Pause = 40 * time.Millisecond
	m := modeltest.New(t, slow)
	a := apptest.Start(t, apptest.Options{Environ: []string{"LLM_PROVIDER=openai", "LLM_MODEL=replay-small", "OPENAI_BASE_URL=" + m.URL}})
	p := a.SetUp()
	a.Write("lab/a.md", "# Words\n\nThe words of the answer are numbered.\n")
	w := a.Open(p, "lab")

	first := open(t.Context(), t, p.HTTP, "POST", a.URL+"/api/chat", map[string]string{"workspaceId": w.ID, "text": "Which words are numbered?"})
	id := first.Header.Get("X-Innoclaw-Conversation-Id")
	if first.StatusCode != 200 || id == "" {
		t.Fatalf("chat: %d %v", first.StatusCode, first.Header)
	}
	stream := func(header ...string) io.Reader {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		t.Cleanup(cancel)
		r := open(ctx, t, p.HTTP, "GET", a.URL+"/api/conversations/"+id+"/stream", nil, header...)
		if r.StatusCode != 200 {
			t.Fatalf("stream: %d", r.StatusCode)
		}
		return r.Body
	}
	second := make(chan []sse, 1)
	body := stream()
	go func() { second <- events(t, body, nil) }() // ends with the answer
	seen := 0
	begun := events(t, stream(), func(e sse) bool { // a tab that is closed in the middle
		if strings.Contains(e.data, "text-delta") {
			seen++
		}
		return seen == 3
	})
	last := begun[len(begun)-1].id
	rest := events(t, stream("Last-Event-ID", last), nil)
	whole, other := events(t, first.Body, nil), <-second
	if diff := cmp.Diff(whole, other, cmp.AllowUnexported(sse{})); diff != "" {
		t.Errorf("two tabs saw different answers:\n%s", diff)
	}
	if diff := cmp.Diff(whole, append(begun, rest...), cmp.AllowUnexported(sse{})); diff != "" {
		t.Errorf("begun and resumed is not the whole:\n%s", diff)
	}
	before := int64(0)
	for _, e := range whole {
		n, err := strconv.ParseInt(e.id, 10, 64)
		if err != nil || n < before {
			t.Errorf("event %q after %d", e.id, before)
		}
		before = n
	}
	if text := textOf(whole); !strings.HasPrefix(text, strings.TrimSpace(strings.Join(pieces, ""))) {
		t.Errorf("text: %q", text)
	}
	if got := call(t, a, p, "GET", "/api/conversations/"+id+"/stream", nil); got.status != 204 {
		t.Errorf("stream after the end: %d", got.status)
	}
	if n := len(m.Calls()); n != 1 {
		t.Errorf("%d model calls for one answer", n)
	}
}

// textOf joins the text of a stream.
func textOf(stream []sse) string {
	var b strings.Builder
	for _, e := range stream {
		var part struct{ Type, Delta string }
		if json.Unmarshal([]byte(e.data), &part) == nil && part.Type == "text-delta" {
			b.WriteString(part.Delta)
		}
	}
	return b.String()
}
