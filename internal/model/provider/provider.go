// Package provider picks the model provider that the settings name. The choice
// follows the settings while the server runs.
package provider

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"

	"github.com/innoclaw/innoclaw/internal/model"
	"github.com/innoclaw/innoclaw/internal/model/offline"
	"github.com/innoclaw/innoclaw/internal/model/openai"
	"github.com/innoclaw/innoclaw/internal/outbound"
	"github.com/innoclaw/innoclaw/internal/secret"
)

// Names of providers in the setting LLM_PROVIDER.
const (
	Offline = offline.Name
	OpenAI  = "openai"
	Ollama  = "ollama"
)

// Defaults.
const (
	DefaultOpenAIModel = "gpt-4o-mini"
	DefaultOllamaURL   = "http://127.0.0.1:11434"
)

// Settings gives live values. Values left as in the example file may come along;
// they count as unset.
type Settings interface {
	Get(key string) string
	Secret(key string) secret.Text
}

// Choice is who answers now.
type Choice struct {
	Provider model.Provider
	// Name is one of the constants; Model may be empty when the server's first
	// model is taken.
	Name, Model string
	// Host is where text goes, as host or host:port; empty for the offline provider.
	Host string
	// Local says that the host is this machine.
	Local bool
	// ContextTokens is the size of prompt and answer together.
	ContextTokens int
}

// LeavesMachine tells whether text from the files goes to another machine.
func (c Choice) LeavesMachine() bool { return c.Host != "" && !c.Local }

// Resolver gives the current Choice. It is safe for concurrent use.
type Resolver struct {
	settings Settings
	dialer   *outbound.Dialer

	mu     sync.Mutex // guards what follows
	made   endpoint
	choice Choice
	close  func()
}

// New makes a resolver.
func New(s Settings, d *outbound.Dialer) *Resolver {
	return &Resolver{settings: s, dialer: d}
}

// endpoint is everything that a provider is made from.
type endpoint struct {
	name, base, model string
	key               secret.Text
}

// Current gives the provider to use. The error is a *model.Error whose text tells
// what to change in the settings.
func (r *Resolver) Current() (Choice, error) {
	e := r.endpoint()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.choice.Provider != nil && r.made == e {
		return r.choice, nil
	}
	c, stop, err := r.build(e)
	if err != nil {
		return Choice{}, err
	}
	if r.close != nil {
		r.close()
	}
	r.made, r.choice, r.close = e, c, stop
	return c, nil
}

// endpoint reads the settings.
func (r *Resolver) endpoint() endpoint {
	e := endpoint{name: strings.ToLower(strings.TrimSpace(r.settings.Get("LLM_PROVIDER"))), model: clean(r.settings.Get("LLM_MODEL"))}
	key := secret.Text(clean(r.settings.Secret("OPENAI_API_KEY").Reveal()))
	base := clean(r.settings.Get("OPENAI_BASE_URL"))
	if e.name == "" {
		e.name = Offline
		if key.IsSet() || base != "" && strings.TrimRight(base, "/") != openai.DefaultBaseURL {
			e.name = OpenAI
		}
	}
	switch e.name {
	case OpenAI:
		e.key, e.base = key, base
		if e.base == "" {
			e.base = openai.DefaultBaseURL
		}
		if e.model == "" && e.base == openai.DefaultBaseURL {
			e.model = DefaultOpenAIModel
		}
	case Ollama:
		// The OpenAI key stays away from it: another provider's host.
		if e.base = clean(r.settings.Get("OLLAMA_BASE_URL")); e.base == "" {
			e.base = DefaultOllamaURL
		}
	default:
		e.model = ""
	}
	return e
}

// build makes the provider. stop closes its connections.
func (r *Resolver) build(e endpoint) (Choice, func(), error) {
	bad := func(kind model.ErrorKind, message string) (Choice, func(), error) {
		return Choice{}, nil, &model.Error{Kind: kind, Provider: e.name, Message: message}
	}
	switch e.name {
	case Offline:
		return Choice{Provider: offline.New(), Name: Offline, Model: "extractive", Local: true, ContextTokens: model.DefaultContext}, func() {}, nil
	case OpenAI, Ollama:
	default:
		return bad(model.NotFound, "LLM_PROVIDER must be offline, openai or ollama")
	}
	base, err := openai.BaseURL(e.base)
	if err != nil {
		return bad(model.NotFound, "the base URL is "+err.Error())
	}
	if e.name == OpenAI && !e.key.IsSet() && base.Host == "api.openai.com" {
		return bad(model.Auth, "OPENAI_API_KEY is not set")
	}
	client := r.dialer.Client(outbound.Purpose{
		Name: "model", Hosts: []string{base.Hostname()}, AllowPrivate: []string{hostPort(base)},
		MaxBody: model.MaxAnswerBytes, Timeout: -1, MaxRedirects: -1,
	})
	p, err := openai.New(openai.Options{Name: e.name, BaseURL: base.String(), Key: e.key, Model: e.model, Client: client})
	if err != nil {
		return bad(model.NotFound, err.Error())
	}
	local := loopback(base.Hostname())
	c := Choice{Provider: model.Retry(p), Name: e.name, Model: e.model, Host: base.Host, Local: local,
		ContextTokens: model.ContextTokens(e.model, e.name == Ollama || local)}
	return c, client.CloseIdleConnections, nil
}

// List gives the models of the current provider.
func (r *Resolver) List(ctx context.Context) ([]model.Info, error) {
	c, err := r.Current()
	if err != nil {
		return nil, err
	}
	lister, ok := model.As[model.Lister](c.Provider)
	if !ok {
		return []model.Info{}, nil
	}
	return lister.Models(ctx)
}

func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	if u.Scheme == "http" {
		return net.JoinHostPort(u.Hostname(), "80")
	}
	return net.JoinHostPort(u.Hostname(), "443")
}

func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// placeholders are values that example files hold.
var placeholders = []string{"your-key-here", "your_key_here", "your-api-key", "your_api_key", "your-api-key-here", "your_api_key_here",
	"changeme", "change-me", "sk-...", "sk-…", "sk-xxx", "sk-your-key", "<your-key>", "xxx", "todo", "none", "null"}

// clean trims a value and empties placeholders.
func clean(v string) string {
	v = strings.TrimSpace(v)
	low := strings.ToLower(v)
	for _, p := range placeholders {
		if low == p {
			return ""
		}
	}
	if strings.HasPrefix(low, "sk-") && strings.Trim(low[3:], "x.…*") == "" {
		return ""
	}
	return v
}
