package config

import (
	"fmt"
	"maps"
	"slices"
)

// unknown lists variables nobody reads: all of the file's, and those of the
// environment whose name is close to a known one. (The environment is full of
// other programs' variables.)
func (c *Config) unknown(environ, file map[string]string) []string {
	known := reserved()
	for _, s := range c.settings {
		known = append(known, s.Key)
	}
	isKnown := func(key string) bool { return slices.Contains(known, key) }
	var warnings []string
	for _, key := range slices.Sorted(maps.Keys(file)) {
		switch near := nearest(key, known); {
		case isKnown(key):
		case near != "":
			warnings = append(warnings, fmt.Sprintf("%s: %s is not a setting; did you mean %s?", EnvFile, key, near))
		default:
			warnings = append(warnings, fmt.Sprintf("%s: %s is not a setting and has no effect", EnvFile, key))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(environ)) {
		if near := nearest(key, known); near != "" && !isKnown(key) {
			warnings = append(warnings, fmt.Sprintf("environment: %s is not a setting; did you mean %s?", key, near))
		}
	}
	return warnings
}

// minSuggest is the shortest name for which a near name is suggested: among short
// names nearly everything is near.
const minSuggest = 7

// nearest finds the known name at most two edits away, or "".
func nearest(key string, known []string) string {
	if len(key) < minSuggest {
		return ""
	}
	best, distance := "", 3
	for _, k := range known {
		if len(k) < minSuggest {
			continue
		}
		if d := editDistance(key, k, distance); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// editDistance is the optimal string alignment distance (insertions, deletions,
// substitutions and swaps of neighbours), or limit if it is at least that.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	before, previous, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(previous[j]+1, row[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, previous, row = previous, row, before
	}
	return min(previous[len(b)], limit)
}
