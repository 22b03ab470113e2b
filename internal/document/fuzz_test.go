package document_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/document/doctest"
)

// fuzzFormat feeds files to one format, from its folder of samples on. Whatever
// the bytes, the result is a sound document or a Failure.
func fuzzFormat(f *testing.F, name, typ string) {
	samples, err := filepath.Glob(filepath.Join("testdata", typ, "*"))
	if err != nil || len(samples) == 0 {
		f.Fatalf("no samples for %s: %v", typ, err)
	}
	for _, s := range samples {
		b, err := os.ReadFile(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	e := document.New(document.Options{Limits: document.Limits{Time: 5 * time.Second}})
	f.Cleanup(func() { e.Close() })
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := e.Extract(context.Background(), document.Source{Name: name, Size: int64(len(b)), R: bytes.NewReader(b)})
		if err != nil {
			var failure *document.Failure
			if !errors.As(err, &failure) || strings.Contains(err.Error(), "panic") {
				t.Fatalf("%v", err)
			}
			return
		}
		check(t, d)
		if d.Type == typ && !d.Derived {
			if text, _, ok := document.Decode(b); !ok || text != d.Text {
				t.Errorf("text is not that of the file")
			}
		}
	})
}

func FuzzMarkdown(f *testing.F) { fuzzFormat(f, "a.md", document.Markdown) }
func FuzzHTML(f *testing.F)     { fuzzFormat(f, "a.html", document.HTML) }
func FuzzCSV(f *testing.F)      { fuzzFormat(f, "a.csv", document.CSV) }
func FuzzJSON(f *testing.F)     { fuzzFormat(f, "a.json", document.JSON) }
func FuzzNotebook(f *testing.F) { fuzzFormat(f, "a.ipynb", document.Notebook) }
func FuzzCode(f *testing.F)     { fuzzFormat(f, "a.py", document.Code) }
func FuzzText(f *testing.F)     { fuzzFormat(f, "a.tex", document.Text) }

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "plain", "\xef\xbb\xbfmark", "\xff\xfeh\x00", "\xfe\xff\x00h", "caf\xe9", "\xd6\xd0\xce\xc4", "\x82\xb1\x82\xf1", "a\x00b", "\x00\x00\xfe\xff\x00\x00\x00a", "中文\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, ok := document.Inspect(b)
		if !ok {
			return
		}
		if !utf8.ValidString(d.Text) || strings.Contains(d.Text, "\x00") {
			t.Fatalf("text is not clean: %q", d.Text)
		}
		if name, _, ok := document.DetectEncoding(b); !ok || name != d.Encoding {
			t.Errorf("detected %q, decoded %q", name, d.Encoding)
		}
		if utf8.Valid(b) && d.Encoding == "utf-8" && d.Lossless() {
			back, err := document.Encode(d.Text, d.Encoding, d.BOM)
			if err != nil || !bytes.Equal(back, b) {
				t.Errorf("encoded %q back to %q, %v", b, back, err)
			}
		}
	})
}

func FuzzPDF(f *testing.F) {
	small := &doctest.Builder{Title: "t", Outline: []doctest.Bookmark{{Title: "x", Page: 1}}}
	small.Page().Text(72, 700, 12, doctest.Helvetica, "x words").Text(72, 600, 12, doctest.CJK, "中文")
	secret := &doctest.Builder{Password: "p"}
	secret.Page().Text(72, 700, 12, doctest.Helvetica, "x")
	for _, b := range [][]byte{small.Bytes(), secret.Bytes(), doctest.Endless(), doctest.BrokenXref(), doctest.Truncated(), doctest.Nested(2)} {
		f.Add(b)
	}
	e := withPDF(f, document.Options{Limits: document.Limits{Time: 5 * time.Second, Memory: 128 << 20, Pages: 50}})
	f.Fuzz(func(t *testing.T, b []byte) {
		src := document.Source{Name: "a.pdf", Size: int64(len(b)), R: bytes.NewReader(b)}
		d, err := e.Extract(context.Background(), src)
		if err != nil {
			var failure *document.Failure
			if !errors.As(err, &failure) || strings.Contains(err.Error(), "panic:") {
				t.Fatalf("%v", err)
			}
			return
		}
		check(t, d)
		if len(d.Pages) == 0 {
			return
		}
		p := d.Pages[0]
		chars := utf8.RuneCountInString(d.Text[p.Start:p.End])
		if _, err := e.Boxes(context.Background(), src, 1, 0, chars); err != nil {
			t.Errorf("boxes of all %d characters: %v", chars, err)
		}
	})
}
