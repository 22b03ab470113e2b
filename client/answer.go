package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Question is what is asked of a workspace. With a ConversationID it is a follow-up.
type Question struct {
	WorkspaceID    string `json:"workspaceId"`
	ConversationID string `json:"conversationId,omitempty"`
	Text           string `json:"text"`
}

// Citation is a checked reference to the words an answer relies on. Start and End
// are characters of the file's extracted text.
type Citation struct {
	ID          string `json:"id"`
	Number      int    `json:"number"`
	Path        string `json:"path"`
	Page        int    `json:"page"`
	Line        int    `json:"line"`
	Start       int    `json:"start"`
	End         int    `json:"end"`
	Quote       string `json:"quote"`
	State       string `json:"state"` // verified, located, stale or unsupported
	ContentHash string `json:"contentHash"`
}

// Answer is a whole answer. In Text a citation stands as [^c1] behind its claim.
type Answer struct {
	ConversationID string
	RunID          string
	Text           string
	Citations      []Citation
	Supported      bool
}

// Part is one part of a UI message stream, version 1, with its place in the run.
type Part struct {
	Seq  string
	Type string
	Data json.RawMessage // the whole part
}

// ErrAnswer is in every error of an answer that began and did not end well: the server
// reported one, or the stream broke off. The run goes on without a reader; with its id
// the rest can be followed.
var ErrAnswer = errors.New("answer ended with an error")

// Ask asks and waits for the whole answer. each, if not nil, sees the parts as they
// come. With an error that has begun to stream, Answer holds what arrived before.
func (c *Client) Ask(ctx context.Context, q Question, each func(Part)) (Answer, error) {
	res, err := c.send(ctx, request{method: http.MethodPost, path: "/api/chat", body: q})
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	answer := Answer{ConversationID: res.Header.Get("X-Innoclaw-Conversation-Id"), RunID: res.Header.Get("X-Innoclaw-Run-Id")}
	var text strings.Builder
	done := false
	err = readEvents(res.Body, func(e event) error {
		if e.data == "[DONE]" {
			done = true
			return nil
		}
		var part struct {
			Type      string          `json:"type"`
			Delta     string          `json:"delta"`
			ErrorText string          `json:"errorText"`
			Data      json.RawMessage `json:"data"`
		}
		if err := json.Unmarshal([]byte(e.data), &part); err != nil {
			return fmt.Errorf("read answer: %w", err)
		}
		if each != nil {
			each(Part{Seq: e.id, Type: part.Type, Data: json.RawMessage(e.data)})
		}
		switch part.Type {
		case "text-delta":
			text.WriteString(part.Delta)
		case "data-citation":
			var citation Citation
			if err := json.Unmarshal(part.Data, &citation); err != nil {
				return fmt.Errorf("read citation: %w", err)
			}
			answer.Citations = append(answer.Citations, citation)
		case "data-support":
			var support struct {
				Supported bool `json:"supported"`
			}
			if err := json.Unmarshal(part.Data, &support); err != nil {
				return fmt.Errorf("read support: %w", err)
			}
			answer.Supported = support.Supported
		case "error":
			return fmt.Errorf("%w: %s", ErrAnswer, part.ErrorText)
		}
		return nil
	})
	answer.Text = text.String()
	switch {
	case err == nil && !done:
		err = fmt.Errorf("%w: the stream broke off", ErrAnswer)
	case err != nil && !errors.Is(err, ErrAnswer):
		err = fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return answer, err
}

// Message is one turn of a conversation. Parts are UI message parts.
type Message struct {
	ID    string            `json:"id"`
	Role  string            `json:"role"`
	State string            `json:"state"`
	RunID string            `json:"runId"`
	Model string            `json:"model"`
	Parts []json.RawMessage `json:"parts"`
}

// Conversation is a conversation with its messages.
type Conversation struct {
	ID          string    `json:"id"`
	WorkspaceID string    `json:"workspaceId"`
	Title       string    `json:"title"`
	Messages    []Message `json:"messages"`
}

// Conversation reads a conversation.
func (c *Client) Conversation(ctx context.Context, id string) (v Conversation, err error) {
	err = c.call(ctx, request{method: http.MethodGet, path: "/api/conversations/" + url.PathEscape(id)}, &v)
	return v, err
}
