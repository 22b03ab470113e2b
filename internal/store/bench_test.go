package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

// BenchmarkOpen opens a database in which nothing is pending, as a start does.
func BenchmarkOpen(b *testing.B) {
	for name, locate := range storetest.Dialects() {
		b.Run(name, func(b *testing.B) {
			url := locate(b)
			if err := storetest.Open(b, store.Options{URL: url}).Close(); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				db, err := store.Open(b.Context(), store.Options{URL: url})
				if err != nil {
					b.Fatal(err)
				}
				if err := db.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkUpdate is one small transaction.
func BenchmarkUpdate(b *testing.B) {
	for name, locate := range storetest.Dialects() {
		b.Run(name, func(b *testing.B) {
			db := storetest.Open(b, store.Options{URL: locate(b)})
			n := 0
			for b.Loop() {
				n++
				err := db.Update(b.Context(), func(ctx context.Context, tx *sql.Tx) error { return put(ctx, tx, fmt.Sprint(n), "v") })
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
