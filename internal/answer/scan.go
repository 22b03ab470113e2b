package answer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanner cuts a model's stream into text that is harmless to show as Markdown and
// citation marks. Text keeps its formatting, but no link, image, HTML or footnote
// comes out of it: the characters that would make one are escaped. Control
// characters and those that reorder text are dropped.
//
// It never believes that something is code unless a Markdown reader must believe so
// too, because inside code nothing is escaped: fences count at the start of a line
// only and are moved there, and a code span counts once its end has been seen on
// the same line.
type scanner struct {
	// text takes text in order, mark a mark with the text that stands before it.
	text func(string)
	mark func(cites []cite, before string)
	// none is told that the model found no answer.
	none func()

	pending string // not yet decided
	out     strings.Builder
	last    rune // last character given out
	escaped bool // an odd number of backslashes stands last
	// begun is set when the present line has begun.
	begun bool
	// fence is the opening run of the code block that is open.
	fence string
	// recent is the model's own text of late, for quotes that stand before their mark.
	recent []byte
	// doubts counts long marks that were none. Each costs a second look at
	// thousands of bytes, so after a few only short marks are tried.
	doubts int
}

const (
	maxRecent    = 4_096
	maxSpan      = 400 // bytes of a code span
	maxFenceLine = 120
	maxDoubts    = 32
)

// feed takes a piece of the stream; final says that it was the last.
func (s *scanner) feed(piece string, final bool) {
	s.pending += strings.Map(visible, strings.ToValidUTF8(piece, "\uFFFD"))
	for s.pending != "" {
		n := s.step(final)
		if n == 0 {
			break
		}
		s.pending = s.pending[n:]
	}
	s.flush()
}

func (s *scanner) flush() {
	if s.out.Len() > 0 {
		s.text(s.out.String())
		s.out.Reset()
	}
}

// put gives out text. "[^" would begin a footnote or look like one of our own
// marks. It is broken here and not where it is read, because it may come together
// from pieces when a mark between them is removed.
func (s *scanner) put(t string) {
	for _, r := range t {
		if r == '^' && s.last == '[' && s.fence == "" {
			s.out.WriteByte('\\')
		}
		s.out.WriteRune(r)
		s.escaped = r == '\\' && !s.escaped
		s.last = r
	}
}

// remember keeps the model's own text for quotes before a mark.
func (s *scanner) remember(t string) {
	s.recent = append(s.recent, t...)
	if len(s.recent) > 2*maxRecent {
		s.recent = append(s.recent[:0], s.recent[len(s.recent)-maxRecent:]...)
	}
}

// visible drops characters that have no place in text: controls, invisible ones,
// and those that change the direction of others.
func visible(r rune) rune {
	switch {
	case r == '\n' || r == '\t':
		return r
	case unicode.IsControl(r):
		return -1
	case r >= '\u200B' && r <= '\u200F' && r != '\u200D', r >= '\u2028' && r <= '\u202E', r >= '\u2060' && r <= '\u206F', r == '\uFEFF', r >= 0xE0000 && r <= 0xE0FFF, r >= 0xFFF9 && r <= 0xFFFB:
		return -1
	}
	return r
}

// take gives out the first n bytes of pending as they are.
func (s *scanner) take(n int) int {
	s.remember(s.pending[:n])
	s.put(s.pending[:n])
	return n
}

// escape gives out the first character of pending with a backslash before it,
// unless it has one already.
func (s *scanner) escape(n int) int {
	s.remember(s.pending[:n])
	if !s.escaped {
		s.put(`\`)
	}
	s.put(s.pending[:n])
	return n
}

// step consumes the beginning of pending and tells how much; zero means that more
// text is needed.
func (s *scanner) step(final bool) int {
	if !s.begun {
		if n, decided := s.lineStart(final); decided {
			return n
		}
	}
	if s.fence != "" {
		return s.fenced(final)
	}
	r, n := utf8.DecodeRuneInString(s.pending)
	if r == ']' || s.last != ']' {
		return s.inline(r, n, final)
	}
	switch r {
	case '(', '[', ':':
		// "](" is a link, "][" a reference, "]:" a definition. A mark may still
		// begin here.
		if r != ':' {
			if used, decided := s.tryMark(final); decided {
				return used
			}
		}
		return s.escape(n)
	}
	return s.inline(r, n, final)
}

// inline handles one character outside of code blocks.
func (s *scanner) inline(r rune, n int, final bool) int {
	switch r {
	case '\n':
		s.begun = false
		return s.take(n)
	case '`':
		return s.span(final)
	case '<':
		return s.escape(n)
	case '[', '【', '［', '(', '（':
		if used, decided := s.tryMark(final); decided {
			return used
		}
		return s.take(n)
	}
	// Ordinary text goes out in one piece up to the next character of interest.
	if n = strings.IndexAny(s.pending[n:], "\n`<[]【［(（:\\"); n < 0 {
		n = len(s.pending)
	} else {
		_, first := utf8.DecodeRuneInString(s.pending)
		n += first
	}
	return s.take(n)
}

// tryMark reads a citation mark. decided is false if the character is ordinary.
func (s *scanner) tryMark(final bool) (n int, decided bool) {
	if s.escaped {
		return 0, false
	}
	if rest := strings.ToLower(s.pending[:min(len(s.pending), len(noneMark))]); rest == noneMark {
		s.none()
		return len(noneMark), true
	} else if !final && strings.HasPrefix(noneMark, rest) {
		return 0, true
	}
	look := s.pending
	if s.doubts > maxDoubts && len(look) > maxSpan {
		look, final = look[:maxSpan], true
		look = strings.ToValidUTF8(look, "")
	}
	cites, n, o := parseMark(look, final)
	switch o {
	case more:
		return 0, true
	case yes:
		s.cite(cites)
		return n, true
	case no:
		if len(look) > maxSpan && n > idLength {
			s.doubts++
		}
	}
	return 0, false
}

// cite hands over a mark.
func (s *scanner) cite(cites []cite) {
	s.flush()
	s.mark(cites, string(s.recent))
}

// placed is called with what the receiver of a mark put into the text.
func (s *scanner) placed(t string) {
	if t != "" {
		s.last, s.escaped = rune(t[len(t)-1]), false
	}
}

// span handles a run of backticks: a code span if its end stands on the same line,
// else literal backticks.
func (s *scanner) span(final bool) int {
	run := len(s.pending) - len(strings.TrimLeft(s.pending, "`"))
	if run == len(s.pending) && !final && run < maxSpan {
		return 0
	}
	if s.escaped {
		return s.take(1)
	}
	ticks, body := s.pending[:run], s.pending[run:]
	end := -1
	for at := 0; at < len(body) && at < maxSpan; {
		i := strings.IndexAny(body[at:], "`\n")
		if i < 0 || body[at+i] == '\n' {
			if i < 0 && !final && len(body) < maxSpan {
				return 0
			}
			break
		}
		at += i
		length := len(body[at:]) - len(strings.TrimLeft(body[at:], "`"))
		if at+length == len(body) && !final {
			return 0
		}
		if length == run {
			end = at
			break
		}
		at += length
	}
	if body == "" && !final && run < maxSpan {
		return 0
	}
	// A table's bar would cut the span in two before it is read as one.
	if end < 0 || strings.Contains(body[:end], "|") {
		s.remember(ticks)
		s.put(strings.Repeat("\\`", run))
		return run
	}
	if cites, n, o := parseMark(body[:end], true); o == yes && n == end {
		s.cite(cites)
		return 2*run + end
	}
	s.remember(s.pending[:2*run+end])
	s.put(ticks + unlike(body[:end]) + ticks)
	s.escaped = false
	return 2*run + end
}

// unlike keeps code from looking like one of our marks, "[^c1]".
func unlike(code string) string { return strings.ReplaceAll(code, "[^c", "[^ c") }

// lineStart looks for a fence. decided is false if an ordinary line begins.
func (s *scanner) lineStart(final bool) (n int, decided bool) {
	line, _, complete := strings.Cut(s.pending, "\n")
	complete = complete || final
	trimmed := strings.TrimLeft(line, " \t")
	if s.fence != "" {
		return s.fenceEnd(line, trimmed, complete)
	}
	// What a fence may hide behind: list markers and quotes.
	inner := strings.TrimLeft(trimmed, " \t>-*+0123456789.)")
	ticks := len(inner) - len(strings.TrimLeft(inner, "`"))
	tildes := len(inner) - len(strings.TrimLeft(inner, "~"))
	run := max(ticks, tildes)
	switch {
	case run < 3 && run == len(inner) && !complete && len(line) < maxFenceLine:
		return 0, true // may become a fence
	case run < 3:
		s.begun = true
		return 0, false
	case !complete && len(line) < maxFenceLine:
		return 0, true
	}
	info := inner[run:]
	if inner != trimmed || !complete || strings.ContainsRune(info, '`') {
		// No fence, or one inside a list or quote, whose end cannot be told.
		s.begun = true
		i := len(line) - len(inner)
		s.remember(line[:i+run])
		s.put(line[:i])
		for _, c := range inner[:run] {
			s.put(`\` + string(c))
		}
		return i + run, true
	}
	s.fence = inner[:run]
	s.remember(line)
	if s.last != '\n' && s.last != 0 {
		s.put("\n")
	}
	s.put(s.fence + strings.Map(infoRune, info))
	s.begun = true
	return len(line), true
}

func infoRune(r rune) rune {
	if alnum(r) || strings.ContainsRune(" _+-.#", r) {
		return r
	}
	return -1
}

// fenceEnd looks for the end of the open code block. Whatever a reader could take
// for the end is taken for it.
func (s *scanner) fenceEnd(line, trimmed string, complete bool) (n int, decided bool) {
	run := len(trimmed) - len(strings.TrimLeft(trimmed, s.fence[:1]))
	after := strings.TrimSpace(trimmed[run:])
	switch {
	case run == len(trimmed) && !complete && len(line) < maxFenceLine, run >= len(s.fence) && after == "" && !complete && len(line) < maxFenceLine:
		return 0, true
	case run >= len(s.fence) && after == "":
		s.remember(line)
		s.put(s.fence)
		s.fence, s.begun = "", true
		return len(line), true
	}
	s.begun = true
	return 0, false
}

// fenced gives out text inside a code block.
func (s *scanner) fenced(final bool) int {
	n := strings.IndexByte(s.pending, '\n') + 1
	if n > 0 {
		s.begun = false
	} else if n = len(s.pending); !final {
		// Keep back what may be the beginning of "[^c".
		for _, tail := range []string{"[^", "["} {
			if strings.HasSuffix(s.pending, tail) {
				n -= len(tail)
				break
			}
		}
	}
	s.remember(s.pending[:n])
	s.put(unlike(s.pending[:n]))
	return n
}

// finish ends the stream. An open code block is closed.
func (s *scanner) finish() {
	s.feed("", true)
	if s.fence != "" {
		if s.last != '\n' {
			s.put("\n")
		}
		s.put(s.fence + "\n")
		s.fence = ""
	}
	s.flush()
}
