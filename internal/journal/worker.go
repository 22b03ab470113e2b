package journal

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/innoclaw/innoclaw/internal/store"
)

// activeRun is a run that a handler of this process works on.
type activeRun struct {
	lease   *Lease
	kind    Kind
	renewed time.Time // last successful renewal, by the monotonic clock; guarded by Journal.mu
}

// dispatch claims runs whenever it is woken, and by itself every Poll.
func (j *Journal) dispatch(ctx context.Context) {
	poll := time.NewTicker(j.poll)
	defer poll.Stop()
	for {
		if err := j.claimAll(ctx); err != nil && ctx.Err() == nil {
			j.log.Error("no runs could be claimed, trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-j.wake:
		case <-poll.C:
			if err := j.sweep(ctx); err != nil && ctx.Err() == nil {
				j.log.Error("lost and cancelled runs could not be looked for, trying again", "error", err)
			}
		}
	}
}

// sweep ends lost runs and cancels those that other processes want cancelled.
func (j *Journal) sweep(ctx context.Context) error {
	if err := j.recoverLost(ctx); err != nil {
		return err
	}
	j.mu.Lock()
	idle := len(j.active) == 0
	j.mu.Unlock()
	if idle {
		return nil
	}
	ids, err := j.cancelRequests(ctx)
	for _, id := range ids {
		j.cancelLocal(id)
	}
	return err
}

func (j *Journal) cancelLocal(id string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if a := j.active[id]; a != nil {
		a.lease.cancel(ErrCancelled)
	}
}

// claimAll starts a handler for each run that can be had, within the kinds' limits.
func (j *Journal) claimAll(ctx context.Context) error {
	kinds, err := j.claimable(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range j.names {
		for kinds[name] && ctx.Err() == nil {
			if !j.take(name) {
				break
			}
			token := store.NewID()
			run, ok, err := j.claim(ctx, j.kinds[name], token)
			if err != nil || !ok {
				j.giveBack(name)
				errs = append(errs, err)
				break
			}
			j.work(run, token)
		}
	}
	return errors.Join(errs...)
}

// take reserves a place for a run of a kind; false when all are taken or the
// journal stops. A place is also counted as a worker, so that Stop waits for it.
func (j *Journal) take(kind string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.stop == nil || j.busy[kind] >= j.kinds[kind].Concurrency {
		return false
	}
	j.busy[kind]++
	j.workers.Add(1)
	return true
}

func (j *Journal) giveBack(kind string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.busy[kind]--
	j.workers.Done()
}

// work runs the handler of a claimed run in a goroutine that ends with it.
func (j *Journal) work(run Run, token string) {
	ctx, cancel := context.WithCancelCause(context.Background())
	a := &activeRun{lease: &Lease{j: j, token: token, cancel: cancel, run: run}, kind: j.kinds[run.Kind], renewed: time.Now()}
	j.mu.Lock()
	j.active[run.ID] = a
	if j.stop == nil {
		cancel(ErrStopping)
	}
	j.mu.Unlock()
	go func() {
		defer func() {
			cancel(nil)
			j.mu.Lock()
			if j.active[run.ID] == a {
				delete(j.active, run.ID)
			}
			j.mu.Unlock()
			j.giveBack(run.Kind)
			j.Wake()
		}()
		j.conclude(ctx, a, j.call(ctx, a))
	}()
}

// call runs the handler; a panic counts as an error.
func (j *Journal) call(ctx context.Context, a *activeRun) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return a.kind.Run(ctx, a.lease)
}

// concludeRetry is the wait before a run's end is written again.
const concludeRetry = time.Second

// conclude writes how the run ended. When the database refuses, it tries again
// as long as the lease holds and the journal works.
func (j *Journal) conclude(ctx context.Context, a *activeRun, result error) {
	id := a.lease.id()
	cause := context.Cause(ctx)
	if errors.Is(cause, ErrLeaseLost) {
		j.log.Warn("a run was taken over by another worker", "run", id, "kind", a.kind.Name)
		return
	}
	o, ends := j.judge(a, result, cause)
	for {
		var err error
		if ends {
			_, err = j.end(context.Background(), id, o, `lease_owner = $6`, a.lease.token)
		} else {
			err = j.release(context.Background(), id, a.lease.token)
		}
		if err == nil {
			return
		}
		j.log.Error("the end of a run could not be written", "run", id, "kind", a.kind.Name, "error", err)
		if !j.sleepWhileWorking(ctx) {
			return // found again by recovery
		}
	}
}

// judge decides how a run ends; ends is false when it is to be taken up again.
func (j *Journal) judge(a *activeRun, result, cause error) (o outcome, ends bool) {
	switch {
	case result == nil:
		return outcome{state: Succeeded}, true
	case errors.Is(cause, ErrCancelled):
		return outcome{state: Cancelled}, true
	case errors.Is(cause, ErrStopping) && a.kind.OnLost == Resume:
		return outcome{}, false
	case errors.Is(cause, ErrStopping):
		return outcome{state: Interrupted}, true
	}
	code, message := publicError(result)
	j.log.Error("a run failed", "run", a.lease.id(), "kind", a.kind.Name, "code", code, "error", result)
	return outcome{Failed, code, message}, true
}

// publicError returns what people may see of an error.
func publicError(err error) (code, message string) {
	code, message = "internal", "Something went wrong inside InnoClaw. The server's log has the details."
	if c, m, ok := store.Explain(err); ok {
		code, message = c, m
	}
	var public interface {
		Code() string
		Public() string
	}
	if errors.As(err, &public) && public.Code() != "" {
		return public.Code(), public.Public()
	}
	return code, message
}

func (j *Journal) sleepWhileWorking(ctx context.Context) bool {
	if errors.Is(context.Cause(ctx), ErrStopping) {
		return false
	}
	t := time.NewTimer(concludeRetry)
	defer t.Stop()
	<-t.C
	return !errors.Is(context.Cause(ctx), ErrLeaseLost)
}

// beat renews the leases of all running handlers three times per lease.
func (j *Journal) beat(ctx context.Context) {
	ticker := time.NewTicker(max(j.lease/3, time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, a := range j.activeRuns() {
			j.renewOne(ctx, a)
		}
	}
}

func (j *Journal) activeRuns() []*activeRun {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := make([]*activeRun, 0, len(j.active))
	for _, a := range j.active {
		all = append(all, a)
	}
	return all
}

// renewOne ends the handler's context when its lease is lost, or was not renewed
// for so long that another worker may have it by now.
func (j *Journal) renewOne(ctx context.Context, a *activeRun) {
	began := time.Now()
	ok, cancelRequested, err := j.renew(ctx, a.lease.id(), a.lease.token)
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case err != nil:
		j.log.Error("a lease could not be renewed", "run", a.lease.id(), "error", err)
		if time.Since(a.renewed) > j.lease {
			a.lease.cancel(ErrLeaseLost)
		}
	case !ok:
		a.lease.cancel(ErrLeaseLost) // also when the handler has just ended: then nobody listens
	default:
		a.renewed = began
		if cancelRequested {
			a.lease.cancel(ErrCancelled)
		}
	}
}
