package document

import (
	"context"
	"errors"
	"fmt"
	"math"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/klippa-app/go-pdfium"
	pdferrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
)

// PageBoxes says where characters stand on a page as it is shown: rotated and
// cropped.
type PageBoxes struct {
	Width, Height float64 // of the page in points
	Rects         []Rect  // one or more for each line, in reading order
}

// Rect is a rectangle in points; X and Y are its upper left corner, counted from
// the upper left corner of the page.
type Rect struct {
	X, Y, W, H float64
}

// Boxes gives the rectangles that cover the characters [start, end) of the text
// of a page, which is what Extract put between Start and End of that Page.
// Page counts from 1, start and end are characters, not bytes. A wrong page or
// range is a Failure with code BadRange: the file is not the one that was read.
func (e *Extractor) Boxes(ctx context.Context, src Source, page, start, end int) (boxes *PageBoxes, err error) {
	defer func() {
		if p := recover(); p != nil {
			boxes, err = nil, e.recovered(p)
		}
	}()
	if err := checkPDF(src, e.limits); err != nil {
		return nil, err
	}
	file := &pdfFile{r: src.R, size: src.Size}
	defer file.release()
	err = e.pdf.use(ctx, func(ctx context.Context, p pdfium.Pdfium) error {
		r := pdfReader{p: p, limits: e.limits}
		if err := r.open(file); err != nil {
			return err
		}
		count, err := r.pageCount()
		if err != nil {
			return err
		}
		if page < 1 || page > count {
			return failf(BadRange, "This PDF has no page %d.", page)
		}
		boxes, err = r.boxes(ctx, page-1, start, end)
		return err
	})
	if err != nil {
		return nil, pdfError(err, file)
	}
	return boxes, nil
}

// boxes finds the rectangles of characters of page i, from 0.
func (r *pdfReader) boxes(ctx context.Context, i, start, end int) (*PageBoxes, error) {
	var out *PageBoxes
	err := r.withPage(i, func(page references.FPDF_PAGE, tp references.FPDF_TEXTPAGE) error {
		raw, err := r.rawText(tp)
		if err != nil {
			return err
		}
		var origin []int
		text := []rune(cleanPage(raw, &origin))
		if start < 0 || end > len(origin) || start > end {
			return failf(BadRange, "Page %d has no characters %d to %d.", i+1, start, end)
		}
		view, err := r.view(page)
		if err != nil {
			return err
		}
		out = &PageBoxes{Width: view.width(), Height: view.height()}
		index, err := r.charIndex(tp, raw)
		if err != nil {
			return err
		}
		var lines lineMerger
		for k := start; k < end; k++ {
			if k%256 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if text[k] == '\n' {
				lines.end()
			} else if box, ok := r.charBox(tp, index(origin[k])); ok {
				lines.add(view.show(box))
			}
		}
		out.Rects = view.cut(lines.rects)
		return nil
	})
	return out, err
}

// charIndex gives the function from characters of the raw text to those of
// PDFium, which counts pairs of surrogates as two and also has characters that
// are not in the text.
func (r *pdfReader) charIndex(tp references.FPDF_TEXTPAGE, raw string) (func(int) int, error) {
	units := func(i int) int { return i }
	count, err := r.p.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: tp})
	if err != nil {
		return nil, fmt.Errorf("count characters: %w", err)
	}
	if n := utf8.RuneCountInString(raw); n != count.Count {
		offsets := make([]int, 0, n)
		at := 0
		for _, c := range raw {
			offsets = append(offsets, at)
			at += max(utf16.RuneLen(c), 1)
		}
		if at <= count.Count {
			units = func(i int) int { return offsets[i] }
		}
	}
	return func(i int) int {
		res, err := r.p.FPDFText_GetCharIndexFromTextIndex(&requests.FPDFText_GetCharIndexFromTextIndex{TextPage: tp, NTextIndex: units(i)})
		if err != nil {
			return units(i)
		}
		return res.CharIndex
	}, nil
}

// corners is a rectangle in the coordinates of a PDF page, y upwards.
type corners struct {
	left, bottom, right, top float64
}

func (c corners) empty() bool { return !(c.right > c.left && c.top > c.bottom) }

// charBox gives the box of a character, as high as its line; ok is false for
// characters that take no place, such as spaces that PDFium made up.
func (r *pdfReader) charBox(tp references.FPDF_TEXTPAGE, index int) (box corners, ok bool) {
	loose, err := r.p.FPDFText_GetLooseCharBox(&requests.FPDFText_GetLooseCharBox{TextPage: tp, Index: index})
	if err == nil {
		box = corners{float64(loose.Rect.Left), float64(loose.Rect.Bottom), float64(loose.Rect.Right), float64(loose.Rect.Top)}
		if !box.empty() && !math.IsInf(box.right-box.left, 0) {
			return box, true
		}
	}
	tight, err := r.p.FPDFText_GetCharBox(&requests.FPDFText_GetCharBox{TextPage: tp, Index: index})
	if err != nil {
		return corners{}, false
	}
	box = corners{tight.Left, tight.Bottom, tight.Right, tight.Top}
	return box, !box.empty() && !math.IsInf(box.right-box.left, 0)
}

// lineMerger joins the boxes of characters that follow each other on a line.
type lineMerger struct {
	rects []Rect
	ended bool
}

// end makes the next character start a new rectangle.
func (m *lineMerger) end() { m.ended = true }

func (m *lineMerger) add(c Rect) {
	if k := len(m.rects); k > 0 && !m.ended && m.rects[k-1].continues(c) {
		l := &m.rects[k-1]
		right, bottom := max(l.X+l.W, c.X+c.W), max(l.Y+l.H, c.Y+c.H)
		l.X, l.Y = min(l.X, c.X), min(l.Y, c.Y)
		l.W, l.H = right-l.X, bottom-l.Y
		return
	}
	m.rects = append(m.rects, c)
	m.ended = false
}

// continues says whether c stands beside r, with no more than a wide gap between
// them, or for vertical writing below or above it.
func (r Rect) continues(c Rect) bool {
	overlapX := min(r.X+r.W, c.X+c.W) - max(r.X, c.X)
	overlapY := min(r.Y+r.H, c.Y+c.H) - max(r.Y, c.Y)
	if overlapY > 0.4*min(r.H, c.H) {
		return -overlapX < 3*max(c.H, c.W)
	}
	return overlapX > 0.4*min(r.W, c.W) && -overlapY < max(c.H, c.W)
}

// pageView is how a page is shown.
type pageView struct {
	box    corners
	turned int // quarters of a turn clockwise
}

func (r *pdfReader) view(page references.FPDF_PAGE) (pageView, error) {
	ref := requests.Page{ByReference: &page}
	box, err := r.p.FPDF_GetPageBoundingBox(&requests.FPDF_GetPageBoundingBox{Page: ref})
	if err != nil {
		return pageView{}, fmt.Errorf("get page box: %w", errors.Join(pdferrors.ErrPage, err))
	}
	turn, err := r.p.FPDFPage_GetRotation(&requests.FPDFPage_GetRotation{Page: ref})
	if err != nil {
		return pageView{}, fmt.Errorf("get page rotation: %w", err)
	}
	b := box.Rect
	return pageView{box: corners{float64(b.Left), float64(b.Bottom), float64(b.Right), float64(b.Top)}, turned: int(turn.PageRotation) & 3}, nil
}

func (v pageView) width() float64 {
	if v.turned%2 == 1 {
		return v.box.top - v.box.bottom
	}
	return v.box.right - v.box.left
}

func (v pageView) height() float64 {
	if v.turned%2 == 1 {
		return v.box.right - v.box.left
	}
	return v.box.top - v.box.bottom
}

// show turns a rectangle of the page into one of the view.
func (v pageView) show(c corners) Rect {
	var x1, y1, x2, y2 float64
	switch v.turned {
	case 0:
		x1, y1, x2, y2 = c.left-v.box.left, v.box.top-c.top, c.right-v.box.left, v.box.top-c.bottom
	case 1:
		x1, y1, x2, y2 = c.bottom-v.box.bottom, c.left-v.box.left, c.top-v.box.bottom, c.right-v.box.left
	case 2:
		x1, y1, x2, y2 = v.box.right-c.right, c.bottom-v.box.bottom, v.box.right-c.left, c.top-v.box.bottom
	case 3:
		x1, y1, x2, y2 = v.box.top-c.top, v.box.right-c.right, v.box.top-c.bottom, v.box.right-c.left
	}
	return Rect{X: x1, Y: y1, W: x2 - x1, H: y2 - y1}
}

// cut takes away what lies outside of the page.
func (v pageView) cut(rects []Rect) []Rect {
	out := make([]Rect, 0, len(rects))
	for _, r := range rects {
		right, bottom := min(r.X+r.W, v.width()), min(r.Y+r.H, v.height())
		r.X, r.Y = max(r.X, 0), max(r.Y, 0)
		r.W, r.H = right-r.X, bottom-r.Y
		if r.W > 0 && r.H > 0 {
			out = append(out, r)
		}
	}
	return out
}
