package document_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/document/doctest"
)

// codeCache is where all tests keep the compiled PDF code: a folder of this run
// of the tests, or the one that INNOCLAW_TEST_CACHE names, which saves the time
// to compile and lets fuzzing begin at once.
var codeCache string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "innoclaw-document-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	codeCache = filepath.Join(dir, "cache")
	if kept := os.Getenv("INNOCLAW_TEST_CACHE"); kept != "" {
		codeCache = filepath.Join(kept, "pdf")
	}
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

// warm fills the cache once, lest all tests compile the code at the same time.
var warm = sync.OnceFunc(func() {
	e := document.New(document.Options{CacheDir: codeCache})
	file := doctest.Lines(1, 1)
	if _, err := e.Extract(context.Background(), document.Source{Name: "a.pdf", Size: int64(len(file)), R: bytes.NewReader(file)}); err != nil {
		panic(err)
	}
	if err := e.Close(); err != nil {
		panic(err)
	}
})

func withPDF(t testing.TB, o document.Options) *document.Extractor {
	t.Helper()
	o.CacheDir = codeCache
	warm()
	e := document.New(o)
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return e
}

func pageTexts(d *document.Document) []string {
	var out []string
	for _, p := range d.Pages {
		out = append(out, d.Text[p.Start:p.End])
	}
	return out
}

func TestPDFTextAndPages(t *testing.T) {
	t.Parallel()
	e := withPDF(t, document.Options{})
	b := &doctest.Builder{Title: "Größe und 标题", Outline: []doctest.Bookmark{{Title: "Method", Page: 2}, {Title: "Not in the text", Page: 2}, {Title: "Recognised words", Page: 4}, {Title: "Method", Page: 2}}}
	b.Page().Text(72, 700, 12, doctest.Helvetica, "Café costs: (a) 3 \\ 4").Text(72, 680, 12, doctest.Times, "a long hyphen-").Text(72, 660, 12, doctest.Times, "ated word").Text(72, 630, 12, doctest.CJK, "中文提取。第二句")
	b.Page().Text(72, 700, 12, doctest.Bold, "2. Method").Text(72, 660, 12, doctest.CJK, "\x01x\x01\x02")
	b.Page().Scan()
	b.Page().Scan().Invisible(72, 700, 12, "recognised words")
	d := extract(t, e, "a.pdf", string(b.Bytes()))
	want := []string{"Café costs: (a) 3 \\ 4\na long hyphen-\nated word\n中文提取。第二句", "2. Method\n𝑥x𝑥fi", "", "recognised words"}
	if diff := cmp.Diff(want, pageTexts(d)); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	if d.Title != "Größe und 标题" || !d.Derived || d.Type != document.PDF {
		t.Errorf("title %q, derived %v, type %q", d.Title, d.Derived, d.Type)
	}
	if diff := cmp.Diff([]document.Note{{Code: "no_text", Page: 3, Message: "Page 3 has no text."}}, d.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"heading 1 [Method]: 2. Method", "heading 1 [Recognised words]: recognised words"}, blocks(d)); diff != "" {
		t.Errorf("outline (-want +got):\n%s", diff)
	}
	if again := extract(t, e, "misnamed.txt", string(b.Bytes())); again.Text != d.Text {
		t.Error("the same file under another name has another text")
	}
}

func TestPDFScannedAsAWhole(t *testing.T) {
	t.Parallel()
	b := &doctest.Builder{}
	for range 3 {
		b.Page().Scan()
	}
	d := extract(t, withPDF(t, document.Options{}), "scan.pdf", string(b.Bytes()))
	if d.Text != "" || len(d.Pages) != 3 || len(d.Notes) != 1 || d.Notes[0].Code != "no_text" || !strings.Contains(d.Notes[0].Message, "OCR") {
		t.Errorf("text %q, pages %v, notes %v", d.Text, d.Pages, d.Notes)
	}
}

func TestPDFArticle(t *testing.T) {
	t.Parallel()
	d := extract(t, withPDF(t, document.Options{}), "article.pdf", string(doctest.Article()))
	pages := pageTexts(d)
	if len(pages) != 3 {
		t.Fatalf("%d pages, want 3", len(pages))
	}
	for i, p := range pages {
		if !strings.HasSuffix(p, fmt.Sprintf("\n%d", i+1)) {
			t.Errorf("page %d does not end in its number: %q", i+1, p[max(0, len(p)-40):])
		}
	}
	for _, s := range []string{"1 Introduction\nClay shrinks when it dries", "Pressure Pumped in Half dry after Cracked\n101 kPa - 190 min 0 of 10", "6 Conclusion\nLowering the pressure"} {
		if !strings.Contains(d.Text, s) {
			t.Errorf("text lacks %q", s)
		}
	}
}

func TestPDFFailures(t *testing.T) {
	t.Parallel()
	e := withPDF(t, document.Options{Limits: document.Limits{Pages: 10, OutputBytes: 20_000}})
	secret := &doctest.Builder{Password: "x", Title: "secret"}
	secret.Page().Text(72, 700, 12, doctest.Helvetica, "secret")
	for _, c := range []struct {
		name string
		file []byte
		code string
	}{
		{"encrypted", secret.Bytes(), document.Encrypted},
		{"truncated", doctest.Truncated(), document.Malformed},
		{"header only", []byte("%PDF-1.4\n"), document.Malformed},
		{"garbage", append([]byte("%PDF-1.4\n"), bytes.Repeat([]byte("\x00\xff obj endobj << >>"), 2000)...), document.Malformed},
		{"no pages", (&doctest.Builder{}).Bytes(), document.Malformed},
		{"too many pages", doctest.Lines(11, 1), document.TooLarge},
		{"endless tree", doctest.Endless(), document.TooLarge},
		{"too much text", doctest.Lines(5, 60), document.TooLarge},
	} {
		_, err := e.Extract(context.Background(), document.Source{Name: "a.pdf", Size: int64(len(c.file)), R: bytes.NewReader(c.file)})
		if code(err) != c.code {
			t.Errorf("%s: %v, want code %q", c.name, err, c.code)
		}
	}
	d := extract(t, e, "a.pdf", string(doctest.BrokenXref()))
	if len(d.Pages) != 2 || !strings.HasPrefix(d.Text, "Page 1 line 1 of the test file") {
		t.Errorf("file with a broken table of objects: %d pages, %.50q", len(d.Pages), d.Text)
	}
}

// good checks that the extractor still reads a proper file.
func good(t *testing.T, e *document.Extractor) {
	t.Helper()
	if d := extract(t, e, "good.pdf", string(doctest.Lines(1, 1))); !strings.HasPrefix(d.Text, "Page 1 line 1") {
		t.Errorf("after the hostile file a good one reads %q", d.Text)
	}
}

func TestPDFThatHangsIsStopped(t *testing.T) {
	t.Parallel()
	e := withPDF(t, document.Options{Workers: 1, Limits: document.Limits{Time: 400 * time.Millisecond, Memory: 2 << 30}})
	bomb := doctest.Nested(12) // a thousand billion pieces of text
	for range 2 {
		_, err := e.Extract(context.Background(), document.Source{Name: "bomb.pdf", Size: int64(len(bomb)), R: bytes.NewReader(bomb)})
		if code(err) != document.Timeout {
			t.Fatalf("bomb: %v, want a timeout", err)
		}
	}
	patient := withPDF(t, document.Options{Workers: 1})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		_, err := patient.Extract(ctx, document.Source{Name: "bomb.pdf", Size: int64(len(bomb)), R: &signalling{Reader: bytes.NewReader(bomb), read: cancel}})
		done <- err
	}()
	if err := <-done; !errors.Is(err, context.Canceled) || code(err) != "" {
		t.Errorf("bomb whose caller left: %v, want context.Canceled", err)
	}
	good(t, patient)
}

// signalling calls read when the file is read from the middle, which is when
// the work has begun.
type signalling struct {
	*bytes.Reader
	read func()
}

func (s *signalling) ReadAt(p []byte, at int64) (int, error) {
	if len(p) > 1024 {
		s.read()
	}
	return s.Reader.ReadAt(p, at)
}

func TestPDFThatEatsMemoryIsStopped(t *testing.T) {
	t.Parallel()
	e := withPDF(t, document.Options{Workers: 1, Limits: document.Limits{Memory: 40 << 20}})
	bomb := doctest.Nested(9)
	_, err := e.Extract(context.Background(), document.Source{Name: "bomb.pdf", Size: int64(len(bomb)), R: bytes.NewReader(bomb)})
	if code(err) != document.Memory {
		t.Errorf("bomb: %v, want code memory", err)
	}
	good(t, e)
}

func TestPDFHostileButHarmless(t *testing.T) {
	t.Parallel()
	e := withPDF(t, document.Options{})
	if d := extract(t, e, "a.pdf", string(doctest.DeepArray(200_000))); d.Text != "beside the array" {
		t.Errorf("deep array: %q", d.Text)
	}
	if d := extract(t, e, "a.pdf", string(doctest.Bomb(4))); d.Text != "behind the bomb" {
		t.Errorf("compressed spaces: %q", d.Text)
	}
}

func TestPDFReadErrors(t *testing.T) {
	t.Parallel()
	e := withPDF(t, document.Options{})
	file := doctest.Lines(100, 40) // longer than one block of reading
	_, err := e.Extract(context.Background(), document.Source{Name: "a.pdf", Size: int64(len(file)), R: brokenReader{file[:20_000]}})
	if !errors.Is(err, errDisk) || code(err) != "" {
		t.Errorf("disk error: %v", err)
	}
	good(t, e)
}

func TestPDFConcurrently(t *testing.T) {
	t.Parallel()
	e := withPDF(t, document.Options{Workers: 2, IdleTimeout: time.Millisecond})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			file := doctest.Lines(i%3+1, 5)
			if i == 5 {
				file = doctest.Truncated()
			}
			src := document.Source{Name: "a.pdf", Size: int64(len(file)), R: bytes.NewReader(file)}
			d, err := e.Extract(context.Background(), src)
			if i == 5 {
				if code(err) != document.Malformed {
					t.Errorf("truncated file: %v", err)
				}
				return
			}
			if err != nil || len(d.Pages) != i%3+1 {
				t.Errorf("file %d: %v", i, err)
				return
			}
			if _, err := e.Boxes(context.Background(), src, 1, 0, 4); err != nil {
				t.Errorf("boxes of file %d: %v", i, err)
			}
		})
	}
	wg.Wait()
}

// unloads is a log handler that tells when the PDF code was given back.
type unloads struct {
	slog.Handler
	told chan struct{}
}

func (u unloads) Enabled(context.Context, slog.Level) bool { return true }

func (u unloads) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "PDF code unloaded" {
		u.told <- struct{}{}
	}
	return nil
}

func TestPDFCodeIsGivenBackWhenIdle(t *testing.T) {
	t.Parallel()
	told := make(chan struct{}, 10)
	e := withPDF(t, document.Options{IdleTimeout: time.Millisecond, Logger: slog.New(unloads{slog.DiscardHandler, told})})
	for range 3 {
		good(t, e) // loads it again
		<-told
	}
}

func TestPDFAfterClose(t *testing.T) {
	t.Parallel()
	warm()
	e := document.New(document.Options{CacheDir: codeCache})
	good(t, e)
	if err := errors.Join(e.Close(), e.Close()); err != nil {
		t.Errorf("close twice: %v", err)
	}
	_, err := e.Extract(context.Background(), source("a.pdf", string(doctest.Lines(1, 1))))
	if err == nil || code(err) != "" {
		t.Errorf("extract after close: %v", err)
	}
}

func TestPDFCacheIsPrivate(t *testing.T) {
	t.Parallel()
	good(t, withPDF(t, document.Options{}))
	info, err := os.Stat(codeCache)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("cache folder: %v, %v; want mode 0700", info.Mode(), err)
	}
	// Without a usable folder it works as well, only slower to start.
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if testing.Short() {
		t.Skip("compiling takes seconds")
	}
	e := document.New(document.Options{CacheDir: filepath.Join(file, "cache")})
	good(t, e)
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// boxesOf finds the boxes of the first occurrence of words on a page.
func boxesOf(t *testing.T, e *document.Extractor, file []byte, page int, words string) *document.PageBoxes {
	t.Helper()
	src := document.Source{Name: "a.pdf", Size: int64(len(file)), R: bytes.NewReader(file)}
	d, err := e.Extract(context.Background(), src)
	if err != nil {
		t.Fatal(err)
	}
	text := pageTexts(d)[page-1]
	before, _, ok := strings.Cut(text, words)
	if !ok {
		t.Fatalf("page %d has no %q: %q", page, words, text)
	}
	start := utf8.RuneCountInString(before)
	boxes, err := e.Boxes(context.Background(), src, page, start, start+utf8.RuneCountInString(words))
	if err != nil {
		t.Fatal(err)
	}
	return boxes
}

func TestBoxesLieWhereThePDFPutsTheWords(t *testing.T) {
	t.Parallel()
	e := withPDF(t, document.Options{})
	b := &doctest.Builder{}
	// In Courier every character is 0.6 of the size wide: "world" begins six
	// characters in, at 100 + 6*0.6*20 = 172, and is 60 wide.
	line := func() *doctest.Page { return b.Page().Text(100, 700, 20, doctest.Courier, "Hello world here") }
	line().Text(100, 660, 20, doctest.Courier, "second line")
	line().Rotate = 90
	line().Rotate = 180
	cropped := line()
	cropped.Rotate, cropped.CropBox = 270, &[4]float64{50, 100, 500, 800}
	b.Page().Slanted(300, 300, 20, 0, 1, -1, 0, "upwards")
	b.Page().Text(100, 700, 20, doctest.CJK, "\x01中\x01文")
	hyphen := b.Page().Text(100, 700, 20, doctest.Courier, "a hyphen-").Text(100, 670, 20, doctest.Courier, "ated word")
	hyphen.CropBox = &[4]float64{0, 0, 300, 842}
	b.Page().Text(-30, 700, 20, doctest.Courier, "outside")
	file := b.Bytes()

	for _, c := range []struct {
		page          int
		words         string
		width, height float64
		want          []document.Rect // of the line between baseline and the height of capitals
	}{
		{1, "world", 595, 842, []document.Rect{{X: 172, Y: 842 - 700 - 11, W: 60, H: 11}}},
		{1, "Hello world here", 595, 842, []document.Rect{{X: 100, Y: 131, W: 192, H: 11}}},
		{1, "here\nsecond", 595, 842, []document.Rect{{X: 244, Y: 131, W: 48, H: 11}, {X: 100, Y: 171, W: 72, H: 11}}},
		{2, "world", 842, 595, []document.Rect{{X: 700, Y: 172, W: 11, H: 60}}},
		{3, "world", 595, 842, []document.Rect{{X: 595 - 172 - 60, Y: 700, W: 60, H: 11}}},
		{4, "world", 700, 450, []document.Rect{{X: 800 - 700 - 11, Y: 500 - 172 - 60, W: 11, H: 60}}},
		{6, "中", 595, 842, []document.Rect{{X: 120, Y: 131, W: 20, H: 11}}},
		{6, "文", 595, 842, []document.Rect{{X: 160, Y: 131, W: 20, H: 11}}},
		{7, "hyphen-\nated", 300, 842, []document.Rect{{X: 124, Y: 131, W: 84, H: 11}, {X: 100, Y: 161, W: 48, H: 11}}},
	} {
		got := boxesOf(t, e, file, c.page, c.words)
		if got.Width != c.width || got.Height != c.height {
			t.Errorf("page %d: %g by %g points, want %g by %g", c.page, got.Width, got.Height, c.width, c.height)
		}
		if len(got.Rects) != len(c.want) {
			t.Errorf("page %d %q: %+v, want %d rectangles", c.page, c.words, got.Rects, len(c.want))
			continue
		}
		for i, r := range got.Rects {
			if !covers(r, c.want[i]) {
				t.Errorf("page %d %q: rectangle %+v does not fit %+v", c.page, c.words, r, c.want[i])
			}
		}
	}
	if got := boxesOf(t, e, file, 5, "upwards"); len(got.Rects) != 1 || got.Rects[0].H < 60 || got.Rects[0].W > 30 {
		t.Errorf("text upwards: %+v", got.Rects)
	}
	for _, r := range boxesOf(t, e, file, 8, "outside").Rects {
		if r.X < 0 {
			t.Errorf("rectangle outside of the page: %+v", r)
		}
	}
}

// covers says whether box r holds the letters at want, without reaching much
// further: the sides of characters and a line's ascent and descent, at most 8
// points of a font of 20.
func covers(r, want document.Rect) bool {
	near := func(a, b, slack float64) bool { return a <= b+1.5 && a >= b-slack }
	return near(r.X, want.X, 8) && near(r.Y, want.Y, 8) && near(-(r.X+r.W), -(want.X+want.W), 8) && near(-(r.Y+r.H), -(want.Y+want.H), 8)
}

func TestBoxesOfEveryCharacterGoForward(t *testing.T) {
	t.Parallel()
	e := withPDF(t, document.Options{})
	b := &doctest.Builder{}
	b.Page().Text(72, 700, 12, doctest.CJK, "a\x01b\x02c中")
	file := b.Bytes()
	src := document.Source{Name: "a.pdf", Size: int64(len(file)), R: bytes.NewReader(file)}
	last := 0.0
	for i, r := range []rune("a𝑥bfic中") {
		boxes, err := e.Boxes(context.Background(), src, 1, i, i+1)
		if err != nil || len(boxes.Rects) != 1 {
			t.Fatalf("character %d (%c): %+v, %v", i, r, boxes, err)
		}
		x := boxes.Rects[0].X
		if ligature := r == 'i'; !ligature && x <= last || math.Mod(x-72, 12) > 0.01 && math.Mod(x-72, 12) < 11.9 {
			t.Errorf("character %d (%c) stands at %g behind %g", i, r, x, last)
		}
		last = x
	}
}

func TestBoxesRefuseWhatIsNotThere(t *testing.T) {
	t.Parallel()
	e := withPDF(t, document.Options{})
	file := doctest.Lines(2, 1)
	src := document.Source{Name: "a.pdf", Size: int64(len(file)), R: bytes.NewReader(file)}
	for _, c := range [][3]int{{0, 0, 1}, {3, 0, 1}, {1, -1, 1}, {1, 0, 10_000}, {1, 5, 4}, {1 << 40, 0, 1}} {
		if _, err := e.Boxes(context.Background(), src, c[0], c[1], c[2]); code(err) != document.BadRange {
			t.Errorf("boxes of page %d, %d to %d: %v, want code bad_range", c[0], c[1], c[2], err)
		}
	}
	if boxes, err := e.Boxes(context.Background(), src, 1, 3, 3); err != nil || len(boxes.Rects) != 0 {
		t.Errorf("empty range: %+v, %v", boxes, err)
	}
	if _, err := e.Boxes(context.Background(), source("a.md", "# x"), 1, 0, 1); code(err) != document.Malformed {
		t.Errorf("boxes of a Markdown file: %v", err)
	}
}
