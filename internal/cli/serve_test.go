package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/innoclaw/innoclaw/client"
	"github.com/innoclaw/innoclaw/internal/cli"
)

var setupLink = regexp.MustCompile(`^  (http://127\.0\.0\.1:\d+)/setup#token=(\S+)$`)

// TestServe starts a server as a person does, uses the link that it prints, and ends
// it by the signal that main turns into a cancelled context.
func TestServe(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reader, writer := io.Pipe()
	var errs bytes.Buffer
	data := filepath.Join(t.TempDir(), "data")
	code := make(chan int)
	go func() {
		c := cli.Run(ctx, []string{"serve", "--listen", "127.0.0.1:0", "--data", data},
			cli.System{In: strings.NewReader(""), Out: writer, Err: &errs, Environ: []string{"LOG_LEVEL=error"}})
		writer.Close()
		code <- c
	}()
	lines := bufio.NewScanner(reader)
	var link []string
	for link == nil && lines.Scan() {
		link = setupLink.FindStringSubmatch(lines.Text())
	}
	if link == nil {
		t.Fatalf("no link; the command ended with %d: %s", <-code, errs.String())
	}
	go io.Copy(io.Discard, reader)
	token, err := url.QueryUnescape(link[2])
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(link[1])
	if err != nil {
		t.Fatal(err)
	}
	if user, err := c.Setup(t.Context(), token, "Ada", "ada@example.org", "correct horse battery"); err != nil || user.Role != "admin" {
		t.Errorf("set up: %+v, %v", user, err)
	}
	if list, err := c.Workspaces(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("the sample workspace: %+v, %v", list, err)
	}
	stop()
	if got := <-code; got != 0 {
		t.Errorf("the server ended with %d: %s", got, errs.String())
	}
	// The second start knows its account and prints no link.
	again, cancel := context.WithCancel(t.Context())
	defer cancel()
	reader, writer = io.Pipe()
	go func() {
		c := cli.Run(again, []string{"serve", "--listen", "127.0.0.1:0", "--data", data},
			cli.System{In: strings.NewReader(""), Out: writer, Err: &errs, Environ: []string{"LOG_LEVEL=error"}})
		writer.Close()
		code <- c
	}()
	lines = bufio.NewScanner(reader)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "InnoClaw is ready: http://127.0.0.1:") {
		t.Errorf("first line %q", lines.Text())
	}
	cancel()
	for lines.Scan() {
		t.Errorf("more output: %q", lines.Text())
	}
	if got := <-code; got != 0 {
		t.Errorf("the second server ended with %d: %s", got, errs.String())
	}
}
