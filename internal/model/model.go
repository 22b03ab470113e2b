// Package model defines what the product asks of a language model: one streaming
// call with typed errors, whatever the provider. Implementations live in
// sub-packages (offline, openai); provider picks the one that the settings name.
//
// What a model returns is data. Nothing in here acts on it.
package model

import (
	"context"
	"iter"
	"time"
)

// Roles of a Message. The system text has its own field in Request.
const (
	User      = "user"
	Assistant = "assistant"
)

// Message is one earlier turn or the question itself.
type Message struct {
	Role string
	Text string
}

// Request is one call.
type Request struct {
	// Model is the provider's id of the model; empty means the provider's default.
	Model  string
	System string
	// Messages are in order; the last one is the user's.
	Messages []Message
	// MaxOutputTokens bounds the answer; zero leaves it to the provider.
	MaxOutputTokens int
	// Temperature nil leaves it to the provider.
	Temperature *float64
	// Grounding repeats question and passages, which Messages hold as prose, in a
	// form for providers that select text instead of writing it.
	Grounding *Grounding
}

// Grounding is what an answer may rest on.
type Grounding struct {
	Question string
	// Context is the salient vocabulary of earlier turns, for questions that lean
	// on them ("and in 2021?"). Often empty.
	Context  string
	Passages []Passage
}

// Passage is one numbered piece of a document.
type Passage struct {
	// ID is the short opaque id by which the model cites the passage.
	ID string
	// Path and Type describe the file; Type is the document type ("markdown",
	// "code", "csv", …).
	Path, Title, Breadcrumb, Type string
	// Header is the header row of the table that Text is cut from, if known.
	Header string
	Text   string
}

// Kinds of Event.
const (
	// Text is a piece of the answer.
	Text = "text"
	// Reasoning is a piece of the model's thinking, not part of the answer.
	Reasoning = "reasoning"
	// UsageReport carries Usage.
	UsageReport = "usage"
	// Finish carries FinishReason and is the last event of a complete answer.
	Finish = "finish"
)

// Finish reasons, as the UI message stream protocol names them.
const (
	FinishStop   = "stop"
	FinishLength = "length"
	FinishFilter = "content-filter"
	FinishOther  = "other"
)

// Event is one step of an answer.
type Event struct {
	Kind         string
	Text         string
	Usage        *Usage
	FinishReason string
}

// Usage counts tokens as the provider reported them.
type Usage struct {
	InputTokens     int64 `json:"inputTokens"`
	OutputTokens    int64 `json:"outputTokens"`
	ReasoningTokens int64 `json:"reasoningTokens,omitempty"`
	CachedTokens    int64 `json:"cachedInputTokens,omitempty"`
}

// Provider answers requests. Implementations are safe for concurrent use.
type Provider interface {
	// Name identifies the provider in events and messages, for example "openai".
	Name() string
	// Stream makes one call. It yields events until Finish, or ends with one
	// error, which is an *Error unless ctx ended. Breaking the loop ends the call.
	// A complete answer has exactly one Finish event, the last one.
	Stream(ctx context.Context, r Request) iter.Seq2[Event, error]
}

// Info describes one model that a provider offers.
type Info struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Lister is implemented by providers that can tell their models.
type Lister interface {
	Models(ctx context.Context) ([]Info, error)
}

// Limits of one call, whatever the provider.
const (
	// FirstByteTimeout bounds the wait for the first byte of an answer. Local
	// models load for minutes on first use.
	FirstByteTimeout = 3 * time.Minute
	// IdleTimeout bounds the silence between two chunks.
	IdleTimeout = 60 * time.Second
	// MaxAnswerBytes bounds what one call may return on the wire.
	MaxAnswerBytes = 32 << 20
)
