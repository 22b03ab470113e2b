package index

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/innoclaw/innoclaw/internal/journal"
)

// RunKind is the kind of sync runs in the journal.
const RunKind = "index.sync"

// progressEvery is the least time between two progress events of a run.
const progressEvery = 300 * time.Millisecond

// syncAttempts bounds how often a lost run is begun again: often, for each
// attempt keeps what it stored and a full disk may take days to be noticed.
const syncAttempts = 1000

// syncRuns is how many workspaces sync at the same time as runs.
const syncRuns = 2

// Kind is the journal's handler of sync runs. A run that was interrupted runs
// again: what it had stored is not read a second time.
func (s *Service) Kind() journal.Kind {
	return journal.Kind{Name: RunKind, Concurrency: syncRuns, OnLost: journal.Resume, MaxAttempts: syncAttempts, Run: s.run}
}

// Sync starts the sync run of a workspace or joins the one in progress.
func (s *Service) Sync(ctx context.Context, workspaceID, ownerID string) (runID string, err error) {
	runID, _, err = s.request(ctx, workspaceID, ownerID)
	if err != nil {
		return "", fmt.Errorf("start a sync of workspace %s: %w", workspaceID, err)
	}
	s.hub.index(workspaceID)
	return runID, nil
}

func (s *Service) run(ctx context.Context, l *journal.Lease) error {
	sp := s.space(l.Run().WorkspaceID)
	waits := false
	report := &limiter{send: func(p Progress) error {
		if paused := p.Phase == PhasePaused; paused != waits {
			waits = paused
			s.tellWaiting(ctx, l, paused)
		}
		return l.SetProgress(ctx, p)
	}}
	err := s.syncAll(ctx, sp, true, report.tell)
	if err != nil {
		return err
	}
	s.hub.index(sp.id)
	s.warm(sp)
	return report.last()
}

// tellWaiting shows the run as waiting while nothing can be stored, as far as
// that itself can be stored: the progress in memory tells it too.
func (s *Service) tellWaiting(ctx context.Context, l *journal.Lease, waits bool) {
	var err error
	if waits {
		err = l.Wait(ctx, journal.ForResource)
	} else {
		err = l.Proceed(ctx)
	}
	if err != nil {
		s.o.Logger.Debug("show a sync as waiting", "run", l.Run().ID, "waits", waits, "error", err)
	}
}

// SyncNow brings the index of a workspace in line with its folder and returns
// when that is done. It needs neither Start nor a journal. Unlike a run it does
// not wait while nothing can be stored, but fails with a *StorageError.
func (s *Service) SyncNow(ctx context.Context, workspaceID string, report func(Progress)) error {
	return s.syncAll(ctx, s.space(workspaceID), false, report)
}

// syncAll looks at the whole workspace, then at what changed meanwhile.
func (s *Service) syncAll(ctx context.Context, sp *space, patient bool, report func(Progress)) error {
	s.mu.Lock()
	watched := sp.attached && s.live != nil && s.live.Err() == nil
	s.mu.Unlock()
	j := &job{s: s, sp: sp, report: report, watched: watched, patient: patient}
	if err := j.run(ctx); err != nil {
		return err
	}
	if watched {
		sp.retryLater(j.again)
		return nil
	}
	for try := 1; len(j.again) > 0 && try <= maxTries; try++ {
		if !sleep(ctx, time.Duration(try)*s.o.Quiet) {
			return ctx.Err()
		}
		j = &job{s: s, sp: sp, scope: widen(j.again), patient: patient}
		if err := j.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// warm brings the word index of a workspace up to date in the background, so
// that the first question after a long sync need not wait.
func (s *Service) warm(sp *space) {
	s.mu.Lock()
	live := s.live
	s.mu.Unlock()
	if live == nil || live.Err() != nil {
		return
	}
	s.tasks.Go(func() {
		if _, _, err := s.words(live, sp); err != nil && live.Err() == nil && !errors.Is(err, errGone) {
			s.o.Logger.Warn("load word index", "workspace", sp.id, "error", err)
		}
	})
}

// limiter passes progress on, not too often.
type limiter struct {
	send func(Progress) error
	at   time.Time
	held Progress
	open bool // held has not been sent
}

func (l *limiter) tell(p Progress) {
	phase := p.Phase != l.held.Phase
	l.held, l.open = p, true
	if !phase && time.Since(l.at) < progressEvery {
		return
	}
	// A progress that can not be stored is no reason to stop: the next one
	// says the same, and a lost lease ends the run's context.
	if l.send(p) == nil {
		l.open = false
	}
	l.at = time.Now()
}

// last sends what was held back.
func (l *limiter) last() error {
	if !l.open {
		return nil
	}
	return l.send(l.held)
}
