package index

import (
	"context"
	"database/sql"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/innoclaw/innoclaw/internal/store"
)

type txn = *sql.Tx

// Bounds of one transaction of a sync.
const (
	batchFiles = 128
	batchBytes = 4 << 20
	batchWait  = 40 * time.Millisecond
)

// maxTries is how often a file that changes while it is read is tried again
// at once; afterwards the next notice or sweep takes it up.
const maxTries = 3

// extractAll reads the candidates in parallel and stores what comes out from
// this goroutine alone. Memory is bounded by one file per worker, one waiting
// for the committer, and one batch.
func (j *job) extractAll(ctx context.Context, list []candidate) error {
	if len(list) == 0 {
		return nil
	}
	g, work := errgroup.WithContext(ctx)
	todo := make(chan candidate)
	notices := make(chan *reading)
	done := make(chan *outcome)
	defer func() {
		for _, r := range j.slow {
			j.sp.forgetSlow(r)
		}
	}()
	g.Go(func() error { // ends when all are handed out or work ends
		defer close(todo)
		for _, c := range list {
			select {
			case todo <- c:
			case <-work.Done():
				return work.Err()
			}
		}
		return nil
	})
	var workers errgroup.Group
	for range min(j.s.o.Workers, len(list)) {
		workers.Go(func() error { return j.work(work, todo, notices, done) }) // ends when todo is closed or work ends
	}
	g.Go(func() error {
		defer close(done)
		return workers.Wait()
	})
	g.Go(func() error { return j.collect(work, notices, done) })
	return g.Wait()
}

func (j *job) work(ctx context.Context, todo <-chan candidate, notices chan<- *reading, done chan<- *outcome) error {
	for c := range todo {
		o, err := j.read(ctx, c, notices)
		if err != nil {
			return err
		}
		if o == nil {
			continue
		}
		select {
		case done <- o:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// collect gathers outcomes into batches and stores them.
func (j *job) collect(ctx context.Context, notices <-chan *reading, done <-chan *outcome) error {
	var b batch
	size := 0
	flush := func() error {
		err := j.commit(ctx, &b)
		b, size = batch{}, 0
		return err
	}
	timer := time.NewTimer(batchWait)
	defer timer.Stop()
	for {
		var due <-chan time.Time
		if len(b.outcomes) > 0 {
			due = timer.C
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-due:
			if err := flush(); err != nil {
				return err
			}
		case r := <-notices:
			if err := j.noticed(ctx, r); err != nil {
				return err
			}
		case o, ok := <-done:
			if !ok {
				return flush()
			}
			if row := j.pended[o.path]; row != nil {
				o.old = row
			}
			if !j.take(o) {
				continue
			}
			if len(b.outcomes) == 0 {
				timer.Reset(batchWait)
			}
			b.outcomes = append(b.outcomes, o)
			size += o.bytes()
			if len(b.outcomes) >= batchFiles || size >= batchBytes {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
}

// take notes an outcome and tells whether there is something to store.
func (j *job) take(o *outcome) bool {
	j.progress.Done++
	j.progress.CurrentPath = o.path
	if o.changed || o.gone {
		j.again = append(j.again, o.path)
		return false
	}
	if o.sameText {
		j.progress.Unchanged++
	} else {
		j.count(o.state)
	}
	return true
}

// Waits between attempts to store while it can not be done.
const (
	firstPause = 500 * time.Millisecond
	lastPause  = 15 * time.Second
)

// update runs a write. When the disk is full or the database locked or
// read-only, a patient job says so and tries again until it works: what was
// read stays in hand and nothing is lost. Others fail with the reason.
func (j *job) update(ctx context.Context, write func() error) error {
	for wait := firstPause; ; wait = min(2*wait, lastPause) {
		err := write()
		reason := storageReason(err)
		if reason == "" {
			if err == nil && j.sp.setPaused("") != "" {
				j.s.o.Logger.Info("index goes on", "workspace", j.sp.id)
				j.s.hub.index(j.sp.id)
			}
			return err
		}
		if !j.patient {
			return &StorageError{Reason: reason, Err: err}
		}
		if j.sp.setPaused(reason) != reason {
			j.s.o.Logger.Warn("index is paused", "workspace", j.sp.id, "reason", reason, "error", err)
			j.s.hub.index(j.sp.id)
		}
		phase := j.progress.Phase
		j.progress.Phase, j.progress.Detail = PhasePaused, reason
		j.tell()
		j.progress.Phase, j.progress.Detail = phase, ""
		if !sleep(ctx, wait) {
			return ctx.Err()
		}
	}
}

// storageReason says in plain words why nothing can be stored, "" if that is
// not what err is about.
func storageReason(err error) string {
	switch {
	case err == nil:
		return ""
	case store.IsFull(err):
		return "the disk of the data folder is full: free some space"
	case store.IsReadOnly(err):
		return "the database is read-only: check the permissions of the data folder and that its disk is writable"
	case store.IsBusy(err):
		return "the database is locked by another program: end it or wait"
	}
	return ""
}

// saveSync records the end of a look at the whole workspace.
func (s *Service) saveSync(ctx context.Context, workspaceID, rootID string) error {
	return s.db.Update(ctx, func(ctx context.Context, tx txn) error {
		return saveSynced(ctx, tx, workspaceID, rootID, store.Millis(time.Now()))
	})
}
