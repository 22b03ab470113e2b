package lexical

import "strings"

// isStop tells whether a word of a question says nothing about its subject. A
// word in capitals is a name: WHO, IT, CAN.
func isStop(word string) bool {
	if len(word) > 10 || len(word) > 1 && 'A' <= word[1] && word[1] <= 'Z' {
		return false
	}
	switch strings.ToLower(strings.ReplaceAll(word, "’", "'")) {
	case "a", "an", "the", "this", "that", "these", "those", "some", "any", "such",
		"i", "me", "my", "we", "us", "our", "you", "your", "he", "him", "his", "she", "her", "it", "its", "they", "them", "their",
		"am", "is", "are", "was", "were", "be", "been", "being", "has", "have", "had", "having", "do", "does", "did", "done", "doing",
		"can", "could", "will", "would", "shall", "should", "may", "might", "must",
		"what", "which", "who", "whom", "whose", "when", "where", "why", "how", "whether",
		"and", "or", "but", "if", "so", "than", "then", "as", "because", "while",
		"of", "at", "by", "for", "with", "about", "into", "to", "from", "in", "on", "onto", "upon", "between", "through", "during",
		"there", "here", "also", "too", "very", "just", "only", "both", "each", "other", "own", "same",
		"please", "tell", "explain", "give", "find", "show", "anyone", "anything", "anybody",
		"don't", "doesn't", "didn't", "isn't", "aren't", "wasn't", "weren't",
		"の", "は", "が", "を", "に", "へ", "と", "で", "も", "や", "か", "です", "ます", "すか", "した", "して", "する", "ある", "いる", "何",
		"は何", "とは":
		return true
	}
	return false
}

// askingPhrases are the words of a Chinese question that say nothing about its
// subject, the longer before those they contain.
func askingPhrases() []string {
	return []string{
		"请问", "请告诉我", "告诉我", "为什么", "是什么", "什么是", "有什么", "什么样的", "什么样", "什么时候", "什么", "怎么样", "怎么", "怎样", "如何",
		"是否", "能否", "可否", "有没有", "是不是", "哪一个", "哪一种", "哪些", "哪个", "哪里", "哪种", "多少", "几个", "有哪些",
		"為什麼", "是什麼", "什麼是", "什麼", "怎麼", "吗", "嗎", "呢", "谁", "誰",
	}
}

// maskAsking puts a space in place of Chinese asking words, so that no pair of
// characters reaches across them.
func maskAsking(query string) string {
	if ascii(query) {
		return query
	}
	for _, p := range askingPhrases() {
		if strings.Contains(query, p) {
			query = strings.ReplaceAll(query, p, strings.Repeat(" ", len(p)))
		}
	}
	return query
}
