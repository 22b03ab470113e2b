package index

import (
	"context"
	"errors"
	"path"
	"sync"
	"time"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/index/ignore"
	"github.com/innoclaw/innoclaw/internal/journal"
)

// fewFiles is the number of changed files up to which no run is made for them.
const fewFiles = 300

// soon is how long after a problem the whole workspace is looked at again.
const soon = 2 * time.Second

// follow keeps one workspace's index in line with its folder until ctx ends.
func (s *Service) follow(ctx context.Context, sp *space) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	sweepAt := time.Now() // the first look
	for {
		select {
		case <-ctx.Done():
			return
		case <-sp.wake:
		case <-timer.C:
		}
		if !time.Now().Before(sweepAt) {
			sp.enqueue(nil, true)
			sweepAt = time.Now().Add(s.o.Sweep)
		}
		paths, all, rest := sp.due(s.o.Quiet, s.stampFunc(ctx, sp))
		if all || len(paths) > 0 {
			next := s.catchUp(ctx, sp, paths)
			if all || next < s.o.Sweep {
				sweepAt = time.Now().Add(next)
			}
			if rest == 0 {
				rest = time.Millisecond // look at once for what came meanwhile
			}
		}
		until := time.Until(sweepAt)
		if rest > 0 {
			until = min(until, rest)
		}
		timer.Reset(max(until, time.Millisecond))
	}
}

// stampFunc looks at files for the wait until they are at rest.
func (s *Service) stampFunc(ctx context.Context, sp *space) func(string) (stamp, bool) {
	dir, err := s.workspaces.Dir(ctx, sp.id)
	return func(path string) (stamp, bool) {
		if err != nil {
			return stamp{}, false
		}
		e, err := dir.Lstat(path)
		if err != nil || e.Kind != boundary.File {
			return stamp{}, false
		}
		return stamp{e.Size, e.ModTime.UnixNano(), int64(e.Inode)}, true
	}
}

// catchUp looks at the paths, or at all, and tells when to look at all again.
func (s *Service) catchUp(ctx context.Context, sp *space, paths []string) (next time.Duration) {
	j := &job{s: s, sp: sp, scope: widen(paths), watched: true, patient: true, background: ctx}
	whole := len(j.scope) == 0
	if s.runs != nil {
		j.tooMany = fewFiles
	}
	err := s.runJob(ctx, j, whole)
	sp.retryLater(j.again)
	if err == nil {
		if _, blind, _ := sp.condition(); blind != "" {
			return s.o.SweepBlind
		}
		return s.o.Sweep
	}
	var missing *MissingError
	switch {
	case ctx.Err() != nil, errors.Is(err, errGone):
	case errors.Is(err, errTooMany):
		if _, created, err := s.request(ctx, sp.id, sp.ownerID); err != nil {
			s.o.Logger.Warn("start a sync", "workspace", sp.id, "error", err)
		} else if created {
			return s.o.Sweep
		}
		return soon // a sync is at work that may not see this change
	case errors.As(err, &missing):
		s.o.Logger.Info("workspace folder is missing", "workspace", sp.id, "reason", missing.Reason)
		return s.o.SweepBlind
	default:
		s.o.Logger.Warn("bring the index up to date", "workspace", sp.id, "error", err)
		return soon
	}
	return s.o.Sweep
}

// runJob runs a job; only one walk through a whole workspace goes on at a time
// in the background, so that a start with many workspaces stays light.
func (s *Service) runJob(ctx context.Context, j *job, whole bool) error {
	if whole {
		select {
		case s.sweeping <- struct{}{}:
			free := sync.OnceFunc(func() { <-s.sweeping })
			defer free()
			j.walked = free
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return j.run(ctx)
}

// widen replaces paths whose change concerns the folder around them by that
// folder. The answer is empty when the whole workspace is concerned.
func widen(paths []string) []string {
	scope := make([]string, 0, len(paths))
	for _, p := range paths {
		if ignore.Concerns(path.Base(p)) {
			p, _ = boundary.Split(p)
		}
		if p == "" {
			return nil
		}
		scope = append(scope, p)
	}
	return scope
}

// request starts the sync run of a workspace, or joins the one there is.
func (s *Service) request(ctx context.Context, workspaceID, ownerID string) (runID string, created bool, err error) {
	if s.runs == nil {
		return "", false, errors.New("start a sync: no journal")
	}
	run, created, err := s.runs.Create(ctx, journal.Spec{Kind: RunKind, OwnerID: ownerID, WorkspaceID: workspaceID, Key: workspaceID})
	return run.ID, created, err
}
