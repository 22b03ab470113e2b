package workspace_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
	"github.com/innoclaw/innoclaw/internal/workspace"
)

func TestCleanKeepsRetention(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorldAt(t, t.TempDir(), db)
		id, path := w.workspace("alice", "a")
		gone, gonePath := w.workspace("alice", "gone")
		must(t, os.Remove(gonePath))
		_ = gone
		in := map[string]any{"workspaceId": id}
		var ids []string
		for _, name := range []string{"old", "lost", "young"} {
			write(t, path+"/"+name, name)
			ids = append(ids, w.post("alice", "/api/files/delete", with(in, "path", name)).want(200).str("trashId"))
			w.now = w.now.Add(10 * 24 * time.Hour)
		}
		must(t, os.RemoveAll(path+"/.innoclaw/trash/"+ids[1]))
		write(t, path+"/.innoclaw-crash.tmp", "half")
		must(t, w.service.Clean(context.Background(), 25*24*time.Hour))
		list := string(w.get("alice", "/api/files/trash", "workspaceId", id).want(200).body)
		if strings.Contains(list, ids[0]) || strings.Contains(list, ids[1]) || !strings.Contains(list, ids[2]) {
			t.Errorf("after cleaning, of %v the trash lists %s", ids, list)
		}
		if exists(path+"/.innoclaw/trash/"+ids[0]) || !exists(path+"/.innoclaw/trash/"+ids[2]+"/young") || exists(path+"/.innoclaw-crash.tmp") {
			t.Error("the disk does not match the list")
		}
	})
}

func TestReopenedFolderKeepsItsTrash(t *testing.T) {
	w := newWorld(t)
	id, path := w.workspace("alice", "a")
	write(t, path+"/dir/f", "f")
	trash := w.post("alice", "/api/files/delete", map[string]any{"workspaceId": id, "path": "dir/f"}).want(200).str("trashId")
	w.do("alice", "DELETE", "/api/workspaces/"+id, nil).want(204)
	id, _ = w.workspace("alice", "a")
	got := w.post("alice", "/api/files/trash/restore", map[string]any{"workspaceId": id, "trashId": trash}).want(200).str("path")
	if got != "f" || content(t, path+"/f") != "f" {
		t.Errorf("restored to %q", got)
	}
}

func TestChangesAreTold(t *testing.T) {
	w := newWorld(t)
	id, _ := w.workspace("alice", "a")
	in := map[string]any{"workspaceId": id}
	w.post("alice", "/api/files/create", with(in, "path", "x/f")).want(201)
	w.post("alice", "/api/files/move", with(in, "sourcePath", "x/f", "destPath", "g")).want(200)
	w.post("alice", "/api/files/copy", with(in, "sourcePath", "g", "destPath", "h")).want(200)
	w.uploadTo("workspaceId="+id, part{"f", "u1", "1"}, part{"f", "u2", "2"}, part{"f", "g", "taken"}).want(200)
	trash := w.post("alice", "/api/files/delete", with(in, "path", "h")).want(200).str("trashId")
	w.post("alice", "/api/files/trash/restore", with(in, "trashId", trash, "path", "r")).want(200)
	w.post("alice", "/api/files/create", with(in, "path", "r")).want(409)
	var got []string
	for _, c := range w.changes {
		if c.Kind == workspace.Files && c.WorkspaceID == id {
			got = append(got, strings.Join(c.Paths, "+"))
		}
	}
	if want := "x/f x/f+g h u1+u2 h r"; strings.Join(got, " ") != want {
		t.Errorf("changes %q, want %q", strings.Join(got, " "), want)
	}
}
