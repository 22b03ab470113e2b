package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/innoclaw/innoclaw/internal/app"
	"github.com/innoclaw/innoclaw/internal/identity"
)

// withAccounts runs f on the accounts of the data folder's database.
func withAccounts(cmd *cobra.Command, sys session, f func(*identity.Service) error) error {
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

const userHelp = `Manages the accounts in the data folder's database. It works while the server runs
and while it does not, for whoever may read the data folder.`

func newUser(sys session) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: sys.Say("Manage accounts"),
		Long:  sys.Say(userHelp),
		Args:  group(sys),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newUserAdd(sys), newUserList(sys), newUserPassword(sys), newUserDisable(sys))
	return cmd
}

func newUserAdd(sys session) *cobra.Command {
	var name string
	var admin bool
	cmd := &cobra.Command{
		Use:     "add EMAIL",
		Short:   sys.Say("Make an account; the password is read from the terminal or standard input"),
		Example: "  innoclaw user add ada@example.org --name Ada --admin",
		Args:    exactly(sys, 1, sys.Say("the new account's e-mail address")),
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
				fmt.Fprintln(sys.Out, sys.Say("Made the account of %s (%s).", oneLine(u.Email), u.Role))
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&name, "name", "", sys.Say("the `NAME` to show (default: from the address)"))
	cmd.Flags().BoolVar(&admin, "admin", false, sys.Say("make an administrator"))
	return cmd
}

func newUserList(sys session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: sys.Say("List the accounts"),
		Args:  noArguments(sys),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withAccounts(cmd, sys, func(s *identity.Service) error {
				users, err := s.Users(cmd.Context())
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(sys.Out, users)
				}
				w := tabwriter.NewWriter(sys.Out, 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, sys.Say("E-MAIL\tNAME\tROLE\tSTATE"))
				for _, u := range users {
					state := sys.Say("active")
					if !u.IsActive {
						state = sys.Say("disabled")
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", oneLine(u.Email), oneLine(u.Name), u.Role, state)
				}
				return w.Flush()
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, sys.Say("print JSON"))
	return cmd
}

func newUserPassword(sys session) *cobra.Command {
	return &cobra.Command{
		Use:   "password EMAIL",
		Short: sys.Say("Set a new password and end the account's sessions"),
		Args:  exactly(sys, 1, sys.Say("the account's e-mail address")),
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := readPassword(sys)
			if err != nil {
				return err
			}
			return withUser(cmd, sys, args[0], func(s *identity.Service, u identity.User) error {
				if err := s.SetPassword(cmd.Context(), u.ID, password); err != nil {
					return err
				}
				fmt.Fprintln(sys.Out, sys.Say("Changed the password of %s; all sessions have ended.", oneLine(u.Email)))
				return nil
			})
		},
	}
}

func newUserDisable(sys session) *cobra.Command {
	return &cobra.Command{
		Use:   "disable EMAIL",
		Short: sys.Say("Disable an account, its sessions and tokens; a running server follows within two seconds"),
		Args:  exactly(sys, 1, sys.Say("the account's e-mail address")),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withUser(cmd, sys, args[0], func(s *identity.Service, u identity.User) error {
				if err := s.Deactivate(cmd.Context(), u.ID); err != nil {
					return err
				}
				fmt.Fprintln(sys.Out, sys.Say("Disabled %s.", oneLine(u.Email)))
				return nil
			})
		},
	}
}

func withUser(cmd *cobra.Command, sys session, email string, f func(*identity.Service, identity.User) error) error {
	return withAccounts(cmd, sys, func(s *identity.Service) error {
		u, err := s.UserByEmail(cmd.Context(), email)
		if err != nil {
			return sys.fail("account %s: %w", oneLine(email), err)
		}
		return f(s, u)
	})
}

// maxPassword bounds what is read, in bytes; longer passwords are refused anyway.
const maxPassword = 4096

// readPassword reads a line without showing it on a terminal.
func readPassword(sys session) (string, error) {
	if f, ok := sys.In.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(sys.Err, sys.Say("Password: "))
		first, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(sys.Err)
		if err != nil {
			return "", sys.fail("read password: %w", err)
		}
		fmt.Fprint(sys.Err, sys.Say("Again: "))
		second, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(sys.Err)
		if err != nil {
			return "", sys.fail("read password: %w", err)
		}
		if string(first) != string(second) {
			return "", sys.usage("the two passwords differ")
		}
		return string(first), nil
	}
	line, err := bufio.NewReader(io.LimitReader(sys.In, maxPassword)).ReadString('\n')
	if err != nil && line == "" {
		return "", sys.usage("give the password as a line on standard input")
	}
	return strings.TrimRight(line, "\r\n"), nil
}
