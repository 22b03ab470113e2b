package offline_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/innoclaw/innoclaw/internal/model"
	"github.com/innoclaw/innoclaw/internal/model/offline"
)

// library cuts the sample workspace at its headings, as an index would, roughly.
func library(t testing.TB) []model.Passage {
	t.Helper()
	var out []model.Passage
	for _, f := range []struct{ path, kind string }{
		{"protocol.md", "markdown"}, {"实验记录.md", "markdown"}, {"README.md", "markdown"},
		{"measurements.csv", "csv"}, {"code/fit_arrhenius.py", "code"},
	} {
		b, err := os.ReadFile(filepath.Join("../../sample/files", f.path))
		if err != nil {
			t.Fatal(err)
		}
		pieces := []string{string(b)}
		header := ""
		switch f.kind {
		case "markdown":
			pieces = strings.SplitAfter(string(b), "\n\n## ")
		case "csv":
			header, _, _ = strings.Cut(string(b), "\n")
		}
		for _, piece := range pieces {
			out = append(out, model.Passage{ID: "p" + string(rune('a'+len(out))), Path: f.path, Type: f.kind, Header: header, Text: "## " + piece})
		}
		if f.kind != "markdown" {
			out[len(out)-1].Text = string(b)
		}
	}
	return out
}

func ask(t testing.TB, question, context string, passages []model.Passage) string {
	t.Helper()
	var text strings.Builder
	finished := false
	for e, err := range offline.New().Stream(t.Context(), model.Request{Grounding: &model.Grounding{Question: question, Context: context, Passages: passages}}) {
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString(e.Text)
		finished = e.Kind == model.Finish
	}
	if !finished {
		t.Error("no finish event")
	}
	return text.String()
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	passages := library(t)
	for _, c := range []struct{ question, want string }{
		{"How long is the precursor solution stirred?", "60 minutes"},
		{"Which antisolvent is used?", "diethyl ether"},
		{"Which filter does the solution pass through?", "0.45 µm filter"},
		{"What does activation_energy return?", "def activation_energy"},
		{"What does the function fit_line do?", "def fit_line"},
		{"At what temperature was batch C annealed?", "115 °C"},
		{"What is the grain size of film C2?", "grain_nm = 327"},
		{"What efficiency did film D3 reach?", "efficiency_percent = 14.5"},
		{"How is efficiency measured?", "reverse scan at 100 mW/cm²"},
		{"What is the value of GAS_CONSTANT?", "8.314462618"},
		{"B3 为什么不用于拟合？", "B3 正是在这段时间旋涂的"},
		{"哪一片薄膜的效率最高？", "C2 的效率最高"},
		{"D 批的 X 射线衍射图中出现了什么？", "碘化铅的峰"},
		{"循环泵停机多久？", "循环泵停机约二十分钟"},
		{"六月十二日的手套箱发生了什么问题？", "循环泵停机约二十分钟"},
		{"退火时间是多少？", "退火十分钟"},
	} {
		got := ask(t, c.question, "", passages)
		first, _, _ := strings.Cut(got, "]")
		if !strings.Contains(first, c.want) {
			t.Errorf("%s\nwant %q in the first quote of\n%s", c.question, c.want, got)
		}
	}
}

func TestAbstains(t *testing.T) {
	t.Parallel()
	passages := library(t)
	for _, question := range []string{
		"What is the capital of France?",
		"Who won the football world cup in 2014?",
		"What is the boiling point of benzene?",
		"How many patients were enrolled in the trial?",
		"太阳系有几颗行星？",
		"谁是美国总统？",
		"退火的发明者是谁？",
		"What is the price of a solar module?",
		"???", "", "the of and",
	} {
		if got := ask(t, question, "", passages); !strings.Contains(got, "[none]") {
			t.Errorf("%q answered:\n%s", question, got)
		}
	}
	if got := ask(t, "What is the price?", "", nil); !strings.Contains(got, "[none]") {
		t.Errorf("no passages, but: %s", got)
	}
}

func TestQuotesAreVerbatim(t *testing.T) {
	t.Parallel()
	passages := library(t)
	for _, question := range []string{"How long is the precursor solution stirred?", "C2 的效率是多少？", "What is the glove box limit of water?"} {
		got := ask(t, question, "", passages)
		all := ""
		for _, p := range passages {
			all += strings.Join(strings.Fields(p.Text), " ") + "\n"
		}
		n := 0
		for rest := got; ; n++ {
			_, after, ok := strings.Cut(rest, "“")
			if !ok {
				break
			}
			quote, tail, _ := strings.Cut(after, "”")
			if !strings.Contains(all, quote) {
				t.Errorf("%s: %q is nowhere in the files", question, quote)
			}
			if strings.HasPrefix(quote, "#") {
				t.Errorf("%s: quotes a heading: %q", question, quote)
			}
			rest = tail
		}
		if n < 1 || n > 4 {
			t.Errorf("%s: %d quotes in\n%s", question, n, got)
		}
	}
}

func TestFollowUpUsesContext(t *testing.T) {
	t.Parallel()
	passages := library(t)
	if got := ask(t, "And of D2?", "grain size film C2", passages); !strings.Contains(got, "grain_nm = 455") {
		t.Errorf("got\n%s", got)
	}
}

func TestFrameFollowsTheQuestion(t *testing.T) {
	t.Parallel()
	passages := library(t)
	if got := ask(t, "循环泵停机多久？", "", passages); !strings.HasPrefix(got, "文件中") && !strings.HasPrefix(got, "以下") {
		t.Errorf("got %s", got)
	}
	if got := ask(t, "实験はどうでしたか", "", passages); strings.Contains(got, "文件中") {
		t.Errorf("Japanese question framed in Chinese: %s", got)
	}
}

func TestDuplicatesAreQuotedOnce(t *testing.T) {
	t.Parallel()
	p := model.Passage{ID: "pa", Path: "a.txt", Type: "text", Text: "The sample melts at 431 kelvin under argon."}
	q := p
	q.ID, q.Path = "pb", "copy of a.txt"
	if got := ask(t, "At what temperature does the sample melt under argon?", "", []model.Passage{p, q}); strings.Count(got, "“") != 1 {
		t.Errorf("got\n%s", got)
	}
}

func TestHeadingOfPDFTextIsNotQuoted(t *testing.T) {
	t.Parallel()
	p := model.Passage{ID: "pa", Path: "a.pdf", Type: "pdf", Text: "Activation energy\nThe logarithm of the grain size was fitted as a straight\nline over the inverse temperature."}
	got := ask(t, "How was the logarithm of the grain size fitted?", "", []model.Passage{p})
	if !strings.Contains(got, "“The logarithm of the grain size was fitted as a straight line") {
		t.Errorf("got\n%s", got)
	}
}

func FuzzUnits(f *testing.F) {
	f.Add("What is it?", "# A\n\nIt is. So e.g. this\nline.\n\n| a | b |\n|--|--|\n| 1 | 2 |\n\n```go\nx\n```\n- item", "markdown")
	f.Add("a?", "a,b\n\"1,2\n\xff", "csv")
	f.Add("什么", "第一句。第二句！", "text")
	f.Add("fn", "func a() {\n\n}\n", "code")
	f.Fuzz(func(t *testing.T, question, text, kind string) {
		got := ask(t, question, "", []model.Passage{{ID: "pa", Path: "a." + kind, Type: kind, Text: text}})
		if got == "" {
			t.Error("empty answer")
		}
	})
}

func BenchmarkAnswer(b *testing.B) {
	passages := library(b)
	for b.Loop() {
		ask(b, "How long is the precursor solution stirred?", "", passages)
	}
}
