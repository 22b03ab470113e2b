package journal_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innoclaw/innoclaw/internal/journal"
	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

// nameAuth takes the caller's name and role from the bearer token "name/role".
type nameAuth struct{}

func (nameAuth) Authenticate(r *http.Request) (server.Caller, bool, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return server.Caller{}, false, nil
	}
	name, role, _ := strings.Cut(token, "/")
	return server.Caller{UserID: name, Role: role, Scopes: []string{server.ScopeRead, server.ScopeWrite}, TokenID: "t"}, true, nil
}

// api is a running server with the routes of a journal.
type api struct {
	t   *testing.T
	url string
}

func serve(t *testing.T, j *journal.Journal) api {
	t.Helper()
	table := server.NewTable("test", nil)
	j.Routes(table)
	s, err := server.New(server.Options{Table: table, Auth: nameAuth{}})
	if err != nil {
		t.Fatal(err)
	}
	ts := httptest.NewServer(s)
	t.Cleanup(ts.Close)
	return api{t, ts.URL}
}

func (a api) open(ctx context.Context, method, path, who string, header ...string) *http.Response {
	a.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, a.url+path, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	if who != "" {
		req.Header.Set("Authorization", "Bearer "+who)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	return resp
}

func (a api) do(method, path, who string, header ...string) (int, string) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), patience)
	defer cancel()
	resp := a.open(ctx, method, path, who, header...)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestRunsAreSeenByTheirOwnerAlone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		j := start(t, db, journal.Options{}, journal.Kind{Name: "k", Run: idle})
		a := serve(t, j)
		own := create(t, j, journal.Spec{Kind: "k", OwnerID: "ann"})
		system := create(t, j, journal.Spec{Kind: "k"})
		await(t, j, own.ID)
		await(t, j, system.ID)
		allowed := map[string]int{"ann/user " + own.ID: 200, "root/admin " + system.ID: 200}
		for _, who := range []string{"", "ann/user", "bob/user", "root/admin", "/user"} {
			for _, id := range []string{own.ID, system.ID, "nothing"} {
				want := 404
				if who == "" {
					want = 401
				}
				if status := allowed[who+" "+id]; status != 0 {
					want = status
				}
				for _, request := range []string{"GET /api/runs/{id}", "GET /api/runs/{id}/events", "POST /api/runs/{id}/cancel"} {
					method, path, _ := strings.Cut(strings.Replace(request, "{id}", id, 1), " ")
					if got, body := a.do(method, path, who); got != want {
						t.Errorf("%s of run %q as %q: %d, want %d: %s", request, id, who, got, want, body)
					}
				}
			}
		}
		count := func(who string) int {
			_, body := a.do("GET", "/api/runs", who)
			var page journal.RunsBody
			if err := json.Unmarshal([]byte(body), &page); err != nil {
				t.Fatalf("%v: %s", err, body)
			}
			return len(page.Items)
		}
		got := []int{count("ann/user"), count("bob/user"), count("root/admin")}
		if diff := cmp.Diff([]int{1, 0, 1}, got); diff != "" {
			t.Errorf("listed runs of ann, bob and root (-want +got):\n%s", diff)
		}
	})
}

func TestRunAsJSON(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	j := start(t, db, journal.Options{Clock: newClock().now}, journal.Kind{Name: "k", Run: func(ctx context.Context, l *journal.Lease) error {
		return errors.Join(l.SetProgress(ctx, map[string]int{"done": 3}), fmt.Errorf("step: %w", publicFault{}))
	}})
	run := create(t, j, journal.Spec{Kind: "k", OwnerID: "ann", WorkspaceID: "w", Input: "secret input"})
	await(t, j, run.ID)
	_, body := serve(t, j).do("GET", "/api/runs/"+run.ID, "ann/user")
	var got, want any
	wantText := `{"id":"` + run.ID + `","kind":"k","workspaceId":"w","state":"failed","waitingFor":"","progress":{"done":3},
		"error":{"code":"quota","message":"The quota is used up."},"attempt":1,"lastSeq":4,
		"createdAt":"2026-11-01T00:00:00Z","startedAt":"2026-11-01T00:00:00Z","endedAt":"2026-11-01T00:00:00Z"}`
	if err := errors.Join(json.Unmarshal([]byte(body), &got), json.Unmarshal([]byte(wantText), &want)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("run (-want +got):\n%s", diff)
	}
}

func TestRunsArePagedAndFiltered(t *testing.T) {
	t.Parallel()
	j := journal.New(storetest.SQLite(t), journal.Options{})
	for i := range 5 {
		create(t, j, journal.Spec{Kind: fmt.Sprint("k", i%2), OwnerID: "ann", WorkspaceID: "w"})
	}
	a := serve(t, j)
	get := func(query string) (n int, next string) {
		status, body := a.do("GET", "/api/runs"+query, "ann/user")
		var page journal.RunsBody
		if err := json.Unmarshal([]byte(body), &page); err != nil || status != 200 {
			t.Fatalf("%s: %d %s", query, status, body)
		}
		return len(page.Items), page.Next
	}
	n, next := get("?limit=3")
	if n != 3 || next == "" {
		t.Fatalf("first page has %d runs, next %q", n, next)
	}
	if n, next = get("?limit=3&before=" + next); n != 2 || next != "" {
		t.Errorf("second page has %d runs, next %q; want 2 and none", n, next)
	}
	for query, want := range map[string]int{"?kind=k0": 3, "?workspaceId=x": 0, "?state=queued,running": 5, "?state=failed": 0} {
		if n, _ := get(query); n != want {
			t.Errorf("%s: %d runs, want %d", query, n, want)
		}
	}
	for _, query := range []string{"?limit=0", "?limit=1001", "?state=odd"} {
		if status, body := a.do("GET", "/api/runs"+query, "ann/user"); status < 400 || status >= 500 {
			t.Errorf("%s: %d %s, want a refusal", query, status, body)
		}
	}
}

func TestEventStreamResumes(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	j := start(t, db, journal.Options{}, journal.Kind{Name: "k", Run: func(ctx context.Context, l *journal.Lease) error {
		_, err := l.Append(ctx, journal.Draft{Type: "text", Payload: map[string]string{"delta": "a\nb"}})
		return err
	}})
	run := create(t, j, journal.Spec{Kind: "k", OwnerID: "ann"})
	await(t, j, run.ID)
	a := serve(t, j)
	last := "id: 4\nevent: state\ndata: {\"state\":\"succeeded\"}\n\n"
	text := "id: 3\nevent: text\ndata: {\"delta\":\"a\\nb\"}\n\n"
	first := "id: 1\nevent: state\ndata: {\"state\":\"queued\"}\n\nid: 2\nevent: state\ndata: {\"state\":\"running\",\"attempt\":1}\n\n"
	path := "/api/runs/" + run.ID + "/events"
	tests := []struct {
		path, header, want string
		status             int
	}{
		{path, "", first + text + last, 200},
		{path, "2", text + last, 200},
		{path + "?after=3", "", last, 200},
		{path + "?after=1", "3", last, 200}, // the header is what a reconnecting browser adds
		{path, "4", "", 200},
		{path, "99", "", 200},
		{path, "x", "", 400},
		{path + "?after=-1", "", "", 400},
	}
	for _, test := range tests {
		var header []string
		if test.header != "" {
			header = []string{"Last-Event-ID", test.header}
		}
		status, body := a.do("GET", test.path, "ann/user", header...)
		if status != test.status || status == 200 && body != test.want {
			t.Errorf("%s after %q: %d\n%swant %d\n%s", test.path, test.header, status, body, test.status, test.want)
		}
	}
}

func TestEventStreamIsLiveAndCancelEndsIt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		say := make(chan int)
		j := start(t, db, journal.Options{}, journal.Kind{Name: "k", Run: func(ctx context.Context, l *journal.Lease) error {
			for {
				select {
				case n := <-say:
					if _, err := l.Append(ctx, journal.Draft{Type: "n", Payload: n}); err != nil {
						return err
					}
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
		}})
		a := serve(t, j)
		run := create(t, j, journal.Spec{Kind: "k", OwnerID: "ann"})
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		resp := a.open(ctx, "GET", "/api/runs/"+run.ID+"/events?after=2", "ann/user")
		defer resp.Body.Close()
		if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
			t.Errorf("content type %s", got)
		}
		lines := bufio.NewScanner(resp.Body)
		expect := func(want string) {
			t.Helper()
			for lines.Scan() {
				if strings.HasPrefix(lines.Text(), "data: ") {
					if lines.Text() != "data: "+want {
						t.Errorf("got %s, want data: %s", lines.Text(), want)
					}
					return
				}
			}
			t.Fatalf("stream ended before %s: %v", want, lines.Err())
		}
		for i := range 3 { // each is heard before the next is said
			say <- i
			expect(fmt.Sprint(i))
		}
		status, body := a.do("POST", "/api/runs/"+run.ID+"/cancel", "ann/user")
		if status != 200 {
			t.Errorf("cancel: %d %s", status, body)
		}
		expect(`{"state":"cancelled"}`)
		rest, err := io.ReadAll(resp.Body)
		if err != nil || strings.TrimSpace(string(rest)) != "" {
			t.Errorf("after the last event: %q, %v", rest, err)
		}
	})
}

// TestFollowersThatLeaveAreForgotten checks that they leave nothing behind.
func TestFollowersThatLeaveAreForgotten(t *testing.T) {
	t.Parallel()
	j := journal.New(storetest.SQLite(t), journal.Options{})
	run := create(t, j, journal.Spec{Kind: "k", OwnerID: "ann"})
	a := serve(t, j)
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		resp := a.open(ctx, "GET", "/api/runs/"+run.ID+"/events", "ann/user")
		if _, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil {
			t.Error(err)
		}
		cancel()
		_ = resp.Body.Close()
	}
	for end := time.Now().Add(patience); j.Waiting() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d followers still wait", j.Waiting())
		}
	}
}
