package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/innoclaw/innoclaw/internal/answer"
	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/config"
	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/identity"
	"github.com/innoclaw/innoclaw/internal/index"
	"github.com/innoclaw/innoclaw/internal/model/provider"
	"github.com/innoclaw/innoclaw/internal/outbound"
	"github.com/innoclaw/innoclaw/internal/secret"
	"github.com/innoclaw/innoclaw/internal/setting"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/workspace"
)

// FolderOptions tell which folder to work on without a server.
type FolderOptions struct {
	Config  *config.Config
	Folder  string
	Fresh   bool     // forget what the cache knows of the folder
	Environ []string // for the place of the cache
	Logger  *slog.Logger
}

// Folder is one folder opened for the command line: the same index and answers as
// the server's, on a database of its own in the user's cache, without accounts,
// runs or anything in the background. Nothing is written into the folder itself.
type Folder struct {
	index     *index.Service
	answers   *answer.Service
	workspace workspace.Workspace
	closers   []func() error
}

// OpenFolder opens a folder. The same folder finds its index again the next time.
func OpenFolder(ctx context.Context, o FolderOptions) (f *Folder, err error) {
	path, err := filepath.Abs(o.Folder)
	if err != nil {
		return nil, fmt.Errorf("open folder: %w", err)
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return nil, fmt.Errorf("open folder: %w", err)
	}
	cache, err := folderCache(path, o)
	if err != nil {
		return nil, err
	}
	f = &Folder{}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
			f = nil
		}
	}()
	roots, err := boundary.OpenRoots([]string{path}, boundary.Options{DataDir: cache})
	if err != nil {
		return f, err
	}
	f.onClose(roots.Close)
	db, err := store.Open(ctx, store.Options{URL: filepath.Join(cache, "folder.db"), DataDir: cache, Logger: o.Logger})
	if err != nil && !o.Fresh && isUseless(ctx, err) {
		// What the cache holds can be made again.
		if err := f.Close(); err != nil {
			return f, err
		}
		return OpenFolder(ctx, FolderOptions{Config: o.Config, Folder: path, Fresh: true, Environ: o.Environ, Logger: o.Logger})
	}
	if err != nil {
		return f, err
	}
	f.onClose(db.Close)
	if err := f.wire(ctx, o, db, roots, cache); err != nil {
		return f, err
	}
	return f, nil
}

// isUseless tells whether a cached database can only be thrown away: it is damaged, or
// of another version.
func isUseless(ctx context.Context, err error) bool {
	return ctx.Err() == nil && !store.IsBusy(err) && !store.IsFull(err) && !store.IsReadOnly(err) && !errors.Is(err, fs.ErrPermission)
}

func (f *Folder) wire(ctx context.Context, o FolderOptions, db *store.DB, roots *boundary.Roots, cache string) error {
	box, err := secret.OpenBox(filepath.Join(cache, "keys"))
	if err != nil {
		return err
	}
	settings, err := setting.Open(ctx, db, box, o.Config, &secret.Redactor{})
	if err != nil {
		return err
	}
	accounts, err := identity.New(identity.Options{DB: db, Mode: identity.Disabled, DataDir: cache, Logger: o.Logger})
	if err != nil {
		return err
	}
	if _, err := accounts.Start(ctx); err != nil {
		return err
	}
	workspaces := workspace.New(workspace.Options{DB: db, Roots: roots, Logger: o.Logger})
	// The compiled PDF code is the same for all folders.
	extractor := document.New(document.Options{CacheDir: filepath.Join(filepath.Dir(cache), "documents"), Logger: o.Logger})
	f.onClose(extractor.Close)
	f.index, err = index.New(db, extractor, workspaces, nil, index.Options{CacheDir: filepath.Join(cache, "index"),
		MaxFileBytes: func() int64 { return settings.Int("INDEX_MAX_FILE_BYTES") }, Logger: o.Logger})
	if err != nil {
		return err
	}
	f.onClose(func() error { return f.index.Stop(context.WithoutCancel(ctx)) })
	dialer := outbound.New(outbound.Options{Logger: o.Logger, Proxy: outbound.ProxyFrom(
		o.Config.Fixed("HTTP_PROXY").Value, o.Config.Fixed("HTTPS_PROXY").Value, o.Config.Fixed("NO_PROXY").Value)})
	models := provider.New(settings, dialer)
	f.answers = answer.New(answer.Options{DB: db, Index: f.index, Workspaces: workspaces, Models: models, Logger: o.Logger})
	f.workspace, _, err = workspaces.Create(ctx, identity.LocalID, "folder", roots.List()[0].Name)
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	return nil
}

func (f *Folder) onClose(c func() error) { f.closers = append(f.closers, c) }

// Close ends the work on the folder.
func (f *Folder) Close() error {
	var errs []error
	for i := len(f.closers) - 1; i >= 0; i-- {
		errs = append(errs, f.closers[i]())
	}
	f.closers = nil
	return errors.Join(errs...)
}

// Sync brings the index up to date with the files and tells how far it is.
func (f *Folder) Sync(ctx context.Context, progress func(index.Progress)) error {
	return f.index.SyncNow(ctx, f.workspace.ID, progress)
}

// Search finds passages of the folder; q's workspace is filled in.
func (f *Folder) Search(ctx context.Context, q index.Query) (index.Result, error) {
	q.WorkspaceID = f.workspace.ID
	return f.index.Search(ctx, q)
}

// Ask answers one question from the folder.
func (f *Folder) Ask(ctx context.Context, question string) (answer.Result, error) {
	return f.answers.Ask(ctx, answer.Question{WorkspaceID: f.workspace.ID, Text: question})
}

// folderCache gives the private folder in which the index of path is kept.
func folderCache(path string, o FolderOptions) (string, error) {
	base := ""
	for _, pair := range o.Environ {
		if value, ok := strings.CutPrefix(pair, "XDG_CACHE_HOME="); ok && filepath.IsAbs(value) {
			base = value
		}
	}
	if base == "" {
		var err error
		if base, err = os.UserCacheDir(); err != nil {
			return "", fmt.Errorf("find a cache folder (set XDG_CACHE_HOME): %w", err)
		}
	}
	sum := sha256.Sum256([]byte(path))
	parent := filepath.Join(base, "innoclaw", "folders")
	cache := filepath.Join(parent, hex.EncodeToString(sum[:12]))
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return "", fmt.Errorf("make cache folder (XDG_CACHE_HOME names another place for it): %w", err)
	}
	root, err := os.OpenRoot(parent)
	if err != nil {
		return "", fmt.Errorf("open cache folder (XDG_CACHE_HOME names another place for it): %w", err)
	}
	defer root.Close()
	if o.Fresh {
		if err := root.RemoveAll(filepath.Base(cache)); err != nil {
			return "", fmt.Errorf("forget the folder's index: %w", err)
		}
	}
	if err := root.MkdirAll(filepath.Base(cache), 0o700); err != nil {
		return "", fmt.Errorf("make cache folder (XDG_CACHE_HOME names another place for it): %w", err)
	}
	return cache, nil
}
