package setting

import (
	"context"

	"github.com/innoclaw/innoclaw/internal/config"
	"github.com/innoclaw/innoclaw/internal/secret"
	"github.com/innoclaw/innoclaw/internal/store"
)

// sealedText stands for a stored secret in what Peek gives.
const sealedText = "stored"

// Peek gives the settings as Open does, for looking at and not for use: secrets stay
// sealed and read as "stored", nothing can be changed, and what cannot be read counts
// as not stored. db may be nil.
func Peek(ctx context.Context, db store.Querier, c *config.Config) *Service {
	s := &Service{config: c, redactor: &secret.Redactor{}, stored: make(map[string]string)}
	if db == nil {
		return s
	}
	rows, err := db.QueryContext(ctx, `SELECT key, value, sealed FROM settings`)
	if err != nil {
		return s
	}
	defer rows.Close()
	for rows.Next() {
		var key, value string
		var sealed bool
		if rows.Scan(&key, &value, &sealed) != nil {
			return s
		}
		if sealed {
			value = sealedText
		}
		s.stored[key] = value
	}
	if rows.Err() != nil {
		s.stored = make(map[string]string)
	}
	return s
}
