package answer_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"github.com/innoclaw/innoclaw/internal/answer"
	"github.com/innoclaw/innoclaw/internal/index"
)

var files = map[string]string{
	"a.md": "# Notes\n\nThe precursor is stirred for 60 minutes at room temperature. It is then\nfil-\ntered through a 0.45 µm ﬁlter. “Water” stays below 1 ppm.\n\nSee **Table 2** for the 1,420 samples.\n",
	"b.md": "# 记录\n\n下午循环泵停机约二十分钟，水含量升到 14 ppm。B3 正是在这段时间旋涂的，\n薄膜发灰。\n",
}

func passages() ([]index.Passage, []string) {
	var out []index.Passage
	for _, path := range []string{"a.md", "b.md"} {
		out = append(out, index.Passage{Path: path, ContentHash: "h-" + path, Text: files[path], Line: 1})
	}
	return out, []string{"k7m2", "b3x4"}
}

func stored(path string) (index.StoredText, error) {
	return index.StoredText{Text: files[path], ContentHash: "h-" + path}, nil
}

func check(t testing.TB, pieces ...string) (string, []answer.Citation, answer.Support) {
	t.Helper()
	p, ids := passages()
	shown, citations, support, err := answer.Checked(p, ids, stored, pieces)
	if err != nil {
		t.Fatal(err)
	}
	resolvable(t, shown, citations)
	return shown, citations, support
}

var mark = regexp.MustCompile(`\[\^c(\d+)\]`)

// resolvable checks what must hold for whatever a model writes: each mark has its
// citation, each citation is exact text of a file, and nothing shown is a link,
// an image, HTML or a control character.
func resolvable(t testing.TB, shown string, citations []answer.Citation) {
	t.Helper()
	known := make(map[string]bool)
	for i, c := range citations {
		known[c.ID] = true
		source := []rune(files[c.Path])
		if c.Number != i+1 || c.ID != fmt.Sprint("c", i+1) || c.Path == "" || c.Start < 0 || c.End > len(source) || c.Start >= c.End || string(source[c.Start:c.End]) != c.Quote {
			t.Fatalf("citation does not resolve: %+v", c)
		}
		if line := 1 + strings.Count(string(source[:c.Start]), "\n"); line != c.Line {
			t.Fatalf("citation on line %d says %d: %+v", line, c.Line, c)
		}
		if !strings.HasPrefix(string(source[c.PassageStart:]), c.Passage) || !strings.Contains(c.Passage, c.Quote) {
			t.Fatalf("passage does not resolve: %+v", c)
		}
	}
	for _, m := range mark.FindAllStringSubmatch(shown, -1) {
		if !known["c"+m[1]] {
			t.Fatalf("mark %s has no citation in %q", m[0], shown)
		}
	}
	if !utf8.ValidString(shown) || strings.ContainsFunc(shown, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x202A && r <= 0x202E || r == 0x200B
	}) {
		t.Fatalf("control characters in %q", shown)
	}
	source := []byte(shown)
	ast.Walk(markdown.Parser().Parse(text.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n.Kind() {
		case ast.KindLink, ast.KindImage, ast.KindAutoLink, ast.KindRawHTML, ast.KindHTMLBlock:
			t.Errorf("%s in %q", n.Kind(), shown)
		}
		return ast.WalkContinue, nil
	})
}

var markdown = goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough))

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		model string
		shown string
		want  []string // "path quote state"
	}{
		"explicit quote":  {`It takes an hour [k7m2 "stirred for 60 minutes"].`, "It takes an hour [^c1].", []string{"a.md|stirred for 60 minutes|verified"}},
		"quote before":    {`“stirred for 60 minutes at room temperature” [k7m2]`, "“stirred for 60 minutes at room temperature” [^c1]", []string{"a.md|stirred for 60 minutes at room temperature|verified"}},
		"typography":      {`x [k7m2 "then filtered through a 0.45 μm filter. "Water" stays"]`, "x [^c1]", []string{"a.md|then\nfil-\ntered through a 0.45 µm ﬁlter. “Water” stays|verified"}},
		"markup":          {`x [k7m2: "See Table 2 for"]`, "x [^c1]", []string{"a.md|See **Table 2** for|verified"}},
		"case last":       {`x [k7m2: "THE PRECURSOR IS"]`, "x [^c1]", []string{"a.md|The precursor is|verified"}},
		"omission":        {`x [k7m2 "The precursor … room temperature"]`, "x [^c1]", []string{"a.md|The precursor is stirred for 60 minutes at room temperature|verified"}},
		"chinese":         {`泵停了 [b3x4 「循环泵停机约二十分钟」]。`, "泵停了 [^c1]。", []string{"b.md|循环泵停机约二十分钟|verified"}},
		"chinese lines":   {`x [b3x4 "B3正是在这段时间旋涂的,薄膜发灰"]`, "x [^c1]", []string{"b.md|B3 正是在这段时间旋涂的，\n薄膜发灰|verified"}},
		"no quote":        {`The water stays below a ppm [k7m2].`, "The water stays below a ppm [^c1].", []string{"a.md|“Water” stays below 1 ppm.|located"}},
		"paraphrase":      {`x [k7m2 "precursor stirred for 60 minutes at a room temperature"]`, "x [^c1]", []string{"a.md|The precursor is stirred for 60 minutes at room temperature.|located"}},
		"forged quote":    {`It costs 5 euro [k7m2 "the price is five euro each"].`, "It costs 5 euro [^c1].", []string{"a.md|" + strings.TrimSpace(files["a.md"]) + "|unsupported"}},
		"part of number":  {`x [k7m2 "420 samples"]`, "x [^c1]", []string{"a.md|" + strings.TrimSpace(files["a.md"]) + "|unsupported"}},
		"forged id":       {`x [z9z9 "stirred"] y`, "x  y", nil},
		"other file":      {`x [b3x4 "stirred for 60 minutes at room"]`, "x [^c1]", []string{"b.md|" + strings.TrimSpace(files["b.md"]) + "|unsupported"}},
		"two":             {`x [k7m2, b3x4]`, "x [^c1][^c2]", []string{"a.md|The precursor is stirred for 60 minutes at room temperature.|located", "b.md|下午循环泵停机约二十分钟，水含量升到 14 ppm。|located"}},
		"two quotes":      {`x [k7m2 "60 minutes"; b3x4 "14 ppm"]`, "x [^c1][^c2]", []string{"a.md|60 minutes|verified", "b.md|14 ppm|verified"}},
		"same again":      {`x [k7m2 "60 minutes"] y [k7m2 “60  minutes”]`, "x [^c1] y [^c1]", []string{"a.md|60 minutes|verified"}},
		"brackets":        {`x 【k7m2 "60 minutes"】 y (k7m2) [[b3x4 "14 ppm"]]`, "x [^c1] y [^c2] [^c3]", []string{"a.md|60 minutes|verified", "a.md|The precursor is stirred for 60 minutes at room temperature.|located", "b.md|14 ppm|verified"}},
		"words":           {`x [Source: k7m2, "60 minutes"] [^k7m2: "60 minutes"] [K7M2 "60 minutes"]`, "x [^c1] [^c1] [^c1]", []string{"a.md|60 minutes|verified"}},
		"unquoted":        {`x [k7m2: stirred for 60 minutes]`, "x [^c1]", []string{"a.md|stirred for 60 minutes|verified"}},
		"page":            {`Water stays below it [k7m2, p. 3]`, "Water stays below it [^c1]", []string{"a.md|“Water” stays below 1 ppm.|located"}},
		"quotes in quote": {`x [k7m2 "filter. "Water" stays below"]`, "x [^c1]", []string{"a.md|ﬁlter. “Water” stays below|verified"}},
		"in code span":    {"x `[k7m2 \"60 minutes\"]`", "x [^c1]", []string{"a.md|60 minutes|verified"}},
		"own marks":       {`x [^c1] y [^c7] z`, `x [\^c1] y [\^c7] z`, nil},
		"assembled":       {`x [^c(z9z9)1] [[z9z9]^c1] [(z9z9)^c1]`, `x [\^c1] [\^c1] [\^c1]`, nil},
		"link":            {`[click](http://evil) ![x](http://evil/p.png) [a][b]` + "\n\n[b]: http://evil", `[click]\(http://evil) ![x]\(http://evil/p.png) [a]\[b]` + "\n\n" + `[b]\: http://evil`, nil},
		"link by mark":    {`[k7m2 "60 minutes"](javascript:alert(1))`, `[^c1]\(javascript:alert(1))`, []string{"a.md|60 minutes|verified"}},
		"html":            {`a < b <script>x</script> <http://evil> <!-- -->`, `a \< b \<script>x\</script> \<http://evil> \<!-- -->`, nil},
		"escaped":         {`\<b> \\<b> \[k7m2]`, `\<b> \\\<b> \[k7m2]`, nil},
		"code":            {"Use `vec<int>` and\n```cpp\nvector<int> a[k7m2];\n```\nok", "Use `vec<int>` and\n```cpp\nvector<int> a[k7m2];\n```\nok", nil},
		"open code":       {"```\n<b>", "```\n<b>\n```\n", nil},
		"open span":       {"a `<b> c", "a \\`\\<b> c", nil},
		"span in table":   {"| `a | <b>` |", "| \\`a | \\<b>\\` |", nil},
		"fence in list":   {"- x\n  ```\n<script>", "- x\n```\n<script>\n```\n", nil},
		"fence in quote":  {"> ```\n<script>", "> \\`\\`\\`\n\\<script>", nil},
		"controls":        {"a\x00b\x1b[31mc\u202ed\u200be\xff", "ab[31mcde\ufffd", nil},
		"not found":       {"Nothing about it. [none]", "Nothing about it. ", nil},
		"math":            {"f(x) = [1, 2] and a[0] (see 3)", "f(x) = [1, 2] and a[0] (see 3)", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shown, citations, _ := check(t, c.model)
			var got []string
			for _, x := range citations {
				got = append(got, x.Path+"|"+x.Quote+"|"+string(x.State))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.shown, shown); diff != "" {
				t.Error(diff)
			}
			// Any cut into chunks gives the same.
			single := strings.Split(c.model, "")
			again, same, _ := check(t, single...)
			if strings.Contains(c.model, "\xff") {
				return
			}
			if again != shown || !cmp.Equal(same, citations) {
				t.Errorf("letter by letter: %q %v", again, same)
			}
		})
	}
}

func TestSupport(t *testing.T) {
	t.Parallel()
	_, _, got := check(t, "# Answer\n\nHere is what I found:\n\n- It is stirred for an hour. [k7m2 \"stirred for 60 minutes\"]\n- The moon is made of cheese.\n- It costs five euro a piece [k7m2 \"five euro a piece in total\"].\n- Water was found on Mars [z9z9].\n\nIs it clear now to you?\n\n循环泵停机了二十分钟 [b3x4]。月亮是奶酪做成的。")
	want := answer.Support{Supported: true, Claims: 6, Backed: 2, Unsupported: []answer.Claim{
		{Text: "- The moon is made of cheese.", Reason: "no_citation"},
		{Text: "- It costs five euro a piece .", Reason: "quote_not_found"},
		{Text: "- Water was found on Mars .", Reason: "unknown_source"},
		{Text: "月亮是奶酪做成的。", Reason: "no_citation"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, _, got := check(t, "The moon is made of cheese."); got.Supported || got.Claims != 1 {
		t.Errorf("uncited answer: %+v", got)
	}
}

func TestQuoteAcrossPassageBorder(t *testing.T) {
	t.Parallel()
	whole := files["a.md"]
	at := strings.Index(whole, "It is then")
	p := index.Passage{Path: "a.md", ContentHash: "h-a.md", Text: whole[:at], Line: 1}
	_, citations, _, err := answer.Checked([]index.Passage{p}, []string{"k7m2"}, stored, []string{`x [k7m2 "stays below 1 ppm"]`})
	if err != nil || len(citations) != 1 || citations[0].State != answer.Verified || citations[0].Quote != "stays below 1 ppm" {
		t.Fatalf("%+v, %v", citations, err)
	}
	resolvable(t, "[^c1]", citations)
}

// TestHostileModel replays 10,000 answers of a model that tries everything.
func TestHostileModel(t *testing.T) {
	t.Parallel()
	shown := 0
	for seed := range uint64(10_000) {
		r := rand.New(rand.NewPCG(seed, 1))
		pieces := hostile(r)
		_, citations, _ := check(t, pieces...)
		if t.Failed() {
			t.Fatalf("seed %d: %q", seed, pieces)
		}
		shown += len(citations)
	}
	if shown < 1000 {
		t.Errorf("only %d citations in all: the test does not reach the check", shown)
	}
}

var tricks = []string{
	"[k7m2]", "[b3x4]", "[k7m2 \"stirred for 60 minutes\"]", "[k7m2 \"", "\"]", "[z9z9]", "[q2w3 \"forged\"]", "[^c1]", "[^c", "1]", "^c2]", "[", "]", "(", ")", "(k7m2)", "(z9z9)",
	"](http://evil)", "![", "<script>alert(1)</script>", "<img src=x onerror=y>", "<", ">", "<a href='", "`", "``", "```", "```html\n", "\n```\n", "~~~\n", "\n", "\n\n", "    ", "  ", "- ", "> ", "1. ", "| a | b |\n|--|--|\n| ",
	"|", "\\", "\\\\", "javascript:alert(1)", "[x]: http://evil\n", ":", "[a][b]", "<http://evil>", "<1@x.com>", "<!--", "-->", "<?", "\x00", "\x1b[2J", "\u202e", "\u200b", "\ufeff", "\xff", "é", "世界", "[none]", "# ", "***", "_", "plain words here. ",
	"[k7m2 \"" + strings.Repeat("x", 300) + "\"]", strings.Repeat("[k7m2]", 30), strings.Repeat("[", 50), "&lt;", "&#91;", "$$", "\r\n", "\t", "===\n", "---\n", "[^k7m2", "【k7m2】", "，", "“stirred for 60 minutes”", "```\n<b>\n   ```\n<i>",
}

// hostile composes an answer and cuts it anywhere, inside characters too.
func hostile(r *rand.Rand) []string {
	var b strings.Builder
	for range 1 + r.IntN(40) {
		b.WriteString(tricks[r.IntN(len(tricks))])
	}
	var pieces []string
	for rest := b.String(); rest != ""; {
		n := 1 + r.IntN(min(len(rest), 1+r.IntN(64)))
		pieces = append(pieces, rest[:n])
		rest = rest[n:]
	}
	return pieces
}

func TestMegabytesOfMarks(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{`[k7m2 "60 minutes"]`, `[k7m2 "`, `[z9z9]`, "[", "`", "(k7m2", "<", "```\n", `x [k7m2 "` + strings.Repeat("y", 90)} {
		shown, citations, _ := check(t, strings.Repeat(unit, 3<<20/len(unit)))
		if len(citations) > answer.MaxCitations || len(shown) > 4*answer.MaxAnswer {
			t.Errorf("%q: %d citations, %d bytes", unit, len(citations), len(shown))
		}
	}
}

func FuzzCheck(f *testing.F) {
	for seed := range uint64(50) {
		f.Add(strings.Join(hostile(rand.New(rand.NewPCG(seed, 2))), ""), uint(7))
	}
	f.Fuzz(func(t *testing.T, model string, step uint) {
		n := int(step%50) + 1
		var pieces []string
		for len(model) > n {
			pieces, model = append(pieces, model[:n]), model[n:]
		}
		check(t, append(pieces, model)...)
	})
}

func FuzzLocate(f *testing.F) {
	f.Add(files["a.md"], "filtered through")
	f.Add(files["b.md"], "时间旋涂的,薄膜")
	f.Add("e\u0301 x\u00ad-\n y", "é")
	f.Fuzz(func(t *testing.T, source, quote string) {
		if from, to, ok := answer.Locate(source, quote); ok && (from < 0 || from >= to || to > len(source)) {
			t.Fatalf("located at %d..%d of %d", from, to, len(source))
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	var ps []index.Passage
	ids := answer.PassageIDs(12)
	model := ""
	for i := range 12 {
		body := strings.Repeat(fmt.Sprintf("The %dth measurement was taken at %d kelvin under dry argon, as the protocol says. ", i, 300+i), 20)
		ps = append(ps, index.Passage{Path: "a.md", Text: body + "Its end is here.", Line: 1})
		model += fmt.Sprintf("Measurement %d was taken under argon [%s \"measurement was taken at %d kelvin\"]. It ended [%s]. ", i, ids[i], 300+i, ids[i])
	}
	pieces := strings.SplitAfter(model, " ")
	b.ResetTimer()
	for b.Loop() {
		if _, citations, _, err := answer.Checked(ps, ids, nil, pieces); err != nil || len(citations) < 12 {
			b.Fatal(len(citations), err)
		}
	}
}
