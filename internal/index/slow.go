package index

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// slowSlots is how many files that take long are read at once beside the
// others, which have slots of their own.
const slowSlots = 2

// A reading is the extraction of one file. One that takes longer than
// Options.Slow is noted with its workspace, so that nobody begins it a second
// time, and leaves its slot to other files: for one of the slow slots, or, when
// these are taken and others wait, by beginning anew as soon as one is free.
type reading struct {
	j      *job
	c      candidate
	ctx    context.Context // ends with what waits for the outcome
	cancel context.CancelFunc

	stop   context.CancelFunc // ends the present attempt
	result chan attempt       // of the present attempt; capacity 1
	done   atomic.Bool        // it came to an outcome
}

type attempt struct {
	outcome *outcome
	err     error
}

// newReading begins to read a file; the caller holds a slot for it.
func (j *job) newReading(ctx context.Context, c candidate) *reading {
	r := &reading{j: j, c: c}
	r.ctx, r.cancel = context.WithCancel(ctx)
	r.begin()
	return r
}

func (r *reading) begin() {
	ctx, stop := context.WithCancel(r.ctx)
	result := make(chan attempt, 1)
	r.stop, r.result = stop, result
	go func() { // ends with the extraction; wait and finish wait for it
		o, err := r.j.s.extract(ctx, r.j.dir, r.c)
		result <- attempt{o, err}
	}()
}

// finish waits for the outcome of a slow reading and gives its slot back. The
// error is only ever the end of the reading's context.
func (r *reading) finish() (o *outcome, err error) {
	defer r.cancel()
	defer func() { r.done.Store(err == nil) }()
	s := r.j.s
	select { // better go on in a slow slot than begin anew
	case s.slow <- struct{}{}:
		<-s.extracting
	default:
		if a, ok := r.share(); ok {
			return a.outcome, a.err
		}
	}
	defer func() { <-s.slow }()
	a := <-r.result
	return a.outcome, a.err
}

// share goes on in the ordinary slot until the outcome is there, a slow slot is
// free, or another file waits; then it begins anew in the next slow slot. Without
// an outcome, the reading has a slow slot in the end.
func (r *reading) share() (a attempt, ok bool) {
	s := r.j.s
	select {
	case a = <-r.result:
		<-s.extracting
		return a, true
	case s.slow <- struct{}{}:
		<-s.extracting
		return a, false
	case <-s.yield:
	}
	r.stop()
	a = <-r.result
	<-s.extracting
	if a.err == nil {
		return a, true
	}
	select {
	case s.slow <- struct{}{}:
	case <-r.ctx.Done():
		return attempt{err: r.ctx.Err()}, true
	}
	r.begin()
	return a, false
}

// acquire takes a slot for a file. When there is none, a reading that takes
// long gives way.
func (s *Service) acquire(ctx context.Context) error {
	select {
	case s.extracting <- struct{}{}:
		return nil
	default:
	}
	select {
	case s.extracting <- struct{}{}:
		return nil
	case s.yield <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case s.extracting <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// noteSlow notes a slow reading with its workspace; false means that another
// one of the same version of the file is noted already.
func (sp *space) noteSlow(r *reading) bool {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	if old := sp.slow[r.c.path]; old != nil {
		if old.c.sameFile(r.c) {
			return false
		}
		old.cancel()
	}
	sp.slow[r.c.path] = r
	return true
}

// forgetSlow takes back the note of a reading, ending it if it still goes on.
func (sp *space) forgetSlow(r *reading) {
	r.cancel()
	sp.mu.Lock()
	defer sp.mu.Unlock()
	if sp.slow[r.c.path] == r {
		delete(sp.slow, r.c.path)
	}
}

// slowNow gives the slow readings there are.
func (sp *space) slowNow() map[string]*reading {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	m := make(map[string]*reading, len(sp.slow))
	for path, r := range sp.slow {
		m[path] = r
	}
	return m
}

func (c candidate) sameFile(d candidate) bool {
	return c.size == d.size && c.mtime == d.mtime && c.inode == d.inode
}

// leaveSlow takes files out of the plan that are being read already, and ends
// readings of files that have changed or gone since. before holds the readings
// there were when the rows were loaded.
func (j *job) leaveSlow(p *plan, before map[string]*reading) {
	now := j.sp.slowNow()
	if len(before)+len(now) == 0 {
		return
	}
	rest := p.extract[:0]
	for _, c := range p.extract {
		was, is := before[c.path], now[c.path]
		if was != nil && was.c.sameFile(c) && was.done.Load() || is != nil && is.c.sameFile(c) {
			continue
		}
		if is != nil {
			j.sp.forgetSlow(is)
		}
		rest = append(rest, c)
	}
	p.extract = rest
	end := func(path string) {
		if r := now[path]; r != nil {
			j.sp.forgetSlow(r)
		}
	}
	for _, r := range p.removed {
		end(r.path)
	}
	for _, m := range p.moves {
		end(m.from)
	}
	for _, st := range p.settle {
		end(st.path)
	}
}

// read extracts a candidate. When it takes long, notices gets it, to make it
// visible; then a background job gives it away, with a nil outcome.
func (j *job) read(ctx context.Context, c candidate, notices chan<- *reading) (*outcome, error) {
	if err := j.s.acquire(ctx); err != nil {
		return nil, err
	}
	lasts := ctx
	if j.background != nil {
		lasts = j.background
	}
	r := j.newReading(lasts, c)
	if a, ok := r.wait(); ok {
		return a.outcome, a.err
	}
	if !j.sp.noteSlow(r) {
		r.cancel()
		_, _ = r.finish() // the other one has the outcome
		return nil, ctx.Err()
	}
	select {
	case notices <- r:
	case <-ctx.Done():
		j.sp.forgetSlow(r)
		_, _ = r.finish()
		return nil, ctx.Err()
	}
	if j.background != nil {
		return nil, nil
	}
	o, err := r.finish()
	if err != nil && ctx.Err() == nil { // it changed, so that another job ended it
		return &outcome{candidate: c, changed: true}, nil
	}
	return o, err
}

// noticed makes a file that takes long visible, if it has no row yet, and in a
// background job leaves it to a goroutine of its own.
func (j *job) noticed(ctx context.Context, r *reading) error {
	old, err := r.c.old, error(nil)
	if old == nil {
		var rows map[string]*known
		if rows, err = j.commitRows(ctx, &batch{pending: []candidate{r.c}}); err == nil {
			old = rows[r.c.path]
		}
		if old == nil { // the path is looked at again
			j.sp.forgetSlow(r)
		}
	}
	if j.background != nil {
		j.progress.Done++
		j.s.tasks.Go(func() { r.land(old) })
		return err
	}
	j.slow = append(j.slow, r)
	if j.pended == nil {
		j.pended = map[string]*known{}
	}
	j.pended[r.c.path] = old
	return err
}

// land stores the outcome of a reading that its job did not wait for. old is
// the row to replace.
func (r *reading) land(old *known) {
	s, sp := r.j.s, r.j.sp
	o, err := r.finish()
	if err != nil {
		sp.forgetSlow(r)
		return // the end of following, or a job that ended it and looks at the path itself
	}
	o.old = old
	j := &job{s: s, sp: sp, patient: true}
	ctx := r.j.background
	if j.take(o) && sp.hasSlow(r) {
		err = j.commit(ctx, &batch{outcomes: []*outcome{o}})
	}
	sp.forgetSlow(r)
	if err != nil && ctx.Err() == nil && !errors.Is(err, errGone) {
		s.o.Logger.Warn("store a file that took long", "workspace", sp.id, "error", err)
		j.again = append(j.again, r.c.path)
	}
	sp.retryLater(j.again)
	s.hub.index(sp.id)
}

func (sp *space) hasSlow(r *reading) bool {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	return sp.slow[r.c.path] == r
}

// wait gives the outcome if it comes soon, and then the slot back.
func (r *reading) wait() (a attempt, ok bool) {
	timer := time.NewTimer(r.j.s.o.Slow)
	defer timer.Stop()
	select {
	case a = <-r.result:
		<-r.j.s.extracting
		r.cancel()
		return a, true
	case <-timer.C:
		return attempt{}, false
	}
}
