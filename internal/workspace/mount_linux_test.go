package workspace_test

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestFullDisk writes and uploads into a workspace on a tiny file system.
func TestFullDisk(t *testing.T) {
	w := newWorld(t)
	id, path := w.workspace("alice", "a")
	must(t, os.Mkdir(path+"/disk", 0o755))
	if err := unix.Mount("tmpfs", path+"/disk", "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("mount refused: %v", err)
	}
	t.Cleanup(func() { must(t, unix.Unmount(path+"/disk", unix.MNT_DETACH)) })
	write(t, path+"/disk/f", "old")
	big := strings.Repeat("x", 1<<20)
	w.post("alice", "/api/files/write", map[string]any{"workspaceId": id, "path": "disk/f", "content": big[:900<<10]}, "If-Match", tag("old")).want(507, "disk_full")
	a := w.uploadTo("dir=disk&workspaceId="+id, part{"f", "small", "s"}, part{"f", "big", big}).want(507, "disk_full")
	if !strings.Contains(string(a.body), `"disk/small"`) {
		t.Errorf("the answer does not tell what was stored: %s", a.body)
	}
	names, _ := os.ReadDir(path + "/disk")
	if len(names) != 2 || content(t, path+"/disk/f") != "old" {
		t.Errorf("left on the full disk: %v", names)
	}
}
