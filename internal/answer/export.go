package answer

import (
	"fmt"
	"strings"
)

// exportMarkdown writes a conversation as Markdown. Each citation is a footnote
// with file, place, state, hash and the exact words.
func exportMarkdown(c ConversationWithMessages) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", oneLine(c.Title))
	var notes []string
	for _, m := range c.Messages {
		if m.Role == roleUser {
			for line := range strings.Lines(m.text()) {
				b.WriteString("> " + strings.TrimRight(line, "\r\n") + "\n")
			}
			b.WriteString("\n")
			continue
		}
		numbers := make(map[string]int) // citation id to footnote
		for _, p := range m.Parts {
			if d, ok := p["data"].(map[string]any); ok && p["type"] == dataCitation {
				id, _ := d["id"].(string)
				notes = append(notes, footnote(len(notes)+1, d))
				numbers[id] = len(notes)
			}
		}
		text := markPattern.ReplaceAllStringFunc(m.text(), func(mark string) string {
			if n := numbers[strings.Trim(mark, "[^]")]; n > 0 {
				return fmt.Sprintf("[^%d]", n)
			}
			return ""
		})
		b.WriteString(text + "\n\n")
		if m.State != complete {
			fmt.Fprintf(&b, "*(%s)*\n\n", m.State)
		}
	}
	if len(notes) > 0 {
		b.WriteString("---\n\n" + strings.Join(notes, ""))
	}
	return b.String()
}

// footnote writes one citation.
func footnote(n int, d map[string]any) string {
	text := func(key string) string { s, _ := d[key].(string); return s }
	number := func(key string) int { f, _ := d[key].(float64); return int(f) }
	var b strings.Builder
	fmt.Fprintf(&b, "[^%d]: %s", n, codeSpan(text("path")))
	if p := number("page"); p > 0 {
		fmt.Fprintf(&b, ", page %d", p)
	}
	if l := number("line"); l > 0 {
		fmt.Fprintf(&b, ", line %d", l)
	}
	fmt.Fprintf(&b, ", characters %d–%d (%s, sha256 %.12s): “%s”\n", number("start"), number("end"), text("state"), text("contentHash"), escapeMarkdown(oneLine(text("quote"))))
	return b.String()
}

func oneLine(s string) string { return strings.Join(strings.Fields(strings.Map(visible, s)), " ") }

// escapeMarkdown makes foreign text plain in Markdown.
func escapeMarkdown(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\\`*_[]<>#|~", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
