package lexical_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/innoclaw/innoclaw/internal/index/lexical"
	"pgregory.net/rapid"
)

func put(t testing.TB, x *lexical.Index, file string, texts ...string) {
	t.Helper()
	docs := make([]lexical.Doc, len(texts))
	for i, text := range texts {
		docs[i] = lexical.Doc{Ordinal: i, Path: file, Text: text}
	}
	if err := x.Put(file, x.Analyze(docs)); err != nil {
		t.Fatal(err)
	}
}

func found(x *lexical.Index, query string, o lexical.Options) []string {
	var out []string
	for _, h := range x.Search(query, o).Hits {
		out = append(out, fmt.Sprintf("%s#%d", h.File, h.Ordinal))
	}
	return out
}

func TestPutReplacesAndRemoveForgets(t *testing.T) {
	t.Parallel()
	x := lexical.New()
	put(t, x, "a", "apple tart", "apple pie")
	put(t, x, "b", "banana bread")
	put(t, x, "a", "cherry cake")
	if got := found(x, "apple", lexical.Options{}); got != nil {
		t.Errorf("the old text of a file is found: %v", got)
	}
	if got := found(x, "cherry banana", lexical.Options{}); len(got) != 2 {
		t.Errorf("found %v, want both files", got)
	}
	if !x.RemoveFile("a") || x.RemoveFile("a") || x.RemoveFile("never") {
		t.Error("RemoveFile tells wrongly what was there")
	}
	if x.Has("a") || !x.Has("b") {
		t.Error("Has is wrong after RemoveFile")
	}
	if got := found(x, "cherry", lexical.Options{}); got != nil {
		t.Errorf("a removed file is found: %v", got)
	}
	put(t, x, "empty")
	st := x.Stats()
	if st.Files != 2 || st.Chunks != 1 || st.Removed != 3 {
		t.Errorf("Stats = %+v, want 2 files, 1 chunk, 3 removed", st)
	}
}

func TestPerFileAndScope(t *testing.T) {
	t.Parallel()
	x := lexical.New()
	put(t, x, "a", "apple apple", "apple tart with cream", "apple apple apple")
	put(t, x, "b", "apple of the orchard in the north", "pear")
	put(t, x, "c", "pear")
	for _, c := range []struct {
		o    lexical.Options
		want int
	}{
		{lexical.Options{}, 4},
		{lexical.Options{PerFile: 1}, 2},
		{lexical.Options{PerFile: 2}, 3},
		{lexical.Options{K: 1}, 1},
		{lexical.Options{K: 100, PerFile: 100}, 4},
		{lexical.Options{Scope: func(f string) bool { return f == "b" }}, 1},
		{lexical.Options{Scope: func(string) bool { return false }}, 0},
	} {
		if got := found(x, "apple", c.o); len(got) != c.want {
			t.Errorf("%+v: found %v, want %d hits", c.o, got, c.want)
		}
	}
}

func TestOrderIsStable(t *testing.T) {
	t.Parallel()
	forward, backward := lexical.New(), lexical.New()
	for i := range 50 {
		put(t, forward, fmt.Sprintf("f%02d", i), "same words here")
		put(t, backward, fmt.Sprintf("f%02d", 49-i), "same words here")
	}
	a, b := found(forward, "words", lexical.Options{K: 20}), found(backward, "words", lexical.Options{K: 20})
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("equal scores are ordered by when they were indexed:\n%s", diff)
	}
}

func TestCoverageTellsSupport(t *testing.T) {
	t.Parallel()
	x := lexical.New()
	for i := range 20 {
		put(t, x, fmt.Sprint("f", i), fmt.Sprintf("the temperature of sample number %d", i))
	}
	full := x.Search("temperature of the sample", lexical.Options{}).Hits[0].Coverage
	poor := x.Search("temperature of the Antarctic plateau", lexical.Options{}).Hits[0].Coverage
	if full < 0.99 || poor > 0.2 {
		t.Errorf("coverage %.2f of a question that is covered, %.2f of one that is not", full, poor)
	}
}

func TestNearWordsWin(t *testing.T) {
	t.Parallel()
	texts := map[string][]string{
		"apart":    {"random things were tried; later the forest of the north was visited by many"},
		"together": {"many things were tried; later a random forest of the usual kind was visited"},
	}
	x := lexical.New()
	for f, text := range texts {
		put(t, x, f, text...)
	}
	for i := range 20 {
		put(t, x, fmt.Sprint("f", i), "something else entirely")
	}
	fetch := func(hits []lexical.Hit) (out []string) {
		for _, h := range hits {
			out = append(out, texts[h.File][h.Ordinal])
		}
		return out
	}
	if got := found(x, "random forest", lexical.Options{Texts: fetch}); got[0] != "together#0" {
		t.Errorf("found %v, want the words that stand together first", got)
	}
}

func TestTextsAreAskedForSparingly(t *testing.T) {
	t.Parallel()
	x := lexical.New()
	for i := range 200 {
		put(t, x, fmt.Sprint("f", i), fmt.Sprintf("shock wave pressure on a blunt body number %d with extra words %d", i, i%7), "wave body")
	}
	for _, o := range []lexical.Options{{K: 10}, {K: 10, PerFile: 1}, {K: 300}} {
		calls, asked := 0, map[string]int{}
		o.Texts = func(hits []lexical.Hit) []string {
			calls++
			for _, h := range hits {
				asked[fmt.Sprint(h.File, h.Ordinal)]++
			}
			return nil // a caller that has none is served as well
		}
		r := x.Search("what pressure does the shock wave have on a blunt body", o)
		if want := min(o.K, 400); len(r.Hits) != want {
			t.Errorf("%+v: %d hits, want %d", o, len(r.Hits), want)
		}
		if calls > 2 || len(asked) == 0 || len(asked) > lexical.MaxTexts {
			t.Errorf("%d calls for %d texts, want at most 2 for %d", calls, len(asked), lexical.MaxTexts)
		}
		for i := 1; i < len(r.Hits); i++ {
			if r.Hits[i].Score > r.Hits[i-1].Score {
				t.Errorf("hit %d scores more than the one before it", i)
			}
		}
	}
}

// TestAgainstModel plays random operations and compares what is found, and
// that a compacted and a reloaded copy answer alike, scores included.
func TestAgainstModel(t *testing.T) {
	t.Parallel()
	words := strings.Fields("alpha beta gamma delta wing flow shock heat 水质 检测 layer-theory get_user")
	rapid.Check(t, func(t *rapid.T) {
		x := lexical.New()
		model := map[string][]string{}
		for range rapid.IntRange(1, 40).Draw(t, "operations") {
			file := fmt.Sprint("f", rapid.IntRange(0, 9).Draw(t, "file"))
			if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
				if _, was := model[file]; x.RemoveFile(file) != was {
					t.Fatalf("RemoveFile(%s) != %v", file, was)
				}
				delete(model, file)
				continue
			}
			texts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
				return strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 12).Draw(t, "words"), " ")
			}), 0, 4).Draw(t, "texts")
			model[file] = texts
			var docs []lexical.Doc
			for i, text := range texts {
				docs = append(docs, lexical.Doc{Ordinal: i, Path: file, Text: text})
			}
			if err := x.Put(file, x.Analyze(docs)); err != nil {
				t.Fatal(err)
			}
		}
		checkMembers(t, x, model, words)
		query := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 5).Draw(t, "query"), " ")
		x.Compact()
		checkMembers(t, x, model, words)
		want := x.Search(query, lexical.Options{K: 50})
		var buf bytes.Buffer
		if err := x.Save(&buf); err != nil {
			t.Fatal(err)
		}
		y, err := lexical.Load(buf.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, y.Search(query, lexical.Options{K: 50}), cmpopts.IgnoreUnexported(lexical.Hit{})); diff != "" {
			t.Fatalf("the reloaded index answers %q otherwise:\n%s", query, diff)
		}
		// A loaded index goes on like any other.
		if err := y.Put("new", y.Analyze([]lexical.Doc{{Path: "new", Text: "alpha omega"}})); err != nil {
			t.Fatal(err)
		}
		model["new"] = []string{"alpha omega"}
		checkMembers(t, y, model, append(words, "omega"))
	})
}

func checkMembers(t *rapid.T, x *lexical.Index, model map[string][]string, words []string) {
	chunks := 0
	for _, w := range words {
		want := map[string]bool{}
		chunks = 0
		for file, texts := range model {
			for i, text := range texts {
				chunks++
				if strings.Contains(" "+text+" ", " "+w+" ") {
					want[fmt.Sprintf("%s#%d", file, i)] = true
				}
			}
		}
		got := map[string]bool{}
		for _, h := range found(x, w, lexical.Options{K: 1000}) {
			got[h] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("word %q:\n%s", w, diff)
		}
	}
	if st := x.Stats(); st.Files != len(model) || st.Chunks != chunks {
		t.Fatalf("Stats = %+v, want %d files and %d chunks", st, len(model), chunks)
	}
}

func TestCompactsByItself(t *testing.T) {
	t.Parallel()
	x := lexical.New()
	for round := range 60 {
		for i := range 100 {
			put(t, x, fmt.Sprint("f", i), fmt.Sprintf("rd%d file%d common words of all", round, i))
		}
	}
	st := x.Stats()
	if st.Chunks != 100 || st.Removed > 900 || st.Terms > 4000 {
		t.Errorf("after 6000 writes of 100 files: %+v, want removed chunks and their terms gone", st)
	}
	if got := found(x, "rd59", lexical.Options{K: 200}); len(got) != 100 {
		t.Errorf("%d files of the last round are found, want 100", len(got))
	}
	if got := found(x, "rd58", lexical.Options{}); got != nil {
		t.Errorf("found %v of an earlier round", got)
	}
}

// TestLongPostings crosses pages and slices of the pool.
func TestLongPostings(t *testing.T) {
	t.Parallel()
	x := lexical.New()
	const n = 6000
	for i := range n {
		text := fmt.Sprintf("common un%d", i)
		if i%100 == 0 {
			text += strings.Repeat(" often", 1+i%200)
		}
		put(t, x, fmt.Sprint(i), text)
	}
	if got := found(x, "common", lexical.Options{K: n + 1}); len(got) != n {
		t.Errorf("found %d of %d", len(got), n)
	}
	if got := found(x, "often", lexical.Options{K: n}); len(got) != n/100 {
		t.Errorf("found %d, want %d", len(got), n/100)
	}
	for i := 0; i < n; i += 577 {
		if got := found(x, fmt.Sprint("un", i), lexical.Options{}); len(got) != 1 || got[0] != fmt.Sprintf("%d#0", i) {
			t.Errorf("un%d: found %v", i, got)
		}
	}
}

// TestReadersBesideWriter lets readers search while files change: each reader
// sees whole states of files only.
func TestReadersBesideWriter(t *testing.T) {
	t.Parallel()
	x := lexical.New()
	put(t, x, "steady", "anchor")
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if got := found(x, "anchor", lexical.Options{}); len(got) != 1 {
					t.Errorf("the steady file is found as %v", got)
					return
				}
				// Both chunks of a version are there, or none.
				seen := map[string]int{}
				for _, h := range x.Search("moving", lexical.Options{K: 1000}).Hits {
					seen[h.File]++
				}
				for f, n := range seen {
					if n != 2 {
						t.Errorf("file %s is seen with %d of 2 chunks", f, n)
						return
					}
				}
			}
		})
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 2000 {
		file := fmt.Sprint("f", rng.IntN(20))
		switch {
		case i%7 == 0:
			x.RemoveFile(file)
		case i%500 == 0:
			if err := x.Save(new(bytes.Buffer)); err != nil {
				t.Error(err)
			}
		default:
			put(t, x, file, fmt.Sprint("moving target ", i), fmt.Sprint("moving again ", i))
		}
	}
	close(done)
	wg.Wait()
}

func saved(t testing.TB) []byte {
	x := lexical.New()
	put(t, x, "a", "apple tart", "apple pie 水质检测")
	put(t, x, "b", "banana bread", strings.Repeat("apple ", 70))
	var b bytes.Buffer
	if err := x.Save(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLoadRefusesDamage(t *testing.T) {
	t.Parallel()
	good := saved(t)
	if _, err := lexical.Load(good); err != nil {
		t.Fatal(err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x10
		if _, err := lexical.Load(bad); err == nil {
			t.Errorf("a change of byte %d of %d goes unnoticed", i, len(good))
		}
		if _, err := lexical.Load(good[:i]); !errors.Is(err, lexical.ErrCorrupt) {
			t.Errorf("cut to %d bytes: %v, want ErrCorrupt", i, err)
		}
	}
	old := bytes.Clone(good)
	old[12]++
	if _, err := lexical.Load(old); !errors.Is(err, lexical.ErrVersion) {
		t.Errorf("other analysis version: %v, want ErrVersion", err)
	}
}

// FuzzLoad changes a saved index and makes its checksum right again: Load may
// refuse it, or the index answers something, but nothing panics.
func FuzzLoad(f *testing.F) {
	good := saved(f)
	f.Add(good)
	f.Add([]byte("iclexidx"))
	f.Add([]byte{})
	for i := 16; i < len(good); i += 7 {
		bad := bytes.Clone(good)
		bad[i] += 3
		f.Add(bad)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		const crcAt = 64
		if len(b) > crcAt+4 {
			table := crc32.MakeTable(crc32.Castagnoli)
			sum := crc32.Update(crc32.Checksum(b[:crcAt], table), table, b[crcAt+4:])
			binary.LittleEndian.PutUint32(b[crcAt:], sum)
		}
		x, err := lexical.Load(b)
		if err != nil {
			return
		}
		x.Search("apple banana 水", lexical.Options{K: 5, PerFile: 1})
		put(t, x, "c", "apple cherry")
		x.RemoveFile("a")
		x.Compact()
		x.Search("apple banana 水", lexical.Options{})
		if err := x.Save(new(bytes.Buffer)); err != nil {
			t.Fatal(err)
		}
	})
}
