package ignore

import (
	"bytes"
	"strings"
)

// Limits for one ignore file. What is beyond them has no effect.
const (
	// MaxFileBytes is how much of an ignore file is read.
	MaxFileBytes = 1 << 20
	maxPatterns  = 10_000
	maxPattern   = 4096 // bytes of one line
)

// List is one parsed ignore file.
type List struct {
	patterns []pattern
}

// pattern is one line of an ignore file.
type pattern struct {
	line    int // 1-based
	negated bool
	dirOnly bool
	// base is set for a pattern without a slash, which is compared with the
	// last element of a path at any depth below the file's folder.
	base bool
	// segments of the pattern between slashes; anchored at the file's folder.
	segments []segment
}

// segment is one path element of a pattern.
type segment struct {
	glob   string
	double bool // "**": any number of elements
	// literal is set when glob has no special character.
	literal bool
	// suffix is set when glob is "*" and then literal text.
	suffix bool
	// malformed is set when glob can not match anything.
	malformed bool
}

// Parse reads an ignore file. It never fails: lines that mean nothing are
// passed over, as git does.
func Parse(data []byte) *List {
	if len(data) > MaxFileBytes {
		data = data[:MaxFileBytes]
		if i := bytes.LastIndexByte(data, '\n'); i >= 0 {
			data = data[:i] // a cut line would be another pattern
		}
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	l := &List{}
	for n := 1; len(data) > 0 && len(l.patterns) < maxPatterns; n++ {
		var line []byte
		line, data, _ = bytes.Cut(data, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		if p, ok := parseLine(string(line)); ok {
			p.line = n
			l.patterns = append(l.patterns, p)
		}
	}
	return l
}

// Len tells the number of patterns.
func (l *List) Len() int {
	if l == nil {
		return 0
	}
	return len(l.patterns)
}

func parseLine(s string) (pattern, bool) {
	var p pattern
	if s == "" || s[0] == '#' || len(s) > maxPattern || strings.IndexByte(s, 0) >= 0 {
		return p, false
	}
	s = trimTrailingSpaces(s)
	if strings.HasPrefix(s, "!") {
		p.negated, s = true, s[1:]
	}
	if strings.HasSuffix(s, "/") {
		p.dirOnly, s = true, s[:len(s)-1]
	}
	if s == "" {
		return p, false
	}
	p.base = !strings.Contains(s, "/")
	s = strings.TrimPrefix(s, "/")
	if p.base {
		p.segments = []segment{newSegment(s, false)}
		return p, true
	}
	for _, elem := range splitPath(s) {
		seg := newSegment(elem, true)
		if seg.double && len(p.segments) > 0 && p.segments[len(p.segments)-1].double {
			continue // "**/**" means "**"
		}
		p.segments = append(p.segments, seg)
	}
	return p, true
}

// trimTrailingSpaces removes spaces at the end that no backslash protects.
func trimTrailingSpaces(s string) string {
	end := len(s)
	for end > 0 && s[end-1] == ' ' {
		end--
	}
	if end == len(s) || end == 0 {
		return s[:end]
	}
	slashes := 0
	for i := end - 1; i >= 0 && s[i] == '\\'; i-- {
		slashes++
	}
	if slashes%2 == 1 {
		end++ // the first of the spaces is escaped
	}
	return s[:end]
}

// splitPath cuts a pattern at its slashes, except those inside a bracket
// expression, where a slash is one more character that no name contains.
func splitPath(s string) []string {
	var elems []string
	start := 0
	for i := 0; i < len(s); {
		switch {
		case s[i] == '/':
			elems = append(elems, s[start:i])
			i++
			start = i
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '/':
			elems = append(elems, s[start:i])
			i += 2
			start = i
		case s[i] == '\\':
			i += 2
		case s[i] == '[':
			width, _, ok := class(s[i:], 0)
			if !ok {
				width = 1
			}
			i += width
		default:
			i++
		}
	}
	return append(elems, s[start:])
}

func newSegment(glob string, inPath bool) segment {
	seg := segment{glob: glob}
	switch {
	case inPath && glob == "**":
		seg.double = true
	case !strings.ContainsAny(glob, `*?[\`):
		seg.literal = true
	case glob[0] == '*' && !strings.ContainsAny(glob[1:], `*?[\`):
		seg.suffix = true
	default:
		seg.malformed = !wellFormed(glob)
	}
	return seg
}

// match finds the last pattern that speaks about the entry at rel, a path
// relative to the folder of the list.
func (l *List) match(rel string, isDir bool) (pattern, bool) {
	if l == nil {
		return pattern{}, false
	}
	name := rel[strings.LastIndexByte(rel, '/')+1:]
	for i := len(l.patterns) - 1; i >= 0; i-- {
		p := &l.patterns[i]
		if p.dirOnly && !isDir {
			continue
		}
		if p.base && p.segments[0].match(name) || !p.base && matchPath(p.segments, rel) {
			return *p, true
		}
	}
	return pattern{}, false
}

func (s segment) match(name string) bool {
	switch {
	case s.literal:
		return s.glob == name
	case s.suffix:
		return strings.HasSuffix(name, s.glob[1:])
	case s.malformed:
		return false
	}
	return glob(s.glob, name)
}

// matchPath matches pattern elements against path elements. It needs no more
// than len(segments)*len(path) steps: like a "*" in a glob, only the last "**"
// is ever tried again.
func matchPath(segments []segment, rel string) bool {
	elems := strings.Split(rel, "/")
	i, j := 0, 0
	star, from := -1, 0
	for j < len(elems) {
		switch {
		case i < len(segments) && segments[i].double:
			if i == len(segments)-1 {
				return true // a trailing "**" takes one or more elements
			}
			star, from = i, j
			i++
		case i < len(segments) && segments[i].match(elems[j]):
			i, j = i+1, j+1
		case star >= 0:
			from++
			i, j = star+1, from
		default:
			return false
		}
	}
	return i == len(segments)
}

// glob matches one path element against a well-formed pattern with *, ?, [...]
// and backslash escapes, in at most len(pat)*len(name) steps.
func glob(pat, name string) bool {
	i, j := 0, 0
	star, from := -1, 0
	for j < len(name) {
		if i < len(pat) && pat[i] == '*' {
			star, from = i, j
			i++
			continue
		}
		if i < len(pat) {
			if width, ok := matchOne(pat[i:], name[j]); ok {
				i, j = i+width, j+1
				continue
			}
		}
		if star < 0 {
			return false
		}
		from++
		i, j = star+1, from
	}
	for i < len(pat) && pat[i] == '*' {
		i++
	}
	return i == len(pat)
}

// matchOne matches c against the first item of pat, which is not a star, and
// returns the item's length.
func matchOne(pat string, c byte) (width int, ok bool) {
	switch pat[0] {
	case '?':
		return 1, true
	case '\\':
		return 2, pat[1] == c
	case '[':
		n, in, _ := class(pat, c)
		return n, in
	}
	return 1, pat[0] == c
}

func wellFormed(pat string) bool {
	for i := 0; i < len(pat); {
		switch pat[i] {
		case '\\':
			if i+1 == len(pat) {
				return false
			}
			i += 2
		case '[':
			n, _, ok := class(pat[i:], 0)
			if !ok {
				return false
			}
			i += n
		default:
			i++
		}
	}
	return true
}

// class reads a bracket expression at the start of pat: its length, whether it
// contains c, and whether it is complete.
func class(pat string, c byte) (width int, in, ok bool) {
	i := 1
	negated := i < len(pat) && (pat[i] == '!' || pat[i] == '^')
	if negated {
		i++
	}
	for first := true; i < len(pat); first = false {
		if pat[i] == ']' && !first {
			return i + 1, in != negated, true
		}
		if strings.HasPrefix(pat[i:], "[:") {
			name, _, found := strings.Cut(pat[i+2:], ":]")
			if found && !strings.Contains(name, "]") {
				member, known := posix(name, c)
				if !known {
					return 0, false, false
				}
				in = in || member
				i += len(name) + 4
				continue
			}
		}
		lo, next, good := classByte(pat, i)
		if !good {
			return 0, false, false
		}
		hi := lo
		if next+1 < len(pat) && pat[next] == '-' && pat[next+1] != ']' {
			if hi, next, good = classByte(pat, next+1); !good {
				return 0, false, false
			}
		}
		in = in || lo <= c && c <= hi
		i = next
	}
	return 0, false, false
}

// classByte reads one byte of a bracket expression, which may be escaped.
func classByte(pat string, i int) (b byte, next int, ok bool) {
	if pat[i] != '\\' {
		return pat[i], i + 1, true
	}
	if i+1 == len(pat) {
		return 0, 0, false
	}
	return pat[i+1], i + 2, true
}

// posix tells whether c belongs to the named ASCII class, and whether the class exists.
func posix(name string, c byte) (member, known bool) {
	lower, upper := 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z'
	digit := '0' <= c && c <= '9'
	graph := '!' <= c && c <= '~'
	switch name {
	case "alpha":
		return lower || upper, true
	case "digit":
		return digit, true
	case "alnum":
		return lower || upper || digit, true
	case "lower":
		return lower, true
	case "upper":
		return upper, true
	case "space":
		return c == ' ' || '\t' <= c && c <= '\r', true
	case "blank":
		return c == ' ' || c == '\t', true
	case "punct":
		return graph && !lower && !upper && !digit, true
	case "xdigit":
		return digit || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F', true
	case "graph":
		return graph, true
	case "print":
		return graph || c == ' ', true
	case "cntrl":
		return c < ' ' || c == 0x7f, true
	}
	return false, false
}
