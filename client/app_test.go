package client_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/innoclaw/innoclaw/client"
	"github.com/innoclaw/innoclaw/internal/app/apptest"
)

// TestAgainstARealServer goes through all calls with a whole InnoClaw at the other end.
func TestAgainstARealServer(t *testing.T) {
	t.Parallel()
	a := apptest.Start(t, apptest.Options{})
	ctx := t.Context()
	visitor, err := client.New(a.URL)
	if err != nil {
		t.Fatal(err)
	}
	if state, err := visitor.AuthState(ctx); err != nil || !state.SetupRequired || state.AuthMode != "local" {
		t.Errorf("state %+v, %v", state, err)
	}
	var problem *client.Error
	if _, err := visitor.Workspaces(ctx); !errors.As(err, &problem) || problem.Status != http.StatusUnauthorized || problem.Code == "" || problem.RequestID == "" {
		t.Errorf("without an account: %#v", err)
	}
	p := a.SetUp()
	a.Write("lab/metals.md", "# Metals\n\nTin melts at 232 degrees Celsius.\n")
	w := a.Open(p, "lab")
	if me, err := p.Me(ctx); err != nil || me.Email != "ada@example.org" || me.Role != "admin" {
		t.Errorf("me %+v, %v", me, err)
	}
	files(t, p.Client, w.ID)
	questions(t, p.Client, w.ID)
	if err := p.Logout(ctx); err != nil {
		t.Error(err)
	}
	if _, err := p.Me(ctx); !errors.As(err, &problem) || problem.Status != http.StatusUnauthorized {
		t.Errorf("after signing out: %v", err)
	}
}

func files(t *testing.T, c *client.Client, workspace string) {
	t.Helper()
	ctx := t.Context()
	listing, err := c.Browse(ctx, workspace, "", "")
	if err != nil || listing.Total != 1 || listing.Entries[0].Name != "metals.md" || listing.Entries[0].Type != "file" || listing.Entries[0].Modified.IsZero() {
		t.Errorf("listing %+v, %v", listing, err)
	}
	file, err := c.ReadFile(ctx, workspace, "metals.md")
	if err != nil || !strings.Contains(file.Content, "232") || file.Encoding == "" || file.ContentHash == "" {
		t.Errorf("file %+v, %v", file, err)
	}
	written, err := c.WriteFile(ctx, workspace, "metals.md", file.Content+"\nLead melts at 327 degrees.\n", file.ContentHash)
	if err != nil || written.ContentHash == file.ContentHash {
		t.Errorf("write %+v, %v", written, err)
	}
	if _, err := c.WriteFile(ctx, workspace, "metals.md", "lost update", file.ContentHash); !client.IsCode(err, "changed") {
		t.Errorf("a write over another one: %v", err)
	}
	if _, err := c.WriteFile(ctx, workspace, "metals.md", "taken", ""); err == nil {
		t.Error("creating replaced a file")
	}
	body, err := c.Download(ctx, workspace, "metals.md")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if data, err := io.ReadAll(body); err != nil || !strings.HasSuffix(string(data), "327 degrees.\n") {
		t.Errorf("download %q, %v", data, err)
	}
	if _, err := c.WriteFile(ctx, workspace, "gone.md", "x", ""); err != nil {
		t.Error(err)
	}
	if id, err := c.Delete(ctx, workspace, "gone.md"); err != nil || id == "" {
		t.Errorf("delete %q, %v", id, err)
	}
	if _, err := c.ReadFile(ctx, workspace, "gone.md"); err == nil {
		t.Error("a deleted file can be read")
	}
}

func questions(t *testing.T, c *client.Client, workspace string) {
	t.Helper()
	ctx := t.Context()
	id, err := c.Sync(ctx, workspace)
	if err != nil {
		t.Fatal(err)
	}
	last := ""
	if err := c.FollowRun(ctx, id, 0, func(e client.RunEvent) error { last = e.Type; return nil }); err != nil || last != "state" {
		t.Errorf("follow: last event %q, %v", last, err)
	}
	if run, err := c.Run(ctx, id); err != nil || run.State != "succeeded" || !run.Ended() || run.EndedAt == nil {
		t.Errorf("run %+v, %v", run, err)
	}
	if hits, err := c.Search(ctx, workspace, "tin", 5, 1); err != nil || len(hits) != 1 || hits[0].Path != "metals.md" || hits[0].Text == "" {
		t.Errorf("hits %+v, %v", hits, err)
	}
	if status, err := c.IndexStatus(ctx, workspace); err != nil || status.Counts.Indexed != 1 || status.Counts.Failed != 0 {
		t.Errorf("status %+v, %v", status, err)
	}
	parts := 0
	answer, err := c.Ask(ctx, client.Question{WorkspaceID: workspace, Text: "At which temperature does tin melt?"}, func(client.Part) { parts++ })
	if err != nil || !answer.Supported || len(answer.Citations) == 0 || !strings.Contains(answer.Citations[0].Quote, "232") || parts == 0 {
		t.Fatalf("answer %+v, %v", answer, err)
	}
	if run, err := c.Run(ctx, answer.RunID); err != nil || run.Kind == "" {
		t.Errorf("run of the answer %+v, %v", run, err)
	}
	again, err := c.Ask(ctx, client.Question{WorkspaceID: workspace, ConversationID: answer.ConversationID, Text: "And lead?"}, nil)
	if err != nil || again.ConversationID != answer.ConversationID {
		t.Errorf("follow-up %+v, %v", again, err)
	}
	conversation, err := c.Conversation(ctx, answer.ConversationID)
	if err != nil || len(conversation.Messages) != 4 || conversation.Messages[1].Role != "assistant" || len(conversation.Messages[1].Parts) == 0 {
		t.Errorf("conversation %+v, %v", conversation, err)
	}
	_ = c.CancelRun(ctx, answer.RunID) // whatever it says, what has ended stays so
	if run, err := c.Run(ctx, answer.RunID); err != nil || run.State != "succeeded" {
		t.Errorf("an ended run after a cancellation: %+v, %v", run, err)
	}
	var problem *client.Error
	if err := c.CancelRun(ctx, "nothing"); !errors.As(err, &problem) || problem.Status != http.StatusNotFound {
		t.Errorf("cancel of a run that is not there: %v", err)
	}
	if _, err := c.Conversation(ctx, "nothing"); err == nil {
		t.Error("a conversation that is not there was read")
	}
}
