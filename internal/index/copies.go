package index

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/innoclaw/innoclaw/internal/index/lexical"
	"github.com/innoclaw/innoclaw/internal/store"
)

// copyMagic begins a copy of a word index on disk; the seq follows in 8 bytes,
// then what lexical.Save wrote.
const copyMagic = "innoclaw-lex-1\n"

// keepRemovals is how long removals are remembered for other processes and for
// copies on disk.
const keepRemovals = 24 * time.Hour

// openCopies opens the folder of the copies and clears away what a crash left
// half written there.
func openCopies(dir string) (*os.Root, error) {
	if dir == "" {
		return nil, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for index copies: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder for index copies: %w", err)
	}
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("list index copies: %w", err), root.Close())
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && strings.HasPrefix(e.Name(), tempCopy) && time.Since(info.ModTime()) > time.Hour {
			_ = root.Remove(e.Name()) // left for the next start
		}
	}
	return root, nil
}

// tempCopy begins the name of a copy that is being written.
const tempCopy = ".lex-"

// copyName is the file name of a workspace's copy. Ids are letters and digits.
func copyName(id string) string { return id + ".lex" }

// readCopy loads the copy of a workspace's word index.
func (s *Service) readCopy(id string) (*lexical.Index, int64, error) {
	if s.copies == nil {
		return nil, 0, fs.ErrNotExist
	}
	data, err := s.copies.ReadFile(copyName(id))
	if err != nil {
		return nil, 0, fmt.Errorf("read index copy: %w", err)
	}
	rest, ok := bytes.CutPrefix(data, []byte(copyMagic))
	if !ok || len(rest) < 8 {
		return nil, 0, fmt.Errorf("read index copy: %w", lexical.ErrVersion)
	}
	x, err := lexical.Load(rest[8:])
	if err != nil {
		return nil, 0, fmt.Errorf("read index copy: %w", err)
	}
	return x, int64(binary.LittleEndian.Uint64(rest)), nil
}

// writeCopy stores the word index of a workspace, all or nothing. lex.mu is held.
func (s *Service) writeCopy(sp *space) error {
	l := &sp.lex
	if s.copies == nil || l.x == nil || l.saved == l.seq {
		return nil
	}
	temp := tempCopy + store.NewID()
	f, err := s.copies.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("save index copy: %w", err)
	}
	w := bufio.NewWriterSize(f, 256<<10)
	_, err = w.WriteString(copyMagic)
	err = errors.Join(err, binary.Write(w, binary.LittleEndian, uint64(l.seq)))
	if err == nil {
		err = l.x.Save(w)
	}
	err = errors.Join(err, w.Flush(), f.Close())
	if err == nil {
		err = s.copies.Rename(temp, copyName(sp.id))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("save index copy: %w", err), s.copies.Remove(temp))
	}
	l.saved = l.seq
	return nil
}

func (s *Service) allSpaces() []*space {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*space, 0, len(s.spaces))
	for _, sp := range s.spaces {
		list = append(list, sp)
	}
	return list
}

// dropIdle takes word indexes out of memory that nobody has asked for.
func (s *Service) dropIdle(ctx context.Context) {
	for _, sp := range s.allSpaces() {
		if ctx.Err() != nil {
			return
		}
		sp.lex.mu.Lock()
		if sp.lex.x != nil && time.Since(sp.lex.used) > s.o.Idle {
			if err := s.writeCopy(sp); err != nil {
				s.o.Logger.Warn("save index copy", "workspace", sp.id, "error", err)
			}
			sp.lex.x = nil
		}
		sp.lex.mu.Unlock()
	}
}

// saveAll writes the copies of all word indexes in memory.
func (s *Service) saveAll(ctx context.Context) error {
	var errs []error
	for _, sp := range s.allSpaces() {
		if ctx.Err() != nil {
			break
		}
		sp.lex.mu.Lock()
		errs = append(errs, s.writeCopy(sp))
		sp.lex.mu.Unlock()
	}
	return errors.Join(errs...)
}

// pruneRemovals forgets removals that every process has long seen, and notes
// up to where, so that older copies are not trusted.
func (s *Service) pruneRemovals(ctx context.Context) error {
	before := store.Millis(time.Now().Add(-keepRemovals))
	return s.db.Update(ctx, func(ctx context.Context, tx txn) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO index_state (workspace_id, removal_floor)
			SELECT workspace_id, MAX(seq) FROM index_removal WHERE removed_at < $1 GROUP BY workspace_id
			ON CONFLICT (workspace_id) DO UPDATE SET removal_floor = excluded.removal_floor`, before)
		if err != nil {
			return fmt.Errorf("note pruned removals: %w", err)
		}
		if _, err = tx.ExecContext(ctx, `DELETE FROM index_removal WHERE removed_at < $1`, before); err != nil {
			return fmt.Errorf("prune removals: %w", err)
		}
		return nil
	})
}
