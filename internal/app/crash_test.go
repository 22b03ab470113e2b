package app_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innoclaw/innoclaw/client"
	"github.com/innoclaw/innoclaw/internal/app/apptest"
	"github.com/innoclaw/innoclaw/internal/model/modeltest"
)

const (
	crashKills  = 25
	answerWords = 12
)

// crash is a server that is killed again and again while two people ask and files
// are written. What a person was told is kept here and compared afterwards.
type crash struct {
	t       *testing.T
	dir     string
	lab     string // the workspace's folder
	environ []string
	model   *modeltest.Server
	browser *http.Client
	space   string
	asked   atomic.Int32

	mu       sync.Mutex
	accepted map[string]string // question's tag to conversation, for those with a response; mu guards it
	written  map[string]string // path to content of writes that were confirmed; mu guards it
	tried    map[string]string // the same of all writes; mu guards it
	states   map[string]int    // number of answers by state
	settled  map[string]bool   // answers that were checked
}

var tagPattern = regexp.MustCompile(`question-\d+`)

// numbered answers question-7 with word0-question-7 word1-question-7 and so on.
func numbered() modeltest.Reply {
	return modeltest.Reply{Make: func(c modeltest.Call) modeltest.Reply {
		tag := string(tagPattern.Find(c.Body))
		var words []string
		for i := range answerWords {
			words = append(words, fmt.Sprintf("word%d-%s ", i, tag))
		}
		r := modeltest.Answer(words...)
		r.Pause = 15 * time.Millisecond
		return r
	}}
}

// TestKilledServerKeepsItsWord kills the real program at random moments, also while
// it starts, and looks after each restart at every answer and every file.
func TestKilledServerKeepsItsWord(t *testing.T) {
	if testing.Short() {
		t.Skip("kills a server for a minute")
	}
	dir := t.TempDir()
	c := &crash{t: t, dir: dir, lab: filepath.Join(dir, "research", "lab"), model: modeltest.New(t, numbered()), browser: newBrowser(t),
		accepted: map[string]string{}, written: map[string]string{}, tried: map[string]string{}, states: map[string]int{}, settled: map[string]bool{}}
	must(t, os.MkdirAll(c.lab, 0o755))
	c.environ = []string{"WORKSPACE_ROOTS=" + filepath.Join(dir, "research"), "LLM_PROVIDER=openai", "LLM_MODEL=replay-small", "OPENAI_BASE_URL=" + c.model.URL}
	must(t, os.WriteFile(filepath.Join(c.lab, "words.md"), []byte("# Words\n\nEvery question gets an answer of numbered words.\n"), 0o644))
	p := serve(t, dir, c.environ...)
	p.wait(t)
	person := p.setUp(t, dir, c.browser)
	w, err := person.OpenFolder(t.Context(), "lab", c.lab)
	must(t, err)
	c.space = w.ID
	eventually(t, func() string { return c.missingFromIndex(p, person) })
	for kill := range crashKills {
		c.load(p)
		if kill%4 == 3 { // a second blow while it gets up
			p = serve(t, dir, c.environ...)
			time.Sleep(rand.N(600 * time.Millisecond)) // the blow's moment, not a condition
			p.kill()
		}
		p = serve(t, dir, c.environ...)
		p.wait(t)
		c.check(p, kill == crashKills-1)
		if t.Failed() {
			t.Fatalf("after kill %d; the server said:\n%s", kill+1, p.errs)
		}
	}
	t.Logf("%d kills, %d questions, %d accepted, %d model calls, answers %v, %d writes confirmed", crashKills, c.asked.Load(), len(c.accepted), len(c.model.Calls()), c.states, len(c.written))
	if c.states["complete"] == 0 || c.states["interrupted"] == 0 || len(c.written) == 0 {
		t.Errorf("answers %v, %d writes: too quiet to prove anything", c.states, len(c.written))
	}
}

// load asks and writes until the server dies, after a while that is chosen at random.
func (c *crash) load(p *process) {
	ctx, cancel := context.WithCancel(c.t.Context())
	defer cancel()
	var work sync.WaitGroup
	for range 2 {
		work.Go(func() {
			for ctx.Err() == nil {
				c.ask(ctx, p)
			}
		})
	}
	work.Go(func() { c.write(ctx, p) })
	work.Go(func() { c.scribble(ctx) })
	time.Sleep(rand.N(900 * time.Millisecond)) // the moment of the kill, not a condition
	p.kill()
	cancel()
	work.Wait()
}

// ask asks one question and notes whether it was accepted.
func (c *crash) ask(ctx context.Context, p *process) {
	tag := fmt.Sprintf("question-%d", c.asked.Add(1))
	answer, err := p.person(c.t, c.browser).Ask(ctx, client.Question{WorkspaceID: c.space, Text: "What is the answer with numbered words to " + tag + " here?"}, nil)
	if answer.ConversationID != "" {
		c.mu.Lock()
		c.accepted[tag] = answer.ConversationID
		c.mu.Unlock()
	}
	if err != nil && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond) // the server is dying; not a condition
	}
}

// write makes files through the interface.
func (c *crash) write(ctx context.Context, p *process) {
	for ctx.Err() == nil {
		path := fmt.Sprintf("api-%d.md", rand.Uint64())
		content := strings.Repeat("Written through the interface: "+path+"\n", 1+rand.N(2000))
		c.mu.Lock()
		c.tried[path] = content
		c.mu.Unlock()
		if _, err := p.person(c.t, c.browser).WriteFile(ctx, c.space, path, content, ""); err != nil {
			return // dead
		}
		c.mu.Lock()
		c.written[path] = content
		c.mu.Unlock()
		time.Sleep(rand.N(40 * time.Millisecond)) // a person's pace
	}
}

// scribble changes files as other programs do.
func (c *crash) scribble(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		file := filepath.Join(c.lab, fmt.Sprintf("disk-%d.md", rand.N(15)))
		switch rand.N(4) {
		case 0:
			_ = os.Remove(file) // may not be there
		case 1:
			_ = os.Rename(file, filepath.Join(c.lab, fmt.Sprintf("disk-%d.md", rand.N(15)))) // as above
		default:
			if err := os.WriteFile(file, []byte(strings.Repeat(fmt.Sprintf("Line %d of a lab diary.\n", n), 1+rand.N(300))), 0o644); err != nil {
				c.t.Error(err)
			}
		}
		time.Sleep(rand.N(20 * time.Millisecond)) // a program's pace
	}
}

// check compares the restarted server with what people were told.
func (c *crash) check(p *process, last bool) {
	t := c.t
	t.Helper()
	person := p.person(t, c.browser)
	c.checkFiles()
	eventually(t, func() string { return c.missingFromIndex(p, person) })
	listed := c.conversations(p, person)
	for tag, id := range c.accepted {
		if listed[tag] != id {
			t.Errorf("%s was accepted as conversation %s and is now %q", tag, id, listed[tag])
		}
	}
	calls := map[string]int{}
	for _, call := range c.model.Calls() {
		calls[string(tagPattern.Find(call.Body))]++
	}
	for tag, n := range calls {
		if n != 1 {
			t.Errorf("%s: the model was called %d times", tag, n)
		}
	}
	if last {
		c.states = map[string]int{}
		clear(c.settled) // all once more: an answer stays as it ended
	}
	for tag, id := range listed {
		if !c.settled[tag] {
			c.settled[tag] = true
			c.states[c.checkAnswer(person, tag, id)]++
		}
	}
}

func (c *crash) checkFiles() {
	for path, content := range c.tried {
		got, err := os.ReadFile(filepath.Join(c.lab, path))
		_, confirmed := c.written[path]
		if err != nil && (confirmed || !os.IsNotExist(err)) {
			c.t.Errorf("%s was confirmed: %v", path, err)
		}
		if err == nil && string(got) != content {
			c.t.Errorf("%s holds %d bytes, want %d", path, len(got), len(content))
		}
	}
}

// conversations lists all conversations by the tag in their title.
func (c *crash) conversations(p *process, person apptest.Person) map[string]string {
	c.t.Helper()
	listed := map[string]string{}
	for cursor := ""; ; {
		var page struct {
			Items []struct{ ID, Title string }
			Next  string
		}
		get(c.t, p, person, "/api/conversations?limit=200&workspaceId="+c.space+"&cursor="+cursor, &page)
		for _, item := range page.Items {
			tag := tagPattern.FindString(item.Title)
			if listed[tag] != "" {
				c.t.Errorf("%s has two conversations", tag)
			}
			listed[tag] = item.ID
		}
		if cursor = page.Next; cursor == "" {
			return listed
		}
	}
}

func get(t testing.TB, p *process, person apptest.Person, path string, v any) {
	t.Helper()
	response := open(t.Context(), t, person.HTTP, "GET", p.url+path, nil)
	if response.StatusCode != 200 {
		t.Fatalf("GET %s: %d", path, response.StatusCode)
	}
	must(t, json.NewDecoder(response.Body).Decode(v))
	must(t, response.Body.Close())
}

// checkAnswer waits for the end of an answer: whole and once, or interrupted with
// what had arrived, and never a word twice.
func (c *crash) checkAnswer(person apptest.Person, tag, id string) (state string) {
	t := c.t
	t.Helper()
	var m client.Message
	eventually(t, func() string {
		conversation, err := person.Conversation(t.Context(), id)
		must(t, err)
		if len(conversation.Messages) != 2 {
			t.Fatalf("%s has %d messages", tag, len(conversation.Messages))
		}
		if m = conversation.Messages[1]; m.State == "streaming" {
			return tag + " is still being written"
		}
		return ""
	})
	text, excuse := "", ""
	for _, raw := range m.Parts {
		var part struct{ Type, Text, ErrorText string }
		must(t, json.Unmarshal(raw, &part))
		text, excuse = text+part.Text, excuse+part.ErrorText
	}
	words := wordPattern.FindAllString(text, -1)
	for i, word := range words {
		if want := fmt.Sprintf("word%d-%s", i, tag); word != want {
			t.Errorf("%s: word %d is %s\n%s", tag, i, word, text)
			break
		}
	}
	switch {
	case m.State == "complete" && len(words) == answerWords && excuse == "":
	case m.State == "interrupted" && len(words) <= answerWords && strings.Contains(excuse, "Ask again"):
	default:
		t.Errorf("%s is %s with %d words, %q\n%s", tag, m.State, len(words), excuse, text)
	}
	return m.State
}

var wordPattern = regexp.MustCompile(`word\d+-question-\d+`)

// missingFromIndex compares the index with the files.
func (c *crash) missingFromIndex(p *process, person apptest.Person) string {
	onDisk := map[string]string{}
	err := fs.WalkDir(os.DirFS(c.lab), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && d.Name() == ".innoclaw" {
				return fs.SkipDir
			}
			return err
		}
		if strings.HasPrefix(d.Name(), ".innoclaw-") {
			return nil // what a killed write left; housekeeping removes it later
		}
		data, err := os.ReadFile(filepath.Join(c.lab, path))
		sum := sha256.Sum256(data)
		onDisk[path] = "indexed " + hex.EncodeToString(sum[:])
		return err
	})
	must(c.t, err)
	inIndex := map[string]string{}
	for cursor := ""; ; {
		var page struct {
			Items []struct{ Path, State, ContentHash string }
			Next  string
		}
		get(c.t, p, person, "/api/workspaces/"+c.space+"/index/files?limit=1000&cursor="+cursor, &page)
		for _, item := range page.Items {
			inIndex[item.Path] = item.State + " " + item.ContentHash
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if maps.Equal(onDisk, inIndex) {
		return ""
	}
	return "index and files differ:\n" + cmp.Diff(onDisk, inIndex)
}
