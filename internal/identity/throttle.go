package identity

import (
	"strings"

	"github.com/innoclaw/innoclaw/internal/server"
)

// throttle slows down the guessing of passwords. One bucket belongs to an
// account as seen from one address, so that a stranger cannot lock its owner
// out; looser ones belong to the address and to the account alone, against many
// accounts from one place and many places against one account.
type throttle struct {
	pair, address, account *server.Limiter
}

func newThrottle() throttle {
	return throttle{
		pair:    server.NewLimiter(server.Limit{PerSecond: 1.0 / 20, Burst: 8}),
		address: server.NewLimiter(server.Limit{PerSecond: 1.0 / 3, Burst: 60}),
		account: server.NewLimiter(server.Limit{PerSecond: 1.0 / 6, Burst: 100}),
	}
}

// attempt counts one attempt before its password is checked, so that many at
// once do not slip through. Email may be anything.
func (t throttle) attempt(email, address string) error {
	email = strings.ToLower(strings.TrimSpace(email))
	for _, c := range []struct {
		limiter *server.Limiter
		key     string
	}{{t.pair, email + "\n" + address}, {t.address, address}, {t.account, email}} {
		if !c.limiter.Allow(c.key) {
			return server.TooManyRequests("login_throttled", "Too many attempts. Wait a moment and try again.", c.limiter.Wait())
		}
	}
	return nil
}

// success forgives what came before a right password.
func (t throttle) success(email, address string) {
	t.pair.Forget(strings.ToLower(strings.TrimSpace(email)) + "\n" + address)
}
