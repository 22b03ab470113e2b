package journal_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/innoclaw/innoclaw/internal/journal"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

// BenchmarkAppend is what one piece of a streamed answer costs.
func BenchmarkAppend(b *testing.B) {
	delta := journal.Draft{Type: "text-delta", Payload: map[string]string{"type": "text-delta", "id": "t1", "delta": " token"}}
	for name, locate := range storetest.Dialects() {
		for _, batch := range []struct {
			name string
			n    int
		}{{"one", 1}, {"ten", 10}} {
			b.Run(name+"/"+batch.name, func(b *testing.B) {
				j := journal.New(storetest.Open(b, store.Options{URL: locate(b)}), journal.Options{})
				j.Register(journal.Kind{Name: "k", Run: idle})
				if _, _, err := j.Create(b.Context(), journal.Spec{Kind: "k"}); err != nil {
					b.Fatal(err)
				}
				l, err := j.Claim(b.Context(), "k")
				if err != nil {
					b.Fatal(err)
				}
				drafts := make([]journal.Draft, batch.n)
				for i := range drafts {
					drafts[i] = delta
				}
				for b.Loop() {
					if _, err := l.Append(b.Context(), drafts...); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*batch.n), "µs/event")
			})
		}
	}
}

// BenchmarkFollow reads a long run from its beginning.
func BenchmarkFollow(b *testing.B) {
	const n = 5000
	j := journal.New(storetest.SQLite(b), journal.Options{})
	j.Register(journal.Kind{Name: "k", Run: idle})
	run, _, err := j.Create(b.Context(), journal.Spec{Kind: "k"})
	if err != nil {
		b.Fatal(err)
	}
	l, err := j.Claim(b.Context(), "k")
	if err != nil {
		b.Fatal(err)
	}
	drafts := make([]journal.Draft, n)
	for i := range drafts {
		drafts[i] = journal.Draft{Type: "text-delta", Payload: " token"}
	}
	if _, err := l.Append(b.Context(), drafts...); err != nil {
		b.Fatal(err)
	}
	if ok, err := l.Finish(b.Context(), journal.Succeeded); !ok || err != nil {
		b.Fatal(ok, err)
	}
	for b.Loop() {
		for _, err := range j.Follow(b.Context(), run.ID, 0) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/event")
}

// BenchmarkRun is an empty run from Create to its last event.
func BenchmarkRun(b *testing.B) {
	for name, locate := range storetest.Dialects() {
		b.Run(name, func(b *testing.B) {
			j := journal.New(storetest.Open(b, store.Options{URL: locate(b)}), journal.Options{})
			j.Register(journal.Kind{Name: "k", Run: idle})
			if err := j.Start(b.Context()); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				run, _, err := j.Create(b.Context(), journal.Spec{Kind: "k"})
				if err != nil {
					b.Fatal(err)
				}
				for _, err := range j.Follow(b.Context(), run.ID, 0) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			if err := j.Stop(b.Context()); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkRunAmongEnded is an empty run in a database with 20,000 ended ones.
func BenchmarkRunAmongEnded(b *testing.B) {
	db := storetest.SQLite(b)
	err := db.Update(b.Context(), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 20000)
			INSERT INTO run (id, kind, state, last_seq, created_at, ended_at, updated_at)
			SELECT 'old ' || v, 'k', 'succeeded', 3, v, v, v FROM n`)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	j := journal.New(db, journal.Options{})
	j.Register(journal.Kind{Name: "k", Run: idle})
	if err := j.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		run, _, err := j.Create(b.Context(), journal.Spec{Kind: "k"})
		if err != nil {
			b.Fatal(err)
		}
		for _, err := range j.Follow(b.Context(), run.ID, 0) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := j.Stop(b.Context()); err != nil {
		b.Fatal(err)
	}
}
