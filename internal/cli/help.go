package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// rootHelp is what a newcomer reads first.
const rootHelp = `InnoClaw answers questions from the files of a folder, with citations that are
checked against the text.

  innoclaw serve                          start the server and its web application
  innoclaw ask --folder DIR "question"    one answer, without a server
  innoclaw search --folder DIR "words"    find passages, without a server
  innoclaw doctor                         check this installation

Settings come from flags, the environment and .env.local, in that order.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no supported answer.`

func newHelp(sys session) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "help COMMAND",
		Short: sys.Say("Explain a command"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Root().Help()
			}
			found, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return sys.usage("there is no command %q", strings.Join(args, " "))
			}
			return found.Help()
		},
	}
	addHelpFlag(sys, cmd)
	return cmd
}

// addHelpFlag gives cmd and all below it a --help flag in the session's language.
func addHelpFlag(sys session, cmd *cobra.Command) {
	cmd.Flags().BoolP("help", "h", false, sys.Say("explain this command"))
	for _, sub := range cmd.Commands() {
		addHelpFlag(sys, sub)
	}
}

func writeHelp(sys session, cmd *cobra.Command) {
	var out strings.Builder
	text := cmd.Long
	if text == "" {
		text = cmd.Short
	}
	fmt.Fprintf(&out, "%s\n\n%s\n  %s\n", text, sys.Say("Usage:"), useLine(cmd))
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&out, "\n%s\n", sys.Say("Commands:"))
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				fmt.Fprintf(&out, "  %-10s %s\n", sub.Name(), sub.Short)
			}
		}
	}
	if cmd.Example != "" {
		fmt.Fprintf(&out, "\n%s\n%s\n", sys.Say("Examples:"), cmd.Example)
	}
	writeFlags(&out, sys.Say("Flags:"), cmd.LocalFlags(), cmd)
	writeFlags(&out, sys.Say("Flags of every command:"), cmd.InheritedFlags(), cmd)
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&out, "\n%s\n", sys.Say("More about a command: %s COMMAND --help", cmd.CommandPath()))
	}
	fmt.Fprint(sys.Out, out.String())
}

func useLine(cmd *cobra.Command) string {
	if cmd.HasAvailableSubCommands() {
		return cmd.CommandPath() + " COMMAND"
	}
	return strings.TrimSuffix(cmd.UseLine(), " [flags]")
}

// flagWidth is that of the column with the flags' names.
const flagWidth = 24

func writeFlags(out *strings.Builder, title string, flags *pflag.FlagSet, cmd *cobra.Command) {
	var lines []string
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		argument, usage := pflag.UnquoteUsage(f)
		name := "    --" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", --" + f.Name
		}
		lines = append(lines, fmt.Sprintf("  %-*s %s\n", flagWidth, strings.TrimRight(name+" "+argument, " "), usage))
	})
	if len(lines) > 0 {
		fmt.Fprintf(out, "\n%s\n%s", title, strings.Join(lines, ""))
	}
}
