package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"

	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/store"
)

func errCredentials() error {
	return server.Problem(http.StatusUnauthorized, "credentials", "Wrong e-mail address or password.")
}

// credential is what a password is checked against.
type credential struct {
	userID, hash string
	active       bool
}

// checkLogin returns the account of an e-mail address if the password is right.
// Unknown, suspended and passwordless accounts take the time of a wrong
// password and get the same answer.
func (s *Service) checkLogin(ctx context.Context, email, password, address string) (string, error) {
	if err := s.throttle.attempt(email, address); err != nil {
		return "", err
	}
	var c credential
	normal, err := normalEmail(email)
	if err == nil {
		c, err = s.credentialOf(ctx, "SELECT id, password_hash, is_active FROM users WHERE email = $1", normal)
		if err != nil {
			return "", err
		}
	}
	ok, err := s.checkCredential(ctx, c, password)
	if err != nil {
		return "", err
	}
	if !ok || !c.active || c.userID == LocalID {
		s.log.Info("sign-in refused", "user", c.userID, "remote", address, "id", server.RequestID(ctx))
		return "", errCredentials()
	}
	s.throttle.success(email, address)
	return c.userID, nil
}

// credentialOf reads one credential. A missing account gives an empty one.
func (s *Service) credentialOf(ctx context.Context, query, key string) (credential, error) {
	var c credential
	err := s.db.Read().QueryRowContext(ctx, query, key).Scan(&c.userID, &c.hash, &c.active)
	if errors.Is(err, sql.ErrNoRows) {
		return credential{}, nil
	}
	if err != nil {
		return credential{}, fmt.Errorf("read credential: %w", err)
	}
	return c, nil
}

// checkCredential checks a password and stores a fresh hash of it when the old
// one was made with other costs or by an earlier version.
func (s *Service) checkCredential(ctx context.Context, c credential, password string) (bool, error) {
	if len(password) > maxPassword {
		password = "" // costs no more than a short one, and matches nothing
		c.hash = ""
	}
	ok, outdated, err := s.hasher.verify(ctx, c.hash, password)
	if err != nil || !ok || !outdated {
		return ok, err
	}
	fresh, err := s.hasher.hash(ctx, password)
	if err != nil {
		return false, err
	}
	err = s.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		// Unless it was changed meanwhile.
		_, err := tx.ExecContext(ctx, "UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3", fresh, c.userID, c.hash)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("renew password hash: %w", err)
	}
	return true, nil
}

// signIn opens a session for an account.
func (s *Service) signIn(ctx context.Context, r *http.Request, userID string) (opened, error) {
	var o opened
	err := s.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var err error
		o, err = s.openSession(ctx, tx, r, userID)
		return err
	})
	if err != nil {
		return opened{}, fmt.Errorf("open session: %w", err)
	}
	s.changed()
	return o, nil
}

// changePassword sets a user's own password after checking the present one, and
// ends all of the user's sessions. When r is not nil it opens a new session for
// the browser that sent it. Tokens stay unless revokeTokens is set.
func (s *Service) changePassword(ctx context.Context, r *http.Request, caller server.Caller, current, next string, revokeTokens bool) (opened, error) {
	if err := checkPassword(next); err != nil {
		return opened{}, err
	}
	if err := s.throttle.attempt(caller.Email, server.ClientKey(r)); err != nil {
		return opened{}, err
	}
	c, err := s.credentialOf(ctx, "SELECT id, password_hash, is_active FROM users WHERE id = $1", caller.UserID)
	if err != nil {
		return opened{}, err
	}
	ok, err := s.checkCredential(ctx, c, current)
	if err != nil {
		return opened{}, err
	}
	if !ok {
		return opened{}, server.Forbidden("password_wrong", "The current password is not right.")
	}
	s.throttle.success(caller.Email, server.ClientKey(r))
	hash, err := s.hasher.hash(ctx, next)
	if err != nil {
		return opened{}, err
	}
	var o opened
	err = s.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := s.setHash(ctx, tx, caller.UserID, hash, revokeTokens); err != nil {
			return err
		}
		if caller.SessionID == "" {
			return nil
		}
		var err error
		o, err = s.openSession(ctx, tx, r, caller.UserID)
		return err
	})
	if err != nil {
		return opened{}, fmt.Errorf("change password: %w", err)
	}
	s.changed(Withdrawal{UserID: caller.UserID, SessionsOnly: !revokeTokens})
	return o, nil
}

// setHash stores a new password hash and ends all sessions of the account.
func (s *Service) setHash(ctx context.Context, tx *sql.Tx, userID, hash string, revokeTokens bool) error {
	result, err := tx.ExecContext(ctx, "UPDATE users SET password_hash = $1, updated_at = $2 WHERE id = $3 AND id <> $4",
		hash, store.Millis(s.now()), userID, LocalID)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, errNoUser())
	}
	return withdraw(ctx, tx, userID, revokeTokens)
}

// withdraw deletes all sessions of an account and, if asked, its tokens.
func withdraw(ctx context.Context, tx *sql.Tx, userID string, tokens bool) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM user_sessions WHERE user_id = $1", userID)
	if err == nil && tokens {
		_, err = tx.ExecContext(ctx, "DELETE FROM api_tokens WHERE user_id = $1", userID)
	}
	return err
}

// UserChange is what an administrator changes in an account. Nil fields stay.
type UserChange struct {
	Name, Role, Password *string
	IsActive             *bool
}

// UpdateUser changes an account. A new password or suspension ends the account's
// sessions and revokes its tokens at once.
func (s *Service) UpdateUser(ctx context.Context, id string, c UserChange) (User, error) {
	var hash string
	var err error
	if c.Name != nil {
		if *c.Name, err = normalName(*c.Name); err != nil {
			return User{}, err
		}
	}
	if c.Role != nil && *c.Role != RoleAdmin && *c.Role != RoleUser {
		return User{}, errRole()
	}
	if c.Password != nil {
		if err := checkPassword(*c.Password); err != nil {
			return User{}, err
		}
		if hash, err = s.hasher.hash(ctx, *c.Password); err != nil {
			return User{}, err
		}
	}
	var user User
	err = s.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		user, err = s.applyChange(ctx, tx, id, c, hash)
		return err
	})
	if err != nil {
		return User{}, fmt.Errorf("update user: %w", err)
	}
	suspended := c.IsActive != nil && !*c.IsActive
	if suspended || c.Password != nil || c.Role != nil {
		s.changed(Withdrawal{UserID: id, Suspended: suspended})
	} else {
		s.changed()
	}
	return user, nil
}

func (s *Service) applyChange(ctx context.Context, tx *sql.Tx, id string, c UserChange, hash string) (User, error) {
	if err := lockAdmins(ctx, tx); err != nil {
		return User{}, err
	}
	user, err := scanUser(tx.QueryRowContext(ctx, "SELECT "+userColumns+" FROM users WHERE id = $1 AND id <> $2", id, LocalID))
	if errors.Is(err, sql.ErrNoRows) {
		return User{}, errNoUser()
	}
	if err != nil {
		return User{}, err
	}
	wasAdmin := user.Role == RoleAdmin && user.IsActive
	if c.Name != nil {
		user.Name = *c.Name
	}
	if c.Role != nil {
		user.Role = *c.Role
	}
	if c.IsActive != nil {
		user.IsActive = *c.IsActive
	}
	now := store.Millis(s.now())
	user.UpdatedAt = store.Time(now).UTC()
	if _, err := tx.ExecContext(ctx, "UPDATE users SET name = $1, role = $2, is_active = $3, updated_at = $4 WHERE id = $5",
		user.Name, user.Role, user.IsActive, now, id); err != nil {
		return User{}, err
	}
	if hash != "" {
		if err := s.setHash(ctx, tx, id, hash, true); err != nil {
			return User{}, err
		}
	}
	if !user.IsActive {
		if err := withdraw(ctx, tx, id, true); err != nil {
			return User{}, err
		}
	}
	if wasAdmin && (user.Role != RoleAdmin || !user.IsActive) {
		return user, needAdmin(ctx, tx)
	}
	return user, nil
}

// lockAdmins locks the rows of all administrators, so that of two transactions
// that would each remove one of the last two, the second sees the first's work.
func lockAdmins(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, "UPDATE users SET role = role WHERE role = $1 AND id <> $2", RoleAdmin, LocalID)
	return err
}

// needAdmin refuses a transaction after which no administrator could sign in.
func needAdmin(ctx context.Context, tx *sql.Tx) error {
	var n int
	err := tx.QueryRowContext(ctx, "SELECT count(*) FROM users WHERE role = $1 AND is_active AND id <> $2", RoleAdmin, LocalID).Scan(&n)
	if err == nil && n == 0 {
		return errLastAdmin()
	}
	return err
}

// DeleteUser removes an account and gives what it owned to another.
func (s *Service) DeleteUser(ctx context.Context, id, transferTo string) error {
	if transferTo == "" || transferTo == id {
		return server.Invalid("transfer_required", "Say in transferToUserId who takes over the workspaces of this account.")
	}
	err := s.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := lockAdmins(ctx, tx); err != nil {
			return err
		}
		var n int
		err := tx.QueryRowContext(ctx, "SELECT count(*) FROM users WHERE id = $1 AND is_active AND id <> $2", transferTo, LocalID).Scan(&n)
		if err != nil {
			return err
		}
		if n == 0 {
			return server.Invalid("transfer_unknown", "The account in transferToUserId does not exist or is suspended.")
		}
		var role string
		if err := tx.QueryRowContext(ctx, "SELECT role FROM users WHERE id = $1 AND id <> $2", id, LocalID).Scan(&role); err != nil {
			if errors.Is(err, sql.ErrNoRows) {
				return errNoUser()
			}
			return err
		}
		if err := s.handOver(ctx, tx, id, transferTo); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM users WHERE id = $1", id); err != nil || role != RoleAdmin {
			return err
		}
		return needAdmin(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("delete user: %w", err)
	}
	s.changed(Withdrawal{UserID: id, Suspended: true})
	return nil
}

// SetPassword gives an account a new password, ends its sessions and revokes
// its tokens.
func (s *Service) SetPassword(ctx context.Context, id, password string) error {
	_, err := s.UpdateUser(ctx, id, UserChange{Password: &password})
	return err
}

// Deactivate suspends an account, ends its sessions and revokes its tokens.
func (s *Service) Deactivate(ctx context.Context, id string) error {
	active := false
	_, err := s.UpdateUser(ctx, id, UserChange{IsActive: &active})
	return err
}
