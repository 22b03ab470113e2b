// Package secret keeps secrets from leaking: a string type that does not print
// itself, values sealed for storage under a key of this installation, and a
// redactor for texts that may have caught one.
package secret

import (
	"log/slog"
	"sort"
	"strings"
	"sync"
)

const mask = "[redacted]"

// Text is a secret value. Every ordinary way to print, log or encode it gives
// "[redacted]"; only Reveal gives the value.
type Text string

// Reveal returns the value itself, for the one call that needs it.
func (t Text) Reveal() string { return string(t) }

// IsSet tells whether there is a value.
func (t Text) IsSet() bool { return t != "" }

// String implements fmt.Stringer.
func (t Text) String() string {
	if t == "" {
		return ""
	}
	return mask
}

// GoString implements fmt.GoStringer, which %#v uses.
func (t Text) GoString() string { return t.String() }

// LogValue implements slog.LogValuer.
func (t Text) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText implements encoding.TextMarshaler, which JSON uses too.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// minRedacted is the length below which a secret is not searched for in texts:
// replacing every "a" would destroy the text and hide nothing.
const minRedacted = 6

// Redactor replaces known secrets in texts. The zero value is ready; it is safe
// for concurrent use.
type Redactor struct {
	mu       sync.RWMutex
	known    map[string]struct{}
	replacer *strings.Replacer
}

// Add makes value known. Values shorter than six bytes are ignored.
func (r *Redactor) Add(value string) {
	if len(value) < minRedacted {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		r.known = make(map[string]struct{})
	}
	if _, ok := r.known[value]; ok {
		return
	}
	r.known[value] = struct{}{}
	values := make([]string, 0, len(r.known))
	for v := range r.known {
		values = append(values, v)
	}
	// strings.Replacer prefers earlier pairs, so the longest secret comes first:
	// one that contains another is then hidden whole.
	sort.Slice(values, func(i, j int) bool {
		if len(values[i]) != len(values[j]) {
			return len(values[i]) > len(values[j])
		}
		return values[i] < values[j]
	})
	pairs := make([]string, 0, 2*len(values))
	for _, v := range values {
		pairs = append(pairs, v, mask)
	}
	r.replacer = strings.NewReplacer(pairs...)
}

// Redact returns text with every known secret replaced.
func (r *Redactor) Redact(text string) string {
	r.mu.RLock()
	replacer := r.replacer
	r.mu.RUnlock()
	if replacer == nil {
		return text
	}
	return replacer.Replace(text)
}
