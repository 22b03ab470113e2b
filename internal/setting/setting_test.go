package setting_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/innoclaw/innoclaw/internal/config"
	"github.com/innoclaw/innoclaw/internal/secret"
	"github.com/innoclaw/innoclaw/internal/setting"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

func ptr(s string) *string { return &s }

type fixture struct {
	db       *store.DB
	keys     string
	redactor *secret.Redactor
}

func (f fixture) open(t *testing.T, environ ...string) *setting.Service {
	t.Helper()
	box, err := secret.OpenBox(f.keys)
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := config.Load(config.Sources{Environ: environ})
	if err != nil {
		t.Fatal(err)
	}
	s, err := setting.Open(t.Context(), f.db, box, c, f.redactor)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func each(t *testing.T, test func(t *testing.T, f fixture)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		test(t, fixture{db: db, keys: t.TempDir(), redactor: &secret.Redactor{}})
	})
}

func TestChangesTakeEffectAtOnceAndSurvive(t *testing.T) {
	each(t, func(t *testing.T, f fixture) {
		s := f.open(t)
		var told []string
		s.OnChange(func(keys []string) { told = append(told, keys...) })
		const key = "sk-live\n$#\"'"
		err := s.Change(t.Context(), map[string]*string{"OPENAI_API_KEY": ptr("sk-live-$#\"'0"), "LLM_MODEL": ptr(" m-1 "), "REGISTRATION": ptr("open")}, "u1")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Change(t.Context(), map[string]*string{"OPENAI_API_KEY": ptr(key)}, "u1"); err == nil {
			t.Error("a key with a line break was accepted")
		}
		again := f.open(t)
		for _, service := range []*setting.Service{s, again} {
			if got := service.Secret("OPENAI_API_KEY").Reveal(); got != "sk-live-$#\"'0" {
				t.Errorf("key = %q", got)
			}
			if got := service.Effective("LLM_MODEL"); got.Value != "m-1" || got.Origin != config.FromStored {
				t.Errorf("LLM_MODEL = %q from %s", got.Value, got.Origin)
			}
		}
		if got := f.redactor.Redact("x sk-live-$#\"'0 y"); strings.Contains(got, "sk-live") {
			t.Errorf("the key is not redacted: %q", got)
		}
		if want := "LLM_MODEL OPENAI_API_KEY REGISTRATION"; strings.Join(told, " ") != want {
			t.Errorf("told of %v, want %s", told, want)
		}
		if err := again.Change(t.Context(), map[string]*string{"LLM_MODEL": nil}, "u1"); err != nil {
			t.Fatal(err)
		}
		if got := again.Effective("LLM_MODEL"); got.Origin != config.FromDefault {
			t.Errorf("after removal LLM_MODEL comes from %s", got.Origin)
		}
	})
}

func TestSecretsAreSealedInTheDatabase(t *testing.T) {
	each(t, func(t *testing.T, f fixture) {
		if err := f.open(t).Change(t.Context(), map[string]*string{"OPENAI_API_KEY": ptr("sk-very-private-key")}, "u1"); err != nil {
			t.Fatal(err)
		}
		var value string
		if err := f.db.Read().QueryRowContext(t.Context(), `SELECT value FROM settings WHERE key = 'OPENAI_API_KEY'`).Scan(&value); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(value, "private") {
			t.Errorf("the database holds the key: %q", value)
		}
		f.keys = t.TempDir() // the key file was lost
		s := f.open(t)
		if s.Secret("OPENAI_API_KEY").IsSet() || len(s.Unopened()) != 1 {
			t.Errorf("with another key file: set %v, unopened %v", s.Secret("OPENAI_API_KEY").IsSet(), s.Unopened())
		}
	})
}

func TestRefusedChangesChangeNothing(t *testing.T) {
	each(t, func(t *testing.T, f fixture) {
		s := f.open(t, "LLM_PROVIDER=openai", "OPENAI_BASE_URL=https://models.example.org/v1")
		stored := f.open(t)
		if err := stored.Change(t.Context(), map[string]*string{"OPENAI_API_KEY": ptr("sk-stored-key-1")}, "u1"); err != nil {
			t.Fatal(err)
		}
		fromEnv := f.open(t, "OPENAI_API_KEY=sk-from-the-env")
		for name, c := range map[string]struct {
			service *setting.Service
			key     string
			value   *string
			code    string
		}{
			"unknown":              {s, "rex_cap_1", ptr("x"), "unknown_setting"},
			"read at start":        {s, "WORKSPACE_ROOTS", ptr("/"), "fixed_setting"},
			"given by environment": {s, "LLM_PROVIDER", ptr("offline"), "fixed_setting"},
			"not an option":        {stored, "REGISTRATION", ptr("maybe"), "invalid_value"},
			"placeholder":          {s, "OPENAI_API_KEY", ptr("your-key-here"), "placeholder"},
			"key to another host":  {stored, "OPENAI_BASE_URL", ptr("https://elsewhere.example.org/v1"), "key_bound_to_host"},
			"env key to another":   {fromEnv, "OPENAI_BASE_URL", ptr("https://elsewhere.example.org/v1"), "key_bound_to_host"},
		} {
			before := c.service.Effective(c.key).Value
			err := c.service.Change(t.Context(), map[string]*string{"LLM_MODEL": ptr("changed"), c.key: c.value}, "u1")
			var invalid *setting.Invalid
			if !errors.As(err, &invalid) || invalid.Code != c.code {
				t.Errorf("%s: err = %v, want code %s", name, err, c.code)
			}
			if c.service.Effective(c.key).Value != before || c.service.Get("LLM_MODEL") == "changed" {
				t.Errorf("%s: something was changed", name)
			}
		}
		// With its own key the address may move.
		if err := stored.Change(t.Context(), map[string]*string{"OPENAI_BASE_URL": ptr("https://elsewhere.example.org/v1"), "OPENAI_API_KEY": ptr("sk-other-key-2")}, "u1"); err != nil {
			t.Error(err)
		}
		// And so it may without a change of host.
		if err := stored.Change(context.WithoutCancel(t.Context()), map[string]*string{"OPENAI_BASE_URL": ptr("https://elsewhere.example.org/v2")}, "u1"); err != nil {
			t.Error(err)
		}
	})
}
