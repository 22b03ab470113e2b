// Command bench measures the figures that InnoClaw promises, on this machine, with
// the real program, and prints them as a table. Each figure is the median of several
// rounds and stands beside a baseline measured in the same run (a plain way to do the
// least that the figure needs), so that figures of different machines can be compared.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"time"
)

// figure is one line of the result.
type figure struct {
	name, target string
	values       []float64 // one per round
	unit         string
	baseline     float64 // 0 when there is none
	baselineName string
	less         bool // smaller is better
	limit        float64
}

func (f figure) median() float64 {
	values := slices.Sorted(slices.Values(f.values))
	return values[len(values)/2]
}

func (f figure) met() string {
	if f.less && f.median() <= f.limit || !f.less && f.median() >= f.limit {
		return "yes"
	}
	return "no"
}

// suite holds what the measurements share.
type suite struct {
	binary, work string
	rounds       int
	figures      []figure
}

func (s *suite) add(f figure) {
	s.figures = append(s.figures, f)
	fmt.Fprintf(os.Stderr, "%-58s %10.2f %-8s (%v)\n", f.name, f.median(), f.unit, f.values)
}

func main() {
	binary := flag.String("binary", "bin/innoclaw", "the program to measure")
	rounds := flag.Int("rounds", 5, "rounds per figure")
	only := flag.String("only", "", "measure only these groups, comma-separated")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *binary, *rounds, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, binary string, rounds int, only string) error {
	work, err := os.MkdirTemp("", "innoclaw-bench-")
	if err != nil {
		return fmt.Errorf("make work folder: %w", err)
	}
	defer os.RemoveAll(work)
	s := &suite{binary: binary, work: work, rounds: rounds}
	for _, group := range []struct {
		name string
		run  func(context.Context, *suite) error
	}{
		{"index", measureIndex},
		{"start", measureStart},
		{"http", measureHTTP},
		{"chat", measureChat},
		{"scan", measureScan},
		{"quality", measureQuality},
		{"bundle", measureBundle},
		{"gobench", measureGoBenchmarks},
	} {
		if only != "" && !slices.Contains(strings.Split(only, ","), group.name) {
			continue
		}
		if err := group.run(ctx, s); err != nil {
			return fmt.Errorf("measure %s: %w", group.name, err)
		}
	}
	s.print()
	return nil
}

func (s *suite) print() {
	fmt.Printf("Measured %s on %s/%s, %d CPUs, %s, %d rounds.\n\n", time.Now().UTC().Format("2006-01-02"),
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), s.rounds)
	fmt.Println("| What | Median | Target | Met | Baseline in the same run | Ratio |")
	fmt.Println("|---|---:|---|---|---|---:|")
	for _, f := range s.figures {
		baseline, ratio := "", ""
		if f.baseline > 0 {
			baseline = fmt.Sprintf("%s: %s %s", f.baselineName, number(f.baseline), f.unit)
			ratio = number(f.median() / f.baseline)
		}
		fmt.Printf("| %s | %s %s | %s | %s | %s | %s |\n", f.name, number(f.median()), f.unit, f.target, f.met(), baseline, ratio)
	}
}

func number(v float64) string {
	switch {
	case v >= 1000:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 0.1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}
