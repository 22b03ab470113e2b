package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/innoclaw/innoclaw/client"
)

const (
	connections = 32
	loadTime    = 3 * time.Second
)

// load requests address over many connections and gives answers per second.
func load(ctx context.Context, address string) (float64, error) {
	h := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, DisableCompression: true}}
	defer h.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, loadTime)
	defer cancel()
	var done atomic.Int64
	var failure atomic.Value
	var wg sync.WaitGroup
	begin := time.Now()
	for range connections {
		wg.Go(func() {
			for ctx.Err() == nil {
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
				if err != nil {
					failure.Store(err)
					return
				}
				res, err := h.Do(req)
				if err != nil {
					if ctx.Err() == nil {
						failure.Store(err)
					}
					return
				}
				_, err = io.Copy(io.Discard, res.Body)
				res.Body.Close()
				if err != nil {
					return
				}
				if res.StatusCode != http.StatusOK {
					failure.Store(fmt.Errorf("%s answered %s", address, res.Status))
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	if err, ok := failure.Load().(error); ok {
		return 0, err
	}
	return float64(done.Load()) / time.Since(begin).Seconds(), nil
}

// plainServer answers every request with size bytes: what net/http alone can do here.
func plainServer(size int) (address string, stop func(), err error) {
	body := []byte(strings.Repeat("x", size))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(body) })}
	go srv.Serve(listener)
	return "http://" + listener.Addr().String(), func() { srv.Close() }, nil
}

func measureHTTP(ctx context.Context, s *suite) error {
	root := filepath.Join(s.work, "http")
	folder := filepath.Join(root, "notes", "thousand")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for i := range 1000 {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("file-%04d.txt", i)), []byte("x\n"), 0o644); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(root, "notes", "ten.txt"), []byte(strings.Repeat("0123456789abcde\n", 640)), 0o644); err != nil {
		return err
	}
	srv, _, err := startServer(ctx, s, filepath.Join(s.work, "data-http"), root)
	if err != nil {
		return err
	}
	defer srv.stop()
	c, err := client.New(srv.url)
	if err != nil {
		return err
	}
	w, err := c.OpenFolder(ctx, "Notes", filepath.Join(root, "notes"))
	if err != nil {
		return err
	}
	if err := waitIndexed(ctx, c, w.ID); err != nil {
		return err
	}
	for _, m := range []struct {
		name, target, path string
		size               int
		limit              float64
	}{
		{"GET /api/files/browse, 1,000 entries, 32 connections", "> 400/s", "/api/files/browse?path=thousand&limit=1000&workspaceId=" + url.QueryEscape(w.ID), 130_000, 400},
		{"GET /api/files/read, 10 KB, 32 connections", "> 5,000/s", "/api/files/read?path=ten.txt&workspaceId=" + url.QueryEscape(w.ID), 10_240, 5000},
		{"GET /api/workspaces, 32 connections", "> 1,152/s", "/api/workspaces", 400, 1152},
	} {
		plain, stop, err := plainServer(m.size)
		if err != nil {
			return err
		}
		baseline, err := load(ctx, plain)
		stop()
		if err != nil {
			return err
		}
		var values []float64
		for range s.rounds {
			rate, err := load(ctx, srv.url+m.path)
			if err != nil {
				return err
			}
			values = append(values, rate)
		}
		s.add(figure{name: m.name, target: m.target, values: values, unit: "/s", limit: m.limit, baseline: baseline,
			baselineName: "net/http sending as many bytes from memory"})
	}
	return nil
}
