// Package cli is the command line: one file per command. Commands that work on a
// folder or on the data folder run in this process; nothing here needs a running
// server. Texts are English and, where the locale asks for it, Chinese (chinese.go).
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/innoclaw/innoclaw/internal/config"
	"github.com/innoclaw/innoclaw/internal/doctor"
	"github.com/innoclaw/innoclaw/internal/phrase"
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

// session is a System with the language of the person in front of it.
type session struct {
	System
	phrase.Book
}

// usageError is a mistake in how a command was called.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// usage makes a usageError; english may wrap an error with %w.
func (s session) usage(english string, args ...any) error {
	return usageError{s.fail(english, args...)}
}

// fail makes an error in the session's language.
func (s session) fail(english string, args ...any) error {
	if len(args) == 0 {
		return errors.New(s.Say(english))
	}
	return fmt.Errorf(s.Say(english), args...)
}

// errUnsupported ends ask when nothing supports an answer. It has been said already.
var errUnsupported = errors.New("no supported answer")

// errSaid ends a command with a failure that has been said already.
var errSaid = errors.New("failed")

// Run carries out one command line and gives the exit code.
func Run(ctx context.Context, args []string, sys System) int {
	s := session{System: sys, Book: phrase.Choose(sys.Environ, doctor.Chinese(), messages(), chinese(), chineseHelp())}
	root := newRoot(s)
	begun := false // what goes wrong before is a mistake in the call
	root.PersistentPreRun = func(*cobra.Command, []string) { begun = true }
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
	case ctx.Err() != nil:
		fmt.Fprintln(s.Err, s.Say("innoclaw: stopped"))
		return exitFailed
	case !begun, errors.As(err, &usage):
		fmt.Fprintf(s.Err, "innoclaw: %s\n%s\n", plain(s.describe(err)), s.Say("See: innoclaw help"))
		return exitUsage
	}
	fmt.Fprintf(s.Err, "innoclaw: %s\n", plain(s.describe(err)))
	return exitFailed
}

// describe says an error to a person. Errors with a text of their own for people
// give just that.
func (s session) describe(err error) string {
	if public, ok := errors.AsType[interface {
		error
		Public() string
	}](err); ok {
		return s.Say(public.Public())
	}
	var unknown *pflag.NotExistError
	var incomplete *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		return s.Say("there is no flag %q", unknown.GetSpecifiedName())
	case errors.As(err, &incomplete):
		return s.Say("the flag --%s needs a value", incomplete.GetFlag().Name)
	case errors.As(err, &invalid):
		return s.Say("%q does not fit the flag --%s", invalid.GetValue(), invalid.GetFlag().Name)
	}
	return err.Error()
}

func newRoot(sys session) *cobra.Command {
	root := &cobra.Command{
		Use:           "innoclaw",
		Short:         sys.Say("A research workspace on your own server"),
		Long:          sys.Say(rootHelp),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          group(sys),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(sys.In)
	root.SetOut(sys.Out)
	root.SetErr(sys.Err)
	root.PersistentFlags().String("data", "", sys.Say("the data folder `DIR` (default: DATA_DIR, else ./data)"))
	root.AddCommand(newServe(sys), newAsk(sys), newSearch(sys), newDoctor(sys), newUser(sys), newToken(sys), newVersion(sys), newOpenAPI(sys))
	root.SetHelpCommand(newHelp(sys))
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { writeHelp(sys, cmd) })
	root.CompletionOptions.HiddenDefaultCmd = true
	addHelpFlag(sys, root)
	return root
}

// exactly is cobra.ExactArgs with an error that says what was expected.
func exactly(sys session, n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return sys.usage("expected %s", what)
		}
		return nil
	}
}

func noArguments(sys session) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return sys.usage("%q is too much: this command takes flags only", args[0])
		}
		return nil
	}
}

// group is for commands that only hold others: whatever stands there is unknown.
func group(sys session) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		cmd.SuggestionsMinimumDistance = 2 // letters
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			return sys.usage("there is no command %q; did you mean %s?", args[0], strings.Join(near, ", "))
		}
		return sys.usage("there is no command %q", args[0])
	}
}

// loadConfig reads the settings with the flags of cmd on top.
func loadConfig(cmd *cobra.Command, sys session, more map[string]string) (*config.Config, []string, error) {
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
