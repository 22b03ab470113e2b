package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/innoclaw/innoclaw/internal/version"
)

func newVersion(sys System) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Tell which build this is and whether it gets security fixes",
		Args:  exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			info := version.Get()
			if asJSON {
				return json.NewEncoder(sys.Out).Encode(info)
			}
			fmt.Fprintf(sys.Out, "innoclaw %s (commit %s, %s)\n", info.Version, info.Commit, info.Go)
			fmt.Fprintf(sys.Out, "Line %s; only the newest line gets security fixes.\n", info.Line)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
