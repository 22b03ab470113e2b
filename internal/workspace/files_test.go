package workspace_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/google/go-cmp/cmp"
)

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func tag(s string) string { return `"` + hash(s) + `"` }

func TestBrowse(t *testing.T) {
	w := newWorld(t)
	id, path := w.workspace("alice", "a")
	for _, n := range []string{"x10", "x9", "sub/y", ".dot", "bad\xffname"} {
		write(t, path+"/"+n, "12345")
	}
	must(t, os.Symlink("sub/y", path+"/link"))
	must(t, os.Symlink("/etc/passwd", path+"/out"))
	must(t, unix.Mkfifo(path+"/fifo", 0o644))
	var page struct {
		Path    string
		Total   int
		Next    string
		Entries []struct {
			Name, Path, Type, Target, TargetType string
			Size                                 int64
			Unusable                             bool
		}
	}
	var got []string
	for cursor := ""; ; cursor = page.Next {
		page.Next, page.Entries = "", nil
		must(t, json.Unmarshal(w.get("alice", "/api/files/browse", "workspaceId", id, "limit", "3", "cursor", cursor).want(200).body, &page))
		for _, e := range page.Entries {
			got = append(got, strings.Join([]string{e.Type, e.Path, e.Target, e.TargetType, fmt.Sprint(e.Unusable)}, " "))
		}
		if page.Next == "" {
			break
		}
	}
	want := []string{"directory sub   false", "file bad\uFFFDname   true", "special fifo   false", "symlink link sub/y file false", "symlink out  outside false", "file x9   false", "file x10   false"}
	if diff := cmp.Diff(want, got); diff != "" || page.Total != len(want) {
		t.Errorf("total %d, entries (-want +got):\n%s", page.Total, diff)
	}
	if a := w.get("alice", "/api/files/browse", "workspaceId", id, "hidden", "true"); !strings.Contains(string(a.body), ".dot") {
		t.Errorf("hidden names: %s", a.body)
	}
	if a := w.get("alice", "/api/files/browse", "path", path+"/sub").want(200); a.str("path") != "sub" || a.str("total") != "1" {
		t.Errorf("by absolute path: %s", a.body)
	}
	w.get("alice", "/api/files/browse", "workspaceId", id, "path", "x9").want(422, "not_a_directory")
	w.get("alice", "/api/files/browse", "workspaceId", id, "path", "none").want(404, "not_found")
	w.get("alice", "/api/files/browse", "workspaceId", id, "path", "..").want(400, "path_invalid")
	w.get("alice", "/api/files/browse", "workspaceId", id, "path", ".innoclaw").want(403, "path_protected")
	w.get("alice", "/api/files/browse", "workspaceId", id, "cursor", "zz").want(400)
	w.get("alice", "/api/files/browse", "path", "sub").want(400, "workspace_missing")
	w.get("alice", "/api/files/browse", "path", "/etc").want(404, "not_found")
	w.get("alice", "/api/files/browse", "workspaceId", id, "path", "/etc").want(404, "not_found")
}

func TestReadEncodings(t *testing.T) {
	w := newWorld(t)
	id, path := w.workspace("alice", "a")
	for name, c := range map[string]struct {
		bytes, content, encoding, ending string
		bom, binary                      bool
	}{
		"utf8":   {"a\r\nb\r\n", "a\r\nb\r\n", "utf-8", "crlf", false, false},
		"bom":    {"\xef\xbb\xbfx\n", "x\n", "utf-8", "lf", true, false},
		"utf16":  {"\xff\xfeh\x00i\x00\n\x00", "hi\n", "utf-16le", "lf", true, false},
		"gb":     {"\xd6\xd0\xce\xc4\xd7\xca\xc1\xcf\xb5\xc4\xd1\xd0\xbe\xbf\xb7\xbd\xb7\xa8", "中文资料的研究方法", "gb18030", "", false, false},
		"binary": {"\x00\x01\x02\x03\xff\xfe\x00\x9c", "", "", "", false, true},
		"empty":  {"", "", "utf-8", "", false, false},
		"mixed":  {"a\nb\r\nc\r", "a\nb\r\nc\r", "utf-8", "mixed", false, false},
	} {
		write(t, path+"/"+name, c.bytes)
		a := w.get("alice", "/api/files/read", "workspaceId", id, "path", name).want(200)
		got := a.json()
		want := map[string]any{"path": name, "content": c.content, "encoding": c.encoding, "binary": c.binary, "size": float64(len(c.bytes)),
			"contentHash": hash(c.bytes), "modified": got["modified"], "offset": 0.0, "length": float64(len(c.bytes)), "truncated": false,
			"lineEnding": c.ending, "bom": c.bom, "editable": !c.binary}
		delete(got, "$schema")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestReadParts puts a file together from parts that are cut at awkward places.
func TestReadParts(t *testing.T) {
	w := newWorld(t)
	id, path := w.workspace("alice", "a")
	text := strings.Repeat("aä中😀\n", 50)
	utf16 := []byte("\xff\xfe")
	for _, r := range text {
		if r > 0xffff {
			r = '?'
		}
		utf16 = append(utf16, byte(r), byte(r>>8))
	}
	write(t, path+"/utf8", text)
	write(t, path+"/utf16", string(utf16))
	for name, want := range map[string]string{"utf8": text, "utf16": strings.ReplaceAll(text, "😀", "?")} {
		for _, limit := range []int{5, 7, 64} {
			var got strings.Builder
			for offset := 0; ; {
				a := w.get("alice", "/api/files/read", "workspaceId", id, "path", name, "offset", fmt.Sprint(offset), "limit", fmt.Sprint(limit)).want(200).json()
				if int(a["offset"].(float64)) != offset {
					t.Fatalf("%s: part starts at %v, want %d", name, a["offset"], offset)
				}
				got.WriteString(a["content"].(string))
				offset += int(a["length"].(float64))
				if a["contentHash"] == "" || a["editable"] == true {
					t.Fatalf("%s: part %v", name, a)
				}
				if a["truncated"] == false {
					break
				}
			}
			if got.String() != want {
				t.Errorf("%s in parts of %d differs: %q", name, limit, got.String())
			}
		}
	}
	w.get("alice", "/api/files/read", "workspaceId", id, "path", "utf8", "offset", "-1").want(400)
	w.get("alice", "/api/files/read", "workspaceId", id, "path", "utf8", "limit", "99999999").want(400)
	if a := w.get("alice", "/api/files/read", "workspaceId", id, "path", "utf8", "offset", "999999").want(200); a.str("length") != "0" {
		t.Errorf("behind the end: %s", a.body)
	}
}

func TestReadWhatIsNoFile(t *testing.T) {
	w := newWorld(t)
	id, path := w.workspace("alice", "a")
	must(t, os.Mkdir(path+"/dir", 0o755))
	must(t, unix.Mkfifo(path+"/fifo", 0o644))
	must(t, os.Symlink("/etc/passwd", path+"/out"))
	for _, route := range []string{"/api/files/read", "/api/files/raw"} {
		for p, want := range map[string]struct {
			status int
			code   string
		}{"dir": {422, "is_a_directory"}, "": {422, "is_a_directory"}, "fifo": {422, "special_file"}, "out": {403, "path_outside"}, "none": {404, "not_found"},
			"../a/x": {400, "path_invalid"}, ".innoclaw/trash": {403, "path_protected"}} {
			w.get("alice", route, "workspaceId", id, "path", p).want(want.status, want.code)
		}
	}
}

// TestHugeFile works on 2 GB that take no room on disk.
func TestHugeFile(t *testing.T) {
	w := newWorld(t)
	id, path := w.workspace("alice", "a")
	const size = 2 << 30
	f, err := os.Create(path + "/huge.bin")
	must(t, err)
	must(t, f.Truncate(size))
	_, err = f.WriteAt([]byte("the end"), size-7)
	must(t, err)
	must(t, f.Close())
	a := w.get("alice", "/api/files/read", "workspaceId", id, "path", "huge.bin").want(200).json()
	if a["size"] != float64(size) || a["binary"] != true || a["truncated"] != true || a["contentHash"] != "" {
		t.Errorf("read: %v", a)
	}
	raw := w.do("alice", http.MethodGet, "/api/files/raw?workspaceId="+id+"&path=huge.bin", nil, "Range", "bytes=-7").want(206)
	if string(raw.body) != "the end" || raw.Header.Get("Content-Range") != "bytes 2147483641-2147483647/2147483648" {
		t.Errorf("range: %q %v", raw.body, raw.Header)
	}
}

func TestWriteConditions(t *testing.T) {
	w := newWorld(t)
	id, path := w.workspace("alice", "a")
	body := func(content string) map[string]any {
		return map[string]any{"workspaceId": id, "path": "f.md", "content": content}
	}
	first := w.post("alice", "/api/files/write", body("one"), "If-None-Match", "*").want(200)
	if first.str("contentHash") != hash("one") || first.Header.Get("ETag") != tag("one") || first.str("path") != "f.md" {
		t.Errorf("created: %s %v", first.body, first.Header)
	}
	w.post("alice", "/api/files/write", body("two"), "If-None-Match", "*").want(409, "exists")
	w.post("alice", "/api/files/write", body("two")).want(428, "precondition_required")
	w.post("alice", "/api/files/write", body("two"), "If-Match", tag("one")).want(200)
	stale := w.post("alice", "/api/files/write", body("three"), "If-Match", tag("one")).want(412, "changed")
	if got := stale.json()["details"].(map[string]any)["contentHash"]; got != hash("two") {
		t.Errorf("a stale write tells hash %v, want that of the present content", got)
	}
	for _, bad := range []string{"*", "x", `W/"a"`, `"a", "b"`, `""`} {
		w.post("alice", "/api/files/write", body("x"), "If-Match", bad).want(400, "precondition_invalid")
	}
	if got := content(t, path+"/f.md"); got != "two" {
		t.Errorf("content %q, want two", got)
	}
	must(t, os.Remove(path+"/f.md"))
	gone := w.post("alice", "/api/files/write", body("x"), "If-Match", tag("two")).want(412, "changed")
	if got := gone.json()["details"].(map[string]any)["contentHash"]; got != "" {
		t.Errorf("a write to a removed file tells hash %v", got)
	}
	w.post("alice", "/api/files/write", body("new")).want(200)
	w.post("alice", "/api/files/write", map[string]any{"workspaceId": id, "path": "no/such/dir/f", "content": ""}, "If-None-Match", "*").want(404)
	w.post("alice", "/api/files/write", with(body("x"), "mode", 1)).want(400)
	w.post("alice", "/api/files/write", with(body("x"), "path", []string{"a"})).want(400)
}

// TestNoLostUpdate lets writers that each know a version race: of those who know the
// same version exactly one wins, and the file holds what the last winner wrote.
func TestNoLostUpdate(t *testing.T) {
	w := newWorld(t)
	id, path := w.workspace("alice", "a")
	write(t, path+"/f", "0")
	current := "0"
	for round := range 10 {
		var (
			wg   sync.WaitGroup
			wins atomic.Int32
			won  atomic.Value
		)
		for i := range 8 {
			wg.Go(func() {
				text := fmt.Sprintf("%d-%d", round, i)
				a := w.post("alice", "/api/files/write", map[string]any{"workspaceId": id, "path": "f", "content": text}, "If-Match", tag(current))
				switch a.StatusCode {
				case 200:
					wins.Add(1)
					won.Store(text)
				case 412:
				default:
					t.Errorf("status %d: %s", a.StatusCode, a.body)
				}
			})
		}
		wg.Wait()
		if wins.Load() != 1 {
			t.Fatalf("round %d: %d writers won", round, wins.Load())
		}
		current = won.Load().(string)
		if got := content(t, path+"/f"); got != current {
			t.Fatalf("round %d: content %q, want %q", round, got, current)
		}
	}
}

func TestWriteKeepsEncodingAndMode(t *testing.T) {
	w := newWorld(t)
	id, path := w.workspace("alice", "a")
	gb := "\xd6\xd0\xce\xc4\xd7\xca\xc1\xcf\xb5\xc4\xd1\xd0\xbe\xbf\xb7\xbd\xb7\xa8"
	for name, c := range map[string]struct{ before, text, after string }{
		"utf16": {"\xff\xfeh\x00i\x00", "ho", "\xff\xfeh\x00o\x00"},
		"bom":   {"\xef\xbb\xbfa", "b", "\xef\xbb\xbfb"},
		"gb":    {gb, "中文", "\xd6\xd0\xce\xc4"},
	} {
		write(t, path+"/"+name, c.before)
		must(t, os.Chmod(path+"/"+name, 0o750))
		w.post("alice", "/api/files/write", map[string]any{"workspaceId": id, "path": name, "content": c.text}, "If-Match", tag(c.before)).want(200)
		if got := content(t, path+"/"+name); got != c.after {
			t.Errorf("%s: %q, want %q", name, got, c.after)
		}
		if fi, _ := os.Stat(path + "/" + name); fi.Mode().Perm() != 0o750 {
			t.Errorf("%s: mode %v", name, fi.Mode())
		}
	}
	write(t, path+"/bin", "\x00\x01\x02\x03\xff\xfe\x00\x9c")
	w.post("alice", "/api/files/write", map[string]any{"workspaceId": id, "path": "bin", "content": "x"}, "If-Match", tag("\x00\x01\x02\x03\xff\xfe\x00\x9c")).want(422, "not_text")
	write(t, path+"/latin", "x")
	w.post("alice", "/api/files/write", map[string]any{"workspaceId": id, "path": "latin", "content": "中", "encoding": "iso-8859-1"}, "If-Match", tag("x")).want(422, "not_encodable")
	if got := content(t, path+"/latin"); got != "x" {
		t.Errorf("refused write left %q", got)
	}
}

func TestCreateMoveCopyNeverReplace(t *testing.T) {
	w := newWorld(t)
	id, path := w.workspace("alice", "a")
	in := map[string]any{"workspaceId": id}
	w.post("alice", "/api/files/create", with(in, "path", "docs/new.md", "content", "n")).want(201)
	w.post("alice", "/api/files/create", with(in, "path", "docs/new.md")).want(409, "exists")
	w.post("alice", "/api/files/create", with(in, "path", "docs")).want(409, "exists")
	w.post("alice", "/api/files/mkdir", with(in, "path", "deep/er/est")).want(201)
	w.post("alice", "/api/files/mkdir", with(in, "path", "deep")).want(409, "exists")
	w.post("alice", "/api/files/mkdir", with(in, "path", "docs/new.md/x")).want(422, "not_a_directory")
	write(t, path+"/taken", "theirs")
	must(t, os.Symlink("nowhere", path+"/dangling"))
	for _, dest := range []string{"taken", "dangling", "deep", "deep/er"} {
		w.post("alice", "/api/files/rename", with(in, "oldPath", "docs/new.md", "newPath", dest)).want(409, "exists")
		w.post("alice", "/api/files/move", with(in, "sourcePath", "docs", "destPath", dest)).want(409, "exists")
		w.post("alice", "/api/files/copy", with(in, "sourcePath", "docs/new.md", "destPath", dest)).want(409, "exists")
	}
	w.post("alice", "/api/files/move", with(in, "sourcePath", "deep", "destPath", "deep/er/in")).want(409, "into_itself")
	w.post("alice", "/api/files/copy", with(in, "sourcePath", "deep", "destPath", "deep/er/in")).want(409, "into_itself")
	w.post("alice", "/api/files/move", with(in, "sourcePath", "none", "destPath", "x")).want(404)
	w.post("alice", "/api/files/move", with(in, "sourcePath", "taken", "destPath", "no/such/x")).want(404)
	w.post("alice", "/api/files/move", with(in, "sourcePath", "", "destPath", "x")).want(403, "path_protected")
	w.post("alice", "/api/files/move", with(in, "sourcePath", "taken", "destPath", "../x")).want(400, "path_invalid")
	w.post("alice", "/api/files/move", with(in, "sourcePath", "taken", "destPath", filepath.Dir(path)+"/x")).want(404)
	w.post("alice", "/api/files/rename", with(in, "oldPath", "docs/new.md", "newPath", "docs/NEW.md")).want(200)
	w.post("alice", "/api/files/copy", with(in, "sourcePath", "docs", "destPath", "docs2")).want(200)
	w.post("alice", "/api/files/move", with(in, "sourcePath", path+"/docs2", "destPath", path+"/deep/docs")).want(200)
	if content(t, path+"/deep/docs/NEW.md") != "n" || content(t, path+"/docs/NEW.md") != "n" || content(t, path+"/taken") != "theirs" || exists(path+"/docs2") {
		t.Error("move or copy did something else than asked")
	}
}

func TestTrashRoundTrip(t *testing.T) {
	w := newWorld(t)
	id, path := w.workspace("alice", "a")
	other, _ := w.workspace("alice", "b")
	in := map[string]any{"workspaceId": id}
	write(t, path+"/dir/f.md", "one")
	must(t, os.Symlink("/etc/passwd", path+"/link"))
	must(t, unix.Mkfifo(path+"/fifo", 0o600))
	del := func(p string) string {
		return w.post("alice", "/api/files/delete", with(in, "path", p)).want(200).str("trashId")
	}
	first := del("dir/f.md")
	write(t, path+"/dir/f.md", "two")
	second := del("dir")
	link, fifo := del("link"), del("fifo")
	if exists(path+"/dir") || exists(path+"/link") || exists(path+"/fifo") {
		t.Error("deleted things are still there")
	}
	list := w.get("alice", "/api/files/trash", "workspaceId", id, "limit", "3").want(200)
	var page struct {
		Items []struct{ TrashID, Path, Name, Type string }
		Next  string
	}
	must(t, json.Unmarshal(list.body, &page))
	rest := w.get("alice", "/api/files/trash", "workspaceId", id, "cursor", page.Next).want(200)
	if len(page.Items) != 3 || strings.Count(string(rest.body), "trashId") != 1 {
		t.Errorf("trash: %s and %s", list.body, rest.body)
	}
	restore := func(trashID string, more ...any) answer {
		return w.post("alice", "/api/files/trash/restore", with(in, append([]any{"trashId", trashID}, more...)...))
	}
	if got := restore(first).want(200).str("path"); got != "dir/f.md" || content(t, path+"/dir/f.md") != "one" {
		t.Errorf("restored to %s", got)
	}
	if got := restore(second).want(200).str("path"); got != "dir (2)" || content(t, path+"/dir (2)/f.md") != "two" {
		t.Errorf("restored to %s", got)
	}
	restore(second).want(404)
	restore(link, "path", "dir").want(409, "exists")
	restore(link, "path", "../x").want(400)
	restore(link, "path", "else/where").want(200)
	if to, _ := os.Readlink(path + "/else/where"); to != "/etc/passwd" {
		t.Errorf("restored link leads to %q", to)
	}
	w.post("alice", "/api/files/trash/restore", map[string]any{"workspaceId": other, "trashId": fifo}).want(404)
	w.post("alice", "/api/files/trash/empty", map[string]any{"workspaceId": other, "trashIds": []string{fifo}}).want(200)
	w.post("alice", "/api/files/delete", with(in, "path", "")).want(403, "path_protected")
	w.post("alice", "/api/files/delete", with(in, "path", "none")).want(404)
	w.post("alice", "/api/files/delete", with(in, "path", ".innoclaw")).want(403, "path_protected")
	if got := w.post("alice", "/api/files/trash/empty", in).want(200).str("removed"); got != "1" {
		t.Errorf("emptied %s items", got)
	}
	left, _ := os.ReadDir(path + "/.innoclaw/trash")
	if len(left) != 0 {
		t.Errorf("trash folder still holds %v", left)
	}
}

func TestInvalidUTF8NeverReachesTheAnswer(t *testing.T) {
	w := newWorld(t)
	id, path := w.workspace("alice", "a")
	write(t, path+"/\xff\xfe/\x80", "x")
	write(t, path+"/text", "ok \xff\xfe\x80 text with some broken bytes in the middle of it, long enough to count as text")
	for _, a := range []answer{w.get("alice", "/api/files/browse", "workspaceId", id), w.get("alice", "/api/files/read", "workspaceId", id, "path", "text")} {
		if !utf8.Valid(a.body) || !json.Valid(a.body) {
			t.Errorf("%s: invalid answer %q", a.req, a.body)
		}
	}
	w.get("alice", "/api/files/browse", "workspaceId", id, "path", "\xff\xfe").want(400, "path_invalid")
}

func TestRawHeaders(t *testing.T) {
	w := newWorld(t)
	id, path := w.workspace("alice", "a")
	for name, want := range map[string]struct{ contentType, disposition string }{
		"a.png": {"image/png", "inline; filename=a.png"}, "a.pdf": {"application/pdf", "inline; filename=a.pdf"},
		"a.py": {"text/plain; charset=utf-8", "inline; filename=a.py"}, "a.html": {"application/octet-stream", "attachment; filename=a.html"},
		"a.svg": {"image/svg+xml", "attachment; filename=a.svg"}, "a.xml": {"application/octet-stream", "attachment; filename=a.xml"},
		"a.xhtml": {"application/octet-stream", "attachment; filename=a.xhtml"}, "a.js": {"application/octet-stream", "attachment; filename=a.js"},
		"x": {"application/octet-stream", "attachment; filename=x"}, "论文 1.pdf": {"application/pdf", "inline; filename*=utf-8''%E8%AE%BA%E6%96%87%201.pdf"},
		`a";x=.html`: {"application/octet-stream", `attachment; filename="a\";x=.html"`},
	} {
		write(t, path+"/"+name, "<script>alert(1)</script>")
		a := w.get("alice", "/api/files/raw", "workspaceId", id, "path", name).want(200)
		h := a.Header
		if h.Get("Content-Type") != want.contentType || h.Get("Content-Disposition") != want.disposition {
			t.Errorf("%s: %q %q, want %v", name, h.Get("Content-Type"), h.Get("Content-Disposition"), want)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || !strings.HasSuffix(h.Get("Content-Security-Policy"), "; sandbox") || h.Get("ETag") != tag("<script>alert(1)</script>") {
			t.Errorf("%s: headers %v", name, h)
		}
	}
	if a := w.get("alice", "/api/files/raw", "workspaceId", id, "path", "a.png", "download", "1"); !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("download: %v", a.Header)
	}
}

func TestRawRanges(t *testing.T) {
	w := newWorld(t)
	id, path := w.workspace("alice", "a")
	write(t, path+"/f.txt", "0123456789")
	at := "/api/files/raw?path=f.txt&workspaceId=" + id
	for header, want := range map[string]struct {
		status int
		body   string
	}{"bytes=2-4": {206, "234"}, "bytes=-3": {206, "789"}, "bytes=8-": {206, "89"}, "bytes=20-": {416, ""}, "": {200, "0123456789"}} {
		a := w.do("alice", http.MethodGet, at, nil, "Range", header).want(want.status)
		if want.status != 416 && string(a.body) != want.body {
			t.Errorf("range %q: %q, want %q", header, a.body, want.body)
		}
	}
	w.do("alice", http.MethodGet, at, nil, "If-None-Match", tag("0123456789")).want(304)
	if a := w.do("alice", http.MethodGet, at, nil, "Range", "bytes=0-1", "If-Range", `"other"`).want(200); !bytes.Equal(a.body, []byte("0123456789")) {
		t.Errorf("If-Range of another version: %q", a.body)
	}
}
