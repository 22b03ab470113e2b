package workspace_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// makeFiles makes n empty files.
func makeFiles(t testing.TB, dir string, n int) {
	t.Helper()
	must(t, os.MkdirAll(dir, 0o755))
	for i := range n {
		must(t, unix.Mknod(filepath.Join(dir, fmt.Sprintf("file-%d.md", i)), unix.S_IFREG|0o644, 0))
	}
}

// TestHundredThousandFiles pages through one huge folder: each file comes once, in
// order, and an answer holds no more than its page.
func TestHundredThousandFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 100,000 files")
	}
	w := newWorld(t)
	id, path := w.workspace("alice", "a")
	const n = 100_000
	makeFiles(t, path+"/many", n)
	seen := 0
	for cursor := ""; ; {
		var page struct {
			Total   int
			Next    string
			Entries []struct{ Name string }
		}
		must(t, json.Unmarshal(w.get("alice", "/api/files/browse", "workspaceId", id, "path", "many", "limit", "5000", "cursor", cursor).want(200).body, &page))
		if page.Total != n || len(page.Entries) > 5000 {
			t.Fatalf("page of %d entries, total %d", len(page.Entries), page.Total)
		}
		for _, e := range page.Entries {
			if want := fmt.Sprintf("file-%d.md", seen); e.Name != want {
				t.Fatalf("entry %d is %s, want %s", seen, e.Name, want)
			}
			seen++
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if seen != n {
		t.Errorf("saw %d files, want %d", seen, n)
	}
}

// serve starts a real server on a folder with what the benchmarks read.
func serve(b *testing.B) (get func(path string)) {
	b.Helper()
	w := newWorld(b)
	id, path := w.workspace("alice", "a")
	makeFiles(b, path+"/thousand", 1000)
	makeFiles(b, path+"/many", 100_000)
	write(b, path+"/ten.txt", strings.Repeat("0123456789abcdef", 640))
	time.Sleep(2100 * time.Millisecond) // until the folders' times can be trusted, as they are in practice
	srv := httptest.NewServer(w.handler)
	b.Cleanup(srv.Close)
	client := srv.Client()
	client.Transport.(*http.Transport).MaxIdleConnsPerHost = 64
	client.Transport.(*http.Transport).DisableCompression = true
	return func(p string) {
		req, err := http.NewRequest(http.MethodGet, srv.URL+p+"&workspaceId="+url.QueryEscape(id), nil)
		must(b, err)
		req.Header.Set("Authorization", "Bearer alice")
		res, err := client.Do(req)
		must(b, err)
		n, err := discard(res)
		if err != nil || res.StatusCode != 200 || n < 1000 {
			b.Errorf("%s: %d, %d bytes, %v", p, res.StatusCode, n, err)
		}
	}
}

func discard(res *http.Response) (int64, error) {
	defer res.Body.Close()
	buf := make([]byte, 64<<10)
	var n int64
	for {
		k, err := res.Body.Read(buf)
		n += int64(k)
		if err != nil {
			if err.Error() == "EOF" {
				err = nil
			}
			return n, err
		}
	}
}

// BenchmarkHTTP measures requests over 32 connections, client included.
func BenchmarkHTTP(b *testing.B) {
	get := serve(b)
	for name, p := range map[string]string{
		"browse1000":   "/api/files/browse?path=thousand&limit=1000",
		"browse100000": "/api/files/browse?path=many&limit=1000&cursor=" + url.QueryEscape("ZmZpbGUtNTAwMDAubWQ"),
		"read10KB":     "/api/files/read?path=ten.txt",
		"raw10KB":      "/api/files/raw?path=ten.txt",
	} {
		b.Run(name, func(b *testing.B) {
			b.SetParallelism(16) // times GOMAXPROCS of 2
			before := cpuTime(b)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					get(p)
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
			b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

// cpuTime is what the process, client included, has used: unlike the clock it does not
// suffer from what else the machine does.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u unix.Rusage
	must(b, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
