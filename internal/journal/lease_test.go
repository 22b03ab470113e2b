package journal_test

import (
	"context"
	"database/sql"
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

func TestCancel(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var finished sync.Map
		begun := make(chan string, 4)
		finish := func(_ context.Context, _ *sql.Tx, r journal.Run) error {
			if _, twice := finished.LoadOrStore(r.ID, r.State); twice {
				t.Errorf("run %s finished twice", r.ID)
			}
			return nil
		}
		kinds := []journal.Kind{
			{Name: "long", Concurrency: 2, Finished: finish, Run: func(ctx context.Context, l *journal.Lease) error {
				begun <- l.Run().ID
				return untilDone(ctx, l)
			}},
			{Name: "later", Finished: finish, Run: idle},
		}
		j := start(t, db, journal.Options{}, kinds...)
		stranger := journal.New(db, journal.Options{}) // another process, which knows no kind

		queued := create(t, j, journal.Spec{Kind: "later", Key: "k", RunAfter: time.Now().Add(time.Hour)})
		here := create(t, j, journal.Spec{Kind: "long"})
		there := create(t, j, journal.Spec{Kind: "long"})
		foreign := create(t, j, journal.Spec{Kind: "later", RunAfter: time.Now().Add(time.Hour)})
		<-begun
		<-begun
		for id, by := range map[string]*journal.Journal{queued.ID: j, here.ID: j, there.ID: stranger, foreign.ID: stranger} {
			if err := by.Cancel(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		for _, id := range []string{queued.ID, here.ID, there.ID, foreign.ID} {
			if got := await(t, j, id); got.State != journal.Cancelled || got.EndedAt == nil {
				t.Errorf("run is %s, want cancelled", got.State)
			}
			if _, ok := finished.Load(id); !ok {
				t.Errorf("Finished was not called for run %s", id)
			}
			if err := j.Cancel(t.Context(), id); err != nil {
				t.Errorf("second cancel: %v", err)
			}
		}
		if err := j.Cancel(t.Context(), "nothing"); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("cancel an unknown run: %v, want ErrNotFound", err)
		}
		if again := create(t, j, journal.Spec{Kind: "later", Key: "k"}); again.ID == queued.ID {
			t.Error("the cancelled run still holds its key")
		}
	})
}

func TestCancelOfARunWhoseWorkerIsLost(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		clock := newClock()
		j := journal.New(db, journal.Options{Clock: clock.now, LeaseTTL: time.Second})
		j.Register(journal.Kind{Name: "k", Run: idle})
		run := create(t, j, journal.Spec{Kind: "k"})
		if _, err := j.Claim(t.Context(), "k"); err != nil {
			t.Fatal(err)
		}
		if err := j.Cancel(t.Context(), run.ID); err != nil {
			t.Fatal(err)
		}
		clock.advance(2 * time.Second)
		if l, err := j.Claim(t.Context(), "k"); err != nil || l != nil {
			t.Errorf("a cancelled run was claimed again: %v %v", l, err)
		}
		if err := j.RecoverLost(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := states(follow(t, j, run.ID, 0)); got != "queued running cancelled" {
			t.Errorf("states %s", got)
		}
	})
}

func TestKindConcurrency(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var now, most atomic.Int64
		gate, inside := make(chan struct{}), make(chan struct{}, 10)
		j := start(t, db, journal.Options{}, journal.Kind{Name: "k", Concurrency: 3, Run: func(context.Context, *journal.Lease) error {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			inside <- struct{}{}
			<-gate
			now.Add(-1)
			return nil
		}})
		var ids []string
		for range 10 {
			ids = append(ids, create(t, j, journal.Spec{Kind: "k"}).ID)
		}
		for range 3 {
			<-inside // three at once, as none may pass the gate yet
		}
		for range 10 {
			gate <- struct{}{}
		}
		for _, id := range ids {
			await(t, j, id)
		}
		if most.Load() > 3 {
			t.Errorf("%d handlers at once, want at most 3", most.Load())
		}
	})
}

func TestFinishedIsPartOfTheEnd(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var calls atomic.Int64
		j := start(t, db, journal.Options{}, journal.Kind{Name: "k", Run: idle, Finished: func(ctx context.Context, tx *sql.Tx, r journal.Run) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3)`, r.ID, string(r.State), calls.Add(1))
			if err == nil && calls.Load() == 1 {
				err = errors.New("not yet")
			}
			return err
		}})
		run := create(t, j, journal.Spec{Kind: "k"})
		if got := states(follow(t, j, run.ID, 0)); got != "queued running succeeded" {
			t.Errorf("states %s", got)
		}
		var n, call int64
		err := db.Read().QueryRowContext(t.Context(), `SELECT count(*), max(updated_at) FROM settings WHERE key = $1 AND value = 'succeeded'`, run.ID).Scan(&n, &call)
		if err != nil || n != 1 || call != 2 {
			t.Errorf("%d rows of call %d (%v), want the one of the second call", n, call, err)
		}
	})
}

func TestRunAfterIsHonoured(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		clock := newClock()
		j := journal.New(db, journal.Options{Clock: clock.now})
		j.Register(journal.Kind{Name: "k", Run: idle})
		later := create(t, j, journal.Spec{Kind: "k", RunAfter: clock.now().Add(time.Minute)})
		if l, err := j.Claim(t.Context(), "k"); l != nil || err != nil {
			t.Errorf("claimed %v (%v) before its time", l, err)
		}
		clock.advance(time.Minute)
		if l, err := j.Claim(t.Context(), "k"); err != nil || l == nil || l.Run().ID != later.ID {
			t.Errorf("not claimed at its time: %v", err)
		}
	})
}

func TestListAndPrune(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		clock := newClock()
		j := journal.New(db, journal.Options{Clock: clock.now})
		j.Register(journal.Kind{Name: "a", Run: idle})
		var ids []string
		for i := range 130 {
			s := journal.Spec{Kind: "a", OwnerID: []string{"u", "v", ""}[i%3], WorkspaceID: fmt.Sprint("w", i%2)}
			ids = append(ids, create(t, j, s).ID)
			if i%10 != 0 {
				clock.advance(time.Second)
			}
		}
		check := func(name string, f journal.Filter, want int) {
			t.Helper()
			f.Limit = 1000
			runs, err := j.List(t.Context(), f)
			if err != nil || len(runs) != want {
				t.Errorf("%s: %d runs (%v), want %d", name, len(runs), err, want)
			}
		}
		check("all", journal.Filter{}, 130)
		check("owner", journal.Filter{OwnerID: "u"}, 44)
		check("owner and unowned", journal.Filter{OwnerID: "u", Unowned: true}, 87)
		check("unowned", journal.Filter{Unowned: true}, 43)
		check("workspace", journal.Filter{WorkspaceID: "w1"}, 65)
		check("kind", journal.Filter{Kind: "b"}, 0)
		check("states", journal.Filter{States: []journal.State{journal.Queued, journal.Failed}}, 130)

		var paged []string
		for before := ""; ; before = paged[len(paged)-1] {
			page, err := j.List(t.Context(), journal.Filter{Limit: 7, Before: before})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page {
				paged = append(paged, r.ID)
			}
			if len(page) < 7 {
				break
			}
		}
		seen := map[string]bool{}
		for _, id := range paged {
			seen[id] = true
		}
		if len(paged) != 130 || len(seen) != 130 {
			t.Errorf("paging gave %d runs, %d different; want 130", len(paged), len(seen))
		}

		for _, id := range ids[:120] {
			if err := j.Cancel(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		ended := clock.now()
		clock.advance(time.Hour)
		if n, err := j.Prune(t.Context(), ended); n != 0 || err != nil {
			t.Errorf("pruned %d (%v) runs that ended no earlier", n, err)
		}
		if n, err := j.Prune(t.Context(), ended.Add(time.Second)); n != 120 || err != nil {
			t.Errorf("pruned %d (%v), want 120", n, err)
		}
		check("after pruning", journal.Filter{}, 10)
		var events int
		if err := db.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM run_event`).Scan(&events); err != nil || events != 10 {
			t.Errorf("%d events (%v), want those of the 10 queued runs", events, err)
		}
	})
}

// TestFullDatabase fills the file to its limit while a run writes.
func TestFullDatabase(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	limit := func(pages int) {
		err := db.Update(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			if pages == 0 {
				if err := tx.QueryRowContext(ctx, `PRAGMA page_count`).Scan(&pages); err != nil {
					return err
				}
			}
			var got int
			return tx.QueryRowContext(ctx, fmt.Sprintf(`PRAGMA max_page_count = %d`, pages)).Scan(&got)
		})
		if err != nil {
			t.Error(err)
		}
	}
	j := start(t, db, journal.Options{}, journal.Kind{Name: "k", Run: func(ctx context.Context, l *journal.Lease) error {
		limit(0)
		var err error
		n := 0
		for ; err == nil && n < 10_000; n++ {
			_, err = l.Append(ctx, journal.Draft{Type: "x", Payload: strings.Repeat("x", 1000)})
		}
		if !store.IsFull(err) {
			t.Errorf("append number %d in a full database: %v, want a full error", n, err)
		}
		limit(1 << 20)
		return err
	}})
	run := create(t, j, journal.Spec{Kind: "k"})
	got := await(t, j, run.ID)
	if got.State != journal.Failed || got.ErrorCode != "disk_full" {
		t.Errorf("run is %s (%s), want failed (disk_full)", got.State, got.ErrorCode)
	}
	for i, e := range follow(t, j, run.ID, 0) {
		if e.Seq != int64(i+1) {
			t.Fatalf("event %d has number %d", i+1, e.Seq)
		}
	}
}

func TestRegisterRefusesMistakes(t *testing.T) {
	t.Parallel()
	j := journal.New(storetest.SQLite(t), journal.Options{})
	j.Register(journal.Kind{Name: "k", Run: idle})
	for name, k := range map[string]journal.Kind{"no name": {Run: idle}, "no handler": {Name: "x"}, "twice": {Name: "k", Run: idle}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: accepted", name)
				}
			}()
			j.Register(k)
		}()
	}
}

// TestRecoveryDoesNotEndARunTakenOverMeanwhile lets another worker come between
// the finding of a lost run and its end.
func TestRecoveryDoesNotEndARunTakenOverMeanwhile(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		clock := newClock()
		o := journal.Options{Clock: clock.now, LeaseTTL: time.Second}
		last, first := journal.New(db, o), journal.New(db, o)
		first.Register(journal.Kind{Name: "k", MaxAttempts: 1, Run: idle}) // ends it after one crash
		last.Register(journal.Kind{Name: "k", MaxAttempts: 9, Run: idle})  // takes it over
		run := create(t, first, journal.Spec{Kind: "k"})
		if l, err := first.Claim(t.Context(), "k"); err != nil || l == nil {
			t.Fatal(l, err)
		}
		clock.advance(2 * time.Second)
		endThem, n, err := first.FindLost(t.Context())
		if err != nil || n != 1 {
			t.Fatalf("%d lost runs (%v), want 1", n, err)
		}
		l, err := last.Claim(t.Context(), "k")
		if err != nil || l == nil {
			t.Fatal(l, err)
		}
		clock.advance(2 * time.Second) // expired again, but not the same lease
		if err := endThem(); err != nil {
			t.Fatal(err)
		}
		if got, err := last.Get(t.Context(), run.ID); err != nil || got.State != journal.Running {
			t.Errorf("run is %s (%v), want running", got.State, err)
		}
	})
}
