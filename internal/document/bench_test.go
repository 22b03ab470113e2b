package document_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/document/doctest"
)

// cpuTime is the processor time of this process, which other programs on the
// machine do not disturb.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchPDF is a file of dense pages; INNOCLAW_BENCH_PDF names a real one.
func benchPDF(b *testing.B) ([]byte, int) {
	if name := os.Getenv("INNOCLAW_BENCH_PDF"); name != "" {
		file, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		d := extract(b, withPDF(b, document.Options{}), "a.pdf", string(file))
		return file, len(d.Pages)
	}
	return doctest.Lines(100, 50), 100
}

func BenchmarkPDFText(b *testing.B) {
	file, pages := benchPDF(b)
	e := withPDF(b, document.Options{Workers: 1})
	src := document.Source{Name: "a.pdf", Size: int64(len(file)), R: bytes.NewReader(file)}
	good := func() {
		if _, err := e.Extract(context.Background(), src); err != nil {
			b.Fatal(err)
		}
	}
	good()
	start := cpuTime(b)
	for b.Loop() {
		good()
	}
	report(b, pages, start)
}

func BenchmarkPDFBoxes(b *testing.B) {
	file, pages := benchPDF(b)
	e := withPDF(b, document.Options{Workers: 1})
	src := document.Source{Name: "a.pdf", Size: int64(len(file)), R: bytes.NewReader(file)}
	d, err := e.Extract(context.Background(), src)
	if err != nil {
		b.Fatal(err)
	}
	start, n := cpuTime(b), 0
	for b.Loop() {
		p := d.Pages[n%pages]
		chars := document.NewIndex(d.Text[p.Start:p.End], nil).Chars()
		if _, err := e.Boxes(context.Background(), src, p.Number, 0, chars); err != nil {
			b.Fatal(err)
		}
		n++
	}
	report(b, 1, start)
}

func report(b *testing.B, pages int, start time.Duration) {
	total := float64(pages * b.N)
	b.ReportMetric(total/(cpuTime(b)-start).Seconds(), "pages/cpu-s")
	b.ReportMetric(total/b.Elapsed().Seconds(), "pages/s")
}

func benchText(b *testing.B, name, text string) {
	e := textOnly(b)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Extract(context.Background(), source(name, text)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMarkdown(b *testing.B) {
	benchText(b, "a.md", strings.Repeat(strings.ReplaceAll(markdownSample[len("---\r\ntitle: \"Grain growth\"\r\n---\r\n"):], "\r\n", "\n")+french+simplified, 200))
}

func BenchmarkMarkdownSmall(b *testing.B) {
	benchText(b, "a.md", "# Title\n\n"+strings.Repeat("A paragraph of plain words that goes on for a while.\n\n## Heading\n\n- item\n- item\n\n", 45))
}

func BenchmarkHTML(b *testing.B) { benchText(b, "a.html", strings.Repeat(htmlSample, 100)) }
func BenchmarkCSV(b *testing.B) {
	benchText(b, "a.csv", "a,b,c\n"+strings.Repeat("1,\"two, three\",4.5\n", 20_000))
}
func BenchmarkCode(b *testing.B) {
	benchText(b, "a.go", strings.Repeat("// f does it.\nfunc f(a int) error {\n\tif a > 0 {\n\t\treturn nil\n\t}\n\treturn errX\n}\n\n", 2000))
}
func BenchmarkJSON(b *testing.B) {
	benchText(b, "a.json", "["+strings.Repeat(`{"name": "value", "list": [1, 2, 3]},`, 20_000)+"0]")
}
func BenchmarkGB18030(b *testing.B) {
	benchText(b, "a.txt", "\xd6\xd0\xce\xc4"+strings.Repeat("\xd6\xd0\xce\xc4\xb5\xc4\n", 50_000))
}
