package journal_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innoclaw/innoclaw/internal/journal"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

const patience = 30 * time.Second // for what takes milliseconds

// fakeClock is the stored time of one or several journals.
type fakeClock struct{ ms atomic.Int64 }

func newClock() *fakeClock {
	c := &fakeClock{}
	c.ms.Store(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).UnixMilli())
	return c
}

func (c *fakeClock) now() time.Time          { return time.UnixMilli(c.ms.Load()) }
func (c *fakeClock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// start runs a journal with the kinds until the end of the test.
func start(t *testing.T, db *store.DB, o journal.Options, kinds ...journal.Kind) *journal.Journal {
	t.Helper()
	if o.Poll == 0 {
		o.Poll = 10 * time.Millisecond
	}
	j := journal.New(db, o)
	for _, k := range kinds {
		j.Register(k)
	}
	if err := j.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, j) })
	return j
}

func stop(t *testing.T, j *journal.Journal) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := j.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func create(t *testing.T, j *journal.Journal, s journal.Spec) journal.Run {
	t.Helper()
	run, _, err := j.Create(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// follow returns all events of a run once it has ended.
func follow(t *testing.T, j *journal.Journal, id string, after int64) []journal.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var events []journal.Event
	for e, err := range j.Follow(ctx, id, after) {
		if err != nil {
			t.Fatalf("follow %s: %v (after %s)", id, err, brief(events))
		}
		events = append(events, e)
	}
	return events
}

// await returns a run that has ended.
func await(t *testing.T, j *journal.Journal, id string) journal.Run {
	t.Helper()
	follow(t, j, id, 0)
	run, err := j.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// brief writes events as "1 state {…}" lines.
func brief(events []journal.Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%d %s %s\n", e.Seq, e.Type, e.Payload)
	}
	return b.String()
}

func idle(context.Context, *journal.Lease) error { return nil }

// untilDone waits for the end of its context.
func untilDone(ctx context.Context, _ *journal.Lease) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

func TestRunTellsItsWholeStory(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		clock := newClock()
		j := start(t, db, journal.Options{Clock: clock.now}, journal.Kind{Name: "work", Run: func(ctx context.Context, l *journal.Lease) error {
			var in struct{ N int }
			if err := json.Unmarshal(l.Run().Input, &in); err != nil {
				return err
			}
			last, err := l.Append(ctx, journal.Draft{Type: "a", Payload: map[string]int{"n": in.N}}, journal.Draft{Type: "b"})
			if err != nil || last != 4 {
				return fmt.Errorf("append: last %d, want 4 (%w)", last, err)
			}
			return errors.Join(
				l.SetCursor(ctx, 7),
				l.SetProgress(ctx, map[string]int{"done": 1}),
				l.Wait(ctx, journal.ForApproval),
				l.Proceed(ctx))
		}})
		run := create(t, j, journal.Spec{Kind: "work", OwnerID: "u", WorkspaceID: "w", Input: map[string]int{"N": 5}})
		if run.State != journal.Queued || run.LastSeq != 1 || run.StartedAt != nil || run.EndedAt != nil {
			t.Errorf("created run %+v", run)
		}
		want := `1 state {"state":"queued"}
2 state {"state":"running","attempt":1}
3 a {"n":5}
4 b {}
5 progress {"done":1}
6 state {"state":"waiting","waitingFor":"approval"}
7 state {"state":"running"}
8 state {"state":"succeeded"}
`
		if diff := cmp.Diff(want, brief(follow(t, j, run.ID, 0))); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		got, err := j.Get(t.Context(), run.ID)
		if err != nil {
			t.Fatal(err)
		}
		at := clock.now().UTC()
		wantRun := journal.Run{
			ID: run.ID, Kind: "work", OwnerID: "u", WorkspaceID: "w", State: journal.Succeeded,
			Input: json.RawMessage(`{"N":5}`), Cursor: json.RawMessage(`7`), Progress: json.RawMessage(`{"done":1}`),
			Attempt: 1, LastSeq: 8, CreatedAt: at, StartedAt: &at, EndedAt: &at,
		}
		if diff := cmp.Diff(wantRun, got); diff != "" {
			t.Errorf("run (-want +got):\n%s", diff)
		}
	})
}

type publicFault struct{}

func (publicFault) Error() string  { return "secret detail" }
func (publicFault) Code() string   { return "quota" }
func (publicFault) Public() string { return "The quota is used up.\x00" }

func TestFailuresAreToldInPublicWords(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fail func() error
		want string
	}{
		"public":  {func() error { return fmt.Errorf("ask: %w", publicFault{}) }, `{"state":"failed","error":{"code":"quota","message":"The quota is used up."}}`},
		"private": {func() error { return errors.New("secret detail") }, `{"state":"failed","error":{"code":"internal","message":"Something went wrong inside InnoClaw. The server's log has the details."}}`},
		"panic":   {func() error { panic("secret detail") }, `{"state":"failed","error":{"code":"internal","message":"Something went wrong inside InnoClaw. The server's log has the details."}}`},
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		j := start(t, db, journal.Options{}, journal.Kind{Name: "fail", Run: func(_ context.Context, l *journal.Lease) error {
			var name string
			if err := json.Unmarshal(l.Run().Input, &name); err != nil {
				return err
			}
			return tests[name].fail()
		}})
		for name, test := range tests {
			run := create(t, j, journal.Spec{Kind: "fail", Input: name})
			events := follow(t, j, run.ID, 0)
			if got := string(events[len(events)-1].Payload); got != test.want {
				t.Errorf("%s: last event %s\nwant %s", name, got, test.want)
			}
			if run := await(t, j, run.ID); run.ErrorCode == "" || strings.Contains(run.ErrorMessage, "secret") {
				t.Errorf("%s: stored error %q %q", name, run.ErrorCode, run.ErrorMessage)
			}
		}
	})
}

func TestKeyJoinsTheUnfinishedRun(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		release := make(chan struct{})
		kind := journal.Kind{Name: "sync", Concurrency: 8, Run: func(context.Context, *journal.Lease) error { <-release; return nil }}
		j := start(t, db, journal.Options{}, kind)
		var made atomic.Int64
		var ids sync.Map
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				run, created, err := j.Create(t.Context(), journal.Spec{Kind: "sync", Key: "w1"})
				if err != nil {
					t.Error(err)
				}
				ids.Store(run.ID, true)
				if created {
					made.Add(1)
				}
			})
		}
		wg.Wait()
		if made.Load() != 1 {
			t.Errorf("%d runs were made for one key, want 1", made.Load())
		}
		first, created, err := j.Create(t.Context(), journal.Spec{Kind: "sync", Key: "w1"})
		if err != nil || created {
			t.Errorf("created %v (%v) while one is unfinished", created, err)
		}
		ids.Range(func(id, _ any) bool {
			if id != first.ID {
				t.Errorf("run %s was told, want %s", id, first.ID)
			}
			return true
		})
		other := create(t, j, journal.Spec{Kind: "sync", Key: "w2"})
		close(release)
		await(t, j, first.ID)
		await(t, j, other.ID)
		if again := create(t, j, journal.Spec{Kind: "sync", Key: "w1"}); again.ID == first.ID {
			t.Error("the ended run was joined")
		}
	})
}

func TestCommitKeepsDataAndEventsTogether(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		put := func(key string) func(context.Context, *sql.Tx) error {
			return func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, `INSERT INTO settings (key, value, updated_at) VALUES ($1, '', 0)`, key)
				return err
			}
		}
		j := start(t, db, journal.Options{}, journal.Kind{Name: "commit", Run: func(ctx context.Context, l *journal.Lease) error {
			if err := l.Commit(ctx, put("a"), journal.Draft{Type: "saved"}); err != nil {
				return err
			}
			if err := l.Commit(ctx, put("a"), journal.Draft{Type: "twice"}); !store.IsUnique(err) {
				return fmt.Errorf("second commit: %w, want a unique error", err)
			}
			return l.CommitCursor(ctx, "b", put("b"), journal.Draft{Type: "saved"})
		}})
		run := create(t, j, journal.Spec{Kind: "commit"})
		want := `3 saved {}
4 saved {}
5 state {"state":"succeeded"}
`
		if diff := cmp.Diff(want, brief(follow(t, j, run.ID, 2))); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if got := await(t, j, run.ID); string(got.Cursor) != `"b"` {
			t.Errorf("cursor %s, want \"b\"", got.Cursor)
		}
	})
}

func TestEventsHoldAnyText(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		tooLarge := make(chan error, 1)
		j := start(t, db, journal.Options{}, journal.Kind{Name: "text", Run: func(ctx context.Context, l *journal.Lease) error {
			_, err := l.Append(ctx, journal.Draft{Type: "big", Payload: strings.Repeat("x", journal.MaxPayload)})
			tooLarge <- err
			_, err = l.Append(ctx,
				journal.Draft{Type: "nul", Payload: "a\x00b\xffc 漢"},
				journal.Draft{Type: "raw", Payload: json.RawMessage("\"\xff\"")})
			return err
		}})
		run := create(t, j, journal.Spec{Kind: "text"})
		want := "3 nul \"a\\u0000b\uFFFDc 漢\"\n4 raw \"\uFFFD\"\n5 state {\"state\":\"succeeded\"}\n"
		got := strings.ReplaceAll(brief(follow(t, j, run.ID, 2)), `\ufffd`, "\uFFFD")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if err := <-tooLarge; !errors.Is(err, journal.ErrTooLarge) {
			t.Errorf("large payload: %v, want ErrTooLarge", err)
		}
	})
}

func TestManyEventsInOneAppend(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const n = 1234
		j := start(t, db, journal.Options{}, journal.Kind{Name: "many", Run: func(ctx context.Context, l *journal.Lease) error {
			drafts := make([]journal.Draft, n)
			for i := range drafts {
				drafts[i] = journal.Draft{Type: "n", Payload: i}
			}
			_, err := l.Append(ctx, drafts...)
			return err
		}})
		run := create(t, j, journal.Spec{Kind: "many"})
		events := follow(t, j, run.ID, 2)
		if len(events) != n+1 {
			t.Fatalf("%d events, want %d", len(events), n+1)
		}
		for i, e := range events[:n] {
			if e.Seq != int64(i+3) || string(e.Payload) != fmt.Sprint(i) {
				t.Fatalf("event %d is %d %s", i, e.Seq, e.Payload)
			}
		}
	})
}

func TestFollowersSeeEveryEventOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const n, followers = 300, 6
		other := journal.New(db, journal.Options{Poll: 5 * time.Millisecond}) // a process without the worker: only polls
		joined := make(chan struct{}, followers)
		j := start(t, db, journal.Options{}, journal.Kind{Name: "talk", Run: func(ctx context.Context, l *journal.Lease) error {
			for i := range n {
				if i == n/3 { // half of the followers come late
					for range followers {
						joined <- struct{}{}
					}
				}
				if _, err := l.Append(ctx, journal.Draft{Type: "n", Payload: i}); err != nil {
					return err
				}
			}
			return nil
		}})
		run := create(t, j, journal.Spec{Kind: "talk"})
		var wg sync.WaitGroup
		for f := range followers {
			wg.Go(func() {
				from := j
				if f%3 == 2 {
					from = other
				}
				after := int64(f) * 7
				if f%2 == 1 {
					<-joined
				}
				next := after + 1
				for _, e := range follow(t, from, run.ID, after) {
					if e.Seq != next {
						t.Errorf("follower %d got event %d, want %d", f, e.Seq, next)
						return
					}
					next++
				}
				if next != n+4 {
					t.Errorf("follower %d ended before event %d, want %d", f, next, n+4)
				}
			})
		}
		wg.Wait()
		if got := len(follow(t, j, run.ID, n+3)); got != 0 {
			t.Errorf("%d events behind the last one", got)
		}
		if got := j.Waiting() + other.Waiting(); got != 0 {
			t.Errorf("%d followers are still counted as waiting", got)
		}
	})
}

func TestFollowEndsWithItsContextAndWithTheRun(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		j := journal.New(db, journal.Options{Poll: 5 * time.Millisecond})
		for _, err := range j.Follow(t.Context(), "nothing", 0) {
			if !errors.Is(err, journal.ErrNotFound) {
				t.Errorf("follow an unknown run: %v, want ErrNotFound", err)
			}
		}
		run := create(t, j, journal.Spec{Kind: "k"})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var last error
		for e, err := range j.Follow(ctx, run.ID, 0) {
			last = err
			if e.Seq == 1 {
				cancel()
			}
		}
		if !errors.Is(last, context.Canceled) {
			t.Errorf("follow ended with %v, want context.Canceled", last)
		}
		for e, err := range j.Follow(t.Context(), run.ID, 0) { // a consumer that leaves
			if err != nil || e.Seq != 1 {
				t.Errorf("event %+v, %v", e, err)
			}
			break
		}
		if got := j.Waiting(); got != 0 {
			t.Errorf("%d followers are still counted as waiting", got)
		}
	})
}

// TestEventsOfThisProcessNeedNoPolling would hang if a wake-up were missed.
func TestEventsOfThisProcessNeedNoPolling(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		heard := make(chan struct{})
		j := start(t, db, journal.Options{Poll: time.Hour}, journal.Kind{Name: "k", Run: func(ctx context.Context, l *journal.Lease) error {
			for i := range 100 {
				if _, err := l.Append(ctx, journal.Draft{Type: "n", Payload: i}); err != nil {
					return err
				}
				<-heard // the follower has this one before the next is written
			}
			return nil
		}})
		for range 2 { // the second run waits for the place of the first
			run := create(t, j, journal.Spec{Kind: "k"})
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			for e, err := range j.Follow(ctx, run.ID, 0) {
				if err != nil {
					t.Fatal(err)
				}
				if e.Type == "n" {
					heard <- struct{}{}
				}
			}
			cancel()
		}
	})
}
