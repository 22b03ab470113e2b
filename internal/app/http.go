package app

import (
	"context"
	"net/http"

	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/version"
)

// Health is the answer of the health route.
type Health struct {
	Status string `json:"status" enum:"ok"`
}

// Capabilities tell the web application what it may offer.
type Capabilities struct {
	Version  string    `json:"version"`
	AuthMode string    `json:"authMode" enum:"local,disabled"`
	Limits   Limits    `json:"limits"`
	Roots    []RootRow `json:"roots"`
}

// Limits are the sizes that the server accepts.
type Limits struct {
	UploadBytes int64 `json:"uploadBytes"`
	IndexBytes  int64 `json:"indexBytes" doc:"Larger files are listed, but not indexed."`
}

// RootRow is a root in which workspaces may lie.
type RootRow struct {
	Name string `json:"name"`
}

type healthOutput struct{ Body Health }

type capabilitiesOutput struct{ Body Capabilities }

// ownRoutes adds the routes that belong to no feature.
func (a *App) ownRoutes(t *server.Table) {
	server.Handle(t, server.Route{
		Method: http.MethodGet, Path: "/api/health", Access: server.Public, Tag: "server",
		Summary: "Tell whether the server answers and its database can be read",
	}, func(ctx context.Context, _ *struct{}) (*healthOutput, error) {
		var one int
		if err := a.DB.Read().QueryRowContext(ctx, `SELECT 1`).Scan(&one); err != nil {
			return nil, server.WithCause(server.Problem(http.StatusServiceUnavailable, "database_unavailable", "The database cannot be read."), err)
		}
		return &healthOutput{Body: Health{Status: "ok"}}, nil
	})
	server.Handle(t, server.Route{
		Method: http.MethodGet, Path: "/api/capabilities", Access: server.User, Tag: "server",
		Summary: "Tell what this server offers",
	}, func(context.Context, *struct{}) (*capabilitiesOutput, error) {
		body := Capabilities{
			Version: version.Get().Version, AuthMode: a.Config.AuthMode, Roots: []RootRow{},
			Limits: Limits{UploadBytes: a.Settings.Int("UPLOAD_MAX_BYTES"), IndexBytes: a.Settings.Int("INDEX_MAX_FILE_BYTES")},
		}
		for _, r := range a.Roots.List() {
			body.Roots = append(body.Roots, RootRow{Name: r.Name})
		}
		return &capabilitiesOutput{Body: body}, nil
	})
}

// classify turns what the database says into what a person can do about it.
func classify(err error) error {
	code, message, ok := store.Explain(err)
	if !ok {
		return nil
	}
	status := http.StatusServiceUnavailable
	if store.IsFull(err) {
		status = http.StatusInsufficientStorage
	}
	return server.WithCause(server.Problem(status, code, message), err)
}
