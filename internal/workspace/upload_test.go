package workspace_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// part is a piece of an upload: a file if name is set, else a text field.
type part struct{ field, name, content string }

func form(t testing.TB, parts ...part) (body *bytes.Buffer, contentType string) {
	t.Helper()
	body = &bytes.Buffer{}
	m := multipart.NewWriter(body)
	for _, p := range parts {
		h := textproto.MIMEHeader{}
		disposition := `form-data; name="` + p.field + `"`
		if p.name != "" {
			disposition += `; filename="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(p.name) + `"`
		}
		h.Set("Content-Disposition", disposition)
		out, err := m.CreatePart(h)
		must(t, err)
		_, err = io.WriteString(out, p.content)
		must(t, err)
	}
	must(t, m.Close())
	return body, m.FormDataContentType()
}

type uploadResult struct {
	Name, Path, ContentHash, Error, Code string
	Size                                 int64
}

func (w *world) uploadTo(query string, parts ...part) answer {
	w.t.Helper()
	body, contentType := form(w.t, parts...)
	return w.do("alice", http.MethodPost, "/api/files/upload?"+query, body, "Content-Type", contentType)
}

func (a answer) files() []uploadResult {
	a.t.Helper()
	var out struct{ Files []uploadResult }
	must(a.t, json.Unmarshal(a.body, &out))
	return out.Files
}

func TestUploadSeveral(t *testing.T) {
	w := newWorld(t)
	id, path := w.workspace("alice", "a")
	write(t, path+"/in/taken.txt", "theirs")
	got := w.uploadTo("dir=in&workspaceId="+id,
		part{"files", "one.txt", "1"}, part{"files", "taken.txt", "mine"}, part{"relativePath", "", "sub/deep/two.txt"}, part{"files", "two.txt", "22"},
		part{"files", "three.txt", ""}).want(200).files()
	want := []uploadResult{
		{Name: "one.txt", Path: "in/one.txt", ContentHash: hash("1"), Size: 1},
		{Name: "taken.txt", Code: "exists", Error: got[1].Error},
		{Name: "two.txt", Path: "in/sub/deep/two.txt", ContentHash: hash("22"), Size: 2},
		{Name: "three.txt", Path: "in/three.txt", ContentHash: hash("")},
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("file %d: %+v, want %+v", i, got[i], want[i])
		}
	}
	if content(t, path+"/in/taken.txt") != "theirs" || content(t, path+"/in/sub/deep/two.txt") != "22" || got[1].Error == "" {
		t.Error("upload replaced a file, or stored the wrong content")
	}
	renamed := w.uploadTo("dir=in&conflict=rename&workspaceId="+id, part{"f", "taken.txt", "mine"}, part{"f", "taken.txt", "mine too"}).want(200).files()
	if renamed[0].Path != "in/taken (2).txt" || renamed[1].Path != "in/taken (3).txt" || content(t, path+"/in/taken (3).txt") != "mine too" {
		t.Errorf("renamed: %+v", renamed)
	}
	original := w.uploadTo("", part{"targetDir", "", path + "/in"}, part{"file", "old-client.txt", "x"})
	if original.StatusCode == 200 && original.files()[0].Path != "in/old-client.txt" {
		t.Errorf("earlier client: %s", original.body)
	}
}

func TestUploadNames(t *testing.T) {
	w := newWorld(t)
	id, path := w.workspace("alice", "a")
	w.workspace("bob", "b")
	for name, want := range map[string]string{
		"../../b/evil": "evil", "/etc/cron.d/evil2": "evil2", `..\..\b\evil3`: "evil3", `C:\Users\x\evil4.txt`: "evil4.txt", "论文.pdf": "论文.pdf", "...": "...",
	} {
		got := w.uploadTo("workspaceId="+id, part{"f", name, "x"}).want(200).files()[0]
		if got.Path != want || !exists(filepath.Join(path, want)) {
			t.Errorf("name %q: %+v, want path %q", name, got, want)
		}
	}
	for _, name := range []string{"..", ".", "a/..", "x/.innoclaw", ".InnoClaw", "a\x01b", strings.Repeat("n", 256), "\xff\xfe"} {
		got := w.uploadTo("workspaceId="+id, part{"f", name, "x"})
		if got.StatusCode == 200 && got.files()[0].Error == "" {
			t.Errorf("name %q was stored: %s", name, got.body)
		}
	}
	for _, relative := range []string{"../b/x", "/etc/x", "a//b", "a/../../x", ".innoclaw/x", "a\x00b"} {
		got := w.uploadTo("workspaceId="+id, part{"relativePath", "", relative}, part{"f", "x", "x"}).want(200).files()[0]
		if got.Error == "" {
			t.Errorf("relative path %q was stored: %+v", relative, got)
		}
	}
	theirs, _ := os.ReadDir(w.root + "/b")
	if len(theirs) != 0 || exists(w.root+"/evil") {
		t.Errorf("uploads reached another workspace: %v", theirs)
	}
}

func TestUploadLimit(t *testing.T) {
	w := newWorld(t)
	w.upload = 1000
	id, path := w.workspace("alice", "a")
	got := w.uploadTo("workspaceId="+id, part{"f", "fits", strings.Repeat("x", 1000)}, part{"f", "over", strings.Repeat("x", 1001)}, part{"f", "next", "x"}).want(200).files()
	if got[0].Error != "" || got[1].Code != "too_large" || got[2].Error != "" {
		t.Errorf("results %+v", got)
	}
	w.uploadTo("workspaceId="+id, part{"f", "far", strings.Repeat("x", 5000)}).want(413, "too_large")
	names, _ := os.ReadDir(path)
	if len(names) != 2 {
		t.Errorf("left behind: %v", names)
	}
	w.uploadTo("workspaceId="+id).want(400, "file_missing")
	w.uploadTo("workspaceId="+id, part{"note", "", "x"}).want(400, "file_missing")
	w.uploadTo("workspaceId="+id+"&conflict=overwrite", part{"f", "x", "x"}).want(400, "conflict_invalid")
	w.uploadTo("workspaceId="+id+"&dir=fits", part{"f", "x", "x"}).want(422, "not_a_directory")
	w.uploadTo("workspaceId="+id+"&dir=none", part{"f", "x", "x"}).want(404)
	w.do("alice", http.MethodPost, "/api/files/upload?workspaceId="+id, strings.NewReader("x"), "Content-Type", "multipart/form-data").want(400, "malformed")
	w.post("alice", "/api/files/upload?workspaceId="+id, map[string]any{}).want(415)
}

// TestUploadCutOff disconnects in the middle of a file, over a real connection.
func TestUploadCutOff(t *testing.T) {
	w := newWorld(t)
	id, path := w.workspace("alice", "a")
	srv := httptest.NewServer(w.handler)
	defer srv.Close()
	body, contentType := form(t, part{"f", "whole.txt", "whole"}, part{"f", "half.txt", strings.Repeat("x", 1<<20)})
	reader, writer := io.Pipe()
	go func() {
		_, _ = writer.Write(body.Bytes()[:300<<10])
		// The connection is cut when the first file is whole and the second is not.
		for range 1000 {
			if _, err := os.Stat(filepath.Join(path, "whole.txt")); err == nil {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		writer.CloseWithError(errors.New("cut off"))
	}()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/api/files/upload?workspaceId="+id, reader)
	must(t, err)
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Authorization", "Bearer alice")
	res, err := http.DefaultClient.Do(req)
	if err == nil {
		res.Body.Close()
		t.Fatalf("cut-off upload answered %d", res.StatusCode)
	}
	srv.Close() // waits for the handler
	names, err := os.ReadDir(path)
	must(t, err)
	if len(names) != 1 || names[0].Name() != "whole.txt" {
		t.Errorf("left behind: %v", names)
	}
}
