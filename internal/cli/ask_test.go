package cli_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/innoclaw/innoclaw/internal/cli"
	"github.com/innoclaw/innoclaw/internal/model/modeltest"
)

// command is a command line run in this process, with a cache of its own.
type command struct {
	out, err bytes.Buffer
	code     int
}

func run(t *testing.T, environ []string, args ...string) *command {
	t.Helper()
	c := &command{}
	c.code = cli.Run(t.Context(), args, cli.System{In: strings.NewReader(""), Out: &c.out, Err: &c.err, Environ: environ})
	return c
}

func cacheIn(t *testing.T) string { return "XDG_CACHE_HOME=" + t.TempDir() }

type askOutput struct {
	Answer, Model string
	Supported     bool
	Citations     []struct {
		ID, Path, Quote, State, ContentHash string
		Page, Line, Start, End              int
	}
}

func (c *command) answer(t *testing.T) askOutput {
	t.Helper()
	var a askOutput
	decoder := json.NewDecoder(&c.out)
	decoder.DisallowUnknownFields()
	var rest struct {
		askOutput
		Searched struct {
			Files, Passages int
			Paths           []string
		}
	}
	if err := decoder.Decode(&rest); err != nil {
		t.Fatalf("decode output: %v; error output %s", err, c.err.String())
	}
	a = rest.askOutput
	return a
}

func writeFile(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// oneEncoding is a file as it lies on disk and the text that a reader sees in it.
type oneEncoding struct {
	name, text string
	data       []byte
}

func encodings(t *testing.T) []oneEncoding {
	t.Helper()
	gb := "第一节\r\n\r\n🙂样品在六百度下退火十分钟，坩埚编号是北斗七。\r\n结束。\r\n"
	gbData, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(gb))
	if err != nil {
		t.Fatal(err)
	}
	wide := "Notes 🎈🎈\n\nThe crucible called Antares was used on Tuesday 🙂 for the melt.\n"
	wideData := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(wide)) {
		wideData = binary.LittleEndian.AppendUint16(wideData, unit)
	}
	crlf := "# Überschrift\r\n\r\nÄußerst 𝔘ngewöhnlich: the crucible called Regulus\r\nwas cleaned with acid.\r\n"
	bom := "# 记录 🧪\n\n坩埚“角宿一”用于第三批样品。The crucible called Spica was used for batch three.\n"
	return []oneEncoding{
		{"gb.txt", gb, gbData},
		{"wide.txt", wide, wideData},
		{"crlf.md", crlf, []byte(crlf)},
		{"bom.md", bom, append([]byte("\ufeff"), bom...)},
	}
}

// TestQuotesStandWhereTheySay decodes each file itself and looks at the characters
// from start to end.
func TestQuotesStandWhereTheySay(t *testing.T) {
	t.Parallel()
	dir, cache := t.TempDir(), cacheIn(t)
	texts := map[string]string{}
	for _, e := range encodings(t) {
		texts[e.name] = e.text
		writeFile(t, dir, e.name, e.data)
	}
	for question, path := range map[string]string{
		"What was the crucible Antares used for?":      "wide.txt",
		"With what was the crucible Regulus cleaned?":  "crlf.md",
		"For which batch was the crucible Spica used?": "bom.md",
		"样品退火多少分钟？坩埚编号是什么？":                            "gb.txt",
	} {
		c := run(t, []string{cache}, "ask", "--folder", dir, "--json", question)
		a := c.answer(t)
		found := false
		for i, citation := range a.Citations {
			characters := []rune(texts[citation.Path])
			if citation.Start < 0 || citation.End > len(characters) || citation.Start >= citation.End {
				t.Fatalf("%s: citation %d of %s is at %d-%d of %d characters", question, i, citation.Path, citation.Start, citation.End, len(characters))
			}
			if got := string(characters[citation.Start:citation.End]); got != citation.Quote {
				t.Errorf("%s: %s at %d-%d holds %q, the quote is %q", question, citation.Path, citation.Start, citation.End, got, citation.Quote)
			}
			if want := 1 + strings.Count(string(characters[:citation.Start]), "\n"); citation.Line != want {
				t.Errorf("%s: line %d of %s, want %d", question, citation.Line, citation.Path, want)
			}
			if citation.Page != 0 || citation.State != "verified" || len(citation.ContentHash) != 64 || !strings.Contains(a.Answer, "[^"+citation.ID+"]") {
				t.Errorf("%s: citation %+v in %q", question, citation, a.Answer)
			}
			found = found || citation.Path == path
		}
		if c.code != 0 || !a.Supported || !found {
			t.Errorf("%s: exit code %d, supported %v, citations %+v; want one of %s", question, c.code, a.Supported, a.Citations, path)
		}
	}
}

// TestSearchSpansCoverTheWords does the same for search.
func TestSearchSpansCoverTheWords(t *testing.T) {
	t.Parallel()
	dir, cache := t.TempDir(), cacheIn(t)
	for _, e := range encodings(t) {
		writeFile(t, dir, e.name, e.data)
		word := map[string]string{"gb.txt": "北斗七", "wide.txt": "Antares", "crlf.md": "Regulus", "bom.md": "Spica"}[e.name]
		c := run(t, []string{cache}, "search", "--folder", dir, "--json", word)
		var result struct {
			Query string
			Hits  []struct {
				Path       string
				Start, End int
			}
		}
		if err := json.Unmarshal(c.out.Bytes(), &result); err != nil {
			t.Fatalf("%v in %s", err, c.out.String())
		}
		if len(result.Hits) == 0 || result.Hits[0].Path != e.name {
			t.Fatalf("%s: hits %+v, want %s first", word, result.Hits, e.name)
		}
		characters := []rune(e.text)
		hit := result.Hits[0]
		if hit.Start < 0 || hit.End > len(characters) || !strings.Contains(string(characters[hit.Start:hit.End]), word) {
			t.Errorf("%s: %d-%d of %s does not hold it", word, hit.Start, hit.End, e.name)
		}
	}
}

// TestTwoProcessesAtOnce lets real processes build and read the same index.
func TestTwoProcessesAtOnce(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("innoclaw") // put there by TestMain
	if err != nil {
		t.Fatal(err)
	}
	dir, cache := t.TempDir(), cacheIn(t)
	for i := range 200 {
		writeFile(t, dir, "note"+string(rune('a'+i%26))+strings.Repeat("x", i/26)+".md", []byte("# Note\n\nThe lighthouse stands on the rock.\n"))
	}
	var wait sync.WaitGroup
	outputs := make([]string, 4)
	for i := range outputs {
		wait.Go(func() {
			cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, "search", "--folder", dir, "-k", "300", "--json", "lighthouse")
			cmd.Env = append(os.Environ(), cache)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("process %d: %v: %s", i, err, stderr.String())
			}
			outputs[i] = string(out)
		})
	}
	wait.Wait()
	for i, out := range outputs {
		if got := strings.Count(out, `"path":`); got != 200 {
			t.Errorf("process %d found %d of 200 files", i, got)
		}
	}
}

// endpoint is the environment that sends questions to a replay server.
func endpoint(t *testing.T, s *modeltest.Server) []string {
	return []string{cacheIn(t), "LLM_PROVIDER=openai", "OPENAI_BASE_URL=" + s.URL, "OPENAI_API_KEY=sk-geheim-1234567890", "LLM_MODEL=replay-small"}
}

func smallStudy(t *testing.T) string {
	dir := t.TempDir()
	writeFile(t, dir, "a.md", []byte("# Tin\n\nTin melts at 232 degrees Celsius.\n"))
	return dir
}

var passageID = regexp.MustCompile(`<passage-\w+ id="(\w+)"`)

// quoting makes an answer that cites the first passage of the prompt with the words.
func quoting(words string) modeltest.Reply {
	return modeltest.Reply{Make: func(c modeltest.Call) modeltest.Reply {
		body := strings.NewReplacer(`\u003c`, "<", `\"`, `"`).Replace(string(c.Body))
		match := passageID.FindStringSubmatch(body)
		if match == nil {
			return modeltest.Error(500, "no_passage", "the prompt holds no passage")
		}
		return modeltest.Answer("Tin melts ", "at 232 °C ["+match[1]+` "`+words+`"].`)
	}}
}

func TestAskWithAModel(t *testing.T) {
	t.Parallel()
	server := modeltest.New(t, quoting("melts at 232 degrees"))
	c := run(t, endpoint(t, server), "ask", "--folder", smallStudy(t), "--json", "At which temperature does tin melt?")
	a := c.answer(t)
	if c.code != 0 || a.Model != "openai/replay-small" || len(a.Citations) != 1 || a.Citations[0].Quote != "melts at 232 degrees" || a.Citations[0].State != "verified" {
		t.Fatalf("code %d, answer %+v, errors %s", c.code, a, c.err.String())
	}
	if !strings.Contains(a.Answer, "232 °C") || !strings.Contains(a.Answer, "[^c1]") {
		t.Errorf("answer %q", a.Answer)
	}
	if got := server.Calls()[0].Header.Get("Authorization"); got != "Bearer sk-geheim-1234567890" {
		t.Errorf("authorization %q", got)
	}
}

// TestInventedQuote gives words that stand nowhere: they support nothing.
func TestInventedQuote(t *testing.T) {
	t.Parallel()
	server := modeltest.New(t, quoting("boils at nine thousand degrees on the moon"))
	c := run(t, endpoint(t, server), "ask", "--folder", smallStudy(t), "--json", "At which temperature does tin melt?")
	if a := c.answer(t); c.code != 3 || a.Supported {
		t.Errorf("code %d, answer %+v", c.code, a)
	}
}

func TestModelFaultsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		reply modeltest.Reply
		want  string
	}{
		"wrong key": {modeltest.Error(401, "invalid_api_key", "Incorrect API key provided"), "Check the key"},
		"no credit": {modeltest.Error(429, "insufficient_quota", "You exceeded your current quota"), "quota is used up"},
		"no model":  {modeltest.Error(404, "model_not_found", "The model does not exist"), "does not know this model"},
		"web page":  {modeltest.Reply{Body: "<html>Welcome</html>", Header: map[string]string{"Content-Type": "text/html"}}, "Check the base URL"},
		"steering":  {modeltest.Error(401, "x", steer), "Check the key"},
		"too long":  {modeltest.Error(400, "context_length_exceeded", "maximum context length is 10 tokens"), "longer than this model takes"},
		"half an answer": {modeltest.Reply{Body: modeltest.Delta(`{"role":"assistant","content":""}`) + modeltest.Chunk("Tin melts"), Cut: 150},
			"the connection broke"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := modeltest.New(t, row.reply)
			c := run(t, endpoint(t, server), "ask", "--folder", smallStudy(t), "--json", "At which temperature does tin melt?")
			if c.code != 1 || !strings.Contains(c.err.String(), row.want) || c.out.Len() > 0 {
				t.Errorf("code %d, out %q, error %q; want %q", c.code, c.out.String(), c.err.String(), row.want)
			}
			if strings.Contains(c.err.String(), "geheim") || strings.ContainsAny(c.err.String(), "\x1b\u202e") {
				t.Errorf("error output %q", c.err.String())
			}
		})
	}
}

func TestNoModelServer(t *testing.T) {
	t.Parallel()
	c := run(t, []string{cacheIn(t), "LLM_PROVIDER=openai"}, "ask", "--folder", smallStudy(t), "When does tin melt?")
	if c.code != 1 || !strings.Contains(c.err.String(), "OPENAI_API_KEY is not set") {
		t.Errorf("code %d, error %q", c.code, c.err.String())
	}
}

// TestStopping ends a question by the signal that main turns into a cancelled context.
func TestStopping(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	server := modeltest.New(t, modeltest.Reply{Make: func(modeltest.Call) modeltest.Reply {
		stop()
		return modeltest.Reply{Stall: true}
	}})
	var out, errs bytes.Buffer
	code := cli.Run(ctx, []string{"ask", "--folder", smallStudy(t), "When does tin melt?"},
		cli.System{In: strings.NewReader(""), Out: &out, Err: &errs, Environ: endpoint(t, server)})
	if code != 1 || errs.String() != "innoclaw: stopped\n" || out.Len() > 0 {
		t.Errorf("code %d, out %q, errors %q", code, out.String(), errs.String())
	}
}
