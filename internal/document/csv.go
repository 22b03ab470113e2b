package document

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// readCSV keeps the text as it is; every record is a block, the first one the
// header if it looks like one. Quoted fields may hold line breaks.
func readCSV(ctx context.Context, in *input) (*Document, error) {
	text := in.text
	d := &Document{Text: text}
	comma := delimiter(text, extension(in.name))
	s := recordScanner{text: text, comma: comma}
	group, err := recordsPerBlock(ctx, s, in.limits)
	if err != nil {
		return nil, err
	}
	number, first := 0, true
	for s.next() {
		if s.reads%1024 == 0 && ctx.Err() != nil {
			return nil, interrupted(ctx, in.limits)
		}
		if s.blank() {
			continue
		}
		if first && isHeader(s) {
			d.Blocks = append(d.Blocks, Block{Kind: Header, Label: strings.Join(s.fields(), ", "), Start: s.start, End: s.end})
			first = false
			continue
		}
		first = false
		number++
		d.Blocks = appendRow(d.Blocks, number, group, s.start, s.end)
	}
	if s.unclosed {
		d.Notes = append(d.Notes, Note{Code: "invalid_csv", Message: "A quotation mark is opened and never closed, so the rest of the file counts as one record."})
	}
	return d, nil
}

// recordsPerBlock counts the records so that no file has more than maxBlocks.
func recordsPerBlock(ctx context.Context, s recordScanner, limits Limits) (int, error) {
	n := 0
	for s.next() {
		if n++; n%4096 == 0 && ctx.Err() != nil {
			return 0, interrupted(ctx, limits)
		}
	}
	return n/(maxBlocks-1) + 1, nil
}

// appendRow adds record number to the last block until that holds group records.
func appendRow(blocks []Block, number, group, start, end int) []Block {
	if (number-1)%group != 0 {
		last := &blocks[len(blocks)-1]
		last.End = end
		last.Label = fmt.Sprintf("rows %d-%d", (number-1)/group*group+1, number)
		return blocks
	}
	return append(blocks, Block{Kind: Row, Label: "row " + strconv.Itoa(number), Start: start, End: end})
}

// recordScanner walks through the records of a delimited file.
type recordScanner struct {
	text       string
	comma      byte
	at         int
	start, end int  // of the record, without its line break
	reads      int  // records so far
	unclosed   bool // the last record ends within quotes
}

// next finds the next record; false at the end of the text.
func (s *recordScanner) next() bool {
	if s.at >= len(s.text) {
		return false
	}
	s.start = s.at
	s.reads++
	quoted, fieldStart := false, true
	i := s.at
	for ; i < len(s.text); i++ {
		c := s.text[i]
		if quoted {
			if c == '"' {
				if i+1 < len(s.text) && s.text[i+1] == '"' {
					i++
					continue
				}
				quoted = false
			}
			continue
		}
		if c == '\n' || c == '\r' {
			break
		}
		if c == '"' && fieldStart {
			quoted = true
		}
		fieldStart = c == s.comma || fieldStart && c == ' '
	}
	s.unclosed = quoted
	s.end = i
	if i < len(s.text) && s.text[i] == '\r' {
		i++
		if i < len(s.text) && s.text[i] == '\n' {
			i++
		}
	} else if i < len(s.text) {
		i++
	}
	s.at = i
	return true
}

func (s *recordScanner) blank() bool { return strings.TrimSpace(s.text[s.start:s.end]) == "" }

// fields splits the record, taking the quotes off.
func (s *recordScanner) fields() []string {
	var out []string
	record := s.text[s.start:s.end]
	for {
		field, rest, more := cutField(record, s.comma)
		out = append(out, field)
		if !more {
			return out
		}
		record = rest
	}
}

// cutField takes the first field off a record.
func cutField(record string, comma byte) (field, rest string, more bool) {
	trimmed := strings.TrimLeft(record, " ")
	if !strings.HasPrefix(trimmed, `"`) {
		field, rest, more = strings.Cut(record, string(comma))
		return strings.TrimSpace(field), rest, more
	}
	for i := 1; i < len(trimmed); i++ {
		if trimmed[i] != '"' {
			continue
		}
		if i+1 < len(trimmed) && trimmed[i+1] == '"' {
			i++
			continue
		}
		field = strings.ReplaceAll(trimmed[1:i], `""`, `"`)
		_, rest, more = strings.Cut(trimmed[i+1:], string(comma))
		return strings.TrimSpace(field), rest, more
	}
	return strings.TrimSpace(strings.ReplaceAll(trimmed[1:], `""`, `"`)), "", false
}

// sniffRecords is the number of records that the delimiter is told from.
const sniffRecords = 50

// delimiter finds the character between fields: the one that gives most records
// the same number of fields, more than one.
func delimiter(text, ext string) byte {
	best, bestScore := byte(','), 0.0
	if ext == "tsv" || ext == "tab" {
		best, bestScore = '\t', 0.5
	}
	sample := text[:min(len(text), 64<<10)]
	for _, c := range []byte{',', '\t', ';', '|'} {
		if score := delimiterScore(sample, c, len(sample) < len(text)); score > bestScore {
			best, bestScore = c, score
		}
	}
	return best
}

// delimiterScore is the share of records with the commonest number of fields,
// a little more the more fields there are; 0 if that is one.
func delimiterScore(sample string, comma byte, cut bool) float64 {
	counts, n := map[int]int{}, 0
	s := recordScanner{text: sample, comma: comma}
	for n < sniffRecords && s.next() {
		if s.blank() || cut && n > 0 && s.at >= len(sample) {
			continue
		}
		counts[len(s.fields())]++
		n++
	}
	score := 0.0
	for fields, times := range counts {
		if fields > 1 {
			score = max(score, float64(times)/float64(n)+float64(min(fields, 50))/1000)
		}
	}
	return score
}

// isHeader says whether the first record names the columns: all fields filled,
// none a number, no two alike, and a record follows.
func isHeader(s recordScanner) bool {
	seen := map[string]bool{}
	fields := s.fields()
	for i, f := range fields {
		if f == "" && i == 0 && len(fields) > 1 {
			f = "\x00" // tables written with a row index leave its name out
		}
		if f == "" || isNumber(f) || seen[f] {
			return false
		}
		seen[f] = true
	}
	return s.next()
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(strings.TrimRight(strings.ReplaceAll(s, ",", "."), "%"), 64)
	return err == nil
}
