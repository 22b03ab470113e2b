// Package doctor looks at everything InnoClaw needs to run well and says, for each
// thing that is wrong, what to do about it. It changes nothing and sends nothing
// but a request without content to the configured model server.
package doctor

import (
	"context"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/innoclaw/innoclaw/internal/config"
	"github.com/innoclaw/innoclaw/internal/phrase"
)

// Status is the outcome of one check.
type Status string

// A Warning leaves the program usable, a Problem does not.
const (
	OK      Status = "ok"
	Warning Status = "warning"
	Problem Status = "problem"
)

// Finding is what one check found. Name is English and stable; Fix is empty when all
// is well.
type Finding struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
}

// Inputs are the things the checks look at.
type Inputs struct {
	// Book says the findings.
	Book     phrase.Book
	Config   *config.Config
	Warnings []string // of the configuration
	// Roots opens the workspace roots as the server would.
	Roots func() error
	// Database looks at the database without changing it and describes it.
	Database func(ctx context.Context) (string, error)
	// Provider names the model provider that is in force and its address; the address
	// is empty when no server is asked. The error says what is missing.
	Provider func(ctx context.Context) (name, address string, err error)
	// Reach asks an address for any answer, without content.
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
		{"file rights", fileRights},
		{"disk", disk},
		{"database", database},
		{"workspace roots", roots},
		{"address", address},
		{"clock", clock},
		{"file watching", watching},
		{"open files", openFiles},
		{"Landlock", landlock},
		{"seccomp", seccomp},
		{"user namespaces", userNamespaces},
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

func (in Inputs) ok(english string, args ...any) Finding {
	return Finding{Status: OK, Detail: in.Book.Say(english, args...)}
}

// warning and problem take texts that Say has formed already.
func warning(detail, fix string) Finding { return Finding{Status: Warning, Detail: detail, Fix: fix} }
func problem(detail, fix string) Finding { return Finding{Status: Problem, Detail: detail, Fix: fix} }

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
		return warning(strings.Join(in.Warnings, "; "), in.Book.Say("Correct or remove these names."))
	}
	return in.ok("all values are valid")
}

func database(ctx context.Context, in Inputs) Finding {
	detail, err := in.Database(ctx)
	switch {
	case err == nil:
		return Finding{Status: OK, Detail: detail}
	case in.Config.PostgreSQL():
		return problem(err.Error(), in.Book.Say("Check that the server of DATABASE_URL is running and accepts this user."))
	case missing(err):
		return problem(err.Error(), in.Book.Say("Correct the data folder, or DATABASE_URL, first."))
	}
	return problem(err.Error(), in.Book.Say("Restore the database from a copy, or move it away to begin with an empty one."))
}

func roots(_ context.Context, in Inputs) Finding {
	if err := in.Roots(); err != nil {
		return problem(err.Error(), in.Book.Say("Change WORKSPACE_ROOTS: each entry has to be an existing folder that holds research data and nothing else."))
	}
	if len(in.Config.Roots) == 0 {
		return in.ok("none given; workspaces lie in the data folder")
	}
	return Finding{Status: OK, Detail: strings.Join(in.Config.Roots, ", ")}
}

func address(ctx context.Context, in Inputs) Finding {
	listen := in.Config.Listen
	if in.Config.AuthMode == "disabled" && !in.Config.Loopback() {
		return problem(in.Book.Say("%s can be reached from other machines and accounts are disabled", listen),
			in.Book.Say("Listen on 127.0.0.1, or set AUTH_MODE=local."))
	}
	var listener net.ListenConfig
	l, err := listener.Listen(ctx, "tcp", listen)
	if err != nil {
		return warning(err.Error(), in.Book.Say("If InnoClaw is running already, all is well. Otherwise end the other program or choose another port with PORT or --listen."))
	}
	if err := l.Close(); err != nil {
		return warning(err.Error(), in.Book.Say("Try again."))
	}
	switch {
	case !in.Config.Loopback():
		return warning(in.Book.Say("%s is free and can be reached from other machines", listen),
			in.Book.Say("Put a reverse proxy with HTTPS in front, and list its host name in ALLOWED_HOSTS."))
	case in.Config.AuthMode == "disabled":
		return in.ok("%s is free; without accounts, everybody on this machine is the administrator", listen)
	}
	return in.ok("%s is free", listen)
}

func provider(ctx context.Context, in Inputs) Finding {
	name, address, err := in.Provider(ctx)
	if err != nil {
		return warning(in.Book.Say("%s is not ready: %v", name, err), in.Book.Say("Until then questions get an error instead of an answer. Without a model set LLM_PROVIDER=offline."))
	}
	if address == "" {
		return in.ok("%s: answers are made of quotes, nothing leaves this machine", name)
	}
	host := address
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		host = u.Host
	}
	if err := in.Reach(ctx, address); err != nil {
		return warning(in.Book.Say("%s at %s cannot be reached: %v", name, host, err),
			in.Book.Say("Check that the server is running and the address is right; until then questions get an error instead of an answer."))
	}
	return in.ok("%s at %s can be reached", name, host)
}
