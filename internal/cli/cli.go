// Package cli is the command line: one file per command. Commands that work on a
// folder or on the data folder run in this process; nothing here needs a running
// server.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/innoclaw/innoclaw/internal/config"
)

// Exit codes, the same for every command.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitUnsupported = 3 // ask found nothing that supports an answer
)

// System is what a command sees of the process it runs in.
type System struct {
	In       io.Reader
	Out, Err io.Writer
	Environ  []string
}

// usageError is a mistake in how a command was called.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errUnsupported ends ask when nothing supports an answer. It has been said already.
var errUnsupported = errors.New("no supported answer")

// errSaid ends a command with a failure that has been said already.
var errSaid = errors.New("failed")

// Run carries out one command line and gives the exit code.
func Run(ctx context.Context, args []string, sys System) int {
	root := newRoot(sys)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errUnsupported):
		return exitUnsupported
	case errors.Is(err, errSaid):
		return exitFailed
	case errors.As(err, &usage):
		fmt.Fprintf(sys.Err, "innoclaw: %v\nSee: innoclaw help\n", err)
		return exitUsage
	}
	fmt.Fprintf(sys.Err, "innoclaw: %v\n", err)
	return exitFailed
}

func newRoot(sys System) *cobra.Command {
	root := &cobra.Command{
		Use:   "innoclaw",
		Short: "A research workspace on your own server",
		Long: `InnoClaw answers questions from the files of a folder, with citations that are
checked against the text.

  innoclaw serve                          start the server and its web application
  innoclaw ask --folder DIR "question"    one answer, without a server
  innoclaw search --folder DIR "words"    find passages, without a server
  innoclaw doctor                         check this installation

Settings come from flags, the environment and .env.local, in that order.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no supported answer.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("there is no command %q", args[0])
			}
			return cmd.Help()
		},
	}
	root.SetIn(sys.In)
	root.SetOut(sys.Out)
	root.SetErr(sys.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.PersistentFlags().String("data", "", "data folder (default ./data, or DATA_DIR)")
	root.AddCommand(newServe(sys), newAsk(sys), newSearch(sys), newDoctor(sys), newUser(sys), newToken(sys), newVersion(sys), newOpenAPI(sys))
	root.CompletionOptions.HiddenDefaultCmd = true
	return root
}

// exactly is cobra.ExactArgs with an error that counts as wrong usage.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return usagef("expected %s", what)
		}
		return nil
	}
}

// loadConfig reads the settings with the flags of cmd on top.
func loadConfig(cmd *cobra.Command, sys System, more map[string]string) (*config.Config, []string, error) {
	flags := map[string]string{}
	if data, err := cmd.Flags().GetString("data"); err == nil {
		flags["DATA_DIR"] = data
	}
	for key, value := range more {
		flags[key] = value
	}
	c, warnings, err := config.Load(config.Sources{Flags: flags, Environ: sys.Environ, Dir: "."})
	if err != nil {
		return nil, nil, usageError{err}
	}
	return c, warnings, nil
}

// newLogger logs to w at the configured level, for people on a terminal's error
// stream and for programs that collect it alike.
func newLogger(w io.Writer, level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(strings.ToUpper(level))); err != nil {
		l = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: l}))
}
