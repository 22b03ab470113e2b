// Package document turns a file into text with a map back to the file: pages,
// blocks, lines and, for PDF, character boxes.
//
// It is the one place where foreign file formats are read. [Extractor.Extract]
// looks at the name and the first bytes, picks the format, runs it under limits
// of size, time and memory, and answers with a [Document] or with a [*Failure]
// that says in plain words what is wrong with the file and what to do. A broken
// or hostile file never costs more than its own failure: panics are caught here,
// PDF code runs inside a WebAssembly sandbox that the deadline closes, and every
// other reader looks at the context as it goes.
//
// Formats live in one file each (pdf.go, markdown.go, html.go, ...) and are
// listed in formats.go; a further type is one more file and one more row there.
//
// Offsets are bytes of [Document.Text] unless a name says otherwise. [Index]
// converts them to characters, lines and pages.
package document

import (
	"io"
	"log/slog"
	"time"
)

// Source is a file to be read. The reader must serve the same Size bytes for as
// long as the call lasts; it may be read from several places, never at once.
type Source struct {
	Name string // base name; its extension helps to decide the format
	Size int64  // bytes
	R    io.ReaderAt
}

// Type names of the formats that this package reads.
const (
	Markdown = "markdown"
	Text     = "text"
	Code     = "code"
	HTML     = "html"
	CSV      = "csv"
	JSON     = "json"
	Notebook = "notebook"
	PDF      = "pdf"
)

// Document is the readable text of a file and its structure.
type Document struct {
	Type     string // one of the type names of this package
	Language string // programming language of Code, else empty
	Encoding string // of the file: "utf-8", "utf-16le", "gb18030", ...; empty for PDF
	Title    string // from the file itself; empty if it has none

	// Text is valid UTF-8 without NUL. Unless Derived, it is the decoded file
	// itself, unchanged except that a byte order mark and NUL are removed, so
	// that its lines are the lines of the file.
	Text string

	// Derived says that Text was made from the file (HTML, notebook, PDF), so
	// that line numbers of Text are not those of the file.
	Derived bool

	// Pages are in order and cover the text of each page; what lies between
	// two pages is a separator. Only PDF has pages.
	Pages []Page

	// Blocks are in order and do not overlap. They need not cover the text:
	// what lies between is white space or text of no particular kind. There
	// are never more than maxBlocks of them.
	Blocks []Block

	// Notes tell the person what of the file is not in the text.
	Notes []Note
}

// Page is the span of one page in the text. A page without text has Start == End.
type Page struct {
	Number     int // from 1
	Start, End int // bytes of Document.Text
}

// Kind says what a block is.
type Kind string

// Kinds of blocks.
const (
	Heading   Kind = "heading"   // Level 1 to 6, Label is its text
	Paragraph Kind = "paragraph" // running text
	List      Kind = "list"      // a whole list, nested ones included
	CodeBlock Kind = "code"      // Label is its language, or the name of a function or type in source code
	Table     Kind = "table"     // a whole table with its header
	Quote     Kind = "quote"     // a whole quotation
	Math      Kind = "math"      // display mathematics
	Header    Kind = "header"    // the header record of a CSV file
	Row       Kind = "row"       // one record, or a run of them in very long files; Label "row 12" or "rows 12-15"
	Cell      Kind = "cell"      // a cell of a notebook; Label "cell 3 markdown"; Level is its number
	Output    Kind = "output"    // the text output of the notebook cell with number Level
	Member    Kind = "member"    // a top-level member of a JSON document; Label is its key or "[7]"
)

// Block is a structural part of the text.
type Block struct {
	Kind       Kind
	Level      int // of headings 1 to 6; else see Kind
	Label      string
	Start, End int // bytes of Document.Text, End exclusive; no trailing line break
}

// Note is a remark on the extraction that a person should see.
type Note struct {
	Code    string // "no_text", "truncated", "replaced", "invalid_json", ...
	Page    int    // from 1, or 0 for the whole file
	Message string // one sentence
}

// maxBlocks bounds Document.Blocks. Formats with one block per record merge
// neighbours beyond it.
const maxBlocks = 50_000

// Limits bound one extraction. Zero fields take the value of DefaultLimits.
type Limits struct {
	InputBytes  int64         // of a file that is read as a whole (all but PDF)
	PDFBytes    int64         // of a PDF file, which is read in pieces
	OutputBytes int           // of Document.Text
	Pages       int           // of a PDF file
	Time        time.Duration // wall clock of one Extract or Boxes call, waiting for a free PDF instance not counted
	Memory      int64         // bytes that one PDF instance may grow to, below 1 GB
}

// DefaultLimits suit a small server: no sensible paper or book comes near them.
func DefaultLimits() Limits {
	return Limits{
		InputBytes:  32 << 20,
		PDFBytes:    512 << 20,
		OutputBytes: 32 << 20,
		Pages:       5000,
		Time:        60 * time.Second,
		Memory:      512 << 20,
	}
}

// Options configure an Extractor.
type Options struct {
	// CacheDir keeps the compiled PDF code (about 20 MB) between starts. It is
	// created with mode 0700. Empty means no cache: the first PDF then takes
	// some seconds.
	CacheDir string

	Limits Limits

	// Workers is the number of PDF files read at the same time; 0 means one
	// for each CPU, at most 8, and two more, so that two files that take long
	// hold up no others.
	Workers int

	// IdleTimeout is how long the PDF code stays in memory after its last use;
	// 0 means 30 seconds.
	IdleTimeout time.Duration

	Logger *slog.Logger // nil discards
}
