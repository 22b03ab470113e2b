// Package storetest opens databases for tests: a SQLite file in the test's own
// folder, and a PostgreSQL schema of the test's own when a server is given in
// INNOCLAW_TEST_POSTGRES. e2e/testbeds/postgres-up.sh starts such a server.
package storetest

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver named "pgx"

	"github.com/innoclaw/innoclaw/internal/store"
)

// PostgresVariable names the environment variable with the URL of a server on
// which tests may create schemas.
const PostgresVariable = "INNOCLAW_TEST_POSTGRES"

// postgresPool keeps parallel tests below the server's limit of connections.
const postgresPool = 4

// Each runs a test on SQLite and, where a server is given, on PostgreSQL.
func Each(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	for name, locate := range Dialects() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, Open(t, store.Options{URL: locate(t)}))
		})
	}
}

// Dialects returns, by name of the database, functions that make an empty
// database and return its location. Without a server it has SQLite only.
func Dialects() map[string]func(testing.TB) string {
	all := map[string]func(testing.TB) string{"sqlite": SQLiteURL}
	if os.Getenv(PostgresVariable) != "" {
		all["postgres"] = PostgresURL
	}
	return all
}

// Open opens a database and closes it at the end of the test.
func Open(t testing.TB, o store.Options) *store.DB {
	t.Helper()
	if store.IsPostgresURL(o.URL) && o.MaxReaders == 0 {
		o.MaxReaders = postgresPool
	}
	db, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close database: %v", err)
		}
	})
	return db
}

// SQLite opens a new SQLite database in a folder of the test's own.
func SQLite(t testing.TB) *store.DB {
	t.Helper()
	return Open(t, store.Options{URL: SQLiteURL(t)})
}

// SQLiteURL returns the path of a SQLite file that does not exist yet.
func SQLiteURL(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "innoclaw.db")
}

// PostgresURL makes an empty schema and returns a URL that leads into it. The
// schema is dropped at the end. Without a server the test is skipped.
func PostgresURL(t testing.TB) string {
	t.Helper()
	server := os.Getenv(PostgresVariable)
	if server == "" {
		t.Skipf("%s is not set; e2e/testbeds/postgres-up.sh starts a server", PostgresVariable)
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("%s: %v", PostgresVariable, err)
	}
	schema := "test_" + store.NewID()
	execAlone(t, server, `CREATE SCHEMA `+schema)
	t.Cleanup(func() { execAlone(t, server, `DROP SCHEMA `+schema+` CASCADE`) })
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

// execAlone runs one statement on a connection of its own.
func execAlone(t testing.TB, server, statement string) {
	t.Helper()
	pool, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close() //nolint:errcheck // the statement is done
	if _, err := pool.ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
