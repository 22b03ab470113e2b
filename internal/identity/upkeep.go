package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/store"
)

const (
	// noteEvery is how often the last use of sessions and tokens is written.
	noteEvery = time.Minute
	// purgeEvery is how often expired sessions are deleted.
	purgeEvery = time.Hour
)

// Run keeps the records in order until ctx ends: it notes when sessions and
// tokens were last used and deletes expired sessions.
func (s *Service) Run(ctx context.Context) {
	note, purge := time.NewTicker(noteEvery), time.NewTicker(purgeEvery)
	defer note.Stop()
	defer purge.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			// The last minute of use is still worth keeping.
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if err := s.NoteUse(last); err != nil {
				s.log.Warn("last use of sessions was not recorded", "error", err)
			}
			return
		case <-note.C:
			err = s.NoteUse(ctx)
		case <-purge.C:
			err = s.Purge(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Warn("upkeep of sessions failed", "error", err)
		}
	}
}

// NoteUse writes when sessions and tokens were last used.
func (s *Service) NoteUse(ctx context.Context) error {
	touched := s.cache.takeTouched()
	if len(touched) == 0 {
		return nil
	}
	err := s.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for key, at := range touched {
			query := "UPDATE user_sessions SET last_seen_at = $1 WHERE id = $2 AND last_seen_at < $1"
			if key.token {
				query = "UPDATE api_tokens SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $1)"
			}
			if _, err := tx.ExecContext(ctx, query, at, key.id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note use of %d credentials: %w", len(touched), err)
	}
	return nil
}

// Purge deletes sessions that have expired. Expired tokens stay in their
// owner's list, where they are shown as such.
func (s *Service) Purge(ctx context.Context) error {
	now := store.Millis(s.now())
	err := s.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM user_sessions WHERE expires_at <= $1 OR last_seen_at <= $2", now, now-s.idle.Milliseconds())
		return err
	})
	if err != nil {
		return fmt.Errorf("purge sessions: %w", err)
	}
	return nil
}

// sessionExpiry is when a session ends at the latest.
func (s *Service) sessionExpiry(ctx context.Context, id string) (time.Time, error) {
	var at int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT expires_at FROM user_sessions WHERE id = $1", id).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, server.Unauthorized()
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read session: %w", err)
	}
	return store.Time(at).UTC(), nil
}

// updateProfile changes what a person may change in their own account. Nil
// values stay.
func (s *Service) updateProfile(ctx context.Context, id string, name, language, theme *string) (User, error) {
	if name != nil {
		var err error
		if *name, err = normalName(*name); err != nil {
			return User{}, err
		}
	}
	var user User
	err := s.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE users SET name = COALESCE($1, name), language = COALESCE($2, language),
			theme = COALESCE($3, theme), updated_at = $4 WHERE id = $5`, name, language, theme, store.Millis(s.now()), id)
		if err != nil {
			return err
		}
		user, err = scanUser(tx.QueryRowContext(ctx, "SELECT "+userColumns+" FROM users WHERE id = $1", id))
		return err
	})
	if err != nil {
		return User{}, fmt.Errorf("update profile: %w", err)
	}
	s.changed()
	return user, nil
}
