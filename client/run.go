package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Run is a piece of work that outlives the request that began it.
type Run struct {
	ID          string          `json:"id"`
	Kind        string          `json:"kind"`
	State       string          `json:"state"` // queued, running, waiting, succeeded, failed, cancelled, interrupted
	WorkspaceID string          `json:"workspaceId"`
	Progress    json.RawMessage `json:"progress"`
	ErrorCode   string          `json:"errorCode"`
	Error       string          `json:"errorMessage"`
	CreatedAt   time.Time       `json:"createdAt"`
	EndedAt     *time.Time      `json:"endedAt"`
}

// Ended tells whether the run will not change any more.
func (r Run) Ended() bool {
	switch r.State {
	case "succeeded", "failed", "cancelled", "interrupted":
		return true
	}
	return false
}

// Run asks for a run's state.
func (c *Client) Run(ctx context.Context, id string) (r Run, err error) {
	err = c.call(ctx, request{method: http.MethodGet, path: "/api/runs/" + url.PathEscape(id)}, &r)
	return r, err
}

// CancelRun asks a run to stop.
func (c *Client) CancelRun(ctx context.Context, id string) error {
	return c.call(ctx, request{method: http.MethodPost, path: "/api/runs/" + url.PathEscape(id) + "/cancel"}, nil)
}

// RunEvent is one entry of a run's record.
type RunEvent struct {
	Seq  int64
	Type string
	Data json.RawMessage
}

// ErrBroken says that a stream of events broke off before the run had ended. Follow it
// again after the last event seen.
var ErrBroken = errors.New("stream of events broke off")

// isEnd tells whether a state event is the one that ends a run.
func isEnd(data string) bool {
	var change struct{ State string }
	return json.Unmarshal([]byte(data), &change) == nil && Run{State: change.State}.Ended()
}

// FollowRun calls f for each event after the given one, past and live, until the run
// has ended or f fails; ErrBroken if the stream ends before that.
func (c *Client) FollowRun(ctx context.Context, id string, after int64, f func(RunEvent) error) error {
	header := map[string]string{"Accept": "text/event-stream"}
	if after > 0 {
		header["Last-Event-ID"] = strconv.FormatInt(after, 10)
	}
	res, err := c.send(ctx, request{method: http.MethodGet, path: "/api/runs/" + url.PathEscape(id) + "/events", header: header})
	if err != nil {
		return err
	}
	defer res.Body.Close()
	ended := false
	err = readEvents(res.Body, func(e event) error {
		seq, err := strconv.ParseInt(e.id, 10, 64)
		if err != nil {
			return fmt.Errorf("follow run: event id %q: %w", e.id, err)
		}
		ended = e.name == "state" && isEnd(e.data)
		return f(RunEvent{Seq: seq, Type: e.name, Data: json.RawMessage(e.data)})
	})
	if err == nil && !ended {
		err = ErrBroken
	}
	return err
}
