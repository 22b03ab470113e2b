package cli

import (
	"github.com/spf13/cobra"

	"github.com/innoclaw/innoclaw/internal/app"
)

func newOpenAPI(sys session) *cobra.Command {
	return &cobra.Command{
		Use:   "openapi",
		Short: sys.Say("Print the description of the HTTP API (OpenAPI 3.1)"),
		Args:  noArguments(sys),
		RunE: func(cmd *cobra.Command, _ []string) error {
			description, err := app.OpenAPI(cmd.Context())
			if err != nil {
				return err
			}
			_, err = sys.Out.Write(append(description, '\n'))
			return err
		},
	}
}
