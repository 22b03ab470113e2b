package app_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/client"
	"github.com/innoclaw/innoclaw/internal/app/apptest"
	"github.com/innoclaw/innoclaw/internal/cli"
)

// serveVariable makes the test binary be the program itself.
const serveVariable = "INNOCLAW_APP_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(serveVariable) == "" {
		os.Exit(m.Run())
	}
	os.Exit(cli.Run(context.Background(), os.Args[1:], cli.System{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Environ: os.Environ()}))
}

// process is the real program, serving.
type process struct {
	cmd   *exec.Cmd
	errs  *logs
	ready chan struct{} // closed when it listens, or has ended
	gone  chan struct{} // closed when it has ended
	url   string        // set when ready, empty if it ended before
}

// program prepares the binary with a working folder and environment of its own.
func program(t testing.TB, dir string, environ []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = dir
	cmd.Env = append([]string{serveVariable + "=1", "HOME=" + dir, "PATH=" + os.Getenv("PATH"), "GORACE=halt_on_error=1"}, environ...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

var readyLine = regexp.MustCompile(`ready: (http://\S+)`)

// serve starts the program and returns at once.
func serve(t testing.TB, dir string, environ ...string) *process {
	t.Helper()
	p := &process{errs: &logs{}, ready: make(chan struct{}), gone: make(chan struct{})}
	p.cmd = program(t, dir, environ, "serve", "--listen", "127.0.0.1:0", "--data", dir+"/data")
	p.cmd.Stderr = p.errs
	out, err := p.cmd.StdoutPipe()
	must(t, err)
	must(t, p.cmd.Start())
	t.Cleanup(p.kill)
	go func() { // ends with the process
		defer close(p.gone)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if m := readyLine.FindStringSubmatch(lines.Text()); m != nil {
				p.url = m[1]
				close(p.ready)
			}
		}
		_ = p.cmd.Wait() // it was killed, or says why on its error stream
		if p.url == "" {
			close(p.ready)
		}
	}()
	return p
}

// kill ends the process as a power cut does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.gone
}

// wait waits until the process listens and fails the test if it does not.
func (p *process) wait(t testing.TB) {
	t.Helper()
	select {
	case <-p.ready:
	case <-time.After(patience):
	}
	if p.url == "" {
		t.Fatalf("the program did not start:\n%s", p.errs)
	}
}

// person gives a client of the process with the session that h carries.
func (p *process) person(t testing.TB, h *http.Client) apptest.Person {
	t.Helper()
	c, err := client.New(p.url, client.WithHTTPClient(h))
	must(t, err)
	return apptest.Person{Client: c, HTTP: h}
}

func newBrowser(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	return &http.Client{Jar: jar, Timeout: patience}
}

// setUp makes the first account with the token of the file in the data folder.
func (p *process) setUp(t testing.TB, dir string, h *http.Client) apptest.Person {
	t.Helper()
	token, err := os.ReadFile(filepath.Join(dir, "data", "setup-token"))
	must(t, err)
	person := p.person(t, h)
	person.User, err = person.Setup(t.Context(), strings.TrimSpace(string(token)), "Ada", "ada@example.org", apptest.Password)
	must(t, err)
	return person
}

// said runs the program to its end and gives its exit code and what it wrote.
func said(t testing.TB, dir string, environ []string, args ...string) (code int, text string) {
	t.Helper()
	cmd := program(t, dir, environ, args...)
	stop := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer stop.Stop()
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(fmt.Errorf("run the program: %w", err))
	}
	return cmd.ProcessState.ExitCode(), string(out)
}
