package document

import (
	"bytes"
	"context"
	"path"
	"strings"
)

// format is one row of the list of formats.
type format struct {
	name       string
	extensions []string // lower case, without the dot

	// text says that the file is read whole and decoded before read is called.
	text bool

	// declared decodes by what the file itself says about its encoding; it
	// answers false to leave the guess to Inspect. nil: the file cannot say it.
	declared func(b []byte) (Decoded, bool)

	read func(ctx context.Context, in *input) (*Document, error)
}

// formats lists all formats. A new type is one file with its reader and one row.
func formats() []format {
	return []format{
		{name: PDF, extensions: []string{"pdf"}, read: readPDF},
		{name: Markdown, extensions: []string{"md", "markdown", "mdown", "mkd", "mkdn", "mdx", "qmd", "rmd"}, text: true, read: readMarkdown},
		{name: HTML, extensions: []string{"html", "htm", "xhtml"}, text: true, declared: declaredHTML, read: readHTML},
		{name: CSV, extensions: []string{"csv", "tsv", "tab"}, text: true, read: readCSV},
		{name: JSON, extensions: []string{"json", "jsonl", "ndjson", "geojson", "jsonld", "webmanifest"}, text: true, read: readJSON},
		{name: Notebook, extensions: []string{"ipynb"}, text: true, read: readNotebook},
		{name: Code, extensions: codeExtensions(), text: true, read: readCode},
		{name: Text, extensions: []string{"txt", "text", "log", "rst", "tex", "bib", "sty", "cls", "adoc", "asciidoc", "org", "textile", "srt", "vtt", "ini", "cfg", "conf", "config", "properties", "env", "diff", "patch", "fasta", "fa", "nfo", "lst", "out", "err"}, text: true, read: readText},
	}
}

// byName finds a format of the list.
func (e *Extractor) byName(name string) *format {
	for i := range e.formats {
		if e.formats[i].name == name {
			return &e.formats[i]
		}
	}
	panic("document: no format " + name) // the list is fixed
}

// formatOf decides the format. head is the beginning of the file and whole says
// that it is all of it; a nil head stands for unknown content.
func (e *Extractor) formatOf(name string, head []byte, whole bool) (*format, *Failure) {
	ext := extension(name)
	if isPDF(head, ext == "pdf") {
		return e.byName(PDF), nil
	}
	if kind := binaryKind(head); kind != "" {
		return nil, failf(Binary, "This file is %s and holds no text that can be searched.", kind)
	}
	f := e.byExtension(name, ext)
	if f != nil && !f.text {
		return f, nil
	}
	if head != nil && !isTextHead(head, whole) {
		return nil, failBinary()
	}
	if f != nil {
		return f, nil
	}
	if len(head) == 0 {
		return nil, failf(Unsupported, "Files of type %q are not read.", ext)
	}
	switch {
	case isHTML(head):
		return e.byName(HTML), nil
	case bytes.HasPrefix(head, []byte("#!")):
		return e.byName(Code), nil
	}
	return e.byName(Text), nil
}

// byExtension finds the format that the name stands for, nil if none.
func (e *Extractor) byExtension(name, ext string) *format {
	if languageOfName(name) != "" {
		return e.byName(Code)
	}
	for i := range e.formats {
		for _, x := range e.formats[i].extensions {
			if x == ext {
				return &e.formats[i]
			}
		}
	}
	return nil
}

// extension gives the lower-cased extension without its dot.
func extension(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
}

// isTextHead says whether the beginning of a file is text.
func isTextHead(head []byte, whole bool) bool {
	if _, n := byteOrderMark(head); n > 0 {
		return true
	}
	if !whole {
		head = head[:len(head)&^3] // keep units of UTF-16 and UTF-32 whole
	}
	_, ok := guess(head)
	return ok
}

// isPDF recognises PDF. Its header may stand behind some junk, but then only
// the extension makes it one: texts may speak of "%PDF-" too.
func isPDF(head []byte, named bool) bool {
	if named {
		return bytes.Contains(head[:min(len(head), 1024)], []byte("%PDF-"))
	}
	head = bytes.TrimPrefix(head, []byte(bomUTF8))
	return bytes.HasPrefix(bytes.TrimLeft(head, "\r\n\t \x00"), []byte("%PDF-"))
}

// isHTML recognises a web page.
func isHTML(head []byte) bool {
	head = bytes.TrimPrefix(head, []byte(bomUTF8))
	head = bytes.ToLower(bytes.TrimSpace(head[:min(len(head), 512)]))
	return bytes.HasPrefix(head, []byte("<!doctype html")) || bytes.HasPrefix(head, []byte("<html"))
}

// magic is a byte sequence at a fixed place that marks a binary format.
type magic struct {
	at    int
	bytes string
	kind  string
}

// binaryKind names the binary format of a file in words, "" if it is none of
// those known.
func binaryKind(head []byte) string {
	for _, m := range [...]magic{
		{0, "\x89PNG\r\n\x1a\n", "a PNG image"},
		{0, "\xff\xd8\xff", "a JPEG image"},
		{0, "GIF87a", "a GIF image"},
		{0, "GIF89a", "a GIF image"},
		{8, "WEBPVP8", "a WebP image"},
		{0, "II*\x00", "a TIFF image"},
		{0, "MM\x00*", "a TIFF image"},
		{0, "PK\x03\x04", "a ZIP archive or an Office file"},
		{0, "PK\x05\x06", "an empty ZIP archive"},
		{0, "\x1f\x8b\x08", "a gzip archive"},
		{0, "BZh9", "a bzip2 archive"},
		{0, "\xfd7zXZ\x00", "an xz archive"},
		{0, "7z\xbc\xaf\x27\x1c", "a 7z archive"},
		{0, "Rar!\x1a\x07", "a RAR archive"},
		{0, "\x28\xb5\x2f\xfd", "a zstd archive"},
		{257, "ustar", "a tar archive"},
		{0, "\x7fELF", "a program"},
		{0, "MZ\x90\x00", "a program"},
		{0, "\xcf\xfa\xed\xfe", "a program"},
		{0, "\x00asm", "a WebAssembly module"},
		{0, "SQLite format 3\x00", "an SQLite database"},
		{0, "\x89HDF\r\n\x1a\n", "an HDF5 file"},
		{0, "PAR1\x15", "a Parquet file"},
		{0, "ARROW1\x00", "an Arrow file"},
		{0, "\x93NUMPY", "a NumPy array"},
		{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file"},
		{0, "OggS\x00", "an audio file"},
		{0, "fLaC\x00", "an audio file"},
		{0, "ID3\x03", "an audio file"},
		{8, "WAVEfmt", "an audio file"},
		{4, "ftyp", "a video"},
		{0, "\x1aE\xdf\xa3", "a video"},
	} {
		if len(head) >= m.at+len(m.bytes) && string(head[m.at:m.at+len(m.bytes)]) == m.bytes {
			return m.kind
		}
	}
	return ""
}
