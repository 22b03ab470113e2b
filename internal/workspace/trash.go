package workspace

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/store"
)

// Trash moves a file or folder to the workspace's trash. The row is written first:
// after a crash between the two steps it names nothing and is cleaned up, while the
// file is still in its place.
func (s *Service) Trash(ctx context.Context, userID string, at Place) (trashID string, err error) {
	e, err := at.Dir.Lstat(at.Path)
	if err != nil {
		return "", problem(err)
	}
	if e.Kind == boundary.Special {
		e.Kind = boundary.File
	}
	if at.Path == "" {
		return "", server.Forbidden(string(boundary.CodeProtected), "The workspace folder itself cannot be deleted here.")
	}
	id := store.NewID()
	err = s.o.DB.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO trash (id, workspace_id, original_path, kind, size, deleted_by, deleted_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, id, at.Workspace.ID, at.Path, string(e.Kind), e.Size, userID, store.Millis(s.o.Now()))
		return err
	})
	if err != nil {
		return "", err
	}
	if _, err := at.Dir.Trash(ctx, at.Path, id); err != nil {
		s.dropRows(context.WithoutCancel(ctx), at.Workspace.ID, []string{id})
		return "", problem(err)
	}
	s.touched(at.Workspace, at.Path)
	return id, nil
}

// dropRows removes rows of the trash. An error only leaves rows without content,
// which the next purge removes.
func (s *Service) dropRows(ctx context.Context, workspaceID string, ids []string) {
	err := s.o.DB.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, id := range ids {
			if _, err := tx.ExecContext(ctx, `DELETE FROM trash WHERE id = $1 AND workspace_id = $2`, id, workspaceID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.o.Logger.WarnContext(ctx, "trash rows not removed", "workspace", workspaceID, "error", err)
	}
}

var errTrashCursor = errors.New("cursor is not from this list")

// TrashList gives a page of a workspace's trash, the last deleted first.
func (s *Service) TrashList(ctx context.Context, w Workspace, cursor string, limit int) (items []Trashed, next string, err error) {
	before, beforeID, err := parseTrashCursor(cursor)
	if err != nil {
		return nil, "", server.WithCause(server.Invalid("cursor_invalid", "The cursor is not valid."), err)
	}
	rows, err := s.o.DB.Read().QueryContext(ctx, `SELECT id, original_path, kind, size, deleted_at FROM trash
		WHERE workspace_id = $1 AND (deleted_at < $2 OR (deleted_at = $2 AND id < $3)) ORDER BY deleted_at DESC, id DESC LIMIT $4`,
		w.ID, before, beforeID, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("list trash: %w", err)
	}
	defer rows.Close()
	items = []Trashed{}
	for rows.Next() {
		var (
			t  Trashed
			at int64
		)
		if err := rows.Scan(&t.ID, &t.Path, &t.Kind, &t.Size, &at); err != nil {
			return nil, "", fmt.Errorf("list trash: %w", err)
		}
		t.DeletedAt = store.Time(at)
		items = append(items, t)
	}
	if len(items) > limit {
		items = items[:limit]
		last := items[limit-1]
		next = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d.%s", store.Millis(last.DeletedAt), last.ID))
	}
	return items, next, rows.Err()
}

func parseTrashCursor(cursor string) (before int64, id string, err error) {
	if cursor == "" {
		return 1<<63 - 1, "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return 0, "", errTrashCursor
	}
	at, id, ok := strings.Cut(string(raw), ".")
	before, err = strconv.ParseInt(at, 10, 64)
	if err != nil || !ok || strings.ContainsRune(id, 0) {
		return 0, "", errTrashCursor
	}
	return before, id, nil
}

// maxRestoreNames bounds the search for a free name.
const maxRestoreNames = 1000

// Restore brings something back from the trash: to the path that is asked for, which
// must be free, or to where it was, with a number if that name is taken by now.
// Missing folders above it are made again.
func (s *Service) Restore(ctx context.Context, w Workspace, trashID, to string) (restored string, err error) {
	var original string
	err = s.o.DB.Read().QueryRowContext(ctx, `SELECT original_path FROM trash WHERE id = $1 AND workspace_id = $2`, trashID, w.ID).Scan(&original)
	if errors.Is(err, sql.ErrNoRows) {
		return "", server.NotFound()
	}
	if err != nil {
		return "", fmt.Errorf("find in trash: %w", err)
	}
	dir, err := s.dirOf(w)
	if err != nil {
		return "", folderGone(err)
	}
	target, tries := original, maxRestoreNames
	if to != "" {
		target, tries = to, 1
	}
	parent, _ := boundary.Split(target)
	if err := dir.MkdirAll(parent); err != nil {
		return "", problem(err)
	}
	for n := 1; n <= tries; n++ {
		restored = boundary.Numbered(target, n)
		if err = dir.Restore(ctx, trashID, restored); boundary.CodeOf(err) != boundary.CodeExists {
			break
		}
	}
	if err != nil {
		return "", problem(err)
	}
	s.dropRows(context.WithoutCancel(ctx), w.ID, []string{trashID})
	s.touched(w, restored)
	return restored, nil
}

// EmptyTrash removes items for good, all of them if ids is nil, and tells how many.
func (s *Service) EmptyTrash(ctx context.Context, w Workspace, ids []string) (int, error) {
	dir, err := s.dirOf(w)
	if err != nil {
		return 0, folderGone(err)
	}
	have, err := s.trashRows(ctx, w.ID, 1<<63-1)
	if err != nil {
		return 0, err
	}
	if ids != nil {
		have = slices.DeleteFunc(have, func(id string) bool { return !slices.Contains(ids, id) })
	}
	return s.purge(ctx, w.ID, dir, have)
}

// trashRows gives the ids of what was deleted before a time, in Unix milliseconds.
func (s *Service) trashRows(ctx context.Context, workspaceID string, before int64) ([]string, error) {
	rows, err := s.o.DB.Read().QueryContext(ctx, `SELECT id FROM trash WHERE workspace_id = $1 AND deleted_at < $2 ORDER BY deleted_at`, workspaceID, before)
	if err != nil {
		return nil, fmt.Errorf("list trash: %w", err)
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("list trash: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// purge removes items, files first, and tells how many.
func (s *Service) purge(ctx context.Context, workspaceID string, dir *boundary.Dir, ids []string) (int, error) {
	for n, id := range ids {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		if err := dir.Purge(id); err != nil {
			return n, problem(err)
		}
		s.dropRows(ctx, workspaceID, []string{id})
	}
	return len(ids), nil
}

// adoptTrash makes rows for what lies in the trash of a folder that was a workspace
// before, so that it can still be restored. Where it was is not known any more: it
// comes back to the top.
func (s *Service) adoptTrash(ctx context.Context, w Workspace, dir *boundary.Dir) error {
	items, err := dir.TrashItems()
	if err != nil {
		return err
	}
	return s.o.DB.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, i := range items {
			kind := i.Kind
			if kind == boundary.Special {
				kind = boundary.File
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO trash (id, workspace_id, original_path, kind, size, deleted_by, deleted_at)
				VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`,
				i.ID, w.ID, i.Path, string(kind), i.Size, w.OwnerID, store.Millis(i.Deleted))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// tempAge is how old a temporary file must be to be taken for one that a crash left.
const tempAge = 24 * time.Hour

// Clean does the housekeeping of all workspaces: removes from the trash what is older
// than retention, rows without content, and temporary files that a crash left.
// Problems with one workspace are logged and do not keep it from the others.
func (s *Service) Clean(ctx context.Context, retention time.Duration) error {
	all, err := s.All(ctx)
	if err != nil {
		return err
	}
	for _, w := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.cleanOne(ctx, w, retention); err != nil {
			s.o.Logger.WarnContext(ctx, "workspace not cleaned", "workspace", w.ID, "error", err)
		}
	}
	return nil
}

func (s *Service) cleanOne(ctx context.Context, w Workspace, retention time.Duration) error {
	dir, err := s.dirOf(w)
	if err != nil {
		return nil // its folder is missing at present; nothing to clean there
	}
	now := s.o.Now()
	old, err := s.trashRows(ctx, w.ID, store.Millis(now.Add(-retention)))
	if err != nil {
		return err
	}
	if _, err := s.purge(ctx, w.ID, dir, old); err != nil {
		return err
	}
	if err := s.dropEmpty(ctx, w.ID, dir, now); err != nil {
		return err
	}
	return dir.SweepTemp(tempAge, now)
}

// dropEmpty removes rows whose item is not on disk: a crash came between row and
// rename, or somebody removed it by hand. Young rows may be in the making.
func (s *Service) dropEmpty(ctx context.Context, workspaceID string, dir *boundary.Dir, now time.Time) error {
	present, err := dir.TrashIDs()
	if err != nil {
		return err
	}
	rows, err := s.trashRows(ctx, workspaceID, store.Millis(now.Add(-time.Hour)))
	if err != nil {
		return err
	}
	gone := slices.DeleteFunc(rows, func(id string) bool { return slices.Contains(present, id) })
	if len(gone) > 0 {
		s.dropRows(ctx, workspaceID, gone)
	}
	return nil
}
