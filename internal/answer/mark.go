package answer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cite is one id in a citation mark with the words quoted behind it.
type cite struct {
	id, quote string
	// loose is set when the words stood without quotation marks and may be
	// something else, such as a page number.
	loose bool
}

// Bounds of a mark.
const (
	maxMark  = maxQuote + 200
	maxCites = 20
)

type outcome int

const (
	no   outcome = iota // not a mark
	more                // undecided until more text arrives
	yes
)

var closers = map[rune]rune{'[': ']', '【': '】', '［': '］', '(': ')', '（': '）'}

// parseMark reads a citation mark at the beginning of s: an opening bracket, ids
// with optional quotes, the closing bracket. Models vary: [k7m2], [k7m2 "words"],
// [k7m2: “words”; m3k4], [[k7m2]], [^k7m2], 【source k7m2】. length is in bytes. With
// final no more text will come.
func parseMark(s string, final bool) (cites []cite, length int, o outcome) {
	p := markParser{s: s, undecided: more}
	if final {
		p.undecided = no
	}
	cites, o = p.parse()
	if o == more && len(s) > maxMark {
		o = no
	}
	return cites, p.at, o
}

type markParser struct {
	s         string
	at        int
	undecided outcome // what it means to run out of text
	double    bool    // "[[" wants "]]"
}

func (p *markParser) rest() string { return p.s[p.at:] }

func (p *markParser) skip(set string) {
	p.at += len(p.rest()) - len(strings.TrimLeft(p.rest(), set))
}

func (p *markParser) parse() ([]cite, outcome) {
	open, n := utf8.DecodeRuneInString(p.s)
	closer, ok := closers[open]
	if !ok {
		return nil, no
	}
	p.at = n
	round := open == '(' || open == '（'
	p.double = strings.HasPrefix(p.s, "[[")
	if p.double {
		p.at++
	}
	if !round {
		p.skip(" \t^#")
		if o := p.prefix(); o != yes {
			return nil, o
		}
	}
	var cites []cite
	for {
		p.skip(" \t,;^#，；、")
		id, ok := passageID(p.rest())
		if !ok {
			if mayBecomeID(p.rest()) {
				return nil, p.undecided
			}
			return nil, no
		}
		p.at += idLength
		if r, _ := utf8.DecodeRuneInString(p.rest()); p.rest() != "" && alnum(r) && !spaceless(r) {
			return nil, no // a longer word
		}
		c := cite{id: id}
		end, o := p.quote(&c, closer, round)
		cites = append(cites, c)
		if o != yes || end {
			return cites, o
		}
		if len(cites) == maxCites {
			return nil, no
		}
	}
}

// closed ends a mark behind its closing bracket.
func (p *markParser) closed() outcome {
	switch {
	case !p.double:
		return yes
	case p.rest() == "":
		return p.undecided
	case p.rest()[0] != ']':
		return no
	}
	p.at++
	return yes
}

// prefixes are words that models put before an id, with or without a colon.
var prefixes = []string{"source", "sources", "passage", "passages", "id", "ref", "cite", "citation"}

// maxPrefix is longer than each of them.
const maxPrefix = 16

// prefix skips such a word.
func (p *markParser) prefix() outcome {
	rest := strings.ToLower(p.rest()[:min(len(p.rest()), maxPrefix)])
	word := rest
	if i := strings.IndexFunc(rest, func(r rune) bool { return r < 'a' || r > 'z' }); i >= 0 {
		word = rest[:i]
	}
	for _, w := range prefixes {
		if word == w && len(rest) > len(w) {
			p.at += len(w)
			p.skip(` :="'#`)
			return yes
		}
		if word == rest && strings.HasPrefix(w, word) && len(word) > 1 {
			return p.undecided
		}
	}
	if rest == "" {
		return p.undecided
	}
	return yes
}

const openQuotes = "\"“”„«「『‘'"

// quote reads what follows an id: the closing bracket (end is true), the next id,
// or words.
func (p *markParser) quote(c *cite, closer rune, round bool) (end bool, o outcome) {
	p.skip(" \t\n:,;|=-，；：")
	rest := p.rest()
	if rest == "" {
		return false, p.undecided
	}
	r, n := utf8.DecodeRuneInString(rest)
	if r == closer {
		p.at += n
		return true, p.closed()
	}
	if round {
		if _, ok := passageID(rest); ok {
			return false, yes
		}
		return false, no
	}
	if strings.ContainsRune(openQuotes, r) {
		return p.quoted(c, n, closer)
	}
	if _, ok := passageID(rest); ok {
		return false, yes
	}
	if mayBecomeID(rest) {
		return false, p.undecided
	}
	return p.unquoted(c, closer)
}

// quoted reads words in quotation marks. The quote ends at a closing mark with
// the bracket or another id behind it, so it may hold quotation marks itself.
func (p *markParser) quoted(c *cite, n int, closer rune) (end bool, o outcome) {
	body := p.rest()[n:]
	for i, r := range body {
		if i > maxQuote {
			return false, no
		}
		if !strings.ContainsRune("\"”“»」』’'", r) {
			continue
		}
		tail := body[i+utf8.RuneLen(r):]
		trimmed := strings.TrimLeft(tail, " \t\n,;，；")
		if trimmed == "" {
			return false, p.undecided
		}
		next, width := utf8.DecodeRuneInString(trimmed)
		if next == closer {
			c.quote = body[:i]
			p.at = len(p.s) - len(trimmed) + width
			return true, p.closed()
		}
		if _, ok := passageID(trimmed); ok && len(trimmed) < len(tail) {
			c.quote = body[:i]
			p.at = len(p.s) - len(trimmed)
			return false, yes
		}
		if mayBecomeID(trimmed) {
			return false, p.undecided
		}
	}
	return false, p.undecided
}

// maxUnquoted bounds words without quotation marks in a mark, in bytes.
const maxUnquoted = 600

// unquoted reads words up to the bracket.
func (p *markParser) unquoted(c *cite, closer rune) (end bool, o outcome) {
	rest := p.rest()
	for i, r := range rest {
		switch {
		case r == closer:
			c.quote, c.loose = strings.TrimFunc(rest[:i], unicode.IsSpace), true
			p.at += i + utf8.RuneLen(r)
			return true, p.closed()
		case r == '\n' || r == '[' || r == '【' || i > maxUnquoted:
			return false, no
		}
	}
	return false, p.undecided
}
