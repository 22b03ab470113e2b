package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/innoclaw/innoclaw/internal/app"
	"github.com/innoclaw/innoclaw/internal/config"
	"github.com/innoclaw/innoclaw/internal/doctor"
)

func newDoctor(sys System) *cobra.Command {
	var asJSON, values bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check this installation and say how to mend what is wrong",
		Long: `Checks folders and their rights, disk, clock, port, database, what the kernel offers and
whether the configured model server can be reached (no question or text is sent). It
changes nothing. The exit code is 0 only if InnoClaw can be used.`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, warnings, err := loadConfig(cmd, sys, nil)
			var wrong *config.Error
			if errors.As(err, &wrong) {
				for _, p := range wrong.Problems {
					fmt.Fprintf(sys.Out, "%-9s settings: %s\n", "PROBLEM", p)
				}
				return errSaid
			}
			if err != nil {
				return err
			}
			findings := doctor.Run(cmd.Context(), app.DoctorInputs(c, warnings))
			if asJSON {
				if err := json.NewEncoder(sys.Out).Encode(findings); err != nil {
					return err
				}
			} else {
				printFindings(sys, findings)
				if values {
					printValues(sys, c)
				}
			}
			if !doctor.Usable(findings) {
				return errSaid
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&values, "settings", false, "list every setting with its value and where it came from")
	return cmd
}

func printFindings(sys System, findings []doctor.Finding) {
	for _, f := range findings {
		fmt.Fprintf(sys.Out, "%-9s %s: %s\n", strings.ToUpper(string(f.Status)), f.Name, f.Detail)
		if f.Fix != "" {
			fmt.Fprintf(sys.Out, "%-9s   %s\n", "", f.Fix)
		}
	}
}

func printValues(sys System, c *config.Config) {
	fmt.Fprintln(sys.Out)
	for _, s := range c.Settings() {
		v := c.Fixed(s.Key)
		text := v.Value
		if s.Type == config.Secret && text != "" || s.Key == "DATABASE_URL" && strings.Contains(text, "@") {
			text = "(set, not shown)"
		}
		fmt.Fprintf(sys.Out, "%-22s %-34s %s\n", s.Key, text, v.Origin)
	}
}
