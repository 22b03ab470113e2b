package lexical

import "math"

// The constants of the ranking. None was chosen for one collection alone.
const (
	// k1 and b are the customary BM25 values. Chunks are cut to about the
	// same size, so length mostly tells a short note from a full chunk.
	k1 = 1.2
	b  = 0.75

	// A term in the title or file name counts as this many occurrences, one in
	// the heading path or a folder name as that many: a title names
	// what the whole is about, but saturation keeps it from outranking a text
	// that really treats the question.
	titleWeight      = 1.5
	breadcrumbWeight = 0.75

	// A compound is written with a hyphen, as one word, or apart; its parts
	// always count, and the spelled-alike whole adds this share on top, enough
	// to put an exact identifier first.
	wholeWeight = 0.6

	// Share of the file's coverage in a chunk's score. Coverage is, summed over the
	// terms, the best score that any chunk of the file has: a file that
	// treats the whole question beats one that mentions a piece of it.
	fileShare = 0.35

	// Share of nearness: words of the question that stand together in the text
	// mean what they mean in the question; a phrase, an error message or a
	// name of two words is more than its words.
	proximityShare = 1.0

	// Feedback: questions with at least feedbackWords words take feedbackTerms
	// words from their feedbackPassages best passages, with feedbackShare of
	// the weight of the question's own words. People and texts use different
	// words for one thing, and the best passages tell which. Shorter
	// look-ups, names and identifiers say exactly what they mean and are left
	// alone; the share is small, so that a passage with the question's own words stays first.
	feedbackWords    = 4
	feedbackPassages = 5
	feedbackTerms    = 15
	feedbackShare    = 0.3
)

// rescoreDepth is the number of candidates whose texts are looked at.
const rescoreDepth = 30

// idf is the weight of a term found in df of n chunks; always positive.
func idf(df, n int) float64 {
	return math.Log(1 + (float64(n)-float64(df)+0.5)/(float64(df)+0.5))
}
