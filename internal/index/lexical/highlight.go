package lexical

import "slices"

// Highlight returns the byte ranges of the words of a text that the given
// terms look for, in order and without overlap. Terms are words as Terms
// returns them; the same analysis decides, so "layers" marks "layer".
func (x *Index) Highlight(terms []string, text string) [][2]int {
	a := x.analyzer()
	defer x.analyzers.Put(a)
	wanted := map[*entry]bool{}
	single := map[string]bool{}
	for _, t := range terms {
		a.scan(t, func(e *entry, _, _ int, k kind) {
			wanted[e] = true
			if k == part && singleRune(e.term) {
				single[e.term] = true
			}
		})
	}
	var ranges [][2]int
	a.scan(text, func(e *entry, start, end int, _ kind) {
		if wanted[e] {
			ranges = append(ranges, [2]int{start, end})
		}
	})
	for char := range single {
		ranges = append(ranges, occurrences(text, char)...)
	}
	slices.SortFunc(ranges, func(a, b [2]int) int { return a[0] - b[0] })
	return merged(ranges)
}

func occurrences(text, char string) (ranges [][2]int) {
	for i := 0; i+len(char) <= len(text); {
		if text[i:i+len(char)] == char {
			ranges = append(ranges, [2]int{i, i + len(char)})
			i += len(char)
			continue
		}
		i++
	}
	return ranges
}

// merged joins ranges that overlap or touch; they are sorted by start.
func merged(ranges [][2]int) [][2]int {
	out := ranges[:0]
	for _, r := range ranges {
		if n := len(out); n > 0 && r[0] <= out[n-1][1] {
			out[n-1][1] = max(out[n-1][1], r[1])
			continue
		}
		out = append(out, r)
	}
	return out
}
