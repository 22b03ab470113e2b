package journal_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/innoclaw/innoclaw/internal/journal"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

const modelTTL = 10 * time.Second

// modelRun is what a run should look like.
type modelRun struct {
	id, kind, key string
	state         journal.State
	waiting       journal.WaitReason
	events        []string
	cursor        string
	attempt       int
	cancel        bool
	holder        *holder // who may write; nil when queued, ended, released or abandoned
	expires       int64
	runAfter      int64
	checked       int // events already compared with the database
}

// holder is a worker's claim on a run. It stays in the hands of the worker
// when the claim is lost, as it does in life.
type holder struct {
	lease *journal.Lease
	run   *modelRun
}

// machine drives several workers on one database and compares with a model.
// Each machine has kinds of its own, so that many share one database.
type machine struct {
	db        *store.DB
	clock     *fakeClock
	workers   []*journal.Journal
	resume    string
	interrupt string
	runs      []*modelRun
	byID      map[string]*modelRun
	holders   []*holder
	maxTries  int
}

func newMachine(db *store.DB, clock *fakeClock) *machine {
	id := store.NewID()
	m := &machine{db: db, clock: clock, resume: "resume " + id, interrupt: "interrupt " + id, byID: map[string]*modelRun{}, maxTries: 4}
	for range 3 {
		m.workers = append(m.workers, m.newWorker())
	}
	return m
}

func (m *machine) newWorker() *journal.Journal {
	j := journal.New(m.db, journal.Options{Clock: m.clock.now, LeaseTTL: modelTTL})
	// The unique key of settings makes a second end of one run fail.
	finished := func(ctx context.Context, tx *sql.Tx, r journal.Run) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, 0)`, "end "+r.ID, string(r.State))
		return err
	}
	j.Register(journal.Kind{Name: m.resume, OnLost: journal.Resume, MaxAttempts: m.maxTries, Run: idle, Finished: finished})
	j.Register(journal.Kind{Name: m.interrupt, OnLost: journal.Interrupt, Run: idle, Finished: finished})
	return j
}

func (m *machine) now() int64 { return m.clock.ms.Load() }

func (m *machine) worker(t *rapid.T) *journal.Journal {
	return rapid.SampledFrom(m.workers).Draw(t, "worker")
}

func (m *machine) kind(t *rapid.T) string {
	return rapid.SampledFrom([]string{m.resume, m.interrupt}).Draw(t, "kind")
}

func (r *modelRun) ended() bool { return r.state.Ended() }

func (r *modelRun) lost(now int64) bool {
	return (r.state == journal.Running || r.state == journal.Waiting) && r.expires <= now
}

func (r *modelRun) end(s journal.State, suffix string) {
	r.state, r.waiting, r.holder, r.key = s, "", nil, ""
	r.events = append(r.events, fmt.Sprintf(`state {"state":%q%s}`, s, suffix))
}

func must(t *rapid.T, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

func (m *machine) create(t *rapid.T) {
	kind, key := m.kind(t), rapid.SampledFrom([]string{"", "", "k1", "k2"}).Draw(t, "key")
	delay := rapid.SampledFrom([]int64{0, 0, 0, 3000}).Draw(t, "delay")
	spec := journal.Spec{Kind: kind, Key: key}
	if delay > 0 {
		spec.RunAfter = time.UnixMilli(m.now() + delay)
	}
	run, created, err := m.worker(t).Create(context.Background(), spec)
	must(t, err)
	for _, r := range m.runs {
		if key != "" && r.kind == kind && r.key == key {
			if created || run.ID != r.id {
				t.Fatalf("key %s made run %s (created %v), want to join %s", key, run.ID, created, r.id)
			}
			return
		}
	}
	if !created {
		t.Fatalf("joined %s, want a new run", run.ID)
	}
	r := &modelRun{id: run.ID, kind: kind, key: key, state: journal.Queued, events: []string{`state {"state":"queued"}`}}
	if delay > 0 {
		r.runAfter = m.now() + delay
	}
	m.runs = append(m.runs, r)
	m.byID[run.ID] = r
}

func (m *machine) claimable(kind string) (ids map[string]bool) {
	ids = map[string]bool{}
	for _, r := range m.runs {
		if r.kind != kind || r.cancel {
			continue
		}
		if r.state == journal.Queued && r.runAfter <= m.now() || kind == m.resume && r.lost(m.now()) && r.attempt < m.maxTries {
			ids[r.id] = true
		}
	}
	return ids
}

func (m *machine) claim(t *rapid.T) {
	kind := m.kind(t)
	can := m.claimable(kind)
	l, err := m.worker(t).Claim(context.Background(), kind)
	must(t, err)
	if l == nil {
		if len(can) > 0 {
			t.Fatalf("nothing claimed of %d runs", len(can))
		}
		return
	}
	r := m.byID[l.Run().ID]
	if r == nil || !can[r.id] {
		t.Fatalf("claimed run %+v, which may not be claimed", l.Run())
	}
	r.state, r.waiting, r.expires = journal.Running, "", m.now()+modelTTL.Milliseconds()
	r.attempt++
	r.events = append(r.events, fmt.Sprintf(`state {"state":"running","attempt":%d}`, r.attempt))
	r.holder = &holder{lease: l, run: r}
	m.holders = append(m.holders, r.holder)
}

// use picks a claim, valid or lost; ok tells which.
func (m *machine) use(t *rapid.T) (h *holder, ok bool) {
	if len(m.holders) == 0 {
		t.Skip("no claims")
	}
	h = rapid.SampledFrom(m.holders).Draw(t, "holder")
	return h, h.run.holder == h
}

// wrote checks that a write worked when it should and was refused otherwise.
func wrote(t *rapid.T, ok bool, err error) {
	if ok && err != nil || !ok && !errors.Is(err, journal.ErrLeaseLost) {
		t.Fatalf("write with valid=%v gave %v", ok, err)
	}
}

func (m *machine) append(t *rapid.T) {
	h, ok := m.use(t)
	n := rapid.IntRange(1, 3).Draw(t, "n")
	var drafts []journal.Draft
	for i := range n {
		drafts = append(drafts, journal.Draft{Type: "e", Payload: i})
	}
	last, err := h.lease.Append(context.Background(), drafts...)
	wrote(t, ok, err)
	if !ok {
		return
	}
	for i := range n {
		h.run.events = append(h.run.events, fmt.Sprintf("e %d", i))
	}
	if last != int64(len(h.run.events)) {
		t.Fatalf("append returned %d, want %d", last, len(h.run.events))
	}
}

func (m *machine) commitFails(t *rapid.T) {
	h, ok := m.use(t)
	boom := errors.New("boom")
	err := h.lease.Commit(context.Background(), func(context.Context, *sql.Tx) error { return boom }, journal.Draft{Type: "never"})
	if ok && !errors.Is(err, boom) || !ok && !errors.Is(err, journal.ErrLeaseLost) {
		t.Fatalf("failing commit with valid=%v gave %v", ok, err)
	}
}

func (m *machine) step(t *rapid.T) {
	h, ok := m.use(t)
	n := rapid.IntRange(0, 9).Draw(t, "cursor")
	err := h.lease.CommitCursor(context.Background(), n, func(context.Context, *sql.Tx) error { return nil }, journal.Draft{Type: "step", Payload: n})
	wrote(t, ok, err)
	if ok {
		h.run.cursor = fmt.Sprint(n)
		h.run.events = append(h.run.events, fmt.Sprintf("step %d", n))
	}
}

func (m *machine) wait(t *rapid.T) {
	h, ok := m.use(t)
	wrote(t, ok, h.lease.Wait(context.Background(), journal.ForApproval))
	if ok {
		h.run.state, h.run.waiting = journal.Waiting, journal.ForApproval
		h.run.events = append(h.run.events, `state {"state":"waiting","waitingFor":"approval"}`)
	}
}

func (m *machine) proceed(t *rapid.T) {
	h, ok := m.use(t)
	wrote(t, ok, h.lease.Proceed(context.Background()))
	if ok {
		h.run.state, h.run.waiting = journal.Running, ""
		h.run.events = append(h.run.events, `state {"state":"running"}`)
	}
}

func (m *machine) renew(t *rapid.T) {
	h, ok := m.use(t)
	got, cancel, err := h.lease.Renew(context.Background())
	must(t, err)
	if got != ok || ok && cancel != h.run.cancel {
		t.Fatalf("renew gave %v, cancel %v; want %v, %v", got, cancel, ok, h.run.cancel)
	}
	if ok {
		h.run.expires = m.now() + modelTTL.Milliseconds()
	}
}

func (m *machine) release(t *rapid.T) {
	h, ok := m.use(t)
	must(t, h.lease.Release(context.Background()))
	if ok {
		h.run.holder, h.run.expires = nil, 0
	}
}

func (m *machine) finish(t *rapid.T) {
	h, ok := m.use(t)
	s := rapid.SampledFrom([]journal.State{journal.Succeeded, journal.Failed, journal.Cancelled, journal.Interrupted}).Draw(t, "state")
	got, err := h.lease.Finish(context.Background(), s)
	must(t, err)
	if got != ok {
		t.Fatalf("finish gave %v, want %v", got, ok)
	}
	if ok {
		suffix := ""
		if s == journal.Failed {
			suffix = `,"error":{"code":"test","message":"A test failed it."}`
		}
		h.run.end(s, suffix)
	}
}

func (m *machine) cancel(t *rapid.T) {
	if len(m.runs) == 0 {
		t.Skip("no runs")
	}
	r := rapid.SampledFrom(m.runs).Draw(t, "run")
	must(t, m.worker(t).Cancel(context.Background(), r.id))
	r.cancel = true
	if r.state == journal.Queued {
		r.end(journal.Cancelled, "")
	}
}

func (m *machine) advance(t *rapid.T) {
	m.clock.advance(time.Duration(rapid.SampledFrom([]int{1, 500, 4000, 10000}).Draw(t, "ms")) * time.Millisecond)
}

// crash replaces a worker by a new process. Its claims are not told.
func (m *machine) crash(t *rapid.T) {
	i := rapid.IntRange(0, len(m.workers)-1).Draw(t, "worker")
	m.workers[i] = m.newWorker()
}

func (m *machine) recover(t *rapid.T) {
	must(t, m.worker(t).RecoverLost(context.Background()))
	for _, r := range m.runs {
		if !r.lost(m.now()) {
			continue
		}
		switch {
		case r.cancel:
			r.end(journal.Cancelled, "")
		case r.kind == m.interrupt:
			r.end(journal.Interrupted, "")
		case r.attempt >= m.maxTries:
			r.end(journal.Failed, fmt.Sprintf(`,"error":{"code":"crashed","message":"The program ended %d times while it worked on this; it is not tried again."}`, r.attempt))
		}
	}
}

// check compares every run with the model, and the events that are new since
// the last check.
func (m *machine) check(t *rapid.T) {
	runs := 0
	for _, kind := range []string{m.resume, m.interrupt} {
		all, err := m.workers[0].List(context.Background(), journal.Filter{Kind: kind, Limit: 1000})
		must(t, err)
		for _, got := range all {
			m.checkRun(t, got, m.byID[got.ID])
		}
		runs += len(all)
	}
	if runs != len(m.runs) {
		t.Fatalf("%d runs, want %d", runs, len(m.runs))
	}
}

func (m *machine) checkRun(t *rapid.T, got journal.Run, r *modelRun) {
	want := fmt.Sprint(r.state, r.waiting, r.cursor, r.attempt, len(r.events))
	have := fmt.Sprint(got.State, got.WaitingFor, string(got.Cursor), got.Attempt, got.LastSeq)
	if want != have || (got.EndedAt != nil) != r.ended() {
		t.Fatalf("run %s: model %s, database %s, ended %v", r.id, want, have, got.EndedAt)
	}
	if len(r.events) > r.checked {
		m.checkEvents(t, r)
	}
}

func (m *machine) checkEvents(t *rapid.T, r *modelRun) {
	events, err := m.workers[0].Events(context.Background(), r.id, int64(r.checked), 0)
	must(t, err)
	var texts []string
	for i, e := range events {
		if e.Seq != int64(r.checked+i+1) {
			t.Fatalf("run %s: event %d has number %d", r.id, r.checked+i+1, e.Seq)
		}
		if e.Ends() != (r.ended() && i == len(events)-1) {
			t.Fatalf("run %s (%s): event %d of %d ends it: %v", r.id, r.state, e.Seq, len(events), e.Ends())
		}
		texts = append(texts, e.Type+" "+string(e.Payload))
	}
	if diff := cmp.Diff(r.events[r.checked:], texts); diff != "" {
		t.Fatalf("run %s: events (-model +database):\n%s", r.id, diff)
	}
	r.checked = len(r.events)
}

// checkAll reads everything again from the beginning, and that Finished was
// committed once for each ended run.
func (m *machine) checkAll(t *rapid.T) {
	for _, r := range m.runs {
		r.checked = 0
		var ends int
		must(t, m.db.Read().QueryRowContext(context.Background(), `SELECT count(*) FROM settings WHERE key = $1 AND value = $2`,
			"end "+r.id, string(r.state)).Scan(&ends))
		if (ends == 1) != r.ended() {
			t.Fatalf("run %s is %s and Finished was committed %d times", r.id, r.state, ends)
		}
	}
	m.check(t)
}

func TestAnyInterleavingKeepsTheJournalTrue(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		rapid.Check(t, func(rt *rapid.T) {
			m := newMachine(db, newClock())
			rt.Repeat(map[string]func(*rapid.T){
				"create": m.create, "claim": m.claim, "append": m.append, "commit fails": m.commitFails, "step": m.step,
				"wait": m.wait, "proceed": m.proceed, "renew": m.renew, "release": m.release, "finish": m.finish,
				"cancel": m.cancel, "advance": m.advance, "crash": m.crash, "recover": m.recover,
				"": m.check,
			})
			m.checkAll(rt)
		})
	})
}
