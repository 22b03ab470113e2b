package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/innoclaw/innoclaw/internal/version"
)

func newVersion(sys session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: sys.Say("Tell which build this is and whether it gets security fixes"),
		Args:  noArguments(sys),
		RunE: func(*cobra.Command, []string) error {
			info := version.Get()
			if asJSON {
				return writeJSON(sys.Out, info)
			}
			fmt.Fprintln(sys.Out, sys.Say("innoclaw %s (commit %s, %s)", info.Version, info.Commit, info.Go))
			fmt.Fprintln(sys.Out, sys.Say("Line %s; only the newest line gets security fixes.", info.Line))
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, sys.Say("print JSON"))
	return cmd
}
