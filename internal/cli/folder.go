package cli

import (
	"errors"
	"fmt"
	"io/fs"
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

func (f *folderFlags) register(cmd *cobra.Command, sys session) {
	cmd.Flags().StringVarP(&f.folder, "folder", "f", "", sys.Say("the folder `DIR` to look into"))
	cmd.Flags().BoolVar(&f.fresh, "fresh", false, sys.Say("forget the folder's index in the cache first"))
	cmd.Flags().BoolVar(&f.json, "json", false, sys.Say("print JSON"))
}

// withFolder opens the folder's index, which is kept in the user's cache folder,
// brings it up to date and runs f on it.
func (f *folderFlags) withFolder(cmd *cobra.Command, sys session, run func(*app.Folder) error) error {
	if f.folder == "" {
		return sys.usage("give the folder with --folder")
	}
	if err := f.check(sys); err != nil {
		return err
	}
	c, warnings, err := loadConfig(cmd, sys, nil)
	if err != nil {
		return err
	}
	for _, w := range warnings {
		fmt.Fprintf(sys.Err, "%s %s\n", sys.Say("Warning:"), oneLine(w))
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
		return sys.fail("read the folder %s: %w", f.folder, err)
	}
	return run(opened)
}

// check says in a person's words what is wrong with the folder itself.
func (f *folderFlags) check(sys session) error {
	info, err := os.Stat(f.folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return sys.fail("there is no folder %s", f.folder)
	case err != nil:
		return sys.fail("open the folder: %w", err)
	case !info.IsDir():
		return sys.fail("%s is not a folder; give the folder it lies in", f.folder)
	}
	return nil
}

// showProgress writes the state of indexing to a terminal, in place and not too
// often; elsewhere it writes nothing.
func showProgress(sys session) (show func(index.Progress), done func()) {
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
			fmt.Fprintf(f, "\r\x1b[K%s", sys.Say("reading files: %d of %d", p.Done, p.Total))
		}
	}
	return show, func() {
		if shown {
			fmt.Fprint(f, "\r\x1b[K")
		}
	}
}
