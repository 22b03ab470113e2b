package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/innoclaw/innoclaw/client"
)

const (
	corpusFiles = 10_000
	corpusBytes = 4 << 10
)

// corpus makes the 10,000 files once and gives their folder.
func (s *suite) corpus() (string, error) {
	dir := filepath.Join(s.work, "corpus")
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	_, err := writeCorpus(filepath.Join(dir, "notes"), corpusFiles, corpusBytes)
	return dir, err
}

// indexed gives a data folder whose database holds the corpus, indexed.
func (s *suite) indexed(ctx context.Context) (data, root string, err error) {
	root, err = s.corpus()
	if err != nil {
		return "", "", err
	}
	data = filepath.Join(s.work, "data-indexed")
	if _, err := os.Stat(data); err == nil {
		return data, root, nil
	}
	srv, _, err := startServer(ctx, s, data, root)
	if err != nil {
		return "", "", err
	}
	defer srv.stop()
	_, err = openAndWait(ctx, srv, root)
	return data, root, err
}

// openAndWait opens the folder "notes" of root and waits until it is indexed.
func openAndWait(ctx context.Context, srv *server, root string) (time.Duration, error) {
	c, err := client.New(srv.url)
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	w, err := c.OpenFolder(ctx, "Notes", filepath.Join(root, "notes"))
	if err != nil {
		return 0, err
	}
	return time.Since(begin), waitIndexed(ctx, c, w.ID)
}

// waitIndexed joins the running sync and waits for its end.
func waitIndexed(ctx context.Context, c *client.Client, workspaceID string) error {
	run, err := c.Sync(ctx, workspaceID)
	if err != nil {
		return err
	}
	if err := c.FollowRun(ctx, run, 0, func(client.RunEvent) error { return nil }); err != nil {
		return err
	}
	status, err := c.IndexStatus(ctx, workspaceID)
	if err != nil {
		return err
	}
	if status.Counts.Pending > 0 || status.Counts.Failed > 0 {
		return fmt.Errorf("after the sync: %+v", status.Counts)
	}
	return nil
}

// hashAll reads and hashes every file: the least an index has to do.
func hashAll(dir string) (time.Duration, error) {
	begin := time.Now()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		_, err = io.Copy(sha256.New(), f)
		return errors.Join(err, f.Close())
	})
	return time.Since(begin), err
}

func measureIndex(ctx context.Context, s *suite) error {
	root, err := s.corpus()
	if err != nil {
		return err
	}
	baseline, err := hashAll(root)
	if err != nil {
		return err
	}
	var first, second, peaks []float64
	for round := range s.rounds {
		data := filepath.Join(s.work, fmt.Sprintf("data-%d", round))
		srv, _, err := startServer(ctx, s, data, root)
		if err != nil {
			return err
		}
		begin := time.Now()
		if _, err := openAndWait(ctx, srv, root); err != nil {
			srv.stop()
			return err
		}
		first = append(first, time.Since(begin).Seconds())
		_, peak, err := srv.memory()
		if err != nil {
			srv.stop()
			return err
		}
		peaks = append(peaks, peak)
		begin = time.Now()
		if _, err := openAndWait(ctx, srv, root); err != nil {
			srv.stop()
			return err
		}
		second = append(second, time.Since(begin).Seconds())
		srv.stop()
		if err := os.RemoveAll(data); err != nil {
			return err
		}
	}
	s.add(figure{name: "First index of 10,000 Markdown files of 4 KB", target: "< 15 s", values: first, unit: "s", limit: 15, less: true,
		baseline: baseline.Seconds(), baselineName: "read and SHA-256 of the same files"})
	s.add(figure{name: "Peak memory of that", target: "< 250 MB", values: peaks, unit: "MB", limit: 250, less: true})
	s.add(figure{name: "Second pass without changes", target: "< 1 s", values: second, unit: "s", limit: 1, less: true,
		baseline: baseline.Seconds(), baselineName: "read and SHA-256 of the same files"})
	return nil
}

// measureScan times the first look at 100,000 files, until every one of them is listed.
func measureScan(ctx context.Context, s *suite) error {
	root := filepath.Join(s.work, "many")
	if _, err := writeCorpus(filepath.Join(root, "notes"), 100_000, 300); err != nil {
		return err
	}
	defer os.RemoveAll(root)
	baseline, err := hashAll(root)
	if err != nil {
		return err
	}
	var values []float64
	for round := range s.rounds {
		data := filepath.Join(s.work, fmt.Sprintf("scan-%d", round))
		srv, _, err := startServer(ctx, s, data, root)
		if err != nil {
			return err
		}
		begin := time.Now()
		_, err = openAndWait(ctx, srv, root)
		values = append(values, time.Since(begin).Seconds())
		srv.stop()
		if err := errors.Join(err, os.RemoveAll(data)); err != nil {
			return err
		}
	}
	s.add(figure{name: "Cold scan and index of 100,000 files", target: "< 60 s", values: values, unit: "s", limit: 60, less: true,
		baseline: baseline.Seconds(), baselineName: "read and SHA-256 of the same files"})
	return nil
}

func measureStart(ctx context.Context, s *suite) error {
	data, root, err := s.indexed(ctx)
	if err != nil {
		return err
	}
	var times, memory []float64
	for range s.rounds {
		srv, took, err := startServer(ctx, s, data, root)
		if err != nil {
			return err
		}
		times = append(times, float64(took.Microseconds())/1000)
		select {
		case <-time.After(10 * time.Second): // idle, as the original was measured
		case <-ctx.Done():
		}
		now, _, err := srv.memory()
		srv.stop()
		if err != nil {
			return err
		}
		memory = append(memory, now)
	}
	s.add(figure{name: "Start until the first 200 of GET /api/workspaces, 10,000 files", target: "< 150 ms", values: times, unit: "ms", limit: 150, less: true,
		baseline: 864, baselineName: "the original, measured elsewhere"})
	s.add(figure{name: "Resident memory, 10 s idle after that", target: "< 60 MB", values: memory, unit: "MB", limit: 60, less: true,
		baseline: 177, baselineName: "the original, measured elsewhere"})
	return nil
}
