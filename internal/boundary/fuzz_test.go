package boundary_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/innoclaw/innoclaw/internal/boundary"
)

func FuzzClean(f *testing.F) {
	for _, p := range corpus {
		f.Add(p)
	}
	for _, p := range []string{"", ".", "a/b", "文献/论文.pdf", `a\..\b`, "a b", ".innoclaw2/x"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		clean, err := boundary.Clean(p)
		if err != nil {
			if c := boundary.CodeOf(err); c != boundary.CodePath && c != boundary.CodeProtected {
				t.Errorf("Clean(%q): code %q", p, c)
			}
			if !utf8.ValidString(err.Error()) || len(err.Error()) > 2000 {
				t.Errorf("Clean(%q): message %q", p, err)
			}
			return
		}
		again, err := boundary.Clean(clean)
		if err != nil || again != clean {
			t.Errorf("Clean(%q) = %q, and of that %q, %v", p, clean, again, err)
		}
		if clean == "" {
			return
		}
		if !filepath.IsLocal(clean) || filepath.Clean(clean) != clean || strings.ContainsFunc(clean, unicode.IsControl) || boundary.IsPrivate(clean) {
			t.Errorf("Clean(%q) = %q is not a safe path", p, clean)
		}
		if parts := strings.Split(clean, "/"); slices.ContainsFunc(parts, func(c string) bool { return len(c) > boundary.MaxComponent }) {
			t.Errorf("Clean(%q): overlong component", p)
		}
	})
}

// FuzzDir runs every operation on a random name, in a folder with links that lead
// outside, and looks whether anything outside changed.
func FuzzDir(f *testing.F) {
	for _, p := range corpus {
		f.Add(p, "x")
	}
	for _, p := range []string{"out", "out/file", "abs/file", "in/file", "in/up/file", "in/../out/file", "proc/etc/passwd", "dir", "dir/file", "loop/x"} {
		f.Add(p, "dir/file")
		f.Add("dir/file", p)
	}
	f.Fuzz(func(t *testing.T, p, q string) {
		d, path := open(t)
		out := filepath.Join(filepath.Dir(filepath.Dir(path)), "out")
		write(t, out+"/file", "outside")
		write(t, path+"/dir/file", "inside")
		write(t, path+"/own", "inside")
		for link, to := range map[string]string{"out": "../../out", "abs": out, "in": "dir", "proc": "/proc/self/root", "loop": "loop", "dir/up": "..", "dir/out": "../../../out"} {
			must(t, os.Symlink(to, filepath.Join(path, link)))
		}
		before := outsideOf(t, path)
		for op, err := range everything(d, p) {
			if err != nil && strings.Contains(err.Error(), out) {
				t.Errorf("%s %q: message holds an absolute path: %v", op, p, err)
			}
		}
		if file, _, err := d.Open(q); err == nil {
			b := make([]byte, 10)
			n, _ := file.Read(b)
			file.Close()
			if strings.HasPrefix(string(b[:n]), "outside") {
				t.Errorf("open %q read the file outside", q)
			}
		}
		_ = d.Rename(t.Context(), p, q)
		_, _ = d.Copy(t.Context(), p, q, boundary.CopyLimits{Entries: 1000})
		_, _ = d.Trash(t.Context(), q, "z")
		_ = d.Restore(t.Context(), "z", p)
		if after := outsideOf(t, path); after != before {
			t.Errorf("%q, %q changed something outside:\n%s\nbefore:\n%s", p, q, after, before)
		}
	})
}

// outsideOf describes everything beside the workspace.
func outsideOf(t testing.TB, path string) string {
	t.Helper()
	var lines []string
	for p, c := range tree(t, filepath.Dir(filepath.Dir(path))) {
		if !strings.HasPrefix(p, "root/ws/") {
			lines = append(lines, p+": "+c)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func FuzzResolve(f *testing.F) {
	for _, p := range append(slices.Clone(corpus), "root", "root/ws", "root/ws/../..", "root/out", "root//ws", "/tmp") {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		base := t.TempDir()
		must(t, os.MkdirAll(base+"/root/ws", 0o755))
		must(t, os.Symlink(base, base+"/root/out"))
		roots := openRoots(t, base, base+"/root")
		folder, err := roots.Resolve(p)
		if err != nil {
			return
		}
		real, err := filepath.EvalSymlinks(folder.Path)
		if err != nil || real != folder.Path || !strings.HasPrefix(real+"/", base+"/root/") {
			t.Errorf("Resolve(%q) = %q, which is %q, %v", p, folder.Path, real, err)
		}
	})
}
