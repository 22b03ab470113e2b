// Package doctor looks at everything InnoClaw needs to run well and says, for each
// thing that is wrong, what to do about it. It changes nothing and sends nothing
// but a connection attempt to the configured model server.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/innoclaw/innoclaw/internal/config"
)

// Status is the outcome of one check.
type Status string

// A Warning leaves the program usable, a Problem does not.
const (
	OK      Status = "ok"
	Warning Status = "warning"
	Problem Status = "problem"
)

// Finding is what one check found. Fix is empty when all is well.
type Finding struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
}

// Inputs are the things the checks look at.
type Inputs struct {
	Config   *config.Config
	Warnings []string // of the configuration
	// Roots opens the workspace roots as the server would.
	Roots func() error
	// Database looks at the database without changing it and describes it.
	Database func(ctx context.Context) (string, error)
	// Provider names the configured model provider and its address; the address is
	// empty when nothing leaves the machine.
	Provider func() (name, address string)
	// Reach opens a connection to an address and closes it again.
	Reach func(ctx context.Context, address string) error
}

// checkTime bounds each check.
const checkTime = 10 * time.Second

// Run makes all checks in a fixed order.
func Run(ctx context.Context, in Inputs) []Finding {
	checks := []struct {
		name string
		run  func(context.Context, Inputs) Finding
	}{
		{"settings", settings},
		{"data folder", dataFolder},
		{"disk space", diskSpace},
		{"database", database},
		{"workspace roots", roots},
		{"address", address},
		{"clock", clock},
		{"file watching", watching},
		{"kernel isolation", isolation},
		{"container", container},
		{"model provider", provider},
	}
	findings := make([]Finding, 0, len(checks))
	for _, check := range checks {
		limited, cancel := context.WithTimeout(ctx, checkTime)
		finding := check.run(limited, in)
		cancel()
		finding.Name = check.name
		findings = append(findings, finding)
	}
	return findings
}

// Usable tells whether none of the findings is a Problem.
func Usable(findings []Finding) bool {
	for _, f := range findings {
		if f.Status == Problem {
			return false
		}
	}
	return true
}

func settings(_ context.Context, in Inputs) Finding {
	if len(in.Warnings) > 0 {
		return Finding{Status: Warning, Detail: strings.Join(in.Warnings, "; "), Fix: "Correct or remove these names."}
	}
	return Finding{Status: OK, Detail: "all values are valid"}
}

func dataFolder(_ context.Context, in Inputs) Finding {
	dir := in.Config.DataDir
	info, err := os.Stat(dir)
	if errors.Is(err, os.ErrNotExist) {
		return creatable(dir)
	}
	if err != nil {
		return Finding{Status: Problem, Detail: err.Error(), Fix: "Give DATA_DIR a folder that this user may read and write."}
	}
	if !info.IsDir() {
		return Finding{Status: Problem, Detail: dir + " is not a folder", Fix: "Give DATA_DIR a folder."}
	}
	probe, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return Finding{Status: Problem, Detail: err.Error(), Fix: "Make the folder writable for the user that runs InnoClaw: chown it, and mount it writable."}
	}
	name := probe.Name()
	if err := errors.Join(probe.Close(), os.Remove(name)); err != nil {
		return Finding{Status: Problem, Detail: err.Error(), Fix: "Check the file system of the data folder."}
	}
	if loose := info.Mode().Perm() & 0o077; loose != 0 {
		return Finding{Status: Warning, Detail: fmt.Sprintf("%s may be read by other users (%v)", dir, info.Mode().Perm()),
			Fix: "Run: chmod 700 " + dir + " (the server does this by itself when it starts)."}
	}
	return Finding{Status: OK, Detail: dir}
}

// creatable judges a folder that does not exist yet by the nearest one that does.
func creatable(dir string) Finding {
	parent := filepath.Dir(dir)
	for {
		info, err := os.Stat(parent)
		if err == nil && info.IsDir() {
			break
		}
		next := filepath.Dir(parent)
		if next == parent || err != nil && !errors.Is(err, os.ErrNotExist) || err == nil {
			return Finding{Status: Problem, Detail: fmt.Sprintf("%s cannot be created below %s", dir, parent), Fix: "Give DATA_DIR another folder."}
		}
		parent = next
	}
	if err := writable(parent); err != nil {
		return Finding{Status: Problem, Detail: fmt.Sprintf("%s does not exist and cannot be created: %v", dir, err),
			Fix: "Create it for the user that runs InnoClaw, or give DATA_DIR another folder."}
	}
	return Finding{Status: OK, Detail: dir + " will be created"}
}

// Thresholds of free space on the data folder's disk, in bytes.
const (
	diskProblem = 100 << 20
	diskWarning = 2 << 30
)

func diskSpace(_ context.Context, in Inputs) Finding {
	dir := in.Config.DataDir
	for {
		if _, err := os.Stat(dir); err == nil || filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	free, err := freeBytes(dir)
	if err != nil {
		return Finding{Status: Warning, Detail: "the free space could not be read: " + err.Error(), Fix: "Look at it with df."}
	}
	detail := fmt.Sprintf("%d MB free", free>>20)
	switch {
	case free < diskProblem:
		return Finding{Status: Problem, Detail: detail, Fix: "Free some space; the database needs room to write."}
	case free < diskWarning:
		return Finding{Status: Warning, Detail: detail, Fix: "Free some space before indexing large folders."}
	}
	return Finding{Status: OK, Detail: detail}
}

func database(ctx context.Context, in Inputs) Finding {
	detail, err := in.Database(ctx)
	if err == nil {
		return Finding{Status: OK, Detail: detail}
	}
	fix := "Restore the database from a copy, or move it away to begin with an empty one."
	if in.Config.PostgreSQL() {
		fix = "Check that the server of DATABASE_URL is running and accepts this user."
	}
	return Finding{Status: Problem, Detail: err.Error(), Fix: fix}
}

func roots(_ context.Context, in Inputs) Finding {
	if err := in.Roots(); err != nil {
		return Finding{Status: Problem, Detail: err.Error(), Fix: "Change WORKSPACE_ROOTS: each entry has to be an existing folder that holds research data and nothing else."}
	}
	if len(in.Config.Roots) == 0 {
		return Finding{Status: OK, Detail: "none given; workspaces lie in the data folder"}
	}
	return Finding{Status: OK, Detail: strings.Join(in.Config.Roots, ", ")}
}

func address(ctx context.Context, in Inputs) Finding {
	listen := in.Config.Listen
	if in.Config.AuthMode == "disabled" && !in.Config.Loopback() {
		return Finding{Status: Problem, Detail: listen + " can be reached from other machines and accounts are disabled",
			Fix: "Listen on 127.0.0.1, or set AUTH_MODE=local."}
	}
	var listener net.ListenConfig
	l, err := listener.Listen(ctx, "tcp", listen)
	if err != nil {
		return Finding{Status: Warning, Detail: err.Error(),
			Fix: "If InnoClaw is running already, all is well. Otherwise end the other program or choose another port with PORT or --listen."}
	}
	if err := l.Close(); err != nil {
		return Finding{Status: Warning, Detail: err.Error(), Fix: "Try again."}
	}
	if !in.Config.Loopback() {
		return Finding{Status: Warning, Detail: listen + " is free and can be reached from other machines",
			Fix: "Put a reverse proxy with HTTPS in front, and list its host name in ALLOWED_HOSTS."}
	}
	return Finding{Status: OK, Detail: listen + " is free"}
}

// earliest is a time that has certainly passed: a clock before it was never set.
var earliest = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func clock(context.Context, Inputs) Finding {
	now := time.Now()
	if now.Before(earliest) {
		return Finding{Status: Problem, Detail: "the clock says " + now.UTC().Format(time.RFC3339),
			Fix: "Set the clock, for example by turning on time synchronisation; sessions and schedules depend on it."}
	}
	return Finding{Status: OK, Detail: now.UTC().Format(time.RFC3339)}
}

func container(context.Context, Inputs) Finding {
	if _, err := os.Stat("/var/run/docker.sock"); err == nil && inContainer() {
		return Finding{Status: Warning, Detail: "the Docker socket is mounted into this container: whoever gets hold of it controls the host",
			Fix: "Remove the mount of /var/run/docker.sock; InnoClaw does not need it."}
	}
	return Finding{Status: OK, Detail: "no Docker socket within reach"}
}

func inContainer() bool {
	for _, mark := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(mark); err == nil {
			return true
		}
	}
	return false
}

func provider(ctx context.Context, in Inputs) Finding {
	name, address := in.Provider()
	if address == "" {
		return Finding{Status: OK, Detail: name + ": nothing leaves this machine"}
	}
	host := address
	if u, err := url.Parse(address); err == nil {
		host = u.Host
	}
	if err := in.Reach(ctx, address); err != nil {
		return Finding{Status: Warning, Detail: fmt.Sprintf("%s at %s cannot be reached: %v", name, host, err),
			Fix: "Check that the server is running and the address is right; until then questions get an error instead of an answer."}
	}
	return Finding{Status: OK, Detail: fmt.Sprintf("%s at %s can be reached", name, host)}
}
