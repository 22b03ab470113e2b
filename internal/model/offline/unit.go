package offline

import (
	"encoding/csv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/innoclaw/innoclaw/internal/model"
)

type kind int

const (
	sentence kind = iota
	row
	code
)

// Bounds of one quote.
const (
	maxQuote     = 480 // characters of a sentence
	maxCodeLines = 14
	maxUnits     = 4_000 // of one question
)

// unit is something that can be quoted by itself. text is a substring of the
// passage's text.
type unit struct {
	kind    kind
	passage int
	text    string
	// heading is the heading above, inside the passage.
	heading string
	// header and cells of a table's row.
	header, cells []string

	score, cover float64
}

// units cuts a passage.
func units(n int, p model.Passage) []unit {
	var out []unit
	switch p.Type {
	case "csv":
		out = csvRows(p)
	case "code", "json", "notebook":
		out = codeBlocks(p.Text)
	default:
		out = prose(p.Text)
	}
	for i := range out {
		out[i].passage = n
	}
	return out
}

// csvRows makes a unit of each row except the header.
func csvRows(p model.Passage) []unit {
	separator := ','
	if strings.Count(p.Header+p.Text, "\t") > strings.Count(p.Header+p.Text, ",") {
		separator = '\t'
	} else if strings.Count(p.Header+p.Text, ";") > strings.Count(p.Header+p.Text, ",") {
		separator = ';'
	}
	cells := func(line string) []string {
		r := csv.NewReader(strings.NewReader(line))
		r.Comma, r.LazyQuotes, r.FieldsPerRecord = separator, true, -1
		fields, err := r.Read()
		if err != nil {
			return strings.Split(line, string(separator))
		}
		return fields
	}
	var header []string
	if p.Header != "" {
		header = cells(p.Header)
	}
	var out []unit
	for line := range strings.Lines(p.Text) {
		line = strings.TrimSpace(line)
		if line == "" || line == strings.TrimSpace(p.Header) {
			continue
		}
		out = append(out, unit{kind: row, text: line, header: header, cells: cells(line)})
	}
	return out
}

// codeBlocks cuts source at blank lines before unindented lines, so that a
// function stays with the comment above it, and takes the beginning of long ones.
func codeBlocks(text string) []unit {
	var out []unit
	var block []string
	flush := func() {
		for len(block) > 0 && strings.TrimSpace(block[len(block)-1]) == "" {
			block = block[:len(block)-1]
		}
		joined := strings.Join(block[:min(len(block), maxCodeLines)], "")
		if joined = strings.TrimRight(joined, "\r\n\t "); strings.TrimSpace(joined) != "" {
			out = append(out, unit{kind: code, text: strings.TrimLeft(joined, "\r\n")})
		}
		block = nil
	}
	blank := false
	for line := range strings.Lines(text) {
		empty := strings.TrimSpace(line) == ""
		indented := strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")
		if (blank && !empty && !indented) || len(block) >= 2*maxCodeLines {
			flush()
		}
		blank = empty
		block = append(block, line)
	}
	flush()
	return out
}

// prose cuts Markdown and plain text: no headings, list items and table rows by
// themselves, fenced code as code, the rest by sentence.
func prose(text string) []unit {
	p := proser{}
	rest := text
	for rest != "" {
		end := strings.IndexByte(rest, '\n') + 1
		if end == 0 {
			end = len(rest)
		}
		p.line(text, len(text)-len(rest), len(text)-len(rest)+end)
		rest = rest[end:]
	}
	p.paragraph(text)
	return p.out
}

type proser struct {
	out        []unit
	heading    string
	from, to   int // the paragraph being collected
	fence      string
	fenceStart int
	header     []string
	inTable    bool
}

func (p *proser) line(text string, from, to int) {
	line := strings.TrimSpace(text[from:to])
	if p.fence != "" {
		if strings.HasPrefix(line, p.fence) {
			if body := strings.Trim(text[p.fenceStart:from], "\r\n"); body != "" {
				p.out = append(p.out, unit{kind: code, text: firstLines(body), heading: p.heading})
			}
			p.fence, p.from, p.to = "", to, to
		}
		return
	}
	isRow := strings.HasPrefix(line, "|") && strings.Count(line, "|") >= 2
	if !isRow {
		p.inTable = false
	}
	switch {
	case line == "":
		p.paragraph(text)
		p.from, p.to = to, to
	case strings.HasPrefix(line, "```"), strings.HasPrefix(line, "~~~"):
		p.paragraph(text)
		p.fence, p.fenceStart = line[:3], to
	case strings.HasPrefix(line, "#") && strings.Trim(line, "#") != "" && strings.HasPrefix(strings.TrimLeft(line, "#"), " "):
		p.paragraph(text)
		p.heading = strings.TrimSpace(strings.Trim(line, "#"))
		p.from, p.to = to, to
	case strings.Trim(line, "=-") == "" && len(line) >= 3 && p.to > p.from && !strings.Contains(strings.TrimSpace(text[p.from:p.to]), "\n"):
		p.heading = strings.TrimSpace(text[p.from:p.to])
		p.from, p.to = to, to
	case isRow:
		p.paragraph(text)
		p.tableRow(line)
		p.from, p.to = to, to
	case listMarker(line) > 0:
		p.paragraph(text)
		p.from = from + strings.Index(text[from:to], line) + listMarker(line)
		p.to = to
	default:
		if p.to == p.from {
			p.from = from
		}
		p.to = to
	}
}

func (p *proser) tableRow(line string) {
	cells := strings.Split(strings.Trim(line, "|"), "|")
	switch {
	case !p.inTable:
		p.inTable, p.header = true, cells
	case strings.Trim(line, "|-: \t") == "":
	default:
		p.out = append(p.out, unit{kind: row, text: line, header: p.header, cells: cells, heading: p.heading})
	}
}

// paragraph cuts what was collected into sentences.
func (p *proser) paragraph(text string) {
	body := text[p.from:p.to]
	p.from = p.to
	if title, rest, ok := runIn(body); ok {
		p.heading, body = title, rest
	}
	for _, s := range sentences(body) {
		p.out = append(p.out, unit{kind: sentence, text: s, heading: p.heading})
	}
}

// runIn recognises a heading without markup, as PDF text has them: a short first
// line without an end mark, after which a sentence begins.
func runIn(body string) (title, rest string, ok bool) {
	first, rest, _ := strings.Cut(body, "\n")
	first = strings.TrimSpace(first)
	last, _ := utf8.DecodeLastRuneInString(first)
	next, _ := utf8.DecodeRuneInString(strings.TrimSpace(rest))
	short := first != "" && len(first) < 50 && len(strings.Fields(first)) <= 6
	return first, rest, short && (unicode.IsLetter(last) || unicode.IsDigit(last)) && unicode.IsUpper(next)
}

// listMarker gives the length of a list item's marker with the space behind it.
func listMarker(line string) int {
	if len(line) > 2 && strings.ContainsRune("-*+>", rune(line[0])) && line[1] == ' ' {
		return 2
	}
	digits := 0
	for digits < len(line) && digits < 4 && line[digits] >= '0' && line[digits] <= '9' {
		digits++
	}
	if digits > 0 && digits+1 < len(line) && (line[digits] == '.' || line[digits] == ')') && line[digits+1] == ' ' {
		return digits + 2
	}
	return 0
}

func firstLines(s string) string {
	n := 0
	for i := range len(s) {
		if s[i] == '\n' {
			if n++; n == maxCodeLines {
				return strings.TrimRight(s[:i], "\r")
			}
		}
	}
	return s
}

// abbreviations end with a full stop that ends no sentence.
var abbreviations = set(strings.Fields("e.g i.e etc al fig figs eq eqs dr mr mrs ms prof vs no nos vol pp ed approx ca cf resp sec ref refs st inc ltd dept min max temp"))

// sentences cuts running text. Line breaks inside a sentence stay in it.
func sentences(text string) []string {
	var out []string
	start := 0
	add := func(end int) {
		if s := strings.TrimSpace(text[start:end]); s != "" {
			out = append(out, clip(s))
		}
		start = end
	}
	for i, r := range text {
		next := i + utf8.RuneLen(r)
		if r == utf8.RuneError {
			next = i + 1
		}
		switch r {
		case '。', '！', '？', '；':
			add(next + closing(text[next:]))
		case '.', '!', '?':
			end := next + closing(text[next:])
			if i >= start && ends(text, start, i, end, r) {
				add(end)
			}
		}
	}
	add(len(text))
	return out
}

// closing counts the bytes of closing quotes and brackets at the start of s.
func closing(s string) int {
	n := 0
	for _, r := range s {
		if !strings.ContainsRune("”’」』）)\"'", r) {
			break
		}
		n += utf8.RuneLen(r)
	}
	return n
}

// ends decides whether the mark at i ends the sentence that began at start.
func ends(text string, start, i, end int, mark rune) bool {
	rest := text[end:]
	if rest == "" {
		return true
	}
	first, _ := utf8.DecodeRuneInString(rest)
	if !unicode.IsSpace(first) && !wide(first) {
		return false
	}
	if mark != '.' {
		return true
	}
	word := text[start:i]
	if j := strings.LastIndexAny(word, " \t\n("); j >= 0 {
		word = word[j+1:]
	}
	if abbreviations[strings.ToLower(word)] || len(word) == 1 && unicode.IsUpper(rune(word[0])) {
		return false
	}
	follows, _ := utf8.DecodeRuneInString(strings.TrimLeft(rest, " \t\r\n\"'“‘(["))
	return !unicode.IsLower(follows)
}

// clip shortens an overlong sentence at a comma or space.
func clip(s string) string {
	if utf8.RuneCountInString(s) <= maxQuote {
		return s
	}
	n, cut := 0, 0
	for i, r := range s {
		if n++; n > maxQuote {
			if cut == 0 {
				cut = i
			}
			break
		}
		if n > maxQuote/2 && (unicode.IsSpace(r) || r == '，' || r == '、') {
			cut = i
		}
	}
	return strings.TrimSpace(s[:cut])
}
