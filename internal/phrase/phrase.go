// Package phrase gives the command line's texts in the language of the person who
// reads them. English is written where it is used and serves as the key; a table
// holds the other language.
package phrase

import (
	"fmt"
	"maps"
	"strings"
)

// Table gives the texts of a language by the English ones.
type Table map[string]string

// Book says texts in one language. The zero Book says them in English.
type Book struct{ table Table }

// Choose makes the Book for a process with the environment environ. The tables are
// those of Chinese; of a text that is in several, the last one counts.
func Choose(environ []string, chinese ...Table) Book {
	if !wantsChinese(environ) {
		return Book{}
	}
	all := make(Table)
	for _, table := range chinese {
		maps.Copy(all, table)
	}
	return Book{table: all}
}

// wantsChinese follows the order that POSIX gives the variables. A terminal that does
// not take UTF-8 gets English, which every terminal can show.
func wantsChinese(environ []string) bool {
	values := make(map[string]string)
	for _, pair := range environ {
		if key, value, ok := strings.Cut(pair, "="); ok {
			values[key] = value
		}
	}
	for _, key := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		locale := values[key]
		if locale == "" {
			continue
		}
		locale, _, _ = strings.Cut(locale, "@")
		name, charset, _ := strings.Cut(locale, ".")
		language, _, _ := strings.Cut(strings.ReplaceAll(name, "-", "_"), "_")
		charset = strings.ToLower(strings.ReplaceAll(charset, "-", ""))
		return strings.EqualFold(language, "zh") && (charset == "" || charset == "utf8")
	}
	return false
}

// Say formats as fmt.Sprintf does, in the Book's language. A text that the Book does
// not know is said in English.
func (b Book) Say(english string, args ...any) string {
	if text, ok := b.table[english]; ok {
		english = text
	}
	if len(args) == 0 {
		return english
	}
	return fmt.Sprintf(english, args...)
}
