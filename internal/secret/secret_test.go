package secret_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/innoclaw/innoclaw/internal/secret"
)

func TestTextNeverPrintsItself(t *testing.T) {
	t.Parallel()
	const value = "sk-very-private"
	s := secret.Text(value)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", s, "all", struct{ K secret.Text }{s})
	encoded, err := json.Marshal(map[string]any{"k": s, "l": []secret.Text{s}})
	if err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%v %+v %#v %s %q %v", s, s, s, s, s, []any{s, &s, struct{ K secret.Text }{s}})
	for where, text := range map[string]string{"log": log.String(), "json": string(encoded), "fmt": printed} {
		if strings.Contains(text, "private") {
			t.Errorf("%s shows the secret: %s", where, text)
		}
	}
	if s.Reveal() != value {
		t.Errorf("Reveal() = %q", s.Reveal())
	}
}

func TestBox(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	box, err := secret.OpenBox(dir)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := box.Seal([]byte("value\n$#'\""), "OPENAI_API_KEY")
	if err != nil {
		t.Fatal(err)
	}
	again, err := secret.OpenBox(dir)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := again.Open(sealed, "OPENAI_API_KEY"); err != nil || string(plain) != "value\n$#'\"" {
		t.Errorf("Open = %q, %v", plain, err)
	}
	other, err := secret.OpenBox(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	flipped := []byte(sealed)
	flipped[len(flipped)-1] ^= 1
	for name, open := range map[string]func() ([]byte, error){
		"other label": func() ([]byte, error) { return box.Open(sealed, "GITHUB_TOKEN") },
		"other key":   func() ([]byte, error) { return other.Open(sealed, "OPENAI_API_KEY") },
		"changed":     func() ([]byte, error) { return box.Open(string(flipped), "OPENAI_API_KEY") },
		"plain":       func() ([]byte, error) { return box.Open("value", "OPENAI_API_KEY") },
		"short":       func() ([]byte, error) { return box.Open("v1.AAAA", "OPENAI_API_KEY") },
	} {
		if _, err := open(); !errors.Is(err, secret.ErrSealed) {
			t.Errorf("%s: err = %v, want ErrSealed", name, err)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("key file mode = %v", info.Mode())
	}
}

func TestBoxRefusesDamagedKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "master.key"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.OpenBox(dir); err == nil || !strings.Contains(err.Error(), "restore it from a backup") {
		t.Errorf("err = %v", err)
	}
}

func TestBoxConcurrentFirstStart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	const starters = 8
	sealed := make([]string, starters)
	var wg sync.WaitGroup
	for i := range starters {
		wg.Go(func() {
			box, err := secret.OpenBox(dir)
			if err != nil {
				t.Error(err)
				return
			}
			sealed[i], err = box.Seal([]byte("x"), "label")
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	box, err := secret.OpenBox(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range sealed {
		if _, err := box.Open(s, "label"); err != nil {
			t.Errorf("starter %d used another key: %v", i, err)
		}
	}
}

func TestRedactor(t *testing.T) {
	t.Parallel()
	var r secret.Redactor
	if got := r.Redact("nothing known"); got != "nothing known" {
		t.Errorf("zero value changed the text: %q", got)
	}
	r.Add("abc")
	r.Add("secret-token")
	r.Add("secret-token-and-more")
	got := r.Redact("abc secret-token-and-more / secret-token")
	if want := "abc [redacted] / [redacted]"; got != want {
		t.Errorf("Redact = %q, want %q", got, want)
	}
}
