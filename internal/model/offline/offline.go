// Package offline answers without a model and without a network: it picks the
// sentences, rows and pieces of code that answer the question best from the
// passages found, and quotes them word for word. It says so when nothing fits.
//
// It implements model.Provider, and its citations are checked like any model's.
package offline

import (
	"context"
	"iter"
	"strings"
	"unicode"

	"github.com/innoclaw/innoclaw/internal/model"
)

// Name of the provider.
const Name = "offline"

// Provider is stateless and safe for concurrent use.
type Provider struct{}

// New makes a provider.
func New() Provider { return Provider{} }

// Name implements model.Provider.
func (Provider) Name() string { return Name }

// Models implements model.Lister.
func (Provider) Models(context.Context) ([]model.Info, error) {
	return []model.Info{{ID: "extractive", Name: "Quotes from your files"}}, nil
}

// Stream implements model.Provider. The same request gives the same answer.
func (Provider) Stream(ctx context.Context, r model.Request) iter.Seq2[model.Event, error] {
	return func(yield func(model.Event, error) bool) {
		var picked []unit
		g := r.Grounding
		if g == nil {
			g = &model.Grounding{}
			if n := len(r.Messages); n > 0 {
				g.Question = r.Messages[n-1].Text
			}
		}
		picked = pick(ctx, g)
		if ctx.Err() != nil {
			yield(model.Event{}, context.Cause(ctx))
			return
		}
		for _, piece := range render(g, picked) {
			if !yield(model.Event{Kind: model.Text, Text: piece}, nil) {
				return
			}
		}
		yield(model.Event{Kind: model.Finish, FinishReason: model.FinishStop}, nil)
	}
}

// frame is the wording around the quotes in one language.
type frame struct{ one, many, none string }

var frames = map[string]frame{
	"en": {
		one:  "This is what the files say:",
		many: "These passages answer it best:",
		none: "Nothing in the files that were searched answers this question.",
	},
	"zh": {
		one:  "文件中的相关内容：",
		many: "以下原文与问题最相关：",
		none: "在检索到的文件中没有找到能够回答这个问题的内容。",
	},
}

// Language tells in which language to frame an answer: "zh" for a question in
// Chinese, else "en".
func Language(question string) string {
	han := 0
	for _, r := range question {
		switch {
		case unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			return "en"
		case unicode.Is(unicode.Han, r):
			han++
		}
	}
	if han >= 2 {
		return "zh"
	}
	return "en"
}

// render writes the answer in pieces as a stream would bring them.
func render(g *model.Grounding, picked []unit) []string {
	f := frames[Language(g.Question)]
	if len(picked) == 0 {
		return []string{f.none, " [none]"}
	}
	head := f.one
	if len(picked) > 1 {
		head = f.many
	}
	out := []string{head + "\n\n"}
	for _, u := range picked {
		out = append(out, u.render(g.Passages[u.passage]))
	}
	return out
}

// render writes one quote with its citation.
func (u unit) render(p model.Passage) string {
	if u.kind == code {
		fence := "```"
		for strings.Contains(u.text, fence) {
			fence += "`"
		}
		return fence + language(p.Path) + "\n" + u.text + "\n" + fence + "\n[" + p.ID + "]\n\n"
	}
	line := "- "
	if pairs := labelled(u); pairs != "" {
		line += pairs + ": "
	}
	return line + "“" + flatten(u.text) + "” [" + p.ID + "]\n"
}

// labelled names the cells of a table's row by the table's header.
func labelled(u unit) string {
	if u.kind != row || len(u.header) == 0 {
		return ""
	}
	var pairs []string
	for i, cell := range u.cells {
		if i < len(u.header) && strings.TrimSpace(cell) != "" && strings.TrimSpace(u.header[i]) != "" {
			pairs = append(pairs, strings.TrimSpace(u.header[i])+" = "+strings.TrimSpace(cell))
		}
		if len(pairs) == maxCells {
			break
		}
	}
	return strings.Join(pairs, ", ")
}

const maxCells = 20

// flatten puts a quote on one line: line breaks become a space, and nothing between
// characters of scripts that set no spaces.
func flatten(s string) string {
	fields := strings.Fields(s)
	var b strings.Builder
	for i, f := range fields {
		if i > 0 {
			before, after := []rune(fields[i-1]), []rune(f)
			if !wide(before[len(before)-1]) || !wide(after[0]) {
				b.WriteByte(' ')
			}
		}
		b.WriteString(f)
	}
	return b.String()
}

// language names the code's language for highlighting, by the file's extension.
func language(path string) string {
	i := strings.LastIndexByte(path, '.')
	if i < 0 || len(path)-i > 6 {
		return ""
	}
	ext := path[i+1:]
	for _, r := range ext {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return ""
		}
	}
	return ext
}
