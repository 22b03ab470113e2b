package index

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/index/lexical"
	"github.com/innoclaw/innoclaw/internal/store"
)

// Passage is a piece of a file's text, as stored.
type Passage struct {
	FileID      string
	Ordinal     int // of the chunk in its file, from 0
	Path        string
	ContentHash string // SHA-256, hex, of the file version that Text is from
	Type        string
	Title       string
	Breadcrumb  string
	Text        string
	StartByte   int // of Text in the document's text
	Start, End  int // of Text in the document's text, characters
	Line        int // of Start, from 1
	Page        int // of the first visible character, from 1; 0 without pages
	Score       float64
	// Coverage is the share of the question, rare words weighing more, that
	// stands in the passage: 0 to 1.
	Coverage float64
}

// EndByte is the end of Text in the document's text.
func (p Passage) EndByte() int { return p.StartByte + len(p.Text) }

// Query is a search in one workspace.
type Query struct {
	WorkspaceID string
	Text        string
	K           int      // passages wanted, 10 if 0, at most MaxPassages
	PerFile     int      // passages of one file at most; 0 for no limit
	Paths       []string // files or folders to search in; none means all
}

// MaxPassages bounds Query.K.
const MaxPassages = 1000

// Result is what a search found, best first.
type Result struct {
	Passages []Passage
	Files    int      // files searched
	Chunks   int      // chunks searched
	Terms    []string // words of the question that counted

	x *lexical.Index
}

// Highlights gives the byte ranges of the query's words in a text.
func (r Result) Highlights(text string) [][2]int {
	if r.x == nil {
		return nil
	}
	return r.x.Highlight(r.Terms, text)
}

// maxStale is how often a search begins again because files it found changed
// before their text was fetched.
const maxStale = 3

// Search finds passages. Text and hash of each are of one file version.
// Ownership is the caller's business.
func (s *Service) Search(ctx context.Context, q Query) (Result, error) {
	q.K = min(q.K, MaxPassages)
	if q.K <= 0 {
		q.K = 10
	}
	sp := s.space(q.WorkspaceID)
	for try := 1; ; try++ {
		x, seq, err := s.words(ctx, sp)
		if err != nil {
			return Result{}, s.searchFailed(q.WorkspaceID, err)
		}
		o := lexical.Options{K: q.K, PerFile: q.PerFile, Texts: func(hits []lexical.Hit) []string { return s.texts(ctx, hits) }}
		scope, err := s.scopeOf(ctx, q)
		if err != nil {
			return Result{}, err
		}
		if scope != nil {
			o.Scope = func(file string) bool { return scope[file] > 0 }
		}
		found := x.Search(q.Text, o)
		passages, stale, err := s.passages(ctx, found.Hits, seq)
		if err != nil {
			return Result{}, err
		}
		if stale && try < maxStale {
			continue
		}
		r := Result{Passages: passages, Files: found.Files, Chunks: found.Chunks, Terms: found.Terms, x: x}
		if scope != nil {
			r.Files, r.Chunks = 0, 0
			for _, chunks := range scope {
				r.Files++
				r.Chunks += chunks
			}
		}
		return r, nil
	}
}

func (s *Service) searchFailed(workspaceID string, err error) error {
	if errors.Is(err, errGone) {
		s.detach(workspaceID)
	}
	return fmt.Errorf("search workspace %s: %w", workspaceID, err)
}

// scopeOf finds the files that a query is limited to, with their number of
// chunks; nil means no limit.
func (s *Service) scopeOf(ctx context.Context, q Query) (map[string]int, error) {
	paths := make([]string, 0, len(q.Paths))
	for _, p := range q.Paths {
		if p = strings.Trim(p, "/"); p == "" || p == "." {
			return nil, nil
		}
		paths = append(paths, p)
	}
	if len(paths) == 0 {
		return nil, nil
	}
	scope := map[string]int{}
	for _, p := range paths {
		where, args := below(s.db.Dialect(), p, 3)
		rows, err := s.db.Read().QueryContext(ctx, `SELECT id, chunk_count FROM indexed_file WHERE workspace_id = $1 AND state = 'indexed' AND (path = $2 OR `+where+`)`,
			append([]any{q.WorkspaceID, p}, args...)...)
		if err != nil {
			return nil, fmt.Errorf("find files in %s: %w", p, err)
		}
		err = scanScope(rows, scope)
		if err != nil {
			return nil, fmt.Errorf("find files in %s: %w", p, err)
		}
	}
	return scope, nil
}

type rowsOf interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

func scanScope(rows rowsOf, scope map[string]int) error {
	defer rows.Close()
	for rows.Next() {
		var id string
		var chunks int
		if err := rows.Scan(&id, &chunks); err != nil {
			return err
		}
		scope[id] = max(chunks, 1)
	}
	return rows.Err()
}

// chunkKey names a chunk.
type chunkKey struct {
	file    string
	ordinal int
}

// wanted writes a table of chunk keys with parameters from $1 on, to join with.
func wanted(keys []chunkKey) (with string, args []any) {
	var b strings.Builder
	b.WriteString(`WITH wanted (file, ord) AS (VALUES `)
	args = make([]any, 0, 2*len(keys))
	for i, k := range keys {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "($%d, CAST($%d AS BIGINT))", 2*i+1, 2*i+2)
		args = append(args, k.file, k.ordinal)
	}
	b.WriteString(") ")
	return b.String(), args
}

// texts fetches the own texts of hits for the second ranking. What can not be
// had stays empty: it only ranks lower.
func (s *Service) texts(ctx context.Context, hits []lexical.Hit) []string {
	list := make([]string, len(hits))
	if len(hits) == 0 {
		return list
	}
	at := make(map[chunkKey]int, len(hits))
	keys := make([]chunkKey, len(hits))
	for i, h := range hits {
		keys[i] = chunkKey{h.File, h.Ordinal}
		at[keys[i]] = i
	}
	with, args := wanted(keys)
	rows, err := s.db.Read().QueryContext(ctx, with+`SELECT c.file_id, c.ordinal, c.text FROM wanted w JOIN chunk c ON c.file_id = w.file AND c.ordinal = w.ord`, args...)
	if err != nil {
		return list
	}
	defer rows.Close()
	for rows.Next() {
		var k chunkKey
		var text string
		if rows.Scan(&k.file, &k.ordinal, &text) == nil {
			list[at[k]] = text
		}
	}
	return list
}

// storedChunk is a row of chunk.
type storedChunk struct {
	context, start, startChar, line, page int
	breadcrumb, text                      string
}

// storedFile is what passages tell of their file.
type storedFile struct {
	path, hash, typ, title, pages string
	seq                           int64
}

// passages fetches what hits stand for from one snapshot. Stale tells that some
// changed after seq and were left out.
func (s *Service) passages(ctx context.Context, hits []lexical.Hit, seq int64) (list []Passage, stale bool, err error) {
	if len(hits) == 0 {
		return nil, false, nil
	}
	var chunks map[chunkKey]storedChunk
	var files map[string]storedFile
	err = s.db.View(ctx, func(ctx context.Context, tx txn) error {
		var err error
		if files, err = loadFilesOf(ctx, tx, hits); err != nil {
			return err
		}
		keys := make([]chunkKey, 0, 2*len(hits))
		for _, h := range hits {
			keys = append(keys, chunkKey{h.File, h.Ordinal})
			if h.Ordinal > 0 {
				keys = append(keys, chunkKey{h.File, h.Ordinal - 1})
			}
		}
		chunks, err = loadChunksOf(ctx, tx, keys)
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("fetch passages: %w", err)
	}
	for _, h := range hits {
		f, ok := files[h.File]
		c, has := chunks[chunkKey{h.File, h.Ordinal}]
		if !ok || !has || f.seq > seq {
			stale = true
			continue
		}
		p, err := makePassage(h.File, f, h.Ordinal, c, chunks[chunkKey{h.File, h.Ordinal - 1}])
		if err != nil {
			return nil, false, err
		}
		p.Score, p.Coverage = h.Score, h.Coverage
		list = append(list, p)
	}
	return list, stale, nil
}

func loadFilesOf(ctx context.Context, q store.Querier, hits []lexical.Hit) (map[string]storedFile, error) {
	seen := map[string]bool{}
	var args []any
	for _, h := range hits {
		if !seen[h.File] {
			seen[h.File] = true
			args = append(args, h.File)
		}
	}
	rows, err := q.QueryContext(ctx, `SELECT id, path, content_hash, type, title, pages, seq FROM indexed_file WHERE state = 'indexed' AND id IN `+placeholders(0, len(args)), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	files := make(map[string]storedFile, len(args))
	for rows.Next() {
		var id string
		var f storedFile
		if err := rows.Scan(&id, &f.path, &f.hash, &f.typ, &f.title, &f.pages, &f.seq); err != nil {
			return nil, err
		}
		files[id] = f
	}
	return files, rows.Err()
}

func loadChunksOf(ctx context.Context, q store.Querier, keys []chunkKey) (map[chunkKey]storedChunk, error) {
	with, args := wanted(keys)
	rows, err := q.QueryContext(ctx, with+`SELECT c.file_id, c.ordinal, c.context_byte, c.start_byte, c.start_char, c.line, c.page, c.breadcrumb, c.text
		FROM wanted w JOIN chunk c ON c.file_id = w.file AND c.ordinal = w.ord`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	chunks := make(map[chunkKey]storedChunk, len(keys))
	for rows.Next() {
		var k chunkKey
		var c storedChunk
		if err := rows.Scan(&k.file, &k.ordinal, &c.context, &c.start, &c.startChar, &c.line, &c.page, &c.breadcrumb, &c.text); err != nil {
			return nil, err
		}
		chunks[k] = c
	}
	return chunks, rows.Err()
}

// makePassage joins a chunk with the end of the chunk before it, from where it
// is shown on. before is the zero value for the first chunk of a file.
func makePassage(fileID string, f storedFile, ordinal int, c, before storedChunk) (Passage, error) {
	lead := ""
	if n := c.start - c.context; n > 0 && before.text != "" {
		lead = before.text[len(before.text)-min(n, len(before.text)):]
		for len(lead) > 0 && !utf8.RuneStart(lead[0]) {
			lead = lead[1:]
		}
	}
	p := Passage{
		FileID: fileID, Ordinal: ordinal, Path: f.path, ContentHash: f.hash, Type: f.typ, Title: f.title, Breadcrumb: c.breadcrumb,
		Text: lead + c.text, StartByte: c.start - len(lead), Start: c.startChar - chars(lead), Line: c.line - strings.Count(lead, "\n"), Page: c.page,
	}
	p.End = p.Start + chars(p.Text)
	if lead == "" || f.pages == "" {
		return p, nil
	}
	pages, err := decodePages(f.pages)
	if err != nil {
		return Passage{}, err
	}
	blank := len(p.Text) - len(strings.TrimLeft(p.Text, " \t\r\n\f\v"))
	p.Page = document.PageAt(pages, p.StartByte+blank)
	return p, nil
}
