package document

import (
	"context"
	"regexp"
	"strings"
)

// readText keeps the text as it is; blank lines part its paragraphs.
func readText(ctx context.Context, in *input) (*Document, error) {
	d := &Document{Text: in.text, Blocks: paragraphs(in.text, 0, len(in.text))}
	switch extension(in.name) {
	case "tex", "ltx":
		d.Blocks, d.Title = latexHeadings(in.text, d.Blocks)
	case "rst", "adoc", "asciidoc", "org":
		d.Blocks = underlinedHeadings(in.text, d.Blocks)
		d.Title = firstHeading(d.Blocks)
	}
	if ctx.Err() != nil {
		return nil, interrupted(ctx, in.limits)
	}
	return d, nil
}

// paragraphs finds the runs of lines without a blank one in text[start:end].
func paragraphs(text string, start, end int) []Block {
	var blocks []Block
	open := false
	for at := start; at < end; {
		next := lineEnd(text, at, end)
		blank := strings.TrimSpace(text[at:next]) == ""
		switch {
		case blank:
			open = false
		case open:
			blocks[len(blocks)-1].End = trimEnd(text, at, next)
		default:
			blocks = append(blocks, Block{Kind: Paragraph, Start: at, End: trimEnd(text, at, next)})
			open = true
		}
		at = next
	}
	return blocks
}

// lineEnd gives the end of the line that starts at at, its break included.
func lineEnd(text string, at, end int) int {
	if i := strings.IndexByte(text[at:end], '\n'); i >= 0 {
		return at + i + 1
	}
	return end
}

var (
	latexSection = regexp.MustCompile(`^[ \t]*\\(part|chapter|section|subsection|subsubsection|paragraph)\*?(?:\[[^\]\n]*\])?\{(.{1,300}?)\}[ \t]*(?:\\label\{[^}\n]*\})?[ \t]*(?:%.*)?$`)
	latexTitle   = regexp.MustCompile(`\\title(?:\[[^\]\n]*\])?\{((?:[^{}]|\{[^{}]*\})+)\}`)
	latexMacro   = regexp.MustCompile(`\\[a-zA-Z]+\*?|[{}$~]`)
	latexEscape  = regexp.MustCompile(`\\([&%$#_{}])`)
)

// latexLevels are the heading levels of the sectioning commands.
func latexLevel(command string) int {
	switch command {
	case "part", "chapter", "section":
		return 1
	case "subsection":
		return 2
	case "subsubsection":
		return 3
	}
	return 4
}

// latexHeadings takes the sectioning commands of a LaTeX file out of its
// paragraphs as headings and finds the title.
func latexHeadings(text string, blocks []Block) ([]Block, string) {
	var out []Block
	for _, b := range blocks {
		from := b.Start
		for at := b.Start; at < b.End; {
			next := lineEnd(text, at, b.End)
			if m := latexSection.FindStringSubmatch(strings.TrimRight(text[at:next], "\r\n")); m != nil {
				if end := trimEnd(text, from, at); end > from {
					out = append(out, Block{Kind: Paragraph, Start: from, End: end})
				}
				out = append(out, Block{Kind: Heading, Level: latexLevel(m[1]), Label: plainLatex(m[2]), Start: at, End: trimEnd(text, at, next)})
				from = next
			}
			at = next
		}
		if from < b.End {
			out = append(out, Block{Kind: Paragraph, Start: from, End: b.End})
		}
	}
	title := ""
	if m := latexTitle.FindStringSubmatch(text[:min(len(text), 64<<10)]); m != nil {
		title = plainLatex(m[1])
	}
	return out, title
}

func plainLatex(s string) string {
	return strings.Join(strings.Fields(latexEscape.ReplaceAllString(latexMacro.ReplaceAllString(s, " "), "$1")), " ")
}

// underlinedHeadings finds headings in reStructuredText (underlined lines),
// AsciiDoc ("== Title") and Org ("* Title").
func underlinedHeadings(text string, blocks []Block) []Block {
	var out []Block
	var marks []byte // underline characters in the order of their first use are the levels
	for _, b := range blocks {
		first := lineEnd(text, b.Start, b.End)
		line := strings.TrimRight(text[b.Start:first], "\r\n \t")
		if level, label := markedHeading(line); level > 0 {
			out = append(out, Block{Kind: Heading, Level: level, Label: label, Start: b.Start, End: b.Start + len(line)})
			b.Start = first
		} else if under := lineEnd(text, first, b.End); isUnderline(text[first:under], line) {
			mark := text[first]
			k := strings.IndexByte(string(marks), mark)
			if k < 0 {
				k, marks = len(marks), append(marks, mark)
			}
			out = append(out, Block{Kind: Heading, Level: min(k+1, 6), Label: strings.TrimSpace(line), Start: b.Start, End: trimEnd(text, b.Start, under)})
			b.Start = under
		}
		if b.Start < b.End {
			out = append(out, b)
		}
	}
	return out
}

func isUnderline(line, title string) bool {
	line = strings.TrimRight(line, "\r\n \t")
	return len(line) >= 3 && len(line)*2 >= len(title) && title != "" && strings.IndexByte("=-~^\"'#*+:.", line[0]) >= 0 &&
		strings.Trim(line, line[:1]) == ""
}

// markedHeading reads "== Title" and "** Title".
func markedHeading(line string) (level int, label string) {
	for level < len(line) && (line[level] == '=' || line[level] == '*') && line[level] == line[0] {
		level++
	}
	if level == 0 || level > 6 || level >= len(line) || line[level] != ' ' {
		return 0, ""
	}
	return level, strings.TrimSpace(line[level:])
}
