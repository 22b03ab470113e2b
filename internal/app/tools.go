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

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/config"
	"github.com/innoclaw/innoclaw/internal/doctor"
	"github.com/innoclaw/innoclaw/internal/identity"
	"github.com/innoclaw/innoclaw/internal/model/provider"
	"github.com/innoclaw/innoclaw/internal/outbound"
	"github.com/innoclaw/innoclaw/internal/secret"
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

// DoctorInputs gives the doctor what it looks at, without opening anything for writing.
func DoctorInputs(c *config.Config, warnings []string) doctor.Inputs {
	dialer := outbound.New(outbound.Options{Proxy: outbound.ProxyFrom(
		c.Fixed("HTTP_PROXY").Value, c.Fixed("HTTPS_PROXY").Value, c.Fixed("NO_PROXY").Value)})
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
		Provider: func() (name, address string) {
			return model.Configured(func(key string) string { return c.Fixed(key).Value })
		},
		Reach: dialer.Reach,
	}
}
