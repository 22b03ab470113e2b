package boundary_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/innoclaw/innoclaw/internal/boundary"
)

// open makes a root in a temporary folder and opens its folder "ws" as a Dir.
func open(t testing.TB) (d *boundary.Dir, path string) {
	t.Helper()
	base := t.TempDir()
	path = filepath.Join(base, "root", "ws")
	must(t, os.MkdirAll(path, 0o755))
	roots := openRoots(t, base, filepath.Join(base, "root"))
	return openDir(t, roots, path), path
}

func openRoots(t testing.TB, base string, paths ...string) *boundary.Roots {
	t.Helper()
	roots, err := boundary.OpenRoots(paths, boundary.Options{DataDir: filepath.Join(base, "data")})
	must(t, err)
	t.Cleanup(func() { roots.Close() })
	return roots
}

func openDir(t testing.TB, roots *boundary.Roots, path string) *boundary.Dir {
	t.Helper()
	f, err := roots.Resolve(path)
	must(t, err)
	d, err := boundary.OpenDir(f)
	must(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, path, content string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(content), 0o644))
}

func content(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return string(b)
}

func wantCode(t testing.TB, err error, want boundary.Code) {
	t.Helper()
	if got := boundary.CodeOf(err); got != want {
		t.Errorf("code %q (%v), want %q", got, err, want)
	}
}

func TestRefusedRoots(t *testing.T) {
	t.Setenv("HOME", "/srv/accounts/alice")
	o := boundary.Options{DataDir: "/srv/innoclaw/data", Protect: []string{"/srv/app/.env.local", "/srv/db"}}
	for _, p := range []string{
		"/", "/etc", "/etc/ssl", "/usr", "/usr/share/doc", "/bin", "/proc", "/proc/self", "/sys/kernel", "/dev/shm", "/var", "/boot", "/lib",
		"/lib64/x", "/root", "/home", "/home/bob", "/Users", "/Users/carol", "/srv/accounts/alice", "/srv/accounts", "/home/bob/.ssh",
		"/home/bob/.config/x", "/root/.aws", "/var/lib", "/var/lib/grafana", "/var/lib/docker/volumes", "/var/lib/postgresql/17/main", "/var/log/x",
		"/run/user/1000", "/tmp", "/opt", "/mnt", "/srv/innoclaw/data", "/srv/innoclaw", "/srv", "/srv/innoclaw/data/trash",
		"/srv/app", "/srv/db", "/srv/db/below",
	} {
		if boundary.CheckRoot(p, o) == nil {
			t.Errorf("root %s was accepted", p)
		}
	}
	for _, p := range []string{
		"/srv/data", "/srv/research", "/var/lib/x/research", "/home/bob/research", "/root/work", "/data", "/mnt/disk1", "/opt/research",
		"/tmp/x", "/run/media/bob/disk", "/var/www2/x", "/etcetera", "/usr2", "/srv/innoclaw/data2", "/srv/innoclaw/data/workspaces",
		"/srv/innoclaw/data/workspaces/a", "/srv/dbase", "/work/a,b", `/work/a\b`,
	} {
		if err := boundary.CheckRoot(p, o); err != nil {
			t.Errorf("root %s was refused: %v", p, err)
		}
	}
}

func TestOpenRootsNamesEntryAndFix(t *testing.T) {
	base := t.TempDir()
	file := filepath.Join(base, "file")
	write(t, file, "x")
	must(t, os.Symlink("/etc", filepath.Join(base, "sly")))
	for _, c := range []struct{ path, want string }{
		{filepath.Join(base, "none"), "mkdir -p"},
		{file, "not a folder"},
		{"relative/x", "absolute"},
		{"/", "/srv/research"},
		{filepath.Join(base, "sly"), "folder of the system"},
		{base, "data folder"},
		{base + "/a\nb", "control character"},
	} {
		_, err := boundary.OpenRoots([]string{c.path}, boundary.Options{DataDir: filepath.Join(base, "data")})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), filepath.Base(c.path)[:1]) {
			t.Errorf("root %q: %v, want a message with %q", c.path, err, c.want)
		}
	}
	if _, err := boundary.OpenRoots([]string{"", " "}, boundary.Options{DataDir: base}); err == nil {
		t.Error("no root was accepted")
	}
}

func TestDefaultRootIsMade(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	must(t, os.Mkdir(data, 0o700))
	roots, err := boundary.OpenRoots([]string{boundary.DefaultRoot(data)}, boundary.Options{DataDir: data})
	must(t, err)
	defer roots.Close()
	f, err := roots.Create("workspaces/sample")
	must(t, err)
	if got := f.Display(); got != "workspaces/sample" {
		t.Errorf("display %q", got)
	}
	if _, err := os.Stat(filepath.Join(data, "workspaces", "sample")); err != nil {
		t.Error(err)
	}
}

func TestRootsOverlapAndLabels(t *testing.T) {
	base := t.TempDir()
	for _, p := range []string{"a/x/in", "b/x", "c"} {
		must(t, os.MkdirAll(filepath.Join(base, p), 0o755))
	}
	must(t, os.Symlink(filepath.Join(base, "a/x"), filepath.Join(base, "c/again")))
	roots := openRoots(t, base, base+"/a/x/in", base+"/a/x", base+"/b/x", base+"/c/again")
	var names []string
	for _, r := range roots.List() {
		names = append(names, r.Name)
	}
	if got := strings.Join(names, " "); got != "x x-2" {
		t.Errorf("labels %q", got)
	}
	f, err := roots.Resolve(base + "/c/again/in")
	must(t, err)
	if want := filepath.Join(base, "a/x/in"); f.Path != want || f.Display() != "x/in" {
		t.Errorf("resolved to %q %q, want %q", f.Path, f.Display(), want)
	}
}

func TestResolve(t *testing.T) {
	base := t.TempDir()
	root := filepath.Join(base, "root")
	for _, p := range []string{"ws/sub", "WS", `back\slash`, "com,ma", "other", ".innoclaw/trash"} {
		must(t, os.MkdirAll(filepath.Join(root, p), 0o755))
	}
	must(t, os.MkdirAll(filepath.Join(base, "root2"), 0o755))
	must(t, os.MkdirAll(filepath.Join(base, "Root/ws"), 0o755))
	must(t, os.MkdirAll(filepath.Join(base, `root\x`), 0o755))
	write(t, root+"/file", "x")
	for link, to := range map[string]string{
		"in": "ws/sub", "abs": root + "/ws", "out": "/etc", "up": "../root2", "loop": "loop", "around": "../root/ws", "sly": ".innoclaw/trash",
		"gone": "nothing",
	} {
		must(t, os.Symlink(to, filepath.Join(root, link)))
	}
	roots := openRoots(t, base, root)
	for in, want := range map[string]string{
		"root": "root", root: "root", root + "/": "root", root + "//ws/./": "root/ws", "root/ws/": "root/ws", root + "/ws/../ws": "root/ws",
		"root/in": "root/ws/sub", "root/abs": "root/ws", "root/WS": "root/WS", `root/back\slash`: `root/back\slash`, "root/com,ma": "root/com,ma",
	} {
		f, err := roots.Resolve(in)
		if err != nil || f.Display() != want {
			t.Errorf("resolve %q = %q, %v, want %q", in, f.Display(), err, want)
		}
	}
	for in, want := range map[string]boundary.Code{
		"/etc": boundary.CodeOutside, base + "/root2": boundary.CodeOutside, base + "/Root/ws": boundary.CodeOutside, base + `/root\x`: boundary.CodeOutside,
		base + "/rootless": boundary.CodeOutside, "/nonexistent/x": boundary.CodeOutside, root + "/../root2": boundary.CodeOutside, "root/..": boundary.CodeOutside,
		"root/../root": boundary.CodeOutside, "root/out": boundary.CodeOutside, "root/up": boundary.CodeOutside, "root/loop": boundary.CodeOutside,
		"root/around": boundary.CodeOutside, "Root/ws": boundary.CodeOutside, "": boundary.CodeOutside, ".": boundary.CodeOutside, "ws": boundary.CodeOutside,
		"root/file": boundary.CodeNotDirectory, "root/none": boundary.CodeNotFound, "root/gone": boundary.CodeNotFound, "root/file/x": boundary.CodeNotDirectory,
		"root/sly": boundary.CodeProtected, "root/.innoclaw": boundary.CodeProtected, "root/a\x00b": boundary.CodePath, "root/a\nb": boundary.CodePath,
		root + "\r": boundary.CodePath, "root/" + strings.Repeat("x/", 3000): boundary.CodePath,
	} {
		_, err := roots.Resolve(in)
		if got := boundary.CodeOf(err); got != want {
			t.Errorf("resolve %q: %q (%v), want %q", in, got, err, want)
		}
		if err != nil && !strings.HasPrefix(in, "/") && strings.Contains(err.Error(), base) {
			t.Errorf("resolve %q: message holds an absolute path: %v", in, err)
		}
	}
}

func TestOpenDirRefusesLinkPutInPlace(t *testing.T) {
	base := t.TempDir()
	root := filepath.Join(base, "root")
	must(t, os.MkdirAll(root+"/alice", 0o755))
	must(t, os.MkdirAll(root+"/bob/ws", 0o755))
	roots := openRoots(t, base, root)
	f, err := roots.Resolve("root/bob/ws")
	must(t, err)
	must(t, os.Remove(root+"/bob/ws"))
	must(t, os.Symlink("../alice", root+"/bob/ws"))
	_, err = boundary.OpenDir(f)
	wantCode(t, err, boundary.CodeNotDirectory)
	must(t, os.Remove(root+"/bob/ws"))
	mkfifo(t, root+"/bob/ws")
	_, err = boundary.OpenDir(f)
	wantCode(t, err, boundary.CodeNotDirectory)
}
