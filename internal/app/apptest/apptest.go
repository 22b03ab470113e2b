// Package apptest starts a whole InnoClaw on a temporary folder for tests that go
// through the front door: the HTTP API, with the public client.
package apptest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/client"
	"github.com/innoclaw/innoclaw/internal/app"
	"github.com/innoclaw/innoclaw/internal/config"
	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/identity"
	"github.com/innoclaw/innoclaw/internal/server/servertest"
)

// Password is that of every account made here.
const Password = "correct horse battery"

// App is a running InnoClaw with a root folder of its own.
type App struct {
	*app.App
	Root       string // the one workspace root
	Data       string
	Host       string // address and port it listens on
	URL        string
	SetupToken string

	tb     testing.TB
	config *config.Config
	web    *httptest.Server
	halt   sync.Once
}

// Options change how the App is started.
type Options struct {
	Environ []string // more settings, "KEY=value"; later ones win
	Dir     string   // keep data and root here instead of in a new folder
	Logs    io.Writer
	// Documents are the limits of reading a file; zero fields take the defaults.
	Documents document.Limits
}

// Start starts an App and stops it at the end of the test.
func Start(tb testing.TB, o Options) *App {
	tb.Helper()
	if o.Dir == "" {
		o.Dir = tb.TempDir()
	}
	a := &App{tb: tb, Root: filepath.Join(o.Dir, "research"), Data: filepath.Join(o.Dir, "data")}
	if err := os.MkdirAll(a.Root, 0o755); err != nil {
		tb.Fatal(err)
	}
	environ := append([]string{"WORKSPACE_ROOTS=" + a.Root, "DATA_DIR=" + a.Data}, o.Environ...)
	c, _, err := config.Load(config.Sources{Environ: environ})
	if err != nil {
		tb.Fatal(err)
	}
	a.config = c
	log := slog.New(slog.DiscardHandler)
	if o.Logs != nil {
		log = slog.New(slog.NewTextHandler(o.Logs, nil))
	}
	a.shareCode()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	a.Host = listener.Addr().String()
	_, port, err := net.SplitHostPort(a.Host)
	if err != nil {
		tb.Fatal(err)
	}
	a.App, err = app.Open(context.Background(), app.Options{Config: c, Logger: log, Port: port, Limits: servertest.NoLimits(), Hash: CheapHash(), Documents: o.Documents})
	if err != nil {
		listener.Close()
		tb.Fatal(err)
	}
	a.web = &httptest.Server{Listener: listener, Config: &http.Server{Handler: a.Server}}
	a.web.Start()
	a.URL = a.web.URL
	tb.Cleanup(a.Stop)
	if a.SetupToken, err = a.App.Start(context.Background()); err != nil {
		tb.Fatal(err)
	}
	return a
}

// shareCode lets all Apps of a person's tests use one folder of compiled PDF code,
// which takes long to make. Without a cache folder each App makes its own.
func (a *App) shareCode() {
	a.tb.Helper()
	base, err := os.UserCacheDir()
	if err != nil {
		return
	}
	shared, own := filepath.Join(base, "innoclaw", "test-documents"), filepath.Join(a.Data, "cache", "documents")
	if err := errors.Join(os.MkdirAll(shared, 0o700), os.MkdirAll(filepath.Dir(own), 0o700)); err != nil {
		return
	}
	if err := os.Symlink(shared, own); err != nil && !errors.Is(err, fs.ErrExist) {
		a.tb.Fatal(err)
	}
}

// Stop stops the App before the end of the test, so that it can be started again on
// the same folder.
func (a *App) Stop() {
	a.halt.Do(func() {
		a.web.CloseClientConnections()
		a.web.Close()
		if err := a.App.Close(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			a.tb.Errorf("close app: %v", err)
		}
	})
}

// CheapHash are password costs for tests, which make many accounts.
func CheapHash() identity.HashParams {
	return identity.HashParams{MemoryKiB: 64, Passes: 1, Threads: 1}
}

// Person is somebody signed in.
type Person struct {
	*client.Client
	User client.User
	HTTP *http.Client // carries the session
}

// SetUp makes the first account, an administrator.
func (a *App) SetUp() Person {
	a.tb.Helper()
	return a.signIn(func(c *client.Client) (client.User, error) {
		return c.Setup(a.tb.Context(), a.SetupToken, "Ada", "ada@example.org", Password)
	})
}

// NewUser makes an ordinary account and signs it in.
func (a *App) NewUser(email string) Person {
	a.tb.Helper()
	_, err := a.Identity.CreateUser(a.tb.Context(), identity.NewUser{Email: email, Name: email, Password: Password, Role: identity.RoleUser})
	if err != nil {
		a.tb.Fatal(err)
	}
	return a.signIn(func(c *client.Client) (client.User, error) { return c.Login(a.tb.Context(), email, Password) })
}

func (a *App) signIn(how func(*client.Client) (client.User, error)) Person {
	a.tb.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		a.tb.Fatal(err)
	}
	h := &http.Client{Jar: jar}
	c, err := client.New(a.URL, client.WithHTTPClient(h))
	if err != nil {
		a.tb.Fatal(err)
	}
	user, err := how(c)
	if err != nil {
		a.tb.Fatal(err)
	}
	return Person{Client: c, User: user, HTTP: h}
}

// Write puts a file into the root, as any other program would.
func (a *App) Write(path, text string) {
	a.tb.Helper()
	full := filepath.Join(a.Root, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		a.tb.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
		a.tb.Fatal(err)
	}
}

// Open opens a folder of the root as p's workspace and waits until it is indexed.
// Its files get a time a minute ago: a sync leaves files that were written this very
// moment to the watcher.
func (a *App) Open(p Person, folder string) client.Workspace {
	a.tb.Helper()
	ctx := a.tb.Context()
	a.age(folder)
	w, err := p.OpenFolder(ctx, folder, filepath.Join(a.Root, folder))
	if err != nil {
		a.tb.Fatal(err)
	}
	run, err := p.Sync(ctx, w.ID)
	if err != nil {
		a.tb.Fatal(err)
	}
	if err := p.FollowRun(ctx, run, 0, func(client.RunEvent) error { return nil }); err != nil {
		a.tb.Fatal(err)
	}
	return w
}

func (a *App) age(folder string) {
	a.tb.Helper()
	ago := time.Now().Add(-time.Minute)
	err := filepath.WalkDir(filepath.Join(a.Root, folder), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return os.Chtimes(path, ago, ago)
	})
	if err != nil {
		a.tb.Fatal(err)
	}
}
