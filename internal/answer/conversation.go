package answer

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/innoclaw/innoclaw/internal/journal"
	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/store"
)

// Roles of messages.
const (
	roleUser      = "user"
	roleAssistant = "assistant"
)

// States of a message.
const (
	streaming   = "streaming"
	complete    = "complete"
	interrupted = "interrupted"
	failed      = "failed"
	cancelled   = "cancelled"
)

// Conversation is a list of messages about one workspace.
type Conversation struct {
	ID          string    `json:"id"`
	WorkspaceID string    `json:"workspaceId"`
	Title       string    `json:"title"`
	CreatedAt   time.Time `json:"createdAt"`
	UpdatedAt   time.Time `json:"updatedAt"`
	ActiveRunID string    `json:"activeRunId,omitempty" doc:"Run that is writing an answer now"`
}

// Message is one turn as a UI message.
type Message struct {
	ID        string           `json:"id"`
	Role      string           `json:"role" enum:"user,assistant"`
	State     string           `json:"state" enum:"streaming,complete,interrupted,failed,cancelled"`
	Parts     []map[string]any `json:"parts" doc:"UI message parts: text, source-document, data-citation, data-searched, data-support, data-usage, error"`
	Model     string           `json:"model,omitempty"`
	Usage     json.RawMessage  `json:"usage,omitempty"`
	CreatedAt time.Time        `json:"createdAt"`
	RunID     string           `json:"runId,omitempty"`
}

// titleOf makes a title from a question.
func titleOf(question string) string {
	return cutRunes(strings.Join(strings.Fields(strings.Map(visible, question)), " "), 80)
}

const conversationColumns = `c.id, c.workspace_id, c.title, c.created_at, c.updated_at,
	COALESCE((SELECT m.run_id FROM message m WHERE m.conversation_id = c.id AND m.state = 'streaming' ORDER BY m.ordinal DESC LIMIT 1), '')`

type row interface{ Scan(dest ...any) error }

func scanConversation(r row) (c Conversation, err error) {
	var created, updated int64
	err = r.Scan(&c.ID, &c.WorkspaceID, &c.Title, &created, &updated, &c.ActiveRunID)
	c.CreatedAt, c.UpdatedAt = store.Time(created), store.Time(updated)
	return c, err
}

// get reads a conversation of a user, server.NotFound for anybody else's.
func (s *Service) get(ctx context.Context, q store.Querier, userID, id string) (Conversation, error) {
	c, err := scanConversation(q.QueryRowContext(ctx, `SELECT `+conversationColumns+` FROM conversation c WHERE c.id = $1 AND c.owner_user_id = $2`, id, userID))
	if errors.Is(err, sql.ErrNoRows) {
		return c, server.NotFound()
	}
	if err != nil {
		return c, fmt.Errorf("read conversation %s: %w", id, err)
	}
	return c, nil
}

// list gives a page of a user's conversations about a workspace, the last used
// first. after is the id of the last one of the page before.
func (s *Service) list(ctx context.Context, userID, workspaceID, after string, limit int) (items []Conversation, next string, err error) {
	rows, err := s.o.DB.Read().QueryContext(ctx, `SELECT `+conversationColumns+` FROM conversation c
		WHERE c.owner_user_id = $1 AND c.workspace_id = $2
		AND ($3 = '' OR (c.updated_at, c.id) < (SELECT a.updated_at, a.id FROM conversation a WHERE a.id = $3 AND a.owner_user_id = $1))
		ORDER BY c.updated_at DESC, c.id DESC LIMIT $4`, userID, workspaceID, after, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("list conversations: %w", err)
	}
	defer rows.Close()
	items = []Conversation{}
	for rows.Next() {
		c, err := scanConversation(rows)
		if err != nil {
			return nil, "", fmt.Errorf("list conversations: %w", err)
		}
		items = append(items, c)
	}
	if err := rows.Err(); err != nil {
		return nil, "", fmt.Errorf("list conversations: %w", err)
	}
	if len(items) > limit {
		items = items[:limit]
		next = items[limit-1].ID
	}
	return items, next, nil
}

// messages reads all messages of a conversation, oldest first.
func (s *Service) messages(ctx context.Context, q store.Querier, id string) ([]Message, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, role, state, run_id, parts, model, usage, created_at FROM message WHERE conversation_id = $1 ORDER BY ordinal`, id)
	if err != nil {
		return nil, fmt.Errorf("read messages of %s: %w", id, err)
	}
	defer rows.Close()
	list := []Message{}
	for rows.Next() {
		var m Message
		var parts, usage string
		var created int64
		if err := rows.Scan(&m.ID, &m.Role, &m.State, &m.RunID, &parts, &m.Model, &usage, &created); err != nil {
			return nil, fmt.Errorf("read messages of %s: %w", id, err)
		}
		if err := json.Unmarshal([]byte(parts), &m.Parts); err != nil {
			return nil, fmt.Errorf("decode message %s: %w", m.ID, err)
		}
		if usage != "" {
			m.Usage = json.RawMessage(usage)
		}
		m.CreatedAt = store.Time(created)
		list = append(list, m)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read messages of %s: %w", id, err)
	}
	return list, nil
}

// input is what a run of kind "answer" is made from.
type input struct {
	ConversationID string   `json:"conversationId"`
	MessageID      string   `json:"messageId"`
	WorkspaceID    string   `json:"workspaceId"`
	Question       string   `json:"question"`
	Paths          []string `json:"paths,omitempty"`
}

// begin stores a question and the run that answers it, in one transaction. An
// empty conversation id begins a new one.
func (s *Service) begin(ctx context.Context, userID, workspaceID, conversationID, question string, paths []string) (c Conversation, run journal.Run, err error) {
	now := store.Millis(s.o.Now())
	err = s.o.DB.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if conversationID == "" {
			c = Conversation{ID: store.NewID(), WorkspaceID: workspaceID, Title: titleOf(question), CreatedAt: store.Time(now), UpdatedAt: store.Time(now)}
			if _, err := tx.ExecContext(ctx, `INSERT INTO conversation (id, workspace_id, owner_user_id, title, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)`,
				c.ID, workspaceID, userID, c.Title, now); err != nil {
				return fmt.Errorf("create conversation: %w", err)
			}
		} else {
			var err error
			if c, err = s.get(ctx, tx, userID, conversationID); err != nil {
				return err
			}
			if c.WorkspaceID != workspaceID {
				return server.NotFound()
			}
		}
		in := input{ConversationID: c.ID, MessageID: store.NewID(), WorkspaceID: workspaceID, Question: question, Paths: paths}
		var created bool
		var err error
		run, created, err = s.o.Journal.CreateTx(ctx, tx, journal.Spec{Kind: Kind, OwnerID: userID, WorkspaceID: workspaceID, Key: c.ID, Input: in})
		if err != nil {
			return err
		}
		if !created {
			return server.Conflict("answering", "This conversation is still being answered. Wait for the end or stop it first.", map[string]string{"runId": run.ID})
		}
		return s.addTurn(ctx, tx, in, run.ID, now)
	})
	if err != nil {
		return Conversation{}, journal.Run{}, err
	}
	c.ActiveRunID = run.ID
	s.o.Journal.Wake()
	return c, run, nil
}

// addTurn stores the question and the empty answer.
func (s *Service) addTurn(ctx context.Context, tx *sql.Tx, in input, runID string, now int64) error {
	var last int64
	if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(ordinal), 0) FROM message WHERE conversation_id = $1`, in.ConversationID).Scan(&last); err != nil {
		return fmt.Errorf("number the message: %w", err)
	}
	parts, err := json.Marshal([]map[string]any{{"type": "text", "text": in.Question}})
	if err != nil {
		return fmt.Errorf("encode the question: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO message (id, conversation_id, ordinal, role, state, run_id, parts, created_at, updated_at)
		VALUES ($1, $3, $4, 'user', 'complete', $6, $7, $8, $8), ($2, $3, $5, 'assistant', 'streaming', $6, '[]', $8, $8)`,
		store.NewID(), in.MessageID, in.ConversationID, last+1, last+2, runID, string(parts), now)
	if err != nil {
		return fmt.Errorf("store the question: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE conversation SET updated_at = $2 WHERE id = $1`, in.ConversationID, now); err != nil {
		return fmt.Errorf("touch the conversation: %w", err)
	}
	return nil
}

// maxHistory bounds the earlier turns that are read for an answer.
const maxHistory = 20

// history gives the finished turns before a message, oldest first.
func (s *Service) history(ctx context.Context, in input) ([]Turn, error) {
	messages, err := s.messages(ctx, s.o.DB.Read(), in.ConversationID)
	if err != nil {
		return nil, err
	}
	var turns []Turn
	for _, m := range messages {
		if m.ID == in.MessageID {
			break
		}
		if m.Role == roleUser {
			turns = append(turns, Turn{Question: m.text()})
		} else if n := len(turns); n > 0 {
			turns[n-1].Answer = m.text()
		}
	}
	if n := len(turns); n > 0 {
		turns = turns[:n-1] // the question being answered
	}
	return turns[max(0, len(turns)-maxHistory):], nil
}

// text joins a message's text parts.
func (m Message) text() string {
	var texts []string
	for _, p := range m.Parts {
		if t, ok := p["text"].(string); ok && p["type"] == "text" {
			texts = append(texts, t)
		}
	}
	return strings.Join(texts, "\n\n")
}

// rename sets a title.
func (s *Service) rename(ctx context.Context, userID, id, title string) (Conversation, error) {
	title = titleOf(title)
	var c Conversation
	err := s.o.DB.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE conversation SET title = $3 WHERE id = $1 AND owner_user_id = $2`, id, userID, title); err != nil {
			return fmt.Errorf("rename conversation %s: %w", id, err)
		}
		var err error
		c, err = s.get(ctx, tx, userID, id)
		return err
	})
	return c, err
}

// remove deletes a conversation and stops the answer being written in it.
func (s *Service) remove(ctx context.Context, userID, id string) error {
	c, err := s.get(ctx, s.o.DB.Read(), userID, id)
	if err != nil {
		return err
	}
	if c.ActiveRunID != "" {
		if err := s.o.Journal.Cancel(ctx, c.ActiveRunID); err != nil && !errors.Is(err, journal.ErrNotFound) {
			return fmt.Errorf("stop the answer: %w", err)
		}
	}
	return s.o.DB.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM conversation WHERE id = $1 AND owner_user_id = $2`, id, userID); err != nil {
			return fmt.Errorf("delete conversation %s: %w", id, err)
		}
		return nil
	})
}
