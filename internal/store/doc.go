// Package store opens InnoClaw's database and runs transactions on it.
//
// Two databases are supported behind one handle: SQLite, the default, which
// needs no server, and PostgreSQL for installations with several InnoClaw
// processes. Features write one SQL text with $1 parameters for both and stay
// in the shared subset: times are BIGINT milliseconds (see [Millis]), JSON is
// TEXT that SQL never looks into, flags are BOOLEAN.
//
// SQLite runs in WAL mode with exactly one writing connection and a small pool
// of read-only ones. [DB.Update] takes the writer, [DB.View] and [DB.Read] take
// readers. An Update inside an Update would wait for itself and is refused.
//
// [Open] brings the schema up to date. An existing SQLite database is first
// copied to "<file>.before-<version>", and copied back when a migration fails;
// on PostgreSQL the migrations already applied are undone. A database written
// by a newer InnoClaw is refused, never changed.
package store
