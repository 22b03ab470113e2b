package index

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/server"
)

// Routes adds the routes of the index.
func (s *Service) Routes(t *server.Table) {
	owner := server.OwnerOf("workspace")
	server.Handle(t, server.Route{Method: http.MethodPost, Path: "/api/workspaces/{id}/sync", Access: owner, Status: http.StatusAccepted, Rate: server.RateHeavy,
		Summary: "Start a sync of the workspace's index, or join the one in progress", Tag: "index"}, s.postSync)
	server.Handle(t, server.Route{Method: http.MethodGet, Path: "/api/workspaces/{id}/index", Access: owner,
		Summary: "Tell the condition of the workspace's index", Tag: "index"}, s.getStatus)
	server.Handle(t, server.Route{Method: http.MethodGet, Path: "/api/workspaces/{id}/index/files", Access: owner,
		Summary: "List the workspace's files with their index states", Tag: "index"}, s.getFiles)
	server.Handle(t, server.Route{Method: http.MethodGet, Path: "/api/search", Access: owner,
		Summary: "Find passages in a workspace", Tag: "index"}, s.getSearch)
	server.Handle(t, server.Route{Method: http.MethodGet, Path: "/api/files/text", Access: owner,
		Summary: "Read the extracted text of a file", Tag: "index"}, s.getText)
	server.Handle(t, server.Route{Method: http.MethodGet, Path: "/api/files/boxes", Access: owner,
		Summary: "Tell where a range of a PDF's text stands on its pages", Tag: "index"}, s.getBoxes)
	server.Raw(t, server.Route{Method: http.MethodGet, Path: "/api/workspaces/{id}/events", Access: owner,
		Summary: "Follow changes of the workspace's index and files", Tag: "index"},
		server.RawDoc{ContentType: "text/event-stream"}, s.getEvents)
}

// own makes sure that a workspace belongs to the caller.
func (s *Service) own(ctx context.Context, workspaceID string) (userID string, err error) {
	caller, _ := server.CallerFrom(ctx)
	if _, err := s.workspaces.Get(ctx, caller.UserID, workspaceID); err != nil {
		return "", err
	}
	return caller.UserID, nil
}

type workspaceInput struct {
	ID string `path:"id"`
}

type syncOutput struct {
	Body struct {
		RunID string `json:"runId"`
	}
}

func (s *Service) postSync(ctx context.Context, in *workspaceInput) (*syncOutput, error) {
	user, err := s.own(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &syncOutput{}
	out.Body.RunID, err = s.Sync(ctx, in.ID, user)
	return out, err
}

type statusOutput struct{ Body Status }

func (s *Service) getStatus(ctx context.Context, in *workspaceInput) (*statusOutput, error) {
	if _, err := s.own(ctx, in.ID); err != nil {
		return nil, err
	}
	st, err := s.Status(ctx, in.ID)
	if errors.Is(err, errGone) {
		return nil, server.WithCause(server.NotFound(), err)
	}
	return &statusOutput{st}, err
}

type filesInput struct {
	ID     string `path:"id"`
	State  State  `query:"state" enum:"pending,indexed,skipped,failed"`
	Dir    string `query:"dir" maxLength:"4000" doc:"Only files below this folder."`
	Find   string `query:"q" maxLength:"400" doc:"Part of the path; letter case is ignored."`
	Cursor string `query:"cursor" maxLength:"8000"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type filesOutput struct{ Body FilePage }

func (s *Service) getFiles(ctx context.Context, in *filesInput) (*filesOutput, error) {
	if _, err := s.own(ctx, in.ID); err != nil {
		return nil, err
	}
	page, err := s.Files(ctx, in.ID, FileQuery{State: in.State, Dir: storable(in.Dir), Find: in.Find, Cursor: in.Cursor, Limit: in.Limit})
	if errors.Is(err, ErrCursor) {
		return nil, server.Invalid("cursor_invalid", "The cursor is not of this list. Begin again without one.")
	}
	return &filesOutput{page}, err
}

type searchInput struct {
	WorkspaceID string   `query:"workspaceId" required:"true"`
	Q           string   `query:"q" required:"true" minLength:"1" maxLength:"4000"`
	K           int      `query:"k" minimum:"1" maximum:"100" default:"10" doc:"Passages wanted."`
	PerFile     int      `query:"perFile" minimum:"0" maximum:"100" doc:"Passages of one file at most; 0 for no limit."`
	Paths       []string `query:"path,explode" maxItems:"50" doc:"Only in these files and folders."`
}

// hit is a passage as the API shows it; offsets are characters.
type hit struct {
	Path        string   `json:"path"`
	Score       float64  `json:"score"`
	Start       int      `json:"start" doc:"In the file's extracted text, in characters."`
	End         int      `json:"end"`
	Line        int      `json:"line"`
	Page        int      `json:"page" doc:"0 if the file has no pages."`
	Breadcrumb  string   `json:"breadcrumb"`
	Title       string   `json:"title"`
	Type        string   `json:"type"`
	Text        string   `json:"text"`
	ContentHash string   `json:"contentHash"`
	Highlights  [][2]int `json:"highlights" doc:"Words of the question in text: start and end in characters."`
}

type searchOutput struct {
	Body struct {
		Hits     []hit    `json:"hits"`
		Searched searched `json:"searched"`
	}
}

type searched struct {
	Files  int `json:"files"`
	Chunks int `json:"chunks"`
}

func (s *Service) getSearch(ctx context.Context, in *searchInput) (*searchOutput, error) {
	if _, err := s.own(ctx, in.WorkspaceID); err != nil {
		return nil, err
	}
	for i := range in.Paths {
		in.Paths[i] = storable(in.Paths[i])
	}
	r, err := s.Search(ctx, Query{WorkspaceID: in.WorkspaceID, Text: in.Q, K: in.K, PerFile: in.PerFile, Paths: in.Paths})
	if err != nil {
		return nil, err
	}
	out := &searchOutput{}
	out.Body.Searched = searched{r.Files, r.Chunks}
	out.Body.Hits = make([]hit, 0, len(r.Passages))
	for _, p := range r.Passages {
		out.Body.Hits = append(out.Body.Hits, hit{
			Path: p.Path, Score: p.Score, Start: p.Start, End: p.End, Line: p.Line, Page: p.Page, Breadcrumb: p.Breadcrumb,
			Title: p.Title, Type: p.Type, Text: p.Text, ContentHash: p.ContentHash, Highlights: charRanges(p.Text, r.Highlights(p.Text)),
		})
	}
	return out, nil
}

// charRanges turns ordered byte ranges of a text into character ranges.
func charRanges(text string, ranges [][2]int) [][2]int {
	out := make([][2]int, 0, len(ranges))
	at, char := 0, 0
	to := func(b int) int {
		char += chars(text[at:b])
		at = b
		return char
	}
	for _, r := range ranges {
		start := to(r[0])
		out = append(out, [2]int{start, to(r[1])})
	}
	return out
}

type textInput struct {
	WorkspaceID string `query:"workspaceId" required:"true"`
	Path        string `query:"path" required:"true" minLength:"1" maxLength:"4000"`
}

type pageSpan struct {
	Number int `json:"number"`
	Start  int `json:"start" doc:"In text, in characters."`
	End    int `json:"end"`
}

type textOutput struct {
	Body struct {
		Path        string     `json:"path"`
		Type        string     `json:"type"`
		Title       string     `json:"title"`
		Text        string     `json:"text"`
		Pages       []pageSpan `json:"pages"`
		ContentHash string     `json:"contentHash"`
	}
}

func (s *Service) getText(ctx context.Context, in *textInput) (*textOutput, error) {
	if _, err := s.own(ctx, in.WorkspaceID); err != nil {
		return nil, err
	}
	t, err := s.Text(ctx, in.WorkspaceID, storable(in.Path))
	if err != nil {
		return nil, textProblem(err)
	}
	x := document.NewIndex(t.Text, t.Pages)
	out := &textOutput{}
	out.Body.Path, out.Body.Type, out.Body.Title, out.Body.Text, out.Body.ContentHash = t.Path, t.Type, t.Title, t.Text, t.ContentHash
	out.Body.Pages = make([]pageSpan, 0, len(t.Pages))
	for _, p := range t.Pages {
		out.Body.Pages = append(out.Body.Pages, pageSpan{p.Number, x.Char(p.Start), x.Char(p.End)})
	}
	return out, nil
}

// textProblem turns what stored text can be missing for into problems.
func textProblem(err error) error {
	switch {
	case errors.Is(err, ErrNotIndexed):
		return server.WithCause(server.Problem(http.StatusNotFound, "not_indexed", "This file is not in the index. Its state in the list of files says why."), err)
	case errors.Is(err, ErrChanged):
		return server.WithCause(server.Conflict("changed", "The file has changed since. Ask again to see its present state."), err)
	}
	if f, ok := errors.AsType[*document.Failure](err); ok {
		return server.WithCause(server.Problem(http.StatusUnprocessableEntity, f.Code, f.Message), err)
	}
	return err
}

type boxesInput struct {
	WorkspaceID string `query:"workspaceId" required:"true"`
	Path        string `query:"path" required:"true" minLength:"1" maxLength:"4000"`
	Start       int    `query:"start" required:"true" minimum:"0" doc:"In the extracted text, in characters."`
	End         int    `query:"end" required:"true" minimum:"0"`
	ContentHash string `query:"contentHash" required:"true" maxLength:"64"`
}

type boxesOutput struct {
	Body struct {
		Pages []PageBoxes `json:"pages"`
	}
}

func (s *Service) getBoxes(ctx context.Context, in *boxesInput) (*boxesOutput, error) {
	if _, err := s.own(ctx, in.WorkspaceID); err != nil {
		return nil, err
	}
	boxes, err := s.Boxes(ctx, in.WorkspaceID, storable(in.Path), in.ContentHash, in.Start, in.End)
	if err != nil {
		return nil, textProblem(err)
	}
	out := &boxesOutput{}
	out.Body.Pages = boxes
	return out, nil
}

// Pace of the event stream.
const (
	eventsPoll = time.Second            // changes by other processes show after at most this
	eventsRest = 250 * time.Millisecond // between two events
)

// indexEvent is the data of an "index" event.
type indexEvent struct {
	Seq       int64   `json:"seq"`
	Counts    Counts  `json:"counts"`
	Chunks    int     `json:"chunks"`
	SyncRunID *string `json:"syncRunId"`
	Watching  bool    `json:"watching"`
	Paused    string  `json:"paused,omitempty"`
	Missing   string  `json:"missing,omitempty"`
}

// filesEvent is the data of a "files" event; null paths mean any.
type filesEvent struct {
	Paths []string `json:"paths"`
}

func (s *Service) getEvents(w http.ResponseWriter, r *http.Request) error {
	ctx, id := r.Context(), r.PathValue("id")
	if _, err := s.own(ctx, id); err != nil {
		return err
	}
	listener := s.Listen(id)
	defer listener.Close()
	stream, err := server.NewSSE(w, r)
	if err != nil {
		return err
	}
	defer stream.Close()
	poll := time.NewTicker(eventsPoll)
	defer poll.Stop()
	f := follower{s: s, id: id, stream: stream}
	for {
		if err := f.step(ctx, listener); err != nil {
			if ctx.Err() != nil || errors.Is(err, errGone) {
				return nil
			}
			return err
		}
		if !sleep(ctx, eventsRest) {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-listener.C():
			f.look = true
		case <-poll.C:
		}
	}
}

// follower is one event stream.
type follower struct {
	s      *Service
	id     string
	stream *server.SSE
	look   bool // something changed in this process
	seq    int64
	last   string // data of the last index event
}

func (f *follower) step(ctx context.Context, l *Listener) error {
	if paths, any := l.Take(); len(paths) > 0 || any {
		data, err := json.Marshal(filesEvent{paths})
		if err != nil {
			return err
		}
		if err := f.stream.Send("", "files", data); err != nil {
			return err
		}
	}
	seq, err := currentSeq(ctx, f.s.db.Read(), f.id)
	if err != nil {
		return err
	}
	if !f.look && seq == f.seq && f.last != "" {
		return nil
	}
	f.look, f.seq = false, seq
	st, err := f.s.Status(ctx, f.id)
	if err != nil {
		return err
	}
	data, err := json.Marshal(indexEvent{st.Seq, st.Counts, st.Chunks, st.SyncRunID, st.Watching, st.Paused, st.Missing})
	if err != nil || string(data) == f.last {
		return err
	}
	f.last = string(data)
	return f.stream.Send(strconv.FormatInt(st.Seq, 10), "index", data)
}
