package cli_test

import (
	"context"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/innoclaw/innoclaw/internal/cli"
	"github.com/innoclaw/innoclaw/internal/sample"
)

// With -update the scripts' expected outputs are rewritten; review the difference.
var update = flag.Bool("update", false, "rewrite the expected outputs in testdata")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"innoclaw": func() {
			os.Exit(cli.Run(context.Background(), os.Args[1:], cli.System{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Environ: os.Environ()}))
		},
	})
}

// TestScripts plays whole command lines against real processes.
func TestScripts(t *testing.T) {
	t.Parallel()
	// The compiled PDF reader is the same for all; every script has its own indexes.
	documents := t.TempDir()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, "cache"))
			if err := os.MkdirAll(filepath.Join(env.WorkDir, "cache", "innoclaw", "folders"), 0o700); err != nil {
				return err
			}
			env.Setenv("STEER", steer)
			return os.Symlink(documents, filepath.Join(env.WorkDir, "cache", "innoclaw", "folders", "documents"))
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":    exits,
			"study":    study,
			"listing":  listing,
			"cmpjson":  cmpjson,
			"damage":   damage,
			"hostile":  hostile,
			"harmless": harmless,
		},
	})
}

// exits runs a command line that must end with the given code: exits 2 innoclaw ask.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	if exit, ok := err.(interface{ ExitCode() int }); ok {
		code = string(rune('0' + exit.ExitCode()))
	} else if err != nil {
		ts.Fatalf("%v: %v", args[1:], err)
	}
	if code != args[0] {
		ts.Fatalf("%v ended with code %s, want %s", args[1:], code, args[0])
	}
}

// steer holds what moves a cursor, hides text or turns lines around.
const steer = "\x1b[2J\u009b31m\u202eabc\u2066\u200f\u061c\x7f\b\U000e0041"

// hostile makes a folder whose files try to steer the terminal by text and by name.
func hostile(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.Mkdir(dir, 0o755))
	text := "# Title " + steer + "\n\nThe beacon is here " + steer + " and there.\r and now over it\n"
	for _, name := range []string{"plain.md", "name\u202e\u2066\u200f.md", "tags\U000e0041.md"} {
		ts.Check(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
}

// harmless looks at every character of an output.
func harmless(ts *testscript.TestScript, _ bool, args []string) {
	for _, r := range ts.ReadFile(args[0]) {
		if r < ' ' && r != '\n' && r != '\t' || r != ' ' && !unicode.IsGraphic(r) && r != '\n' && r != '\t' {
			ts.Fatalf("%s holds %U", args[0], r)
		}
	}
}

// damage overwrites every database below a folder.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	found := 0
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, _ fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".db" {
			found++
			err = os.WriteFile(path, []byte("this is no database any more, and long enough to be looked at"), 0o600)
		}
		return err
	}))
	if found == 0 {
		ts.Fatalf("no database in %s", args[0])
	}
}

// cmpjson compares results, one a line, with lines of query and first path.
func cmpjson(ts *testscript.TestScript, _ bool, args []string) {
	got := ""
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		var result struct {
			Query string
			Hits  []struct{ Path string }
		}
		ts.Check(json.Unmarshal([]byte(line), &result))
		got += result.Query
		if len(result.Hits) > 0 {
			got += " " + result.Hits[0].Path
		}
		got += "\n"
	}
	if want := ts.ReadFile(args[1]); got != want {
		ts.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}

// study puts the sample study into a folder.
func study(ts *testscript.TestScript, _ bool, args []string) {
	root, err := os.OpenRoot(ts.MkAbs(args[0]))
	ts.Check(err)
	defer root.Close()
	_, err = sample.Write(root)
	ts.Check(err)
}

// listing compares or, the first time, notes the names, sizes and times of everything
// in a folder: listing FOLDER NOTE.
func listing(ts *testscript.TestScript, _ bool, args []string) {
	text := ""
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			text += path + " " + info.Mode().String() + " " + info.ModTime().String() + "\n"
		}
		return err
	}))
	note := ts.MkAbs(args[1])
	before, err := os.ReadFile(note)
	if err != nil {
		ts.Check(os.WriteFile(note, []byte(text), 0o600))
		return
	}
	if string(before) != text {
		ts.Fatalf("%s changed from\n%s\nto\n%s", args[0], before, text)
	}
}
