package index

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/journal"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/workspace"
)

// Workspaces is what the index needs of the workspace service.
type Workspaces interface {
	Get(ctx context.Context, userID, id string) (workspace.Workspace, error)
	All(ctx context.Context) ([]workspace.Workspace, error)
	Dir(ctx context.Context, id string) (*boundary.Dir, error)
	OnChange(f func(workspace.Change))
}

// Runs is what the index needs of the journal.
type Runs interface {
	Create(ctx context.Context, spec journal.Spec) (run journal.Run, created bool, err error)
	List(ctx context.Context, f journal.Filter) ([]journal.Run, error)
}

// Options configure a Service. Zero fields take the defaults given.
type Options struct {
	// CacheDir holds copies of word indexes, mode 0700. Empty: no copies.
	CacheDir string
	// MaxFileBytes gives the size of the largest file that is read; 512 MB. The
	// document package has lower limits of its own for some types.
	MaxFileBytes func() int64
	Workers      int           // files extracted at once; one per CPU
	Slow         time.Duration // after which other files no longer wait for one that is being read; 1.5 s
	Quiet        time.Duration // how long a file must rest before it is read; 150 ms
	Sweep        time.Duration // between full looks at a watched workspace; 10 min
	SweepBlind   time.Duration // between full looks at one that can not be watched; 30 s
	Idle         time.Duration // after which an unused word index leaves memory; 10 min
	MaxWatches   int           // folders watched by this process; no limit of our own
	Logger       *slog.Logger  // nil discards
}

func (o Options) orDefaults() Options {
	if o.MaxFileBytes == nil {
		o.MaxFileBytes = func() int64 { return 512 << 20 }
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	for _, d := range []struct {
		value *time.Duration
		def   time.Duration
	}{{&o.Slow, 1500 * time.Millisecond}, {&o.Quiet, 150 * time.Millisecond}, {&o.Sweep, 10 * time.Minute}, {&o.SweepBlind, 30 * time.Second}, {&o.Idle, 10 * time.Minute}} {
		if *d.value <= 0 {
			*d.value = d.def
		}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Service keeps the indexes of all workspaces. It answers searches and syncs on
// request as soon as it is made; following the file system begins with Start.
type Service struct {
	o          Options
	db         *store.DB
	extractor  *document.Extractor
	workspaces Workspaces
	runs       Runs     // nil without a journal
	copies     *os.Root // folder of the copies of word indexes; nil without

	mu      sync.Mutex
	spaces  map[string]*space
	watcher *watcher // nil before Start and after Stop
	live    context.Context
	stop    context.CancelFunc
	tasks   sync.WaitGroup // goroutines that end with live

	extracting chan struct{} // slots of files being extracted
	slow       chan struct{} // slots of files that take long, see reading
	yield      chan struct{} // asks such a file to leave its ordinary slot
	sweeping   chan struct{} // slot of background sweeps
	hub        hub
}

// New makes a service. Runs may be nil where no journal is at work.
func New(db *store.DB, e *document.Extractor, w Workspaces, runs Runs, o Options) (*Service, error) {
	o = o.orDefaults()
	copies, err := openCopies(o.CacheDir)
	if err != nil {
		return nil, err
	}
	s := &Service{
		copies: copies,
		o:      o, db: db, extractor: e, workspaces: w, runs: runs,
		spaces:     map[string]*space{},
		extracting: make(chan struct{}, o.Workers),
		slow:       make(chan struct{}, slowSlots),
		yield:      make(chan struct{}),
		sweeping:   make(chan struct{}, 1),
	}
	w.OnChange(s.Notify)
	return s, nil
}

// Start begins to follow the file system. It returns at once: looking at the
// workspaces goes on in the background. Stop ends it.
func (s *Service) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live != nil {
		return errors.New("start index: already started")
	}
	live, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.live, s.stop = live, stop
	s.watcher = newWatcher(s.o.MaxWatches, s.notice, s.overflow)
	s.tasks.Go(func() { s.watcher.run(live) })
	s.tasks.Go(func() { s.attachAll(live) })
	s.tasks.Go(func() { s.housekeeping(live) })
	return nil
}

// Stop ends all background work, waits for it and saves the copies of the word
// indexes. Searches still work afterwards.
func (s *Service) Stop(ctx context.Context) error {
	s.mu.Lock()
	stop := s.stop
	s.mu.Unlock()
	if stop != nil {
		stop()
		s.tasks.Wait()
	}
	return s.saveAll(ctx)
}

// attachAll begins to follow every workspace there is, and keeps looking for
// those that other servers on the same database make and delete.
func (s *Service) attachAll(ctx context.Context) {
	for wait := time.Second; ; {
		all, err := s.workspaces.All(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			s.o.Logger.Warn("list workspaces to follow", "error", err)
			wait = min(2*wait, relist)
		} else {
			s.attachThese(all)
			wait = relist
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

// relist is how often the list of workspaces is read again.
const relist = time.Minute

// attachThese follows the workspaces of a list and forgets all others.
func (s *Service) attachThese(all []workspace.Workspace) {
	alive := make(map[string]bool, len(all))
	for _, w := range all {
		alive[w.ID] = true
		s.attach(w.ID, w.OwnerID)
	}
	for _, sp := range s.allSpaces() {
		if !alive[sp.id] && time.Since(sp.made) > relist {
			s.detach(sp.id)
		}
	}
}

// Notify hears of workspaces made and deleted and of writes through the API.
func (s *Service) Notify(c workspace.Change) {
	switch c.Kind {
	case workspace.Created:
		s.mu.Lock()
		live := s.live
		s.mu.Unlock()
		if live != nil {
			s.tasks.Go(func() { s.attachCreated(live, c.WorkspaceID) })
		}
	case workspace.Deleted:
		s.detach(c.WorkspaceID)
	case workspace.Files:
		s.hub.files(c.WorkspaceID, c.Paths)
		if sp := s.existing(c.WorkspaceID); sp != nil {
			sp.enqueue(c.Paths, true)
		}
	}
}

func (s *Service) attachCreated(ctx context.Context, id string) {
	all, err := s.workspaces.All(ctx)
	if err != nil {
		s.o.Logger.Warn("look up a new workspace", "workspace", id, "error", err)
		return
	}
	for _, w := range all {
		if w.ID == id {
			s.attach(w.ID, w.OwnerID)
			return
		}
	}
}

// attach begins to follow a workspace, once.
func (s *Service) attach(id, ownerID string) {
	sp := s.space(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == nil || s.live.Err() != nil || sp.attached {
		return
	}
	sp.attached, sp.ownerID = true, ownerID
	ctx, cancel := context.WithCancel(s.live)
	sp.cancel = cancel
	s.tasks.Go(func() { s.follow(ctx, sp) })
}

// detach forgets a deleted workspace: its goroutine, watches and copies.
func (s *Service) detach(id string) {
	s.mu.Lock()
	sp := s.spaces[id]
	delete(s.spaces, id)
	w := s.watcher
	s.mu.Unlock()
	if sp == nil {
		return
	}
	if sp.cancel != nil {
		sp.cancel()
	}
	if w != nil {
		w.forget(sp)
	}
	sp.lex.drop()
	if s.copies != nil {
		_ = s.copies.Remove(copyName(id)) // there may be none
	}
}

// space gives the runtime state of a workspace, making it if needed.
func (s *Service) space(id string) *space {
	s.mu.Lock()
	defer s.mu.Unlock()
	sp := s.spaces[id]
	if sp == nil {
		sp = newSpace(id)
		s.spaces[id] = sp
	}
	return sp
}

func (s *Service) existing(id string) *space {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spaces[id]
}

// housekeeping drops idle word indexes and old removals.
func (s *Service) housekeeping(ctx context.Context) {
	every := min(s.o.Idle/2, time.Minute)
	for n := 1; sleep(ctx, every); n++ {
		s.dropIdle(ctx)
		if n%60 == 1 {
			if err := s.pruneRemovals(ctx); err != nil && ctx.Err() == nil {
				s.o.Logger.Warn("prune index removals", "error", err)
			}
		}
	}
}

// sleep waits and tells whether ctx still lives.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
