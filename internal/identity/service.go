package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/store"
)

// Mode says how people prove who they are.
type Mode string

// The modes.
const (
	Local    Mode = "local"    // accounts with passwords
	Disabled Mode = "disabled" // everyone is the local account
)

// Transfer gives what account from owns in one feature to account to. It runs
// in the transaction that removes or replaces the account.
type Transfer func(ctx context.Context, tx *sql.Tx, from, to string) error

// TransferBy makes a Transfer of one statement with the parameters $1, the new
// owner, and $2, the old one.
func TransferBy(statement string) Transfer {
	return func(ctx context.Context, tx *sql.Tx, from, to string) error {
		_, err := tx.ExecContext(ctx, statement, to, from)
		return err
	}
}

// Withdrawal names credentials that have just become invalid: one session, one
// token, or, when neither is given, all of a user.
type Withdrawal struct {
	UserID, SessionID, TokenID string
	// SessionsOnly spares the tokens, Keep one session.
	SessionsOnly bool
	Keep         string
	// Suspended is set when the account itself may no longer be used, so that
	// what runs on its behalf should stop too.
	Suspended bool
}

// Matches tells whether a caller's credential is among those withdrawn.
func (w Withdrawal) Matches(c server.Caller) bool {
	switch {
	case c.UserID != w.UserID:
		return false
	case w.SessionID != "":
		return c.SessionID == w.SessionID
	case w.TokenID != "":
		return c.TokenID == w.TokenID
	case c.TokenID != "":
		return !w.SessionsOnly
	}
	return w.Keep == "" || c.SessionID != w.Keep
}

// Options configure a Service.
type Options struct {
	DB      *store.DB
	Mode    Mode
	DataDir string // holds the set-up token's file
	Version string // shown by GET /api/auth/state
	Logger  *slog.Logger
	// RegistrationOpen tells whether people may make accounts for themselves.
	// Nil means never.
	RegistrationOpen func() bool
	// SecureCookies marks cookies for https even when the server itself speaks
	// http, as behind a proxy that ends TLS.
	SecureCookies bool
	// Lifetime and IdleTimeout bound sessions from sign-in and from last use.
	// Defaults: 30 and 7 days.
	Lifetime, IdleTimeout time.Duration
	// Transfers move what a removed account owned, feature by feature.
	Transfers []Transfer
	Hash      HashParams       // default: OWASP's recommendation
	Now       func() time.Time // default: time.Now
}

// Service manages accounts and tells who is calling. It is safe for concurrent
// use.
type Service struct {
	db               *store.DB
	mode             Mode
	dataDir, version string
	log              *slog.Logger
	registrationOpen func() bool
	secureCookies    bool
	lifetime, idle   time.Duration
	transfers        []Transfer
	now              func() time.Time
	hasher           *hasher
	cache            cache
	throttle         throttle
	setup            setupToken
	hasAccounts      atomic.Bool // once true it stays so: the last admin cannot go

	mu          sync.Mutex // guards onWithdrawn and onSetUp
	onWithdrawn []func(Withdrawal)
	onSetUp     []func(context.Context, User)
}

// New makes a Service. Start must be called before it serves requests.
func New(o Options) (*Service, error) {
	if o.DB == nil {
		return nil, errors.New("make identity service: no database")
	}
	if o.Mode != Local && o.Mode != Disabled {
		return nil, fmt.Errorf("make identity service: AUTH_MODE %q: use local or disabled", o.Mode)
	}
	s := &Service{
		db: o.DB, mode: o.Mode, dataDir: o.DataDir, version: o.Version, log: o.Logger,
		registrationOpen: o.RegistrationOpen, secureCookies: o.SecureCookies,
		lifetime: o.Lifetime, idle: o.IdleTimeout, transfers: o.Transfers, now: o.Now,
		hasher: newHasher(o.Hash), throttle: newThrottle(),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.registrationOpen == nil {
		s.registrationOpen = func() bool { return false }
	}
	if s.lifetime <= 0 {
		s.lifetime = 30 * 24 * time.Hour
	}
	if s.idle <= 0 {
		s.idle = 7 * 24 * time.Hour
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.cache.clear()
	return s, nil
}

// Mode tells how people prove who they are.
func (s *Service) Mode() Mode { return s.mode }

// Start prepares the local account when authentication is disabled, and
// otherwise a new set-up token while there is no account. The token is for the
// person at the terminal: print it there, keep it out of logs. It is empty when
// none is needed.
func (s *Service) Start(ctx context.Context) (setupToken string, err error) {
	if s.mode == Disabled {
		err := s.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
			return upsertLocal(ctx, tx, store.Millis(s.now()))
		})
		if err != nil {
			return "", fmt.Errorf("prepare local account: %w", err)
		}
		return "", s.removeSetupFile()
	}
	return s.prepareSetup(ctx)
}

// OnWithdrawn calls f after credentials have become invalid, so that open
// streams and running work can be ended. It is called before Start.
func (s *Service) OnWithdrawn(f func(Withdrawal)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onWithdrawn = append(s.onWithdrawn, f)
}

// OnSetUp calls f after the first account has been made, before it is told to be
// there. It is called before Start.
func (s *Service) OnSetUp(f func(context.Context, User)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onSetUp = append(s.onSetUp, f)
}

// changed makes the service forget what it remembers about credentials. It is
// called after every committed change of accounts, sessions or tokens.
func (s *Service) changed(withdrawn ...Withdrawal) {
	s.cache.clear()
	s.mu.Lock()
	callbacks := s.onWithdrawn
	s.mu.Unlock()
	for _, w := range withdrawn {
		for _, f := range callbacks {
			f(w)
		}
	}
}

// accountsExist tells whether anybody can sign in.
func (s *Service) accountsExist(ctx context.Context) (bool, error) {
	if s.hasAccounts.Load() {
		return true, nil
	}
	var n int
	if err := s.db.Read().QueryRowContext(ctx, "SELECT count(*) FROM users WHERE id <> $1", LocalID).Scan(&n); err != nil {
		return false, fmt.Errorf("count accounts: %w", err)
	}
	if n > 0 {
		s.hasAccounts.Store(true)
	}
	return n > 0, nil
}
