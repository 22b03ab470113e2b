package index

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/innoclaw/innoclaw/internal/index/lexical"
	"github.com/innoclaw/innoclaw/internal/store"
)

// lex is the word index of a workspace in memory: a copy of the rows as of seq.
type lex struct {
	mu    sync.Mutex // held while the index is loaded or brought up to date
	x     *lexical.Index
	seq   int64
	saved int64 // seq of the copy on disk, -1 without one
	used  time.Time
}

// drop forgets the copy in memory.
func (l *lex) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.x = nil
}

// words gives the word index of a workspace, up to date with the rows, and the
// seq it stands at.
func (s *Service) words(ctx context.Context, sp *space) (*lexical.Index, int64, error) {
	l := &sp.lex
	l.mu.Lock()
	defer l.mu.Unlock()
	seq, err := currentSeq(ctx, s.db.Read(), sp.id)
	if err != nil {
		return nil, 0, err
	}
	if l.x != nil && l.seq == seq {
		l.used = time.Now()
		return l.x, seq, nil
	}
	if l.x == nil || l.seq > seq {
		s.load(ctx, sp)
	}
	if err := s.refresh(ctx, sp); err != nil {
		return nil, 0, err
	}
	l.used = time.Now()
	return l.x, l.seq, nil
}

// load reads the copy on disk, or begins an empty index. mu is held.
func (s *Service) load(ctx context.Context, sp *space) {
	l := &sp.lex
	x, seq, err := s.readCopy(sp.id)
	if err == nil {
		state, serr := loadState(ctx, s.db.Read(), sp.id)
		now, cerr := currentSeq(ctx, s.db.Read(), sp.id)
		if serr == nil && cerr == nil && seq >= state.removalFloor && seq <= now {
			l.x, l.seq, l.saved = x, seq, seq
			return
		}
	}
	l.x, l.seq, l.saved = lexical.New(), 0, -1
}

// refresh takes over the changes since seq. mu is held. When the result does
// not have the files that the rows have, the copy was of another database, and
// the index is made anew.
func (s *Service) refresh(ctx context.Context, sp *space) error {
	l := &sp.lex
	for try := range 2 {
		same, err := s.takeOver(ctx, sp)
		if err != nil {
			l.x = nil // half taken over
			return fmt.Errorf("load word index: %w", err)
		}
		if same {
			return nil
		}
		if try == 0 {
			s.o.Logger.Warn("word index does not fit the database and is made anew", "workspace", sp.id)
		}
		l.x, l.seq, l.saved = lexical.New(), 0, -1
	}
	l.x = nil
	return errors.New("load word index: it does not fit the stored files")
}

// changedFile is a file whose row changed.
type changedFile struct {
	id, path, title string
	chunks          int
}

// takeOver brings the index to the seq of one snapshot of the rows and tells
// whether it then has the very files that can be found.
func (s *Service) takeOver(ctx context.Context, sp *space) (same bool, err error) {
	l := &sp.lex
	from := l.seq
	err = s.db.View(ctx, func(ctx context.Context, tx txn) error {
		seq, err := currentSeq(ctx, tx, sp.id)
		if err != nil {
			return err
		}
		gone, err := column(ctx, tx, `SELECT file_id FROM index_removal WHERE workspace_id = $1 AND seq > $2`, sp.id, from)
		if err != nil {
			return err
		}
		for _, id := range gone {
			l.x.RemoveFile(id)
		}
		changed, err := s.changedFiles(ctx, tx, sp, from)
		if err != nil {
			return err
		}
		if err := putAll(ctx, tx, l.x, changed); err != nil {
			return err
		}
		var files, chunks int
		err = tx.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(chunk_count), 0) FROM indexed_file WHERE workspace_id = $1 AND state = 'indexed'`, sp.id).
			Scan(&files, &chunks)
		if err != nil {
			return err
		}
		stats := l.x.Stats()
		same = stats.Files == files && stats.Chunks == chunks
		l.seq = seq
		return nil
	})
	return same, err
}

// changedFiles lists the indexed files changed since a seq and takes those that
// are no longer indexed out of the index.
func (s *Service) changedFiles(ctx context.Context, q store.Querier, sp *space, from int64) ([]changedFile, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, path, title, chunk_count, state FROM indexed_file WHERE workspace_id = $1 AND seq > $2`, sp.id, from)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []changedFile
	for rows.Next() {
		var f changedFile
		var state string
		if err := rows.Scan(&f.id, &f.path, &f.title, &f.chunks, &state); err != nil {
			return nil, err
		}
		if State(state) != Indexed {
			sp.lex.x.RemoveFile(f.id)
			continue
		}
		list = append(list, f)
	}
	return list, rows.Err()
}

// One query reads the chunks of that many files or chunks at most, but at least
// of one file.
const (
	loadFiles  = 64
	loadChunks = 2000
)

// putAll reads the chunks of files and puts them into an index, analysing in
// parallel. Memory is bounded by a few queries' worth of texts.
func putAll(ctx context.Context, q store.Querier, x *lexical.Index, files []changedFile) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0) + 1)
	for len(files) > 0 && ctx.Err() == nil {
		n, chunks := 1, files[0].chunks
		for n < min(len(files), loadFiles) && chunks+files[n].chunks <= loadChunks {
			chunks += files[n].chunks
			n++
		}
		part := files[:n]
		files = files[n:]
		docs, err := chunkDocs(ctx, q, part)
		if err != nil {
			return errors.Join(err, g.Wait())
		}
		g.Go(func() error {
			for _, f := range part {
				if err := x.Put(f.id, x.Analyze(docs[f.id])); err != nil {
					return err
				}
			}
			return ctx.Err()
		})
	}
	return g.Wait()
}

// chunkDocs reads the chunks of files.
func chunkDocs(ctx context.Context, q store.Querier, files []changedFile) (map[string][]lexical.Doc, error) {
	byID := make(map[string]changedFile, len(files))
	args := make([]any, len(files))
	for i, f := range files {
		byID[f.id], args[i] = f, f.id
	}
	rows, err := q.QueryContext(ctx, `SELECT file_id, ordinal, breadcrumb, text FROM chunk WHERE file_id IN `+placeholders(0, len(files))+` ORDER BY file_id, ordinal`, args...)
	if err != nil {
		return nil, fmt.Errorf("read chunks: %w", err)
	}
	defer rows.Close()
	docs := make(map[string][]lexical.Doc, len(files))
	for rows.Next() {
		var id string
		var d lexical.Doc
		if err := rows.Scan(&id, &d.Ordinal, &d.Breadcrumb, &d.Text); err != nil {
			return nil, fmt.Errorf("read chunks: %w", err)
		}
		d.Path, d.Title = byID[id].path, byID[id].title
		docs[id] = append(docs[id], d)
	}
	return docs, rows.Err()
}

// column reads a query's single text column.
func column(ctx context.Context, q store.Querier, query string, args ...any) ([]string, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}
