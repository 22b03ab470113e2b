package document

import (
	"strings"
	"unicode/utf8"
)

// lineHyphen is what PDFium puts for a hyphen that ends a line, instead of the
// hyphen and the line break. Older versions use a control character.
const (
	lineHyphen    = '\ufffe'
	oldLineHyphen = '\x02'
)

// cleanPage makes the text of a page readable: "\n" ends lines, white space is
// single and not at the edge of lines, at most one blank line stands between
// two others, nothing invisible remains. Ligatures and hyphens stay as they are.
//
// If origin is not nil, it gets for each character of the result the index of
// the character of raw that it stands for.
func cleanPage(raw string, origin *[]int) string {
	c := pageCleaner{origin: origin}
	c.out.Grow(len(raw))
	index := 0
	for _, r := range raw {
		switch {
		case r == '\r' || r == '\n' || r == '\f' || r == '\v' || r == '\u2028' || r == '\u2029':
			if r != '\n' || !c.afterCR {
				c.breaks++
			}
		case r == lineHyphen || r == oldLineHyphen:
			c.put('-', index)
			c.breaks++
		case r == ' ' || r == '\t' || r == '\u00a0':
			c.space, c.spaceAt = true, index
		case r < 0x20 || r >= 0x7f && r < 0xa0 || r == '\ufeff' || r == '\uffff' || r == '\u200b':
		default:
			c.put(r, index)
		}
		c.afterCR = r == '\r'
		index++
	}
	return c.out.String()
}

// pageCleaner holds back white space until it is known to stand between two
// characters of the same line.
type pageCleaner struct {
	out     strings.Builder
	origin  *[]int
	breaks  int  // line breaks due
	space   bool // a space is due
	spaceAt int
	afterCR bool
}

func (c *pageCleaner) put(r rune, index int) {
	switch {
	case c.out.Len() == 0:
	case c.breaks > 0:
		for range min(c.breaks, 2) {
			c.write('\n', index)
		}
	case c.space:
		c.write(' ', c.spaceAt)
	}
	c.breaks, c.space = 0, false
	c.write(r, index)
}

func (c *pageCleaner) write(r rune, index int) {
	if r < utf8.RuneSelf {
		c.out.WriteByte(byte(r))
	} else {
		c.out.WriteRune(r)
	}
	if c.origin != nil {
		*c.origin = append(*c.origin, index)
	}
}
