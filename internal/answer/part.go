package answer

import (
	"encoding/json"
	"path"
	"strings"

	"github.com/innoclaw/innoclaw/internal/model"
)

// Part is one event of an answer in the UI message stream protocol, version 1.
// Type repeats the "type" field of Body.
type Part struct {
	Type string
	Body any
}

// Types of parts.
const (
	startPart          = "start"
	finishPart         = "finish"
	textStart          = "text-start"
	textDelta          = "text-delta"
	textEnd            = "text-end"
	reasoningStart     = "reasoning-start"
	reasoningDelta     = "reasoning-delta"
	reasoningEnd       = "reasoning-end"
	sourceDocument     = "source-document"
	dataConversation   = "data-conversation"
	dataProgress       = "data-progress"
	dataCitation       = "data-citation"
	dataSearched       = "data-searched"
	dataUsage          = "data-usage"
	dataSupport        = "data-support"
	errorPart          = "error"
	abortPart          = "abort"
	streamDone         = "[DONE]"
	protocolHeader     = "X-Vercel-Ai-Ui-Message-Stream"
	protocolVersion    = "v1"
	conversationHeader = "X-Innoclaw-Conversation-Id"
	runHeader          = "X-Innoclaw-Run-Id"
)

type (
	startBody struct {
		Type      string `json:"type"`
		MessageID string `json:"messageId"`
	}
	deltaBody struct {
		Type  string `json:"type"`
		ID    string `json:"id"`
		Delta string `json:"delta"`
	}
	boundBody struct {
		Type string `json:"type"`
		ID   string `json:"id"`
	}
	sourceBody struct {
		Type      string `json:"type"`
		SourceID  string `json:"sourceId"`
		MediaType string `json:"mediaType"`
		Title     string `json:"title"`
		Filename  string `json:"filename"`
	}
	dataBody struct {
		Type string `json:"type"`
		ID   string `json:"id,omitempty"`
		Data any    `json:"data"`
	}
	errorBody struct {
		Type      string `json:"type"`
		ErrorText string `json:"errorText"`
	}
	finishBody struct {
		Type         string   `json:"type"`
		FinishReason string   `json:"finishReason"`
		Metadata     metadata `json:"messageMetadata"`
	}
)

// metadata closes a message.
type metadata struct {
	ConversationID string `json:"conversationId,omitempty"`
	Provider       string `json:"provider"`
	Model          string `json:"model"`
	Supported      bool   `json:"supported"`
}

// Progress phases.
const (
	retrieving = "retrieving"
	answering  = "answering"
	checking   = "checking"
)

type progress struct {
	Phase    string `json:"phase"`
	Passages int    `json:"passages,omitempty"`
	Provider string `json:"provider,omitempty"`
	Model    string `json:"model,omitempty"`
	Host     string `json:"host,omitempty"`
}

// Usage tells what an answer cost.
type Usage struct {
	model.Usage
	DurationMs int64 `json:"durationMs"`
	// FirstTokenMs is the time from the model call to its first piece of text.
	FirstTokenMs int64 `json:"firstTokenMs"`
}

func data(kind, id string, v any) Part { return Part{kind, dataBody{Type: kind, ID: id, Data: v}} }

func bound(kind, id string) Part { return Part{kind, boundBody{kind, id}} }

func delta(kind, id, text string) Part { return Part{kind, deltaBody{kind, id, text}} }

// mediaTypes by document type; what is not listed is shown as plain text.
var mediaTypes = map[string]string{"markdown": "text/markdown", "html": "text/html", "csv": "text/csv", "json": "application/json", "notebook": "application/x-ipynb+json", "pdf": "application/pdf"}

func sourcePart(id, documentType, title, file string) Part {
	media := mediaTypes[documentType]
	if media == "" {
		media = "text/plain"
	}
	if title == "" {
		title = path.Base(file)
	}
	return Part{sourceDocument, sourceBody{sourceDocument, id, media, title, file}}
}

// MarshalJSON gives the part as it stands in the stream.
func (p Part) MarshalJSON() ([]byte, error) { return json.Marshal(p.Body) }

// codeSpan shows a file's name as code, in which nothing of it is markup.
func codeSpan(name string) string {
	name = strings.Map(visible, strings.NewReplacer("`", "'", "|", "/", "\n", " ", "\t", " ").Replace(name))
	return "`" + unlike(strings.TrimSpace(name)) + "`"
}
