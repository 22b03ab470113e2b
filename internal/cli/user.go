package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/innoclaw/innoclaw/internal/app"
	"github.com/innoclaw/innoclaw/internal/identity"
)

// withAccounts runs f on the accounts of the data folder's database.
func withAccounts(cmd *cobra.Command, sys System, f func(*identity.Service) error) error {
	c, _, err := loadConfig(cmd, sys, nil)
	if err != nil {
		return err
	}
	accounts, done, err := app.OpenAccounts(cmd.Context(), c, newLogger(sys.Err, "warn"))
	if err != nil {
		return err
	}
	defer done()
	return f(accounts)
}

func newUser(sys System) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Manage accounts",
		Long: `Manages the accounts in the data folder's database. It works while the server runs
and while it does not, for whoever may read the data folder.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newUserAdd(sys), newUserList(sys), newUserPassword(sys), newUserDisable(sys))
	return cmd
}

func newUserAdd(sys System) *cobra.Command {
	var name string
	var admin bool
	cmd := &cobra.Command{
		Use:     "add EMAIL",
		Short:   "Make an account; the password is read from the terminal or standard input",
		Example: "  innoclaw user add ada@example.org --name Ada --admin",
		Args:    exactly(1, "the new account's e-mail address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := readPassword(sys)
			if err != nil {
				return err
			}
			role := identity.RoleUser
			if admin {
				role = identity.RoleAdmin
			}
			return withAccounts(cmd, sys, func(s *identity.Service) error {
				u, err := s.CreateUser(cmd.Context(), identity.NewUser{Email: args[0], Name: name, Password: password, Role: role})
				if err != nil {
					return err
				}
				fmt.Fprintf(sys.Out, "Made the account of %s (%s).\n", u.Email, u.Role)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "name to show")
	cmd.Flags().BoolVar(&admin, "admin", false, "make an administrator")
	return cmd
}

func newUserList(sys System) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the accounts",
		Args:  exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withAccounts(cmd, sys, func(s *identity.Service) error {
				users, err := s.Users(cmd.Context())
				if err != nil {
					return err
				}
				if asJSON {
					return json.NewEncoder(sys.Out).Encode(users)
				}
				w := tabwriter.NewWriter(sys.Out, 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "E-MAIL\tNAME\tROLE\tSTATE")
				for _, u := range users {
					state := "active"
					if !u.IsActive {
						state = "disabled"
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", u.Email, u.Name, u.Role, state)
				}
				return w.Flush()
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newUserPassword(sys System) *cobra.Command {
	return &cobra.Command{
		Use:   "password EMAIL",
		Short: "Set a new password and end the account's sessions",
		Args:  exactly(1, "the account's e-mail address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := readPassword(sys)
			if err != nil {
				return err
			}
			return withUser(cmd, sys, args[0], func(s *identity.Service, u identity.User) error {
				if err := s.SetPassword(cmd.Context(), u.ID, password); err != nil {
					return err
				}
				fmt.Fprintf(sys.Out, "Changed the password of %s; all sessions have ended.\n", u.Email)
				return nil
			})
		},
	}
}

func newUserDisable(sys System) *cobra.Command {
	return &cobra.Command{
		Use:   "disable EMAIL",
		Short: "Disable an account at once; its sessions and tokens end",
		Args:  exactly(1, "the account's e-mail address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withUser(cmd, sys, args[0], func(s *identity.Service, u identity.User) error {
				if err := s.Deactivate(cmd.Context(), u.ID); err != nil {
					return err
				}
				fmt.Fprintf(sys.Out, "Disabled %s.\n", u.Email)
				return nil
			})
		},
	}
}

func withUser(cmd *cobra.Command, sys System, email string, f func(*identity.Service, identity.User) error) error {
	return withAccounts(cmd, sys, func(s *identity.Service) error {
		u, err := s.UserByEmail(cmd.Context(), email)
		if err != nil {
			return fmt.Errorf("account %s: %w", email, err)
		}
		return f(s, u)
	})
}

// maxPassword bounds what is read, in bytes; longer passwords are refused anyway.
const maxPassword = 4096

// readPassword reads a line without showing it on a terminal.
func readPassword(sys System) (string, error) {
	if f, ok := sys.In.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(sys.Err, "Password: ")
		first, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(sys.Err)
		if err != nil {
			return "", fmt.Errorf("read password: %w", err)
		}
		fmt.Fprint(sys.Err, "Again: ")
		second, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(sys.Err)
		if err != nil {
			return "", fmt.Errorf("read password: %w", err)
		}
		if string(first) != string(second) {
			return "", usagef("the two passwords differ")
		}
		return string(first), nil
	}
	line, err := bufio.NewReader(io.LimitReader(sys.In, maxPassword)).ReadString('\n')
	if err != nil && line == "" {
		return "", usagef("give the password as a line on standard input")
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func newToken(sys System) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Manage API tokens",
		Long: `Manages API tokens. A token lets a program act as an account, within its scopes:
read, write, or admin. Send it as "Authorization: Bearer TOKEN".`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTokenCreate(sys), newTokenList(sys), newTokenRevoke(sys))
	return cmd
}

func newTokenCreate(sys System) *cobra.Command {
	var email, name string
	var scopes []string
	var days int
	cmd := &cobra.Command{
		Use:     "create --user EMAIL --name NAME",
		Short:   "Make a token and print it; it is never shown again",
		Example: "  innoclaw token create --user ada@example.org --name nightly --scope read --days 90",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if email == "" || name == "" {
				return usagef("give --user and --name")
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
				fmt.Fprintf(sys.Err, "Token %s of %s, scopes %s. Keep it safe: it is not shown again.\n", token.Name, u.Email, strings.Join(token.Scopes, ", "))
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&email, "user", "", "e-mail address of the account")
	cmd.Flags().StringVar(&name, "name", "", "what the token is for")
	cmd.Flags().StringSliceVar(&scopes, "scope", []string{"read"}, "read, write or admin; may be given several times")
	cmd.Flags().IntVar(&days, "days", 0, "days until it expires; 0 means never")
	return cmd
}

func newTokenList(sys System) *cobra.Command {
	var email string
	cmd := &cobra.Command{
		Use:   "list --user EMAIL",
		Short: "List an account's tokens",
		Args:  exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if email == "" {
				return usagef("give --user")
			}
			return withUser(cmd, sys, email, func(s *identity.Service, u identity.User) error {
				tokens, err := s.Tokens(cmd.Context(), u.ID)
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(sys.Out, 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "ID\tNAME\tSCOPES\tEXPIRES")
				for _, t := range tokens {
					expires := "never"
					if t.ExpiresAt != nil {
						expires = t.ExpiresAt.Format(time.DateOnly)
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", t.ID, t.Name, strings.Join(t.Scopes, ","), expires)
				}
				return w.Flush()
			})
		},
	}
	cmd.Flags().StringVar(&email, "user", "", "e-mail address of the account")
	return cmd
}

func newTokenRevoke(sys System) *cobra.Command {
	var email string
	cmd := &cobra.Command{
		Use:   "revoke ID --user EMAIL",
		Short: "End a token at once",
		Args:  exactly(1, "the token's id, see innoclaw token list"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if email == "" {
				return usagef("give --user")
			}
			return withUser(cmd, sys, email, func(s *identity.Service, u identity.User) error {
				if err := s.RevokeToken(cmd.Context(), u.ID, args[0]); err != nil {
					return err
				}
				fmt.Fprintln(sys.Out, "Revoked.")
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&email, "user", "", "e-mail address of the account")
	return cmd
}
