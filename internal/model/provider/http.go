package provider

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/innoclaw/innoclaw/internal/model"
	"github.com/innoclaw/innoclaw/internal/server"
)

// modelList is the answer of GET /api/models.
type modelList struct {
	Provider      string       `json:"provider" doc:"Who answers: offline, openai or ollama."`
	Model         string       `json:"model" doc:"Model in use; empty if the server's first is taken."`
	Host          *string      `json:"host" doc:"Where text goes; null if nowhere."`
	Local         bool         `json:"local" doc:"The host is this machine."`
	LeavesMachine bool         `json:"leavesMachine" doc:"Questions and passages go to another machine."`
	Models        []model.Info `json:"models" doc:"What the provider offers."`
	Error         string       `json:"error,omitempty" doc:"Why the list is empty."`
}

// testResult is the answer of POST /api/models/test.
type testResult struct {
	OK      bool   `json:"ok"`
	Message string `json:"message" doc:"What happened, and what to do if it failed."`
	Sent    string `json:"sent" doc:"All text that was sent to the provider."`
}

// testPrompt is all that a test sends.
const testPrompt = "Reply with the single word: ready"

const testTimeout = 60 * time.Second

// Routes adds the routes about models.
func (r *Resolver) Routes(t *server.Table) {
	server.Handle(t, server.Route{Method: http.MethodGet, Path: "/api/models", Access: server.User, Tag: "models",
		Summary: "Tell who answers and which models it offers"}, r.getModels)
	server.Handle(t, server.Route{Method: http.MethodPost, Path: "/api/models/test", Access: server.Admin, Rate: server.RateHeavy, Tag: "models",
		Summary: "Send one short test prompt to the configured model"}, r.postTest)
}

// current fills what is known without asking the provider.
func (r *Resolver) current() (modelList, error) {
	c, err := r.Current()
	if err != nil {
		return modelList{Provider: r.endpoint().name, Models: []model.Info{}, Error: public(err)}, err
	}
	l := modelList{Provider: c.Name, Model: c.Model, Local: c.Local, LeavesMachine: c.LeavesMachine(), Models: []model.Info{}}
	if c.Host != "" {
		l.Host = &c.Host
	}
	return l, nil
}

func (r *Resolver) getModels(ctx context.Context, _ *struct{}) (*struct{ Body modelList }, error) {
	l, err := r.current()
	if err != nil {
		return &struct{ Body modelList }{l}, nil
	}
	infos, err := r.List(ctx)
	if err != nil {
		l.Error = public(err)
	} else {
		l.Models = infos
	}
	return &struct{ Body modelList }{l}, nil
}

func (r *Resolver) postTest(ctx context.Context, _ *struct{}) (*struct{ Body testResult }, error) {
	return &struct{ Body testResult }{r.Test(ctx)}, nil
}

// Test asks the configured model for one word.
func (r *Resolver) Test(ctx context.Context) testResult {
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	c, err := r.Current()
	if err != nil {
		return testResult{Message: public(err)}
	}
	if c.Name == Offline {
		return testResult{OK: true, Message: "No model is configured. Answers are quotes from your files, made on this machine."}
	}
	var text strings.Builder
	request := model.Request{Messages: []model.Message{{Role: model.User, Text: testPrompt}}, MaxOutputTokens: 200}
	for e, err := range c.Provider.Stream(ctx, request) {
		if err != nil {
			return testResult{Message: public(err), Sent: testPrompt}
		}
		if e.Kind == model.Text && text.Len() < 200 {
			text.WriteString(e.Text)
		}
	}
	return testResult{OK: true, Message: c.Host + " answered.", Sent: testPrompt}
}

// public gives the text for people.
func public(err error) string {
	var e *model.Error
	if errors.As(err, &e) {
		return e.Public()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "The model did not answer in time."
	}
	return "The model could not be asked."
}
