package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klippa-app/go-pdfium"
	pdferrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
)

// readPDF takes the text of a PDF file page by page.
func readPDF(ctx context.Context, in *input) (*Document, error) {
	if err := checkPDF(in.src, in.limits); err != nil {
		return nil, err
	}
	r := pdfReader{limits: in.limits, doc: &Document{Derived: true}}
	file := &pdfFile{r: in.src.R, size: in.src.Size}
	defer file.release()
	err := in.pdf.use(ctx, func(ctx context.Context, p pdfium.Pdfium) error {
		r.p = p
		return r.read(ctx, file)
	})
	if err != nil {
		return nil, pdfError(err, file)
	}
	return r.doc, nil
}

// checkPDF refuses files that are none before any code of PDFium sees them.
func checkPDF(src Source, limits Limits) error {
	if src.Size == 0 {
		return failf(Malformed, "This PDF file is empty. If it was downloaded or copied, do that again.")
	}
	if src.Size > limits.PDFBytes {
		return failf(TooLarge, "This PDF has %s; files of this type are read up to %s. Split it into smaller files.", size(src.Size), size(limits.PDFBytes))
	}
	head, err := readHead(src)
	if err != nil {
		return err
	}
	switch {
	case bytes.Contains(head[:min(len(head), 1024)], []byte("%PDF-")):
		return nil
	case isHTML(head):
		return failf(Malformed, "This file is named PDF but is a web page, perhaps a download that asked for a login. Download it again.")
	}
	return failf(Malformed, "This file is named PDF but does not begin like one. If it was downloaded or copied, do that again.")
}

// pdfError turns what went wrong in PDFium into what Extract returns.
func pdfError(err error, file *pdfFile) error {
	var failure *Failure
	switch {
	case errors.As(err, &failure):
		return failure
	case file.err != nil:
		return fmt.Errorf("read document: %w", file.err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, errClosed):
		return err
	case errors.Is(err, pdferrors.ErrPassword), errors.Is(err, pdferrors.ErrSecurity):
		return failBy(err, Encrypted, "This PDF is protected by a password. Save a copy without one to make it searchable.")
	case errors.Is(err, errGuestMemory):
		return failBy(err, Memory, "Reading this PDF needs more memory than is allowed. Split it into smaller files, or print it to a new PDF.")
	}
	return failBy(err, Malformed, "This PDF is damaged and could not be read. Open it in a PDF program and save or print it to a new file.")
}

// pageSeparator stands between two pages, outside of both.
const pageSeparator = "\n\n"

// pdfReader reads one file.
type pdfReader struct {
	p      pdfium.Pdfium
	limits Limits
	doc    *Document
	file   references.FPDF_DOCUMENT
}

func (r *pdfReader) read(ctx context.Context, file *pdfFile) error {
	if err := r.open(file); err != nil {
		return err
	}
	count, err := r.pageCount()
	if err != nil {
		return err
	}
	var out strings.Builder
	empty, broken := 0, 0
	for i := range count {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		text, err := r.pageText(i)
		if errors.Is(err, pdferrors.ErrPage) {
			broken++
			r.note(Note{Code: "page_broken", Page: i + 1, Message: fmt.Sprintf("Page %d is damaged and could not be read.", i+1)})
		} else if err != nil {
			return fmt.Errorf("page %d: %w", i+1, err)
		}
		if i > 0 {
			out.WriteString(pageSeparator)
		}
		page := Page{Number: i + 1, Start: out.Len()}
		out.WriteString(text)
		page.End = out.Len()
		r.doc.Pages = append(r.doc.Pages, page)
		if text == "" && err == nil {
			empty++
			r.note(Note{Code: "no_text", Page: i + 1, Message: fmt.Sprintf("Page %d has no text.", i+1)})
		}
		if out.Len() > r.limits.OutputBytes {
			return tooMuchText(r.limits)
		}
	}
	if broken == count {
		return failf(Malformed, "No page of this PDF could be read. Open it in a PDF program and save or print it to a new file.")
	}
	r.doc.Text = out.String()
	r.summarise(count, empty)
	r.doc.Title = r.title()
	r.outline(ctx)
	return nil
}

// maxPageNotes bounds the notes on single pages.
const maxPageNotes = 50

func (r *pdfReader) note(n Note) {
	if len(r.doc.Notes) < maxPageNotes {
		r.doc.Notes = append(r.doc.Notes, n)
	}
}

// summarise says it in one note when a whole document was scanned.
func (r *pdfReader) summarise(pages, empty int) {
	switch {
	case empty == pages:
		r.doc.Notes = []Note{{Code: "no_text", Message: "No page of this PDF has text: it was probably scanned. Run text recognition (OCR) on it to make it searchable."}}
		r.doc.Text = ""
		for i := range r.doc.Pages {
			r.doc.Pages[i].Start, r.doc.Pages[i].End = 0, 0
		}
	case len(r.doc.Notes) >= maxPageNotes:
		r.doc.Notes = append(r.doc.Notes, Note{Code: "no_text", Message: fmt.Sprintf("%d of %d pages have no text.", empty, pages)})
	}
}

// open opens the file in PDFium.
func (r *pdfReader) open(file *pdfFile) error {
	doc, err := r.p.OpenDocument(&requests.OpenDocument{FileReader: file, FileReaderSize: file.size})
	if err != nil {
		return fmt.Errorf("open PDF: %w", err)
	}
	r.file = doc.Document
	return nil
}

func (r *pdfReader) pageCount() (int, error) {
	res, err := r.p.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: r.file})
	if err != nil {
		return 0, fmt.Errorf("count pages: %w", err)
	}
	switch {
	case res.PageCount <= 0:
		return 0, failf(Malformed, "This PDF has no pages. Open it in a PDF program and save or print it to a new file.")
	case res.PageCount > r.limits.Pages:
		return 0, failf(TooLarge, "This PDF has %d pages; up to %d are read. Split it into smaller files.", res.PageCount, r.limits.Pages)
	}
	return res.PageCount, nil
}

// pageText gives the cleaned text of page i, from 0.
func (r *pdfReader) pageText(i int) (string, error) {
	text := ""
	err := r.withPage(i, func(_ references.FPDF_PAGE, tp references.FPDF_TEXTPAGE) error {
		raw, err := r.rawText(tp)
		text = cleanPage(raw, nil)
		return err
	})
	return text, err
}

// withPage calls f with page i and its text loaded.
func (r *pdfReader) withPage(i int, f func(references.FPDF_PAGE, references.FPDF_TEXTPAGE) error) error {
	page, err := r.p.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: r.file, Index: i})
	if err != nil {
		return fmt.Errorf("load page: %w", err)
	}
	tp, err := r.p.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: requests.Page{ByReference: &page.Page}})
	if err != nil {
		return fmt.Errorf("load text: %w", err)
	}
	if err := f(page.Page, tp.TextPage); err != nil {
		return err
	}
	if _, err := r.p.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: tp.TextPage}); err != nil {
		return fmt.Errorf("close text: %w", err)
	}
	if _, err := r.p.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: page.Page}); err != nil {
		return fmt.Errorf("close page: %w", err)
	}
	return nil
}

// rawText gives the text of a page as PDFium has it.
func (r *pdfReader) rawText(tp references.FPDF_TEXTPAGE) (string, error) {
	count, err := r.p.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: tp})
	if err != nil {
		return "", fmt.Errorf("count characters: %w", err)
	}
	if count.Count <= 0 {
		return "", nil
	}
	text, err := r.p.FPDFText_GetText(&requests.FPDFText_GetText{TextPage: tp, StartIndex: 0, Count: count.Count})
	if err != nil {
		return "", fmt.Errorf("get text: %w", err)
	}
	return strings.TrimRight(text.Text, "\x00"), nil
}

// pdfFile serves a file to PDFium, which reads many small pieces, in blocks.
type pdfFile struct {
	r    io.ReaderAt // nil when released
	size int64
	at   int64
	err  error // first failure of r

	block      []byte
	blockStart int64
}

// pdfBlock is the size in bytes of the pieces that are read ahead.
const pdfBlock = 64 << 10

// Seek implements io.Seeker.
func (f *pdfFile) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the start")
	}
	f.at = offset
	return offset, nil
}

// Read implements io.Reader.
func (f *pdfFile) Read(p []byte) (int, error) {
	if f.r == nil || f.at >= f.size {
		return 0, io.EOF
	}
	if f.at < f.blockStart || f.at >= f.blockStart+int64(len(f.block)) {
		start := f.at / pdfBlock * pdfBlock
		if f.block == nil {
			f.block = make([]byte, 0, pdfBlock)
		}
		block := f.block[:min(pdfBlock, f.size-start)]
		n, err := f.r.ReadAt(block, start)
		if n < len(block) {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF // it became shorter meanwhile
			}
			f.block, f.err = f.block[:0], err
			return 0, err
		}
		f.block, f.blockStart = block, start
	}
	n := copy(p, f.block[f.at-f.blockStart:])
	f.at += int64(n)
	return n, nil
}

// release lets go of the file. PDFium's binding keeps a reference to readers of
// files that it could not open.
func (f *pdfFile) release() { f.r, f.block = nil, nil }
