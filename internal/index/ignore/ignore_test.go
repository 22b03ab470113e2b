package ignore_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/innoclaw/innoclaw/internal/index/ignore"
)

// skipped decides on a path as a walk does: folder by folder from the top.
// files maps a folder to the texts of its .gitignore and .innoclawignore.
func skipped(files map[string][2]string, path string, isDir bool) ignore.Verdict {
	lists := func(dir string) (git, own *ignore.List) {
		if f, ok := files[dir]; ok {
			if f[0] != "" {
				git = ignore.Parse([]byte(f[0]))
			}
			if f[1] != "" {
				own = ignore.Parse([]byte(f[1]))
			}
		}
		return git, own
	}
	level := ignore.Root(lists(""))
	elems := strings.Split(path, "/")
	for i, elem := range elems {
		last := i == len(elems)-1
		v := level.Match(elem, !last || isDir)
		if v.Skip || last {
			return v
		}
		git, own := lists(level.Path(elem))
		level = level.Enter(elem, git, own)
	}
	panic("unreachable")
}

func TestMatch(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, git, own, path string
		dir                  bool
		want                 ignore.Reason // "" for taken
		detail               string
	}{
		{"plain", "", "", "notes/a.md", false, "", ""},
		{"name at any depth", "# c\n*.log", "", "a/b/x.log", false, ignore.GitRule, "ignored by .gitignore line 2"},
		{"anchored", "/x.log", "", "a/x.log", false, "", ""},
		{"anchored at top", "/x.log", "", "x.log", false, ignore.GitRule, ""},
		{"folder only, file", "out/", "", "out", false, "", ""},
		{"folder only, folder", "out/", "", "out", true, ignore.GitRule, ""},
		{"below a folder", "out/", "", "out/a/b.md", false, ignore.GitRule, ""},
		{"negation", "*.log\n!keep.log", "", "a/keep.log", false, "", ""},
		{"no way back below a left-out folder", "out/\n!out/keep.md", "", "out/keep.md", false, ignore.GitRule, ""},
		{"git lifts a built-in rule", "!build/", "", "build/a.md", false, "", ""},
		{"built-in", "", "", "build/a.md", false, ignore.Build, "build output"},
		{"node_modules", "", "", "web/node_modules/x/readme.md", false, ignore.Dependencies, ""},
		{"a file called build", "", "", "build", false, "", ""},
		{".git", "!.git\n!.git/", "!.git/", ".git/config", false, ignore.VCS, ""},
		{"own folder", "", "!.innoclaw/", ".innoclaw/trash/x.md", false, ignore.Internal, ""},
		{"secret", "", "", "a/.env.production", false, ignore.Secret, "may hold secrets"},
		{"git can not lift a secret", "!.env", "", ".env", false, ignore.Secret, ""},
		{"own file lifts a secret", "", "!.env.example", ".env.example", false, "", ""},
		{"own file wins over git", "*.md", "!a.md", "a.md", false, "", ""},
		{"own file leaves out", "!a.md", "\n\na.md", "a.md", false, ignore.OwnRule, "ignored by .innoclawignore line 3"},
		{"double star", "docs/**/old", "", "docs/a/b/old", false, ignore.GitRule, ""},
		{"double star, none", "docs/**/old", "", "docs/old", false, ignore.GitRule, ""},
		{"trailing double star", "docs/**", "", "docs", true, "", ""},
		{"class", "[a-c]?.md", "", "b1.md", false, ignore.GitRule, ""},
		{"class negated", "[!a-c].md", "", "b.md", false, "", ""},
		{"malformed", "[a\n\\", "", "[a", false, "", ""},
		{"escaped", "\\#a\n\\!b", "", "!b", false, ignore.GitRule, ""},
		{"temporary", "", "", "paper.docx~", false, ignore.Temporary, ""},
		{"trailing escaped space", "a\\ ", "", "a ", false, ignore.GitRule, ""},
		{"CRLF", "*.log\r\n", "", "a.log", false, ignore.GitRule, ""},
		{"chinese", "草稿/", "", "文档/草稿/a.md", false, ignore.GitRule, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := skipped(map[string][2]string{"": {c.git, c.own}}, c.path, c.dir)
			if got.Skip != (c.want != "") || got.Skip && got.Reason != c.want || c.detail != "" && got.Detail != c.detail {
				t.Errorf("%q with %q and %q: got %+v, want %q %q", c.path, c.git, c.own, got, c.want, c.detail)
			}
		})
	}
}

func TestNested(t *testing.T) {
	t.Parallel()
	files := map[string][2]string{"": {"*.csv\n/top.md", ""}, "data": {"!keep.csv\n/top.md", ""}, "data/raw": {"", "keep.csv"}}
	for path, want := range map[string]string{
		"a.csv": "ignored by .gitignore line 1", "data/keep.csv": "", "data/top.md": "ignored by data/.gitignore line 2",
		"data/raw/keep.csv": "ignored by data/raw/.innoclawignore line 1", "data/raw/top.md": "",
	} {
		if got := skipped(files, path, false); got.Detail != want {
			t.Errorf("%s: got %+v, want %q", path, got, want)
		}
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	level := ignore.Root(nil, nil)
	for name, want := range map[string]bool{
		".env": true, ".env.local": true, ".envrc": true, "prod.env": true, "server.pem": true, "TLS.KEY": true,
		"id_rsa": true, "id_ed25519_sk": true, "id_work": true, "id_rsa.pub": false, "id_map.csv": false,
		"credentials": true, "aws-credentials.json": true, "credentials.md": false, "secrets.yaml": true,
		"secretsofthesea.txt": false, "the-secret.md": false, "kubeconfig": true, "dev.kubeconfig": true, ".netrc": true,
		".npmrc": true, "environment.yml": false, "keys.md": false, "my_secret.txt": true, "client_secret_12.json": true,
	} {
		got := level.Match(name, false)
		if (got.Reason == ignore.Secret) != want {
			t.Errorf("%s: got %+v, want secret %v", name, got, want)
		}
	}
	for head, want := range map[string]bool{
		"-----BEGIN OPENSSH PRIVATE KEY-----\nb3": true, "\n-----BEGIN PRIVATE KEY-----": true,
		"-----BEGIN CERTIFICATE-----": false, "# How to make a -----BEGIN PRIVATE KEY-----": false,
	} {
		if got := ignore.SecretContent([]byte(head)); got != want {
			t.Errorf("content %q: got %v, want %v", head, got, want)
		}
	}
}

func TestMatchFolder(t *testing.T) {
	t.Parallel()
	has := func(names ...string) func(string) bool {
		return func(n string) bool { return strings.Contains(" "+strings.Join(names, " ")+" ", " "+n+" ") }
	}
	if v := ignore.MatchFolder("py312", has("pyvenv.cfg", "bin")); v.Reason != ignore.Dependencies {
		t.Errorf("virtual environment: got %+v", v)
	}
	if v := ignore.MatchFolder("vendor", has("readme.md")); v.Skip {
		t.Errorf("a vendor folder of documents: got %+v", v)
	}
	if v := ignore.MatchFolder("vendor", has("modules.txt")); !v.Skip {
		t.Errorf("vendored modules: got %+v", v)
	}
}

// TestAgainstGit compares random rules on random trees with git itself.
func TestAgainstGit(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	rng := rand.New(rand.NewPCG(7, 33))
	rounds := 60
	if testing.Short() {
		rounds = 10
	}
	for round := range rounds {
		compareWithGit(t, rng, round)
	}
}

var (
	elems  = []string{"a", "b", "ab", "abc", "x.md", "a.md", "b.log", "[a]", "a b", "!n", "#h", "c*", "-"}
	pieces = []string{"a", "b", "*", "?", "[ab]", "[!a]", "[^b]", "[a-c]", ".md", "x", "\\*", "\\[", "[", "]", "[[:alpha:]]", "!", "#", " ", "\\ ", "-", "[]-]", "[a"}
)

func compareWithGit(t *testing.T, rng *rand.Rand, round int) {
	t.Helper()
	dir := t.TempDir()
	var dirs, paths []string
	dirs = append(dirs, "")
	isDir := map[string]bool{"": true}
	for range 40 {
		parent := dirs[rng.IntN(len(dirs))]
		path := filepath.Join(parent, elems[rng.IntN(len(elems))])
		if _, exists := isDir[path]; exists || strings.Count(path, "/") > 3 {
			continue
		}
		isDir[path] = rng.IntN(2) == 0
		paths = append(paths, path)
		var err error
		if isDir[path] {
			dirs = append(dirs, path)
			err = os.Mkdir(filepath.Join(dir, path), 0o755)
		} else {
			err = os.WriteFile(filepath.Join(dir, path), nil, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	files := map[string][2]string{}
	for i, d := range dirs {
		if i > 0 && rng.IntN(3) > 0 {
			continue
		}
		text := randomRules(rng)
		files[d] = [2]string{text, ""}
		if err := os.WriteFile(filepath.Join(dir, d, ".gitignore"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ignored := gitIgnored(t, dir, paths)
	for _, p := range paths {
		if got := skipped(files, p, isDir[p]); got.Skip != ignored[p] {
			t.Errorf("round %d: %q (folder %v): got %+v, git says %v\nrules %q", round, p, isDir[p], got, ignored[p], files)
		}
	}
}

func randomRules(rng *rand.Rand) string {
	var b strings.Builder
	for range 1 + rng.IntN(6) {
		if rng.IntN(4) == 0 {
			b.WriteByte('!')
		}
		for k := range 1 + rng.IntN(3) {
			if k > 0 || rng.IntN(5) == 0 {
				b.WriteByte('/')
			}
			// "**" next to other characters and an escaped slash are left out:
			// there git's answer depends on how it cuts the pattern beforehand.
			if rng.IntN(6) == 0 {
				b.WriteString("**")
				continue
			}
			for range 1 + rng.IntN(2) {
				b.WriteString(pieces[rng.IntN(len(pieces))])
			}
		}
		b.WriteString([]string{"", "", "/", "/**", "/x*", " "}[rng.IntN(6)])
		b.WriteByte('\n')
	}
	return b.String()
}

func gitIgnored(t *testing.T, dir string, paths []string) map[string]bool {
	t.Helper()
	run := func(stdin string, args ...string) string {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "HOME="+dir)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.Output()
		if exit, ok := err.(*exec.ExitError); err != nil && (!ok || exit.ExitCode() != 1) {
			t.Fatalf("git %q: %v", args, err)
		}
		return string(out)
	}
	run("", "init", "-q")
	out := run(strings.Join(paths, "\x00")+"\x00", "check-ignore", "--no-index", "-z", "--stdin")
	ignored := map[string]bool{}
	for p := range strings.SplitSeq(out, "\x00") {
		ignored[p] = true
	}
	return ignored
}

func FuzzParse(f *testing.F) {
	f.Add("*.md\n!a\n[a-z]/**/b/", "x/a.md")
	f.Add("[[:alpha:]]\\\n[!]a]", "]")
	f.Add("**/a/**/**/b*c*d*e", "a/a/a/bcde")
	f.Fuzz(func(t *testing.T, rules, path string) {
		list := ignore.Parse([]byte(rules))
		if n := strings.Count(rules, "\n") + 1; list.Len() > n {
			t.Fatalf("%d patterns from %d lines", list.Len(), n)
		}
		path = strings.Trim(path, "/")
		level, again := ignore.Root(list, nil), ignore.Root(ignore.Parse([]byte(rules)), nil)
		for elem := range strings.SplitSeq(path, "/") {
			if elem == "" {
				return
			}
			a, b := level.Match(elem, true), again.Match(elem, true)
			if a != b {
				t.Fatalf("%q is decided in two ways: %+v, %+v", path, a, b)
			}
			// Left out by name once more: adding a rule that names all decides.
			all := ignore.Root(nil, ignore.Parse([]byte(rules+"\n*")))
			if v := all.Match(elem, true); !v.Skip && elem != "" {
				t.Fatalf("%q is taken in spite of *: %+v", elem, v)
			}
			level, again = level.Enter(elem, nil, nil), again.Enter(elem, nil, nil)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	var rules strings.Builder
	for i := range 100 {
		fmt.Fprintf(&rules, "*.ext%d\n/dir%d/*.tmp\nname%d\n", i, i, i)
	}
	level := ignore.Root(ignore.Parse([]byte(rules.String())), nil).Enter("a", nil, nil).Enter("b", nil, nil)
	for b.Loop() {
		if level.Match("paper.md", false).Skip {
			b.Fatal("left out")
		}
	}
}
