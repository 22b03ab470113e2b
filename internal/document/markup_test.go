package document_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innoclaw/innoclaw/internal/document"
)

const markdownSample = "---\r\ntitle: \"Grain growth\"\r\n---\r\n\r\n# Grain *growth* in `films` [here](x)\r\n\r\nFirst paragraph\r\nof two lines.\r\n\r\n## Method\r\n- one\r\n  - nested\r\n\r\n  more of one\r\n- two\r\n\r\n```python\r\ndef f():\r\n\r\n    return 1\r\n```\r\n\r\n| a | b |\r\n|---|--:|\r\n| 1 | 2 |\r\n\r\n> quoted\r\nlazy\r\n\r\n$$\r\nE = mc^2\r\n\r\n$$\r\n\r\nSetext heading\r\n---\r\n\r\n    indented code\r\n\r\n***\r\n\r\nEnd with $$x$$ inline.\r\n\r\n[ref]: http://x\r\n"

func TestMarkdownBlocks(t *testing.T) {
	t.Parallel()
	for _, eol := range []string{"\r\n", "\n"} {
		text := strings.ReplaceAll(markdownSample, "\r\n", eol)
		d := extract(t, textOnly(t), "a.md", text)
		if d.Text != text || d.Derived || d.Title != "Grain growth" {
			t.Errorf("text changed or title %q is wrong", d.Title)
		}
		var want []string
		for _, s := range []string{
			"heading 1 [Grain growth in films here]: # Grain *growth* in `films` [here](x)",
			"paragraph: First paragraph\nof two lines.",
			"heading 2 [Method]: ## Method",
			"list: - one\n  - nested\n\n  more of one\n- two",
			"code [python]: ```python\ndef f():\n\n    return 1\n```",
			"table: | a | b |\n|---|--:|\n| 1 | 2 |",
			"quote: > quoted\nlazy",
			"math: $$\nE = mc^2\n\n$$",
			"heading 2 [Setext heading]: Setext heading\n---",
			"code:     indented code",
			"paragraph: End with $$x$$ inline.",
			"paragraph: [ref]: http://x",
		} {
			want = append(want, strings.ReplaceAll(s, "\n", eol))
		}
		if diff := cmp.Diff(want, blocks(d)); diff != "" {
			t.Errorf("blocks (-want +got):\n%s", diff)
		}
	}
}

func TestMarkdownTitle(t *testing.T) {
	t.Parallel()
	e := textOnly(t)
	for in, want := range map[string]string{
		"intro\n\n# The title\n\n# Second\n":  "The title",
		"## Only a section\n":                 "",
		"---\n# no front matter, just a rule": "no front matter, just a rule",
		"+++\ntitle = 'From TOML'\n+++\n# x":  "From TOML",
		"# 中文标题 #\n":                          "中文标题",
		"# snake_case and \\*star\\*\n":       "snake_case and *star*",
	} {
		if got := extract(t, e, "a.md", in).Title; got != want {
			t.Errorf("title of %q is %q, want %q", in, got, want)
		}
	}
}

func TestHostileMarkdown(t *testing.T) {
	t.Parallel()
	e := document.New(document.Options{Limits: document.Limits{Time: time.Second}})
	t.Cleanup(func() { e.Close() })
	// Some seconds of work: the deadline has to end it.
	if _, err := e.Extract(context.Background(), source("a.md", stairs(4000))); code(err) != document.Timeout {
		t.Errorf("list in 4000 levels: %v, want a timeout", err)
	}
	for name, in := range map[string]string{
		"quotes":     strings.Repeat("> ", 20_000) + "x\n",
		"lists":      strings.Repeat("- ", 20_000) + "x\n",
		"brackets":   strings.Repeat("[", 300_000),
		"emphasis":   strings.Repeat("*a_", 200_000),
		"backticks":  strings.Repeat("`a``", 200_000),
		"fences":     strings.Repeat("```\n", 100_000),
		"one line":   strings.Repeat("word ", 1_000_000),
		"headings":   strings.Repeat("# h\n", 200_000),
		"references": strings.Repeat("[a]: b\n", 50_000),
		"html":       strings.Repeat("<div>\n", 50_000),
		"dollars":    strings.Repeat("$$\n", 50_001),
	} {
		d, err := e.Extract(context.Background(), source("a.md", in))
		// The deadline may stop it: what must not happen is a crash or a hang.
		if err != nil && code(err) != document.Timeout {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			check(t, d)
			if len(d.Blocks) > 50_000 {
				t.Errorf("%s: %d blocks", name, len(d.Blocks))
			}
		}
	}
}

// stairs is a list whose every item is nested in the one before.
func stairs(n int) string {
	var out strings.Builder
	for i := range n {
		out.WriteString(strings.Repeat("  ", i) + "- x\n")
	}
	return out.String()
}

const htmlSample = `<!doctype html><html><head><title> Drying
 of clay </title><style>p{}</style><script>var x = "hidden";</script></head><body>
<nav><a href=/>Home</a></nav>
<h1>Drying of <em>clay</em></h1>
<p>First   paragraph with <b>bold</b>
and a <a href="x">link</a>.<br>Second line.</p>
<div>Loose text<div>and more</div></div>
<div style="display: none">secret</div><p hidden>secret</p><span aria-hidden="true">secret</span>
<ul><li>one<ul><li>nested</li></ul></li><li><p>two</p></li></ul>
<ol><li>first</li><li>second</li></ol>
<pre><code class="language-go">func f() {
	return
}</code></pre>
<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td> 2 <b>kg</b></td></tr><tr><td>3<td></tr><tr><td><p>4</p></td><td>5</table>
<blockquote><p>Quoted.</p><p>Twice.</p></blockquote>
<p>&lt;tag&gt; &amp; &eacute;</p>
<footer>Imprint</footer></body></html>`

func TestHTMLBecomesReadableText(t *testing.T) {
	t.Parallel()
	d := extract(t, textOnly(t), "a.html", htmlSample)
	if d.Title != "Drying of clay" || !d.Derived {
		t.Errorf("title %q, derived %v", d.Title, d.Derived)
	}
	want := []string{
		"heading 1 [Drying of clay]: Drying of clay",
		"paragraph: First paragraph with bold and a link.\nSecond line.",
		"paragraph: Loose text",
		"paragraph: and more",
		"list: - one\n  - nested\n- two",
		"list: 1. first\n2. second",
		"code [go]: func f() {\n\treturn\n}",
		"table: a | b\n1 | 2 kg\n3 | \n4 | 5",
		"quote: Quoted.\nTwice.",
		"paragraph: <tag> & é",
	}
	if diff := cmp.Diff(want, blocks(d)); diff != "" {
		t.Errorf("blocks (-want +got):\n%s", diff)
	}
	for _, word := range []string{"secret", "hidden", "Home", "Imprint", "p{}"} {
		if strings.Contains(d.Text, word) {
			t.Errorf("text shows %q", word)
		}
	}
}

func TestHTMLDeclaresItsEncoding(t *testing.T) {
	t.Parallel()
	e := textOnly(t)
	for _, c := range []struct{ in, text, encoding string }{
		{"<meta charset=gb2312><p>\xd6\xd0\xce\xc4", "中文", "gb18030"},
		{`<meta http-equiv="Content-Type" content="text/html; charset=windows-1251"><p>` + "\xcf\xf0\xe8\xe2\xe5\xf2", "Привет", "windows-1251"},
		{"<meta charset=iso-8859-1><p>größer", "größer", "utf-8"}, // it lies: the bytes are UTF-8
		{"<meta charset=utf-8><p>caf\xe9 noir", "café noir", "iso-8859-1"},
		{"<meta charset=nonsense><p>caf\xe9 noir", "café noir", "iso-8859-1"},
	} {
		d := extract(t, e, "a.html", c.in)
		if d.Text != c.text || d.Encoding != c.encoding {
			t.Errorf("%q: %q in %q, want %q in %q", c.in, d.Text, d.Encoding, c.text, c.encoding)
		}
	}
}

func TestHostileHTML(t *testing.T) {
	t.Parallel()
	e := document.New(document.Options{Limits: document.Limits{Time: 20 * time.Second}})
	t.Cleanup(func() { e.Close() })
	deep := extract(t, e, "deep.html", strings.Repeat("<div>", 100_000)+"<p>at the bottom</p><script>x</script>")
	if !strings.Contains(deep.Text, "at the bottom") || strings.Contains(deep.Text, "x</") {
		t.Errorf("deeply nested page became %.60q", deep.Text)
	}
	for name, in := range map[string]string{
		"lists":      strings.Repeat("<ul><li>a", 50_000),
		"tables":     strings.Repeat("<table><tr><td>a", 5_000),
		"formatting": strings.Repeat("<b><i>", 50_000),
		"open":       "<p>" + strings.Repeat("<", 500_000),
		"comment":    "<!--" + strings.Repeat("-", 500_000),
		"attributes": "<p " + strings.Repeat("a=b ", 100_000) + ">",
		"cells":      "<table><tr>" + strings.Repeat("<td>x", 100_000),
		"entities":   strings.Repeat("&amp;&#x0;&#xD800;", 50_000),
	} {
		d, err := e.Extract(context.Background(), source("a.html", in))
		if err != nil && code(err) != document.Timeout {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			check(t, d)
		}
	}
}
