package answer

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/innoclaw/innoclaw/internal/journal"
	"github.com/innoclaw/innoclaw/internal/model/provider"
	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/workspace"
)

// Models tells who answers now; *provider.Resolver.
type Models interface {
	Current() (provider.Choice, error)
}

// Workspaces tells whose a workspace is; *workspace.Service.
type Workspaces interface {
	Get(ctx context.Context, userID, id string) (workspace.Workspace, error)
}

// Options are the parts that a Service stands on.
type Options struct {
	DB *store.DB
	// Journal may be nil for a Service that only answers with Ask.
	Journal    *journal.Journal
	Index      Index
	Workspaces Workspaces
	Models     Models
	Logger     *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Service holds conversations and answers questions.
type Service struct {
	o      Options
	engine engine
}

// New makes a service and registers its kind of run with the journal.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{o: o, engine: engine{index: o.Index, models: o.Models, now: o.Now}}
	if o.Journal != nil {
		o.Journal.Register(s.kind())
	}
	return s
}

// Ask answers one question without a conversation. Ownership of the workspace is
// the caller's business.
func (s *Service) Ask(ctx context.Context, q Question) (Result, error) {
	if err := checkQuestion(q.Text); err != nil {
		return Result{}, err
	}
	q.Text = strings.TrimSpace(q.Text)
	return s.engine.answer(ctx, q, nowhere{})
}

// nowhere is the sink of answers that nobody watches.
type nowhere struct{}

func (nowhere) parts(context.Context, ...Part) error { return nil }
func (nowhere) calling(context.Context, call) error  { return nil }

// checkQuestion refuses questions that are empty or too long.
func checkQuestion(text string) error {
	text = strings.TrimSpace(text)
	if text == "" {
		return server.Invalid("question_missing", "Write a question.")
	}
	if n := len([]rune(text)); n > MaxQuestion {
		return server.Invalid("question_too_long", "The question is too long: shorten it to 8,000 characters, or put the material into a file of the workspace.", map[string]int{"characters": n, "limit": MaxQuestion})
	}
	return nil
}
