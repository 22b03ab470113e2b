package app_test

import (
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/innoclaw/innoclaw/client"
	"github.com/innoclaw/innoclaw/internal/app/apptest"
)

// smallDisk puts a file system of its own at dir/data; skipped where the system
// refuses.
func smallDisk(t *testing.T, dir, size string) (data string) {
	t.Helper()
	data = filepath.Join(dir, "data")
	must(t, os.MkdirAll(data, 0o700))
	if err := syscall.Mount("tmpfs", data, "tmpfs", 0, "mode=700,size="+size); err != nil {
		t.Skipf("mounting is not permitted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(data, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return data
}

// TestFullDisk fills the data folder's disk by indexing, and then gives it room.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := smallDisk(t, dir, "6m")
	a := apptest.Start(t, apptest.Options{Dir: dir})
	p := a.SetUp()
	const files = 300
	a.Write("lab/a-notes.md", "# Notes\n\nThe yield of the reaction was 42 percent.\n")
	w := a.Open(p, "lab")
	for i := range files {
		var text strings.Builder
		for line := range 600 {
			fmt.Fprintf(&text, "Line %d of file %d, observation%dx%d.\n", line, i, i, line)
		}
		a.Write(fmt.Sprintf("lab/more/%d.md", i), text.String())
	}
	type status struct{ Paused string }
	eventually(t, func() string {
		var s status
		call(t, a, p, "GET", "/api/workspaces/"+w.ID+"/index", nil).into(t, &s)
		if !strings.Contains(s.Paused, "full") || !strings.Contains(s.Paused, "free some space") {
			return "the index does not say that the disk is full: " + s.Paused
		}
		return ""
	})
	filler := filepath.Join(data, "filler") // what is left of the disk
	f, err := os.Create(filler)
	must(t, err)
	_, _ = io.Copy(f, io.LimitReader(zeros{}, 16<<20)) // until it is full
	must(t, f.Close())
	refused := 0
	for range 20 { // a small write may still find room in a page of the database
		got := call(t, a, p, "POST", "/api/chat", map[string]string{"workspaceId": w.ID, "text": "What was the yield? " + strings.Repeat("Tell me all. ", 300)})
		if got.status == http.StatusInsufficientStorage {
			if refused++; got.problem().Code != "disk_full" || !strings.Contains(got.problem().Error, "free some space") {
				t.Errorf("chat: %s", got.body)
			}
		} else if got.status != 200 {
			t.Errorf("chat: %d %s", got.status, got.body)
		}
	}
	if refused == 0 {
		t.Error("no question was refused: the disk is not full")
	}
	if hits, err := p.Search(t.Context(), w.ID, "yield", 3, 0); err != nil || len(hits) == 0 || hits[0].Path != "a-notes.md" {
		t.Errorf("search on a full disk: %v, %v", hits, err)
	}
	for _, path := range []string{"/api/workspaces", "/api/files/browse?workspaceId=" + w.ID, "/api/files/read?path=a-notes.md&workspaceId=" + w.ID, "/api/auth/me", "/api/health"} {
		if got := call(t, a, p, "GET", path, nil); got.status != 200 {
			t.Errorf("%s on a full disk: %d %s", path, got.status, got.body)
		}
	}
	must(t, os.Remove(filler))
	must(t, syscall.Mount("", data, "", syscall.MS_REMOUNT, "mode=700,size=200m"))
	eventually(t, func() string { // by itself
		s, err := p.IndexStatus(t.Context(), w.ID)
		must(t, err)
		if s.Counts.Indexed != files+1 {
			return fmt.Sprintf("%+v", s)
		}
		return ""
	})
	checkQuotes(t, a, p, w.ID, ask(t, p, client.Question{WorkspaceID: w.ID, Text: "What was the yield of the reaction?"}))
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestLockedDatabase has another program hold the database's lock.
func TestLockedDatabase(t *testing.T) {
	t.Parallel()
	a := apptest.Start(t, apptest.Options{})
	p := a.SetUp()
	a.Write("lab/notes.md", "# Notes\n\nThe yield of the reaction was 42 percent.\n")
	w := a.Open(p, "lab")
	other, err := sql.Open("sqlite", filepath.Join(a.Data, "innoclaw.db"))
	must(t, err)
	t.Cleanup(func() { other.Close() })
	other.SetMaxOpenConns(1)
	_, err = other.ExecContext(t.Context(), `BEGIN IMMEDIATE`)
	must(t, err)
	a.Write("lab/later.md", "Written while the database was locked: zirconium.\n")
	got := call(t, a, p, "POST", "/api/chat", map[string]string{"workspaceId": w.ID, "text": "What was the yield?"})
	if got.status != http.StatusServiceUnavailable || got.problem().Code != "database_busy" || !strings.Contains(got.problem().Error, "locked by another program") {
		t.Errorf("chat: %d %s", got.status, got.body)
	}
	if hits, err := p.Search(t.Context(), w.ID, "yield", 3, 0); err != nil || len(hits) == 0 {
		t.Errorf("search: %v, %v", hits, err)
	}
	if got := call(t, a, p, "GET", "/api/files/read?workspaceId="+w.ID+"&path=notes.md", nil); got.status != 200 {
		t.Errorf("read: %d %s", got.status, got.body)
	}
	_, err = other.ExecContext(t.Context(), `ROLLBACK`)
	must(t, err)
	checkQuotes(t, a, p, w.ID, ask(t, p, client.Question{WorkspaceID: w.ID, Text: "What was the yield of the reaction?"}))
	eventually(t, func() string {
		if hits, err := p.Search(t.Context(), w.ID, "zirconium", 3, 0); err != nil || len(hits) != 1 {
			return fmt.Sprintf("the file written meanwhile: %v, %v", hits, err)
		}
		return ""
	})
}

// TestReadOnlyDatabase starts on a data folder that cannot be written.
func TestReadOnlyDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := smallDisk(t, dir, "8m")
	p := serve(t, dir)
	p.wait(t)
	p.kill()
	must(t, syscall.Mount("", data, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	code, text := said(t, dir, nil, "serve", "--listen", "127.0.0.1:0", "--data", data)
	if code != 1 || !strings.Contains(text, "writable") && !strings.Contains(text, "read-only") || strings.Contains(text, "ready") {
		t.Errorf("exit %d: %s", code, text)
	}
	must(t, syscall.Mount("", data, "", syscall.MS_REMOUNT, "size=8m"))
	serve(t, dir).wait(t)
}

// TestUnreadable runs the program as an ordinary user: root may read everything.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("becomes another user, which only root may")
	}
	const nobody = 65534
	dir, err := os.MkdirTemp("", "innoclaw-unreadable-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	must(t, os.Chmod(dir, 0o755))
	binary := filepath.Join(dir, "innoclaw")
	src, err := os.Open(os.Args[0])
	must(t, err)
	defer src.Close()
	dst, err := os.OpenFile(binary, os.O_CREATE|os.O_WRONLY, 0o755)
	must(t, err)
	_, err = io.Copy(dst, src)
	must(t, err)
	must(t, dst.Close())
	closed, home := filepath.Join(dir, "closed"), filepath.Join(dir, "home")
	must(t, os.Mkdir(closed, 0o700))
	must(t, os.Mkdir(home, 0o755))
	must(t, os.Chown(home, nobody, nobody))
	for name, c := range map[string]struct{ root, data, want string }{
		"root":        {closed, filepath.Join(home, "data"), fmt.Sprintf("%q", closed)},
		"data folder": {"", filepath.Join(dir, "closed", "data"), "permission"},
	} {
		cmd := program(t, home, []string{"WORKSPACE_ROOTS=" + c.root}, "serve", "--listen", "127.0.0.1:0", "--data", c.data)
		cmd.Path, cmd.Args[0] = binary, binary
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
		out, err := cmd.CombinedOutput()
		if err == nil || cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), c.want) {
			t.Errorf("unreadable %s: %v\n%s", name, err, out)
		}
	}
}
