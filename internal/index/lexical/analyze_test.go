package lexical_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/innoclaw/innoclaw/internal/index/lexical"
)

// one indexes a single text and tells whether a query finds it.
func finds(t *testing.T, text, query string) bool {
	t.Helper()
	x := lexical.New()
	for _, d := range []struct{ name, text string }{{"f", text}, {"other", "zzz"}} {
		if err := x.Put(d.name, x.Analyze([]lexical.Doc{{Path: "x", Text: d.text}})); err != nil {
			t.Fatal(err)
		}
	}
	hits := x.Search(query, lexical.Options{}).Hits
	return len(hits) == 1 && hits[0].File == "f"
}

func TestWordsMeet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, query string }{
		{"The experiments showed it.", "experiment"},
		{"boundary-layer theory", "boundary layer"},
		{"boundary-layer theory", "boundarylayer"},
		{"the boundarylayer", "boundary-layer"},
		{"call getUserName() now", "user name"},
		{"call getUserName() now", "get_user_name"},
		{"call get_user_name now", "getUserName"},
		{"class HTTPServer2", "http server"},
		{"np.linalg.svd(x)", "svd"},
		{"np.linalg.svd(x)", "np.linalg.svd"},
		{"see train_model.py", "train_model"},
		{"see train_model.py", "trainmodel"},
		{"file://data/raw/exp_03.csv", "exp_03"},
		{"Prandtl's problem", "prandtl"},
		{"Prandtl’s problem", "prandtl's"},
		{"we don’t know", "don't"},
		{"l'avion rouge", "avion"},
		{"O'Brien et al.", "o'brien"},
		{"a dose of 5mg", "5 mg"},
		{"a dose of 5mg", "5mg"},
		{"a dose of 5 mg", "5 mg"},
		{"it cost 1,200 euro", "1200"},
		{"it cost 1200 euro", "1,200"},
		{"pi is 3.14", "3.14"},
		{"version v1.2.3 is out", "v1.2.3"},
		{"COVID19 wave", "covid"},
		{"H2O and CO2", "h2o"},
		{"H₂O and CO₂", "h2o"},
		{"Müller", "muller"}, {"Müller", "müller"}, {"MÜLLER", "müller"},
		{"Mu\u0308ller", "Müller"}, {"Müller", "Mu\u0308ller"},
		{"Straße", "strasse"},
		{"naïve Bayes", "naive"},
		{"Łódź", "lodz"},
		{"ΑΒΓ Σίσυφος", "σισυφοσ"},
		{"Эксперимент удался", "эксперимент"},
		{"ﬁnal eﬃciency", "final efficiency"},
		{"ＧＰＵ サーバー", "gpu"},
		{"ｻｰﾊﾞｰ", "サーバー"},
		{"ガス", "ガス"}, {"カ\u3099ス", "ガス"},
		{"hyphen-\nation of words", "hyphenation"},
		{"hyphen-\r\nation of words", "hyphenation"},
		{"soft\u00adhyphen", "softhyphen"},
		{"5 µm", "μm"},
		{"snake__case___name", "name"},
		{"__init__", "init"},
		{"研究地下水的水位", "地下水"}, {"研究地下水的水位", "水"}, {"研究地下水的水位", "水位"}, {"研究地下水的水位", "地下水位"},
		{"水", "水"},
		{"東京大学で研究を行った", "大学"}, {"東京大学で研究を行った", "研究を行う"}, {"コンピューターを使う", "コンピューター"},
		{"데이터를 분석했다", "데이터"}, {"한", "한"},
		{"การทดลอง", "ทดลอง"},
		{"第3章 GPU服务器", "gpu"},
		{strings.Repeat("a", 500), strings.Repeat("a", 500)},
	} {
		if !finds(t, c.text, c.query) {
			t.Errorf("text %q is not found by %q", c.text, c.query)
		}
	}
}

func TestWordsDiffer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, query string }{
		{"pi is 3.14", "314"},
		{"地下水位", "上水"},
		{"地下水位", "火"},
		{"university", "universe"[:5]},
		{"the cat", "dog"},
		{"\xff\xfe\xfd", "a"},
		{"... --- !!!", "a"},
		{"text", ""},
		{"text", " \t\n ?!"},
		{"text", "\xff\xff"},
	} {
		if finds(t, c.text, c.query) {
			t.Errorf("text %q is found by %q", c.text, c.query)
		}
	}
}

func TestTerms(t *testing.T) {
	t.Parallel()
	x := lexical.New()
	for _, c := range []struct{ query, want string }{
		{"What is the storage temperature?", "storage|temperature"},
		{"to be or not to be", "not"},
		{"what is it", "what|is|it"},
		{"什么是水华？", "水华"},
		{"什么", "什么"},
		{"does the WHO say it", "WHO|say"},
		{"How do I use getUser?", "use|get|User|getUser"},
	} {
		if got := strings.Join(x.Terms(c.query), "|"); got != c.want {
			t.Errorf("Terms(%q) = %s, want %s", c.query, got, c.want)
		}
	}
}

func TestHighlight(t *testing.T) {
	t.Parallel()
	x := lexical.New()
	for _, c := range []struct{ query, text, want string }{
		{"incubate samples", "We incubated the Sample; samples rest.", "We [incubated] the [Sample]; [samples] rest."},
		{"水华", "关于水华的研究，水面。", "关于[水华]的研究，水面。"},
		{"水", "关于水华的研究，水面。", "关于[水]华的研究，[水]面。"},
		{"水质检测", "水质的检测，水质检测。", "[水质]的[检测]，[水质检测]。"},
		{"user name", "getUserName(x)", "get[UserName](x)"},
		{"muller", "Herr Müller", "Herr [Müller]"},
		{"efficiency", "the eﬃciency", "the [eﬃciency]"},
		{"nothing", "else", "else"},
		{"", "else", "else"},
	} {
		var b strings.Builder
		at := 0
		for _, r := range x.Highlight(x.Terms(c.query), c.text) {
			b.WriteString(c.text[at:r[0]] + "[" + c.text[r[0]:r[1]] + "]")
			at = r[1]
		}
		if b.WriteString(c.text[at:]); b.String() != c.want {
			t.Errorf("Highlight(%q): %s, want %s", c.query, b.String(), c.want)
		}
	}
}

// FuzzAnalyze feeds any text and query through indexing, search and
// highlighting: ranges lie in order on rune borders of the text, and a text finds itself if
// it has any term.
func FuzzAnalyze(f *testing.F) {
	for _, s := range []string{
		"The quick brown fox", "getUserName user_id a.b.c 3.14 v1.2.3", "l'avion n’est pas, don't O'Brien's", "水质检测方法 서버 コンピューター",
		"e\u0301 ﬁ ㍿ ½ ① ᾈ İ ß ſ ǅ", "カ\u3099 ﾊﾟ \u1100\u1161\u11a8", "\xff\xfe a\xffb -_-.'.", "co-\nop 1,234,567.89 1-2-3 -", "การทดลอง ภาษา", "🏳️‍🌈 👩‍👩‍👧 x\u200dy",
	} {
		f.Add(s, s)
	}
	x := lexical.New()
	f.Fuzz(func(t *testing.T, text, query string) {
		terms := x.Terms(query)
		at := 0
		for _, r := range x.Highlight(terms, text) {
			if r[0] < at || r[1] <= r[0] || r[1] > len(text) {
				t.Fatalf("range %v after %d in %q", r, at, text)
			}
			if utf8.ValidString(text) && (!utf8.ValidString(text[r[0]:r[1]])) {
				t.Fatalf("range %v cuts a rune of %q", r, text)
			}
			at = r[1]
		}
		own := lexical.New()
		if err := own.Put("f", own.Analyze([]lexical.Doc{{Path: "p/q", Text: text}})); err != nil {
			t.Fatal(err)
		}
		if own.Stats().Terms > 2 && len(text) < 200 && len(own.Terms(text)) > 0 {
			r := own.Search(text, lexical.Options{Texts: func(h []lexical.Hit) []string { return make([]string, len(h)) }})
			if len(r.Hits) != 1 {
				t.Fatalf("%q does not find itself: %v", text, own.Terms(text))
			}
		}
		own.Search(query, lexical.Options{K: 3, PerFile: 1, Texts: func(h []lexical.Hit) []string { return []string{text} }})
	})
}
