package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/identity"
	"github.com/innoclaw/innoclaw/internal/sample"
)

// sampleTitle is what the sample workspace is called; people may rename it.
const sampleTitle = "Sample study"

// openSample puts the sample study into the default root and opens it for the
// account of the first set-up. With roots of one's own there is none.
func (a *App) openSample(ctx context.Context) error {
	if len(a.Config.Roots) > 0 {
		return nil
	}
	root, err := os.OpenRoot(boundary.DefaultRoot(a.Config.DataDir))
	if err != nil {
		return fmt.Errorf("open the default root: %w", err)
	}
	created, err := sample.Write(root)
	if err := errors.Join(err, root.Close()); err != nil {
		return fmt.Errorf("write the sample study: %w", err)
	}
	if a.Identity.Mode() == identity.Disabled {
		if !created {
			return nil
		}
		return a.openSampleFor(ctx, identity.LocalID)
	}
	a.Identity.OnSetUp(func(ctx context.Context, u identity.User) {
		if err := a.openSampleFor(ctx, u.ID); err != nil {
			a.Log.Warn("open the sample study for the first account", "error", err)
		}
	})
	return nil
}

func (a *App) openSampleFor(ctx context.Context, userID string) error {
	folders := a.Roots.List()
	if len(folders) == 0 {
		return errors.New("open the sample study: no root")
	}
	if _, _, err := a.Workspaces.Create(ctx, userID, sampleTitle, folders[0].Name+"/"+sample.Name); err != nil {
		return fmt.Errorf("open the sample study: %w", err)
	}
	return nil
}
