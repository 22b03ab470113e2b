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

	"github.com/innoclaw/innoclaw/internal/journal"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

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
