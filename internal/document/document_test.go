package document_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/innoclaw/innoclaw/internal/document"
)

// textOnly reads formats that need no PDF code.
func textOnly(t testing.TB) *document.Extractor {
	t.Helper()
	e := document.New(document.Options{})
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return e
}

func source(name, content string) document.Source {
	return document.Source{Name: name, Size: int64(len(content)), R: strings.NewReader(content)}
}

func extract(t testing.TB, e *document.Extractor, name, content string) *document.Document {
	t.Helper()
	d, err := e.Extract(context.Background(), source(name, content))
	if err != nil {
		t.Fatalf("extract %s: %v", name, err)
	}
	check(t, d)
	return d
}

// check holds what is promised of every document.
func check(t testing.TB, d *document.Document) {
	t.Helper()
	if !utf8.ValidString(d.Text) || strings.Contains(d.Text, "\x00") {
		t.Errorf("text is not clean UTF-8: %.100q", d.Text)
	}
	last := 0
	for _, b := range d.Blocks {
		if b.Start < last || b.End <= b.Start || b.End > len(d.Text) {
			t.Fatalf("block %+v overlaps the one before, is empty or lies outside of %d bytes", b, len(d.Text))
		}
		if !utf8.RuneStart(d.Text[b.Start]) || b.End < len(d.Text) && !utf8.RuneStart(d.Text[b.End]) {
			t.Fatalf("block %+v cuts a character", b)
		}
		if b.Kind == "" || !utf8.ValidString(b.Label) {
			t.Fatalf("block without a kind or with a broken label: %+v", b)
		}
		last = b.End
	}
	last = 0
	for i, p := range d.Pages {
		if p.Number != i+1 || p.Start < last || p.End < p.Start || p.End > len(d.Text) {
			t.Fatalf("page %+v does not follow", p)
		}
		last = p.End
	}
}

// code gives the code of a failure, "" for other errors.
func code(err error) string {
	var f *document.Failure
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

// blocks prints blocks as lines "kind level label: text" for comparison.
func blocks(d *document.Document) []string {
	var out []string
	for _, b := range d.Blocks {
		s := string(b.Kind)
		if b.Level > 0 {
			s += " " + string(rune('0'+b.Level))
		}
		if b.Label != "" {
			s += " [" + b.Label + "]"
		}
		out = append(out, s+": "+d.Text[b.Start:b.End])
	}
	return out
}

func TestTypeIsToldByContentBeforeName(t *testing.T) {
	t.Parallel()
	e := textOnly(t)
	pdf := "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj"
	png := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
	for _, c := range []struct{ name, head, want string }{
		{"paper.pdf", pdf, document.PDF},
		{"paper.txt", pdf, document.PDF},
		{"paper", pdf, document.PDF},
		{"paper.pdf", "junk before\n%PDF-1.4\n", document.PDF},
		{"about.txt", "A file starts with %PDF-1.4 in this format.", document.Text},
		{"picture.md", png, ""},
		{"picture.png", png, ""},
		{"notes.md", "# Notes\n", document.Markdown},
		{"NOTES.MD", "# Notes\n", document.Markdown},
		{"notes.md", "", document.Markdown},
		{"page.htm", "<p>x", document.HTML},
		{"page", "\n<!DOCTYPE html><p>x", document.HTML},
		{"data.tsv", "a\tb\n", document.CSV},
		{"data.jsonl", "{}\n", document.JSON},
		{"book.ipynb", "{}", document.Notebook},
		{"main.go", "package main\n", document.Code},
		{"Makefile", "all:\n", document.Code},
		{"CMakeLists.txt", "project(x)\n", document.Code},
		{"run", "#!/usr/bin/env python3\nprint()\n", document.Code},
		{"README", "Read me.\n", document.Text},
		{"strange.xyz", "3\ncomment\nH 0 0 0\n", document.Text},
		{"strange.xyz", "", ""},
		{"data.csv", "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x00\x00\x00", ""},
		{"sheet.csv", "PK\x03\x04\x14\x00", ""},
		{"utf16.txt", "\xff\xfeh\x00i\x00", document.Text},
	} {
		var head []byte
		if c.head != "" {
			head = []byte(c.head)
		}
		got, ok := e.Type(c.name, head)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("Type(%q, %.30q) = %q, %v; want %q", c.name, c.head, got, ok, c.want)
		}
	}
}

func TestExtractRefusesWhatIsNoText(t *testing.T) {
	t.Parallel()
	e := textOnly(t)
	for _, c := range []struct{ name, content, code string }{
		{"picture.md", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", document.Binary},
		{"noise.txt", strings.Repeat("\x00\x01\x02\x03\xfe\xff\x80\x81", 600), document.Binary},
		{"late.txt", strings.Repeat("text\n", 4000) + strings.Repeat("\x00\x01\x02\x03", 4000), document.Binary},
		{"broken.ipynb", `{"cells": [`, document.Malformed},
		{"empty.pdf", "", document.Malformed},
		{"page.pdf", "<!doctype html><p>Sign in", document.Malformed},
		{"noise.pdf", "just words", document.Malformed},
		{"x.unknown", "", document.Unsupported},
	} {
		_, err := e.Extract(context.Background(), source(c.name, c.content))
		if code(err) != c.code {
			t.Errorf("Extract(%q) fails with %v; want code %q", c.name, err, c.code)
		}
		var f *document.Failure
		if errors.As(err, &f) && (!strings.HasSuffix(f.Message, ".") || len(f.Message) < 15) {
			t.Errorf("Extract(%q) says %q, which is no sentence", c.name, f.Message)
		}
	}
}

func TestExtractHoldsLimits(t *testing.T) {
	t.Parallel()
	e := document.New(document.Options{Limits: document.Limits{InputBytes: 1000, OutputBytes: 500, PDFBytes: 2000}})
	t.Cleanup(func() { e.Close() })
	for _, c := range []struct {
		name string
		size int64
		want string
	}{
		{"a.txt", 500, ""}, {"a.txt", 501, document.TooLarge}, {"a.txt", 1001, document.TooLarge},
	} {
		_, err := e.Extract(context.Background(), source(c.name, strings.Repeat("x", int(c.size))))
		if code(err) != c.want || (err == nil) != (c.want == "") {
			t.Errorf("%d bytes of text: %v, want code %q", c.size, err, c.want)
		}
	}
	// A file of 2 GB is refused by its size: reading it would show here.
	for _, name := range []string{"big.txt", "big.pdf"} {
		r := &zeros{text: "%PDF-1.4 "}
		_, err := e.Extract(context.Background(), document.Source{Name: name, Size: 2 << 30, R: r})
		if code(err) != document.TooLarge {
			t.Errorf("%s of 2 GB: %v, want code too_large", name, err)
		}
		if r.read > 64<<10 {
			t.Errorf("%s of 2 GB: %d bytes were read before it was refused", name, r.read)
		}
	}
}

// zeros is an endless file of spaces that begins with a text.
type zeros struct {
	text string
	read int
}

func (z *zeros) ReadAt(p []byte, at int64) (int, error) {
	z.read += len(p)
	for i := range p {
		p[i] = ' '
	}
	if at < int64(len(z.text)) {
		copy(p, z.text[at:])
	}
	return len(p), nil
}

// brokenReader fails behind its first bytes.
type brokenReader struct{ head []byte }

var errDisk = errors.New("input/output error")

func (b brokenReader) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > int64(len(b.head)) {
		return 0, errDisk
	}
	return copy(p, b.head[at:]), nil
}

func TestReadErrorsAreNoFailureOfTheFile(t *testing.T) {
	t.Parallel()
	e := textOnly(t)
	for _, name := range []string{"a.md", "a.csv"} {
		_, err := e.Extract(context.Background(), document.Source{Name: name, Size: 1 << 20, R: brokenReader{bytes.Repeat([]byte("word "), 4000)}})
		if !errors.Is(err, errDisk) || code(err) != "" {
			t.Errorf("%s: error %v, want that of the disk", name, err)
		}
	}
	_, err := e.Extract(context.Background(), document.Source{Name: "short.md", Size: 100, R: strings.NewReader("became shorter")})
	if err == nil || code(err) != "" {
		t.Errorf("file shorter than its size: error %v, want one of reading", err)
	}
}

func TestCancelledContextEndsExtraction(t *testing.T) {
	t.Parallel()
	e := textOnly(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, name := range []string{"a.md", "a.html", "a.csv", "a.json", "a.jsonl", "a.py", "a.txt"} {
		_, err := e.Extract(ctx, source(name, strings.Repeat("{\"a\": [1, 2]}\n", 5000)))
		if !errors.Is(err, context.Canceled) || code(err) != "" {
			t.Errorf("%s: error %v, want context.Canceled", name, err)
		}
	}
}
