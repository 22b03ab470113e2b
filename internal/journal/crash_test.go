package journal_test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/internal/journal"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

// The crash test runs copies of this test binary as servers and kills them.
const (
	crashVariable = "INNOCLAW_JOURNAL_CRASH_DATABASE"
	crashRuns     = 200
	crashSteps    = 6
	crashServers  = 2
	crashMinKills = 20
)

func TestMain(m *testing.M) {
	if url := os.Getenv(crashVariable); url != "" {
		if err := crashServer(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func crashOptions() journal.Options {
	return journal.Options{LeaseTTL: 400 * time.Millisecond, Poll: 20 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))}
}

// crashServer works on runs until it is killed.
func crashServer(url string) error {
	ctx := context.Background()
	db, err := store.Open(ctx, store.Options{URL: url, MaxReaders: 4, BusyTimeout: 30 * time.Second})
	if err != nil {
		return err
	}
	j := journal.New(db, crashOptions())
	j.Register(journal.Kind{Name: "steps", Concurrency: 4, MaxAttempts: 1000, Run: crashWork, Finished: once("end")})
	j.Register(journal.Kind{Name: "fragile", Concurrency: 2, OnLost: journal.Interrupt, Run: crashWork, Finished: once("end")})
	if err := j.Start(ctx); err != nil {
		return err
	}
	fmt.Println("ready")
	select {}
}

// once makes a hook that writes a row which the database takes once per run.
func once(what string) func(context.Context, *sql.Tx, journal.Run) error {
	return func(ctx context.Context, tx *sql.Tx, r journal.Run) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, 0)`, what+" "+r.ID, string(r.State))
		return err
	}
}

// crashWork does its steps, each once: a second time the row is there already.
func crashWork(ctx context.Context, l *journal.Lease) error {
	first := 0
	if c := l.Run().Cursor; c != nil {
		if err := json.Unmarshal(c, &first); err != nil {
			return err
		}
	}
	for i := first; i < crashSteps; i++ {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(rand.N(15 * time.Millisecond)):
		}
		if _, err := l.Append(ctx, journal.Draft{Type: "try", Payload: i}); err != nil {
			return err
		}
		if err := l.CommitCursor(ctx, i+1, func(ctx context.Context, tx *sql.Tx) error {
			return once(fmt.Sprint("step ", i))(ctx, tx, l.Run())
		}, journal.Draft{Type: "done", Payload: i}); err != nil {
			return err
		}
	}
	return nil
}

// crashBed keeps servers alive and kills them.
type crashBed struct {
	t     *testing.T
	url   string
	mu    sync.Mutex // guards kills
	kills int
}

// serve starts servers one after the other, each killed at a random moment, until stop.
func (b *crashBed) serve(stop <-chan struct{}) {
	for {
		begun := time.Now()
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), crashVariable+"="+b.url)
		var log strings.Builder
		cmd.Stderr = &log
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			b.t.Error(err)
			return
		}
		ready, _ := bufio.NewReader(out).ReadString('\n')
		if ready != "ready\n" {
			b.t.Errorf("server did not start: %s", log.String())
		}
		stopped := false
		select {
		case <-stop:
			stopped = true
		case <-time.After(rand.N(5 * time.Since(begun))): // as slow as the machine
		}
		_ = cmd.Process.Kill() // SIGKILL
		_ = cmd.Wait()
		if strings.Contains(log.String(), "a run failed") {
			b.t.Errorf("a run failed in a server:\n%s", log.String())
		}
		if stopped || b.t.Failed() {
			return
		}
		b.mu.Lock()
		b.kills++
		b.mu.Unlock()
	}
}

func (b *crashBed) killed() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kills
}

func TestKilledServersLoseAndDoubleNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for several seconds")
	}
	for name, locate := range storetest.Dialects() {
		t.Run(name, func(t *testing.T) {
			url := locate(t)
			db := storetest.Open(t, store.Options{URL: url, BusyTimeout: 30 * time.Second})
			j := journal.New(db, crashOptions())
			bed := &crashBed{t: t, url: url}
			stop := make(chan struct{})
			var servers sync.WaitGroup
			end := sync.OnceFunc(func() { close(stop); servers.Wait() })
			defer end()
			for range crashServers {
				servers.Go(func() { bed.serve(stop) })
			}
			followed := crashLoad(t, j, bed)
			end()
			counts := map[string]int{}
			for id, events := range followed {
				checkCrashed(t, db, j, id, events, counts)
			}
			t.Logf("%d kills; %v", bed.killed(), counts)
			if bed.killed() < crashMinKills || counts["attempts"] <= crashRuns || counts["interrupted"] == 0 {
				t.Errorf("%d kills, %v: too quiet to prove anything", bed.killed(), counts)
			}
		})
	}
}

// crashLoad creates the runs over the time of the kills, follows each one from
// its beginning, cancels some, and returns what the followers saw.
func crashLoad(t *testing.T, j *journal.Journal, bed *crashBed) map[string][]journal.Event {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var mu sync.Mutex // guards followed
	followed := map[string][]journal.Event{}
	var followers sync.WaitGroup
	for i := range crashRuns {
		for bed.killed() < i*crashMinKills/crashRuns && ctx.Err() == nil && !t.Failed() {
			time.Sleep(5 * time.Millisecond) // the servers' pace, not a condition of the test
		}
		kind := "steps"
		if i%5 == 0 {
			kind = "fragile"
		}
		run, _, err := j.Create(ctx, journal.Spec{Kind: kind, Input: i})
		if err != nil {
			t.Fatal(err)
		}
		followers.Go(func() {
			var events []journal.Event
			for e, err := range j.Follow(ctx, run.ID, 0) {
				if err != nil {
					t.Errorf("follow run %d: %v", i, err)
					return
				}
				events = append(events, e)
				if i%10 == 3 && e.Type == "done" {
					if err := j.Cancel(ctx, run.ID); err != nil {
						t.Errorf("cancel run %d: %v", i, err)
					}
				}
			}
			mu.Lock()
			defer mu.Unlock()
			followed[run.ID] = events
		})
	}
	followers.Wait()
	return followed
}

// checkCrashed proves of one run that it ended once and that its events have no
// gap, no double, and agree with what the follower saw and with its data.
func checkCrashed(t *testing.T, db *store.DB, j *journal.Journal, id string, followed []journal.Event, counts map[string]int) {
	t.Helper()
	run, err := j.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	events, err := j.Events(t.Context(), id, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	counts[string(run.State)]++
	counts["attempts"] += run.Attempt
	counts["events"] += len(events)
	if brief(events) != brief(followed) {
		t.Errorf("run %s: the follower saw\n%sand the database has\n%s", id, brief(followed), brief(events))
	}
	step, ends := 0, 0
	for i, e := range events {
		if e.Seq != int64(i+1) {
			t.Fatalf("run %s: event %d has number %d", id, i+1, e.Seq)
		}
		if e.Type == "done" {
			if string(e.Payload) != fmt.Sprint(step) {
				t.Errorf("run %s: step %s is done where %d was due:\n%s", id, e.Payload, step, brief(events))
			}
			step++
		}
		if e.Ends() {
			ends++
		}
	}
	if ends != 1 || !events[len(events)-1].Ends() || run.LastSeq != int64(len(events)) {
		t.Errorf("run %s ends %d times:\n%s", id, ends, brief(events))
	}
	var rows, endRows int
	err = db.Read().QueryRowContext(t.Context(), `SELECT
		(SELECT count(*) FROM settings WHERE key LIKE $1), (SELECT count(*) FROM settings WHERE key = $2 AND value = $3)`,
		"step % "+id, "end "+id, string(run.State)).Scan(&rows, &endRows)
	if err != nil {
		t.Fatal(err)
	}
	if rows != step || endRows != 1 {
		t.Errorf("run %s: %d step rows for %d steps, %d end rows", id, rows, step, endRows)
	}
	switch {
	case run.State == journal.Succeeded && step == crashSteps,
		run.State == journal.Cancelled,
		run.State == journal.Interrupted && run.Kind == "fragile" && run.Attempt == 1:
	default:
		t.Errorf("run %s of kind %s is %s after %d steps and %d attempts", id, run.Kind, run.State, step, run.Attempt)
	}
}
