package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	sdk "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/ssestream"
	"github.com/tidwall/gjson"

	"github.com/innoclaw/innoclaw/internal/model"
)

// errStopped says that the consumer wants no more.
var errStopped = errors.New("consumer stopped")

// stream turns the chunks of one answer into events.
type stream struct {
	provider string
	yield    func(model.Event, error) bool
	// delivered is set with the first event given away, stopped when the consumer
	// wanted no more.
	delivered, stopped bool
	finish             string
	think              thinking
}

func (s *stream) emit(e model.Event) error {
	if (e.Kind == model.Text || e.Kind == model.Reasoning) && e.Text == "" {
		return nil
	}
	s.delivered = true
	if !s.yield(e, nil) {
		s.stopped = true
		return errStopped
	}
	return nil
}

func (s *stream) bad(format string, args ...any) error {
	return &model.Error{Kind: model.BadResponse, Provider: s.provider, Delivered: s.delivered, Message: fmt.Sprintf(format, args...)}
}

// read consumes the response until [DONE], the end, or a failure.
func (s *stream) read(r *http.Response) error {
	decoder := ssestream.NewDecoder(r)
	done, chunks := false, 0
	for !done && decoder.Next() {
		data := bytes.TrimSpace(decoder.Event().Data)
		switch {
		case len(data) == 0:
		case bytes.HasPrefix(data, []byte("[DONE]")):
			done = true
		default:
			chunks++
			if err := s.chunk(data); err != nil {
				return err
			}
		}
	}
	if err := decoder.Err(); err != nil {
		return err
	}
	if chunks == 0 {
		return s.bad("the server sent an empty answer")
	}
	if !done && s.finish == "" {
		return &model.Error{Kind: model.Network, Provider: s.provider, Delivered: s.delivered, Message: "the answer was cut off"}
	}
	if err := s.emit(s.think.rest()); err != nil {
		return err
	}
	if !s.delivered {
		return s.bad("the model returned no text")
	}
	if s.finish == "" {
		s.finish = model.FinishStop
	}
	return s.emit(model.Event{Kind: model.Finish, FinishReason: s.finish})
}

// chunk handles one data line.
func (s *stream) chunk(data []byte) error {
	if e := gjson.GetBytes(data, "error"); e.Exists() && e.Type != gjson.Null {
		return fromBody(s.provider, 0, data, s.delivered)
	}
	var c sdk.ChatCompletionChunk
	if !gjson.ValidBytes(data) || json.Unmarshal(data, &c) != nil {
		return s.bad("the server sent damaged data")
	}
	for _, choice := range c.Choices {
		if choice.Index == 0 {
			if err := s.choice(choice); err != nil {
				return err
			}
		}
	}
	if u := c.Usage; c.JSON.Usage.Valid() && (u.PromptTokens > 0 || u.CompletionTokens > 0) {
		return s.emit(model.Event{Kind: model.UsageReport, Usage: &model.Usage{
			InputTokens: u.PromptTokens, OutputTokens: u.CompletionTokens,
			ReasoningTokens: u.CompletionTokensDetails.ReasoningTokens, CachedTokens: u.PromptTokensDetails.CachedTokens,
		}})
	}
	return nil
}

func (s *stream) choice(c sdk.ChatCompletionChunkChoice) error {
	// Not part of OpenAI's own format: vLLM and DeepSeek name it one way, Ollama
	// and OpenRouter the other.
	for _, field := range []string{"reasoning_content", "reasoning"} {
		if v := gjson.Parse(c.Delta.JSON.ExtraFields[field].Raw()); v.Type == gjson.String && v.Str != "" {
			if err := s.emit(model.Event{Kind: model.Reasoning, Text: v.Str}); err != nil {
				return err
			}
			break
		}
	}
	for _, e := range s.think.split(c.Delta.Content) {
		if err := s.emit(e); err != nil {
			return err
		}
	}
	if c.Delta.Refusal != "" {
		return &model.Error{Kind: model.Refused, Provider: s.provider, Delivered: s.delivered, Message: clip(c.Delta.Refusal)}
	}
	switch c.FinishReason {
	case "":
	case "stop", "tool_calls", "function_call":
		s.finish = model.FinishStop
	case "length":
		s.finish = model.FinishLength
	case "content_filter":
		s.finish = model.FinishFilter
		if !s.delivered {
			return &model.Error{Kind: model.Refused, Provider: s.provider, Message: "stopped by the provider's content filter"}
		}
	default:
		s.finish = model.FinishOther
	}
	return nil
}

// thinking separates a leading <think>…</think> block, which servers without a
// reasoning parser leave in the text.
type thinking struct {
	state int // 0 undecided, 1 inside, 2 past it
	held  string
}

const (
	openTag  = "<think>"
	closeTag = "</think>"
)

func (t *thinking) split(text string) []model.Event {
	if t.state == 2 {
		return []model.Event{{Kind: model.Text, Text: text}}
	}
	t.held += text
	if t.state == 0 {
		lead := strings.TrimLeft(t.held, " \r\n\t")
		switch {
		case strings.HasPrefix(lead, openTag):
			t.state, t.held = 1, lead[len(openTag):]
		case strings.HasPrefix(openTag, lead):
			return nil
		default:
			t.state = 2
			return []model.Event{t.flush(model.Text)}
		}
	}
	if before, after, ok := strings.Cut(t.held, closeTag); ok {
		t.state, t.held = 2, ""
		return []model.Event{{Kind: model.Reasoning, Text: before}, {Kind: model.Text, Text: strings.TrimLeft(after, "\r\n")}}
	}
	// Keep back what may be the beginning of the closing tag.
	keep := 0
	for n := min(len(closeTag)-1, len(t.held)); n > 0; n-- {
		if strings.HasSuffix(t.held, closeTag[:n]) {
			keep = n
			break
		}
	}
	out := t.held[:len(t.held)-keep]
	t.held = t.held[len(out):]
	return []model.Event{{Kind: model.Reasoning, Text: out}}
}

func (t *thinking) flush(kind string) model.Event {
	e := model.Event{Kind: kind, Text: t.held}
	t.held = ""
	return e
}

// rest gives what was held back when the answer ends.
func (t *thinking) rest() model.Event {
	if t.state == 1 {
		return t.flush(model.Reasoning)
	}
	return t.flush(model.Text)
}
