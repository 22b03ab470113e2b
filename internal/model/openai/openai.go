// Package openai speaks the Chat Completions wire format: OpenAI itself, and every
// server that offers the same address scheme (Ollama, vLLM, llama.cpp, LM Studio,
// and most vendors).
package openai

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	sdk "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"

	"github.com/innoclaw/innoclaw/internal/model"
	"github.com/innoclaw/innoclaw/internal/secret"
)

// DefaultBaseURL is OpenAI's own address.
const DefaultBaseURL = "https://api.openai.com/v1"

// Options configure a Provider.
type Options struct {
	// Name is the provider's name in events and errors ("openai", "ollama").
	Name string
	// BaseURL is the address up to and including the version, see BaseURL.
	BaseURL string
	// Key may be empty for servers that want none.
	Key secret.Text
	// Model is used when a request names none. When both are empty the first
	// model that the server lists is taken.
	Model string
	// Client makes the connections. It must be guarded: it is given a key.
	Client *http.Client
	// FirstByte and Idle replace the defaults of package model when positive.
	FirstByte, Idle time.Duration
}

// Provider is a model.Provider and model.Lister.
type Provider struct {
	o       Options
	base    *url.URL
	options []option.RequestOption
	// noUsage is set once the server has rejected stream_options.
	noUsage atomic.Bool

	mu sync.Mutex
	// first is the model found when none is configured; mu guards it.
	first string
}

// BaseURL brings what people enter into the form that the wire format needs:
// scheme and host, and "/v1" when there is no path.
func BaseURL(entered string) (*url.URL, error) {
	entered = strings.TrimSpace(entered)
	if entered != "" && !strings.Contains(entered, "://") {
		entered = "http://" + entered
	}
	u, err := url.Parse(entered)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("not an http(s) address")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("an address must not hold a user name, query or fragment")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.Path = strings.TrimSuffix(u.Path, "/chat/completions")
	if u.Path == "" {
		u.Path = "/v1"
	}
	return u, nil
}

// New makes a provider. It connects to nothing.
func New(o Options) (*Provider, error) {
	base, err := BaseURL(cmp.Or(o.BaseURL, DefaultBaseURL))
	if err != nil {
		return nil, fmt.Errorf("base URL of %s: %w", o.Name, err)
	}
	o.FirstByte = cmp.Or(o.FirstByte, model.FirstByteTimeout)
	o.Idle = cmp.Or(o.Idle, model.IdleTimeout)
	p := &Provider{o: o, base: base}
	// The services are built directly: openai.NewClient would also read keys,
	// organisation and further headers from the environment and send them to
	// whatever host is configured here.
	p.options = []option.RequestOption{
		option.WithBaseURL(base.String() + "/"),
		option.WithHTTPClient(o.Client),
		option.WithMaxRetries(0), // model.Retry decides
		option.WithMiddleware(p.intercept),
	}
	for _, h := range []string{"Lang", "Package-Version", "OS", "Arch", "Runtime", "Runtime-Version", "Retry-Count", "Timeout"} {
		p.options = append(p.options, option.WithHeaderDel("X-Stainless-"+h))
	}
	p.options = append(p.options, option.WithHeader("User-Agent", "InnoClaw"))
	if o.Key.IsSet() {
		p.options = append(p.options, option.WithAPIKey(o.Key.Reveal()))
	}
	return p, nil
}

// Name implements model.Provider.
func (p *Provider) Name() string { return p.o.Name }

// Host is the host and port that requests go to.
func (p *Provider) Host() string { return p.base.Host }

// Models lists what the server offers, sorted by id.
func (p *Provider) Models(ctx context.Context) ([]model.Info, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	service := sdk.NewModelService(p.options...)
	page, err := service.List(ctx)
	if err != nil {
		return nil, p.failure(ctx, err, false)
	}
	infos := make([]model.Info, 0, len(page.Data))
	for _, m := range page.Data {
		if m.ID != "" && len(m.ID) <= 200 {
			infos = append(infos, model.Info{ID: m.ID, Name: m.ID})
		}
	}
	slices.SortFunc(infos, func(a, b model.Info) int { return cmp.Compare(a.ID, b.ID) })
	return infos, nil
}

// model gives the id to ask for.
func (p *Provider) model(ctx context.Context, asked string) (string, error) {
	if id := cmp.Or(asked, p.o.Model); id != "" {
		return id, nil
	}
	p.mu.Lock()
	first := p.first
	p.mu.Unlock()
	if first != "" {
		return first, nil
	}
	infos, err := p.Models(ctx)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(infos, func(m model.Info) bool { return !strings.Contains(m.ID, "embed") })
	if i < 0 {
		return "", &model.Error{Kind: model.NotFound, Provider: p.o.Name, Message: "the server offers no model"}
	}
	p.mu.Lock()
	p.first = infos[i].ID
	p.mu.Unlock()
	return infos[i].ID, nil
}

// Stream implements model.Provider.
func (p *Provider) Stream(ctx context.Context, r model.Request) iter.Seq2[model.Event, error] {
	return func(yield func(model.Event, error) bool) {
		id, err := p.model(ctx, r.Model)
		if err != nil {
			yield(model.Event{}, err)
			return
		}
		body := p.params(id, r)
		err, done := p.call(ctx, body, yield)
		if rejectsUsage(err) && !p.noUsage.Swap(true) {
			body.StreamOptions = sdk.ChatCompletionStreamOptionsParam{}
			err, done = p.call(ctx, body, yield)
		}
		if !done && err != nil {
			yield(model.Event{}, err)
		}
	}
}

// rejectsUsage recognises servers that know no stream_options.
func rejectsUsage(err error) bool {
	var e *model.Error
	return errors.As(err, &e) && e.Kind == model.BadRequest && strings.Contains(e.Message, "stream_options")
}

func (p *Provider) params(id string, r model.Request) sdk.ChatCompletionNewParams {
	body := sdk.ChatCompletionNewParams{Model: id}
	if r.System != "" {
		body.Messages = append(body.Messages, sdk.SystemMessage(r.System))
	}
	for _, m := range r.Messages {
		if m.Role == model.Assistant {
			body.Messages = append(body.Messages, sdk.AssistantMessage(m.Text))
			continue
		}
		body.Messages = append(body.Messages, sdk.UserMessage(m.Text))
	}
	if !p.noUsage.Load() {
		body.StreamOptions.IncludeUsage = param.NewOpt(true)
	}
	if r.MaxOutputTokens > 0 {
		// OpenAI's newer models reject the old name, other servers know only that.
		if p.base.Hostname() == "api.openai.com" {
			body.MaxCompletionTokens = param.NewOpt(int64(r.MaxOutputTokens))
		} else {
			body.MaxTokens = param.NewOpt(int64(r.MaxOutputTokens))
		}
	}
	if r.Temperature != nil && !model.FixedTemperature(id) {
		body.Temperature = param.NewOpt(*r.Temperature)
	}
	return body
}

var (
	errFirstByte = errors.New("no answer in time")
	errIdle      = errors.New("the answer stopped in the middle")
)

// call makes one call. done says that the consumer got all it can get or stopped.
func (p *Provider) call(ctx context.Context, body sdk.ChatCompletionNewParams, yield func(model.Event, error) bool) (failed error, done bool) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := &watch{idle: p.o.Idle, cancel: cancel}
	w.timer = time.AfterFunc(p.o.FirstByte, func() { cancel(errFirstByte) })
	defer w.timer.Stop()

	// The typed NewStreaming is not used for reading: its stream takes a chunk
	// with "error": null for a failure and hides whether [DONE] came, without
	// which a cut-off answer looks complete (TestFaults has both).
	client := sdk.Client{Options: p.options}
	var response *http.Response
	err := client.Post(ctx, "chat/completions", body, &response,
		option.WithJSONSet("stream", true), option.WithHeader("Accept", "text/event-stream"))
	if err != nil {
		return p.failure(ctx, err, false), false
	}
	defer response.Body.Close()
	response.Body = w.body(response.Body)
	s := stream{provider: p.o.Name, yield: yield}
	if err := s.read(response); err != nil {
		if s.stopped {
			return nil, true
		}
		return p.failure(ctx, err, s.delivered), false
	}
	return nil, true
}

// watch cancels a call that falls silent.
type watch struct {
	timer  *time.Timer
	idle   time.Duration
	cancel context.CancelCauseFunc
	rc     io.ReadCloser
	once   sync.Once
}

func (w *watch) body(rc io.ReadCloser) io.ReadCloser { w.rc = rc; return w }

// Read restarts the clock whenever bytes arrive, keep-alive comments included.
func (w *watch) Read(b []byte) (int, error) {
	n, err := w.rc.Read(b)
	if n > 0 {
		w.once.Do(func() {
			w.timer.Stop()
			w.timer = time.AfterFunc(w.idle, func() { w.cancel(errIdle) })
		})
		w.timer.Reset(w.idle)
	}
	return n, err
}

func (w *watch) Close() error { return w.rc.Close() }
