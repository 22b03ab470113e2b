package doctor_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/internal/config"
	"github.com/innoclaw/innoclaw/internal/doctor"
	"github.com/innoclaw/innoclaw/internal/phrase"
)

// healthy gives inputs on which nothing is wrong; environ adds settings.
func healthy(t *testing.T, environ ...string) doctor.Inputs {
	t.Helper()
	environ = append([]string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "LISTEN=127.0.0.1:0"}, environ...)
	c, warnings, err := config.Load(config.Sources{Environ: environ})
	if err != nil {
		t.Fatal(err)
	}
	return doctor.Inputs{
		Config: c, Warnings: warnings,
		Roots:    func() error { return nil },
		Database: func(context.Context) (string, error) { return "fine", nil },
		Provider: func(context.Context) (string, string, error) { return "offline", "", nil },
		Reach:    func(context.Context, string) error { return nil },
	}
}

// check runs the doctor and gives the finding of one check.
func check(t *testing.T, in doctor.Inputs, name string) doctor.Finding {
	t.Helper()
	for _, f := range doctor.Run(t.Context(), in) {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("there is no check %q", name)
	return doctor.Finding{}
}

func expect(t *testing.T, got doctor.Finding, status doctor.Status, texts ...string) {
	t.Helper()
	if got.Status != status {
		t.Errorf("%s is %q, want %q: %+v", got.Name, got.Status, status, got)
	}
	for _, text := range texts {
		if !strings.Contains(got.Detail+" "+got.Fix, text) {
			t.Errorf("%s lacks %q: %+v", got.Name, text, got)
		}
	}
	if (got.Fix == "") != (status == doctor.OK) {
		t.Errorf("%s (%s) has the fix %q", got.Name, got.Status, got.Fix)
	}
}

func TestEveryFindingIsComplete(t *testing.T) {
	t.Parallel()
	in := healthy(t)
	findings := doctor.Run(t.Context(), in)
	names := map[string]bool{}
	for _, f := range findings {
		if names[f.Name] || f.Name == "" || f.Detail == "" || (f.Fix == "") != (f.Status == doctor.OK) {
			t.Errorf("finding %+v", f)
		}
		names[f.Name] = true
	}
	if !doctor.Usable(findings) {
		t.Errorf("a healthy installation is not usable: %+v", findings)
	}
	if _, err := os.Stat(in.Config.DataDir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the doctor made the data folder: %v", err)
	}
	if doctor.Usable(append(findings, doctor.Finding{Status: doctor.Problem})) || !doctor.Usable([]doctor.Finding{{Status: doctor.Warning}}) {
		t.Error("a problem makes it unusable, a warning does not")
	}
}

func TestDataFolder(t *testing.T) {
	t.Parallel()
	in := healthy(t)
	expect(t, check(t, in, "data folder"), doctor.OK, "will be created")
	if err := os.MkdirAll(in.Config.DataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	expect(t, check(t, in, "data folder"), doctor.OK, in.Config.DataDir)
	if left, err := os.ReadDir(in.Config.DataDir); err != nil || len(left) > 0 {
		t.Errorf("the doctor left %v, %v", left, err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, check(t, healthy(t, "DATA_DIR="+file), "data folder"), doctor.Problem, "is not a folder")
	expect(t, check(t, healthy(t, "DATA_DIR="+file+"/a/b"), "data folder"), doctor.Problem, "cannot be created below "+file)
	if os.Getuid() != 0 {
		if err := os.Chmod(in.Config.DataDir, 0o500); err != nil {
			t.Fatal(err)
		}
		expect(t, check(t, in, "data folder"), doctor.Problem, "writable")
	}
}

func TestFileRights(t *testing.T) {
	t.Parallel()
	in := healthy(t)
	expect(t, check(t, in, "file rights"), doctor.OK, "nothing is there yet")
	data := in.Config.DataDir
	keys := filepath.Join(data, "keys")
	if err := os.MkdirAll(keys, 0o700); err != nil {
		t.Fatal(err)
	}
	private := []string{filepath.Join(data, "innoclaw.db"), filepath.Join(data, "innoclaw.db-wal"), filepath.Join(data, "setup-token"), filepath.Join(keys, "it's a key")}
	for _, path := range private {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, check(t, in, "file rights"), doctor.OK, "closed to other users")
	for _, path := range append(private, keys, data) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, info.Mode().Perm()|0o040); err != nil {
			t.Fatal(err)
		}
		expect(t, check(t, in, "file rights"), doctor.Warning, path+" (0", "chmod go= ")
		if err := os.Chmod(path, info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(private[3], 0o644); err != nil {
		t.Fatal(err)
	}
	expect(t, check(t, in, "file rights"), doctor.Warning, `keys/it'\''s a key' `)
}

func TestDatabase(t *testing.T) {
	t.Parallel()
	in := healthy(t)
	expect(t, check(t, in, "database"), doctor.OK, "fine")
	in.Database = func(context.Context) (string, error) { return "", errors.New("file is damaged") }
	expect(t, check(t, in, "database"), doctor.Problem, "damaged", "Restore the database")
	in = healthy(t, "DATABASE_URL=postgres://u:geheim@db.example/x")
	in.Database = func(context.Context) (string, error) { return "", errors.New("refused") }
	expect(t, check(t, in, "database"), doctor.Problem, "DATABASE_URL is running")
	in.Database = func(ctx context.Context) (string, error) {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("a check has no end")
		}
		return "fine", nil
	}
	check(t, in, "database")
}

func TestAddress(t *testing.T) {
	t.Parallel()
	expect(t, check(t, healthy(t), "address"), doctor.OK, "is free")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	expect(t, check(t, healthy(t, "LISTEN="+l.Addr().String()), "address"), doctor.Warning, "address already in use", "PORT or --listen")
	expect(t, check(t, healthy(t, "LISTEN=0.0.0.0:0"), "address"), doctor.Warning, "other machines", "HTTPS")
	expect(t, check(t, healthy(t, "LISTEN=0.0.0.0:0", "AUTH_MODE=disabled"), "address"), doctor.Problem, "accounts are disabled")
	expect(t, check(t, healthy(t, "AUTH_MODE=disabled"), "address"), doctor.OK, "everybody on this machine is the administrator")
}

func TestClockThatWasSetBack(t *testing.T) {
	t.Parallel()
	in := healthy(t)
	expect(t, check(t, in, "clock"), doctor.OK, "20")
	if err := os.MkdirAll(in.Config.DataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in.Config.DatabaseURL, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tomorrow := time.Now().Add(24 * time.Hour)
	if err := os.Chtimes(in.Config.DatabaseURL, tomorrow, tomorrow); err != nil {
		t.Fatal(err)
	}
	expect(t, check(t, in, "clock"), doctor.Warning, "the database was written at")
}

func TestProvider(t *testing.T) {
	t.Parallel()
	in := healthy(t)
	expect(t, check(t, in, "model provider"), doctor.OK, "nothing leaves this machine")
	in.Provider = func(context.Context) (string, string, error) {
		return "openai", "", errors.New("OPENAI_API_KEY is not set")
	}
	expect(t, check(t, in, "model provider"), doctor.Warning, "OPENAI_API_KEY", "LLM_PROVIDER=offline")
	in.Provider = func(context.Context) (string, string, error) { return "openai", "https://models.example/v1", nil }
	expect(t, check(t, in, "model provider"), doctor.OK, "openai at models.example can be reached")
	in.Reach = func(context.Context, string) error { return errors.New("no route") }
	expect(t, check(t, in, "model provider"), doctor.Warning, "no route")
}

func TestSettingsAndRoots(t *testing.T) {
	t.Parallel()
	in := healthy(t)
	in.Warnings = []string{"PROT is not a setting; did you mean PORT?"}
	expect(t, check(t, in, "settings"), doctor.Warning, "PORT?")
	in.Roots = func() error { return errors.New("is a home folder") }
	expect(t, check(t, in, "workspace roots"), doctor.Problem, "is a home folder", "WORKSPACE_ROOTS")
	expect(t, check(t, healthy(t, "WORKSPACE_ROOTS=/srv/a,/srv/b"), "workspace roots"), doctor.OK, "/srv/a, /srv/b")
}

func TestChinese(t *testing.T) {
	t.Parallel()
	in := healthy(t)
	in.Book = phrase.Choose([]string{"LANG=zh_CN.UTF-8"}, doctor.Chinese())
	expect(t, check(t, in, "settings"), doctor.OK, "所有的值都有效")
}
