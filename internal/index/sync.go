package index

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/workspace"
)

// Phases of a sync.
const (
	PhaseScan   = "scanning"
	PhaseIndex  = "indexing"
	PhasePaused = "paused" // nothing can be stored at present; Detail says why
	PhaseDone   = "done"
)

// Progress tells how far a sync is. Total is known from PhaseIndex on.
type Progress struct {
	Phase       string `json:"phase"`
	Done        int    `json:"done"`
	Total       int    `json:"total"`
	Indexed     int    `json:"indexed"`
	Skipped     int    `json:"skipped"`
	Failed      int    `json:"failed"`
	Removed     int    `json:"removed"`
	Moved       int    `json:"moved"`
	Unchanged   int    `json:"unchanged"`
	CurrentPath string `json:"currentPath,omitempty"`
	Detail      string `json:"detail,omitempty"`
}

// job is one reconcile.
type job struct {
	s       *Service
	sp      *space
	dir     *boundary.Dir
	scope   []string // paths to look at; none means all
	report  func(Progress)
	watched bool   // a goroutine follows the workspace and takes up what is left
	patient bool   // wait while nothing can be stored, instead of giving up
	walked  func() // called when only extraction is left; may be nil
	tooMany int    // give up with errTooMany when more files must be read; 0 for no bound

	progress Progress
	rootID   string
	again    []string // paths that changed meanwhile

	// background, if not nil, is what slow files may take longer than the job
	// for; else the job waits for them: slow, and their rows in pended.
	background context.Context
	slow       []*reading
	pended     map[string]*known
}

// errTooMany says that a job found more work than it was allowed.
var errTooMany = errors.New("more files changed than are read without a run")

// run looks at the job's part of the workspace and brings the rows in line.
func (j *job) run(ctx context.Context) error {
	j.s.begin(j.sp, len(j.scope) == 0, +1)
	defer j.s.begin(j.sp, len(j.scope) == 0, -1)
	if err := j.open(ctx); err != nil {
		return err
	}
	before := j.sp.slowNow()
	plan, err := j.scan(ctx)
	if err != nil {
		return err
	}
	j.leaveSlow(plan, before)
	if j.tooMany > 0 && len(plan.extract) > j.tooMany {
		return errTooMany
	}
	if err := j.matchContent(ctx, plan); err != nil {
		return err
	}
	j.postpone(plan)
	j.progress.Phase, j.progress.Done, j.progress.Total = PhaseIndex, 0, len(plan.extract)
	j.progress.Unchanged = plan.same
	if err := j.arrange(ctx, plan); err != nil {
		return err
	}
	if j.walked != nil {
		j.walked()
	}
	if err := j.extractAll(ctx, plan.extract); err != nil {
		return err
	}
	if len(j.scope) == 0 {
		if err := j.update(ctx, func() error { return j.s.saveSync(ctx, j.sp.id, j.rootID) }); err != nil {
			return err
		}
	}
	j.progress.Phase, j.progress.CurrentPath = PhaseDone, ""
	j.tell()
	return nil
}

// begin counts the reconciles of a workspace.
func (s *Service) begin(sp *space, whole bool, by int) {
	sp.mu.Lock()
	sp.busy += by
	if whole {
		sp.syncs += by
	}
	sp.mu.Unlock()
	s.hub.index(sp.id)
}

// open gets the folder and makes sure that it is there.
func (j *job) open(ctx context.Context) error {
	dir, err := j.s.workspaces.Dir(ctx, j.sp.id)
	if errors.Is(err, workspace.ErrNotFound) {
		return errGone
	}
	if err != nil {
		if code := boundary.CodeOf(err); code == boundary.CodeNotFound || code == boundary.CodeNotDirectory || code == boundary.CodePermission || code == boundary.CodeOutside {
			return j.missing(ctx, "the folder does not exist or can not be opened", err)
		}
		return fmt.Errorf("open workspace %s: %w", j.sp.id, err)
	}
	j.dir = dir
	return j.present(ctx)
}

// present makes sure that the open folder is still the one at its path.
func (j *job) present(ctx context.Context) error {
	if !j.dir.Current() {
		return j.missing(ctx, "the folder was moved, removed or replaced", nil)
	}
	e, err := j.dir.Lstat("")
	if err != nil {
		return j.missing(ctx, "the folder can not be read", err)
	}
	j.rootID = fmt.Sprintf("%d:%d", e.Device, e.Inode)
	return nil
}

// missing keeps the index, notes why the folder is not there, and fails.
func (j *job) missing(ctx context.Context, reason string, cause error) error {
	err := j.s.db.Update(ctx, func(ctx context.Context, tx txn) error { return saveMissing(ctx, tx, j.sp.id, reason) })
	j.s.hub.index(j.sp.id)
	return errors.Join(&MissingError{Reason: reason, Err: cause}, err)
}

// scan walks and compares.
func (j *job) scan(ctx context.Context) (*plan, error) {
	j.progress.Phase = PhaseScan
	j.tell()
	sc := &scan{dir: j.dir, seen: map[string]bool{}, now: store.Millis(time.Now()), maxSize: j.s.o.MaxFileBytes(),
		retry: len(j.scope) > 0, watch: j.s.watchFunc(j.sp, j.dir), tick: j.scanned}
	var places []place
	if len(j.scope) > 0 {
		places = sc.places(j.scope)
		j.scope = j.scope[:0]
		for _, p := range places {
			j.scope = append(j.scope, p.path)
		}
	}
	var err error
	if sc.rows, err = loadKnown(ctx, j.s.db, j.sp.id, j.s.extractor.Version(), j.scope); err != nil {
		return nil, err
	}
	if len(places) == 0 {
		err = sc.top(ctx)
	}
	for _, p := range places {
		if err == nil {
			err = sc.part(ctx, p)
		}
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, j.missing(ctx, "the folder can not be read", err)
	}
	if err := j.present(ctx); err != nil {
		return nil, err
	}
	if err := j.guardEmpty(ctx, sc); err != nil {
		return nil, err
	}
	sc.finish()
	return &sc.plan, nil
}

// places finds where to look for each path, none below another.
func (s *scan) places(paths []string) []place {
	paths = slices.Clone(paths)
	slices.Sort(paths)
	var list []place
	have := map[string]bool{}
	for _, p := range paths {
		at := s.locate(p)
		if !have[at.path] {
			have[at.path] = true
			list = append(list, at)
		}
	}
	return slices.DeleteFunc(list, func(p place) bool {
		dir, _ := boundary.Split(p.path)
		return dir != "" && within(dir, have)
	})
}

// guardEmpty refuses to take an empty folder for the indexed one when it is
// another folder: most likely a disk is not mounted.
func (j *job) guardEmpty(ctx context.Context, sc *scan) error {
	if len(j.scope) > 0 || sc.plan.files > 0 || len(sc.rows) == 0 {
		return nil
	}
	state, err := loadState(ctx, j.s.db.Read(), j.sp.id)
	if err != nil {
		return err
	}
	if state.rootID == "" || state.rootID == j.rootID {
		return nil
	}
	return j.missing(ctx, "the folder is empty and is not the one that was indexed; perhaps its disk is not mounted", nil)
}

// postpone leaves files that were written a moment ago to the watcher, which
// waits until they are at rest.
func (j *job) postpone(p *plan) {
	if len(j.scope) > 0 || !j.watched {
		return
	}
	rest := p.extract[:0]
	for _, c := range p.extract {
		if age := time.Since(time.Unix(0, c.mtime)); 0 <= age && age < j.s.o.Quiet {
			j.again = append(j.again, c.path)
			continue
		}
		rest = append(rest, c)
	}
	p.extract = rest
}

func (j *job) scanned(path string) {
	j.progress.Done++
	if j.progress.Done%256 == 0 {
		j.progress.CurrentPath = storable(path)
		j.tell()
	}
}

func (j *job) tell() {
	if j.report != nil {
		j.report(j.progress)
	}
}

// matchContent finds moves that changed the inode, such as a copy to another
// disk and back: a new file with the size and hash of a removed one.
func (j *job) matchContent(ctx context.Context, p *plan) error {
	bySize := map[int64][]int{}
	for i, r := range p.removed {
		if r.old.state == Indexed && r.old.current && r.old.size > 0 {
			bySize[r.old.size] = append(bySize[r.old.size], i)
		}
	}
	if len(bySize) == 0 {
		return nil
	}
	taken := map[int]bool{}
	rest := p.extract[:0]
	for _, c := range p.extract {
		i, err := j.sameContent(ctx, p, bySize[c.size], taken, &c)
		if err != nil {
			return err
		}
		if i < 0 {
			rest = append(rest, c)
			continue
		}
		taken[i] = true
		p.moves = append(p.moves, move{from: p.removed[i].path, to: c, old: p.removed[i].old})
	}
	p.extract = rest
	p.dropRemoved(taken)
	return nil
}

// sameContent finds the removed file that has the candidate's content, -1 for none.
func (j *job) sameContent(ctx context.Context, p *plan, removed []int, taken map[int]bool, c *candidate) (int, error) {
	hash := ""
	for _, i := range removed {
		r := p.removed[i]
		if taken[i] || c.old != nil || !sameType(r.path, c.path) {
			continue
		}
		if hash == "" {
			f, e, err := j.dir.OpenEntry(c.path)
			if err != nil {
				return -1, nil // the extraction will tell what is wrong
			}
			hash, err = hashOf(ctx, f, e.Size)
			f.Close()
			if err != nil || e.Size != c.size || e.ModTime.UnixNano() != c.mtime || e.Inode != uint64(c.inode) {
				return -1, ctx.Err()
			}
			if time.Since(e.ModTime) < racyAge {
				c.mtime = 0 // as after an extraction
			}
		}
		if hash == r.old.contentHash {
			return i, nil
		}
	}
	return -1, nil
}

// stepRows is how many rows one transaction of arrange changes.
const stepRows = 400

// arrange carries out what needs no reading: removals, moves, settled states,
// and rows for new files that have to wait.
func (j *job) arrange(ctx context.Context, p *plan) error {
	for part := range slices.Chunk(p.removed, stepRows) {
		if err := j.commit(ctx, &batch{removed: part}); err != nil {
			return err
		}
		j.progress.Removed += len(part)
	}
	for part := range slices.Chunk(p.moves, stepRows) {
		if err := j.commit(ctx, &batch{moves: part}); err != nil {
			return err
		}
		j.progress.Moved += len(part)
	}
	for part := range slices.Chunk(p.settle, stepRows) {
		if err := j.commit(ctx, &batch{settle: part}); err != nil {
			return err
		}
		for _, st := range part {
			j.count(st.state)
		}
	}
	return j.pend(ctx, p.extract)
}

// fewNew is the number of new files that get no row until they are read.
const fewNew = 100

func (j *job) pend(ctx context.Context, list []candidate) error {
	var fresh []int
	for i, c := range list {
		if c.old == nil {
			fresh = append(fresh, i)
		}
	}
	if len(fresh) <= fewNew {
		return nil
	}
	for part := range slices.Chunk(fresh, stepRows) {
		b := &batch{}
		for _, i := range part {
			b.pending = append(b.pending, list[i])
		}
		rows, err := j.commitRows(ctx, b)
		if err != nil {
			return err
		}
		for _, i := range part {
			list[i].old = rows[list[i].path] // nil after a conflict: the path is looked at again
		}
	}
	return nil
}

func (j *job) count(state State) {
	switch state {
	case Indexed:
		j.progress.Indexed++
	case Skipped:
		j.progress.Skipped++
	case Failed:
		j.progress.Failed++
	}
}

func (j *job) commit(ctx context.Context, b *batch) error {
	_, err := j.commitRows(ctx, b)
	return err
}

// commitRows writes a batch, waiting if need be until it can be stored.
func (j *job) commitRows(ctx context.Context, b *batch) (rows map[string]*known, err error) {
	var again []string
	err = j.update(ctx, func() error {
		var err error
		again, rows, err = j.s.commit(ctx, j.sp.id, b)
		return err
	})
	if err != nil {
		return nil, err
	}
	j.again = append(j.again, again...)
	j.tell()
	j.s.hub.index(j.sp.id)
	return rows, nil
}
