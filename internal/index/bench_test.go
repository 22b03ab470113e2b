package index_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/internal/index"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

// vocabulary makes words with a frequency like that of a language.
func vocabulary(rng *rand.Rand) func() string {
	zipf := rand.NewZipf(rng, 1.07, 2.7, 60_000)
	syllables := []string{"ba", "con", "der", "fla", "gra", "hyd", "in", "kel", "lum", "mo", "nan", "or", "phe", "qua", "ra", "sto", "ther", "ul", "vi", "xen"}
	return func() string {
		n := zipf.Uint64() + 20
		var b strings.Builder
		for ; n > 0; n /= 20 {
			b.WriteString(syllables[n%20])
		}
		return b.String()
	}
}

// markdown writes about size bytes of sections with prose.
func markdown(word func() string, size int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s %s\n", word(), word())
	for b.Len() < size {
		fmt.Fprintf(&b, "\n## %s %s\n\n", word(), word())
		for range 80 {
			b.WriteString(word())
			b.WriteByte(' ')
		}
		b.WriteByte('\n')
	}
	return b.String()[:size]
}

func fill(b *bench, files, size int) {
	word := vocabulary(rand.New(rand.NewPCG(1, 2)))
	for i := range files {
		b.write(fmt.Sprintf("d%03d/f%06d.md", i/100, i), markdown(word, size))
	}
}

// peakRSS reads the process's largest resident size so far, in bytes, and
// resets it; 0 where the kernel does not tell.
func peakRSS() float64 {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // resets VmHWM
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			return float64(kb) * 1024
		}
	}
	return 0
}

// BenchmarkFirstIndex indexes 10,000 Markdown files of 4 KB, then looks at them again.
func BenchmarkFirstIndex(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		w := newBench(b, storetest.SQLite(b), index.Options{})
		fill(w, 10_000, 4096)
		runtime.GC()
		peakRSS()
		b.StartTimer()
		began := time.Now()
		w.sync()
		b.ReportMetric(time.Since(began).Seconds(), "s/first")
		b.ReportMetric(peakRSS()/(1<<20), "MB/peak")
		began = time.Now()
		w.sync()
		b.ReportMetric(time.Since(began).Seconds(), "s/second")
		began = time.Now()
		w.find("phegra ther")
		b.ReportMetric(time.Since(began).Seconds(), "s/firstsearch")
	}
}

// BenchmarkScan looks at 100,000 files that the index knows.
func BenchmarkScan(b *testing.B) {
	w := newBench(b, storetest.SQLite(b), index.Options{})
	for i := range 100_000 {
		w.write(fmt.Sprintf("d%04d/f%06d.md", i/100, i), strconv.Itoa(i))
	}
	began := time.Now()
	w.sync()
	first := time.Since(began)
	peakRSS()
	for b.Loop() {
		w.sync()
	}
	b.ReportMetric(first.Seconds(), "s/first")
	b.ReportMetric(peakRSS()/(1<<20), "MB/peak")
}

// BenchmarkSearch searches in 100,000 chunks.
func BenchmarkSearch(b *testing.B) {
	w := newBench(b, storetest.SQLite(b), index.Options{})
	word := vocabulary(rand.New(rand.NewPCG(1, 2)))
	chunks := 0
	for i := 0; chunks < 100_000; i++ {
		w.write(fmt.Sprintf("d%03d/f%06d.md", i/100, i), markdown(word, 28_000))
		if i%500 == 499 {
			w.sync()
			chunks = w.status().Chunks
		}
	}
	began := time.Now()
	w.find("warm up")
	load := time.Since(began)
	rng := rand.New(rand.NewPCG(8, 9))
	word = vocabulary(rng)
	var times []time.Duration
	for b.Loop() {
		q := index.Query{WorkspaceID: w.id, K: 10}
		for range 2 + rng.IntN(6) {
			q.Text += word() + " "
		}
		began := time.Now()
		r, err := w.index.Search(b.Context(), q)
		if err != nil || len(r.Passages) == 0 {
			b.Fatalf("%q: %d passages, %v", q.Text, len(r.Passages), err)
		}
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	b.ReportMetric(load.Seconds(), "s/load")
	b.ReportMetric(float64(chunks), "chunks")
	b.ReportMetric(float64(times[len(times)*95/100].Microseconds())/1000, "ms/p95")
}

// BenchmarkLive measures the time from a save by another program until the new
// text can be found, in a workspace of 10,000 files.
func BenchmarkLive(b *testing.B) {
	w := newBench(b, storetest.SQLite(b), index.Options{})
	fill(w, 10_000, 1000)
	if err := w.index.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = w.index.Stop(context.Background()) }()
	w.eventually("all is indexed", func() bool { return w.status().Counts.Indexed == 10_000 })
	var times []time.Duration
	n := 0
	for b.Loop() {
		n++
		name := fmt.Sprintf("d%03d/f%06d.md", n%100, n%100*100)
		tmp := w.path(filepath.Dir(name) + "/.save")
		mark := fmt.Sprintf("saved%d", n)
		if err := os.WriteFile(tmp, []byte("# "+mark), 0o644); err != nil {
			b.Fatal(err)
		}
		if err := os.Rename(tmp, w.path(name)); err != nil {
			b.Fatal(err)
		}
		times = append(times, w.eventually(mark, func() bool {
			found := w.find(mark)
			return len(found) > 0 && found[0] == name
		}))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)*95/100].Milliseconds()), "ms/p95")
}
