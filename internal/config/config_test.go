package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/innoclaw/innoclaw/internal/config"
)

func load(t *testing.T, s config.Sources) (*config.Config, []string) {
	t.Helper()
	c, warnings, err := config.Load(s)
	if err != nil {
		t.Fatal(err)
	}
	return c, warnings
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, warnings := load(t, config.Sources{})
	if c.Listen != "127.0.0.1:3000" || !c.Loopback() || c.AuthMode != "local" || c.PostgreSQL() {
		t.Errorf("defaults: listen %q auth %q database %q", c.Listen, c.AuthMode, c.DatabaseURL)
	}
	if want := filepath.Join(c.DataDir, "innoclaw.db"); c.DatabaseURL != want {
		t.Errorf("DatabaseURL = %q, want %q", c.DatabaseURL, want)
	}
	if len(c.Roots) != 0 || len(warnings) != 0 {
		t.Errorf("roots %v warnings %v", c.Roots, warnings)
	}
}

func TestPrecedenceAndOrigin(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := "PORT=4000\nLLM_MODEL=from-file\nLOG_LEVEL=debug\nOPENAI_API_KEY=your-key-here\nHTTPS_PROXY=http://f:1\n"
	if err := os.WriteFile(filepath.Join(dir, config.EnvFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, _ := load(t, config.Sources{
		Flags:   map[string]string{"LOG_LEVEL": "warn", "DATA_DIR": ""},
		Environ: []string{"LOG_LEVEL=error", "LLM_MODEL=from-env", "AUTH_MODE= ", "https_proxy=http://e:1", "=odd", "odd"},
		Dir:     dir,
	})
	for key, want := range map[string]struct {
		value  string
		origin config.Origin
	}{
		"LOG_LEVEL":      {"warn", config.FromFlag},
		"LLM_MODEL":      {"from-env", config.FromEnvironment},
		"PORT":           {"4000", config.FromFile},
		"AUTH_MODE":      {"local", config.FromDefault},
		"OPENAI_API_KEY": {"", config.FromDefault},
		"HTTPS_PROXY":    {"http://e:1", config.FromEnvironment},
	} {
		if v := c.Fixed(key); v.Value != want.value || v.Origin != want.origin {
			t.Errorf("%s = %q from %s, want %q from %s", key, v.Value, v.Origin, want.value, want.origin)
		}
	}
	if c.Listen != "127.0.0.1:4000" {
		t.Errorf("Listen = %q", c.Listen)
	}
}

func TestProblemsNameTheSettingAndTheFix(t *testing.T) {
	t.Parallel()
	for pair, want := range map[string]string{
		"PORT=0x":                                 "whole number",
		"AUTH_MODE=none-of-these":                 "local, disabled",
		"LISTEN=3000":                             "127.0.0.1:3000",
		"OPENAI_BASE_URL=localhost:1234":          "http://",
		"OPENAI_BASE_URL=https://u:p@example.org": "user name or password",
		"DATABASE_URL=mysql://x":                  "postgres://",
		"LLM_MODEL=a\x01b":                        "control characters",
		"UPLOAD_MAX_BYTES=-5":                     "whole number",
	} {
		_, _, err := config.Load(config.Sources{Environ: []string{pair}})
		var problem *config.Error
		if !errors.As(err, &problem) {
			t.Errorf("%q: err = %v", pair, err)
			continue
		}
		key, _, _ := strings.Cut(pair, "=")
		if !strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %q should name the key and %q", pair, err, want)
		}
	}
}

func TestSuggestions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, config.EnvFile), []byte("WORKSPACE_ROOT=/x\nMY_OWN=1\nAUTH_SECRET=x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, warnings := load(t, config.Sources{Environ: []string{"OPENAI_API_KYE=x", "PATH=/bin", "EDITOR=vi", "GITHUB_TOKEN=x"}, Dir: dir})
	want := []string{
		".env.local: MY_OWN is not a setting and has no effect",
		".env.local: WORKSPACE_ROOT is not a setting; did you mean WORKSPACE_ROOTS?",
		"environment: OPENAI_API_KYE is not a setting; did you mean OPENAI_API_KEY?",
	}
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

func TestParseEnv(t *testing.T) {
	t.Parallel()
	text := "\ufeff# comment\r\n\r\nA=1\nexport B = \n"
	if _, err := config.ParseEnv(text); err == nil {
		t.Error("space before = was accepted")
	}
	entries, err := config.ParseEnv("\ufeff# c\r\nA=1\r\nexport B='x # $y \\n'\nC=\"a\\n\\\"b\\\\ \\$\" # c\nD= bare value # comment\nE=a#b\nF=\nG=#c\nH=值")
	if err != nil {
		t.Fatal(err)
	}
	want := []config.Entry{
		{Key: "A", Value: "1", Line: 2}, {Key: "B", Value: `x # $y \n`, Line: 3}, {Key: "C", Value: "a\n\"b\\ $", Line: 4},
		{Key: "D", Value: "bare value", Line: 5}, {Key: "E", Value: "a#b", Line: 6}, {Key: "F", Line: 7}, {Key: "G", Line: 8},
		{Key: "H", Value: "值", Line: 9},
	}
	if diff := cmp.Diff(want, entries); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	for text, line := range map[string]int{
		"A=1\nB": 2, "1A=x": 1, "A-B=x": 1, "A='x": 1, "A=\"x": 1, "A=\"\\q\"": 1, "A='x' y": 1, "A=1\n\nA=2": 3, "A=\"x\\": 1, "=x": 1,
		"A=\x00": 1, "A=\xff": 1,
	} {
		_, err := config.ParseEnv(text)
		var syntax *config.SyntaxError
		if !errors.As(err, &syntax) || syntax.Line != line {
			t.Errorf("ParseEnv(%q) = %v, want an error on line %d", text, err, line)
		}
	}
}

func FuzzParseEnv(f *testing.F) {
	for _, seed := range []string{"A=1", "export A='b'\n#c\nB=\"\\n\"", "A==", "A=\"", "\ufeffA=x #y", "A=1\nA=2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := config.ParseEnv(text)
		if err != nil {
			return
		}
		// Whatever was accepted survives being written with single or double quotes and read again.
		var b strings.Builder
		for _, e := range entries {
			quoted := "'" + e.Value + "'"
			if strings.ContainsAny(e.Value, "'\n\r") {
				quoted = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`).Replace(e.Value) + `"`
			}
			b.WriteString(e.Key + "=" + quoted + "\n")
		}
		again, err := config.ParseEnv(b.String())
		if err != nil {
			t.Fatalf("written form %q: %v", b.String(), err)
		}
		for i := range entries {
			if entries[i].Key != again[i].Key || entries[i].Value != again[i].Value {
				t.Fatalf("entry %d: %+v became %+v", i, entries[i], again[i])
			}
		}
	})
}

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	for _, v := range []string{"your-key-here", "sk-...", "<your token>", "changeme", "YOUR_API_KEY", "sk-your-openai-key", "/path/to/folder"} {
		if !config.IsPlaceholder(v) {
			t.Errorf("%q should count as a placeholder", v)
		}
	}
	for _, v := range []string{"sk-proj-a81kd", "gpt-4o", "/srv/data", "http://127.0.0.1:1", "0"} {
		if config.IsPlaceholder(v) {
			t.Errorf("%q should count as a value", v)
		}
	}
}
