package journal_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innoclaw/innoclaw/internal/journal"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

// states returns the states that events tell, in order.
func states(events []journal.Event) string {
	var all []string
	for _, e := range events {
		if e.Type == journal.StateEvent {
			all = append(all, strings.Split(string(e.Payload), `"`)[3])
		}
	}
	return strings.Join(all, " ")
}

func TestTransitionTable(t *testing.T) {
	t.Parallel()
	all := []journal.State{journal.Queued, journal.Running, journal.Waiting, journal.Succeeded, journal.Failed, journal.Cancelled, journal.Interrupted}
	var got []string
	for _, from := range all {
		for _, to := range all {
			if from.CanBecome(to) {
				got = append(got, string(from)+" "+string(to))
			}
		}
		if from.Ended() != (from != journal.Queued && from != journal.Running && from != journal.Waiting) || !from.Valid() {
			t.Errorf("%s: Ended %v, Valid %v", from, from.Ended(), from.Valid())
		}
	}
	want := []string{
		"queued running", "queued cancelled",
		"running running", "running waiting", "running succeeded", "running failed", "running cancelled", "running interrupted",
		"waiting running", "waiting succeeded", "waiting failed", "waiting cancelled", "waiting interrupted",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("transitions (-want +got):\n%s", diff)
	}
	if s := journal.State("odd"); s.Valid() || s.Ended() {
		t.Error("an unknown state is taken for a valid or ended one")
	}
}

func TestExpiredLeaseIsTakenOverAndTheOldHolderRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		clock := newClock()
		const ttl = time.Hour // nobody renews within the test
		stuck, taken := make(chan struct{}), make(chan struct{})
		oldErr := make(chan error, 1)
		start(t, db, journal.Options{Clock: clock.now, LeaseTTL: ttl}, journal.Kind{Name: "k", Run: func(ctx context.Context, l *journal.Lease) error {
			if err := l.SetCursor(ctx, 1); err != nil {
				return err
			}
			close(stuck)
			<-taken
			_, err := l.Append(context.WithoutCancel(ctx), journal.Draft{Type: "stale"})
			oldErr <- errors.Join(err, context.Cause(ctx))
			return nil // must not end the run: it is the other's now
		}})
		run := create(t, journal.New(db, journal.Options{Clock: clock.now}), journal.Spec{Kind: "k"})
		await := func(ch <-chan struct{}, what string) {
			select {
			case <-ch:
			case <-time.After(patience):
				t.Fatalf("%s did not happen", what)
			}
		}
		await(stuck, "the first attempt")
		clock.advance(ttl + time.Second)
		goOn := make(chan struct{})
		second := start(t, db, journal.Options{Clock: clock.now, LeaseTTL: ttl}, journal.Kind{Name: "k", Run: func(ctx context.Context, l *journal.Lease) error {
			if string(l.Run().Cursor) != "1" || l.Run().Attempt != 2 {
				return fmt.Errorf("cursor %s, attempt %d", l.Run().Cursor, l.Run().Attempt)
			}
			close(taken)
			<-goOn
			_, err := l.Append(ctx, journal.Draft{Type: "fresh"})
			return err
		}})
		if err := <-oldErr; !errors.Is(err, journal.ErrLeaseLost) {
			t.Errorf("the old holder's write: %v, want ErrLeaseLost", err)
		}
		close(goOn)
		want := `1 state {"state":"queued"}
2 state {"state":"running","attempt":1}
3 state {"state":"running","attempt":2}
4 fresh {}
5 state {"state":"succeeded"}
`
		if diff := cmp.Diff(want, brief(follow(t, second, run.ID, 0))); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestLeaseIsRenewedWhileTheHandlerWorks(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const ttl = 600 * time.Millisecond
		kind := journal.Kind{Name: "k", Run: func(ctx context.Context, l *journal.Lease) error {
			time.Sleep(3 * ttl) // the wall clock is what is tested
			_, err := l.Append(ctx, journal.Draft{Type: "still here"})
			return err
		}}
		first := start(t, db, journal.Options{LeaseTTL: ttl}, kind)
		start(t, db, journal.Options{LeaseTTL: ttl}, kind) // would take it over
		run := create(t, first, journal.Spec{Kind: "k"})
		if got := states(follow(t, first, run.ID, 0)); got != "queued running succeeded" {
			t.Errorf("states %s", got)
		}
	})
}

func TestStopLeavesResumableRunsAndInterruptsOthers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		begun := make(chan struct{}, 2)
		var finished atomic.Int64
		kinds := func(work func(ctx context.Context, l *journal.Lease) error) []journal.Kind {
			return []journal.Kind{
				{Name: "resume", OnLost: journal.Resume, Run: work},
				{Name: "interrupt", OnLost: journal.Interrupt, Run: work, Finished: func(context.Context, *sql.Tx, journal.Run) error {
					finished.Add(1)
					return nil
				}},
			}
		}
		first := start(t, db, journal.Options{}, kinds(func(ctx context.Context, l *journal.Lease) error {
			begun <- struct{}{}
			<-ctx.Done()
			if !errors.Is(context.Cause(ctx), journal.ErrStopping) {
				t.Errorf("cause %v, want ErrStopping", context.Cause(ctx))
			}
			return ctx.Err()
		})...)
		a := create(t, first, journal.Spec{Kind: "resume"})
		b := create(t, first, journal.Spec{Kind: "interrupt"})
		<-begun
		<-begun
		stop(t, first)
		if got := await(t, first, b.ID); got.State != journal.Interrupted || finished.Load() != 1 {
			t.Errorf("state %s, finished %d times; want interrupted, once", got.State, finished.Load())
		}
		late := create(t, first, journal.Spec{Kind: "interrupt"}) // nobody works now
		second := start(t, db, journal.Options{}, kinds(idle)...)
		if got := states(follow(t, second, a.ID, 0)); got != "queued running running succeeded" {
			t.Errorf("states of the resumed run: %s", got)
		}
		if got := await(t, second, late.ID); got.State != journal.Succeeded {
			t.Errorf("run created while nobody worked: %s", got.State)
		}
	})
}

func TestStopGivesUpOnHandlersThatDoNotEnd(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	release, begun := make(chan struct{}), make(chan struct{})
	j := start(t, db, journal.Options{}, journal.Kind{Name: "deaf", Run: func(context.Context, *journal.Lease) error {
		close(begun)
		<-release
		return nil
	}})
	create(t, j, journal.Spec{Kind: "deaf"})
	<-begun
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := j.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Stop: %v, want the context's error", err)
	}
	close(release)
}

// TestStartRecoversAtOnceWhenAlone leaves leases behind that would be good for
// an hour, as a killed process does.
func TestStartRecoversAtOnceWhenAlone(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	o := journal.Options{LeaseTTL: time.Hour}
	dead := journal.New(db, o)
	kinds := []journal.Kind{{Name: "resume", Run: idle}, {Name: "interrupt", OnLost: journal.Interrupt, Run: idle}}
	ids := map[string]string{}
	for _, k := range kinds {
		dead.Register(k)
		ids[k.Name] = create(t, dead, journal.Spec{Kind: k.Name}).ID
		if l, err := dead.Claim(t.Context(), k.Name); err != nil || l == nil {
			t.Fatal(l, err)
		}
	}
	j := start(t, db, o, kinds...)
	if got := states(follow(t, j, ids["resume"], 0)); got != "queued running running succeeded" {
		t.Errorf("resumed: %s", got)
	}
	if got := states(follow(t, j, ids["interrupt"], 0)); got != "queued running interrupted" {
		t.Errorf("interrupted: %s", got)
	}
}

func TestStartLeavesTheRunsOfLivingProcesses(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	release, begun := make(chan struct{}), make(chan struct{})
	o := journal.Options{LeaseTTL: time.Hour}
	first := start(t, db, o, journal.Kind{Name: "k", Run: func(context.Context, *journal.Lease) error {
		close(begun)
		<-release
		return nil
	}})
	run := create(t, first, journal.Spec{Kind: "k"})
	<-begun
	second := start(t, db, o, journal.Kind{Name: "k", Run: idle})
	if err := second.RecoverLost(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(release)
	if got := states(follow(t, second, run.ID, 0)); got != "queued running succeeded" {
		t.Errorf("states %s: the second process took a living one's run", got)
	}
}

func TestRunThatKeepsCrashingIsGivenUp(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		clock := newClock()
		j := journal.New(db, journal.Options{Clock: clock.now, LeaseTTL: time.Second})
		j.Register(journal.Kind{Name: "k", MaxAttempts: 3, Run: idle})
		run := create(t, j, journal.Spec{Kind: "k"})
		for i := range 3 {
			if l, err := j.Claim(t.Context(), "k"); err != nil || l == nil {
				t.Fatalf("claim %d: %v %v", i+1, l, err)
			}
			clock.advance(2 * time.Second)
			if err := j.RecoverLost(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if l, err := j.Claim(t.Context(), "k"); err != nil || l != nil {
			t.Errorf("fourth claim: %v %v, want none", l, err)
		}
		if got := await(t, j, run.ID); got.State != journal.Failed || got.ErrorCode != "crashed" {
			t.Errorf("run is %s (%s), want failed (crashed)", got.State, got.ErrorCode)
		}
	})
}
