package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/store"
)

// Roles.
const (
	RoleAdmin = server.RoleAdmin
	RoleUser  = "user"
)

// LocalID is the account that everyone is when authentication is disabled. It
// is no account to sign in with and is not listed.
const LocalID = "local"

// User is an account as its owner and administrators may see it.
type User struct {
	ID          string     `json:"id"`
	Email       string     `json:"email"`
	Name        string     `json:"name"`
	Role        string     `json:"role" enum:"admin,user"`
	IsActive    bool       `json:"isActive"`
	Language    string     `json:"language" doc:"Preferred language, empty for the browser's."`
	Theme       string     `json:"theme" doc:"light, dark or empty for the system's."`
	LastLoginAt *time.Time `json:"lastLoginAt"`
	CreatedAt   time.Time  `json:"createdAt"`
	UpdatedAt   time.Time  `json:"updatedAt"`
}

// NewUser describes an account to make. An empty name becomes the part of the
// e-mail address before the @, an empty role RoleUser.
type NewUser struct {
	Email, Name, Password, Role string
}

const userColumns = "id, email, name, role, is_active, language, theme, last_login_at, created_at, updated_at"

func scanUser(row interface{ Scan(...any) error }) (User, error) {
	var u User
	var login sql.NullInt64
	var created, updated int64
	err := row.Scan(&u.ID, &u.Email, &u.Name, &u.Role, &u.IsActive, &u.Language, &u.Theme, &login, &created, &updated)
	if err != nil {
		return User{}, err
	}
	if login.Valid {
		at := store.Time(login.Int64).UTC()
		u.LastLoginAt = &at
	}
	u.CreatedAt, u.UpdatedAt = store.Time(created).UTC(), store.Time(updated).UTC()
	return u, nil
}

// Users lists the accounts, oldest first.
func (s *Service) Users(ctx context.Context) ([]User, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+userColumns+" FROM users WHERE id <> $1 ORDER BY created_at, id", LocalID)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	defer rows.Close() //nolint:errcheck // read only
	users := []User{}
	for rows.Next() {
		u, err := scanUser(rows)
		if err != nil {
			return nil, fmt.Errorf("list users: %w", err)
		}
		users = append(users, u)
	}
	return users, rows.Err()
}

// User returns one account.
func (s *Service) User(ctx context.Context, id string) (User, error) {
	u, err := scanUser(s.db.Read().QueryRowContext(ctx, "SELECT "+userColumns+" FROM users WHERE id = $1", id))
	if errors.Is(err, sql.ErrNoRows) {
		return User{}, errNoUser()
	}
	if err != nil {
		return User{}, fmt.Errorf("read user %s: %w", id, err)
	}
	return u, nil
}

// UserByEmail returns the account of an e-mail address.
func (s *Service) UserByEmail(ctx context.Context, email string) (User, error) {
	email, err := normalEmail(email)
	if err != nil {
		return User{}, err
	}
	u, err := scanUser(s.db.Read().QueryRowContext(ctx, "SELECT "+userColumns+" FROM users WHERE email = $1 AND id <> $2", email, LocalID))
	if errors.Is(err, sql.ErrNoRows) {
		return User{}, errNoUser()
	}
	if err != nil {
		return User{}, fmt.Errorf("read user: %w", err)
	}
	return u, nil
}

// CreateUser makes an account. The very first one takes over what the local
// account owns.
func (s *Service) CreateUser(ctx context.Context, n NewUser) (User, error) {
	return s.create(ctx, n, func(bool) error { return nil })
}

// create makes an account if check, which is told whether it would be the first
// one, allows it inside the transaction.
func (s *Service) create(ctx context.Context, n NewUser, check func(first bool) error) (User, error) {
	n, err := normalUser(n)
	if err != nil {
		return User{}, err
	}
	hash, err := s.hasher.hash(ctx, n.Password)
	if err != nil {
		return User{}, err
	}
	id, now := store.NewID(), store.Millis(s.now())
	var user User
	err = s.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		first, err := s.lockFirst(ctx, tx, now)
		if err != nil {
			return err
		}
		if err := check(first); err != nil {
			return err
		}
		var taken int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM users WHERE email = $1", n.Email).Scan(&taken); err != nil {
			return err
		}
		if taken > 0 {
			return errEmailTaken()
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO users (id, email, name, password_hash, role, is_active, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $7)`, id, n.Email, n.Name, hash, n.Role, true, now); err != nil {
			return err
		}
		if first {
			if err := s.handOver(ctx, tx, LocalID, id); err != nil {
				return err
			}
		}
		user, err = scanUser(tx.QueryRowContext(ctx, "SELECT "+userColumns+" FROM users WHERE id = $1", id))
		return err
	})
	if store.IsUnique(err) {
		err = errEmailTaken()
	}
	if err != nil {
		return User{}, fmt.Errorf("create user: %w", err)
	}
	s.hasAccounts.Store(true)
	return user, nil
}

// lockFirst tells whether there is no account yet. It holds a lock on the local
// account's row, so that of two transactions that would both make the first
// account, the second waits and then finds the first's.
func (s *Service) lockFirst(ctx context.Context, tx *sql.Tx, now int64) (bool, error) {
	if err := upsertLocal(ctx, tx, now); err != nil {
		return false, err
	}
	var n int
	err := tx.QueryRowContext(ctx, "SELECT count(*) FROM users WHERE id <> $1", LocalID).Scan(&n)
	return n == 0, err
}

func upsertLocal(ctx context.Context, tx *sql.Tx, now int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO users (id, email, name, password_hash, role, is_active, created_at, updated_at)
		VALUES ($1, $2, 'Local', '', 'admin', $3, $4, $4) ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at`,
		LocalID, "local@localhost", true, now)
	return err
}

// handOver gives what one account owns to another.
func (s *Service) handOver(ctx context.Context, tx *sql.Tx, from, to string) error {
	for _, transfer := range s.transfers {
		if err := transfer(ctx, tx, from, to); err != nil {
			return fmt.Errorf("transfer from %s to %s: %w", from, to, err)
		}
	}
	return nil
}

func normalUser(n NewUser) (NewUser, error) {
	var err error
	if n.Email, err = normalEmail(n.Email); err != nil {
		return n, err
	}
	if err := checkPassword(n.Password); err != nil {
		return n, err
	}
	if n.Role == "" {
		n.Role = RoleUser
	}
	if n.Role != RoleAdmin && n.Role != RoleUser {
		return n, errRole()
	}
	if strings.TrimSpace(n.Name) == "" {
		n.Name, _, _ = strings.Cut(n.Email, "@")
	}
	n.Name, err = normalName(n.Name)
	return n, err
}

// normalEmail checks an e-mail address and brings it into the form in which it
// is stored.
func normalEmail(email string) (string, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	if email == "" {
		return "", server.Invalid("email_missing", "Missing e-mail address.")
	}
	address, err := mail.ParseAddress(email)
	if err != nil || address.Address != email || len(email) > 254 || strings.ContainsFunc(email, unicode.IsControl) || !utf8.ValidString(email) {
		return "", server.Invalid("email_invalid", "This is not an e-mail address.")
	}
	return email, nil
}

const maxName = 200 // characters

func normalName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, unicode.IsControl) || !utf8.ValidString(name) {
		return "", server.Invalid("name_invalid", fmt.Sprintf("Give a name of at most %d characters, without line breaks.", maxName))
	}
	return name, nil
}

func errNoUser() error     { return server.Problem(404, "user_not_found", "User not found.") }
func errRole() error       { return server.Invalid("role_invalid", "Role must be admin or user.") }
func errEmailTaken() error { return server.Conflict("email_taken", "Email is already registered.") }
func errLastAdmin() error {
	return server.Invalid("last_admin", "Cannot remove the last active administrator.")
}
