package identity

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/store"
)

// sessionSecretLength is the length of 32 random bytes in base64url.
const sessionSecretLength = 43

func newSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// Session is one signed-in browser.
type Session struct {
	ID         string    `json:"id"`
	Current    bool      `json:"current" doc:"Whether this request uses it."`
	UserAgent  string    `json:"userAgent"`
	RemoteAddr string    `json:"remoteAddr"`
	CreatedAt  time.Time `json:"createdAt"`
	LastSeenAt time.Time `json:"lastSeenAt"`
	ExpiresAt  time.Time `json:"expiresAt"`
}

// opened is a new session with the secret that only its browser may know.
type opened struct {
	id, secret string
	expiresAt  time.Time
}

// cookie is the Set-Cookie header that gives the session to the browser.
func (s *Service) cookie(r *http.Request, o opened) string {
	secure := s.secure(r)
	c := http.Cookie{
		Name: cookieName(secure), Value: o.secret, Path: "/", Expires: o.expiresAt,
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteStrictMode,
	}
	if o.secret == "" {
		c.MaxAge, c.Expires = -1, time.Time{}
	}
	return c.String()
}

// openSession makes a session in the place of the one that r carries, if any.
// It does nothing for accounts that are not active.
func (s *Service) openSession(ctx context.Context, tx *sql.Tx, r *http.Request, userID string) (opened, error) {
	now := s.now()
	o := opened{id: store.NewID(), secret: newSecret(), expiresAt: now.Add(s.lifetime)}
	if old, ok := sessionSecret(r, s.secure(r)); ok {
		if _, err := tx.ExecContext(ctx, "DELETE FROM user_sessions WHERE token_hash = $1", hashSecret(old)); err != nil {
			return opened{}, err
		}
	}
	result, err := tx.ExecContext(ctx, "UPDATE users SET last_login_at = $1 WHERE id = $2 AND is_active", store.Millis(now), userID)
	if err != nil {
		return opened{}, err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return opened{}, errCredentials()
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO user_sessions (id, user_id, token_hash, user_agent, remote_addr, created_at, last_seen_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $6, $7)`,
		o.id, userID, hashSecret(o.secret), printable(r.UserAgent(), 200), server.RemoteIP(r), store.Millis(now), store.Millis(o.expiresAt))
	return o, err
}

// Sessions lists a user's sessions that are still valid, newest first.
func (s *Service) Sessions(ctx context.Context, userID, currentID string) ([]Session, error) {
	now := store.Millis(s.now())
	rows, err := s.db.Read().QueryContext(ctx, `SELECT id, user_agent, remote_addr, created_at, last_seen_at, expires_at FROM user_sessions
		WHERE user_id = $1 AND expires_at > $2 AND last_seen_at > $3 ORDER BY last_seen_at DESC, id`, userID, now, now-s.idle.Milliseconds())
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	defer rows.Close() //nolint:errcheck // read only
	sessions := []Session{}
	for rows.Next() {
		var x Session
		var created, seen, expires int64
		if err := rows.Scan(&x.ID, &x.UserAgent, &x.RemoteAddr, &created, &seen, &expires); err != nil {
			return nil, fmt.Errorf("list sessions: %w", err)
		}
		x.Current = x.ID == currentID
		x.CreatedAt, x.LastSeenAt, x.ExpiresAt = store.Time(created).UTC(), store.Time(seen).UTC(), store.Time(expires).UTC()
		sessions = append(sessions, x)
	}
	return sessions, rows.Err()
}

// RevokeSession ends one session of a user.
func (s *Service) RevokeSession(ctx context.Context, userID, id string) error {
	err := s.deleteOwned(ctx, "DELETE FROM user_sessions WHERE id = $1 AND user_id = $2", id, userID)
	if err != nil {
		return err
	}
	s.changed(Withdrawal{UserID: userID, SessionID: id})
	return nil
}

// RevokeOtherSessions ends all sessions of a user but one.
func (s *Service) RevokeOtherSessions(ctx context.Context, userID, keepID string) error {
	err := s.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM user_sessions WHERE user_id = $1 AND id <> $2", userID, keepID)
		return err
	})
	if err != nil {
		return fmt.Errorf("revoke sessions: %w", err)
	}
	s.changed(Withdrawal{UserID: userID, SessionsOnly: true, Keep: keepID})
	return nil
}

// deleteOwned deletes one row, given by statement, of its owner.
func (s *Service) deleteOwned(ctx context.Context, statement, id, userID string) error {
	err := s.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, statement, id, userID)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if err == nil && n == 0 {
			return server.NotFound()
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("revoke %s: %w", id, err)
	}
	return nil
}

// printable makes a text of foreign origin fit to be stored and shown.
func printable(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return -1
		}
		return r
	}, text)
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "")
	}
	return text
}
