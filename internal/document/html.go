package document

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/encoding/htmlindex"
)

// readHTML makes readable text of a web page: what a reader does not see
// (scripts, styles, hidden parts) and the navigation are left out.
func readHTML(ctx context.Context, in *input) (*Document, error) {
	root, err := html.Parse(&stoppableInput{Reader: strings.NewReader(in.text), ctx: ctx})
	if ctx.Err() != nil {
		return nil, interrupted(ctx, in.limits)
	}
	if err != nil {
		return flatHTML(ctx, in)
	}
	w := htmlWriter{ctx: ctx}
	w.children(root)
	w.endBlock()
	if ctx.Err() != nil {
		return nil, interrupted(ctx, in.limits)
	}
	d := &Document{Text: w.out.String(), Derived: true, Blocks: w.blocks, Title: w.title}
	if d.Title == "" {
		d.Title = firstHeading(d.Blocks)
	}
	return d, nil
}

// stoppableInput ends with the context.
type stoppableInput struct {
	io.Reader
	ctx context.Context
}

func (r *stoppableInput) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, r.ctx.Err()
	}
	return r.Reader.Read(p)
}

// flatHTML reads a page that is nested too deeply to have a sensible structure:
// its visible words, paragraph after paragraph.
func flatHTML(ctx context.Context, in *input) (*Document, error) {
	w := htmlWriter{ctx: ctx}
	z := html.NewTokenizer(&stoppableInput{Reader: strings.NewReader(in.text), ctx: ctx})
	for skip := atom.Atom(0); ; {
		switch z.Next() {
		case html.ErrorToken:
			w.endBlock()
			if ctx.Err() != nil {
				return nil, interrupted(ctx, in.limits)
			}
			d := &Document{Text: w.out.String(), Derived: true, Blocks: w.blocks}
			d.Notes = []Note{{Code: "structure_lost", Message: "This page is nested too deeply; its words were kept without their structure."}}
			return d, nil
		case html.StartTagToken:
			name, _ := z.TagName()
			if a := atom.Lookup(name); skip == 0 && (a == atom.Script || a == atom.Style || a == atom.Template) {
				skip = a
			} else if !isInline(a) {
				w.breakText()
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if a := atom.Lookup(name); a == skip {
				skip = 0
			} else if !isInline(a) {
				w.breakText()
			}
		case html.TextToken:
			if skip == 0 {
				w.text(html.UnescapeString(string(z.Text())))
			}
		}
	}
}

// separators between two pieces of text, the stronger wins.
const (
	sepNone = iota
	sepSpace
	sepLine
	sepBlank
)

// htmlWriter collects the text of a page.
type htmlWriter struct {
	ctx    context.Context
	out    strings.Builder
	blocks []Block
	title  string

	sep      int    // due before the next text
	edge     bool   // the next text stands right behind a mark, whatever is due
	block    *Block // being written, nil between blocks; Start is -1 until its first text
	compound int    // depth of lists, tables and quotes, whose parts are no blocks of their own
	pre      int
	list     []int // of each open list the number of its next item, 0 for bullets
}

func (w *htmlWriter) children(n *html.Node) {
	for c := n.FirstChild; c != nil && w.ctx.Err() == nil; c = c.NextSibling {
		w.node(c)
	}
}

func (w *htmlWriter) node(n *html.Node) {
	if n.Type == html.TextNode {
		if w.pre > 0 {
			w.raw(n.Data)
			return
		}
		w.text(n.Data)
		return
	}
	if n.Type != html.ElementNode {
		return
	}
	if n.DataAtom == atom.Title && w.title == "" && n.Namespace == "" {
		w.title = clip(strings.Join(strings.Fields(cleanDerived(textOf(n))), " "), 500)
	}
	if isHidden(n) {
		return
	}
	w.element(n)
}

func (w *htmlWriter) element(n *html.Node) {
	switch n.DataAtom {
	case atom.Br:
		w.sep = max(w.sep, sepLine)
	case atom.Hr:
		w.breakText()
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.heading(n)
	case atom.Pre:
		w.pre++
		w.part(CodeBlock, codeClass(n), n)
		w.pre--
	case atom.Ul, atom.Ol, atom.Menu, atom.Dl:
		first := 0
		if n.DataAtom == atom.Ol {
			first = 1
		}
		w.list = append(w.list, first)
		w.part(List, "", n)
		w.list = w.list[:len(w.list)-1]
	case atom.Li:
		w.item(n)
	case atom.Dt, atom.Dd, atom.Tr, atom.Caption, atom.Figcaption:
		w.sep = max(w.sep, sepLine)
		w.children(n)
		w.sep = max(w.sep, sepLine)
	case atom.Td, atom.Th:
		w.cell(n)
	case atom.Table:
		w.part(Table, "", n)
	case atom.Blockquote:
		w.part(Quote, "", n)
	case atom.Math:
		w.math(n)
	default:
		if isInline(n.DataAtom) {
			w.children(n)
			return
		}
		w.breakText()
		w.children(n)
		w.breakText()
	}
}

// part writes an element that is one block with all it holds.
func (w *htmlWriter) part(kind Kind, label string, n *html.Node) {
	if w.compound > 0 {
		w.sep = max(w.sep, sepLine)
		w.compound++
		w.children(n)
		w.compound--
		w.sep = max(w.sep, sepLine)
		return
	}
	w.endBlock()
	w.block = &Block{Kind: kind, Label: label, Start: -1}
	w.compound++
	w.children(n)
	w.compound--
	w.endBlock()
}

func (w *htmlWriter) heading(n *html.Node) {
	if w.compound > 0 {
		w.sep = max(w.sep, sepLine)
		w.children(n)
		w.sep = max(w.sep, sepLine)
		return
	}
	w.endBlock()
	b := &Block{Kind: Heading, Level: int(n.Data[1] - '0'), Start: -1}
	w.block = b
	w.compound++
	w.children(n)
	w.compound--
	w.endBlock()
	if k := len(w.blocks); b.Start >= 0 && k > 0 {
		w.blocks[k-1].Label = strings.Join(strings.Fields(w.out.String()[b.Start:]), " ")
	}
}

// item writes a list item with its mark, at most eight levels in.
func (w *htmlWriter) item(n *html.Node) {
	w.sep = max(w.sep, sepLine)
	mark := "- "
	if k := len(w.list); k > 0 {
		if number := w.list[k-1]; number > 0 {
			mark = strconv.Itoa(number) + ". "
			w.list[k-1]++
		}
		mark = strings.Repeat("  ", min(k-1, 8)) + mark
	}
	w.raw(mark)
	w.edge = true
	w.children(n)
	w.edge = false
	w.sep = max(w.sep, sepLine)
}

// cell writes a table cell; " | " parts it from the one before.
func (w *htmlWriter) cell(n *html.Node) {
	for s := n.PrevSibling; s != nil; s = s.PrevSibling {
		if s.DataAtom == atom.Td || s.DataAtom == atom.Th {
			w.sep = sepNone
			w.raw(" | ")
			w.edge = true
			break
		}
	}
	w.children(n)
	w.edge = false
}

// math writes the source of a formula where the page has it.
func (w *htmlWriter) math(n *html.Node) {
	for _, a := range n.Attr {
		if a.Key == "alttext" && a.Val != "" {
			w.text(a.Val)
			return
		}
	}
	w.children(n)
}

// text writes inline text, its white space collapsed.
func (w *htmlWriter) text(s string) {
	for s != "" {
		word := strings.IndexFunc(s, isHTMLSpace)
		if word == 0 {
			s = strings.TrimLeftFunc(s, isHTMLSpace)
			w.sep = max(w.sep, sepSpace)
			continue
		}
		if word < 0 {
			word = len(s)
		}
		w.raw(s[:word])
		s = s[word:]
	}
}

func isHTMLSpace(r rune) bool {
	return r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\f'
}

// raw writes s as it is behind the separator that is due, opening a paragraph
// if no block is open.
func (w *htmlWriter) raw(s string) {
	if s = cleanDerived(s); s == "" {
		return
	}
	if w.out.Len() > 0 && !w.edge {
		w.out.WriteString([...]string{"", " ", "\n", "\n\n"}[w.sep])
	}
	w.sep, w.edge = sepNone, false
	if w.block == nil {
		w.block = &Block{Kind: Paragraph, Start: -1}
	}
	if w.block.Start < 0 {
		w.block.Start = w.out.Len()
	}
	w.out.WriteString(s)
}

// breakText ends a paragraph, or a line inside of lists, tables and quotes.
func (w *htmlWriter) breakText() {
	if w.compound > 0 {
		w.sep = max(w.sep, sepLine)
		return
	}
	w.endBlock()
}

func (w *htmlWriter) endBlock() {
	if w.block != nil && w.block.Start >= 0 {
		w.block.End = trimEnd(w.out.String(), w.block.Start, w.out.Len())
		if w.block.End > w.block.Start {
			w.blocks = append(w.blocks, *w.block)
		}
	}
	w.block = nil
	w.sep = sepBlank
}

// isInline says whether an element stands within a line of text.
func isInline(a atom.Atom) bool {
	switch a {
	case atom.A, atom.Abbr, atom.Acronym, atom.B, atom.Bdi, atom.Bdo, atom.Big, atom.Cite, atom.Code, atom.Data, atom.Del, atom.Dfn,
		atom.Em, atom.Font, atom.I, atom.Ins, atom.Kbd, atom.Label, atom.Mark, atom.Math, atom.Nobr, atom.Q, atom.Rp, atom.Rt, atom.Ruby,
		atom.S, atom.Samp, atom.Small, atom.Span, atom.Strike, atom.Strong, atom.Sub, atom.Sup, atom.Time, atom.Tt, atom.U, atom.Var, atom.Wbr,
		atom.Mi, atom.Mo, atom.Mn, atom.Mtext, atom.Img, 0:
		return true
	}
	return false
}

// hiddenStyle matches inline styles that hide an element.
var hiddenStyle = regexp.MustCompile(`(?i)(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*hidden)`)

// isHidden says whether a reader does not see the element, or should not: the
// controls and the navigation of a page are no text of it.
func isHidden(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Title, atom.Iframe, atom.Object, atom.Embed, atom.Canvas, atom.Svg,
		atom.Audio, atom.Video, atom.Nav, atom.Button, atom.Select, atom.Input, atom.Datalist, atom.Annotation, atom.AnnotationXml:
		return true
	case atom.Footer:
		return n.Parent != nil && n.Parent.DataAtom == atom.Body
	}
	for _, a := range n.Attr {
		switch {
		case a.Key == "hidden" && a.Val != "until-found",
			a.Key == "aria-hidden" && a.Val == "true",
			a.Key == "role" && a.Val == "navigation",
			a.Key == "style" && hiddenStyle.MatchString(a.Val):
			return true
		}
	}
	return false
}

// codeClass finds the language of a code block in its class.
func codeClass(n *html.Node) string {
	for e := n; e != nil && e.Type == html.ElementNode; e = e.FirstChild {
		for _, a := range e.Attr {
			if a.Key != "class" {
				continue
			}
			for _, name := range strings.Fields(a.Val) {
				for _, prefix := range []string{"language-", "lang-", "highlight-source-"} {
					if language, ok := strings.CutPrefix(name, prefix); ok {
						return clip(language, 40)
					}
				}
			}
		}
	}
	return ""
}

// textOf is the text of the direct children.
func textOf(n *html.Node) string {
	var out strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.TextNode {
			out.WriteString(c.Data)
		}
	}
	return out.String()
}

// metaCharset matches the encoding that a page or an XML file declares.
var metaCharset = regexp.MustCompile(`(?i)<(?:meta[^>]*?charset|\?xml[^>]*?encoding)\s*=\s*["']?\s*([a-z0-9_:.-]+)`)

// declaredHTML decodes a page by the encoding that it names, if it is not UTF-8
// and that encoding fits.
func declaredHTML(b []byte) (Decoded, bool) {
	m := metaCharset.FindSubmatch(b[:min(len(b), 2048)])
	if m == nil || utf8.Valid(b) {
		return Decoded{}, false
	}
	if _, n := byteOrderMark(b); n > 0 || bytes.IndexByte(b, 0) >= 0 {
		return Decoded{}, false
	}
	enc, err := htmlindex.Get(string(m[1]))
	if err != nil {
		return Decoded{}, false
	}
	name, err := htmlindex.Name(enc)
	if err != nil || strings.HasPrefix(name, "utf-") || name == "replacement" || tooManyControls(b) {
		return Decoded{}, false
	}
	out, _ := enc.NewDecoder().Bytes(b)
	d := Decoded{Text: strings.ToValidUTF8(string(out), "\ufffd"), Encoding: name}
	if name == "gbk" {
		d.Encoding = encGB
	}
	d.Replaced = strings.Count(d.Text, "\ufffd")
	return d, d.Replaced*200 <= len(b)
}
