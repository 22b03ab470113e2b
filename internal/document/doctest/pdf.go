// Package doctest makes documents for tests: small PDF files whose text, fonts,
// page boxes and faults are known exactly, so that a test can say where a word
// must be found.
//
// The files are written by hand rather than taken from elsewhere: nothing in
// them is anyone else's work, and a test reads as what it means.
package doctest

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
	"unicode/utf16"
)

// Font is one of the fonts that a page can use. The Latin ones are standard
// fonts that every reader has; their text is Latin-1.
type Font string

// Fonts of a page. CJK shows any character of the basic plane and carries a
// ToUnicode map; it has no glyphs, which does not matter to text extraction.
const (
	Helvetica Font = "F1"
	Bold      Font = "F2"
	Times     Font = "F3"
	Courier   Font = "F4"
	CJK       Font = "F5"
)

// Builder collects the pages of a PDF file. The zero value is an empty file.
type Builder struct {
	Title    string
	Author   string
	Password string // of the user; not empty encrypts the file
	Outline  []Bookmark
	pages    []*Page
	objects  []object // beyond those that Bytes makes
}

// Bookmark is an entry of the outline that leads to a page, from 1.
type Bookmark struct {
	Title string
	Page  int
}

type object struct {
	number int
	body   []byte
}

// Page is one page. Coordinates are PDF's: points from the lower left corner of
// the media box, before rotation.
type Page struct {
	Width, Height float64
	Rotate        int         // degrees clockwise: 0, 90, 180, 270
	CropBox       *[4]float64 // left, bottom, right, top
	content       bytes.Buffer
	image         bool
	xobjects      string // further entries of the resources
}

// A4 in points.
const (
	A4Width  = 595
	A4Height = 842
)

// Page adds an A4 page.
func (b *Builder) Page() *Page {
	p := &Page{Width: A4Width, Height: A4Height}
	b.pages = append(b.pages, p)
	return p
}

// Text shows one line of text with its baseline starting at x, y.
func (p *Page) Text(x, y, size float64, f Font, s string) *Page {
	fmt.Fprintf(&p.content, "BT /%s %g Tf 1 0 0 1 %g %g Tm %s Tj ET\n", f, size, x, y, showString(f, s))
	return p
}

// Slanted shows text turned by the matrix a b c d.
func (p *Page) Slanted(x, y, size float64, a, b, c, d float64, s string) *Page {
	fmt.Fprintf(&p.content, "BT /F1 %g Tf %g %g %g %g %g %g Tm %s Tj ET\n", size, a, b, c, d, x, y, showString(Helvetica, s))
	return p
}

// Invisible shows text that is not painted, as scanners with text recognition
// put it under the picture.
func (p *Page) Invisible(x, y, size float64, s string) *Page {
	fmt.Fprintf(&p.content, "BT 3 Tr /F1 %g Tf 1 0 0 1 %g %g Tm %s Tj 0 Tr ET\n", size, x, y, showString(Helvetica, s))
	return p
}

// Line draws a thin line.
func (p *Page) Line(x1, y1, x2, y2 float64) *Page {
	fmt.Fprintf(&p.content, "0.5 w %g %g m %g %g l S\n", x1, y1, x2, y2)
	return p
}

// Scan covers the page with a picture, as a scanner without text recognition does.
func (p *Page) Scan() *Page {
	p.image = true
	fmt.Fprintf(&p.content, "q %g 0 0 %g 0 0 cm /Im0 Do Q\n", p.Width, p.Height)
	return p
}

// Raw adds operators to the content of the page.
func (p *Page) Raw(s string) *Page {
	p.content.WriteString(s)
	return p
}

func showString(f Font, s string) string {
	if f == CJK {
		var out strings.Builder
		for _, u := range utf16.Encode([]rune(s)) {
			fmt.Fprintf(&out, "%04X", u)
		}
		return "<" + out.String() + ">"
	}
	var out strings.Builder
	for _, r := range s {
		switch {
		case r == '(' || r == ')' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case r < 0x80:
			out.WriteRune(r)
		default:
			fmt.Fprintf(&out, "\\%03o", byte(r))
		}
	}
	return "(" + out.String() + ")"
}

// Numbers of the objects that every file has.
const (
	objCatalog = iota + 1
	objPages
	objInfo
	objFonts     // five of them
	objCIDFont   = objFonts + 5
	objToUnicode = objFonts + 6
	objImage     = objFonts + 7
	objFirstPage = objFonts + 8
)

// Bytes gives the file.
func (b *Builder) Bytes() []byte {
	w := &writer{}
	if b.Password != "" {
		w.crypt = newCrypt(b.Password)
	}
	w.buf.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	kids := make([]string, len(b.pages))
	for i := range b.pages {
		kids[i] = fmt.Sprintf("%d 0 R", objFirstPage+2*i)
	}
	outline := ""
	if len(b.Outline) > 0 {
		outline = fmt.Sprintf(" /Outlines %d 0 R", objFirstPage+2*len(b.pages))
	}
	w.object(objCatalog, fmt.Sprintf("<< /Type /Catalog /Pages %d 0 R%s >>", objPages, outline))
	w.object(objPages, fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(kids)))
	w.object(objInfo, fmt.Sprintf("<< /Title %s /Author %s >>", w.text(objInfo, b.Title), w.text(objInfo, b.Author)))
	b.writeFonts(w)
	picture := bytes.Repeat([]byte{0xff, 0xe0, 0xff, 0x30}, 16*16/4)
	w.stream(objImage, "/Type /XObject /Subtype /Image /Width 16 /Height 16 /ColorSpace /DeviceGray /BitsPerComponent 8", picture)
	for i, p := range b.pages {
		b.writePage(w, objFirstPage+2*i, p)
	}
	b.writeOutline(w, objFirstPage+2*len(b.pages))
	for _, o := range b.objects {
		w.object(o.number, string(o.body))
	}
	return w.finish()
}

func (b *Builder) writeFonts(w *writer) {
	for i, name := range []string{"Helvetica", "Helvetica-Bold", "Times-Roman", "Courier"} {
		w.object(objFonts+i, fmt.Sprintf("<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>", name))
	}
	w.object(objFonts+4, fmt.Sprintf("<< /Type /Font /Subtype /Type0 /BaseFont /Sample /Encoding /Identity-H /DescendantFonts [%d 0 R] /ToUnicode %d 0 R >>", objCIDFont, objToUnicode))
	w.object(objCIDFont, "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Sample /CIDSystemInfo << /Registry "+w.literal(objCIDFont, "Adobe")+" /Ordering "+w.literal(objCIDFont, "Identity")+" /Supplement 0 >> /DW 1000 /FontDescriptor << /Type /FontDescriptor /FontName /Sample /Flags 4 /FontBBox [0 -200 1000 900] /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 700 /StemV 80 >> >>")
	w.stream(objToUnicode, "", []byte(`/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def /CMapType 2 def
1 begincodespacerange <0000> <FFFF> endcodespacerange
1 beginbfrange <0020> <FFFD> <0020> endbfrange
2 beginbfchar <0001> <D835DC65> <0002> <00660069> endbfchar
endcmap CMapName currentdict /CMap defineresource pop end end`))
}

func (b *Builder) writePage(w *writer, number int, p *Page) {
	var extra strings.Builder
	if p.Rotate != 0 {
		fmt.Fprintf(&extra, " /Rotate %d", p.Rotate)
	}
	if c := p.CropBox; c != nil {
		fmt.Fprintf(&extra, " /CropBox [%g %g %g %g]", c[0], c[1], c[2], c[3])
	}
	var fonts strings.Builder
	for i := range 5 {
		fmt.Fprintf(&fonts, "/F%d %d 0 R ", i+1, objFonts+i)
	}
	objects := p.xobjects
	if p.image {
		objects += fmt.Sprintf(" /Im0 %d 0 R", objImage)
	}
	w.object(number, fmt.Sprintf("<< /Type /Page /Parent %d 0 R /MediaBox [0 0 %g %g]%s /Resources << /Font << %s>> /XObject <<%s >> >> /Contents %d 0 R >>",
		objPages, p.Width, p.Height, extra.String(), fonts.String(), objects, number+1))
	w.stream(number+1, "", p.content.Bytes())
}

func (b *Builder) writeOutline(w *writer, number int) {
	if len(b.Outline) == 0 {
		return
	}
	last := number + len(b.Outline)
	w.object(number, fmt.Sprintf("<< /Type /Outlines /First %d 0 R /Last %d 0 R /Count %d >>", number+1, last, len(b.Outline)))
	for i, m := range b.Outline {
		n, links := number+1+i, ""
		if i > 0 {
			links += fmt.Sprintf(" /Prev %d 0 R", n-1)
		}
		if n < last {
			links += fmt.Sprintf(" /Next %d 0 R", n+1)
		}
		w.object(n, fmt.Sprintf("<< /Title %s /Parent %d 0 R%s /Dest [%d 0 R /Fit] >>", w.text(n, m.Title), number, links, objFirstPage+2*(m.Page-1)))
	}
}

// writer writes objects and remembers where they are.
type writer struct {
	buf     bytes.Buffer
	offsets map[int]int
	crypt   *crypt
}

func (w *writer) object(number int, body string) {
	if w.offsets == nil {
		w.offsets = map[int]int{}
	}
	w.offsets[number] = w.buf.Len()
	fmt.Fprintf(&w.buf, "%d 0 obj\n%s\nendobj\n", number, body)
}

func (w *writer) stream(number int, dict string, data []byte) {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	z.Write(data) // a bytes.Buffer takes everything
	z.Close()
	body := packed.Bytes()
	if w.crypt != nil {
		body = w.crypt.encrypt(number, body)
	}
	w.object(number, fmt.Sprintf("<< %s /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream", dict, len(body), body))
}

// literal gives an ASCII string object that belongs to object number.
func (w *writer) literal(number int, s string) string {
	if w.crypt != nil {
		return fmt.Sprintf("<%X>", w.crypt.encrypt(number, []byte(s)))
	}
	return "(" + s + ")"
}

// text gives a Unicode string object that belongs to object number.
func (w *writer) text(number int, s string) string {
	b := []byte{0xfe, 0xff}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u>>8), byte(u))
	}
	if w.crypt != nil {
		b = w.crypt.encrypt(number, b)
	}
	return fmt.Sprintf("<%X>", b)
}

func (w *writer) finish() []byte {
	last := 0
	for n := range w.offsets {
		last = max(last, n)
	}
	encrypt := ""
	if w.crypt != nil {
		last++
		w.object(last, w.crypt.dict())
		encrypt = fmt.Sprintf(" /Encrypt %d 0 R /ID [<%X> <%X>]", last, w.crypt.id, w.crypt.id)
	}
	start := w.buf.Len()
	fmt.Fprintf(&w.buf, "xref\n0 %d\n0000000000 65535 f \n", last+1)
	for n := 1; n <= last; n++ {
		if at, ok := w.offsets[n]; ok {
			fmt.Fprintf(&w.buf, "%010d 00000 n \n", at)
		} else {
			w.buf.WriteString("0000000000 00000 f \n")
		}
	}
	fmt.Fprintf(&w.buf, "trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R%s >>\nstartxref\n%d\n%%%%EOF\n", last+1, objCatalog, objInfo, encrypt, start)
	return w.buf.Bytes()
}
