package archtest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/innoclaw/innoclaw"

type listedPackage struct {
	ImportPath, Dir, Doc string
	GoFiles, Imports     []string
	Standard             bool
	Module               *struct{ Path, Version string }
}

// list runs go list in the module's root.
func list(t *testing.T, args ...string) []listedPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Dir,Doc,GoFiles,Imports,Standard,Module"}, args...)...)
	cmd.Dir = root(t)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v\n%s", args, err, stderr.String())
	}
	var packages []listedPackage
	decoder := json.NewDecoder(bytes.NewReader(out))
	for {
		var p listedPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// short cuts the module's name off: "internal/store".
func short(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
}

func TestEveryPackageHasAComment(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./...") {
		if len(p.GoFiles) > 0 && len(p.Doc) < 30 { // Doc is the comment's first sentence
			t.Errorf("%s has no package comment that a newcomer could start from", short(p.ImportPath))
		}
	}
}

// layers names, for each package, the project's packages it may import. A package
// that is not named may import nothing of the project. "x/..." allows x and all below it.
// Arrows point down: features lean on foundations, app and cli alone know them all.
var layers = map[string][]string{
	"cmd/innoclaw":     {"internal/cli"},
	"internal/cli":     {"internal/...", "client", "web"},
	"internal/app":     {"internal/...", "web"},
	"internal/app/...": {"internal/...", "web", "client"},
	"client":           {},

	"internal/version":    {},
	"internal/secret":     {},
	"internal/config":     {},
	"internal/sample":     {},
	"internal/archtest":   {},
	"internal/store/...":  {"internal/store/..."},
	"internal/outbound":   {"internal/secret"},
	"internal/boundary":   {},
	"internal/server":     {},
	"internal/server/...": {"internal/server"},
	"internal/phrase":     {},
	"internal/doctor":     {"internal/config", "internal/phrase"},

	"internal/journal/...":  {"internal/store/...", "internal/server", "internal/journal"},
	"internal/identity/...": {"internal/store", "internal/server", "internal/secret"},
	"internal/setting":      {"internal/store", "internal/server", "internal/secret", "internal/config"},
	"internal/document/...": {"internal/document"},

	"internal/workspace":     {"internal/store", "internal/server", "internal/boundary", "internal/document"},
	"internal/index":         {"internal/index/...", "internal/store", "internal/server", "internal/boundary", "internal/document", "internal/journal", "internal/workspace"},
	"internal/index/chunk":   {"internal/document"},
	"internal/index/lexical": {},
	"internal/index/ignore":  {},
	"internal/model/...":     {"internal/model/...", "internal/outbound", "internal/secret", "internal/server", "internal/index/lexical"},
	"internal/answer":        {"internal/store", "internal/server", "internal/journal", "internal/model/...", "internal/index", "internal/document", "internal/workspace"},
	"web":                    {},

	// Programs that measure and test the product from outside.
	"bench/...": {"internal/...", "client", "bench/..."},
	"e2e/...":   {"internal/...", "client", "e2e/..."},
}

func allowed(from, to string) bool {
	rules, ok := layers[from]
	for tree := from; !ok && tree != ""; tree = tree[:max(0, strings.LastIndexByte(tree, '/'))] {
		rules, ok = layers[tree+"/..."]
	}
	return slices.ContainsFunc(rules, func(rule string) bool {
		if below, isTree := strings.CutSuffix(rule, "/..."); isTree {
			return to == below || strings.HasPrefix(to, below+"/")
		}
		return to == rule
	})
}

func TestAllowed(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		from, to string
		want     bool
	}{
		{"internal/cli", "internal/index/lexical", true},
		{"internal/store", "internal/store/storetest", true},
		{"internal/store/storetest", "internal/store", true},
		{"internal/store", "internal/server", false},
		{"internal/index/lexical", "internal/index", false},
		{"internal/model/openai", "internal/outbound", true},
		{"internal/model/openai", "internal/answer", false},
		{"internal/workspace", "internal/index", false},
		{"internal/brandnew", "internal/version", false},
		{"bench", "internal/app", true},
	} {
		if got := allowed(row.from, row.to); got != row.want {
			t.Errorf("allowed(%s, %s) = %v, want %v", row.from, row.to, got, row.want)
		}
	}
}

func TestImportsPointDownwards(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./...") {
		from := short(p.ImportPath)
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, module+"/") && !allowed(from, short(imported)) {
				t.Errorf("%s imports %s, which the layers do not allow; see ARCHITECTURE.md", short(p.ImportPath), short(imported))
			}
		}
	}
}

// owners are the packages that alone may import a module.
var owners = map[string][]string{
	"modernc.org/sqlite":                  {"internal/store"},
	"github.com/jackc/pgx/v5":             {"internal/store"},
	"github.com/pressly/goose/v3":         {"internal/store"},
	"github.com/klippa-app/go-pdfium":     {"internal/document"},
	"github.com/tetratelabs/wazero":       {"internal/document"},
	"github.com/openai/openai-go/v3":      {"internal/model"},
	"code.dny.dev/ssrf":                   {"internal/outbound"},
	"github.com/spf13/cobra":              {"internal/cli"},
	"github.com/fsnotify/fsnotify":        {"internal/index"},
	"github.com/danielgtaylor/huma/v2":    {"internal/server", "internal/identity", "internal/workspace", "internal/index", "internal/journal", "internal/model", "internal/answer", "internal/setting"},
	"github.com/blevesearch/snowballstem": {"internal/index/lexical", "internal/model/offline"},
}

// refused are packages that no shipped code may import, with the reason.
var refused = map[string]string{
	"text/template":                "its use of reflection keeps every method of every type in the binary",
	"html/template":                "its use of reflection keeps every method of every type in the binary",
	"github.com/google/go-cmp/cmp": "tests only",
	"net/http/pprof":               "it adds routes outside the route table",
	"math/rand":                    "use math/rand/v2, or crypto/rand for secrets",
	"io/ioutil":                    "deprecated",
}

func TestModulesHaveOwners(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./...") {
		for _, imported := range p.Imports {
			if reason, bad := refused[imported]; bad {
				t.Errorf("%s imports %s: %s", short(p.ImportPath), imported, reason)
			}
			for owned, by := range owners {
				if imported != owned && !strings.HasPrefix(imported, owned+"/") {
					continue
				}
				if !slices.ContainsFunc(by, func(o string) bool {
					return short(p.ImportPath) == o || strings.HasPrefix(short(p.ImportPath), o+"/")
				}) {
					t.Errorf("%s imports %s, which belongs to %v", short(p.ImportPath), imported, by)
				}
			}
		}
	}
}

// TestDependenciesAreThoseAgreed compares the modules linked into the program with
// the committed list. A new line there is a decision: its licence goes into NOTICE.
// Run with UPDATE_DEPENDENCIES=1 to rewrite the list.
func TestDependenciesAreThoseAgreed(t *testing.T) {
	t.Parallel()
	var linked []string
	for _, p := range list(t, "-deps", "./cmd/innoclaw") {
		if p.Module != nil && p.Module.Path != module {
			linked = append(linked, p.Module.Path)
		}
	}
	slices.Sort(linked)
	linked = slices.Compact(linked)
	const file = "dependencies.txt"
	got := strings.Join(linked, "\n") + "\n"
	if os.Getenv("UPDATE_DEPENDENCIES") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("modules linked into the program (-agreed +linked):\n%s", diff)
	}
	notice, err := os.ReadFile(filepath.Join(root(t), "NOTICE"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range linked {
		if !strings.Contains(string(notice), m+" ") {
			t.Errorf("NOTICE does not name %s", m)
		}
	}
}

// guarded are calls that reach the system, and the packages that may make them.
// Everybody else goes through these packages, or through an *os.Root.
var guarded = map[string][]string{
	"os/exec.Command":           {},
	"os/exec.CommandContext":    {},
	"os.StartProcess":           {},
	"net.Dial":                  {},
	"net.DialTimeout":           {},
	"net/http.Get":              {},
	"net/http.Post":             {},
	"net/http.PostForm":         {},
	"net/http.Head":             {},
	"net/http.DefaultClient":    {},
	"net/http.DefaultTransport": {},
	"net/http.DefaultServeMux":  {},
	"net.Dialer":                {"internal/outbound"},
	"net/http.Transport":        {"internal/outbound"},
	"net/http.Client":           {"internal/outbound", "client"},
	"net.Listen":                {"internal/server"},
	"net.ListenConfig":          {"internal/server", "internal/doctor"},
	"net/http.HandleFunc":       {},
	"net/http.Handle":           {},
	"net/http.ListenAndServe":   {},
	"os.Open":                   {"internal/boundary", "internal/store", "internal/config", "internal/cli", "internal/doctor"},
	"os.OpenFile":               {"internal/boundary", "internal/store"},
	"os.Create":                 {"internal/store"},
	"os.CreateTemp":             {"internal/doctor"},
	"os.MkdirTemp":              {"internal/app"},
	"os.ReadFile":               {"internal/store", "internal/doctor"},
	"os.ReadDir":                {"internal/store", "internal/doctor"},
	"os.WriteFile":              {"internal/store"},
	"os.Remove":                 {"internal/store", "internal/doctor"},
	"os.RemoveAll":              {"internal/store"},
	"os.Rename":                 {"internal/store"},
	"os.Truncate":               {},
	"os.Chtimes":                {},
	"os.Symlink":                {},
	"os.Link":                   {},
	"os.DirFS":                  {},
	"path/filepath.Walk":        {},
	"path/filepath.WalkDir":     {},
	"path/filepath.Glob":        {},
	"os.Setenv":                 {},
	"os.Getenv":                 {"internal/boundary"}, // HOME; settings come from package config, with their origin
	"os.LookupEnv":              {},
	"os.Environ":                {"cmd/innoclaw"},
	"os.Exit":                   {"cmd/innoclaw"},
	"database/sql.Open":         {"internal/store"},
	"time.Sleep":                {}, // wait for something, with a context
}

// makers are the guarded types among them: naming one behind a pointer, to be handed
// one that somebody allowed has made, goes around nothing.
var makers = []string{"net.Dialer", "net/http.Transport", "net/http.Client", "net.ListenConfig"}

// TestNothingGoesAroundTheGuards reads the sources of everything that ships.
func TestNothingGoesAroundTheGuards(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./...") {
		name := short(p.ImportPath)
		if strings.HasSuffix(name, "test") || strings.HasPrefix(name, "bench") || strings.HasPrefix(name, "e2e") {
			continue // test helpers
		}
		for _, file := range p.GoFiles {
			checkCalls(t, name, filepath.Join(p.Dir, file))
		}
	}
}

func checkCalls(t *testing.T, pkg, file string) {
	t.Helper()
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]string) // local name to import path
	for _, spec := range parsed.Imports {
		path := strings.Trim(spec.Path.Value, `"`)
		local := path[strings.LastIndexByte(path, '/')+1:]
		if spec.Name != nil {
			local = spec.Name.Name
		}
		names[local] = path
	}
	qualified := func(n ast.Node) (string, bool) {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return "", false
		}
		identifier, ok := selector.X.(*ast.Ident)
		if !ok || identifier.Obj != nil {
			return "", false
		}
		return names[identifier.Name] + "." + selector.Sel.Name, true
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if star, ok := n.(*ast.StarExpr); ok {
			name, _ := qualified(star.X)
			return !slices.Contains(makers, name)
		}
		call, ok := qualified(n)
		by, isGuarded := guarded[call]
		if ok && isGuarded && !slices.Contains(by, pkg) {
			t.Errorf("%s: %s may be used by %v only", set.Position(n.Pos()), call, by)
		}
		return true
	})
}

// TestSQLIsNeverBuiltFromValues looks for query texts put together with Sprintf or
// from anything but constants.
func TestSQLIsNeverBuiltFromValues(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./...") {
		for _, file := range p.GoFiles {
			set := token.NewFileSet()
			parsed, err := parser.ParseFile(set, filepath.Join(p.Dir, file), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				selector, ok := call.Fun.(*ast.SelectorExpr)
				if !ok || !slices.Contains([]string{"ExecContext", "QueryContext", "QueryRowContext", "PrepareContext"}, selector.Sel.Name) || len(call.Args) < 2 {
					return true
				}
				if nested, ok := call.Args[1].(*ast.CallExpr); ok {
					if s, ok := nested.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Sprintf" {
						t.Errorf("%s: a query is built with Sprintf; use $n parameters", set.Position(n.Pos()))
					}
				}
				return true
			})
		}
	}
}
