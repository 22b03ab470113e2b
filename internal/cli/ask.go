package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
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
	Page        int    `json:"page,omitempty"`
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

func newAsk(sys System) *cobra.Command {
	var folder folderFlags
	cmd := &cobra.Command{
		Use:   `ask --folder DIR "question"`,
		Short: "Answer a question from a folder's files, without a server",
		Long: `Answers one question from the files of a folder. Every citation has been looked up in
the text. Without a configured model (LLM_PROVIDER, see .env.example) the answer is made
of quotes, and nothing leaves this machine.

With --json one object is printed:

  {"answer","model","supported","citations":[{"id","path","page","line","start","end",
   "quote","state","contentHash"}],"searched":{"files","passages","paths"}}

In the answer a citation stands as [^c1]. start and end count characters of the file's
extracted text; quote is the exact text there. The exit code is 3 when nothing in the
folder supports an answer.`,
		Example: `  innoclaw ask --folder ~/papers "Which catalyst was used at 80 °C?"`,
		Args:    exactly(1, "one question in quotes"),
		RunE: func(cmd *cobra.Command, args []string) error {
			question := strings.TrimSpace(args[0])
			if question == "" || len(question) > maxQuestion {
				return usagef("give a question of at most %d bytes", maxQuestion)
			}
			return folder.withFolder(cmd, sys, func(f *app.Folder) error {
				result, err := f.Ask(cmd.Context(), question)
				if err != nil {
					return fmt.Errorf("answer the question: %w", err)
				}
				if folder.json {
					err = printAnswerJSON(sys.Out, result)
				} else {
					printAnswer(sys.Out, result)
				}
				if err == nil && !result.Supported {
					return errUnsupported
				}
				return err
			})
		},
	}
	folder.register(cmd)
	return cmd
}

func printAnswerJSON(w io.Writer, a answer.Result) error {
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
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(out)
}

var citationMark = regexp.MustCompile(`\[\^c(\d+)\]`)

// printAnswer shows an answer as text with numbered sources below.
func printAnswer(w io.Writer, a answer.Result) {
	fmt.Fprintln(w, printable(citationMark.ReplaceAllString(strings.TrimSpace(a.Text), "[$1]")))
	if len(a.Citations) > 0 {
		fmt.Fprintln(w)
	}
	for _, c := range a.Citations {
		place := c.Path + ":" + strconv.Itoa(c.Line)
		if c.Page > 0 {
			place = fmt.Sprintf("%s, page %d", c.Path, c.Page)
		}
		fmt.Fprintf(w, "[%s] %s (%s)\n    “%s”\n", strings.TrimPrefix(c.ID, "c"), printable(place), c.State, excerpt(c.Quote))
	}
	if !a.Supported {
		fmt.Fprintf(w, "\nSearched %d files; %d passages came closest.\n", a.Searched.Files, len(a.Searched.Passages))
	}
}
