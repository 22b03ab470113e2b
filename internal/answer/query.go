package answer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Turn is one question of a conversation with its answer.
type Turn struct{ Question, Answer string }

// Bounds of what a follow-up question takes over.
const (
	shortQuestion = 6 // words, or as many pairs of CJK characters
	contextTurns  = 2
	maxContext    = 300 // characters
)

// leaning are words by which a question leans on what was said before.
var leaning = []string{"it", "its", "they", "them", "their", "this", "that", "these", "those", "he", "she", "his", "her", "same", "former", "latter", "there", "then", "one", "ones", "and", "but", "also", "else", "instead", "why"}

var leaningChinese = []string{"它", "他", "她", "这", "那", "其", "该", "上述", "前者", "后者", "呢", "还有", "为什么", "同样"}

// retrievalQuery gives what to search for. A question that stands by itself is
// searched as it is; a short or leaning one gets the vocabulary of the questions
// before it, which context also returns by itself.
func retrievalQuery(question string, history []Turn) (query, context string) {
	if len(history) == 0 || !leans(question) {
		return question, ""
	}
	var parts []string
	for i := len(history) - 1; i >= 0 && len(parts) < contextTurns; i-- {
		parts = append(parts, history[i].Question)
		if !leans(history[i].Question) {
			break // it stands by itself: what came before is another matter
		}
	}
	context = strings.TrimSpace(cutRunes(salient(strings.Join(parts, " "), question), maxContext))
	if context == "" {
		return question, ""
	}
	return question + " " + context, context
}

// leans tells whether a question cannot be understood alone.
func leans(question string) bool {
	words := strings.FieldsFunc(strings.ToLower(question), func(r rune) bool { return !alnum(r) && r != '\'' })
	for _, w := range words {
		for _, l := range leaning {
			if w == l {
				return true
			}
		}
	}
	for _, l := range leaningChinese {
		if strings.Contains(question, l) && utf8.RuneCountInString(question) <= 2*maxShortChinese {
			return true
		}
	}
	if n := wideCount(question); n > 0 {
		return n < maxShortChinese
	}
	return len(words) < shortQuestion-1
}

const maxShortChinese = 8

// salient gives the words of earlier questions that carry meaning and are not in
// the present one.
func salient(earlier, question string) string {
	present := wordSet(question)
	var kept []string
	for _, w := range strings.FieldsFunc(earlier, func(r rune) bool {
		return !alnum(r) && r != '_' && r != '-' && r != '.' && r != '\''
	}) {
		w = strings.Trim(w, ".-'_")
		low := strings.ToLower(w)
		if w == "" || common[low] || present[low] {
			continue
		}
		kept = append(kept, w)
	}
	return strings.Join(kept, " ")
}

// common are words that say nothing about a subject.
var common = func() map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(`a an the of in on at to for from by with as and or but if is are was were be been do does did
has have had can could will would should may might must not no it its this that these those there they them he she his her we our
you your i my me what which who whom whose when where why how many much any some all each about please tell show explain describe
give list find according say says file files document documents than so also only same one`) {
		m[w] = true
	}
	return m
}()

// mostlyChinese tells whether a question wants an answer in Chinese.
func mostlyChinese(s string) bool {
	han := 0
	for _, r := range s {
		if unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Hangul) {
			return false
		}
		if unicode.Is(unicode.Han, r) {
			han++
		}
	}
	return han >= 2
}
