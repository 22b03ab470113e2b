package journal

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/innoclaw/innoclaw/internal/server"
)

// RunBody is a run as the API tells it. Input and cursor stay inside.
type RunBody struct {
	ID          string        `json:"id"`
	Kind        string        `json:"kind"`
	WorkspaceID string        `json:"workspaceId" doc:"Empty for runs outside any workspace"`
	State       State         `json:"state" enum:"queued,running,waiting,succeeded,failed,cancelled,interrupted"`
	WaitingFor  WaitReason    `json:"waitingFor" enum:",approval,input,resource"`
	Progress    any           `json:"progress" doc:"What the kind of run tells about how far it is, or null"`
	Error       *ErrorPayload `json:"error" doc:"Why a failed run failed, or null"`
	Attempt     int           `json:"attempt" doc:"How often a worker began it"`
	LastSeq     int64         `json:"lastSeq" doc:"Number of the newest event"`
	CreatedAt   time.Time     `json:"createdAt"`
	StartedAt   *time.Time    `json:"startedAt"`
	EndedAt     *time.Time    `json:"endedAt"`
}

func runBody(r Run) RunBody {
	b := RunBody{
		ID: r.ID, Kind: r.Kind, WorkspaceID: r.WorkspaceID, State: r.State, WaitingFor: r.WaitingFor,
		Attempt: r.Attempt, LastSeq: r.LastSeq, CreatedAt: r.CreatedAt, StartedAt: r.StartedAt, EndedAt: r.EndedAt,
	}
	if r.Progress != nil {
		b.Progress = r.Progress
	}
	if r.ErrorCode != "" {
		b.Error = &ErrorPayload{Code: r.ErrorCode, Message: r.ErrorMessage}
	}
	return b
}

// RunsBody is one page of runs.
type RunsBody struct {
	Items []RunBody `json:"items"`
	Next  string    `json:"next" doc:"Value of before for the next page, empty on the last one"`
}

type listInput struct {
	WorkspaceID string  `query:"workspaceId"`
	Kind        string  `query:"kind"`
	States      []State `query:"state" doc:"Comma-separated states" enum:"queued,running,waiting,succeeded,failed,cancelled,interrupted"`
	Limit       int     `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Before      string  `query:"before" doc:"Id of a run: only older ones are listed"`
}

type listOutput struct{ Body RunsBody }

type runInput struct {
	ID string `path:"id"`
}

type runOutput struct{ Body RunBody }

// Routes adds the API of runs to the table.
func (j *Journal) Routes(t *server.Table) {
	server.Handle(t, server.Route{
		Method: "GET", Path: "/api/runs", Access: server.User, Tag: "runs",
		Summary: "List the caller's runs, newest first",
	}, j.httpList)
	server.Handle(t, server.Route{
		Method: "GET", Path: "/api/runs/{id}", Access: server.OwnerOf("run"), Tag: "runs",
		Summary: "State and progress of a run",
	}, j.httpGet)
	server.Raw(t, server.Route{
		Method: "GET", Path: "/api/runs/{id}/events", Access: server.OwnerOf("run"), Tag: "runs",
		Summary: "Follow the events of a run until it has ended",
	}, server.RawDoc{
		ContentType: "text/event-stream",
		Stream:      true,
		Params: []server.Param{
			{Name: "Last-Event-ID", In: "header", Type: "integer"},
			{Name: "after", In: "query", Type: "integer"},
		},
	}, j.httpEvents)
	server.Handle(t, server.Route{
		Method: "POST", Path: "/api/runs/{id}/cancel", Access: server.OwnerOf("run"), Tag: "runs",
		Summary: "Cancel a run; one that has ended stays as it is",
	}, j.httpCancel)
}

func (j *Journal) httpList(ctx context.Context, in *listInput) (*listOutput, error) {
	caller, ok := server.CallerFrom(ctx)
	if !ok || caller.UserID == "" {
		return nil, server.NotFound()
	}
	runs, err := j.List(ctx, Filter{
		OwnerID: caller.UserID, Unowned: caller.IsAdmin(), WorkspaceID: in.WorkspaceID,
		Kind: in.Kind, States: in.States, Limit: in.Limit, Before: in.Before,
	})
	if err != nil {
		return nil, err
	}
	out := &listOutput{Body: RunsBody{Items: make([]RunBody, len(runs))}}
	for i, r := range runs {
		out.Body.Items[i] = runBody(r)
	}
	if len(runs) == in.Limit {
		out.Body.Next = runs[len(runs)-1].ID
	}
	return out, nil
}

// visible returns a run the caller may see; the query decides.
func (j *Journal) visible(ctx context.Context, id string) (Run, error) {
	caller, ok := server.CallerFrom(ctx)
	if !ok {
		return Run{}, server.NotFound()
	}
	run, err := j.getVisible(ctx, id, caller.UserID, caller.IsAdmin())
	if errors.Is(err, ErrNotFound) {
		return Run{}, server.NotFound()
	}
	return run, err
}

func (j *Journal) httpGet(ctx context.Context, in *runInput) (*runOutput, error) {
	run, err := j.visible(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &runOutput{Body: runBody(run)}, nil
}

func (j *Journal) httpCancel(ctx context.Context, in *runInput) (*runOutput, error) {
	if _, err := j.visible(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := j.Cancel(ctx, in.ID); err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	return j.httpGet(ctx, in)
}

func (j *Journal) httpEvents(w http.ResponseWriter, r *http.Request) error {
	run, err := j.visible(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	after, err := resumePoint(r)
	if err != nil {
		return err
	}
	sse, err := server.NewSSE(w, r)
	if err != nil {
		return err
	}
	defer sse.Close()
	for e, err := range j.Follow(r.Context(), run.ID, after) {
		if r.Context().Err() != nil {
			return nil // the browser left, or the server stops
		}
		if err != nil {
			return err
		}
		if err := sse.Send(strconv.FormatInt(e.Seq, 10), e.Type, eventData(e)); err != nil {
			return nil // the browser left
		}
	}
	return nil
}

// eventData is the payload of an event as it is sent.
func eventData(e Event) []byte {
	if len(e.Payload) == 0 || !json.Valid(e.Payload) {
		return []byte("null")
	}
	return e.Payload
}

// resumePoint is the number of the last event the caller has. A browser that
// reconnects sends the header, which is newer than the query it began with.
func resumePoint(r *http.Request) (int64, error) {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = r.URL.Query().Get("after")
	}
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, server.Invalid("bad_event_id", "Last-Event-ID and after take the number of an event, 0 or more.")
	}
	return n, nil
}
