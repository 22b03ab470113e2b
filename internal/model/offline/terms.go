package offline

import (
	"strings"
	"unicode"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
)

// wide tells whether a character belongs to a script written without spaces.
func wide(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r >= 0x3000 && r <= 0x303F || r >= 0xFF00 && r <= 0xFFEF
}

// cjk tells whether a character takes part in bigrams.
func cjk(r rune) bool { return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) }

// terms splits a text into search terms: stems of words, the parts and the whole
// of identifiers, and pairs of neighbouring CJK characters.
func terms(text string) []string {
	var out []string
	rs := []rune(text)
	for i := 0; i < len(rs); {
		switch {
		case cjk(rs[i]):
			j := i
			for j < len(rs) && cjk(rs[j]) {
				j++
			}
			if j-i == 1 {
				out = append(out, string(rs[i:j]))
			}
			for k := i; k+1 < j; k++ {
				out = append(out, canonical(string(rs[k:k+2])))
			}
			i = j
		case letter(rs[i]):
			j := i
			for j < len(rs) && (letter(rs[j]) || joint(rs, j)) {
				j++
			}
			out = append(out, words(string(rs[i:j]))...)
			i = j
		default:
			i++
		}
	}
	return out
}

// letter tells whether a character is part of a word. The degree sign is, so that
// the C of °C is not taken for a name.
func letter(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '°') && !cjk(r)
}

// joint tells whether rs[i] joins two parts of one identifier or number.
func joint(rs []rune, i int) bool {
	if i == 0 || i+1 >= len(rs) || !letter(rs[i-1]) || !letter(rs[i+1]) {
		return false
	}
	switch rs[i] {
	case '_', '-':
		return true
	case '.', ',':
		return unicode.IsDigit(rs[i-1]) && unicode.IsDigit(rs[i+1])
	}
	return false
}

// words gives the terms of one word: its stem, or whole and parts of a compound.
func words(w string) []string {
	parts := split(w)
	if len(parts) == 1 {
		return []string{canonical(stem(w))}
	}
	out := []string{strings.ToLower(w)}
	for _, p := range parts {
		if len(p) > 1 || p[0] >= '0' && p[0] <= '9' {
			out = append(out, stem(p))
		}
	}
	return out
}

// split cuts an identifier at _, - and changes of case. Numbers stay whole.
func split(w string) []string {
	if w[0] >= '0' && w[0] <= '9' && strings.Trim(w, "0123456789.,") == "" {
		return []string{w}
	}
	var parts []string
	rs := []rune(w)
	start := 0
	for i := range rs {
		switch {
		case rs[i] == '_' || rs[i] == '-':
			if i > start {
				parts = append(parts, string(rs[start:i]))
			}
			start = i + 1
		case i > start && unicode.IsUpper(rs[i]) && unicode.IsLower(rs[i-1]):
			parts = append(parts, string(rs[start:i]))
			start = i
		}
	}
	if start < len(rs) {
		parts = append(parts, string(rs[start:]))
	}
	return parts
}

// superlative begins the common name of words that ask for an extreme.
const superlative = "\x00"

// superlatives are stems and pairs that mean the same extreme.
var superlatives = func() map[string]string {
	m := make(map[string]string)
	for _, group := range []string{
		"highest best most largest greatest maximum maximal max biggest top strongest longest fastest 最高 最大 最好 最多 最佳 最强 最长 最快",
		"lowest worst least smallest minimum minimal min weakest shortest slowest 最低 最小 最差 最少 最弱 最短 最慢",
	} {
		all := strings.Fields(group)
		for _, w := range all {
			m[stem(w)] = superlative + all[0]
		}
	}
	return m
}()

// canonical gives words that ask for the same extreme one name.
func canonical(term string) string {
	if c, ok := superlatives[term]; ok {
		return c
	}
	return term
}

func stem(w string) string {
	w = strings.ToLower(w)
	if len(w) < 3 || strings.IndexFunc(w, func(r rune) bool { return r < 'a' || r > 'z' }) >= 0 {
		return w
	}
	env := snowballstem.NewEnv(w)
	english.Stem(env)
	return env.Current()
}

func set(list []string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, s := range list {
		m[s] = true
	}
	return m
}

// stop holds words of a question that say nothing about its answer.
var stop = set(strings.Fields(`a an the of in on at to for from by with as and or but if then than so that this these
those there here it its they them their he she his her we our us you your i my me is are was were be been being am do
does did done has have had having can could may might must shall should will would not no nor what which who whom whose
when where why how many much any some all each every about into over under between per please tell show explain describe
give list find me according say says said mention mentioned file files document documents text workspace use used using
get got happen happens also just only very more other such same own both few out up down off s t re ve ll d
mean means long often far old big called name`))

// chineseStop are phrases of questions, removed before pairs are made; longer first.
var chineseStop = strings.NewReplacer(func() []string {
	var pairs []string
	for _, s := range strings.Fields(`根据文件 根据文档 根据资料 文件中 文档中 请问一下 请问 请告诉我 告诉我 请解释 请说明 请列出 解释一下 介绍一下 为什么
是什么样的 是什么 什么时候 什么样 什么 是多少 有多少 多少个 多少次 多少 是哪一个 哪一个 哪一年 哪一天 哪些 哪个 哪里 哪儿 哪种 哪一片 哪一种 哪一批 哪一次 哪一 发生了 发生 问题 情况 时间 哪片 哪批 哪次 哪 是谁 谁 何时 何地 如何 怎么样 怎么办 怎么 怎样 是否
有没有 能不能 是不是 可以 多大 多长 多久 多高 几个 几次 几年 几天 几 吗 呢 吧 啊 的 了 着 在 是 和 与 及 或 被 把 对 从 到 为 其 有 请 都 也 还 这 那 个 我 你 我们 你们`) {
		pairs = append(pairs, s, " ")
	}
	return pairs
}()...)

// asked is what a question looks for.
type asked struct {
	terms  []string // distinct, in order
	weight map[string]float64
	// number is set for questions whose answer is a figure or date, define for
	// questions after a meaning.
	number, define bool
	total          float64
}

// optional terms come from earlier turns and count less.
const optional = 0.5

func parse(question, before string) asked {
	a := asked{weight: make(map[string]float64)}
	low := strings.ToLower(question)
	for _, s := range []string{"how many", "how much", "how long", "how often", "how far", "how old", "how large", "how high", "when ", "what year", "which year", "what date", "percent", "多少", "时间", "几", "何时", "什么时候", "哪一年", "多久", "多大", "多长", "多高"} {
		a.number = a.number || strings.Contains(low, s)
	}
	for _, s := range []string{"what is ", "what are ", "what does ", "what's ", "define ", "definition", "meaning of", "stand for", "是什么", "什么是", "定义", "含义", "指什么"} {
		a.define = a.define || strings.Contains(low, s)
	}
	a.add(question, 1)
	a.add(before, optional)
	return a
}

func (a *asked) add(text string, factor float64) {
	seen := stopped(text)
	for _, t := range seen {
		if _, ok := a.weight[t]; !ok {
			a.terms = append(a.terms, t)
			a.weight[t] = factor
		}
	}
}

// stopped gives a question's terms without the words that say nothing.
func stopped(text string) []string {
	text = chineseStop.Replace(text)
	var kept []string
	for _, w := range strings.FieldsFunc(text, func(r rune) bool {
		return !letter(r) && !cjk(r) && r != '_' && r != '-' && r != '.' && r != ','
	}) {
		if w = strings.Trim(w, "-.,_"); w != "" && !stop[strings.ToLower(w)] {
			kept = append(kept, w)
		}
	}
	return terms(strings.Join(kept, " "))
}
