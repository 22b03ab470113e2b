package cli

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/innoclaw/innoclaw/internal/app"
	"github.com/innoclaw/innoclaw/internal/index"
)

// folderFlags are the flags of commands that work on a folder without a server.
type folderFlags struct {
	folder string
	fresh  bool
	json   bool
}

func (f *folderFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.folder, "folder", "f", "", "the folder to look into")
	cmd.Flags().BoolVar(&f.fresh, "fresh", false, "forget the folder's index in the cache first")
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON")
}

// withFolder opens the folder's index, which is kept in the user's cache folder,
// brings it up to date and runs f on it.
func (f *folderFlags) withFolder(cmd *cobra.Command, sys System, run func(*app.Folder) error) error {
	if f.folder == "" {
		return usagef("give the folder with --folder")
	}
	c, _, err := loadConfig(cmd, sys, nil)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	opened, err := app.OpenFolder(ctx, app.FolderOptions{
		Config: c, Folder: f.folder, Fresh: f.fresh, Environ: sys.Environ, Logger: newLogger(sys.Err, "error"),
	})
	if err != nil {
		return err
	}
	defer opened.Close()
	progress, done := showProgress(sys)
	err = opened.Sync(ctx, progress)
	done()
	if err != nil {
		return fmt.Errorf("index %s: %w", f.folder, err)
	}
	return run(opened)
}

// showProgress writes the state of indexing to a terminal, in place and not too
// often; elsewhere it writes nothing.
func showProgress(sys System) (show func(index.Progress), done func()) {
	f, ok := sys.Err.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return func(index.Progress) {}, func() {}
	}
	const every = 100 * time.Millisecond
	var last time.Time
	shown := false
	show = func(p index.Progress) {
		if now := time.Now(); now.Sub(last) >= every {
			last, shown = now, true
			fmt.Fprintf(f, "\r\x1b[Kreading files: %d of %d", p.Done, p.Total)
		}
	}
	return show, func() {
		if shown {
			fmt.Fprint(f, "\r\x1b[K")
		}
	}
}
