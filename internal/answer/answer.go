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
)

// Retriever finds passages and gives the stored text they come from.
type Retriever interface {
	Search(ctx context.Context, q Query) (Found, error)
	// Text gives the stored text of one file.
	Text(ctx context.Context, workspaceID, path string) (Text, error)
	// Hashes gives the content hash that each path has now; paths that are not
	// in the index any more are missing.
	Hashes(ctx context.Context, workspaceID string, paths []string) (map[string]string, error)
}

// Query asks for the K best passages, at most PerFile of one file, within Paths if
// there are any.
type Query struct {
	WorkspaceID, Text string
	K, PerFile        int
	Paths             []string
}

// Found is what a search found and how much it looked at.
type Found struct {
	Passages      []Passage
	Files, Chunks int
}

// Passage is a piece of a file's stored text.
type Passage struct {
	Path, ContentHash, Type, Title, Breadcrumb, Text string
	// StartByte and Start are the offset of Text in the stored text, in bytes and
	// in characters; Line and Page belong to Start, counted from 1, Page 0 if the
	// type has none.
	StartByte, Start, Line, Page int
	Score                        float64
}

// Text is a file's stored text.
type Text struct {
	Text, ContentHash string
	Pages             []Page
}

// Page is a page's place in the stored text, in bytes.
type Page struct{ Number, Start, End int }

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
