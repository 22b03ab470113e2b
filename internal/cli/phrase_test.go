package cli_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// said are the functions whose first argument is a text for people.
var said = []string{"Say", "say", "ok", "usage", "fail"}

// phrases collects from sources the texts that are said, and those of the tables.
type phrases struct {
	constants map[string]string
	used      map[string]string // text to the place of one use
	chinese   map[string]string // text to its translation
}

func readPhrases(t *testing.T, dirs ...string) *phrases {
	t.Helper()
	p := &phrases{constants: map[string]string{}, used: map[string]string{}, chinese: map[string]string{}}
	set := token.NewFileSet()
	var files []*ast.File
	for _, dir := range dirs {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(set, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
	}
	for _, file := range files {
		ast.Inspect(file, p.constant)
	}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool { p.call(set, n); p.table(n); return true })
	}
	return p
}

func (p *phrases) constant(n ast.Node) bool {
	if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
		if text, ok := p.text(spec.Values[0]); ok {
			p.constants[spec.Names[0].Name] = text
		}
	}
	return true
}

func (p *phrases) text(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			text, err := strconv.Unquote(e.Value)
			return text, err == nil
		}
	case *ast.Ident:
		text, ok := p.constants[e.Name]
		return text, ok
	}
	return "", false
}

func (p *phrases) call(set *token.FileSet, n ast.Node) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return
	}
	name := ""
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		name = f.Sel.Name
	case *ast.Ident:
		name = f.Name
	}
	if !slices.Contains(said, name) {
		return
	}
	if text, ok := p.text(call.Args[0]); ok {
		p.used[text] = set.Position(call.Pos()).String()
	}
}

func (p *phrases) table(n ast.Node) {
	literal, ok := n.(*ast.CompositeLit)
	if !ok {
		return
	}
	if kind, ok := literal.Type.(*ast.SelectorExpr); !ok || kind.Sel.Name != "Table" {
		return
	}
	for _, element := range literal.Elts {
		pair := element.(*ast.KeyValueExpr)
		key, _ := p.text(pair.Key)
		value, _ := p.text(pair.Value)
		p.chinese[key] = value
	}
}

var verb = regexp.MustCompile(`%(\[\d+\])?[a-z]`)

// verbs gives the format verbs of a text in the order of their arguments.
func verbs(text string) []string {
	found := verb.FindAllString(text, -1)
	if strings.Contains(text, "%[") {
		slices.Sort(found)
		for i := range found {
			found[i] = "%" + found[i][len(found[i])-1:]
		}
	}
	return found
}

func TestEveryTextExistsInChinese(t *testing.T) {
	t.Parallel()
	p := readPhrases(t, ".", "../doctor")
	if len(p.used) < 100 {
		t.Fatalf("found only %d texts in the sources", len(p.used))
	}
	for text, place := range p.used {
		if p.chinese[text] == "" {
			t.Errorf("%s: %q is missing in the Chinese table", place, text)
		}
	}
	for text, chinese := range p.chinese {
		if !slices.Equal(verbs(text), verbs(chinese)) {
			t.Errorf("%q and %q have different verbs", text, chinese)
		}
	}
}

// TestNoTextIsLeftOver looks for translations of texts that nobody says: here, or, for
// the messages of other packages, there.
func TestNoTextIsLeftOver(t *testing.T) {
	t.Parallel()
	p := readPhrases(t, ".", "../doctor")
	var elsewhere strings.Builder
	for _, pattern := range []string{"../identity/*.go", "../model/*.go", "../server/*.go", "../doctor/doctor*.go", "../doctor/machine.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			elsewhere.Write(source)
		}
	}
	number := regexp.MustCompile(`\d+`)
	for text := range p.chinese {
		quoted := strconv.Quote(text)
		if p.used[text] == "" && !strings.Contains(elsewhere.String(), quoted) && !strings.Contains(elsewhere.String(), number.ReplaceAllString(quoted, "%d")) {
			t.Errorf("%q is translated and never said", text)
		}
	}
}
