package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/innoclaw/innoclaw/internal/server"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/scrypt"
)

// Limits of passwords, in bytes.
const (
	minPassword = 8
	maxPassword = 1024
)

// HashParams are the costs of argon2id.
type HashParams struct {
	MemoryKiB, Passes uint32
	Threads           uint8
}

// defaultHash is OWASP's recommendation with the least memory.
var defaultHash = HashParams{MemoryKiB: 19 * 1024, Passes: 2, Threads: 1}

const (
	saltBytes = 16
	keyBytes  = 32
	// maxWaiting bounds the requests that wait for a free hashing slot.
	maxWaiting = 64
)

// hasher computes password hashes, a few at a time: each costs memory and a
// processor for tens of milliseconds.
type hasher struct {
	params  HashParams
	slots   chan struct{}
	waiting atomic.Int64
	dummy   string // hash of nothing, for accounts that do not exist
}

func newHasher(params HashParams) *hasher {
	if params == (HashParams{}) {
		params = defaultHash
	}
	h := &hasher{params: params, slots: make(chan struct{}, min(4, max(1, runtime.GOMAXPROCS(0))))}
	h.dummy = h.encode(make([]byte, saltBytes), make([]byte, keyBytes))
	return h
}

// acquire waits for a slot.
func (h *hasher) acquire(ctx context.Context) error {
	if h.waiting.Add(1) > maxWaiting {
		h.waiting.Add(-1)
		return server.WithHeader(server.Problem(http.StatusServiceUnavailable, "busy",
			"Too many people are signing in right now. Try again in a moment."), "Retry-After", "2")
	}
	defer h.waiting.Add(-1)
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hash returns the PHC string of password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	if err := h.acquire(ctx); err != nil {
		return "", err
	}
	defer func() { <-h.slots }()
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails
	key := argon2.IDKey([]byte(password), salt, h.params.Passes, h.params.MemoryKiB, h.params.Threads, keyBytes)
	return h.encode(salt, key), nil
}

func (h *hasher) encode(salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.params.MemoryKiB, h.params.Passes, h.params.Threads, b64.EncodeToString(salt), b64.EncodeToString(key))
}

// verify tells whether password belongs to encoded. An empty or broken hash
// takes the time of a real one and matches nothing. Outdated asks the caller to
// store a fresh hash of the password.
func (h *hasher) verify(ctx context.Context, encoded, password string) (ok, outdated bool, err error) {
	if err := h.acquire(ctx); err != nil {
		return false, false, err
	}
	defer func() { <-h.slots }()
	if rest, legacy := strings.CutPrefix(encoded, "scrypt:"); legacy {
		ok := verifyScrypt(rest, password)
		return ok, ok, nil
	}
	p, salt, key, valid := parsePHC(encoded)
	if !valid {
		p, salt, key, _ = parsePHC(h.dummy)
	}
	got := argon2.IDKey([]byte(password), salt, p.Passes, p.MemoryKiB, p.Threads, uint32(len(key)))
	ok = subtle.ConstantTimeCompare(got, key) == 1 && valid
	return ok, ok && p != h.params, nil
}

// parsePHC reads "$argon2id$v=19$m=…,t=…,p=…$salt$key". Costs that would take
// the server down are refused.
func parsePHC(encoded string) (p HashParams, salt, key []byte, ok bool) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, nil, false
	}
	var rest string
	n, _ := fmt.Sscanf(parts[3]+" .", "m=%d,t=%d,p=%d %s", &p.MemoryKiB, &p.Passes, &p.Threads, &rest)
	if n != 4 || p.MemoryKiB < 8 || p.MemoryKiB > 1<<20 || p.Passes < 1 || p.Passes > 64 || p.Threads < 1 {
		return p, nil, nil, false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil || len(salt) < 8 {
		return p, nil, nil, false
	}
	key, err = base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(key) < 16 || len(key) > 128 {
		return p, nil, nil, false
	}
	return p, salt, key, true
}

// verifyScrypt checks the form of earlier InnoClaw versions, salt:key in
// base64url with scrypt's N=16384, r=8, p=1. The salt's text itself, not what it
// decodes to, is the salt.
func verifyScrypt(saltAndKey, password string) bool {
	salt, encoded, ok := strings.Cut(saltAndKey, ":")
	if !ok || salt == "" {
		return false
	}
	key, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil || len(key) < 16 || len(key) > 128 {
		return false
	}
	got, err := scrypt.Key([]byte(password), []byte(salt), 16384, 8, 1, len(key))
	return err == nil && subtle.ConstantTimeCompare(got, key) == 1
}

// checkPassword applies the rules for new passwords.
func checkPassword(password string) error {
	if len(password) < minPassword {
		return server.Invalid("password_short", fmt.Sprintf("Password must be at least %d characters.", minPassword))
	}
	if len(password) > maxPassword {
		return server.Invalid("password_long", fmt.Sprintf("Password must be at most %d bytes.", maxPassword))
	}
	if !utf8.ValidString(password) {
		return server.Invalid("password_encoding", "Password must be valid text.")
	}
	return nil
}
