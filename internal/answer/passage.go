package answer

import (
	"crypto/rand"
	"strings"
)

// Passage ids are a letter and a digit, twice ("k7m2"): short enough for weak
// models to copy, and random for each answer, so that a file's text cannot name
// one. Letters and digits that look alike are left out.
const (
	idLetters = "abcdefghkmnpqrstuvwxyz"
	idDigits  = "23456789"
	idLength  = 4
)

// passageIDs makes n different ids.
func passageIDs(n int) []string {
	ids := make([]string, 0, n)
	seen := make(map[string]bool, n)
	var b [idLength]byte
	for len(ids) < n {
		rand.Read(b[:])
		id := string([]byte{
			idLetters[int(b[0])%len(idLetters)], idDigits[int(b[1])%len(idDigits)],
			idLetters[int(b[2])%len(idLetters)], idDigits[int(b[3])%len(idDigits)],
		})
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids
}

// passageID reads an id at the beginning of s.
func passageID(s string) (id string, ok bool) {
	if len(s) < idLength {
		return "", false
	}
	id = strings.ToLower(s[:idLength])
	for i := range idLength {
		set := idLetters
		if i%2 == 1 {
			set = idDigits
		}
		if strings.IndexByte(set, id[i]) < 0 {
			return "", false
		}
	}
	return id, true
}

// mayBecomeID tells whether s is too short to be an id but begins like one.
func mayBecomeID(s string) bool {
	if len(s) >= idLength {
		return false
	}
	_, ok := passageID(s + "a2a2"[len(s):])
	return ok
}
