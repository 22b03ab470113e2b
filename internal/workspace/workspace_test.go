package workspace_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
	"github.com/innoclaw/innoclaw/internal/workspace"
)

func TestWorkspaceLife(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorldAt(t, t.TempDir(), db)
		id, path := w.workspace("alice", "papers")
		write(t, path+"/keep.md", "kept")
		again := w.post("alice", "/api/workspaces", map[string]any{"folderPath": path + "/."}).want(http.StatusOK)
		if again.str("id") != id || again.str("folderPath") != "root/papers" || again.str("name") != "papers" {
			t.Errorf("opened again: %s", again.body)
		}
		made := w.post("alice", "/api/workspaces", map[string]any{"folderPath": "root/new/deep", "create": true}).want(http.StatusCreated)
		if made.str("name") != "deep" || !exists(w.root+"/new/deep") {
			t.Errorf("made: %s", made.body)
		}
		w.post("alice", "/api/workspaces/"+id+"/open", nil).want(http.StatusOK)
		w.do("alice", http.MethodPatch, "/api/workspaces/"+id, map[string]any{"name": "Papers", "description": "all"}).want(http.StatusOK)
		got := w.get("alice", "/api/workspaces/"+id).want(http.StatusOK)
		if got.str("name") != "Papers" || got.str("description") != "all" || got.str("missing") != "false" {
			t.Errorf("after patch: %s", got.body)
		}
		must(t, os.Rename(path, path+"2"))
		if got := w.get("alice", "/api/workspaces/"+id); got.str("missing") != "true" {
			t.Errorf("folder gone: %s", got.body)
		}
		w.get("alice", "/api/files/browse", "workspaceId", id).want(http.StatusNotFound, "folder_missing")
		must(t, os.Rename(path+"2", path))
		w.do("alice", http.MethodDelete, "/api/workspaces/"+id, nil).want(http.StatusNoContent)
		w.get("alice", "/api/workspaces/"+id).want(http.StatusNotFound)
		if content(t, path+"/keep.md") != "kept" {
			t.Error("deleting a workspace touched its files")
		}
		kinds := ""
		for _, c := range w.changes {
			kinds += string(c.Kind) + " "
		}
		if kinds != "created created deleted " {
			t.Errorf("changes: %s", kinds)
		}
	})
}

func TestWorkspacePatchTakesNothingElse(t *testing.T) {
	w := newWorld(t)
	id, _ := w.workspace("alice", "a")
	for _, field := range []string{"id", "ownerUserId", "folderPath", "createdAt"} {
		w.do("alice", http.MethodPatch, "/api/workspaces/"+id, map[string]any{"name": "x", field: "bob"}).want(http.StatusBadRequest)
	}
	if got := w.get("alice", "/api/workspaces/"+id); got.str("name") != "a" {
		t.Errorf("a refused patch changed the name: %s", got.body)
	}
	w.do("alice", http.MethodPatch, "/api/workspaces/"+id, map[string]any{"name": " "}).want(http.StatusBadRequest, "name_missing")
}

func TestFoldersThatAreNoWorkspace(t *testing.T) {
	w := newWorld(t)
	write(t, w.root+"/file", "x")
	must(t, os.Symlink("/etc", w.root+"/etc"))
	for folder, want := range map[string]struct {
		status int
		code   string
	}{
		"/etc": {403, "outside_roots"}, "/": {403, "outside_roots"}, w.base: {403, "outside_roots"}, "root/../data": {403, "outside_roots"},
		"root/etc": {403, "outside_roots"}, "nowhere": {403, "outside_roots"}, w.root + "2": {403, "outside_roots"}, strings.ToUpper(w.root): {403, "outside_roots"},
		"root/none": {400, "folder_missing"}, "root/file": {400, "folder_invalid"}, "root/a\x00b": {400, "path_invalid"}, "root/a\nb": {400, "path_invalid"},
		"root/x\rWORKSPACE_ROOTS=/": {400, "path_invalid"}, "root/.innoclaw": {400, "folder_missing"}, " ": {400, "folder_missing"},
	} {
		for _, create := range []bool{false, true} {
			if create && (want.code == "folder_missing" || folder == "root/none") {
				continue
			}
			a := w.do("alice", http.MethodPost, "/api/workspaces", map[string]any{"folderPath": folder, "create": create})
			if a.StatusCode != want.status || a.str("code") != want.code {
				t.Errorf("folder %q, create %v: %d %s, want %v", folder, create, a.StatusCode, a.str("code"), want)
			}
		}
	}
	w.post("alice", "/api/workspaces", map[string]any{"folderPath": "root/.innoclaw/x", "create": true}).want(http.StatusForbidden, "path_protected")
	w.post("alice", "/api/workspaces", map[string]any{"folderPath": "root/a,b", "create": true}).want(http.StatusCreated)
	w.post("alice", "/api/workspaces", map[string]any{"folderPath": `root/a\b`, "create": true}).want(http.StatusCreated)
	if got := string(w.get("alice", "/api/workspaces").want(http.StatusOK).body); strings.Count(got, `"id"`) != 2 {
		t.Errorf("refused folders left workspaces: %s", got)
	}
}

// TestOthersFolders names alice's workspace in every way bob could think of.
func TestOthersFolders(t *testing.T) {
	w := newWorld(t)
	id, path := w.workspace("alice", "team/alice")
	must(t, os.MkdirAll(path+"/sub", 0o755))
	must(t, os.MkdirAll(w.root+"/bob", 0o755))
	must(t, os.Symlink("team/alice", w.root+"/alias"))
	must(t, os.Symlink(path, w.root+"/bob/alias"))
	for _, folder := range []string{
		path, path + "/", path + "/.", path + "//", path + "/sub/..", path + "/sub", w.root + "/team", w.root, "root", "root/team", "root/team/alice", "root/alias",
		"root/alias/sub", "root/bob/alias", "root/bob/../team/alice",
	} {
		w.post("bob", "/api/workspaces", map[string]any{"folderPath": folder}).want(http.StatusConflict, "folder_taken")
	}
	w.post("bob", "/api/workspaces", map[string]any{"folderPath": "root/team/alice/new", "create": true}).want(http.StatusConflict, "folder_taken")
	w.post("bob", "/api/workspaces", map[string]any{"folderPath": "root/alias/new", "create": true}).want(http.StatusConflict, "folder_taken")
	if exists(path + "/new") {
		t.Error("a refused request made a folder in another's workspace")
	}
	w.workspace("bob", "team/alice2")
	w.post("alice", "/api/workspaces", map[string]any{"folderPath": "root/team/alice/sub"}).want(http.StatusCreated)

	for _, a := range []answer{
		w.get("bob", "/api/workspaces/"+id), w.do("bob", http.MethodPatch, "/api/workspaces/"+id, map[string]any{"name": "x"}),
		w.do("bob", http.MethodDelete, "/api/workspaces/"+id, nil), w.post("bob", "/api/workspaces/"+id+"/open", nil),
		w.get("bob", "/api/files/browse", "workspaceId", id), w.get("bob", "/api/files/trash", "workspaceId", id),
		w.get("bob", "/api/files/read", "path", path+"/x"), w.get("bob", "/api/files/raw", "workspaceId", id, "path", "x"),
		w.get("bob", "/api/roots/folders", "root", "root", "path", "team/alice"), w.get("bob", "/api/roots/folders", "root", "root", "path", "alias/sub"),
	} {
		a.want(http.StatusNotFound, "not_found")
	}
	picker := string(w.get("bob", "/api/roots/folders", "root", "root", "path", "team").want(http.StatusOK).body)
	if strings.Contains(picker, `"alice"`) || !strings.Contains(picker, `"alice2"`) {
		t.Errorf("bob's folder picker: %s", picker)
	}
	if _, err := w.service.Get(context.Background(), "bob", id); !errors.Is(err, workspace.ErrNotFound) {
		t.Errorf("Get of another's workspace: %v", err)
	}
}

func TestLinkPutInPlaceOfAWorkspace(t *testing.T) {
	w := newWorld(t)
	_, alice := w.workspace("alice", "alice")
	write(t, alice+"/secret", "secret")
	id, bob := w.workspace("bob", "bob")
	must(t, os.Remove(bob))
	must(t, os.Symlink("alice", bob))
	w.get("bob", "/api/files/read", "workspaceId", id, "path", "secret").want(http.StatusNotFound)
	w.get("bob", "/api/files/read", "path", bob+"/secret").want(http.StatusNotFound)
}

func TestSameFolderOpenedAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorldAt(t, t.TempDir(), db)
		must(t, os.MkdirAll(filepath.Join(w.root, "x/y"), 0o755))
		var wg sync.WaitGroup
		statuses := make([]int, 16)
		for i := range statuses {
			wg.Go(func() {
				user, folder := []string{"alice", "bob"}[i%2], []string{"root/x", "root/x/y"}[i/2%2]
				statuses[i] = w.post(user, "/api/workspaces", map[string]any{"folderPath": folder}).StatusCode
			})
		}
		wg.Wait()
		all, err := w.service.All(context.Background())
		must(t, err)
		owners, paths := map[string]bool{}, map[string]bool{}
		for _, one := range all {
			owners[one.OwnerID], paths[one.Folder.Path] = true, true
		}
		if len(owners) != 1 || len(paths) != len(all) {
			t.Errorf("statuses %v left %d workspaces of %v", statuses, len(all), owners)
		}
	})
}

func TestFolderPicker(t *testing.T) {
	w := newWorld(t)
	id, _ := w.workspace("alice", "a/b")
	write(t, w.root+"/a/file", "")
	must(t, os.MkdirAll(w.root+"/a/.hidden", 0o755))
	must(t, os.Symlink("/etc", w.root+"/a/etc"))
	if got := string(w.get("alice", "/api/roots").body); !strings.Contains(got, `[{"name":"root","writable":true}]`) {
		t.Errorf("roots: %s", got)
	}
	a := w.get("alice", "/api/roots/folders", "root", "root", "path", "a").want(http.StatusOK)
	if want := `{"path":"root/a","parent":"root","folders":[{"name":"b","path":"root/a/b","workspaceId":"` + id + `"}]}`; !strings.Contains(string(a.body), want) {
		t.Errorf("folders: %s, want %s", a.body, want)
	}
	top := w.get("alice", "/api/roots/folders", "root", "root").want(http.StatusOK)
	if top.json()["parent"] != nil {
		t.Errorf("top has a parent: %s", top.body)
	}
	for _, path := range []string{"..", "../data", "a/etc", "/etc"} {
		if a := w.get("alice", "/api/roots/folders", "root", "root", "path", path); a.StatusCode == http.StatusOK {
			t.Errorf("folders of %q: %s", path, a.body)
		}
	}
}
