package model

import "strings"

// contextTokens lists context sizes in tokens by prefix of the model's id, without
// vendor folder; the longest matching prefix counts. Local servers often run with
// less than a model could take, so theirs are what the servers use by default.
var contextTokens = map[string]int{
	"gpt-3.5-turbo": 16_385,
	"gpt-4":         8_192,
	"gpt-4-turbo":   128_000,
	"gpt-4o":        128_000,
	"gpt-4.1":       1_047_576,
	"gpt-5":         256_000,
	"o1":            200_000,
	"o3":            200_000,
	"o4":            200_000,
	"deepseek":      64_000,
	"kimi":          200_000,
	"glm":           128_000,
	"qwen3":         32_768,
	"qwen2.5":       32_768,
	"intern-s1":     200_000,
	"mistral":       32_768,
	"mixtral":       32_768,
	"phi3":          4_096,
	"gemma2":        8_192,
	"gemma3":        32_768,
	"llama2":        4_096,
	"llama3":        8_192,
	"llama3.1":      32_768,
	"llama3.2":      32_768,
	"llama3.3":      32_768,
}

// Context sizes in tokens for models that the catalogue does not know.
const (
	DefaultContext = 32_768
	// DefaultLocalContext is what a local server such as Ollama allots when nobody
	// configured more; text beyond it is dropped silently.
	DefaultLocalContext = 8_192
)

// ContextTokens gives the context size of a model. local says that it runs on a
// server of the user's own, where the usual default is small.
func ContextTokens(id string, local bool) int {
	id = strings.ToLower(id)
	if i := strings.LastIndexByte(id, '/'); i >= 0 {
		id = id[i+1:]
	}
	best, size := 0, DefaultContext
	for prefix, tokens := range contextTokens {
		if len(prefix) > best && strings.HasPrefix(id, prefix) {
			best, size = len(prefix), tokens
		}
	}
	if local {
		return min(size, DefaultLocalContext)
	}
	return size
}

// FixedTemperature tells whether a model accepts no temperature of the caller's.
func FixedTemperature(id string) bool {
	id = strings.ToLower(id)
	for _, prefix := range []string{"o1", "o3", "o4", "gpt-5"} {
		if strings.HasPrefix(id, prefix) {
			return true
		}
	}
	return false
}

// Tokens estimates the tokens of a text: about four bytes each in Latin script,
// about one per Han, kana or hangul character. It is on the high side, which is
// the safe side when a budget is kept.
func Tokens(text string) int {
	narrow, wide := 0, 0
	for _, r := range text {
		if r >= 0x2E80 {
			wide++
		} else {
			narrow++
		}
	}
	return wide + (narrow+2)/3
}
