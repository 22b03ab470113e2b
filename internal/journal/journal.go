package journal

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/innoclaw/innoclaw/internal/store"
)

const (
	defaultLeaseTTL    = 15 * time.Second
	defaultPoll        = 500 * time.Millisecond
	defaultConcurrency = 1
	defaultMaxAttempts = 20
)

// LostPolicy says what happens to a run whose worker is lost.
type LostPolicy int

const (
	// Resume runs the handler again, with the last cursor and the past events.
	Resume LostPolicy = iota
	// Interrupt ends the run as interrupted.
	Interrupt
)

// Kind is a sort of work and how to do it.
type Kind struct {
	Name string
	// Concurrency is how many runs of the kind this process works on at once,
	// by default one.
	Concurrency int
	// Run does the work. Nil ends the run as succeeded. An error ends it as
	// failed; one that has Code() string and Public() string gives the code and
	// the words shown to people. After Cancel an error ends it as cancelled.
	Run func(ctx context.Context, l *Lease) error
	// OnLost decides about runs whose process died or was stopped.
	OnLost LostPolicy
	// MaxAttempts bounds how often a resumed run is begun, by default 20, so that
	// a run that takes its process down does not do so for ever.
	MaxAttempts int
	// Finished, if set, is called in the transaction that ends a run, also when
	// recovery or a cancellation ends it. An error undoes the end.
	Finished func(ctx context.Context, tx *sql.Tx, run Run) error
}

func (k Kind) maxAttempts() int {
	if k.MaxAttempts <= 0 {
		return defaultMaxAttempts
	}
	return k.MaxAttempts
}

// Options tune a journal. The zero value is good for production.
type Options struct {
	Logger *slog.Logger
	// LeaseTTL is how long a run stays with a worker that gives no sign of life
	// (default 15 s). It is renewed three times in that span. Servers on one
	// database should have clocks that differ by less.
	LeaseTTL time.Duration
	// Poll is how often the database is asked for what other processes did
	// (default 0.5 s).
	Poll time.Duration
	// Clock returns the time that is stored; default time.Now.
	Clock func() time.Time
}

// Journal creates, runs and follows runs in one database.
type Journal struct {
	db    *store.DB
	log   *slog.Logger
	lease time.Duration
	poll  time.Duration
	clock func() time.Time
	kinds map[string]Kind // not changed after Start
	names []string        // of kinds, in the order of registration
	hub   hub
	wake  chan struct{} // holds one wake-up for the dispatcher

	mu      sync.Mutex // guards what follows
	active  map[string]*activeRun
	busy    map[string]int // running handlers by kind
	started bool
	stop    context.CancelFunc // ends dispatcher and heartbeats
	loops   sync.WaitGroup
	workers sync.WaitGroup
	worksOn *store.Presence // held from Start to Stop
}

// New returns a journal on a database. It does no work before [Journal.Start],
// but can create, read, follow and cancel runs.
func New(db *store.DB, o Options) *Journal {
	j := &Journal{
		db: db, log: o.Logger, lease: o.LeaseTTL, poll: o.Poll, clock: o.Clock,
		kinds: map[string]Kind{}, wake: make(chan struct{}, 1),
		active: map[string]*activeRun{}, busy: map[string]int{},
	}
	if j.log == nil {
		j.log = slog.New(slog.DiscardHandler)
	}
	if j.lease <= 0 {
		j.lease = defaultLeaseTTL
	}
	if j.poll <= 0 {
		j.poll = defaultPoll
	}
	if j.clock == nil {
		j.clock = time.Now
	}
	return j
}

// now is the time in Unix milliseconds.
func (j *Journal) now() int64 { return store.Millis(j.clock()) }

// ttl is the lease time in milliseconds.
func (j *Journal) ttl() int64 { return j.lease.Milliseconds() }

// Register adds a kind. It panics on a kind without name or handler, on a second
// one of the same name, and after Start: all of these are mistakes in the wiring.
func (j *Journal) Register(k Kind) {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, twice := j.kinds[k.Name]
	switch {
	case k.Name == "" || k.Run == nil:
		panic("journal: a kind needs a name and a handler")
	case twice:
		panic("journal: kind " + k.Name + " registered twice")
	case j.started:
		panic("journal: kind " + k.Name + " registered after Start")
	}
	if k.Concurrency <= 0 {
		k.Concurrency = defaultConcurrency
	}
	j.kinds[k.Name] = k
	j.names = append(j.names, k.Name)
}

// Start recovers the runs of processes that are gone and begins to work. The
// context bounds the start alone; [Journal.Stop] ends the work.
func (j *Journal) Start(ctx context.Context) error {
	presence, alone, err := j.db.Present(ctx, "worker")
	if err != nil {
		return fmt.Errorf("start the journal: %w", err)
	}
	if alone {
		err = j.abandonAll(ctx)
	}
	if err == nil {
		err = presence.Share(ctx)
	}
	if err == nil {
		err = j.recoverLost(ctx)
	}
	if err != nil {
		_ = presence.Close()
		return fmt.Errorf("start the journal: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.started {
		panic("journal: started twice")
	}
	j.started, j.worksOn = true, presence
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	j.stop = stop
	j.loops.Go(func() { j.dispatch(run) }) // ends with stop
	j.loops.Go(func() { j.beat(run) })     // ends with stop
	return nil
}

// Stop ends the contexts of all handlers with the cause [ErrStopping] and waits
// for them. What does not return in time is recovered at the next start.
func (j *Journal) Stop(ctx context.Context) error {
	j.mu.Lock()
	if !j.started || j.stop == nil {
		j.mu.Unlock()
		return nil
	}
	stop := j.stop
	j.stop = nil // no new workers from here on
	for _, a := range j.active {
		a.lease.cancel(ErrStopping)
	}
	j.mu.Unlock()

	done := make(chan struct{})
	go func() { // ends when the handlers have returned, or with the process
		j.workers.Wait()
		stop()
		j.loops.Wait()
		close(done)
	}()
	select {
	case <-done:
		return j.worksOn.Close()
	case <-ctx.Done():
		return fmt.Errorf("stop the journal: handlers still run: %w", ctx.Err())
	}
}

// Wake makes the workers look for runs now. It is needed after the commit of a
// transaction that used [Journal.CreateTx].
func (j *Journal) Wake() {
	select {
	case j.wake <- struct{}{}:
	default: // one is under way
	}
}
