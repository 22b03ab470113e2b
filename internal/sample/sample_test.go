package sample_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/innoclaw/innoclaw/internal/sample"
)

func TestWriteOnceAndNeverAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	// An unfinished earlier attempt must not be in the way.
	if err := root.Mkdir("."+sample.Name+".new", 0o755); err != nil {
		t.Fatal(err)
	}
	if created, err := sample.Write(root); err != nil || !created {
		t.Fatalf("Write = %v, %v", created, err)
	}
	for _, name := range []string{"README.md", "report.pdf", "measurements.csv", "code/fit_arrhenius.py", "实验记录.md"} {
		if info, err := os.Stat(filepath.Join(dir, sample.Name, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.Remove(filepath.Join(dir, sample.Name, "README.md")); err != nil {
		t.Fatal(err)
	}
	if created, err := sample.Write(root); err != nil || created {
		t.Errorf("second Write = %v, %v", created, err)
	}
	if _, err := os.Stat(filepath.Join(dir, sample.Name, "README.md")); !os.IsNotExist(err) {
		t.Error("a deleted file came back")
	}
}
