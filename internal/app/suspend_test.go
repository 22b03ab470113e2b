package app_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/client"
	"github.com/innoclaw/innoclaw/internal/app/apptest"
	"github.com/innoclaw/innoclaw/internal/identity"
	"github.com/innoclaw/innoclaw/internal/model/modeltest"
)

// TestSuspendedAccount ends everything that an account has open: sessions, tokens,
// streams and the answer that a model is writing for it. Others notice nothing.
func TestSuspendedAccount(t *testing.T) {
	t.Parallel()
	m := modeltest.New(t, modeltest.Reply{Pieces: []string{modeltest.Chunk("The yield was ")}, Stall: true})
	a := apptest.Start(t, apptest.Options{Environ: []string{"LLM_PROVIDER=openai", "LLM_MODEL=replay-small", "OPENAI_BASE_URL=" + m.URL}})
	admin, eve := a.SetUp(), a.NewUser("eve@example.org")
	a.Write("eve/notes.md", "# Notes\n\nThe yield of the reaction was 42 percent.\n")
	w := a.Open(eve, "eve")
	value, _, err := a.Identity.CreateToken(t.Context(), eve.User.ID, identity.NewToken{Name: "script", Scopes: []string{"read", "write"}, ExpiresAt: time.Now().Add(time.Hour)})
	must(t, err)
	script, err := client.New(a.URL, client.WithToken(value))
	must(t, err)
	if _, err := script.Workspaces(t.Context()); err != nil {
		t.Fatalf("the token does not work: %v", err)
	}

	chat := open(t.Context(), t, eve.HTTP, "POST", a.URL+"/api/chat", map[string]string{"workspaceId": w.ID, "text": "What was the yield?"})
	events(t, chat.Body, func(e sse) bool { return strings.Contains(e.data, "text-delta") })
	run := chat.Header.Get("X-Innoclaw-Run-Id")
	bearer := []string{"Authorization", "Bearer " + value}
	streams := []*http.Response{
		chat,
		open(t.Context(), t, http.DefaultClient, "GET", a.URL+"/api/runs/"+run+"/events", nil, bearer...),
		open(t.Context(), t, eve.HTTP, "GET", a.URL+"/api/workspaces/"+w.ID+"/events", nil),
	}
	if got := call(t, a, admin, "PATCH", "/api/admin/users", map[string]any{"userId": eve.User.ID, "isActive": false}); got.status != 200 {
		t.Fatalf("suspend: %d %s", got.status, got.body)
	}
	for i, s := range streams {
		if s.StatusCode != 200 {
			t.Errorf("stream %d: %d", i, s.StatusCode)
		}
		ended := make(chan struct{})
		go func() { defer close(ended); _, _ = io.Copy(io.Discard, s.Body) }() // ends with the stream
		select {
		case <-ended:
		case <-time.After(patience):
			t.Fatalf("stream %d stays open", i)
		}
	}
	if _, err := eve.Me(t.Context()); !client.IsCode(err, "unauthorized") {
		t.Errorf("the session works: %v", err)
	}
	if _, err := script.Workspaces(t.Context()); !client.IsCode(err, "unauthorized") {
		t.Errorf("the token works: %v", err)
	}
	if _, err := eve.Login(t.Context(), "eve@example.org", apptest.Password); !client.IsCode(err, "credentials") {
		t.Errorf("sign-in works: %v", err)
	}
	eventually(t, func() string {
		r, err := a.Journal.Get(context.Background(), run)
		must(t, err)
		if r.State != "cancelled" {
			return "the answer is " + string(r.State)
		}
		return ""
	})
	if _, err := admin.Me(t.Context()); err != nil {
		t.Errorf("the administrator was thrown out too: %v", err)
	}

	// Taken up again, the account finds what it had, and no session of before works.
	if got := call(t, a, admin, "PATCH", "/api/admin/users", map[string]any{"userId": eve.User.ID, "isActive": true}); got.status != 200 {
		t.Fatalf("reinstate: %d %s", got.status, got.body)
	}
	if _, err := script.Workspaces(t.Context()); !client.IsCode(err, "unauthorized") {
		t.Errorf("the old token works again: %v", err)
	}
	_, err = eve.Login(t.Context(), "eve@example.org", apptest.Password)
	must(t, err)
	conversation, err := eve.Conversation(t.Context(), chat.Header.Get("X-Innoclaw-Conversation-Id"))
	must(t, err)
	if len(conversation.Messages) != 2 || conversation.Messages[1].State != "cancelled" {
		t.Errorf("conversation: %+v", conversation)
	}
}
