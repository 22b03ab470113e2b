package document

import (
	"context"
	"regexp"
	"strings"
)

// readCode keeps the text as it is. Its blocks are the functions, types and
// other top-level parts, told by indentation, which well-formatted code of any
// language shows; long ones are parted once more, so that methods stand alone.
func readCode(ctx context.Context, in *input) (*Document, error) {
	d := &Document{Text: in.text, Language: languageOf(in.name, in.text)}
	c := codeSplitter{ctx: ctx, text: in.text, language: d.Language}
	lines := c.lines(0, len(in.text))
	c.split(lines, "", 1)
	if ctx.Err() != nil {
		return nil, interrupted(ctx, in.limits)
	}
	d.Blocks = c.blocks
	return d, nil
}

const (
	// codeBlockSize is what a block may have in bytes before it is parted.
	codeBlockSize = 2500
	// codeDepth is how often a block is parted.
	codeDepth = 3
	// tabWidth counts a tab as spaces, to compare indentations.
	tabWidth = 4
)

// codeLine is one line of source code.
type codeLine struct {
	start, end int // end without the line break
	indent     int // in columns; -1 for a blank line
}

type codeSplitter struct {
	ctx      context.Context
	text     string
	language string
	blocks   []Block
}

func (c *codeSplitter) lines(start, end int) []codeLine {
	out := make([]codeLine, 0, strings.Count(c.text[start:end], "\n")+1)
	for at := start; at < end; {
		next := lineEnd(c.text, at, end)
		l := codeLine{start: at, end: trimEnd(c.text, at, next), indent: -1}
		if l.end > l.start {
			l.indent = indentation(c.text[at:l.end])
		}
		out = append(out, l)
		at = next
	}
	return out
}

func indentation(line string) int {
	n := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case ' ':
			n++
		case '\t':
			n += tabWidth - n%tabWidth
		default:
			return n
		}
	}
	return n
}

// split adds the blocks of lines, whose names start with prefix.
func (c *codeSplitter) split(lines []codeLine, prefix string, depth int) {
	base := leastIndent(lines)
	var p codePart
	for i, l := range lines {
		if i%1024 == 0 && c.ctx.Err() != nil {
			return
		}
		switch c.role(l, base) {
		case roleInside:
			p.add(i, l)
			p.body = p.body || l.indent > base
		case roleComment:
			// A comment or decorator behind a finished part begins the next.
			if p.lines > 0 && (p.body || p.blankAfter(lines, i)) {
				c.emit(lines, p, prefix, depth)
				p = codePart{}
			}
			p.add(i, l)
			p.lead = p.lead || p.name == ""
		case roleStart:
			name := codeName(c.text[l.start:l.end], c.language)
			if p.lines > 0 && !p.onlyLead(lines, i) && !c.unfinished(lines, p, i) && (p.body || name != "" || p.name != "" || p.blankAfter(lines, i)) {
				c.emit(lines, p, prefix, depth)
				p = codePart{}
			}
			p.add(i, l)
			if p.name == "" {
				p.name = name
			}
			p.code = true
		}
	}
	if p.lines > 0 {
		c.emit(lines, p, prefix, depth)
	}
}

// codePart is a run of lines that belong together.
type codePart struct {
	first, last int // indexes of lines
	lines       int // not blank
	name        string
	body        bool // has indented lines
	code        bool // has a line that is no comment
	lead        bool // begins with comments or decorators
}

func (p *codePart) add(i int, l codeLine) {
	if l.indent < 0 {
		return
	}
	if p.lines == 0 {
		p.first = i
	}
	p.last = i
	p.lines++
}

// blankAfter says whether blank lines part line i from the lines before.
func (p *codePart) blankAfter(lines []codeLine, i int) bool { return i > 0 && lines[i-1].indent < 0 }

// onlyLead says whether so far there are just the comments that stand right
// above line i.
func (p *codePart) onlyLead(lines []codeLine, i int) bool {
	return p.lead && !p.code && !p.body && !p.blankAfter(lines, i)
}

// typeOnly matches a line of C that holds a type and leaves the name to the next
// line, or a template's head.
var typeOnly = regexp.MustCompile(`^(?:[\w:<>,*& ]+|template\s*<.*>)$`)

// unfinished says whether line i goes on with what the line before began.
func (c *codeSplitter) unfinished(lines []codeLine, p codePart, i int) bool {
	switch c.language {
	case "c", "cpp", "cuda", "objective-c", "java", "csharp":
	default:
		return false
	}
	return p.name == "" && !p.body && p.last == i-1 && typeOnly.MatchString(c.text[lines[i-1].start:lines[i-1].end])
}

type lineRole int

const (
	roleInside  lineRole = iota // blank, indented, or closing what was opened
	roleComment                 // comment, decorator or attribute
	roleStart                   // may begin something new
)

func (c *codeSplitter) role(l codeLine, base int) lineRole {
	if l.indent < 0 {
		return roleInside
	}
	s := strings.TrimLeft(c.text[l.start:l.end], " \t")
	if l.indent <= base+1 && s[0] == '*' && (s == "*" || s[1] == ' ' || s[1] == '/') && c.language != "css" {
		return roleComment // a comment like this one in C: /* …
	}
	if l.indent != base || c.language == "toml" && s[0] != '[' && s[0] != '#' {
		return roleInside
	}
	switch {
	case strings.IndexByte("}])>", s[0]) >= 0 || s == "{" || s == ";" || s == `"""` || s == "'''" || s == "`":
		return roleInside
	case closingWord.MatchString(s) || c.language != "python" && closesFollowing.MatchString(s):
		return roleInside
	case strings.HasPrefix(s, "//"), strings.HasPrefix(s, "/*"), strings.HasPrefix(s, "@"), strings.HasPrefix(s, "--"),
		strings.HasPrefix(s, "#["), strings.HasPrefix(s, "# "), strings.HasPrefix(s, "#'"), s == "#", strings.HasPrefix(s, ";;"), strings.HasPrefix(s, "% "), strings.HasPrefix(s, "<!--"):
		return roleComment
	}
	return roleStart
}

var (
	closingWord     = regexp.MustCompile(`^(?:end|END|End|else|elif|elsif|elseif|except|finally|catch|rescue|ensure|fi|done|esac|then|do|endif|endfunction|endmacro)\b`)
	closesFollowing = regexp.MustCompile(`^(?:public|private|protected):\s*$`)
)

func leastIndent(lines []codeLine) int {
	least := -1
	for _, l := range lines {
		if l.indent >= 0 && (least < 0 || l.indent < least) {
			least = l.indent
		}
	}
	return least
}

// emit adds a part as one block, or taken apart if it is long.
func (c *codeSplitter) emit(lines []codeLine, p codePart, prefix string, depth int) {
	b := Block{Kind: CodeBlock, Level: depth, Start: lines[p.first].start, End: lines[p.last].end}
	b.Start += len(c.text[b.Start:b.End]) - len(strings.TrimLeft(c.text[b.Start:b.End], " \t"))
	b.Label = prefix
	if p.name != "" && prefix != "" {
		b.Label = prefix + "." + p.name
	} else if p.name != "" {
		b.Label = p.name
	}
	if b.End-b.Start > codeBlockSize && p.body && depth < codeDepth {
		if from, to, ok := c.inner(lines[p.first : p.last+1]); ok {
			head := b
			head.End = trimEnd(c.text, b.Start, lines[p.first+from].start)
			c.blocks = append(c.blocks, head)
			c.split(lines[p.first+from:p.first+to], b.Label, depth+1)
			return
		}
	}
	c.blocks = append(c.blocks, b)
}

// inner finds the indented body of a part: from its first line that is indented
// further to the last one. It must hold parts of its own, parted by blank lines.
func (c *codeSplitter) inner(lines []codeLine) (from, to int, ok bool) {
	base := leastIndent(lines)
	from = -1
	for i, l := range lines {
		if l.indent > base {
			if from < 0 {
				from = i
			}
			to = i + 1
		}
	}
	if from <= 0 {
		return 0, 0, false
	}
	for i := from + 1; i < to; i++ {
		if lines[i].indent < 0 {
			return from, to, true
		}
	}
	return 0, 0, false
}

var (
	nameKeyword  = regexp.MustCompile(`(?:^|[\s(])(?:func|def|class|type|struct|enum|union|interface|trait|impl|fn|fun|function|sub|subroutine|procedure|module|namespace|protocol|extension|object|record|macro|message|service|defn|defmodule|defp|defun|define|contract|process|rule|workflow|CREATE (?:OR REPLACE )?(?:TABLE|VIEW|FUNCTION|INDEX|TRIGGER)|create (?:or replace )?(?:table|view|function|index|trigger))\s+(?:\([^()\n]{0,80}\)\s*)?(?:if not exists |IF NOT EXISTS |mut |async |class )?["` + "`" + `\[]?([\p{L}_$][\p{L}\p{N}_$.:]*[?!]?)`)
	nameReceiver = regexp.MustCompile(`^func\s+\(\s*\w*\s*\*?([\p{L}_][\p{L}\p{N}_]*)[^()]*\)\s*([\p{L}_][\p{L}\p{N}_]*)`)
	nameAssigned = regexp.MustCompile(`^\s*(?:export\s+)?(?:default\s+)?(?:(?:const|let|var)\s+)?([\p{L}_$][\p{L}\p{N}_$.]*)\s*(?:<-|=|:=)\s*(?:async\s*)?(?:function\b|\([^()\n]{0,200}\)\s*(?::[^=\n]{1,80})?=>|[\p{L}_$]+\s*=>)`)
	nameCall     = regexp.MustCompile(`^\s*(?:[\p{L}_][\p{L}\p{N}_<>,:*&\[\].~?]*\s+[*&]*){0,6}?[*&]*([\p{L}_~][\p{L}\p{N}_:~]*)\s*\([^;=]*(?:\{\s*$|\)\s*(?:const|noexcept|throws\s+[\w, .]+|->\s*.*)?\s*\{?\s*$|,\s*$)`)
	nameSection  = regexp.MustCompile(`^\[{1,2}([^\]\n]{1,80})\]{1,2}\s*(?:#.*)?$`)
	nameKey      = regexp.MustCompile(`^\s*(?:- )?["']?([\p{L}_$][\p{L}\p{N}_$./ -]{0,60}?)["']?:(?:\s|$)`)
	nameTarget   = regexp.MustCompile(`^([\p{L}_.$%][^:=\s]{0,60}(?: [^:=\s]{1,60}){0,3}):(?:[^=]|$)`)
	nameSelector = regexp.MustCompile(`^([^{}\n]{1,80}?)\s*[{,]\s*$`)
)

// maxNameLine bounds the part of a line that names are looked for in.
const maxNameLine = 400

// codeName finds the name that a line defines, "" if it defines none.
func codeName(line, language string) string {
	line = strings.TrimRight(line[:min(len(line), maxNameLine)], " \t\r")
	switch language {
	case "yaml":
		return firstGroup(nameKey, line)
	case "toml":
		return firstGroup(nameSection, line)
	case "make":
		return firstGroup(nameTarget, line)
	case "css", "scss", "less":
		return firstGroup(nameSelector, line)
	case "xml":
		return ""
	}
	if m := nameReceiver.FindStringSubmatch(line); m != nil && language == "go" {
		return m[1] + "." + m[2]
	}
	if name := firstGroup(nameKeyword, line); name != "" {
		return strings.TrimRight(name, ".:")
	}
	if name := firstGroup(nameAssigned, line); name != "" {
		return name
	}
	switch language {
	case "python", "ruby", "r", "julia", "matlab", "lua", "sql", "fortran":
		return ""
	}
	name := firstGroup(nameCall, line)
	switch name {
	case "if", "for", "while", "switch", "return", "catch", "else", "new", "throw", "assert", "sizeof", "defer", "go", "select", "import", "require", "use":
		return ""
	}
	return name
}

func firstGroup(re *regexp.Regexp, s string) string {
	if m := re.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return ""
}
