package document_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/innoclaw/innoclaw/internal/document"
)

func TestCSVRecords(t *testing.T) {
	t.Parallel()
	e := textOnly(t)
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"plain.csv", "name,size\na,1\nb,2\n", []string{"header [name, size]: name,size", "row [row 1]: a,1", "row [row 2]: b,2"}},
		{"crlf.csv", "name,size\r\n\"a\r\nb, \"\"c\"\"\",1\r\n\r\nd,2", []string{"header [name, size]: name,size", "row [row 1]: \"a\r\nb, \"\"c\"\"\",1", "row [row 2]: d,2"}},
		{"semicolon.csv", "Größe;Wert\nx;1,5\ny;2,5\n", []string{"header [Größe, Wert]: Größe;Wert", "row [row 1]: x;1,5", "row [row 2]: y;2,5"}},
		{"numbers.csv", "1,2\n3,4\n", []string{"row [row 1]: 1,2", "row [row 2]: 3,4"}},
		{"tabs.tsv", "a\tb, c\n1\t2\n", []string{"header [a, b, c]: a\tb, c", "row [row 1]: 1\t2"}},
		{"index.csv", ",x,y\n0,1,2\n", []string{"header [, x, y]: ,x,y", "row [row 1]: 0,1,2"}},
		{"pipe.csv", "a|b|c\n1|2|3\n4|5|6\n", []string{"header [a, b, c]: a|b|c", "row [row 1]: 1|2|3", "row [row 2]: 4|5|6"}},
		{"mac.csv", "a,b\r1,2\r", []string{"header [a, b]: a,b", "row [row 1]: 1,2"}},
		{"one.csv", "only,one\n", []string{"row [row 1]: only,one"}},
		{"empty.csv", "", nil},
	} {
		d := extract(t, e, c.name, c.in)
		if diff := cmp.Diff(c.want, blocks(d)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if d.Text != c.in || d.Derived {
			t.Errorf("%s: text changed", c.name)
		}
	}
	d := extract(t, e, "open.csv", "a,b\n1,\"never closed\n2,3\n")
	if len(d.Notes) != 1 || d.Notes[0].Code != "invalid_csv" {
		t.Errorf("unclosed quote: notes %v", d.Notes)
	}
}

func TestLongFilesHaveBoundedBlocks(t *testing.T) {
	t.Parallel()
	e := textOnly(t)
	var csv, array, lines strings.Builder
	csv.WriteString("n,square\n")
	array.WriteString("[")
	for i := range 120_000 {
		fmt.Fprintf(&csv, "%d,%d\n", i, i*i)
		fmt.Fprintf(&array, "%d,", i)
		fmt.Fprintf(&lines, "{\"n\":%d}\n", i)
	}
	array.WriteString("0]")
	for name, in := range map[string]string{"a.csv": csv.String(), "a.json": array.String(), "a.jsonl": lines.String(), "a.txt": strings.ReplaceAll(csv.String(), "\n", "\n\n")} {
		d := extract(t, e, name, in)
		if len(d.Blocks) < 1000 || len(d.Blocks) > 50_000 {
			t.Errorf("%s has %d blocks", name, len(d.Blocks))
		}
		last := d.Blocks[len(d.Blocks)-1]
		if last.End < len(strings.TrimRight(in, "\n"))-1 {
			t.Errorf("%s: the last block %+v does not reach the end, %d", name, last, len(in))
		}
	}
	d := extract(t, e, "a.csv", csv.String())
	if got := d.Blocks[1].Label; got != "rows 1-3" {
		t.Errorf("merged rows are called %q", got)
	}
}

func TestJSONMembers(t *testing.T) {
	t.Parallel()
	e := textOnly(t)
	long := strings.Repeat("x", 3000)
	d := extract(t, e, "a.json", `{"name": "a \" } b", "n": -1.5e3 , "list":[1,{"k":[]}], "big": {"first": 1, "second": "`+long+`", "third": [true, null]}}`)
	want := []string{
		`member [name]: "name": "a \" } b"`,
		`member [n]: "n": -1.5e3`,
		`member [list]: "list":[1,{"k":[]}]`,
		`member [big.first]: "first": 1`,
		`member [big.second]: "second": "` + long + `"`,
		`member [big.third]: "third": [true, null]`,
	}
	if diff := cmp.Diff(want, blocks(d)); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	d = extract(t, e, "a.json", " [1, \"two\",\n[3]\n]\n")
	if diff := cmp.Diff([]string{"member [[0]]: 1", "member [[1]]: \"two\"", "member [[2]]: [3]"}, blocks(d)); diff != "" {
		t.Errorf("array (-want +got):\n%s", diff)
	}
	for in, want := range map[string]int{`"just a string"`: 1, "": 0, "{}": 1, "  \n": 0, "[[[[[[]]]]]]": 1} {
		if d := extract(t, e, "a.json", in); len(d.Blocks) != want || len(d.Notes) != 0 {
			t.Errorf("%q: blocks %v, notes %v", in, blocks(d), d.Notes)
		}
	}
	d = extract(t, e, "a.json", "{\"a\": 1,}\n\nnot json\n")
	if len(d.Notes) != 1 || d.Notes[0].Code != "invalid_json" || len(d.Blocks) != 2 {
		t.Errorf("invalid JSON: notes %v, blocks %v", d.Notes, blocks(d))
	}
	extract(t, e, "deep.json", strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000))
	extract(t, e, "deep.json", strings.Repeat(`{"a":`, 9_000)+"1"+strings.Repeat("}", 9_000))
}

func TestJSONLines(t *testing.T) {
	t.Parallel()
	e := textOnly(t)
	for _, name := range []string{"a.jsonl", "a.ndjson", "a.json"} {
		d := extract(t, e, name, "{\"a\":1}\r\n{\"a\":2}\n\n{broken\n")
		want := []string{"row [row 1]: {\"a\":1}", "row [row 2]: {\"a\":2}", "row [row 3]: {broken"}
		if diff := cmp.Diff(want, blocks(d)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if len(d.Notes) != 1 || d.Notes[0].Message != "1 of 3 lines are not valid JSON." {
			t.Errorf("%s: notes %v", name, d.Notes)
		}
	}
}

func TestNotebook(t *testing.T) {
	t.Parallel()
	e := textOnly(t)
	d := extract(t, e, "a.ipynb", `{"nbformat": 4, "metadata": {"language_info": {"name": "Python"}}, "cells": [
		{"cell_type": "markdown", "source": ["# Analysis\n", "Some *words*.\n", "\n", "## Load\n", "More."]},
		{"cell_type": "code", "source": "import x\nx.load()\n", "outputs": [
			{"output_type": "stream", "name": "stdout", "text": ["loaded\r\n", "\u001b[31mred\u001b[0m\u0000"]},
			{"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"}},
			{"output_type": "display_data", "data": {"application/json": {"a": 1}, "text/html": "<b>x</b>"}},
			{"output_type": "error", "ename": "KeyError", "evalue": "'a'", "traceback": ["line 1"]}]},
		{"cell_type": "code", "source": [], "outputs": []},
		{"cell_type": "raw", "source": "raw text"}]}`)
	want := []string{
		"heading 1 [Analysis]: # Analysis",
		"cell 1 [cell 1 markdown]: Some *words*.",
		"heading 2 [Load]: ## Load",
		"cell 1 [cell 1 markdown]: More.",
		"cell 2 [cell 2 python]: import x\nx.load()",
		"output 2 [output of cell 2]: loaded\nred",
		"output 2 [output of cell 2]: <Figure>",
		"output 2 [output of cell 2]: KeyError: 'a'\nline 1",
		"cell 4 [cell 4 raw]: raw text",
	}
	if diff := cmp.Diff(want, blocks(d)); diff != "" {
		t.Errorf("blocks (-want +got):\n%s", diff)
	}
	if d.Title != "Analysis" || !d.Derived || d.Language != "python" || strings.Contains(d.Text, "iVBOR") {
		t.Errorf("title %q, derived %v, language %q", d.Title, d.Derived, d.Language)
	}
	old := extract(t, e, "old.ipynb", `{"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "heading", "level": 2, "source": "Old"}, {"cell_type": "code", "input": ["1 + 1"]}]}]}`)
	if diff := cmp.Diff([]string{"heading 2 [Old]: Old", "cell 2 [cell 2 python]: 1 + 1"}, blocks(old)); diff != "" {
		t.Errorf("version 3 (-want +got):\n%s", diff)
	}
	long, err := json.Marshal(strings.Repeat("中", 100_000))
	if err != nil {
		t.Fatal(err)
	}
	cut := extract(t, e, "long.ipynb", `{"cells": [{"cell_type": "code", "source": "x", "outputs": [{"text": `+string(long)+`}]}]}`)
	if len(cut.Text) > 70<<10 || len(cut.Notes) != 1 || cut.Notes[0].Code != "truncated" {
		t.Errorf("long output: %d bytes, notes %v", len(cut.Text), cut.Notes)
	}
}

func TestCodeBlocksFollowFunctions(t *testing.T) {
	t.Parallel()
	e := textOnly(t)
	for _, c := range []struct{ name, language, in string }{
		{"a.go", "go", "// Package a does things.\npackage a\n\nimport (\n\t\"fmt\"\n)\n¦const one = 1\nconst two = 2\n\n¦// T is a type.\ntype T struct {\n\tx int\n}¦[T]\n\n¦// M is a method.\n// It prints.\nfunc (t *T) M() {\n\tfmt.Println(`x`)\n}¦[T.M]\n\n¦func f() int {\n\treturn 1\n}¦[f]\n"},
		{"a.py", "python", "\"\"\"Doc.\"\"\"\nimport os\nimport sys\n\n¦@decorator\n@other(1)\ndef f(a,\n      b):\n    if a:\n        return 1\n\n    return 2¦[f]\n\n\n¦# About C.\nclass C(Base):\n    x = 1\n\n    def m(self):\n        pass¦[C]\n\n¦async def g():\n    pass¦[g]\n\n¦if __name__ == \"__main__\":\n    f()\nelse:\n    g()¦[]\n"},
		{"a.c", "c", "#include <stdio.h>\n#define X 1\n\n¦static int\nadd(int a, int b)\n{\n    return a + b;\n}¦[add]\n\n¦int main(void) {\n    return 0;\n}¦[main]\n"},
		{"a.js", "javascript", "import x from 'x';\n\n¦export const f = async (a) => {\n  return a;\n};¦[f]\n\n¦export default function g() {\n  return 1;\n}¦[g]\n\n¦class A extends B {\n  m() {}\n}¦[A]\n"},
		{"a.rs", "rust", "use std::fmt;\n\n¦#[derive(Debug)]\npub struct S {\n    x: i32,\n}¦[S]\n\n¦impl S {\n    fn new() -> S { S { x: 1 } }\n}¦[S]\n"},
		{"a.r", "r", "library(x)\n\n¦f <- function(a) {\n  a + 1\n}¦[f]\n"},
		{"a.sh", "shell", "#!/bin/sh\nset -e\n\n¦build() {\n  make\n}¦[build]\n\n¦for f in *; do\n  echo \"$f\"\ndone¦[]\n"},
		{"Makefile", "make", "all: build\n\n¦build: x.c\n\tcc x.c¦[build]\n\n¦clean:\n\trm -f x¦[clean]\n"},
		{"a.toml", "toml", "name = 1\n\n¦[section.one]\na = 1\nb = 2¦[section.one]\n\n¦[two]\nc = 3¦[two]\n"},
		{"a.yaml", "yaml", "¦version: 1¦[version]\n¦jobs:\n  build:\n    steps: [a]¦[jobs]\n¦on:\n  - push¦[on]\n"},
		{"a.java", "java", "package a;\nimport b;\n\n¦/**\n * Doc.\n */\npublic class A {\n    int x;\n}¦[A]\n"},
		{"a.sql", "sql", "¦-- tables\nCREATE TABLE users (\n  id INT\n);¦[users]\n\n¦CREATE INDEX i ON users (id);¦[i]\n"},
	} {
		text, want := marked(c.in)
		d := extract(t, e, c.name, text)
		if d.Language != c.language || d.Type != document.Code || d.Text != text {
			t.Errorf("%s: type %s, language %q", c.name, d.Type, d.Language)
		}
		got := map[string]string{}
		for _, b := range d.Blocks {
			got[text[b.Start:b.End]] = b.Label
		}
		for block, label := range want {
			if l, ok := got[block]; !ok || l != label {
				t.Errorf("%s: no block [%s]:\n%s\ngot:\n%s", c.name, label, block, strings.Join(blocks(d), "\n---\n"))
			}
		}
	}
}

// marked takes marks ¦…¦[label] out of s; what they enclose is expected.
func marked(s string) (text string, want map[string]string) {
	want = map[string]string{}
	parts := strings.Split(s, "¦")
	for i, p := range parts {
		if strings.HasPrefix(p, "[") && i > 1 && !strings.HasPrefix(p, "[section") && !strings.HasPrefix(p, "[two") {
			label, rest, _ := strings.Cut(p[1:], "]")
			want[parts[i-1]], p = label, rest
		} else if strings.HasPrefix(p, "[section.one]\n\n") || p == "[two]\n" {
			label, rest, _ := strings.Cut(p[1:], "]")
			want[parts[i-1]], p = label, rest
		}
		text += p
	}
	return text, want
}

func TestLongClassesAreParted(t *testing.T) {
	t.Parallel()
	var in strings.Builder
	in.WriteString("class Big:\n    \"\"\"Doc.\"\"\"\n\n")
	for i := range 40 {
		fmt.Fprintf(&in, "    def method_%d(self, value):\n        total = value + %d\n        for k in range(value):\n            total += k\n        return total\n\n", i, i)
	}
	d := extract(t, textOnly(t), "a.py", in.String())
	found := 0
	for _, b := range d.Blocks {
		if strings.HasPrefix(b.Label, "Big.method_") && strings.HasPrefix(d.Text[b.Start:b.End], "def "+b.Label[4:]+"(") && strings.HasSuffix(d.Text[b.Start:b.End], "return total") {
			found++
		}
	}
	if found != 40 {
		t.Errorf("%d of 40 methods are blocks of their own:\n%s", found, strings.Join(blocks(d)[:3], "\n---\n"))
	}
}

func TestTextParagraphsAndHeadings(t *testing.T) {
	t.Parallel()
	e := textOnly(t)
	d := extract(t, e, "a.txt", "one\r\nstill one\r\n\r\n \t\r\n  two\r\n")
	if diff := cmp.Diff([]string{"paragraph: one\r\nstill one", "paragraph:   two"}, blocks(d)); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	d = extract(t, e, "a.tex", "\\title{On {\\em clay}}\n\\section{Drying \\& firing}\\label{x}\nFirst.\n\\subsection*{Slow}\nSecond.\n\nThird.\n")
	if d.Title != "On clay" {
		t.Errorf("LaTeX title %q", d.Title)
	}
	want := []string{"paragraph: \\title{On {\\em clay}}", "heading 1 [Drying & firing]: \\section{Drying \\& firing}\\label{x}", "paragraph: First.", "heading 2 [Slow]: \\subsection*{Slow}", "paragraph: Second.", "paragraph: Third."}
	if diff := cmp.Diff(want, blocks(d)); diff != "" {
		t.Errorf("LaTeX (-want +got):\n%s", diff)
	}
	d = extract(t, e, "a.rst", "Title\n=====\n\nText.\n\nPart\n----\nMore.\n")
	if diff := cmp.Diff([]string{"heading 1 [Title]: Title\n=====", "paragraph: Text.", "heading 2 [Part]: Part\n----", "paragraph: More."}, blocks(d)); diff != "" {
		t.Errorf("reStructuredText (-want +got):\n%s", diff)
	}
}
