// Package setting gives every setting's effective value while the server runs and
// lets an administrator change those that may be changed. Changed values are kept
// in the database, secrets sealed, and take effect at once.
//
// Values given by flag, environment or file stand above stored ones: whoever starts
// the process has the last word, and the page says so.
package setting

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/innoclaw/innoclaw/internal/config"
	"github.com/innoclaw/innoclaw/internal/secret"
	"github.com/innoclaw/innoclaw/internal/store"
)

// Service holds the effective settings. It is safe for concurrent use.
type Service struct {
	db       *store.DB
	box      *secret.Box
	config   *config.Config
	redactor *secret.Redactor

	mu       sync.RWMutex
	stored   map[string]string // plain values; mu guards it
	unopened []string          // stored secrets the key does not open; mu guards it
	onChange []func(keys []string)
}

// Open reads the stored settings. Every secret becomes known to redactor. A stored
// secret that cannot be opened (the key file was replaced) counts as not set and is
// named by Unopened.
func Open(ctx context.Context, db *store.DB, box *secret.Box, c *config.Config, redactor *secret.Redactor) (*Service, error) {
	s := &Service{db: db, box: box, config: c, redactor: redactor, stored: make(map[string]string)}
	for _, setting := range c.Settings() {
		if setting.Type == config.Secret {
			redactor.Add(c.Fixed(setting.Key).Value)
		}
	}
	rows, err := db.Read().QueryContext(ctx, `SELECT key, value, sealed FROM settings`)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var key, value string
		var sealed bool
		if err := rows.Scan(&key, &value, &sealed); err != nil {
			return nil, fmt.Errorf("read setting: %w", err)
		}
		if sealed {
			plain, err := box.Open(value, key)
			if errors.Is(err, secret.ErrSealed) {
				s.unopened = append(s.unopened, key)
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("open setting %s: %w", key, err)
			}
			value = string(plain)
			redactor.Add(value)
		}
		s.stored[key] = value
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	return s, nil
}

// Unopened lists the stored secrets that this installation's key does not open.
func (s *Service) Unopened() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.unopened)
}

// Effective gives the value of key in force and where it came from. An unknown key
// has an empty value.
func (s *Service) Effective(key string) config.Value {
	v := s.config.Fixed(key)
	if v.Origin != config.FromDefault || !v.Editable {
		return v
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	// A stored value outlives the limits of the version that wrote it; one that no
	// longer fits gives way to the default.
	if stored, ok := s.stored[key]; ok && v.Check(stored) == nil {
		v.Value, v.Origin = stored, config.FromStored
	}
	return v
}

// Get gives the text of a setting that is no secret.
func (s *Service) Get(key string) string {
	v := s.Effective(key)
	if v.Type == config.Secret {
		return ""
	}
	return v.Value
}

// Secret gives the value of a secret setting.
func (s *Service) Secret(key string) secret.Text { return secret.Text(s.Effective(key).Value) }

// Int gives the value of a setting of type Int.
func (s *Service) Int(key string) int64 {
	n, err := strconv.ParseInt(s.Effective(key).Value, 10, 64)
	if err != nil { // Check let only numbers in; an unknown key has none
		return 0
	}
	return n
}

// OnChange adds f to those called, in order, after settings were changed. It must
// be called before the service is used concurrently.
func (s *Service) OnChange(f func(keys []string)) { s.onChange = append(s.onChange, f) }

// Invalid says why a change was refused.
type Invalid struct{ Key, Code, Message string }

func (e *Invalid) Error() string { return e.Key + ": " + e.Message }

// Change stores values; nil removes a stored value. Either all are stored or none.
// The error is *Invalid when a value is not allowed.
func (s *Service) Change(ctx context.Context, values map[string]*string, by string) error {
	keys := slices.Sorted(maps.Keys(values))
	for _, key := range keys {
		if value := values[key]; value != nil {
			*value = strings.TrimSpace(*value)
		}
		if err := s.allowed(key, values[key]); err != nil {
			return err
		}
	}
	if err := s.keepsKeyWithHost(values, "OPENAI_API_KEY", "OPENAI_BASE_URL"); err != nil {
		return err
	}
	if err := s.db.Update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, key := range keys {
			if err := s.write(ctx, tx, key, values[key], by); err != nil {
				return fmt.Errorf("store setting %s: %w", key, err)
			}
		}
		return nil
	}); err != nil {
		return err
	}
	s.mu.Lock()
	for key, value := range values {
		if value == nil || *value == "" {
			delete(s.stored, key)
		} else {
			s.stored[key] = *value
		}
		s.unopened = slices.DeleteFunc(s.unopened, func(k string) bool { return k == key })
	}
	s.mu.Unlock()
	for _, f := range s.onChange {
		f(keys)
	}
	return nil
}

func (s *Service) allowed(key string, value *string) error {
	setting, ok := s.config.Setting(key)
	if !ok {
		return &Invalid{key, "unknown_setting", "there is no such setting"}
	}
	if !setting.Editable {
		return &Invalid{key, "fixed_setting", "this setting is read at start; change it in the environment or in " + config.EnvFile + " and restart"}
	}
	if origin := s.config.Fixed(key).Origin; origin != config.FromDefault {
		return &Invalid{key, "fixed_setting", fmt.Sprintf("the %s gives this setting; change it there", origin)}
	}
	if value == nil || *value == "" {
		return nil
	}
	if config.IsPlaceholder(*value) {
		return &Invalid{key, "placeholder", "this is an example, not a value"}
	}
	if err := setting.Check(*value); err != nil {
		return &Invalid{key, "invalid_value", err.Error()}
	}
	return nil
}

// keepsKeyWithHost refuses a change of the address that would send a key that was
// given for one host to another.
func (s *Service) keepsKeyWithHost(values map[string]*string, keyName, urlName string) error {
	next, changed := values[urlName]
	if !changed || !s.Secret(keyName).IsSet() {
		return nil
	}
	to := ""
	if next != nil {
		to = *next
	}
	if to == "" {
		to = s.config.Fixed(urlName).Value
	}
	if hostOf(s.Effective(urlName).Value) == hostOf(to) {
		return nil
	}
	if _, given := values[keyName]; given {
		return nil
	}
	if origin := s.Effective(keyName).Origin; origin != config.FromStored {
		return &Invalid{urlName, "key_bound_to_host", fmt.Sprintf("%s comes from the %s and was meant for another host; set %s there too", keyName, origin, urlName)}
	}
	return &Invalid{urlName, "key_bound_to_host", "the address has another host: enter its key too, or remove the key"}
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + strings.ToLower(u.Host)
}

func (s *Service) write(ctx context.Context, tx *sql.Tx, key string, value *string, by string) error {
	if value == nil || *value == "" {
		_, err := tx.ExecContext(ctx, `DELETE FROM settings WHERE key = $1`, key)
		return err
	}
	text, sealed := *value, false
	if setting, _ := s.config.Setting(key); setting.Type == config.Secret {
		s.redactor.Add(text)
		var err error
		if text, err = s.box.Seal([]byte(text), key); err != nil {
			return err
		}
		sealed = true
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO settings (key, value, sealed, updated_at, updated_by) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value, sealed = excluded.sealed,
			updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
		key, text, sealed, store.Millis(time.Now()), by)
	return err
}
