package offline

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/innoclaw/innoclaw/internal/model"
)

// What it takes to be an answer. Measured on the questions of the tests.
const (
	maxQuotes = 4
	// enough is the share of the question's weight that a quote with its
	// surroundings must carry, own the share of its words alone.
	enough = 0.55
	own    = 0.28
	// A term found only around the quote counts for less.
	inHeading   = 0.7
	inNeighbour = 0.45
	// near is how close to the best quote a further one must score.
	near = 0.75
	// same is the overlap from which two quotes say the same.
	same = 0.7
)

// pick chooses the quotes, best first, or none when nothing supports an answer.
func pick(ctx context.Context, g *model.Grounding) []unit {
	all, bags := collect(ctx, g)
	a := parse(g.Question, g.Context)
	if len(a.terms) == 0 || len(all) == 0 {
		return nil
	}
	a.weigh(g.Question, bags)
	contexts := make([]map[string]bool, len(g.Passages))
	for i, p := range g.Passages {
		contexts[i] = set(terms(p.Title + " " + p.Breadcrumb + " " + p.Path))
	}
	for i := range all {
		a.rate(all, bags, i, contexts[all[i].passage])
	}
	order := make([]int, 0, len(all))
	for i, u := range all {
		if u.score > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(all[y].score, all[x].score) })
	return choose(all, bags, order)
}

// collect cuts all passages and gives each unit's terms.
func collect(ctx context.Context, g *model.Grounding) ([]unit, []map[string]bool) {
	var all []unit
	var bags []map[string]bool
	for n, p := range g.Passages {
		for _, u := range units(n, p) {
			if len(all) == maxUnits || ctx.Err() != nil {
				return all, bags
			}
			all = append(all, u)
			bags = append(bags, set(terms(u.text+" "+strings.Join(u.header, " "))))
		}
	}
	return all, bags
}

// choose takes the best units, each saying something new.
func choose(all []unit, bags []map[string]bool, order []int) []unit {
	var out []unit
	var taken []int
	for _, i := range order {
		if len(out) == maxQuotes || len(out) > 0 && all[i].score < near*out[0].score {
			break
		}
		if slices.ContainsFunc(taken, func(j int) bool { return overlap(bags[i], bags[j]) >= same }) {
			continue
		}
		out = append(out, all[i])
		taken = append(taken, i)
	}
	return out
}

// weigh gives each term its weight: the rarer among the units the more, names and
// figures more still. A term that occurs nowhere weighs most: without it there is
// hardly an answer.
func (a *asked) weigh(question string, bags []map[string]bool) {
	names := set(nil)
	for i, w := range strings.Fields(question) {
		w = strings.Trim(w, "?!.,:;()\"'“”‘’`")
		if w == "" {
			continue
		}
		upper := strings.IndexFunc(w, unicode.IsUpper)
		if strings.ContainsAny(w, "0123456789_") || upper > 0 || upper == 0 && i > 0 {
			for _, t := range terms(w) {
				names[t] = true
			}
		}
	}
	before, beforeFound := "", false
	for _, t := range a.terms {
		df := 0
		for _, bag := range bags {
			if bag[t] {
				df++
			}
		}
		crossing := df == 0 && beforeFound && follows(before, t)
		before, beforeFound = t, df > 0
		w := math.Log(2 + float64(len(bags))/float64(1+df))
		switch {
		case crossing:
			w *= 0.2 // the end of one word and the beginning of the next
		case names[t]:
			w *= 1.5
		case strings.HasPrefix(t, superlative):
			// Texts say "the best" or just give the figure: it helps, but its absence tells little.
			w = math.Min(w, 1) * 0.6
		}
		a.weight[t] *= w
		a.total += a.weight[t]
	}
}

// follows tells whether b is the pair of CJK characters that overlaps the pair a.
func follows(a, b string) bool {
	x, y := []rune(a), []rune(b)
	return len(x) == 2 && len(y) == 2 && cjk(y[0]) && x[1] == y[0]
}

// rate scores unit i; zero means that it is no answer.
func (a *asked) rate(all []unit, bags []map[string]bool, i int, around map[string]bool) {
	u := &all[i]
	heading := set(terms(u.heading))
	neighbour := func(t string) bool {
		for _, j := range []int{i - 1, i + 1} {
			if j >= 0 && j < len(all) && all[j].passage == u.passage && bags[j][t] {
				return true
			}
		}
		return false
	}
	var inside, total float64
	hits := 0
	for _, t := range a.terms {
		w := a.weight[t]
		switch {
		case bags[i][t]:
			inside += w
			total += w
			hits++
		case heading[t] || around[t]:
			total += w * inHeading
		case neighbour(t):
			total += w * inNeighbour
		}
	}
	inside, total = inside/a.total, total/a.total
	asks := strings.HasSuffix(u.text, "?") || strings.HasSuffix(u.text, "？")
	if hits == 0 || total < enough || inside < own || asks {
		return // a question answers nothing
	}
	u.cover = total
	u.score = total + 0.5*inside + a.bonus(*u, bags[i]) + 0.12/float64(1+u.passage)
}

// bonus rewards the form of an answer.
func (a *asked) bonus(u unit, bag map[string]bool) float64 {
	var b float64
	if a.number {
		if figure(u.text, a) {
			b += 0.2
		} else {
			b -= 0.2
		}
	}
	low := strings.ToLower(u.text)
	if a.define && u.kind == sentence && len(a.terms) > 0 {
		for _, verb := range []string{" is a", " is the", " is an", " are ", " means ", " refers to", " denotes", " stands for", " is defined", "是", "指", "：", ": "} {
			if strings.Contains(low, verb) {
				b += 0.15
				break
			}
		}
		if begins := terms(firstRunes(u.text, 40)); slices.ContainsFunc(a.terms, func(t string) bool { return slices.Contains(begins, t) }) {
			b += 0.1
		}
	}
	if u.kind == code {
		if definition(u.text, a) {
			b += 0.4
		} else {
			b -= 0.2 // prose says it better
		}
	}
	if u.kind == sentence && figures(u.text) > 0.3 {
		b -= 0.35 // the flattened table of a PDF
	}
	switch n := len(bag); {
	case n < 3:
		b -= 0.25
	case n > 60:
		b -= 0.1
	}
	return b
}

// figure tells whether a text holds a number that the question did not.
func figure(text string, a *asked) bool {
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsDigit(r) && r != '.' && r != ',' }) {
		w = strings.Trim(w, ".,")
		if _, given := a.weight[w]; w != "" && !given {
			return true
		}
	}
	return strings.ContainsAny(text, "一二三四五六七八九十百千万") && !strings.ContainsAny(text, "0123456789")
}

// figures is the share of a text's words that begin with a digit.
func figures(text string) float64 {
	all := strings.Fields(text)
	n := 0
	for _, w := range all {
		if w[0] >= '0' && w[0] <= '9' {
			n++
		}
	}
	return float64(n) / float64(max(len(all), 1))
}

// definition tells whether code defines one of the names asked for.
func definition(text string, a *asked) bool {
	for line := range strings.Lines(text) {
		for _, keyword := range []string{"func ", "def ", "class ", "function ", "fn ", "type ", "struct ", "interface ", "const ", "let ", "var ", "public ", "static ", "void ", "sub "} {
			_, after, ok := strings.Cut(line, keyword)
			if !ok {
				continue
			}
			// A method's receiver stands before its name.
			if strings.HasPrefix(after, "(") {
				_, after, _ = strings.Cut(after, ")")
			}
			name := strings.TrimSpace(after)
			if i := strings.IndexFunc(name, func(r rune) bool { return !letter(r) && r != '_' }); i >= 0 {
				name = name[:i]
			}
			if name == "" {
				continue
			}
			if _, asked := a.weight[terms(name)[0]]; asked {
				return true
			}
		}
	}
	return false
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// overlap is the share of the smaller bag that the two have in common.
func overlap(a, b map[string]bool) float64 {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) == 0 {
		return 0
	}
	n := 0
	for t := range a {
		if b[t] {
			n++
		}
	}
	return float64(n) / float64(len(a))
}
