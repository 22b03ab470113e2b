package document

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// notebookFile is what matters of the Jupyter format, version 3 and 4.
type notebookFile struct {
	Cells      []notebookCell `json:"cells"`
	Worksheets []struct {
		Cells []notebookCell `json:"cells"`
	} `json:"worksheets"` // version 3
	Metadata struct {
		Title        any `json:"title"`
		LanguageInfo struct {
			Name string `json:"name"`
		} `json:"language_info"`
		Kernelspec struct {
			Language string `json:"language"`
		} `json:"kernelspec"`
	} `json:"metadata"`
}

type notebookCell struct {
	Type    string           `json:"cell_type"`
	Source  multiline        `json:"source"`
	Input   multiline        `json:"input"` // version 3
	Level   int              `json:"level"` // version 3 headings
	Outputs []notebookOutput `json:"outputs"`
}

type notebookOutput struct {
	Type      string               `json:"output_type"`
	Text      multiline            `json:"text"`
	Data      map[string]multiline `json:"data"`
	Name      string               `json:"ename"`
	Value     string               `json:"evalue"`
	Traceback multiline            `json:"traceback"`
}

// multiline is text that is stored as one string or as a list of lines.
// Anything else, such as a widget's JSON, is empty.
type multiline string

func (m *multiline) UnmarshalJSON(b []byte) error {
	var lines []string
	var one string
	switch {
	case json.Unmarshal(b, &one) == nil:
		*m = multiline(one)
	case json.Unmarshal(b, &lines) == nil:
		*m = multiline(strings.Join(lines, ""))
	}
	return nil
}

// maxOutput bounds the text kept of one output of a cell, in bytes.
const maxOutput = 64 << 10

// readNotebook makes text of the cells of a notebook: prose and code as they
// are, and what the outputs hold as text.
func readNotebook(ctx context.Context, in *input) (*Document, error) {
	var file notebookFile
	if err := json.Unmarshal([]byte(in.text), &file); err != nil {
		return nil, failBy(err, Malformed, "This notebook is not valid JSON. Open it in Jupyter and save it again.")
	}
	w := notebookWriter{ctx: ctx, language: notebookLanguage(file)}
	cells := file.Cells
	for _, sheet := range file.Worksheets {
		cells = append(cells, sheet.Cells...)
	}
	for i, cell := range cells {
		if ctx.Err() != nil {
			return nil, interrupted(ctx, in.limits)
		}
		w.cell(i+1, cell)
		if w.out.Len() > in.limits.OutputBytes {
			return nil, tooMuchText(in.limits)
		}
	}
	d := &Document{Text: w.out.String(), Derived: true, Language: w.language, Blocks: w.blocks}
	if title, ok := file.Metadata.Title.(string); ok {
		d.Title = cleanDerived(title)
	}
	if d.Title == "" {
		d.Title = firstHeading(d.Blocks)
	}
	if w.cut > 0 {
		d.Notes = append(d.Notes, Note{Code: "truncated", Message: fmt.Sprintf("%d outputs longer than %s were cut.", w.cut, size(maxOutput))})
	}
	return d, nil
}

func notebookLanguage(file notebookFile) string {
	for _, name := range []string{file.Metadata.LanguageInfo.Name, file.Metadata.Kernelspec.Language} {
		if name = strings.ToLower(cleanDerived(name)); name != "" {
			return clip(name, 40)
		}
	}
	return "python"
}

// notebookWriter collects the text of a notebook.
type notebookWriter struct {
	ctx      context.Context
	language string
	out      strings.Builder
	blocks   []Block
	cut      int // outputs that were shortened
}

func (w *notebookWriter) cell(number int, cell notebookCell) {
	source := cleanDerived(string(cell.Source + cell.Input))
	switch cell.Type {
	case "markdown":
		w.markdown(number, source)
	case "heading": // version 3
		if source = strings.Join(strings.Fields(source), " "); source != "" {
			w.add(Block{Kind: Heading, Level: min(max(cell.Level, 1), 6), Label: source}, source)
		}
	case "code":
		w.add(Block{Kind: Cell, Level: number, Label: fmt.Sprintf("cell %d %s", number, w.language)}, source)
	default:
		w.add(Block{Kind: Cell, Level: number, Label: fmt.Sprintf("cell %d raw", number)}, source)
	}
	for _, o := range cell.Outputs {
		text := cleanDerived(o.plain())
		if len(text) > maxOutput {
			text = clip(text, maxOutput)
			w.cut++
		}
		w.add(Block{Kind: Output, Level: number, Label: fmt.Sprintf("output of cell %d", number)}, text)
	}
}

// add appends text as a block of its own, parted by a blank line.
func (w *notebookWriter) add(b Block, text string) {
	text = strings.Trim(text, "\n")
	if strings.TrimSpace(text) == "" {
		return
	}
	if w.out.Len() > 0 {
		w.out.WriteString("\n\n")
	}
	b.Start = w.out.Len()
	w.out.WriteString(text)
	b.End = w.out.Len()
	w.blocks = append(w.blocks, b)
}

// markdown adds a cell of prose: its headings are blocks of their own, so that
// they structure the whole notebook; what lies between is the cell.
func (w *notebookWriter) markdown(number int, source string) {
	source = strings.Trim(source, "\n")
	if strings.TrimSpace(source) == "" {
		return
	}
	cell := Block{Kind: Cell, Level: number, Label: fmt.Sprintf("cell %d markdown", number)}
	w.add(cell, source)
	whole := w.blocks[len(w.blocks)-1]
	w.blocks = w.blocks[:len(w.blocks)-1]
	doc, err := readMarkdown(w.ctx, &input{text: source})
	if err != nil {
		w.blocks = append(w.blocks, whole)
		return
	}
	at := 0
	piece := func(end int) {
		for at < end && (source[at] == '\n' || source[at] == '\r') {
			at++
		}
		if stop := trimEnd(source, at, end); stop > at {
			cell.Start, cell.End = whole.Start+at, whole.Start+stop
			w.blocks = append(w.blocks, cell)
		}
	}
	for _, b := range doc.Blocks {
		if b.Kind != Heading {
			continue
		}
		piece(b.Start)
		at = b.End
		b.Start, b.End = whole.Start+b.Start, whole.Start+b.End
		w.blocks = append(w.blocks, b)
	}
	piece(len(source))
}

// plain is the text of an output; pictures, HTML and widgets have none unless
// they come with a plain version.
func (o notebookOutput) plain() string {
	if len(o.Traceback) > 0 || o.Name != "" {
		return o.Name + ": " + o.Value + "\n" + string(o.Traceback)
	}
	for _, kind := range []string{"text/markdown", "text/plain", "text/latex"} {
		if s := o.Data[kind]; s != "" {
			return string(s)
		}
	}
	return string(o.Text)
}

// ansi matches the colour codes of terminal output.
var ansi = regexp.MustCompile("\x1b\\[[0-9;?]*[a-zA-Z]")

// cleanDerived makes text that came out of a container format fit for a
// Document: valid UTF-8, no NUL, "\n" as line break, no terminal colours.
func cleanDerived(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\ufffd")
	}
	if strings.ContainsAny(s, "\x00\r\x1b") {
		s = ansi.ReplaceAllString(s, "")
		s = strings.ReplaceAll(s, "\r\n", "\n")
		s = strings.NewReplacer("\r", "\n", "\x00", "", "\x1b", "").Replace(s)
	}
	return s
}
