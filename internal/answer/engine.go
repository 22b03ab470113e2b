package answer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/innoclaw/innoclaw/internal/index"
	"github.com/innoclaw/innoclaw/internal/model"
	"github.com/innoclaw/innoclaw/internal/model/provider"
)

// How many passages are looked for.
const (
	wanted        = 12 // for a model
	wantedOffline = 24 // for the offline provider, which reads fast and picks
	perFile       = 5
	// floor is the share of the question's weight that a passage must hold.
	floor = 0.12
	// widened passages get a chunk on each side.
	widened = 3
)

// Question is one question to answer.
type Question struct {
	WorkspaceID, Text string
	// Paths limits the search to files and folders.
	Paths   []string
	History []Turn
}

// Result is a finished answer.
type Result struct {
	// Text is Markdown; a citation stands as [^c1] behind the claim.
	Text      string
	Model     string
	Supported bool
	Citations []Citation
	Searched  Searched
	Support   Support
	Usage     Usage
}

// call describes a model call that is about to be made. It is stored before.
type call struct {
	Provider string `json:"provider"`
	Model    string `json:"model"`
	Host     string `json:"host"`
	Passages int    `json:"passages"`
	// Chars is the length of all text sent.
	Chars int `json:"chars"`
}

// sink takes an answer as it comes into being.
type sink interface {
	// parts are in order; they may be held back for a moment.
	parts(ctx context.Context, p ...Part) error
	// calling is told of a model call and returns once that is stored for good.
	calling(ctx context.Context, c call) error
}

// engine answers one question after the other.
type engine struct {
	index  Index
	models Models
	now    func() time.Time
}

// work is one answer in the making.
type work struct {
	*engine
	q      Question
	choice provider.Choice
	out    sink

	found   index.Result
	sources []*source
	files   map[string]string // path to source id, for those announced
	result  Result
	open    string // type of the text part that is open: textStart, reasoningStart or none
	finish  string
	began   time.Time
}

// Ids of the text parts of an answer.
const (
	answerText    = "t1"
	noteText      = "t2"
	reasoningText = "r1"
)

// answer answers q into out. The error is for people if it is a *model.Error.
func (e *engine) answer(ctx context.Context, q Question, out sink) (Result, error) {
	w := &work{engine: e, q: q, out: out, files: make(map[string]string)}
	w.result.Citations = []Citation{}
	w.finish = model.FinishStop
	err := w.run(ctx)
	if err != nil {
		// What came so far stays readable.
		return w.result, errors.Join(err, w.close(context.WithoutCancel(ctx)))
	}
	return w.result, nil
}

func (w *work) run(ctx context.Context) (err error) {
	if w.choice, err = w.models.Current(); err != nil {
		return err
	}
	w.result.Model = w.choice.Name + "/" + w.choice.Model
	if w.choice.Name == provider.Offline {
		w.result.Model = provider.Offline
	}
	if err := w.out.parts(ctx, data(dataProgress, "progress", progress{Phase: retrieving})); err != nil {
		return err
	}
	question, err := w.retrieve(ctx)
	if err != nil {
		return err
	}
	c := newChecker(w.sources, w.stored(ctx), func(o output) error { return w.show(ctx, o) })
	if len(w.sources) > 0 {
		if err := w.ask(ctx, question, c); err != nil {
			return errors.Join(err, c.finish()) // what is held back is given out
		}
	}
	if err := c.finish(); err != nil {
		return err
	}
	w.result.Text, w.result.Support = strings.TrimSpace(c.written.String()), c.support()
	if c.none && w.result.Support.Backed == 0 {
		w.result.Support = Support{Unsupported: []Claim{}}
	}
	w.result.Supported = w.result.Support.Supported
	return w.conclude(ctx, c)
}

// retrieve finds the passages and makes the request.
func (w *work) retrieve(ctx context.Context) (model.Request, error) {
	offline := w.choice.Name == provider.Offline
	k := wanted
	if offline {
		k = wantedOffline
	}
	query, around := retrievalQuery(w.q.Text, w.q.History)
	found, err := w.index.Search(ctx, index.Query{WorkspaceID: w.q.WorkspaceID, Text: query, K: k, PerFile: perFile, Paths: w.q.Paths})
	if err != nil {
		return model.Request{}, fmt.Errorf("search for the question: %w", err)
	}
	w.found = found
	w.result.Searched = Searched{Files: found.Files, Chunks: found.Chunks, Passages: []SearchedPassage{}}
	ids := passageIDs(len(found.Passages))
	headers := make(map[string]string)
	for i, p := range found.Passages {
		if p.Coverage < floor && p.Coverage > 0 {
			continue
		}
		if i < widened && !offline {
			if p, err = w.index.Neighbours(ctx, p, 1, 1); err != nil {
				return model.Request{}, fmt.Errorf("widen passage of %s: %w", p.Path, err)
			}
		}
		s := &source{Passage: p, id: ids[i], text: text{source: p.Text}}
		if p.Type == "csv" {
			s.header = w.header(ctx, headers, p)
		}
		w.sources = append(w.sources, s)
		w.result.Searched.Passages = append(w.result.Searched.Passages, SearchedPassage{Path: p.Path, Line: p.Line, Page: p.Page, Breadcrumb: p.Breadcrumb})
	}
	if len(w.sources) == 0 {
		return model.Request{}, nil
	}
	r, kept, err := prompt(w.q.Text, around, w.sources, w.q.History, w.choice.ContextTokens)
	if offline && err == nil && len(kept) < len(w.sources) {
		r, kept, err = prompt(w.q.Text, around, w.sources, nil, 1<<20)
	}
	w.sources = kept
	r.Model = w.choice.Model
	return r, err
}

// header gives the first line of a table's stored text.
func (w *work) header(ctx context.Context, known map[string]string, p index.Passage) string {
	if h, ok := known[p.Path]; ok {
		return h
	}
	known[p.Path] = ""
	if stored, err := w.index.Text(ctx, w.q.WorkspaceID, p.Path); err == nil && stored.ContentHash == p.ContentHash {
		line, _, _ := strings.Cut(stored.Text, "\n")
		known[p.Path] = cutRunes(strings.TrimSpace(line), 2_000)
	}
	return known[p.Path]
}

// stored gives stored texts, each read once.
func (w *work) stored(ctx context.Context) func(string) (index.StoredText, error) {
	type entry struct {
		text index.StoredText
		err  error
	}
	known := make(map[string]entry)
	return func(path string) (index.StoredText, error) {
		e, ok := known[path]
		if !ok {
			e.text, e.err = w.index.Text(ctx, w.q.WorkspaceID, path)
			known[path] = e
		}
		return e.text, e.err
	}
}

// ask calls the model and passes its answer through the check.
func (w *work) ask(ctx context.Context, r model.Request, c *checker) error {
	host := w.choice.Host
	err := w.out.parts(ctx, data(dataProgress, "progress", progress{Phase: answering, Passages: len(w.sources), Provider: w.choice.Name, Model: w.choice.Model, Host: host}))
	if err != nil {
		return err
	}
	chars := utf8.RuneCountInString(r.System)
	for _, m := range r.Messages {
		chars += utf8.RuneCountInString(m.Text)
	}
	if err := w.out.calling(ctx, call{Provider: w.choice.Name, Model: w.choice.Model, Host: host, Passages: len(w.sources), Chars: chars}); err != nil {
		return err
	}
	w.began = w.now()
	for e, err := range w.choice.Provider.Stream(ctx, r) {
		if err != nil {
			return err
		}
		full, err := w.event(ctx, e, c)
		if err != nil {
			return err
		}
		if full {
			w.finish = model.FinishLength
			break
		}
	}
	w.result.Usage.DurationMs = w.now().Sub(w.began).Milliseconds()
	return nil
}

func (w *work) event(ctx context.Context, e model.Event, c *checker) (full bool, err error) {
	switch e.Kind {
	case model.Text:
		if w.result.Usage.FirstTokenMs == 0 {
			w.result.Usage.FirstTokenMs = max(1, w.now().Sub(w.began).Milliseconds())
		}
		return c.write(e.Text)
	case model.Reasoning:
		return false, w.reason(ctx, e.Text)
	case model.UsageReport:
		w.result.Usage.Usage = *e.Usage
	case model.Finish:
		w.finish = e.FinishReason
	}
	return false, nil
}

// reason shows a piece of the model's thinking. It is escaped like any other text
// and cites nothing.
func (w *work) reason(ctx context.Context, piece string) error {
	if w.open == textStart {
		return nil // thinking after the answer began is of no use to a reader
	}
	shown := ""
	s := scanner{text: func(t string) { shown += t }, mark: func([]cite, string) {}, none: func() {}}
	s.feed(piece, true)
	if err := w.begin(ctx, reasoningStart); err != nil {
		return err
	}
	return w.out.parts(ctx, delta(reasoningDelta, reasoningText, shown))
}

// begin opens a text or reasoning part and closes the other.
func (w *work) begin(ctx context.Context, kind string) error {
	if w.open == kind {
		return nil
	}
	if err := w.close(ctx); err != nil {
		return err
	}
	w.open = kind
	id := answerText
	if kind == reasoningStart {
		id = reasoningText
	}
	return w.out.parts(ctx, bound(kind, id))
}

// close ends the part that is open.
func (w *work) close(ctx context.Context) error {
	var p Part
	switch w.open {
	case textStart:
		p = bound(textEnd, answerText)
	case reasoningStart:
		p = bound(reasoningEnd, reasoningText)
	default:
		return nil
	}
	w.open = ""
	return w.out.parts(ctx, p)
}

// show passes checked output on.
func (w *work) show(ctx context.Context, o output) error {
	if err := w.begin(ctx, textStart); err != nil {
		return err
	}
	if o.citation == nil {
		return w.out.parts(ctx, delta(textDelta, answerText, o.text))
	}
	c := o.citation
	id, announced := w.files[c.Path]
	if !announced {
		id = fmt.Sprint("s", len(w.files)+1)
		w.files[c.Path] = id
		for _, s := range w.sources {
			if s.Path == c.Path {
				if err := w.out.parts(ctx, sourcePart(id, s.Type, s.Title, s.Path)); err != nil {
					return err
				}
				break
			}
		}
	}
	c.SourceID = id
	w.result.Citations = append(w.result.Citations, *c)
	return w.out.parts(ctx, data(dataCitation, c.ID, *c))
}

// conclude sends what follows the answer's text.
func (w *work) conclude(ctx context.Context, c *checker) error {
	if err := w.close(ctx); err != nil {
		return err
	}
	parts := []Part{
		data(dataProgress, "progress", progress{Phase: checking}),
		data(dataSearched, "searched", w.result.Searched),
		data(dataSupport, "support", w.result.Support),
	}
	if note := w.note(ctx, c); note != "" {
		if w.result.Text != "" {
			w.result.Text += "\n\n"
		}
		w.result.Text += note
		parts = append(parts, bound(textStart, noteText), delta(textDelta, noteText, note), bound(textEnd, noteText))
	}
	parts = append(parts, data(dataUsage, "usage", w.result.Usage))
	return w.out.parts(ctx, parts...)
}

// note tells, when nothing supports the answer, that this is so, what was
// searched and what is yet to be read, in the language of the question.
func (w *work) note(ctx context.Context, c *checker) string {
	if w.result.Supported {
		return ""
	}
	chinese := mostlyChinese(w.q.Text)
	var b strings.Builder
	switch empty := strings.TrimSpace(c.written.String()) == ""; {
	case empty && chinese:
		b.WriteString("在工作区的文件中没有找到与这个问题相关的内容。")
	case empty:
		b.WriteString("Nothing in the workspace's files matches this question. ")
	case c.none:
	case chinese:
		b.WriteString("以上内容没有一句能在工作区的文件中得到核实。")
	default:
		b.WriteString("None of the above could be traced to the workspace's files. ")
	}
	var names []string
	seen := make(map[string]bool)
	for _, p := range w.result.Searched.Passages {
		if !seen[p.Path] && len(names) < 5 {
			seen[p.Path] = true
			names = append(names, codeSpan(p.Path))
		}
	}
	if chinese {
		fmt.Fprintf(&b, "共检索了 %d 个文件", w.result.Searched.Files)
		if len(names) > 0 {
			b.WriteString("，最接近的是：" + strings.Join(names, "、"))
		}
		return b.String() + "。" + w.unread(ctx, chinese)
	}
	files := "files"
	if w.result.Searched.Files == 1 {
		files = "file"
	}
	fmt.Fprintf(&b, "Searched %d %s", w.result.Searched.Files, files)
	if len(names) > 0 {
		b.WriteString("; closest: " + strings.Join(names, ", "))
	}
	b.WriteString(".")
	if unread := w.unread(ctx, chinese); unread != "" {
		b.WriteString(" " + unread)
	}
	return b.String()
}
