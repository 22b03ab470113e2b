package identity

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/store"
)

// TokenPrefix begins every API token, so that people and scanners know one.
const TokenPrefix = "ict_"

// maxTokens bounds the API tokens of one account.
const maxTokens = 100

// Token is an API token as its owner may see it: without its value.
type Token struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Scopes     []string   `json:"scopes" enum:"read,write,admin"`
	CreatedAt  time.Time  `json:"createdAt"`
	ExpiresAt  *time.Time `json:"expiresAt" doc:"Null: never."`
	LastUsedAt *time.Time `json:"lastUsedAt" doc:"Null: never. Exact to a minute."`
}

// NewToken describes a token to make. A zero ExpiresAt means never.
type NewToken struct {
	Name      string
	Scopes    []string
	ExpiresAt time.Time
}

// CreateToken makes a token for a user. The value is shown this once; only its
// hash is stored.
func (s *Service) CreateToken(ctx context.Context, userID string, n NewToken) (value string, t Token, err error) {
	now := s.now()
	if n.Name, err = normalName(n.Name); err != nil {
		return "", Token{}, err
	}
	scopes, err := normalScopes(n.Scopes)
	if err != nil {
		return "", Token{}, err
	}
	if !n.ExpiresAt.IsZero() && !n.ExpiresAt.After(now) {
		return "", Token{}, server.Invalid("expiry_invalid", "The token's expiry must lie in the future.")
	}
	value = TokenPrefix + newSecret()
	t = Token{ID: store.NewID(), Name: n.Name, Scopes: scopes, CreatedAt: store.Time(store.Millis(now)).UTC()}
	var expires sql.NullInt64
	if !n.ExpiresAt.IsZero() {
		expires = sql.NullInt64{Int64: store.Millis(n.ExpiresAt), Valid: true}
		at := store.Time(expires.Int64).UTC()
		t.ExpiresAt = &at
	}
	err = s.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return insertToken(ctx, tx, userID, t, hashSecret(value), expires)
	})
	if err != nil {
		return "", Token{}, fmt.Errorf("create token: %w", err)
	}
	return value, t, nil
}

func insertToken(ctx context.Context, tx *sql.Tx, userID string, t Token, hash string, expires sql.NullInt64) error {
	var role string
	var active bool
	err := tx.QueryRowContext(ctx, "SELECT role, is_active FROM users WHERE id = $1", userID).Scan(&role, &active)
	if err == sql.ErrNoRows || err == nil && !active { //nolint:errorlint // database/sql returns it unwrapped
		return errNoUser()
	}
	if err != nil {
		return err
	}
	if role != RoleAdmin && slices.Contains(t.Scopes, server.ScopeAdmin) {
		return server.Forbidden("scope_forbidden", "Only administrators can have tokens with the scope admin.")
	}
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM api_tokens WHERE user_id = $1", userID).Scan(&n); err != nil {
		return err
	}
	if n >= maxTokens {
		return server.Conflict("too_many_tokens", fmt.Sprintf("There are %d tokens already. Delete one first.", maxTokens))
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO api_tokens (id, user_id, name, token_hash, scopes, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		t.ID, userID, t.Name, hash, strings.Join(t.Scopes, " "), store.Millis(t.CreatedAt), expires)
	return err
}

// normalScopes checks scopes and brings them into order, each once.
func normalScopes(scopes []string) ([]string, error) {
	var normal []string
	for _, scope := range []string{server.ScopeRead, server.ScopeWrite, server.ScopeAdmin} {
		if slices.Contains(scopes, scope) {
			normal = append(normal, scope)
		}
	}
	unknown := slices.ContainsFunc(scopes, func(scope string) bool { return !slices.Contains(normal, scope) })
	if len(normal) == 0 || unknown {
		return nil, server.Invalid("scope_invalid", "Scopes are read, write and admin; give at least one.")
	}
	return normal, nil
}

// Tokens lists a user's API tokens, newest first.
func (s *Service) Tokens(ctx context.Context, userID string) ([]Token, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT id, name, scopes, created_at, expires_at, last_used_at FROM api_tokens
		WHERE user_id = $1 ORDER BY created_at DESC, id`, userID)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	defer rows.Close() //nolint:errcheck // read only
	tokens := []Token{}
	for rows.Next() {
		var t Token
		var scopes string
		var created int64
		var expires, used sql.NullInt64
		if err := rows.Scan(&t.ID, &t.Name, &scopes, &created, &expires, &used); err != nil {
			return nil, fmt.Errorf("list tokens: %w", err)
		}
		t.Scopes, t.CreatedAt = strings.Fields(scopes), store.Time(created).UTC()
		t.ExpiresAt, t.LastUsedAt = timeOf(expires), timeOf(used)
		tokens = append(tokens, t)
	}
	return tokens, rows.Err()
}

// RevokeToken deletes one token of a user.
func (s *Service) RevokeToken(ctx context.Context, userID, id string) error {
	err := s.deleteOwned(ctx, "DELETE FROM api_tokens WHERE id = $1 AND user_id = $2", id, userID)
	if err != nil {
		return err
	}
	s.changed(Withdrawal{UserID: userID, TokenID: id})
	return nil
}

func timeOf(ms sql.NullInt64) *time.Time {
	if !ms.Valid {
		return nil
	}
	t := store.Time(ms.Int64).UTC()
	return &t
}
