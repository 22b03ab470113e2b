package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// vocabulary makes words whose frequencies follow Zipf's law, as those of real text do.
type vocabulary struct {
	words      []string
	cumulative []float64
}

func newVocabulary(size int) *vocabulary {
	rng := rand.New(rand.NewPCG(1, 2))
	syllables := strings.Fields("an ber co dra el fi gon hu is jor ka lim mo ne or pra qui re son ti ul va wen xi yo zu ment tion ing ate ous ity")
	v := &vocabulary{words: make([]string, size), cumulative: make([]float64, size)}
	sum := 0.0
	for i := range size {
		var b strings.Builder
		for range 1 + rng.IntN(4) {
			b.WriteString(syllables[rng.IntN(len(syllables))])
		}
		v.words[i] = fmt.Sprintf("%s%s", b.String(), suffix(i))
		sum += 1 / math.Pow(float64(i+1), 1.05)
		v.cumulative[i] = sum
	}
	return v
}

// suffix keeps made-up words apart without making them look like numbers.
func suffix(i int) string {
	var b []byte
	for ; i > 0; i /= 26 {
		b = append(b, byte('a'+i%26))
	}
	return string(b)
}

func (v *vocabulary) word(rng *rand.Rand) string {
	at := rng.Float64() * v.cumulative[len(v.cumulative)-1]
	low, high := 0, len(v.cumulative)-1
	for low < high {
		middle := (low + high) / 2
		if v.cumulative[middle] < at {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return v.words[low]
}

// markdown makes a document of about size bytes with headings, paragraphs and a list.
func (v *vocabulary) markdown(rng *rand.Rand, size int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s %s\n\n", v.word(rng), v.word(rng))
	for b.Len() < size {
		if rng.IntN(4) == 0 {
			fmt.Fprintf(&b, "## %s %s %s\n\n", v.word(rng), v.word(rng), v.word(rng))
		}
		for range 3 + rng.IntN(5) {
			for w := range 8 + rng.IntN(12) {
				if w > 0 {
					b.WriteByte(' ')
				}
				b.WriteString(v.word(rng))
			}
			b.WriteString(". ")
		}
		b.WriteString("\n\n")
	}
	return b.String()[:size]
}

// question makes a question of words that a person might ask with.
func (v *vocabulary) question(rng *rand.Rand) string {
	words := []string{"what", "is", "the"}
	for range 5 {
		words = append(words, v.word(rng))
	}
	return strings.Join(words, " ")
}

// writeCorpus makes count Markdown files of size bytes below dir, 500 in a folder.
func writeCorpus(dir string, count, size int) (*vocabulary, error) {
	v := newVocabulary(30000)
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range count {
		folder := filepath.Join(dir, fmt.Sprintf("part-%03d", i/500))
		if i%500 == 0 {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return nil, err
			}
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("note-%05d.md", i)), []byte(v.markdown(rng, size)), 0o644); err != nil {
			return nil, err
		}
	}
	return v, nil
}
