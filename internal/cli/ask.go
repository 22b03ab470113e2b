package cli

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/innoclaw/innoclaw/internal/answer"
	"github.com/innoclaw/innoclaw/internal/app"
)

// maxQuestion bounds a question in bytes.
const maxQuestion = 16 << 10

type askCitation struct {
	ID          string `json:"id"`
	Path        string `json:"path"`
	Page        int    `json:"page"` // from 1; 0 for files without pages
	Line        int    `json:"line"`
	Start       int    `json:"start"` // characters of the extracted text
	End         int    `json:"end"`
	Quote       string `json:"quote"`
	State       string `json:"state"`
	ContentHash string `json:"contentHash"`
}

type askSearched struct {
	Files    int      `json:"files"`
	Passages int      `json:"passages"`
	Paths    []string `json:"paths"`
}

type askResult struct {
	Answer    string        `json:"answer"`
	Model     string        `json:"model"`
	Supported bool          `json:"supported"`
	Citations []askCitation `json:"citations"`
	Searched  askSearched   `json:"searched"`
}

const askHelp = `Answers one question from the files of a folder. Every citation has been looked up in
the text. Without a configured model (LLM_PROVIDER, see .env.example) the answer is made
of quotes, and nothing leaves this machine.

With --json one object is printed:

  {"answer","model","supported","citations":[{"id","path","page","line","start","end",
   "quote","state","contentHash"}],"searched":{"files","passages","paths"}}

In the answer a citation stands as [^c1]. start and end count characters of the file's
extracted text; quote is the exact text there; page is 0 for files without pages. The
exit code is 3 when nothing in the folder supports an answer.`

func newAsk(sys session) *cobra.Command {
	var folder folderFlags
	cmd := &cobra.Command{
		Use:     `ask --folder DIR "question"`,
		Short:   sys.Say("Answer a question from a folder's files, without a server"),
		Long:    sys.Say(askHelp),
		Example: `  innoclaw ask --folder ~/papers "Which catalyst was used at 80 °C?"`,
		Args:    exactly(sys, 1, sys.Say("one question in quotes")),
		RunE: func(cmd *cobra.Command, args []string) error {
			question := strings.TrimSpace(args[0])
			if question == "" || len(question) > maxQuestion {
				return sys.usage("give a question of at most %d bytes", maxQuestion)
			}
			return folder.withFolder(cmd, sys, func(f *app.Folder) error {
				result, err := f.Ask(cmd.Context(), question)
				if err != nil {
					return sys.fail("answer the question: %w", err)
				}
				if folder.json {
					err = writeJSON(sys.Out, answerJSON(result))
				} else {
					printAnswer(sys, result)
				}
				if err == nil && !result.Supported {
					return errUnsupported
				}
				return err
			})
		},
	}
	folder.register(cmd, sys)
	return cmd
}

func answerJSON(a answer.Result) askResult {
	out := askResult{Answer: a.Text, Model: a.Model, Supported: a.Supported, Citations: []askCitation{},
		Searched: askSearched{Files: a.Searched.Files, Passages: len(a.Searched.Passages), Paths: []string{}}}
	for _, c := range a.Citations {
		out.Citations = append(out.Citations, askCitation{c.ID, c.Path, c.Page, c.Line, c.Start, c.End, c.Quote, string(c.State), c.ContentHash})
	}
	seen := map[string]bool{}
	for _, p := range a.Searched.Passages {
		if !seen[p.Path] {
			seen[p.Path] = true
			out.Searched.Paths = append(out.Searched.Paths, p.Path)
		}
	}
	return out
}

var citationMark = regexp.MustCompile(`\[\^c(\d+)\]`)

// maxClosest is how many places are named when nothing supports an answer.
const maxClosest = 5

// printAnswer shows an answer as text with numbered sources below.
func printAnswer(sys session, a answer.Result) {
	fmt.Fprintln(sys.Out, plain(citationMark.ReplaceAllString(strings.TrimSpace(a.Text), "[$1]")))
	if len(a.Citations) > 0 {
		fmt.Fprintln(sys.Out)
	}
	for _, c := range a.Citations {
		fmt.Fprintf(sys.Out, "[%s] %s (%s)\n    “%s”\n", strings.TrimPrefix(c.ID, "c"), sys.place(c.Path, c.Line, c.Page), stateText(sys, c.State), excerpt(c.Quote))
	}
	if a.Supported || len(a.Searched.Passages) == 0 {
		return
	}
	fmt.Fprintf(sys.Out, "\n%s\n", sys.Say("Searched %d files. What comes closest:", a.Searched.Files))
	for _, p := range a.Searched.Passages[:min(maxClosest, len(a.Searched.Passages))] {
		fmt.Fprintf(sys.Out, "  %s\n", sys.place(p.Path, p.Line, p.Page))
	}
}

func stateText(sys session, state answer.State) string {
	switch state {
	case answer.Verified:
		return sys.Say("verified")
	case answer.Located:
		return sys.Say("located: not a quote")
	case answer.Stale:
		return sys.Say("the file has changed since")
	case answer.Unsupported:
		return sys.Say("does not stand there")
	}
	return oneLine(string(state))
}
