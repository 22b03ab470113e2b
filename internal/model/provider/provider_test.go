package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/innoclaw/innoclaw/internal/model"
	"github.com/innoclaw/innoclaw/internal/model/modeltest"
	"github.com/innoclaw/innoclaw/internal/model/provider"
	"github.com/innoclaw/innoclaw/internal/outbound"
	"github.com/innoclaw/innoclaw/internal/secret"
)

type settings map[string]string

func (s settings) Get(key string) string         { return s[key] }
func (s settings) Secret(key string) secret.Text { return secret.Text(s[key]) }

func TestCurrent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings settings
		want     string // name model host local leaves, or an error's text
	}{
		"nothing":         {settings{}, "offline extractive  true false"},
		"default address": {settings{"OPENAI_BASE_URL": "https://api.openai.com/v1"}, "offline extractive  true false"},
		"placeholder":     {settings{"OPENAI_API_KEY": "sk-..."}, "offline extractive  true false"},
		"placeholder 2":   {settings{"OPENAI_API_KEY": "your-key-here", "LLM_PROVIDER": "openai"}, "OPENAI_API_KEY is not set"},
		"placeholder 3":   {settings{"OPENAI_API_KEY": "sk-xxxxxxxx"}, "offline extractive  true false"},
		"key":             {settings{"OPENAI_API_KEY": "sk-real-1"}, "openai gpt-4o-mini api.openai.com false true"},
		"offline wins":    {settings{"OPENAI_API_KEY": "sk-real-1", "LLM_PROVIDER": "offline"}, "offline extractive  true false"},
		"vllm":            {settings{"OPENAI_BASE_URL": "http://10.0.0.5:8000", "LLM_MODEL": "q"}, "openai q 10.0.0.5:8000 false true"},
		"ollama":          {settings{"LLM_PROVIDER": "ollama"}, "ollama  127.0.0.1:11434 true false"},
		"bad address":     {settings{"LLM_PROVIDER": "openai", "OPENAI_BASE_URL": "ftp://x"}, "not an http(s) address"},
		"bad provider":    {settings{"LLM_PROVIDER": "anthropic"}, "must be offline"},
	} {
		got := ""
		choice, err := provider.New(c.settings, outbound.New(outbound.Options{})).Current()
		if err != nil {
			got = err.Error()
		} else {
			got = fmt.Sprint(choice.Name, " ", choice.Model, " ", choice.Host, " ", choice.Local, " ", choice.LeavesMachine())
		}
		if got != c.want && (err == nil || !strings.Contains(got, c.want)) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestFollowsSettings(t *testing.T) {
	t.Parallel()
	s := settings{}
	r := provider.New(s, outbound.New(outbound.Options{}))
	first, err := r.Current()
	if err != nil || first.Name != provider.Offline {
		t.Fatal(first, err)
	}
	s["LLM_PROVIDER"] = "ollama"
	second, err := r.Current()
	if err != nil || second.Name != provider.Ollama {
		t.Fatal(second, err)
	}
	third, _ := r.Current()
	if third.Provider != second.Provider {
		t.Error("made anew without a change")
	}
}

func TestKeyStaysWithItsHost(t *testing.T) {
	t.Parallel()
	server := modeltest.New(t, modeltest.Answer("ready"))
	r := provider.New(settings{"LLM_PROVIDER": "ollama", "OLLAMA_BASE_URL": strings.TrimSuffix(server.URL, "/v1"), "OPENAI_API_KEY": "sk-real-secret"}, outbound.New(outbound.Options{}))
	result := r.Test(t.Context())
	if !result.OK || result.Sent == "" {
		t.Fatalf("%+v", result)
	}
	if h := fmt.Sprint(server.Calls()[0].Header); strings.Contains(h, "sk-real") {
		t.Errorf("the OpenAI key went to Ollama: %s", h)
	}
	infos, err := r.List(t.Context())
	if err != nil || len(infos) != 2 {
		t.Errorf("%v, %v", infos, err)
	}
}

func TestTestTellsWhatToDo(t *testing.T) {
	t.Parallel()
	server := modeltest.New(t, modeltest.Error(401, "invalid_api_key", "wrong key sk-real-secret"))
	r := provider.New(settings{"LLM_PROVIDER": "openai", "OPENAI_BASE_URL": server.URL, "OPENAI_API_KEY": "sk-real-secret"}, outbound.New(outbound.Options{}))
	result := r.Test(t.Context())
	if result.OK || !strings.Contains(result.Message, "Check the key") || strings.Contains(result.Message, "sk-real-secret") {
		t.Errorf("%+v", result)
	}
}

func TestContextTokens(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]int{"gpt-4o-mini": 128_000, "gpt-4": 8_192, "openai/gpt-4.1-nano": 1_047_576, "unknown": model.DefaultContext} {
		if got := model.ContextTokens(id, false); got != want {
			t.Errorf("ContextTokens(%q) = %d, want %d", id, got, want)
		}
	}
	if got := model.ContextTokens("llama3.1:8b", true); got != model.DefaultLocalContext {
		t.Errorf("local: %d", got)
	}
}
