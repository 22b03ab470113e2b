package document

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"
)

// version changes when a new release would extract different text or blocks, so
// that stored extractions are made again.
const version = "1"

// Extractor reads files. It is safe for concurrent use.
type Extractor struct {
	limits  Limits
	logger  *slog.Logger
	formats []format
	pdf     *pdfEngine
}

// New makes an Extractor. Nothing is started or written until the first PDF.
func New(o Options) *Extractor {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Workers <= 0 {
		o.Workers = min(runtime.NumCPU(), 8) + 2
	}
	if o.IdleTimeout <= 0 {
		o.IdleTimeout = 30 * time.Second
	}
	limits := o.Limits.withDefaults()
	e := &Extractor{limits: limits, logger: o.Logger}
	e.pdf = newPDFEngine(o.CacheDir, o.Workers, o.IdleTimeout, limits, o.Logger)
	e.formats = formats()
	return e
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	if l.InputBytes <= 0 {
		l.InputBytes = d.InputBytes
	}
	if l.PDFBytes <= 0 {
		l.PDFBytes = d.PDFBytes
	}
	if l.OutputBytes <= 0 {
		l.OutputBytes = d.OutputBytes
	}
	if l.Pages <= 0 {
		l.Pages = d.Pages
	}
	if l.Time <= 0 {
		l.Time = d.Time
	}
	if l.Memory <= 0 {
		l.Memory = d.Memory
	}
	return l
}

// Close waits for running extractions of PDF files and gives back their memory.
// Extract must not be called afterwards.
func (e *Extractor) Close() error { return e.pdf.close() }

// Version identifies what this extractor makes of files. Text stored with
// another version should be extracted again.
func (e *Extractor) Version() string { return version }

// Type tells which format a file has by its name and its first bytes, of which
// a few kilobytes suffice; head may be nil if only the name is known. The
// content wins over the extension. ok is false if Extract has no reader for it.
func (e *Extractor) Type(name string, head []byte) (typ string, ok bool) {
	f, failure := e.formatOf(name, head, false)
	if failure != nil {
		return "", false
	}
	return f.name, true
}

// Extract reads a file. Whatever is wrong with the file itself comes back as a
// *Failure; other errors are those of the reader and of ctx.
func (e *Extractor) Extract(ctx context.Context, src Source) (d *Document, err error) {
	defer func() {
		if p := recover(); p != nil {
			d, err = nil, e.recovered(p)
		}
	}()
	head, err := readHead(src)
	if err != nil {
		return nil, err
	}
	f, failure := e.formatOf(src.Name, head, src.Size <= int64(len(head)))
	if failure != nil {
		return nil, failure
	}
	in := &input{name: src.Name, format: f, src: src, limits: e.limits, pdf: e.pdf}
	if f.text {
		if err := in.decode(); err != nil {
			return nil, err
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, e.limits.Time, errDeadline)
		defer cancel()
	}
	d, err = f.read(ctx, in)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, interrupted(ctx, e.limits)
	}
	if len(d.Text) > e.limits.OutputBytes {
		return nil, tooMuchText(e.limits)
	}
	d.Type, d.Encoding = f.name, in.encoding
	d.Notes = append(d.Notes, in.notes...)
	d.Blocks = bounded(d.Blocks)
	return d, nil
}

func (e *Extractor) recovered(p any) *Failure {
	err := fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	e.logger.Error("reading a document panicked", "error", err)
	return failBy(err, Malformed, "This file could not be read: it is damaged or uses its format in a way that is not understood. Open and save it again with the program that made it.")
}

// input is what a reader of a format gets.
type input struct {
	name     string
	format   *format
	src      Source
	limits   Limits
	pdf      *pdfEngine
	text     string // decoded, for formats that are text
	encoding string
	notes    []Note
}

// decode reads the whole file into in.text.
func (in *input) decode() error {
	if in.src.Size > in.limits.InputBytes {
		return failf(TooLarge, "This file has %s; files of this type are read up to %s. Split it, or keep only the part that matters.", size(in.src.Size), size(in.limits.InputBytes))
	}
	b := make([]byte, in.src.Size)
	if _, err := io.ReadFull(io.NewSectionReader(in.src.R, 0, in.src.Size), b); err != nil {
		return fmt.Errorf("read document: %w", err)
	}
	d, ok := Decoded{}, false
	if in.format.declared != nil {
		d, ok = in.format.declared(b)
	}
	if !ok {
		d, ok = Inspect(b)
	}
	if !ok {
		return failBinary()
	}
	in.text, in.encoding = d.Text, d.Encoding
	if d.Replaced > 0 {
		in.notes = append(in.notes, Note{Code: "replaced", Message: fmt.Sprintf("%d byte sequences are not valid %s and are shown as \ufffd.", d.Replaced, d.Encoding)})
	}
	if d.NULs > 0 {
		in.notes = append(in.notes, Note{Code: "nul_removed", Message: fmt.Sprintf("%d NUL characters were left out.", d.NULs)})
	}
	if len(in.text) > in.limits.OutputBytes {
		return tooMuchText(in.limits)
	}
	return nil
}

// headSize is what the format is told from.
const headSize = 8 << 10

func readHead(src Source) ([]byte, error) {
	head := make([]byte, min(max(src.Size, 0), headSize))
	n, err := src.R.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read document: %w", err)
	}
	if n < len(head) {
		return nil, fmt.Errorf("read document: %w", io.ErrUnexpectedEOF)
	}
	return head, nil
}

func tooMuchText(limits Limits) *Failure {
	return failf(TooLarge, "The text of this file is longer than %s. Split it into smaller files.", size(int64(limits.OutputBytes)))
}

func failBinary() *Failure {
	return failf(Binary, "This file holds no text.")
}

// size prints bytes for people.
func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.0f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.0f KB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}

// bounded merges neighbours of one kind until at most maxBlocks are left.
func bounded(blocks []Block) []Block {
	if len(blocks) <= maxBlocks {
		return blocks
	}
	group := len(blocks)/maxBlocks + 1
	out, run := blocks[:0:0], 0
	for _, b := range blocks {
		if n := len(out); n > 0 && run < group && out[n-1].Kind == b.Kind && b.Kind != Heading {
			out[n-1].End = b.End
			run++
			continue
		}
		out, run = append(out, b), 1
	}
	return out[:min(len(out), maxBlocks)]
}
