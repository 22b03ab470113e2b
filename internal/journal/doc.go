// Package journal runs everything that outlives a request.
//
// A run is a row with a state and an append-only list of events, numbered from
// 1 without a gap. A change of state and its event are one transaction, so that
// whoever follows the events knows the run. Handlers are registered by kind:
//
//	j.Register(journal.Kind{Name: "sync", OnLost: journal.Resume, Run: s.sync})
//	run, created, err := j.Create(ctx, journal.Spec{Kind: "sync", Key: workspaceID})
//
// A worker claims a run for a time, its lease, and renews the lease by
// heartbeats. When the process dies, the lease runs out (or the next start
// finds that no process is left) and the kind decides: [Resume] runs the handler
// again with the last cursor, [Interrupt] ends the run as interrupted. Every
// claim has its own token, and each write of a handler is bound to it, so a
// handler that lost its lease cannot write any more: it gets [ErrLeaseLost].
// Several processes on one database share the work that way. A handler may
// therefore run more than once; what must happen once goes into [Lease.Commit]
// together with the cursor, and outward calls need an idempotency key.
//
// [Journal.Follow] yields the past events of a run and then the coming ones,
// each exactly once and in order. Followers hold no queue: they read from the
// database, so a slow one costs nothing.
package journal
