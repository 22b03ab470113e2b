package document

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// readJSON keeps the text as it is. The members of the top-level object or array
// are blocks; large ones are taken apart again. Text that is no JSON is kept
// too, with a note.
func readJSON(ctx context.Context, in *input) (*Document, error) {
	d := &Document{Text: in.text}
	ext := extension(in.name)
	valid := json.Valid([]byte(in.text))
	switch {
	case ext == "jsonl" || ext == "ndjson" || !valid && isJSONLines(in.text):
		return d, jsonLines(ctx, d, in.limits)
	case strings.TrimSpace(in.text) == "":
	case !valid:
		d.Notes = append(d.Notes, Note{Code: "invalid_json", Message: "This file is not valid JSON and is treated as plain text."})
		d.Blocks = paragraphs(in.text, 0, len(in.text))
	default:
		c := memberCollector{ctx: ctx, text: in.text}
		start := skipJSONSpace(in.text, 0)
		c.container("", start, memberDepth)
		d.Blocks = c.blocks
		if len(d.Blocks) == 0 {
			d.Blocks = paragraphs(in.text, 0, len(in.text))
		}
	}
	if ctx.Err() != nil {
		return nil, interrupted(ctx, in.limits)
	}
	return d, nil
}

// isJSONLines says whether the first two lines are JSON objects or arrays of
// their own.
func isJSONLines(text string) bool {
	first, rest, ok := strings.Cut(text, "\n")
	second, _, _ := strings.Cut(rest, "\n")
	return ok && isJSONContainer(first) && isJSONContainer(second)
}

func isJSONContainer(line string) bool {
	line = strings.TrimSpace(line)
	return line != "" && (line[0] == '{' || line[0] == '[') && json.Valid([]byte(line))
}

// jsonLines makes a block of each line.
func jsonLines(ctx context.Context, d *Document, limits Limits) error {
	group := strings.Count(d.Text, "\n")/maxBlocks + 1
	number, invalid := 0, 0
	for at := 0; at < len(d.Text); {
		if ctx.Err() != nil {
			return interrupted(ctx, limits)
		}
		next := lineEnd(d.Text, at, len(d.Text))
		end := trimEnd(d.Text, at, next)
		if end > at {
			number++
			d.Blocks = appendRow(d.Blocks, number, group, at, end)
			if !json.Valid([]byte(d.Text[at:end])) {
				invalid++
			}
		}
		at = next
	}
	if invalid > 0 {
		d.Notes = append(d.Notes, Note{Code: "invalid_json", Message: fmt.Sprintf("%d of %d lines are not valid JSON.", invalid, number)})
	}
	return nil
}

const (
	// memberDepth is how deep large members are taken apart.
	memberDepth = 5
	// memberSize is what a member may have in bytes before it is taken apart.
	memberSize = 2 << 10
)

// memberCollector finds the members of valid JSON.
type memberCollector struct {
	ctx    context.Context
	text   string
	blocks []Block
}

// container adds the members of the object or array that starts at at. Every
// level reads its bytes once more, so the work is at most depth times the size.
func (c *memberCollector) container(path string, at, depth int) {
	if at >= len(c.text) || c.text[at] != '{' && c.text[at] != '[' {
		return
	}
	object := c.text[at] == '{'
	at = skipJSONSpace(c.text, at+1)
	for n := 0; at < len(c.text) && c.text[at] != '}' && c.text[at] != ']'; n++ {
		if n%1024 == 0 && c.ctx.Err() != nil {
			return
		}
		start, label := at, path+"["+strconv.Itoa(n)+"]"
		if object {
			end := skipJSONString(c.text, at)
			label = joinKey(path, c.text[at:end])
			at = skipJSONSpace(c.text, end)
			at = skipJSONSpace(c.text, at+1) // the colon
		}
		end := skipJSONValue(c.text, at)
		if before := len(c.blocks); end-start > memberSize && depth > 1 {
			c.container(label, at, depth-1)
			if len(c.blocks) == before {
				c.add(label, start, end)
			}
		} else {
			c.add(label, start, end)
		}
		at = skipJSONSpace(c.text, end)
		if at < len(c.text) && c.text[at] == ',' {
			at = skipJSONSpace(c.text, at+1)
		}
	}
}

func (c *memberCollector) add(label string, start, end int) {
	if len(c.blocks) >= 4*maxBlocks {
		c.blocks = bounded(c.blocks)
	}
	c.blocks = append(c.blocks, Block{Kind: Member, Label: label, Start: start, End: end})
}

// maxLabel bounds labels that come from the file, in bytes.
const maxLabel = 120

// joinKey appends a quoted key to a path.
func joinKey(path, quoted string) string {
	var key string
	if json.Unmarshal([]byte(quoted), &key) != nil {
		key = strings.Trim(quoted, `"`)
	}
	key = strings.ReplaceAll(clip(key, maxLabel), "\x00", "")
	if path == "" {
		return key
	}
	return path + "." + key
}

// clip cuts s at a character before max bytes.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && s[limit]&0xc0 == 0x80 {
		limit--
	}
	return s[:limit] + "…"
}

func skipJSONSpace(s string, at int) int {
	for at < len(s) && (s[at] == ' ' || s[at] == '\n' || s[at] == '\r' || s[at] == '\t') {
		at++
	}
	return at
}

// skipJSONString gives the end of the string that starts at at.
func skipJSONString(s string, at int) int {
	for at++; at < len(s); at++ {
		switch s[at] {
		case '\\':
			at++
		case '"':
			return at + 1
		}
	}
	return len(s)
}

// skipJSONValue gives the end of the value that starts at at.
func skipJSONValue(s string, at int) int {
	depth := 0
	for at < len(s) {
		switch s[at] {
		case '"':
			at = skipJSONString(s, at)
			if depth == 0 {
				return at
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return at // the container's own end
			}
			if depth--; depth == 0 {
				return at + 1
			}
		case ',', ' ', '\n', '\r', '\t':
			if depth == 0 {
				return at
			}
		}
		at++
	}
	return at
}
