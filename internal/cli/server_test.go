package cli_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/client"
	"github.com/innoclaw/innoclaw/internal/app/apptest"
	"github.com/innoclaw/innoclaw/internal/cli"
)

// onStore runs a command on a running server's data folder.
func onStore(t *testing.T, a *apptest.App, stdin string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	code := cli.Run(t.Context(), append(args, "--data", a.Data), cli.System{In: strings.NewReader(stdin), Out: &out, Err: &errs})
	if code != 0 {
		t.Fatalf("%v ended with %d: %s", args, code, errs.String())
	}
	return strings.TrimSpace(out.String())
}

func withToken(t *testing.T, a *apptest.App, token string) *client.Client {
	t.Helper()
	c, err := client.New(a.URL, client.WithToken(token))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestAccountsOfARunningServer changes accounts and tokens beside a server, which
// follows.
func TestAccountsOfARunningServer(t *testing.T) {
	t.Parallel()
	a := apptest.Start(t, apptest.Options{})
	a.SetUp()
	const password = "another long password"
	onStore(t, a, password+"\n", "user", "add", "bob@example.org", "--name", "Bob")
	person, err := client.New(a.URL)
	if err != nil {
		t.Fatal(err)
	}
	if user, err := person.Login(t.Context(), "bob@example.org", password); err != nil || user.Name != "Bob" || user.Role != "user" {
		t.Fatalf("sign in: %+v, %v", user, err)
	}

	reading := onStore(t, a, "", "token", "create", "--user", "bob@example.org", "--name", "reader")
	writing := onStore(t, a, "", "token", "create", "--user", "bob@example.org", "--name", "writer", "--scope", "read,write")
	a.Write("lab/a.md", "Tin melts at 232 degrees.")
	if _, err := withToken(t, a, reading).OpenFolder(t.Context(), "lab", a.Root+"/lab"); statusOf(err) != http.StatusForbidden {
		t.Errorf("a token that only reads opened a folder: %v", err)
	}
	w, err := withToken(t, a, writing).OpenFolder(t.Context(), "lab", a.Root+"/lab")
	if err != nil {
		t.Fatal(err)
	}
	if list, err := withToken(t, a, reading).Workspaces(t.Context()); err != nil || len(list) != 1 || list[0].ID != w.ID {
		t.Errorf("workspaces %+v, %v", list, err)
	}

	id := ""
	for line := range strings.Lines(onStore(t, a, "", "token", "list", "--user", "bob@example.org")) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[1] == "reader" {
			id = fields[0]
		}
	}
	onStore(t, a, "", "token", "revoke", id, "--user", "bob@example.org")
	locksOut(t, "a revoked token", func() error { _, err := withToken(t, a, reading).Workspaces(t.Context()); return err })

	onStore(t, a, "a third long password\n", "user", "password", "bob@example.org")
	locksOut(t, "a session from before the new password", func() error { _, err := person.Me(t.Context()); return err })
	if _, err := person.Login(t.Context(), "bob@example.org", "a third long password"); err != nil {
		t.Errorf("sign in with the new password: %v", err)
	}
	onStore(t, a, "", "user", "disable", "bob@example.org")
	locksOut(t, "a disabled account's session", func() error { _, err := person.Me(t.Context()); return err })
	locksOut(t, "a disabled account's token", func() error { _, err := withToken(t, a, writing).Workspaces(t.Context()); return err })
}

// TestDoctorSeesWhatTheBrowserSet sets a model server as the settings page does.
func TestDoctorSeesWhatTheBrowserSet(t *testing.T) {
	t.Parallel()
	a := apptest.Start(t, apptest.Options{})
	p := a.SetUp()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, a.URL+"/api/settings",
		strings.NewReader(`{"values":{"LLM_PROVIDER":"openai","OPENAI_BASE_URL":"http://127.0.0.1:1/v1","OPENAI_API_KEY":"sk-geheim-123456"}}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := p.HTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("change settings: %s", res.Status)
	}
	out := onStore(t, a, "", "doctor", "--settings")
	for _, want := range []string{"openai at 127.0.0.1:1 cannot be reached", "http://127.0.0.1:1/v1", "set in the browser", "(set, not shown)"} {
		if !strings.Contains(out, want) {
			t.Errorf("output lacks %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "geheim") {
		t.Error("the output holds the key")
	}
}

// locksOut waits until a running server has followed a change made beside it.
func locksOut(t *testing.T, who string, try func() error) {
	t.Helper()
	const patience = 30 * time.Second
	var err error
	for begin := time.Now(); time.Since(begin) < patience; time.Sleep(100 * time.Millisecond) {
		if err = try(); statusOf(err) == http.StatusUnauthorized {
			return
		}
	}
	t.Errorf("%s still works: %v", who, err)
}

func statusOf(err error) int {
	if problem, ok := err.(*client.Error); ok {
		return problem.Status
	}
	return 0
}
