package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// measureQuality runs the questions of the Cranfield collection (CRANFIELD names its
// folder) through "innoclaw search" and computes nDCG@10.
func measureQuality(ctx context.Context, s *suite) error {
	dir := os.Getenv("CRANFIELD")
	if dir == "" {
		dir = "../shared/eval/cranfield"
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintln(os.Stderr, "quality: no Cranfield collection; name its folder in CRANFIELD")
		return nil
	}
	folder := filepath.Join(s.work, "cranfield")
	if err := writeDocuments(filepath.Join(dir, "cran.all.1400"), folder); err != nil {
		return err
	}
	queries, err := records(filepath.Join(dir, "cran.qry"))
	if err != nil {
		return err
	}
	var lines strings.Builder
	for _, q := range queries {
		lines.WriteString(strings.Join(strings.Fields(q['W']), " ") + "\n")
	}
	batch := filepath.Join(s.work, "queries.txt")
	if err := os.WriteFile(batch, []byte(lines.String()), 0o644); err != nil {
		return err
	}
	relevant, err := judgements(filepath.Join(dir, "cranqrel"))
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, s.binary, "search", "--folder", folder, "--batch", batch, "-k", "10", "--per-file", "--json")
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(s.work, "cache"))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("innoclaw search: %w", err)
	}
	score, err := ndcg(out, relevant)
	if err != nil {
		return err
	}
	s.add(figure{name: "Retrieval quality on Cranfield, nDCG@10", target: ">= 0.53", values: []float64{score}, limit: 0.53,
		baseline: 0.513, baselineName: "plain BM25 with stemming"})
	return nil
}

// records splits a file of the collection into its records by field letter.
func records(file string) ([]map[byte]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []map[byte]string
	var field byte
	scanner := bufio.NewScanner(f)
	for scanner.Scan() {
		line := scanner.Text()
		switch {
		case strings.HasPrefix(line, ".I "):
			all = append(all, map[byte]string{'I': strings.TrimSpace(line[3:])})
			field = 0
		case len(line) == 2 && line[0] == '.' && strings.ContainsRune("TABW", rune(line[1])):
			field = line[1]
		case field != 0 && len(all) > 0:
			all[len(all)-1][field] += line + "\n"
		}
	}
	return all, scanner.Err()
}

func writeDocuments(file, to string) error {
	documents, err := records(file)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, d := range documents {
		if err := os.WriteFile(filepath.Join(to, d['I']+".txt"), []byte(strings.TrimSpace(d['T'])+"\n\n"+d['W']), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// judgements gives the relevant documents by the question's position, from 1.
func judgements(file string) (map[int][]string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	relevant := make(map[int][]string)
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) < 3 {
			continue
		}
		question, err := strconv.Atoi(fields[0])
		if err != nil {
			return nil, err
		}
		if code, err := strconv.Atoi(fields[2]); err == nil && code > 0 {
			relevant[question] = append(relevant[question], fields[1])
		}
	}
	return relevant, nil
}

// ndcg is the mean normalised discounted cumulative gain of the first ten hits, with
// gain 1 for a relevant file (Järvelin and Kekäläinen 2002).
func ndcg(out []byte, relevant map[int][]string) (float64, error) {
	decoder := json.NewDecoder(bytes.NewReader(out))
	sum, count := 0.0, 0
	for ; decoder.More(); count++ {
		var result struct {
			Hits []struct {
				Path string `json:"path"`
			} `json:"hits"`
		}
		if err := decoder.Decode(&result); err != nil {
			return 0, fmt.Errorf("read hits: %w", err)
		}
		wanted := relevant[count+1]
		gain, best := 0.0, 0.0
		for rank, hit := range result.Hits[:min(10, len(result.Hits))] {
			if slices.Contains(wanted, strings.TrimSuffix(hit.Path, ".txt")) {
				gain += 1 / math.Log2(float64(rank+2))
			}
		}
		for rank := range min(10, len(wanted)) {
			best += 1 / math.Log2(float64(rank+2))
		}
		if best > 0 {
			sum += gain / best
		}
	}
	if count == 0 {
		return 0, errors.New("no hits were printed")
	}
	return sum / float64(count), nil
}

// measureBundle adds up the script that the workspace page loads first, compressed.
func measureBundle(_ context.Context, s *suite) error {
	page, err := os.ReadFile("web/dist/index.html")
	if err != nil {
		return err
	}
	total := 0.0
	for _, match := range regexp.MustCompile(`(?:src|href)="\.?/?(assets/[^"]+\.js)"`).FindAllSubmatch(page, -1) {
		file := filepath.Join("web/dist", string(match[1]))
		info, err := os.Stat(file + ".br")
		if errors.Is(err, fs.ErrNotExist) {
			info, err = os.Stat(file) // too small to be worth compressing
		}
		if err != nil {
			return err
		}
		total += float64(info.Size()) / 1024
	}
	s.add(figure{name: "Script named by the page, compressed (the browser test counts the workspace page's)", target: "< 250 KB", values: []float64{total}, unit: "KB", limit: 250, less: true,
		baseline: 638, baselineName: "the original's workspace page"})
	return nil
}

// goBenchmark is a Go benchmark whose reported metric is one of the figures.
type goBenchmark struct {
	pkg, name, metric string
	scale             float64 // from the metric to the figure's unit
	benchtime         string  // of go test; empty for its default
	figure            figure
}

var benchmarkLine = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(.*)$`)

// measureGoBenchmarks runs benchmarks that live beside the code they measure.
func measureGoBenchmarks(ctx context.Context, s *suite) error {
	for _, b := range goBenchmarks() {
		args := []string{"test", "-run", "^$", "-bench", "^Benchmark" + b.name + "$", "-count", strconv.Itoa(s.rounds), "-timeout", "30m"}
		if b.benchtime != "" {
			args = append(args, "-benchtime", b.benchtime)
		}
		cmd := exec.CommandContext(ctx, "go", append(args, b.pkg)...)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", b.name, err, out)
		}
		for line := range strings.Lines(string(out)) {
			match := benchmarkLine.FindStringSubmatch(strings.TrimSpace(line))
			if match == nil {
				continue
			}
			fields := strings.Fields(match[2])
			for i := 0; i+1 < len(fields); i += 2 {
				if fields[i+1] != b.metric {
					continue
				}
				value, err := strconv.ParseFloat(fields[i], 64)
				if err != nil {
					return err
				}
				b.figure.values = append(b.figure.values, value*b.scale)
			}
		}
		if len(b.figure.values) == 0 {
			return fmt.Errorf("%s printed no %s:\n%s", b.name, b.metric, out)
		}
		s.add(b.figure)
	}
	return nil
}
