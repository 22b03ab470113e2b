// Package index keeps a live, searchable index of each workspace: which files
// there are, what state each is in, its extracted text cut into chunks, and the
// word index over them.
//
// # Truth and copies
//
// The rows of indexed_file and chunk are the truth. A transaction changes whole
// files only and raises workspaces.index_seq, so a reader sees the old or the
// new version of a file and nothing between. Every row remembers the seq of its
// last change. The word index (package lexical) is a copy of the rows in
// memory, made on the first search, brought up to date by seq before each
// search, kept in a cache file and dropped when idle; losing it loses nothing.
//
// # How a change gets in
//
// Watching, sweeping, an API write and a person's "sync" all end in one
// operation, reconcile: walk the named part of the folder (scan.go), compare it
// with the rows (plan.go), and carry the difference out: moves and removals
// first, then extraction in parallel with one committer (extract.go, commit.go).
// Each write names the row version it was planned against; if the row has
// changed since, the write is dropped and the path looked at again. So several
// reconciles, also of several processes, may overlap.
//
// A file that takes long to read holds up no others (slow.go): it shows as
// pending, what follows the workspace goes on without it, and its outcome is
// stored by the same rule when it comes.
//
//	file system ──► watch.go ──► live.go ─┐
//	API write ────► OnChange ─────────────┼─► reconcile ─► rows ─► lex.go ─► Search
//	POST …/sync ──► journal run (run.go) ─┘
//
// Offsets are bytes of the extracted text inside the package and characters
// (code points) in everything a client sees.
package index
