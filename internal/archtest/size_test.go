package archtest_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnusedMethodsAreLeftOut links the program and reads which functions use
// reflection to call methods by name: a single one makes the linker keep every
// exported method of every type, which costs many megabytes.
func TestUnusedMethodsAreLeftOut(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("links the program")
	}
	dump, err := os.Create(filepath.Join(t.TempDir(), "edges"))
	if err != nil {
		t.Fatal(err)
	}
	defer dump.Close()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-dumpdep", "-o", filepath.Join(t.TempDir(), "innoclaw"), "./cmd/innoclaw")
	cmd.Dir = root(t)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = dump // one "from -> to" a line
	if err := cmd.Run(); err != nil {
		t.Fatalf("build: %v", err)
	}
	if _, err := dump.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	main := false
	lines := bufio.NewScanner(dump)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		main = main || strings.HasPrefix(lines.Text(), "main.main")
		if strings.Contains(lines.Text(), "<ReflectMethod>") {
			t.Errorf("calls methods by name: %s", lines.Text())
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if !main {
		t.Error("the linker told nothing about main.main")
	}
}
