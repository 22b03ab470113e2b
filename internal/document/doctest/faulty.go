package doctest

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
)

// Lines gives a file with pages of numbered lines: "Page 2 line 7 of the test
// file" and so on, in Helvetica 10 with its first baseline at x=72, y=770.
func Lines(pages, lines int) []byte {
	b := &Builder{Title: "Numbered lines"}
	for n := range pages {
		p := b.Page()
		for i := range lines {
			p.Text(72, 770-float64(i)*12, 10, Helvetica, fmt.Sprintf("Page %d line %d of the test file, which is about as long as lines in papers are.", n+1, i+1))
		}
	}
	return b.Bytes()
}

// BrokenXref gives a file whose table of objects points nowhere, as after an
// edit by hand; readers find the objects by searching.
func BrokenXref() []byte {
	file := Lines(2, 3)
	return bytes.Replace(file, []byte("\nstartxref\n"), []byte("\nstartxref\n99"), 1)
}

// Truncated gives the first half of a file.
func Truncated() []byte {
	file := Lines(3, 40)
	return file[:len(file)/2]
}

// Nested gives a file of one page that draws a form which draws ten forms which
// draw ten forms, depth levels deep: 10^depth pieces of text in a few kilobytes.
func Nested(depth int) []byte {
	b := &Builder{}
	first := objFirstPage + 2
	p := b.Page().Raw("/Fm0 Do\n")
	p.xobjects = fmt.Sprintf(" /Fm0 %d 0 R", first)
	for i := range depth {
		content, inner := strings.Repeat("/Fm Do\n", 10), fmt.Sprintf("/Fm %d 0 R", first+i+1)
		if i == depth-1 {
			content, inner = "BT /F1 10 Tf 10 10 Td (deep) Tj ET", ""
		}
		b.objects = append(b.objects, object{first + i, fmt.Appendf(nil,
			"<< /Type /XObject /Subtype /Form /BBox [0 0 500 500] /Resources << /Font << /F1 %d 0 R >> /XObject << %s >> >> /Length %d >>\nstream\n%s\nendstream",
			objFonts, inner, len(content), content)})
	}
	return b.Bytes()
}

// Endless gives a file whose page tree contains itself.
func Endless() []byte {
	return []byte(`%PDF-1.4
1 0 obj
<< /Type /Catalog /Pages 2 0 R >>
endobj
2 0 obj
<< /Type /Pages /Kids [2 0 R 2 0 R 2 0 R 3 0 R] /Count 1000000 /Parent 2 0 R >>
endobj
3 0 obj
<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>
endobj
trailer
<< /Root 1 0 R /Size 4 >>
%%EOF
`)
}

// Bomb gives a file of a few kilobytes whose page content unpacks to megabytes
// of spaces.
func Bomb(megabytes int) []byte {
	b := &Builder{}
	b.Page().Raw(strings.Repeat(" ", megabytes<<20)).Text(72, 700, 12, Helvetica, "behind the bomb")
	return b.Bytes()
}

// DeepArray gives a file with an array nested depth levels.
func DeepArray(depth int) []byte {
	b := &Builder{}
	p := b.Page().Text(72, 700, 12, Helvetica, "beside the array")
	p.Raw(strings.Repeat("[", depth) + strings.Repeat("]", depth) + " TJ\n")
	return b.Bytes()
}

// Hanging gives a small file that takes an hour to read: 5000 pages, each of
// which unpacks to 30 MB.
func Hanging() []byte {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	z.Write(bytes.Repeat([]byte("q Q "), 30<<18)) // a buffer takes all
	z.Close()
	const pages = 5000
	return []byte("%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n" +
		fmt.Sprintf("2 0 obj\n<< /Type /Pages /Kids [%s] /Count %d >>\nendobj\n", strings.Repeat("3 0 R ", pages), pages) +
		"3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R >>\nendobj\n" +
		fmt.Sprintf("4 0 obj\n<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream\nendobj\n", packed.Len(), packed.String()) +
		"trailer\n<< /Root 1 0 R /Size 5 >>\n%%EOF\n")
}
