package workspace

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/store"
)

// Limits of what people enter, in characters.
const (
	MaxName        = 200
	MaxDescription = 4000
)

// DefaultUploadLimit is used when Options has none, in bytes.
const DefaultUploadLimit = 1 << 30

// ErrNotFound is in the chain of errors for a workspace that does not exist or
// belongs to somebody else.
var ErrNotFound = errors.New("workspace not found")

// notFound is ErrNotFound as the server answers it.
func notFound() error { return server.WithCause(server.NotFound(), ErrNotFound) }

// Workspace is a folder opened by its owner.
type Workspace struct {
	ID, OwnerID, Name, Description     string
	Folder                             boundary.Folder // zero when no configured root holds it any more
	LastOpenedAt, CreatedAt, UpdatedAt time.Time
	path                               string // canonical, as stored
}

// ChangeKind says what happened to a workspace.
type ChangeKind string

const (
	Created ChangeKind = "created"
	Deleted ChangeKind = "deleted"
	Files   ChangeKind = "files" // files were changed through this server
)

// Change tells other features about a change right after it was made.
type Change struct {
	WorkspaceID string
	Kind        ChangeKind
	Paths       []string // changed files and folders, for Files
}

// Options are what a Service works with.
type Options struct {
	DB    *store.DB
	Roots *boundary.Roots
	// UploadLimit gives the largest file that may be uploaded, in bytes, at present.
	UploadLimit func() int64
	Logger      *slog.Logger
	Now         func() time.Time
}

// Service knows all workspaces. Safe for concurrent use.
type Service struct {
	o Options

	mu   sync.Mutex
	dirs map[string]*boundary.Dir // by workspace id; guarded by mu

	listenMu  sync.RWMutex
	listeners []func(Change) // guarded by listenMu
}

// New makes a Service.
func New(o Options) *Service {
	if o.UploadLimit == nil {
		o.UploadLimit = func() int64 { return DefaultUploadLimit }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Service{o: o, dirs: map[string]*boundary.Dir{}}
}

// OnChange calls fn after every change, in the goroutine that made it: fn must be
// quick and must not call back into a change.
func (s *Service) OnChange(fn func(Change)) {
	s.listenMu.Lock()
	defer s.listenMu.Unlock()
	s.listeners = append(s.listeners, fn)
}

func (s *Service) changed(c Change) {
	s.listenMu.RLock()
	defer s.listenMu.RUnlock()
	for _, fn := range s.listeners {
		fn(c)
	}
}

const columns = `id, owner_user_id, name, description, folder_path, last_opened_at, created_at, updated_at`

func (s *Service) scan(row interface{ Scan(...any) error }) (Workspace, error) {
	var (
		w                        Workspace
		opened, created, updated int64
	)
	err := row.Scan(&w.ID, &w.OwnerID, &w.Name, &w.Description, &w.path, &opened, &created, &updated)
	if errors.Is(err, sql.ErrNoRows) {
		return Workspace{}, notFound()
	}
	if err != nil {
		return Workspace{}, err
	}
	w.LastOpenedAt, w.CreatedAt, w.UpdatedAt = store.Time(opened), store.Time(created), store.Time(updated)
	if f, err := s.o.Roots.Locate(w.path); err == nil {
		w.Folder = f // else the operator took its root away: shown as missing
	}
	return w, nil
}

func (s *Service) query(ctx context.Context, q string, args ...any) ([]Workspace, error) {
	rows, err := s.o.DB.Read().QueryContext(ctx, q, args...)
	if err != nil {
		return nil, fmt.Errorf("list workspaces: %w", err)
	}
	defer rows.Close()
	list := []Workspace{}
	for rows.Next() {
		w, err := s.scan(rows)
		if err != nil {
			return nil, fmt.Errorf("list workspaces: %w", err)
		}
		list = append(list, w)
	}
	return list, rows.Err()
}

// Get gives a workspace of a user, ErrNotFound for anybody else's.
func (s *Service) Get(ctx context.Context, userID, id string) (Workspace, error) {
	return s.scan(s.o.DB.Read().QueryRowContext(ctx,
		`SELECT `+columns+` FROM workspaces WHERE id = $1 AND owner_user_id = $2`, id, userID))
}

// List gives a user's workspaces, the last opened first.
func (s *Service) List(ctx context.Context, userID string) ([]Workspace, error) {
	return s.query(ctx, `SELECT `+columns+` FROM workspaces WHERE owner_user_id = $1 ORDER BY last_opened_at DESC, id`, userID)
}

// All gives every workspace, for background work that acts for their owners.
func (s *Service) All(ctx context.Context) ([]Workspace, error) {
	return s.query(ctx, `SELECT `+columns+` FROM workspaces ORDER BY id`)
}

// Dir gives the open folder of a workspace, whoever owns it: callers that act for a
// person use Get first. The handle is shared and must not be closed. Errors are those
// of boundary.OpenDir, CodeNotFound for a folder that is gone.
func (s *Service) Dir(ctx context.Context, id string) (*boundary.Dir, error) {
	if d := s.cached(id); d != nil {
		return d, nil
	}
	w, err := s.scan(s.o.DB.Read().QueryRowContext(ctx, `SELECT `+columns+` FROM workspaces WHERE id = $1`, id))
	if err != nil {
		return nil, err
	}
	return s.dirOf(w)
}

// cached gives an open folder that its path still leads to.
func (s *Service) cached(id string) *boundary.Dir {
	s.mu.Lock()
	d := s.dirs[id]
	s.mu.Unlock()
	if d == nil || !d.Current() {
		return nil
	}
	return d
}

func (s *Service) dirOf(w Workspace) (*boundary.Dir, error) {
	if d := s.cached(w.ID); d != nil {
		return d, nil
	}
	d, err := boundary.OpenDir(w.Folder)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// A handle that is replaced may still be in use; it is closed when it is collected.
	s.dirs[w.ID] = d
	return d, nil
}

func (s *Service) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.dirs, id)
}

// Missing tells whether the workspace's folder cannot be opened now.
func (s *Service) Missing(w Workspace) bool {
	_, err := s.dirOf(w)
	return err != nil
}

// Patch changes what may be changed of a workspace; nil leaves a field as it is.
type Patch struct {
	Name, Description *string
}

// Update changes name and description.
func (s *Service) Update(ctx context.Context, userID, id string, p Patch) (Workspace, error) {
	w, err := s.Get(ctx, userID, id)
	if err != nil {
		return Workspace{}, err
	}
	if p.Name != nil {
		w.Name = strings.TrimSpace(*p.Name)
	}
	if p.Description != nil {
		w.Description = *p.Description
	}
	if err := checkTexts(w.Name, w.Description); err != nil {
		return Workspace{}, err
	}
	now := store.Millis(s.o.Now())
	w.UpdatedAt = store.Time(now)
	err = s.exec(ctx, `UPDATE workspaces SET name = $1, description = $2, updated_at = $3 WHERE id = $4 AND owner_user_id = $5`,
		w.Name, w.Description, now, id, userID)
	return w, err
}

// Touch notes that the user opened the workspace.
func (s *Service) Touch(ctx context.Context, userID, id string) (Workspace, error) {
	now := store.Millis(s.o.Now())
	if err := s.exec(ctx, `UPDATE workspaces SET last_opened_at = $1 WHERE id = $2 AND owner_user_id = $3`, now, id, userID); err != nil {
		return Workspace{}, err
	}
	return s.Get(ctx, userID, id)
}

// Delete removes a workspace and what belongs to it in the database. Its files, its
// trash included, stay on disk.
func (s *Service) Delete(ctx context.Context, userID, id string) error {
	if err := s.exec(ctx, `DELETE FROM workspaces WHERE id = $1 AND owner_user_id = $2`, id, userID); err != nil {
		return err
	}
	s.forget(id)
	s.changed(Change{WorkspaceID: id, Kind: Deleted})
	return nil
}

// exec runs a change that must hit exactly one row of the caller.
func (s *Service) exec(ctx context.Context, q string, args ...any) error {
	return s.o.DB.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, q, args...)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err == nil && n == 0 {
			err = notFound()
		}
		return err
	})
}

// Locate finds which of a user's workspaces an absolute path lies in, the innermost
// one, and the path below it.
func (s *Service) Locate(ctx context.Context, userID, abs string) (Workspace, string, error) {
	f, err := s.o.Roots.Locate(abs)
	if err != nil {
		return Workspace{}, "", notFound()
	}
	list, err := s.List(ctx, userID)
	if err != nil {
		return Workspace{}, "", err
	}
	var best Workspace
	for _, w := range list {
		if within(w.path, f.Path) && cmp.Compare(len(w.path), len(best.path)) > 0 {
			best = w
		}
	}
	if best.ID == "" {
		return Workspace{}, "", notFound()
	}
	return best, strings.TrimPrefix(strings.TrimPrefix(f.Path, best.path), "/"), nil
}
