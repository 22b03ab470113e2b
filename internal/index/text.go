package index

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/innoclaw/innoclaw/internal/document"
)

// ErrNotIndexed is in the chain of errors for a file that has no stored text.
var ErrNotIndexed = errors.New("file is not indexed")

// StoredText is the extracted text of a file version.
type StoredText struct {
	FileID, Path string
	Text         string
	Pages        []document.Page // bytes of Text; only PDF has pages
	ContentHash  string          // SHA-256, hex, of the file version
	Type, Title  string
}

// Text gives the stored text of a file. It needs no file: the chunks are the text.
func (s *Service) Text(ctx context.Context, workspaceID, path string) (StoredText, error) {
	t := StoredText{Path: path}
	err := s.db.View(ctx, func(ctx context.Context, tx txn) error {
		var pages string
		var size int
		err := tx.QueryRowContext(ctx, `SELECT id, content_hash, type, title, pages, text_bytes FROM indexed_file WHERE workspace_id = $1 AND path = $2 AND state = 'indexed'`,
			workspaceID, path).Scan(&t.FileID, &t.ContentHash, &t.Type, &t.Title, &pages, &size)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotIndexed
		}
		if err != nil {
			return err
		}
		if t.Pages, err = decodePages(pages); err != nil {
			return err
		}
		parts, err := column(ctx, tx, `SELECT text FROM chunk WHERE file_id = $1 ORDER BY ordinal`, t.FileID)
		if err != nil {
			return err
		}
		t.Text = strings.Join(parts, "")
		if len(t.Text) != size {
			return fmt.Errorf("stored text has %d bytes instead of %d", len(t.Text), size)
		}
		return nil
	})
	if err != nil {
		return StoredText{}, fmt.Errorf("read stored text of %s: %w", path, err)
	}
	return t, nil
}

// Hashes gives the content hash of each path that is indexed.
func (s *Service) Hashes(ctx context.Context, workspaceID string, paths []string) (map[string]string, error) {
	hashes := make(map[string]string, len(paths))
	const most = 500 // parameters of one query
	for from := 0; from < len(paths); from += most {
		part := paths[from:min(from+most, len(paths))]
		args := []any{workspaceID}
		for _, p := range part {
			args = append(args, p)
		}
		rows, err := s.db.Read().QueryContext(ctx, `SELECT path, content_hash FROM indexed_file WHERE workspace_id = $1 AND state = 'indexed' AND path IN `+placeholders(1, len(part)), args...)
		if err != nil {
			return nil, fmt.Errorf("read content hashes: %w", err)
		}
		if err := scanHashes(rows, hashes); err != nil {
			return nil, fmt.Errorf("read content hashes: %w", err)
		}
	}
	return hashes, nil
}

func scanHashes(rows rowsOf, into map[string]string) error {
	defer rows.Close()
	for rows.Next() {
		var path, hash string
		if err := rows.Scan(&path, &hash); err != nil {
			return err
		}
		into[path] = hash
	}
	return rows.Err()
}

// Neighbours widens a passage by the chunks around it in its file: up to before
// chunks ahead of it and after behind it. A passage whose file has changed since
// comes back as it was.
func (s *Service) Neighbours(ctx context.Context, p Passage, before, after int) (Passage, error) {
	wide := p
	err := s.db.View(ctx, func(ctx context.Context, tx txn) error {
		var hash string
		err := tx.QueryRowContext(ctx, `SELECT content_hash FROM indexed_file WHERE id = $1 AND state = 'indexed'`, p.FileID).Scan(&hash)
		if errors.Is(err, sql.ErrNoRows) || err == nil && hash != p.ContentHash {
			return nil
		}
		if err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, `SELECT ordinal, start_byte, start_char, line, page, text FROM chunk WHERE file_id = $1 AND ordinal BETWEEN $2 AND $3 ORDER BY ordinal`,
			p.FileID, max(p.Ordinal-before, 0), p.Ordinal+after)
		if err != nil {
			return err
		}
		defer rows.Close()
		var b strings.Builder
		for rows.Next() {
			var ordinal, start, startChar, line, page int
			var text string
			if err := rows.Scan(&ordinal, &start, &startChar, &line, &page, &text); err != nil {
				return err
			}
			if b.Len() == 0 && start < p.StartByte {
				wide.StartByte, wide.Start, wide.Line, wide.Page = start, startChar, line, page
			} else if b.Len() == 0 && ordinal == p.Ordinal {
				text = p.Text // it begins with the end of the chunk before
			}
			b.WriteString(text)
		}
		if b.Len() > 0 {
			wide.Text = b.String()
		}
		wide.End = wide.Start + chars(wide.Text)
		return rows.Err()
	})
	if err != nil {
		return Passage{}, fmt.Errorf("read around a passage of %s: %w", p.Path, err)
	}
	return wide, nil
}
