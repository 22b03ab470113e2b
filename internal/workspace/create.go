package workspace

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/store"
)

// NewWorkspace is what Create needs.
type NewWorkspace struct {
	Name, Description string
	Folder            string // absolute, or "root/folder"
	MakeFolder        bool   // make the folder if it is missing
}

// Create makes a workspace of a folder. If it already is one of the same user, that
// one is touched and returned with created false.
func (s *Service) Create(ctx context.Context, userID, name, folder string) (w Workspace, created bool, err error) {
	return s.CreateWith(ctx, userID, NewWorkspace{Name: name, Folder: folder})
}

// CreateWith is Create with all choices.
func (s *Service) CreateWith(ctx context.Context, userID string, n NewWorkspace) (w Workspace, created bool, err error) {
	if strings.TrimSpace(n.Folder) == "" {
		return Workspace{}, false, server.Invalid("folder_missing", "Choose a folder.")
	}
	resolveFolder := s.o.Roots.Resolve
	if n.MakeFolder {
		if err := s.mayMake(ctx, userID, n.Folder); err != nil {
			return Workspace{}, false, err
		}
		resolveFolder = s.o.Roots.Create
	}
	folder, err := resolveFolder(n.Folder)
	if err != nil {
		return Workspace{}, false, folderProblem(err)
	}
	_, base := boundary.Split(folder.Display())
	if n.Name = strings.TrimSpace(n.Name); n.Name == "" {
		n.Name = base
	}
	if err := checkTexts(n.Name, n.Description); err != nil {
		return Workspace{}, false, err
	}
	dir, err := boundary.OpenDir(folder)
	if err != nil {
		return Workspace{}, false, folderProblem(err)
	}
	if err := s.insert(ctx, userID, n, folder, &w, &created); err != nil {
		dir.Close()
		return Workspace{}, false, err
	}
	s.mu.Lock()
	s.dirs[w.ID] = dir
	s.mu.Unlock()
	if created {
		if err := s.adoptTrash(ctx, w, dir); err != nil {
			s.o.Logger.WarnContext(ctx, "trash of a reopened folder not listed", "workspace", w.ID, "error", err)
		}
		s.changed(Change{WorkspaceID: w.ID, Kind: Created})
	}
	return w, created, nil
}

// mayMake refuses to make folders in another owner's workspace.
func (s *Service) mayMake(ctx context.Context, userID, folder string) error {
	f, err := s.o.Roots.Plan(folder)
	if err != nil {
		return folderProblem(err)
	}
	all, err := s.All(ctx)
	if err != nil {
		return err
	}
	return overlapping(all, userID, f)
}

// insert adds the row, or finds the caller's own one, in one transaction with the
// check that no other owner's folder overlaps.
func (s *Service) insert(ctx context.Context, userID string, n NewWorkspace, f boundary.Folder, w *Workspace, created *bool) error {
	now := store.Millis(s.o.Now())
	return s.o.DB.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		*created = false
		if s.o.DB.Dialect() == store.PostgreSQL {
			// SQLite has one writer; here two may both see no overlap unless they queue.
			if _, err := tx.ExecContext(ctx, `LOCK TABLE workspaces IN SHARE ROW EXCLUSIVE MODE`); err != nil {
				return err
			}
		}
		all, err := s.inTx(ctx, tx)
		if err != nil {
			return err
		}
		if err := overlapping(all, userID, f); err != nil {
			return err
		}
		for _, have := range all {
			if have.path == f.Path {
				*w = have
				w.LastOpenedAt = store.Time(now)
				_, err := tx.ExecContext(ctx, `UPDATE workspaces SET last_opened_at = $1 WHERE id = $2`, now, have.ID)
				return err
			}
		}
		*created = true
		*w = Workspace{ID: store.NewID(), OwnerID: userID, Name: n.Name, Description: n.Description, Folder: f, path: f.Path,
			LastOpenedAt: store.Time(now), CreatedAt: store.Time(now), UpdatedAt: store.Time(now)}
		_, err = tx.ExecContext(ctx, `INSERT INTO workspaces (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			w.ID, userID, n.Name, n.Description, f.Path, now, now, now)
		if store.IsUnique(err) {
			return taken() // another server was faster
		}
		return err
	})
}

func (s *Service) inTx(ctx context.Context, tx *sql.Tx) ([]Workspace, error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+columns+` FROM workspaces`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Workspace
	for rows.Next() {
		w, err := s.scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, rows.Err()
}

// overlapping refuses a folder that is, holds, or lies in another owner's workspace,
// by path and, for file systems that know one folder by several names, by identity.
func overlapping(all []Workspace, userID string, f boundary.Folder) error {
	mine := boundary.Lineage(f)
	for _, w := range all {
		if w.OwnerID == userID {
			continue
		}
		theirs := boundary.Lineage(w.Folder)
		if within(w.path, f.Path) || within(f.Path, w.path) || mine.Overlaps(theirs) {
			return taken()
		}
	}
	return nil
}

// within compares absolute canonical paths byte by byte.
func within(dir, p string) bool {
	return p == dir || strings.HasPrefix(p, strings.TrimSuffix(dir, "/")+"/")
}

func taken() error {
	return server.Conflict("folder_taken", "This folder overlaps a workspace of another account. Choose another folder.")
}

func checkTexts(name, description string) error {
	if name == "" {
		return server.Invalid("name_missing", "Give the workspace a name.")
	}
	if len([]rune(name)) > MaxName || len([]rune(description)) > MaxDescription || strings.ContainsRune(name+description, 0) {
		return server.Invalid("text_invalid", fmt.Sprintf("A name has at most %d and a description at most %d characters, without NUL.", MaxName, MaxDescription))
	}
	return nil
}

// FolderEntry is a folder offered for a new workspace.
type FolderEntry struct {
	Name        string
	Path        string // "root/folder"
	WorkspaceID string // of the caller's workspace that it already is
}

// Folders lists the folders below a folder of a root for the folder picker. Other
// owners' workspaces are left out, and looked into they are not found.
func (s *Service) Folders(ctx context.Context, userID, folder string) (at boundary.Folder, list []FolderEntry, err error) {
	at, err = s.o.Roots.Resolve(folder)
	if err != nil {
		return at, nil, folderProblem(err)
	}
	all, err := s.All(ctx)
	if err != nil {
		return at, nil, err
	}
	own := map[string]string{}
	foreign := map[string]bool{}
	for _, w := range all {
		if w.OwnerID == userID {
			own[w.path] = w.ID
			continue
		}
		if within(w.path, at.Path) {
			return at, nil, server.NotFound()
		}
		foreign[w.path] = true
	}
	dir, err := boundary.OpenDir(at)
	if err != nil {
		return at, nil, folderProblem(err)
	}
	defer dir.Close()
	page, err := dir.List(ctx, "", boundary.ListOptions{Only: boundary.Directory, Limit: maxFolders})
	if err != nil {
		return at, nil, folderProblem(err)
	}
	for _, e := range page.Entries {
		abs := dir.Path(e.Path)
		if e.BadName || foreign[abs] {
			continue
		}
		list = append(list, FolderEntry{Name: e.Name(), Path: at.Display() + "/" + e.Path, WorkspaceID: own[abs]})
	}
	return at, list, nil
}

// maxFolders bounds an answer of the folder picker.
const maxFolders = 5000
