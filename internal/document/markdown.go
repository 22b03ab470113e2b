package document

import (
	"bytes"
	"context"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// readMarkdown keeps the text as it is and finds its blocks. Only the block
// structure is parsed: emphasis and links do not matter here.
func readMarkdown(ctx context.Context, in *input) (*Document, error) {
	d := &Document{Text: in.text}
	body := frontMatter(in.text)
	d.Title = frontMatterTitle(in.text[:body])

	source := []byte(in.text[body:])
	root := newMarkdownParser().Parse(&stoppableReader{Reader: text.NewReader(source), ctx: ctx})
	if ctx.Err() != nil {
		return nil, interrupted(ctx, in.limits)
	}
	d.Blocks = markdownBlocks(root, source, body)
	if d.Title == "" {
		d.Title = firstHeading(d.Blocks)
	}
	return d, nil
}

// newMarkdownParser parses blocks alone. It leaves out link definitions, which
// would vanish from the tree.
func newMarkdownParser() parser.Parser {
	blocks := append(parser.DefaultBlockParsers(), util.Prioritized(mathParser{}, 650))
	return parser.NewParser(parser.WithBlockParsers(blocks...))
}

// stoppableReader ends the text when the context ends, so that no input keeps
// the parser busy for longer.
type stoppableReader struct {
	text.Reader
	ctx   context.Context
	reads int
	over  bool
}

func (r *stoppableReader) PeekLine() ([]byte, text.Segment) {
	if r.reads++; r.reads%64 == 0 && r.ctx.Err() != nil {
		r.over = true
	}
	if r.over {
		return nil, text.Segment{}
	}
	return r.Reader.PeekLine()
}

func (r *stoppableReader) SkipBlankLines() (text.Segment, int, bool) {
	if r.over {
		return text.Segment{}, 0, false
	}
	return r.Reader.SkipBlankLines()
}

// markdownBlocks makes blocks of the top-level nodes. Each reaches to the next.
func markdownBlocks(root ast.Node, source []byte, base int) []Block {
	var blocks []Block
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		pos := n.Pos()
		if pos < 0 || pos > len(source) {
			continue
		}
		start := bytes.LastIndexByte(source[:pos], '\n') + 1
		if k := len(blocks); k > 0 {
			last := &blocks[k-1]
			last.End = base + trimEnd(source, last.Start-base, start)
			if last.Start == base+start {
				continue // a second node on the same line
			}
		}
		blocks = append(blocks, Block{Start: base + start})
		describe(&blocks[len(blocks)-1], n, source)
	}
	if k := len(blocks); k > 0 {
		blocks[k-1].End = base + trimEnd(source, blocks[k-1].Start-base, len(source))
	}
	kept := blocks[:0]
	for _, b := range blocks {
		if b.Kind == Paragraph && isTable(source[b.Start-base:b.End-base]) {
			b.Kind = Table
		}
		if b.Kind != "" && b.End > b.Start {
			kept = append(kept, b)
		}
	}
	return kept
}

// describe fills in the kind, level and label of a node. A block without a kind
// is left out: it only ends the one before.
func describe(b *Block, n ast.Node, source []byte) {
	switch n := n.(type) {
	case *ast.Heading:
		b.Kind, b.Level = Heading, n.Level
		b.Label = plainInline(string(bytes.TrimSpace(n.Lines().Value(source))))
	case *ast.FencedCodeBlock:
		b.Kind, b.Label = CodeBlock, string(n.Language(source))
	case *ast.CodeBlock:
		b.Kind = CodeBlock
	case *ast.List:
		b.Kind = List
	case *ast.Blockquote:
		b.Kind = Quote
	case *mathBlock:
		b.Kind = Math
	case *ast.ThematicBreak:
	default:
		b.Kind = Paragraph
	}
}

// trimEnd moves end back over white space, not beyond start.
func trimEnd[T string | []byte](s T, start, end int) int {
	for end > start && (s[end-1] == '\n' || s[end-1] == '\r' || s[end-1] == ' ' || s[end-1] == '\t') {
		end--
	}
	return end
}

// isTable says whether the second line of a paragraph is one like |---|:--:|.
func isTable(paragraph []byte) bool {
	header, rest, ok := bytes.Cut(paragraph, []byte("\n"))
	if !ok || !bytes.ContainsRune(header, '|') {
		return false
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	line = bytes.TrimSpace(line)
	return bytes.ContainsRune(line, '-') && bytes.ContainsRune(line, '|') && len(bytes.Trim(line, "|-: \t")) == 0
}

// plainInline takes the marks of emphasis, code and links off a heading.
func plainInline(s string) string {
	if !strings.ContainsAny(s, "*_`[]\\{") {
		return s
	}
	if i := strings.LastIndex(s, "{#"); i > 0 && strings.HasSuffix(s, "}") {
		s = strings.TrimSpace(s[:i]) // {#anchor}
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && strings.IndexByte("\\`*_{}[]()#+-.!|", s[i+1]) >= 0:
			i++
			out.WriteByte(s[i])
		case c == '*' || c == '`' || c == '[', c == '_' && edgeOfWord(s, i), c == '!' && strings.HasPrefix(s[i:], "!["):
		case c == ']':
			if end := strings.IndexByte(s[i:], ')'); strings.HasPrefix(s[i:], "](") && end > 0 {
				i += end
			}
		default:
			out.WriteByte(c)
		}
	}
	return strings.TrimSpace(out.String())
}

// edgeOfWord says whether the underscore at i emphasises rather than joins.
func edgeOfWord(s string, i int) bool {
	return i == 0 || i == len(s)-1 || s[i-1] == ' ' || s[i+1] == ' ' || s[i-1] == '_' || s[i+1] == '_'
}

// firstHeading is the first heading of level 1.
func firstHeading(blocks []Block) string {
	for _, b := range blocks {
		if b.Kind == Heading && b.Level == 1 {
			return b.Label
		}
	}
	return ""
}

// frontMatter gives the length of the YAML or TOML header of a Markdown file.
func frontMatter(s string) int {
	for _, mark := range []string{"---", "+++"} {
		first, rest, ok := strings.Cut(s, "\n")
		if !ok || strings.TrimRight(first, "\r ") != mark {
			continue
		}
		at := len(first) + 1
		for range 200 { // a longer one is text between two rules
			line, after, more := strings.Cut(rest, "\n")
			at += len(line)
			if strings.TrimRight(line, "\r ") == mark {
				return min(at+1, len(s))
			}
			if !more {
				break
			}
			at, rest = at+1, after
		}
	}
	return 0
}

// frontMatterTitle finds the title in the header of a Markdown file.
func frontMatterTitle(header string) string {
	for line := range strings.Lines(header) {
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			key, value, ok = strings.Cut(line, "=")
		}
		if ok && strings.EqualFold(strings.TrimSpace(key), "title") {
			return strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	return ""
}

// mathBlock is display mathematics between lines of $$.
type mathBlock struct{ ast.BaseBlock }

var kindMath = ast.NewNodeKind("MathBlock")

func (*mathBlock) Kind() ast.NodeKind              { return kindMath }
func (*mathBlock) IsRaw() bool                     { return true }
func (n *mathBlock) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }
func closesMath(line []byte) bool                  { return bytes.Contains(line, []byte("$$")) }

// mathParser reads a mathBlock.
type mathParser struct{}

func (mathParser) Trigger() []byte { return []byte{'$'} }

func (mathParser) Open(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, _ := reader.PeekLine()
	pos := pc.BlockOffset()
	if pos < 0 || !bytes.HasPrefix(line[pos:], []byte("$$")) {
		return nil, parser.NoChildren
	}
	rest := bytes.TrimSpace(line[pos+2:])
	if i := bytes.Index(rest, []byte("$$")); i >= 0 && i != len(rest)-2 {
		return nil, parser.NoChildren // mathematics inside a line of text
	}
	n := &mathBlock{}
	if closesMath(rest) {
		n.SetAttributeString("closed", true)
	}
	reader.AdvanceToEOL()
	return n, parser.NoChildren
}

func (mathParser) Continue(node ast.Node, reader text.Reader, _ parser.Context) parser.State {
	if _, closed := node.AttributeString("closed"); closed {
		return parser.Close
	}
	line, _ := reader.PeekLine()
	if line == nil {
		return parser.Close
	}
	if closesMath(line) {
		node.SetAttributeString("closed", true)
	}
	reader.AdvanceToEOL()
	return parser.Continue | parser.NoChildren
}

func (mathParser) Close(ast.Node, text.Reader, parser.Context) {}
func (mathParser) CanInterruptParagraph() bool                 { return true }
func (mathParser) CanAcceptIndentedLine() bool                 { return false }
