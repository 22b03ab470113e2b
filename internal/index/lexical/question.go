package lexical

import (
	"strings"
	"unicode/utf8"
)

// question is a parsed query.
type question struct {
	terms   []queryTerm
	surface []string
}

// queryTerm is one distinct term to look for.
type queryTerm struct {
	text   string
	weight float64 // share in the score
	cover  float64 // share in the coverage
	rarity float64 // its idf, known after the first search
	expand bool    // a single character that also stands for the pairs it is in
}

// maxExpanded bounds the terms of a question that stand for many others.
const maxExpanded = 4

// maxQueryTerms bounds the work of one search; a longer question is cut.
const maxQueryTerms = 256

// parse turns a query into terms. Stop words are left out unless nothing else is there.
func (x *Index) parse(query string) *question {
	a := x.analyzer()
	defer x.analyzers.Put(a)
	q := a.parse(maskAsking(query), true)
	if len(q.terms) == 0 {
		q = a.parse(query, false)
	}
	return q
}

func (a *analyzer) parse(query string, stop bool) *question {
	q := &question{}
	at := map[string]int{}
	seen := map[string]bool{}
	expanded := 0
	a.scan(query, func(e *entry, start, end int, k kind) {
		surface := query[start:end]
		if stop && k == part && isStop(surface) {
			return
		}
		i, ok := at[e.term]
		if !ok {
			if len(q.terms) == maxQueryTerms {
				return
			}
			i = len(q.terms)
			at[e.term] = i
			expand := k == part && expanded < maxExpanded && singleRune(e.term)
			if expand {
				expanded++
			}
			q.terms = append(q.terms, queryTerm{text: e.term, expand: expand})
		}
		if k == part {
			q.terms[i].weight++
			q.terms[i].cover = 1
		} else {
			q.terms[i].weight += wholeWeight
		}
		if key := strings.ToLower(surface); !seen[key] {
			seen[key] = true
			q.surface = append(q.surface, surface)
		}
	})
	return q
}

// singleRune tells whether a term is one character of a script written
// without spaces, which the index holds only where it stands alone.
func singleRune(term string) bool {
	r, size := utf8.DecodeRuneInString(term)
	script, _ := scriptOf(r)
	return size == len(term) && (script == han || script == katakana || script == hangul || script == southEastAsian)
}

// withRune returns id, if it is a term, and the terms of two characters that
// contain the single character.
func (d *data) withRune(char string, id uint32) []uint32 {
	var ids []uint32
	if id != noTerm {
		ids = append(ids, id)
	}
	for other := range uint32(d.dict.len()) {
		t := d.dict.term(other)
		if len(t) < 4 || t[0] < 0xE0 || len(t) > 8 || !strings.Contains(string(t), char) || string(t) == char {
			continue
		}
		ids = append(ids, other)
	}
	return ids
}
