// Package lexical is the word index of a workspace: an in-memory inverted
// index with BM25F ranking over the chunks of its files. It knows no database
// and no file system, so one implementation serves SQLite and PostgreSQL.
//
// # Use
//
//	x := lexical.New()
//	a := x.Analyze(docs)            // any goroutine, no lock held
//	err := x.Put(fileID, a)         // replaces whatever the file had before
//	r := x.Search("what is …", lexical.Options{K: 10, PerFile: 1, Texts: fetch})
//
// A file is known by a string chosen by the caller; a hit names the file and
// the ordinal of the chunk. Put replaces all chunks of a file at once, so a
// search sees the old or the new state of a file and nothing between.
// Search may run in any number of goroutines beside one writer: writers
// queue on a lock of their own, prepare everything first and stop the readers
// only while postings are appended (microseconds per chunk).
//
// # Analysis
//
// Text is normalised to NFKC and case-folded. Latin words are stemmed
// (Snowball English) with accents folded, the accented form being kept as a
// second term. Identifiers and compounds (camelCase, snake_case, dotted names,
// hyphens) give their parts and the whole without separators, so that
// "user_id", "userId" and "user-id" meet. Han, Kana and Hangul runs give
// overlapping pairs, or the single character when the run is one long; a
// query of one character also finds the pairs that contain it. Document and
// query go through the same code. Stop words are dropped from queries only,
// and never when nothing else would be left.
//
// # Ranking
//
// A chunk's score is BM25 over one weighted term frequency per term (body,
// heading path, title and file name), length-normalised per chunk, plus a share of what its
// whole file covers of the question. When the caller supplies the texts of the best candidates
// (Options.Texts), words that stand together in the question and in the text
// raise the score, and the leading passages lend the question a few of their
// own characteristic words. ranking.go states each constant and why it has
// that value.
//
// # Memory and storage
//
// Postings are delta-coded bytes in an append-only pool; removed files leave
// tombstones until they make up 30% of the index, when it is rewritten. Save
// writes one checksummed blob and Load opens it without decoding the
// postings. A blob of another format or analysis version is refused with
// ErrVersion, a damaged one with ErrCorrupt; the caller then indexes anew.
package lexical
