package identity

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"

	"github.com/innoclaw/innoclaw/internal/server"
)

// setupFile is the name, in the data folder, of the file that holds the set-up
// token while it is valid.
const setupFile = "setup-token"

// setupToken is the hash of the one-time token that allows the first account.
type setupToken struct {
	mu   sync.Mutex
	hash [sha256.Size]byte
	set  bool
}

func (t *setupToken) replace(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hash, t.set = sha256.Sum256([]byte(token)), token != ""
}

func (t *setupToken) matches(token string) bool {
	hash := sha256.Sum256([]byte(token))
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.set && subtle.ConstantTimeCompare(hash[:], t.hash[:]) == 1
}

// prepareSetup makes a new set-up token while there is no account. An older
// one is void.
func (s *Service) prepareSetup(ctx context.Context) (string, error) {
	s.setup.replace("")
	exist, err := s.accountsExist(ctx)
	if err != nil {
		return "", err
	}
	if err := s.removeSetupFile(); err != nil || exist {
		return "", err
	}
	token := newSecret()
	if err := s.writeSetupFile(token); err != nil {
		return "", fmt.Errorf("write set-up token: %w", err)
	}
	s.setup.replace(token)
	return token, nil
}

// writeSetupFile makes the file anew, so that nobody else has it open or gave it
// looser permissions.
func (s *Service) writeSetupFile(token string) error {
	dir, err := os.OpenRoot(s.dataDir)
	if err != nil {
		return err
	}
	defer dir.Close() //nolint:errcheck // nothing is pending on it
	f, err := dir.OpenFile(setupFile, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(token + "\n")
	return errors.Join(err, f.Close())
}

func (s *Service) removeSetupFile() error {
	if s.dataDir == "" {
		return nil
	}
	dir, err := os.OpenRoot(s.dataDir)
	if err == nil {
		err = errors.Join(dir.Remove(setupFile), dir.Close())
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove set-up token: %w", err)
	}
	return nil
}

// SetUp makes the first account, an administrator, for who holds the set-up
// token. Of two concurrent calls one succeeds.
func (s *Service) SetUp(ctx context.Context, token string, n NewUser) (User, error) {
	exist, err := s.accountsExist(ctx)
	if err != nil {
		return User{}, err
	}
	if exist {
		return User{}, errSetUpDone()
	}
	if !s.setup.matches(token) {
		return User{}, server.Forbidden("setup_token", "This set-up link is not valid. Use the one that the server printed at its last start.")
	}
	n.Role = RoleAdmin
	user, err := s.create(ctx, n, func(first bool) error {
		if !first {
			return errSetUpDone()
		}
		return nil
	})
	if err != nil {
		return User{}, err
	}
	s.setup.replace("")
	if err := s.removeSetupFile(); err != nil {
		s.log.Warn("the used set-up token is still on disk", "error", err)
	}
	s.mu.Lock()
	listeners := slices.Clone(s.onSetUp)
	s.mu.Unlock()
	for _, f := range listeners {
		f(ctx, user)
	}
	return user, nil
}

func errSetUpDone() error {
	return server.Conflict("setup_done", "InnoClaw is set up already. Sign in.")
}
