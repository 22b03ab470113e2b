package document_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/innoclaw/innoclaw/internal/document"
)

func TestIndexAgreesWithCounting(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		runes := rapid.SliceOfN(rapid.SampledFrom([]rune("ab \n\r\n中文é𝑥")), 0, 2000).Draw(t, "text")
		text := string(runes)
		x := document.NewIndex(text, nil)
		if x.Chars() != len(runes) {
			t.Fatalf("Chars() = %d, want %d", x.Chars(), len(runes))
		}
		char := rapid.IntRange(0, len(runes)).Draw(t, "char")
		at := len(string(runes[:char]))
		if got := x.Byte(char); got != at {
			t.Fatalf("Byte(%d) = %d, want %d", char, got, at)
		}
		if got := x.Char(at); got != char {
			t.Fatalf("Char(%d) = %d, want %d", at, got, char)
		}
		before := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text[:at])
		want := strings.Count(before, "\n") + 1
		if strings.HasSuffix(text[:at], "\r") && strings.HasPrefix(text[at:], "\n") {
			want-- // between the two halves of one line break
		}
		line := x.Line(at)
		if line != want {
			t.Fatalf("Line(%d) = %d, want %d in %q", at, line, want, text)
		}
		start, end := x.LineSpan(line)
		if strings.ContainsAny(text[start:end], "\r\n") || start > at {
			t.Fatalf("LineSpan(%d) = %d, %d: %q does not hold offset %d", line, start, end, text[start:end], at)
		}
	})
}

func TestIndexAtTheEdges(t *testing.T) {
	t.Parallel()
	x := document.NewIndex("é\nb\n", []document.Page{{Number: 1, Start: 0, End: 2}, {Number: 2, Start: 3, End: 3}, {Number: 3, Start: 3, End: 5}})
	for _, c := range []struct {
		name      string
		got, want int
	}{
		{"inside a character", x.Char(1), 0},
		{"before the text", x.Char(-5), 0},
		{"behind the text", x.Char(99), 4},
		{"byte before", x.Byte(-1), 0},
		{"byte behind", x.Byte(99), 5},
		{"lines", x.Lines(), 3},
		{"last line", x.Line(5), 3},
		{"line before", x.Line(-1), 1},
		{"page", x.Page(1), 1},
		{"separator", x.Page(2), 1},
		{"page behind", x.Page(99), 3},
		{"no pages", document.NewIndex("x", nil).Page(0), 0},
		{"empty", document.NewIndex("", nil).Lines(), 1},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", c.name, c.got, c.want)
		}
	}
	if start, end := x.LineSpan(7); start != 5 || end != 5 {
		t.Errorf("line that does not exist: %d, %d", start, end)
	}
}

func FuzzIndex(f *testing.F) {
	f.Add("a\r\nb\r中\n", 3)
	f.Add("\xff\xfe\r", 1)
	f.Fuzz(func(t *testing.T, text string, at int) {
		text = strings.ToValidUTF8(text, "?")
		x := document.NewIndex(text, nil)
		char := x.Char(at)
		back := x.Byte(char)
		if at >= 0 && at <= len(text) && (back > at || at-back >= utf8.UTFMax) {
			t.Errorf("byte %d is character %d, which is byte %d", at, char, back)
		}
		if line := x.Line(at); line < 1 || line > x.Lines() {
			t.Errorf("byte %d lies in line %d of %d", at, line, x.Lines())
		}
	})
}
