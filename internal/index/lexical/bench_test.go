package lexical_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/internal/index/lexical"
)

// benchChunks is the size of the large index, as in the search target.
const benchChunks = 100_000

// zipfCorpus makes English-like chunks of about 1.3 KB: word frequencies follow
// Zipf's law, and the vocabulary has inflected forms, names and numbers.
type zipfCorpus struct {
	rng   *rand.Rand
	zipf  *rand.Zipf
	words []string
}

func newZipfCorpus() *zipfCorpus {
	rng := rand.New(rand.NewPCG(1, 2))
	z := &zipfCorpus{rng: rng, zipf: rand.NewZipf(rng, 1.15, 2.7, 299_999)}
	syllables := strings.Fields("ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu tra ble con pre ster ment tion al ic ing ed er")
	for i := range 300_000 {
		var b strings.Builder
		for n := 1 + min(4, len(fmt.Sprint(i))-1) + rng.IntN(2); n > 0; n-- {
			b.WriteString(syllables[rng.IntN(len(syllables))])
		}
		if i%17 == 0 {
			fmt.Fprintf(&b, "%d", i%1000)
		}
		z.words = append(z.words, b.String())
	}
	return z
}

func (z *zipfCorpus) text(size int) string {
	var b strings.Builder
	for i := 1; b.Len() < size; i++ {
		b.WriteString(z.words[z.zipf.Uint64()])
		if i%13 == 0 {
			b.WriteByte('.')
		}
		b.WriteByte(' ')
	}
	return b.String()
}

// question has the shape of a natural question: stop words, some frequent and
// some rare words.
func (z *zipfCorpus) question() string {
	words := []string{"what", "is", "the"}
	for range 6 + z.rng.IntN(5) {
		words = append(words, z.words[20+z.zipf.Uint64()%100_000])
	}
	return strings.Join(words, " ")
}

func (z *zipfCorpus) fill(tb testing.TB, chunks int) *corpus {
	c := newCorpus(tb)
	for i := range chunks / 4 {
		path := fmt.Sprintf("notes/topic-%d/file%d.md", i%97, i)
		var docs []lexical.Doc
		for n := range 4 {
			docs = append(docs, lexical.Doc{Ordinal: n, Path: path, Title: z.text(30), Breadcrumb: z.text(40), Text: z.text(1300)})
			c.texts[path] = append(c.texts[path], docs[n].Text)
		}
		if err := c.x.Put(path, c.x.Analyze(docs)); err != nil {
			tb.Fatal(err)
		}
	}
	return c
}

// cranfieldLarge is real text, repeated under other names up to the size.
func cranfieldLarge(tb testing.TB, data cranfield, chunks int) *corpus {
	c := newCorpus(tb)
	for n := 0; c.x.Stats().Chunks < chunks; n++ {
		d := data.docs[n%len(data.docs)]
		c.add(tb, fmt.Sprintf("%d/%d.txt", n/len(data.docs), d.id), d.text)
	}
	return c
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// reportMemory logs what the index holds: the heap with it less the heap of
// its texts and of everything else.
func reportMemory(b *testing.B, c *corpus) {
	st := c.x.Stats()
	with := heap()
	x := c.x
	c.x = nil
	var buf bytes.Buffer
	if err := x.Save(&buf); err != nil {
		b.Fatal(err)
	}
	size := uint64(buf.Cap())
	x = nil
	without := heap()
	b.Logf("%d chunks, %d terms: %.1f MB on the heap (Stats.Bytes %.1f MB), %.1f MB saved", st.Chunks, st.Terms,
		float64(with-(without-size))/1e6, float64(st.Bytes)/1e6, float64(buf.Len())/1e6)
	loaded, err := lexical.Load(buf.Bytes())
	if err != nil {
		b.Fatal(err)
	}
	c.x = loaded
}

func reportSearch(b *testing.B, c *corpus, queries []string, o lexical.Options) {
	var times []time.Duration
	for b.Loop() {
		q := queries[len(times)%len(queries)]
		start := time.Now()
		if r := c.x.Search(q, o); len(r.Hits) == 0 {
			b.Fatalf("nothing found for %q", q)
		}
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-us")
	b.ReportMetric(float64(times[len(times)*95/100].Microseconds()), "p95-us")
}

func BenchmarkAnalyze(b *testing.B) {
	for name, text := range map[string]func(tb testing.TB) string{
		"zipf": func(testing.TB) string { return newZipfCorpus().text(2 << 20) },
		"cranfield": func(tb testing.TB) string {
			var s strings.Builder
			for _, d := range loadCranfield(tb).docs {
				s.WriteString(d.text)
			}
			return s.String()
		},
		"chinese": func(testing.TB) string {
			return strings.Repeat("大型语言模型在科学研究中的应用越来越广泛，但其可靠性仍需验证。", 20_000)
		},
	} {
		b.Run(name, func(b *testing.B) {
			t := text(b)
			var docs []lexical.Doc
			for i := 0; i+1300 < len(t); i += 1300 {
				docs = append(docs, lexical.Doc{Ordinal: i, Path: "a.txt", Text: t[i : i+1300]})
			}
			x := lexical.New()
			b.SetBytes(int64(len(docs)) * 1300)
			for b.Loop() {
				for f := 0; f+4 <= len(docs); f += 4 {
					x.Analyze(docs[f : f+4])
				}
			}
		})
	}
}

func BenchmarkBuild(b *testing.B) {
	z := newZipfCorpus()
	files := make([][]lexical.Doc, 2500)
	size := 0
	for i := range files {
		for n := range 4 {
			files[i] = append(files[i], lexical.Doc{Ordinal: n, Path: fmt.Sprintf("n/f%d.md", i), Text: z.text(1300)})
			size += len(files[i][n].Text)
		}
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		x := lexical.New()
		for i, docs := range files {
			if err := x.Put(fmt.Sprint(i), x.Analyze(docs)); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkLarge(b *testing.B) {
	z := newZipfCorpus()
	c := z.fill(b, benchChunks)
	reportMemory(b, c)
	var queries []string
	for range 500 {
		queries = append(queries, z.question())
	}
	b.Run("search", func(b *testing.B) { reportSearch(b, c, queries, lexical.Options{K: 10}) })
	b.Run("search-texts", func(b *testing.B) { reportSearch(b, c, queries, lexical.Options{K: 10, Texts: c.fetch}) })
	b.Run("search-per-file", func(b *testing.B) { reportSearch(b, c, queries, lexical.Options{K: 10, PerFile: 1}) })
	benchSaveLoad(b, c.x)
}

func benchSaveLoad(b *testing.B, x *lexical.Index) {
	var buf bytes.Buffer
	b.Run("save", func(b *testing.B) {
		for b.Loop() {
			buf.Reset()
			if err := x.Save(&buf); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(int64(buf.Len()))
	})
	b.Run("load", func(b *testing.B) {
		b.SetBytes(int64(buf.Len()))
		for b.Loop() {
			if _, err := lexical.Load(buf.Bytes()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkLargeCranfield(b *testing.B) {
	data := loadCranfield(b)
	c := cranfieldLarge(b, data, benchChunks)
	reportMemory(b, c)
	b.Run("search", func(b *testing.B) { reportSearch(b, c, data.queries, lexical.Options{K: 10}) })
	b.Run("search-texts", func(b *testing.B) { reportSearch(b, c, data.queries, lexical.Options{K: 10, Texts: c.fetch}) })
	b.Run("search-per-file-texts", func(b *testing.B) {
		reportSearch(b, c, data.queries, lexical.Options{K: 10, PerFile: 1, Texts: c.fetch})
	})
	benchSaveLoad(b, c.x)
}
