package identity_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/innoclaw/innoclaw/internal/identity"
	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/server/servertest"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

type fileInput struct {
	WorkspaceID string `query:"workspaceId"`
	Path        string `query:"path"`
}

type fileOutput struct {
	Body struct {
		Path    string `json:"path"`
		Content string `json:"content"`
	}
}

// benchServer serves a file of 10 KB to signed-in people.
func benchServer(b *testing.B) (*server.Server, servertest.Credential) {
	b.Helper()
	service, err := identity.New(identity.Options{DB: storetest.SQLite(b), Mode: identity.Local, DataDir: b.TempDir(), Hash: cheap})
	if err != nil {
		b.Fatal(err)
	}
	table := server.NewTable("bench", nil)
	content := strings.Repeat("0123456789abcde\n", 640)
	server.Handle(table, server.Route{Method: "GET", Path: "/api/files/read", Access: server.OwnerOf("workspace")},
		func(_ context.Context, in *fileInput) (*fileOutput, error) {
			out := &fileOutput{}
			out.Body.Path, out.Body.Content = in.Path, content
			return out, nil
		})
	s, err := server.New(server.Options{Table: table, Auth: service, Port: "3000"})
	if err != nil {
		b.Fatal(err)
	}
	u, err := service.CreateUser(b.Context(), identity.NewUser{Email: "a@x.org", Password: password})
	if err != nil {
		b.Fatal(err)
	}
	value, _, err := service.CreateToken(b.Context(), u.ID, identity.NewToken{Name: "bench", Scopes: []string{"read"}})
	if err != nil {
		b.Fatal(err)
	}
	return s, servertest.Bearer(value)
}

const benchTarget = "/api/files/read?workspaceId=w&path=a/b.txt"

type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

// BenchmarkRequest is the whole way of a request but for the network.
func BenchmarkRequest(b *testing.B) {
	s, as := benchServer(b)
	for _, encoding := range []string{"identity", "gzip"} {
		b.Run(encoding, func(b *testing.B) {
			r := httptest.NewRequest("GET", benchTarget, nil)
			r.Host = host
			r.Header.Set("Accept-Encoding", encoding)
			as(r)
			b.ReportAllocs()
			for b.Loop() {
				clear := discard{http.Header{}}
				s.ServeHTTP(clear, r)
			}
		})
	}
}

// BenchmarkConnections is 32 connections over loopback; the clients run on the
// same processors.
func BenchmarkConnections(b *testing.B) {
	s, as := benchServer(b)
	ts := httptest.NewServer(s)
	defer ts.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}
	b.SetParallelism(16) // times two processors
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, _ := http.NewRequestWithContext(b.Context(), "GET", ts.URL+benchTarget, nil)
			r.Host = host
			as(r)
			resp, err := client.Do(r)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				b.Errorf("status %d", resp.StatusCode)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}
