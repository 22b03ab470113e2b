// Package answer answers questions from a workspace's files. It finds passages,
// lets a model write from them, and checks every citation against the stored text
// before anyone sees it.
//
// The parts, in the order in which an answer passes through them:
//
//	query.go    what to search for, given the conversation
//	passage.go  passages get short random ids, by which the model cites them
//	prompt.go   the prompt: rules, passages as untrusted data, history, question
//	scan.go     the model's stream cut into harmless text and citation marks
//	locate.go   a quote found in the stored text, whatever its typography
//	check.go    marks become citations with a state, or nothing
//	claim.go    which statements of the answer are supported
//	engine.go   all of it for one question
//	run.go      the same as a journal run that survives a crash
//	http.go     conversations and streams over HTTP
package answer

import (
	"context"

	"github.com/innoclaw/innoclaw/internal/index"
)

// Index finds passages and gives the stored text they come from; *index.Service.
type Index interface {
	Search(ctx context.Context, q index.Query) (index.Result, error)
	Text(ctx context.Context, workspaceID, path string) (index.StoredText, error)
	Hashes(ctx context.Context, workspaceID string, paths []string) (map[string]string, error)
	Neighbours(ctx context.Context, p index.Passage, before, after int) (index.Passage, error)
	Status(ctx context.Context, workspaceID string) (index.Status, error)
}

// State of a citation.
type State string

// The states of a citation.
const (
	// Verified: the quoted words stand there.
	Verified State = "verified"
	// Located: the passage exists; the model quoted nothing, and the span is the
	// sentence closest to the claim.
	Located State = "located"
	// Stale: the file has changed since; the span is of the old text.
	Stale State = "stale"
	// Unsupported: the model quoted words that do not stand there. The span is the
	// passage it named; the claim does not count as supported.
	Unsupported State = "unsupported"
)

// Citation points at exact words of a file. Quote is the stored text from Start to
// End, whatever the model wrote.
type Citation struct {
	ID       string `json:"id"`
	Number   int    `json:"number"`
	SourceID string `json:"sourceId"`
	Path     string `json:"path"`
	Page     int    `json:"page,omitempty"`
	Line     int    `json:"line,omitempty"`
	// Start and End are characters of the stored text.
	Start       int    `json:"start"`
	End         int    `json:"end"`
	Quote       string `json:"quote"`
	State       State  `json:"state"`
	ContentHash string `json:"contentHash"`
	// Passage is text around the quote, beginning at character PassageStart.
	Passage      string `json:"passage"`
	PassageStart int    `json:"passageStart"`
}

// Searched tells what an answer was looked for in.
type Searched struct {
	Files    int               `json:"files"`
	Chunks   int               `json:"chunks"`
	Passages []SearchedPassage `json:"passages"`
}

// SearchedPassage is one passage that was read for the answer.
type SearchedPassage struct {
	Path       string `json:"path"`
	Line       int    `json:"line,omitempty"`
	Page       int    `json:"page,omitempty"`
	Breadcrumb string `json:"breadcrumb,omitempty"`
}

// Support tells which statements of an answer are backed by citations.
type Support struct {
	Supported   bool    `json:"supported"`
	Claims      int     `json:"claims"`
	Backed      int     `json:"backed"`
	Unsupported []Claim `json:"unsupported"`
}

// Limits of one question and its answer.
const (
	MaxQuestion  = 8_000   // characters
	MaxAnswer    = 200_000 // bytes of model text that are read
	MaxCitations = 200
)
