package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/config"
	"github.com/innoclaw/innoclaw/internal/doctor"
	"github.com/innoclaw/innoclaw/internal/identity"
	"github.com/innoclaw/innoclaw/internal/model"
	"github.com/innoclaw/innoclaw/internal/model/provider"
	"github.com/innoclaw/innoclaw/internal/outbound"
	"github.com/innoclaw/innoclaw/internal/setting"
	"github.com/innoclaw/innoclaw/internal/store"
)

// OpenAccounts opens the accounts of the configured database for the command line.
func OpenAccounts(ctx context.Context, c *config.Config, log *slog.Logger) (accounts *identity.Service, done func() error, err error) {
	db, err := store.Open(ctx, store.Options{URL: c.DatabaseURL, DataDir: c.DataDir, Logger: log})
	if err != nil {
		return nil, nil, err
	}
	accounts, err = newIdentity(db, c, log, identity.HashParams{}, nil)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return accounts, db.Close, nil
}

// OpenAPI describes the routes of a whole app, made for this in a temporary folder.
func OpenAPI(ctx context.Context) (description []byte, err error) {
	dir, err := os.MkdirTemp("", "innoclaw-openapi-")
	if err != nil {
		return nil, fmt.Errorf("make temporary folder: %w", err)
	}
	defer func() {
		root, openErr := os.OpenRoot(os.TempDir())
		if openErr == nil {
			openErr = errors.Join(root.RemoveAll(dir[len(os.TempDir())+1:]), root.Close())
		}
		err = errors.Join(err, openErr)
	}()
	c, _, err := config.Load(config.Sources{Flags: map[string]string{"DATA_DIR": dir}})
	if err != nil {
		return nil, err
	}
	a, err := Open(ctx, Options{Config: c, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	return a.Table.OpenAPI(), a.Close()
}

// DoctorInputs gives the doctor what it looks at, and the values of settings that are
// in force. Nothing is opened for writing.
func DoctorInputs(ctx context.Context, c *config.Config, warnings []string) (inputs doctor.Inputs, effective func(key string) config.Value) {
	dialer := outbound.New(outbound.Options{Proxy: outbound.ProxyFrom(
		c.Fixed("HTTP_PROXY").Value, c.Fixed("HTTPS_PROXY").Value, c.Fixed("NO_PROXY").Value)})
	settings := storedSettings(ctx, c)
	return doctor.Inputs{
		Config: c, Warnings: warnings,
		Roots: func() error {
			if len(c.Roots) == 0 {
				return nil // the default root is made at start
			}
			roots, err := boundary.OpenRoots(c.Roots, boundary.Options{DataDir: c.DataDir})
			if err != nil {
				return err
			}
			return roots.Close()
		},
		Database: func(ctx context.Context) (string, error) { return store.Check(ctx, c.DatabaseURL) },
		Provider: func(context.Context) (name, address string, err error) { return configuredProvider(settings, dialer) },
		Reach:    func(ctx context.Context, address string) error { return reach(ctx, dialer, address) },
	}, settings.Effective
}

// storedSettings gives the settings that a server on this data folder would see. What
// was changed in the browser is left out when the database cannot be read; the
// database's own check tells why.
func storedSettings(ctx context.Context, c *config.Config) *setting.Service {
	const enough = 3 * time.Second
	ctx, cancel := context.WithTimeout(ctx, enough)
	defer cancel()
	db, err := store.OpenReadOnly(ctx, c.DatabaseURL)
	if err != nil {
		return setting.Peek(ctx, nil, c)
	}
	defer db.Close()
	return setting.Peek(ctx, db.Read(), c)
}

// configuredProvider names the provider that the settings choose.
func configuredProvider(settings *setting.Service, d *outbound.Dialer) (name, address string, err error) {
	choice, err := provider.New(settings, d).Current()
	if err != nil {
		if public, ok := errors.AsType[*model.Error](err); ok {
			return public.Provider, "", errors.New(public.Message)
		}
		return settings.Get("LLM_PROVIDER"), "", err
	}
	switch choice.Name {
	case provider.OpenAI:
		return choice.Name, settings.Get("OPENAI_BASE_URL"), nil
	case provider.Ollama:
		return choice.Name, settings.Get("OLLAMA_BASE_URL"), nil
	}
	return choice.Name, "", nil
}

// reach asks the address for nothing but an answer: no key, no text, no path of ours.
func reach(ctx context.Context, d *outbound.Dialer, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("read address: %w", err)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	client := d.Client(outbound.Purpose{
		Name: "doctor", Hosts: []string{u.Hostname()},
		AllowPrivate: []string{net.JoinHostPort(u.Hostname(), port)}, MaxRedirects: -1,
	})
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, address, nil)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	return res.Body.Close()
}
