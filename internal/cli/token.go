package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/innoclaw/innoclaw/internal/identity"
)

const tokenHelp = `Manages API tokens. A token lets a program act as an account, within its scopes:
read, write, or admin. Send it as "Authorization: Bearer TOKEN".`

func newToken(sys session) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: sys.Say("Manage API tokens"),
		Long:  sys.Say(tokenHelp),
		Args:  group(sys),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTokenCreate(sys), newTokenList(sys), newTokenRevoke(sys))
	return cmd
}

// maxTokenDays bounds how far ahead a token may expire.
const maxTokenDays = 3650

func newTokenCreate(sys session) *cobra.Command {
	var email, name string
	var scopes []string
	var days int
	cmd := &cobra.Command{
		Use:     "create --user EMAIL --name NAME",
		Short:   sys.Say("Make a token and print it; it is never shown again"),
		Example: "  innoclaw token create --user ada@example.org --name nightly --scope read --days 90",
		Args:    noArguments(sys),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if email == "" || name == "" {
				return sys.usage("give --user and --name")
			}
			if days < 0 || days > maxTokenDays {
				return sys.usage("--days takes a number from 0 to %d", maxTokenDays)
			}
			return withUser(cmd, sys, email, func(s *identity.Service, u identity.User) error {
				request := identity.NewToken{Name: name, Scopes: scopes}
				if days > 0 {
					request.ExpiresAt = time.Now().AddDate(0, 0, days)
				}
				value, token, err := s.CreateToken(cmd.Context(), u.ID, request)
				if err != nil {
					return err
				}
				fmt.Fprintln(sys.Out, value)
				fmt.Fprintln(sys.Err, sys.Say("Token %s of %s, scopes %s. Keep it safe: it is not shown again.", oneLine(token.Name), oneLine(u.Email), strings.Join(token.Scopes, ", ")))
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&email, "user", "", sys.Say("the account's address `EMAIL`"))
	cmd.Flags().StringVar(&name, "name", "", sys.Say("what the token is for, its `NAME`"))
	cmd.Flags().StringSliceVar(&scopes, "scope", []string{"read"}, sys.Say("`SCOPE` read, write or admin; may be given several times (default read)"))
	cmd.Flags().IntVar(&days, "days", 0, sys.Say("`DAYS` until it expires; 0 means never (default 0)"))
	return cmd
}

func newTokenList(sys session) *cobra.Command {
	var email string
	cmd := &cobra.Command{
		Use:   "list --user EMAIL",
		Short: sys.Say("List an account's tokens"),
		Args:  noArguments(sys),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if email == "" {
				return sys.usage("give --user")
			}
			return withUser(cmd, sys, email, func(s *identity.Service, u identity.User) error {
				tokens, err := s.Tokens(cmd.Context(), u.ID)
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(sys.Out, 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, sys.Say("ID\tNAME\tSCOPES\tEXPIRES"))
				for _, t := range tokens {
					expires := sys.Say("never")
					if t.ExpiresAt != nil {
						expires = t.ExpiresAt.Format(time.DateOnly)
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", t.ID, oneLine(t.Name), strings.Join(t.Scopes, ","), expires)
				}
				return w.Flush()
			})
		},
	}
	cmd.Flags().StringVar(&email, "user", "", sys.Say("the account's address `EMAIL`"))
	return cmd
}

func newTokenRevoke(sys session) *cobra.Command {
	var email string
	cmd := &cobra.Command{
		Use:   "revoke ID --user EMAIL",
		Short: sys.Say("End a token; a running server follows within two seconds"),
		Args:  exactly(sys, 1, sys.Say("the token's id, see innoclaw token list")),
		RunE: func(cmd *cobra.Command, args []string) error {
			if email == "" {
				return sys.usage("give --user")
			}
			return withUser(cmd, sys, email, func(s *identity.Service, u identity.User) error {
				if err := s.RevokeToken(cmd.Context(), u.ID, args[0]); err != nil {
					return err
				}
				fmt.Fprintln(sys.Out, sys.Say("Revoked."))
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&email, "user", "", sys.Say("the account's address `EMAIL`"))
	return cmd
}
