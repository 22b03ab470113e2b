package client

import (
	"context"
	"encoding/json"
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

// FollowRun calls f for each event after the given one, past and live, until the run
// has ended or f fails.
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
	return readEvents(res.Body, func(e event) error {
		seq, err := strconv.ParseInt(e.id, 10, 64)
		if err != nil {
			return fmt.Errorf("follow run: event id %q: %w", e.id, err)
		}
		return f(RunEvent{Seq: seq, Type: e.name, Data: json.RawMessage(e.data)})
	})
}
