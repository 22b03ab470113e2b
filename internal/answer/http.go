package answer

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/innoclaw/innoclaw/internal/server"
)

// chatBodyLimit bounds a chat request in bytes: clients that send "messages" send
// the whole conversation, of which only the last question is read.
const chatBodyLimit = 4 << 20

// maxPaths bounds a question's scope.
const maxPaths = 100

// Routes adds the routes about answers.
func (s *Service) Routes(t *server.Table) {
	stream := server.RawDoc{ContentType: "text/event-stream", Stream: true}
	chat := stream
	chat.Request = chatRequest{}
	server.Raw(t, server.Route{Method: http.MethodPost, Path: "/api/chat", Access: server.User, Rate: server.RateHeavy, BodyLimit: chatBodyLimit, Tag: "chat",
		Summary: "Ask a question; the answer comes as a UI message stream"}, chat, s.postChat)
	server.Handle(t, server.Route{Method: http.MethodGet, Path: "/api/conversations", Access: server.User, Tag: "chat",
		Summary: "List the caller's conversations about a workspace"}, s.getConversations)
	one := server.OwnerOf("conversation")
	server.Handle(t, server.Route{Method: http.MethodGet, Path: "/api/conversations/{id}", Access: one, Tag: "chat", Summary: "Read a conversation"}, s.getConversation)
	server.Handle(t, server.Route{Method: http.MethodPatch, Path: "/api/conversations/{id}", Access: one, Tag: "chat", Summary: "Rename a conversation"}, s.patchConversation)
	server.Handle(t, server.Route{Method: http.MethodDelete, Path: "/api/conversations/{id}", Access: one, Status: http.StatusNoContent, Tag: "chat", Summary: "Delete a conversation"}, s.deleteConversation)
	resume := stream
	resume.Params = []server.Param{{Name: "Last-Event-ID", In: "header", Type: "integer", Description: "Continue behind this event"}, {Name: "after", Type: "integer", Description: "The same, for clients that cannot set the header"}}
	server.Raw(t, server.Route{Method: http.MethodGet, Path: "/api/conversations/{id}/stream", Access: one, Tag: "chat", Summary: "Follow the answer being written; 204 if there is none"}, resume, s.getStream)
	server.Raw(t, server.Route{Method: http.MethodGet, Path: "/api/conversations/{id}/export", Access: one, Tag: "chat", Summary: "Download a conversation as Markdown with footnotes or as JSON"},
		server.RawDoc{ContentType: "text/markdown", Params: []server.Param{{Name: "format", Description: "markdown (default) or json"}}}, s.getExport)
}

// chatRequest is the body of POST /api/chat. Further fields, which clients of the
// protocol send, are ignored.
type chatRequest struct {
	WorkspaceID    string        `json:"workspaceId"`
	ConversationID string        `json:"conversationId,omitempty" doc:"Empty begins a new conversation"`
	Text           string        `json:"text,omitempty" doc:"The question"`
	Messages       []chatMessage `json:"messages,omitempty" doc:"Instead of text: the last message of the user is the question"`
	Scope          *chatScope    `json:"scope,omitempty"`
}

type chatScope struct {
	Paths []string `json:"paths" doc:"Files and folders to answer from"`
}

type chatMessage struct {
	Role string `json:"role"`
	// Content is a text or a list of parts.
	Content json.RawMessage `json:"content,omitempty"`
	Parts   []chatPart      `json:"parts,omitempty"`
}

type chatPart struct {
	Type string `json:"type"`
	Text string `json:"text,omitempty"`
}

// question gives the question of a request.
func (r chatRequest) question() string {
	if r.Text != "" {
		return r.Text
	}
	for i := len(r.Messages) - 1; i >= 0; i-- {
		if m := r.Messages[i]; m.Role == roleUser {
			return m.text()
		}
	}
	return ""
}

func (m chatMessage) text() string {
	var plain string
	if json.Unmarshal(m.Content, &plain) == nil && plain != "" {
		return plain
	}
	parts := m.Parts
	if len(parts) == 0 && json.Unmarshal(m.Content, &parts) != nil {
		return ""
	}
	var texts []string
	for _, p := range parts {
		if p.Type == "text" {
			texts = append(texts, p.Text)
		}
	}
	return strings.Join(texts, "\n")
}

func (s *Service) postChat(w http.ResponseWriter, r *http.Request) error {
	var in chatRequest
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return server.WithCause(server.Invalid("invalid_json", "The body is not the JSON that this route takes."), err)
	}
	caller, _ := server.CallerFrom(r.Context())
	question := strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(in.question(), "\x00", ""), "\uFFFD"))
	if in.WorkspaceID == "" {
		return server.Invalid("workspace_missing", "Name the workspace: workspaceId.")
	}
	if _, err := s.o.Workspaces.Get(r.Context(), caller.UserID, in.WorkspaceID); err != nil {
		return err
	}
	if err := checkQuestion(question); err != nil {
		return err
	}
	var paths []string
	if in.Scope != nil {
		paths = in.Scope.Paths
	}
	if len(paths) > maxPaths {
		return server.Invalid("scope_too_large", fmt.Sprintf("Name at most %d files and folders, or leave the scope out.", maxPaths))
	}
	c, run, err := s.begin(r.Context(), caller.UserID, in.WorkspaceID, in.ConversationID, question, paths)
	if err != nil {
		return err
	}
	return s.follow(w, r, c.ID, run.ID, 0)
}

type listInput struct {
	WorkspaceID string `query:"workspaceId" required:"true"`
	Cursor      string `query:"cursor" doc:"Value of next of the page before"`
	Limit       int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type listOutput struct {
	Body struct {
		Items []Conversation `json:"items"`
		Next  string         `json:"next" doc:"Empty on the last page"`
	}
}

func (s *Service) getConversations(ctx context.Context, in *listInput) (*listOutput, error) {
	caller, _ := server.CallerFrom(ctx)
	if _, err := s.o.Workspaces.Get(ctx, caller.UserID, in.WorkspaceID); err != nil {
		return nil, err
	}
	out := &listOutput{}
	var err error
	out.Body.Items, out.Body.Next, err = s.list(ctx, caller.UserID, in.WorkspaceID, in.Cursor, in.Limit)
	return out, err
}

type idInput struct {
	ID string `path:"id"`
}

// ConversationWithMessages is a whole conversation.
type ConversationWithMessages struct {
	Conversation
	Messages []Message `json:"messages"`
}

type conversationOutput struct{ Body ConversationWithMessages }

func (s *Service) getConversation(ctx context.Context, in *idInput) (*conversationOutput, error) {
	caller, _ := server.CallerFrom(ctx)
	c, err := s.whole(ctx, caller.UserID, in.ID)
	if err != nil {
		return nil, err
	}
	return &conversationOutput{Body: c}, nil
}

// whole reads a conversation with its messages; citations of files that have
// changed since are marked as stale.
func (s *Service) whole(ctx context.Context, userID, id string) (ConversationWithMessages, error) {
	c, err := s.get(ctx, s.o.DB.Read(), userID, id)
	if err != nil {
		return ConversationWithMessages{}, err
	}
	messages, err := s.messages(ctx, s.o.DB.Read(), id)
	if err != nil {
		return ConversationWithMessages{}, err
	}
	if err := s.markStale(ctx, c.WorkspaceID, messages); err != nil {
		return ConversationWithMessages{}, err
	}
	return ConversationWithMessages{c, messages}, nil
}

// markStale compares each citation's content hash with the file's present one.
func (s *Service) markStale(ctx context.Context, workspaceID string, messages []Message) error {
	var cited []map[string]any
	paths := make(map[string]bool)
	for _, m := range messages {
		for _, p := range m.Parts {
			d, ok := p["data"].(map[string]any)
			if path, isPath := d["path"].(string); ok && isPath && p["type"] == dataCitation {
				cited = append(cited, d)
				paths[path] = true
			}
		}
	}
	if len(cited) == 0 {
		return nil
	}
	names := make([]string, 0, len(paths))
	for p := range paths {
		names = append(names, p)
	}
	hashes, err := s.o.Index.Hashes(ctx, workspaceID, names)
	if err != nil {
		return fmt.Errorf("compare citations with files: %w", err)
	}
	for _, d := range cited {
		path, _ := d["path"].(string)
		if hash, _ := d["contentHash"].(string); hashes[path] != hash && d["state"] != string(Unsupported) {
			d["state"] = string(Stale)
		}
	}
	return nil
}

type patchInput struct {
	ID   string `path:"id"`
	Body struct {
		Title string `json:"title" minLength:"1" maxLength:"120"`
	}
}

type patchOutput struct{ Body Conversation }

func (s *Service) patchConversation(ctx context.Context, in *patchInput) (*patchOutput, error) {
	caller, _ := server.CallerFrom(ctx)
	if strings.TrimSpace(in.Body.Title) == "" {
		return nil, server.Invalid("title_missing", "Write a title.")
	}
	c, err := s.rename(ctx, caller.UserID, in.ID, in.Body.Title)
	if err != nil {
		return nil, err
	}
	return &patchOutput{Body: c}, nil
}

func (s *Service) deleteConversation(ctx context.Context, in *idInput) (*struct{}, error) {
	caller, _ := server.CallerFrom(ctx)
	return nil, s.remove(ctx, caller.UserID, in.ID)
}

func (s *Service) getStream(w http.ResponseWriter, r *http.Request) error {
	caller, _ := server.CallerFrom(r.Context())
	c, err := s.get(r.Context(), s.o.DB.Read(), caller.UserID, r.PathValue("id"))
	if err != nil {
		return err
	}
	if c.ActiveRunID == "" {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	after := r.Header.Get("Last-Event-ID")
	if after == "" {
		after = r.URL.Query().Get("after")
	}
	var seq int64
	if after != "" {
		if seq, err = strconv.ParseInt(after, 10, 64); err != nil || seq < 0 {
			return server.Invalid("bad_event_id", "Last-Event-ID and after take the number of an event, 0 or more.")
		}
	}
	return s.follow(w, r, c.ID, c.ActiveRunID, seq)
}

func (s *Service) getExport(w http.ResponseWriter, r *http.Request) error {
	caller, _ := server.CallerFrom(r.Context())
	format := r.URL.Query().Get("format")
	if format != "" && format != "markdown" && format != "json" {
		return server.Invalid("format_unknown", "The format is markdown or json.")
	}
	c, err := s.whole(r.Context(), caller.UserID, r.PathValue("id"))
	if err != nil {
		return err
	}
	h := w.Header()
	if format == "json" {
		body, err := json.MarshalIndent(c, "", "  ")
		if err != nil {
			return fmt.Errorf("encode conversation %s: %w", c.ID, err)
		}
		h.Set("Content-Type", "application/json")
		h.Set("Content-Disposition", `attachment; filename="conversation.json"`)
		_, _ = w.Write(append(body, '\n')) // the client may have left
		return nil
	}
	h.Set("Content-Type", "text/markdown; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="conversation.md"`)
	_, _ = w.Write([]byte(exportMarkdown(c))) // the client may have left
	return nil
}
