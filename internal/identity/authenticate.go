package identity

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/store"
)

// cacheFor is how long a credential is believed without asking the database.
// Within one process a change is seen at once; this bounds the delay between
// several servers on one database.
const cacheFor = 2 * time.Second

// maxCached bounds the remembered credentials.
const maxCached = 10_000

type digest [sha256.Size]byte

// remembered is a credential as it was in the database a moment ago.
type remembered struct {
	caller    server.Caller
	expiresAt time.Time // zero: never
	until     time.Time // ask again after this
}

// cache remembers valid credentials for a moment.
type cache struct {
	mu      sync.RWMutex
	gen     uint64 // raised by clear, so that a read that began before is not kept
	entries map[digest]remembered
	// touched holds when sessions and tokens were last used, until it is
	// written to the database.
	touched map[touch]int64
}

type touch struct {
	token bool
	id    string
}

func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gen++
	c.entries = map[digest]remembered{}
	if c.touched == nil {
		c.touched = map[touch]int64{}
	}
}

// get returns a credential that may still be believed, and the generation to
// give to put otherwise.
func (c *cache) get(d digest, now time.Time) (r remembered, ok bool, gen uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	r, ok = c.entries[d]
	return r, ok && now.Before(r.until), c.gen
}

func (c *cache) put(d digest, r remembered, gen uint64, now time.Time) {
	key := touch{id: r.caller.SessionID}
	if r.caller.TokenID != "" {
		key = touch{token: true, id: r.caller.TokenID}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.touched[key] = store.Millis(now)
	if c.gen != gen {
		return
	}
	if len(c.entries) >= maxCached {
		clear(c.entries)
	}
	c.entries[d] = r
}

// takeTouched returns the uses since the last call.
func (c *cache) takeTouched() map[touch]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := maps.Clone(c.touched)
	clear(c.touched)
	return taken
}

// Authenticate implements server.Authenticator. An Authorization header, when
// there is one, is all that counts: a wrong token never falls back to a cookie.
func (s *Service) Authenticate(r *http.Request) (server.Caller, bool, error) {
	if s.mode == Disabled {
		return server.Caller{UserID: LocalID, Email: "local@localhost", Name: "Local", Role: RoleAdmin}, true, nil
	}
	if header := r.Header["Authorization"]; len(header) > 0 {
		token, ok := bearer(header)
		if !ok {
			return server.Caller{}, false, nil
		}
		return s.lookup(r.Context(), digest(sha256.Sum256([]byte(token))), s.callerOfToken)
	}
	secret, ok := sessionSecret(r, s.secure(r))
	if !ok {
		return server.Caller{}, false, nil
	}
	return s.lookup(r.Context(), digest(sha256.Sum256([]byte(secret))), s.callerOfSession)
}

func (s *Service) lookup(ctx context.Context, d digest, read func(context.Context, string, time.Time) (remembered, error)) (server.Caller, bool, error) {
	now := s.now()
	r, ok, gen := s.cache.get(d, now)
	if !ok {
		var err error
		r, err = read(ctx, hex.EncodeToString(d[:]), now)
		if errors.Is(err, sql.ErrNoRows) {
			return server.Caller{}, false, nil
		}
		if err != nil {
			return server.Caller{}, false, fmt.Errorf("look up credential: %w", err)
		}
	}
	if !r.expiresAt.IsZero() && !now.Before(r.expiresAt) {
		return server.Caller{}, false, nil
	}
	if !ok {
		r.until = now.Add(cacheFor)
		s.cache.put(d, r, gen, now)
	}
	return r.caller, true, nil
}

// callerOfSession reads a session of an active account.
func (s *Service) callerOfSession(ctx context.Context, hash string, _ time.Time) (remembered, error) {
	var r remembered
	var seen, expires int64
	c := &r.caller
	err := s.db.Read().QueryRowContext(ctx, `SELECT s.id, s.last_seen_at, s.expires_at, u.id, u.email, u.name, u.role
		FROM user_sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = $1 AND u.is_active`, hash).
		Scan(&c.SessionID, &seen, &expires, &c.UserID, &c.Email, &c.Name, &c.Role)
	r.expiresAt = store.Time(min(expires, seen+s.idle.Milliseconds()))
	return r, err
}

// callerOfToken reads an API token of an active account.
func (s *Service) callerOfToken(ctx context.Context, hash string, _ time.Time) (remembered, error) {
	var r remembered
	var scopes string
	var expires sql.NullInt64
	c := &r.caller
	err := s.db.Read().QueryRowContext(ctx, `SELECT t.id, t.scopes, t.expires_at, u.id, u.email, u.name, u.role
		FROM api_tokens t JOIN users u ON u.id = t.user_id WHERE t.token_hash = $1 AND u.is_active`, hash).
		Scan(&c.TokenID, &scopes, &expires, &c.UserID, &c.Email, &c.Name, &c.Role)
	c.Scopes = strings.Fields(scopes)
	if expires.Valid {
		r.expiresAt = store.Time(expires.Int64)
	}
	return r, err
}

// bearer reads the one API token of an Authorization header.
func bearer(header []string) (string, bool) {
	if len(header) != 1 {
		return "", false
	}
	scheme, token, ok := strings.Cut(header[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || !strings.HasPrefix(token, TokenPrefix) || len(token) > 100 {
		return "", false
	}
	return token, true
}

// secure tells whether r's cookies are those of a protected connection.
func (s *Service) secure(r *http.Request) bool { return s.secureCookies || r.TLS != nil }

func cookieName(secure bool) string {
	if secure {
		return server.SecurePrefix + server.SessionCookie
	}
	return server.SessionCookie
}

// sessionSecret reads the session cookie.
func sessionSecret(r *http.Request, secure bool) (string, bool) {
	if len(r.Header["Cookie"]) == 0 {
		return "", false
	}
	cookie, err := r.Cookie(cookieName(secure))
	if err != nil || len(cookie.Value) != sessionSecretLength {
		return "", false
	}
	return cookie.Value, true
}

func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
