// Package app puts InnoClaw together. Open is the one visible list of parts, in the
// order in which they depend on one another; everything else in the project can be
// read from there.
package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/innoclaw/innoclaw/internal/answer"
	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/config"
	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/identity"
	"github.com/innoclaw/innoclaw/internal/index"
	"github.com/innoclaw/innoclaw/internal/journal"
	"github.com/innoclaw/innoclaw/internal/model/provider"
	"github.com/innoclaw/innoclaw/internal/outbound"
	"github.com/innoclaw/innoclaw/internal/secret"
	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/setting"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/version"
	"github.com/innoclaw/innoclaw/internal/workspace"
)

// Options tell how to put an App together.
type Options struct {
	Config *config.Config
	Logger *slog.Logger
	Assets fs.FS  // the built web application, nil for none
	Port   string // of the listener; empty accepts any Host port
	// Limits override the rate limits; tests that send many requests need it.
	Limits map[server.RateClass]server.Limit
	// Hash overrides the cost of password hashes; tests make it small.
	Hash identity.HashParams
	// Documents are the limits of reading a file; zero fields take the defaults.
	Documents document.Limits
}

// App is a whole InnoClaw. Its parts are exported for tests and for commands that
// need one of them without the server.
type App struct {
	Config     *config.Config
	Log        *slog.Logger
	DB         *store.DB
	Settings   *setting.Service
	Journal    *journal.Journal
	Identity   *identity.Service
	Roots      *boundary.Roots
	Workspaces *workspace.Service
	Extractor  *document.Extractor
	Index      *index.Service
	Outbound   *outbound.Dialer
	Models     *provider.Resolver
	Answers    *answer.Service
	Table      *server.Table
	Server     *server.Server

	closers []func() error // in the order in which parts were opened
	stop    context.CancelFunc
	done    chan struct{} // closed when housekeeping has ended; nil before Start
	// identityDone is closed when the upkeep of sessions has ended.
	identityDone chan struct{}
}

// Open makes all parts. Nothing works in the background yet; Start does that.
func Open(ctx context.Context, o Options) (a *App, err error) {
	c := o.Config
	a = &App{Config: c, Log: o.Logger}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
			a = nil
		}
	}()

	// Foundations.
	if a.DB, err = store.Open(ctx, store.Options{URL: c.DatabaseURL, DataDir: c.DataDir, Logger: o.Logger}); err != nil {
		return a, err
	}
	a.onClose(a.DB.Close)
	if err = privateFolder(c.DataDir); err != nil {
		return a, err
	}
	box, err := secret.OpenBox(filepath.Join(c.DataDir, "keys"))
	if err != nil {
		return a, err
	}
	if a.Settings, err = setting.Open(ctx, a.DB, box, c, &secret.Redactor{}); err != nil {
		return a, err
	}
	for _, key := range a.Settings.Unopened() {
		o.Logger.Warn("a stored secret cannot be opened with this installation's key; enter it again", "setting", key)
	}
	a.Journal = journal.New(a.DB, journal.Options{Logger: o.Logger})
	a.Outbound = outbound.New(outbound.Options{Logger: o.Logger, Proxy: outbound.ProxyFrom(
		c.Fixed("HTTP_PROXY").Value, c.Fixed("HTTPS_PROXY").Value, c.Fixed("NO_PROXY").Value)})
	if a.Roots, err = openRoots(c); err != nil {
		return a, err
	}
	a.onClose(a.Roots.Close)

	// Features, each on those before it.
	a.Workspaces = workspace.New(workspace.Options{DB: a.DB, Roots: a.Roots, Logger: o.Logger,
		UploadLimit: func() int64 { return a.Settings.Int("UPLOAD_MAX_BYTES") }})
	if a.Identity, err = newIdentity(a.DB, c, o.Logger, o.Hash, func() bool { return a.Settings.Get("REGISTRATION") == "open" }); err != nil {
		return a, err
	}
	a.Extractor = document.New(document.Options{CacheDir: filepath.Join(c.DataDir, "cache", "documents"), Limits: o.Documents, Logger: o.Logger})
	a.onClose(a.Extractor.Close)
	if a.Index, err = index.New(a.DB, a.Extractor, a.Workspaces, a.Journal, index.Options{
		CacheDir: filepath.Join(c.DataDir, "index"), Logger: o.Logger, MaxFileBytes: func() int64 { return a.Settings.Int("INDEX_MAX_FILE_BYTES") },
	}); err != nil {
		return a, err
	}
	a.Journal.Register(a.Index.Kind())
	a.Models = provider.New(a.Settings, a.Outbound)
	a.Answers = answer.New(answer.Options{DB: a.DB, Journal: a.Journal, Index: a.Index, Workspaces: a.Workspaces, Models: a.Models, Logger: o.Logger})

	// Edges.
	a.Table = a.routes()
	if a.Server, err = server.New(server.Options{Table: a.Table, Auth: a.Identity, Assets: o.Assets, Logger: o.Logger,
		Port: o.Port, Hosts: c.AllowedHosts, Limits: o.Limits}); err != nil {
		return a, err
	}
	a.Identity.OnWithdrawn(a.withdraw)
	a.Settings.OnChange(a.settingsChanged)
	return a, nil
}

// settingsChanged looks at all workspaces again when the size of files that are
// indexed has changed: some are left out or taken in by it.
func (a *App) settingsChanged(keys []string) {
	if !slices.Contains(keys, "INDEX_MAX_FILE_BYTES") {
		return
	}
	ctx := context.Background()
	all, err := a.Workspaces.All(ctx)
	if err != nil {
		a.Log.Warn("list workspaces after a change of settings", "error", err)
		return
	}
	for _, w := range all {
		if _, err := a.Index.Sync(ctx, w.ID, w.OwnerID); err != nil {
			a.Log.Warn("sync after a change of settings", "workspace", w.ID, "error", err)
		}
	}
}

// withdraw ends what credentials that are no longer valid had begun: their open
// streams and, with a suspended account, the runs on its behalf. Runs of a removed
// account belong to its successor by now and go on.
func (a *App) withdraw(w identity.Withdrawal) {
	a.Server.Withdraw(w.Matches)
	if !w.Suspended {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), withdrawTime)
	defer cancel()
	runs, err := a.Journal.List(ctx, journal.Filter{OwnerID: w.UserID, Limit: maxWithdrawn,
		States: []journal.State{journal.Queued, journal.Running, journal.Waiting}})
	for _, run := range runs {
		err = errors.Join(err, a.Journal.Cancel(ctx, run.ID))
	}
	if err != nil {
		a.Log.Error("end the runs of a suspended account", "user", w.UserID, "error", err)
	}
}

// Bounds of ending the runs of a suspended account: how long it may take, and how
// many runs the journal lists at once. An account has a handful.
const (
	withdrawTime = 10 * time.Second
	maxWithdrawn = 1000
)

func (a *App) onClose(f func() error) { a.closers = append(a.closers, f) }

// routes fills the one route table.
func (a *App) routes() *server.Table {
	t := server.NewTable(version.Get().Version, classify)
	a.Identity.Routes(t)
	a.Settings.Routes(t)
	a.Workspaces.Routes(t)
	a.Index.Routes(t)
	a.Journal.Routes(t)
	a.Models.Routes(t)
	a.Answers.Routes(t)
	a.ownRoutes(t)
	return t
}

func newIdentity(db *store.DB, c *config.Config, log *slog.Logger, hash identity.HashParams, open func() bool) (*identity.Service, error) {
	return identity.New(identity.Options{
		DB: db, Mode: identity.Mode(c.AuthMode), DataDir: c.DataDir, Version: version.Get().Version, Logger: log,
		RegistrationOpen: open, Hash: hash,
		Transfers: []identity.Transfer{
			identity.TransferBy(`UPDATE workspaces SET owner_user_id = $1 WHERE owner_user_id = $2`),
			identity.TransferBy(`UPDATE conversation SET owner_user_id = $1 WHERE owner_user_id = $2`),
			identity.TransferBy(`UPDATE run SET owner_id = $1 WHERE owner_id = $2`),
		},
	})
}

// openRoots opens the configured roots, or the default one below the data folder.
func openRoots(c *config.Config) (*boundary.Roots, error) {
	paths := c.Roots
	if len(paths) == 0 {
		paths = []string{boundary.DefaultRoot(c.DataDir)}
	}
	protect := []string{}
	if env, err := filepath.Abs(config.EnvFile); err == nil {
		protect = append(protect, env)
	}
	if !c.PostgreSQL() {
		protect = append(protect, c.DatabaseURL)
	}
	return boundary.OpenRoots(paths, boundary.Options{DataDir: c.DataDir, Protect: protect})
}

// privateFolder makes the data folder one that only this user can enter.
func privateFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create data folder: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("restrict data folder: %w", err)
	}
	return nil
}

// Listen opens the configured address. It is refused when anybody who reached it
// would be the administrator.
func Listen(ctx context.Context, c *config.Config) (net.Listener, error) {
	return server.Listen(ctx, c.Listen, c.AuthMode == string(identity.Disabled))
}

// Start brings up what works in the background: recovery of runs, the index, the
// first workspace. setupToken is not empty while there is no account.
func (a *App) Start(ctx context.Context) (setupToken string, err error) {
	if setupToken, err = a.Identity.Start(ctx); err != nil {
		return "", err
	}
	if err := a.openSample(ctx); err != nil {
		return "", err
	}
	if err := a.Journal.Start(ctx); err != nil {
		return "", err
	}
	if err := a.Index.Start(ctx); err != nil {
		return "", err
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop, a.done = stop, make(chan struct{})
	go a.housekeep(background)
	a.identityDone = make(chan struct{})
	go func() { defer close(a.identityDone); a.Identity.Run(background) }()
	return setupToken, nil
}

// Serve answers requests until ctx ends.
func (a *App) Serve(ctx context.Context, ln net.Listener) error { return a.Server.Serve(ctx, ln) }

// stopTime bounds how long the background work may take to put its things down;
// what is cut short goes on at the next start.
const stopTime = 15 * time.Second

// Close stops the background work and closes every part. It may be called more than
// once.
func (a *App) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	var errs []error
	if a.done != nil {
		a.stop()
		<-a.done
		<-a.identityDone
		errs = append(errs, a.Index.Stop(ctx), a.Journal.Stop(ctx))
		a.done = nil
	}
	for i := len(a.closers) - 1; i >= 0; i-- {
		errs = append(errs, a.closers[i]())
	}
	a.closers = nil
	return errors.Join(errs...)
}

// Periods of housekeeping, and how long the record of a finished run is kept.
const (
	firstHousekeeping = time.Minute
	housekeeping      = time.Hour
	keepRuns          = 90 * 24 * time.Hour
)

// housekeep empties what is due and gives memory back that the start needed.
func (a *App) housekeep(ctx context.Context) {
	defer close(a.done)
	timer := time.NewTimer(settle)
	defer timer.Stop()
	select {
	case <-timer.C:
		debug.FreeOSMemory()
	case <-ctx.Done():
		return
	}
	for wait := firstHousekeeping; ; wait = housekeeping {
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		if err := a.Workspaces.Clean(ctx, time.Duration(a.Settings.Int("TRASH_DAYS"))*24*time.Hour); err != nil {
			a.Log.Warn("empty the trash", "error", err)
		}
		if _, err := a.Journal.Prune(ctx, time.Now().Add(-keepRuns)); err != nil {
			a.Log.Warn("remove the records of old runs", "error", err)
		}
	}
}

// settle is how long after the start the memory of the start is given back.
const settle = 5 * time.Second
