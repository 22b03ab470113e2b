package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/innoclaw/innoclaw/internal/app"
	"github.com/innoclaw/innoclaw/internal/index"
)

// Limits of searches.
const (
	maxHits       = 1000
	maxQueryBytes = 16 << 10
)

type searchHit struct {
	Path  string  `json:"path"`
	Score float64 `json:"score"`
	Start int     `json:"start"` // characters of the extracted text
	End   int     `json:"end"`
	Line  int     `json:"line"`
	Page  int     `json:"page,omitempty"`
}

type searchResult struct {
	Query string      `json:"query"`
	Hits  []searchHit `json:"hits"`
}

func newSearch(sys System) *cobra.Command {
	var folder folderFlags
	var batch string
	var count int
	var perFile bool
	cmd := &cobra.Command{
		Use:   `search --folder DIR "words"`,
		Short: "Find passages in a folder, without a server",
		Long: `Finds the passages of a folder's files that fit the words best. The first call reads
the folder; later ones read only what changed.

With --batch, each line of FILE is a query ("-" reads standard input), and each gives
one line of JSON in the same order:

  {"query":"…","hits":[{"path":"a.md","score":7.1,"start":0,"end":512,"line":1}]}

start and end count characters of the file's extracted text, line and page from 1.`,
		Example: "  innoclaw search --folder ~/papers \"activation energy\"\n  innoclaw search --folder ~/papers --batch questions.txt -k 10 --per-file --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (batch == "") == (len(args) == 0) {
				return usagef("give either words or --batch FILE")
			}
			if count < 1 || count > maxHits {
				return usagef("-k takes a number from 1 to %d", maxHits)
			}
			queries := args
			if batch != "" {
				var err error
				if queries, err = readLines(sys, batch); err != nil {
					return err
				}
			}
			return folder.withFolder(cmd, sys, func(f *app.Folder) error {
				out := bufio.NewWriter(sys.Out)
				for _, text := range queries {
					query := index.Query{Text: text, K: count}
					if perFile {
						query.PerFile = 1
					}
					result, err := f.Search(cmd.Context(), query)
					if err != nil {
						return fmt.Errorf("search %q: %w", text, err)
					}
					if err := printResult(out, text, result, folder.json || batch != ""); err != nil {
						return err
					}
				}
				return out.Flush()
			})
		},
	}
	folder.register(cmd)
	cmd.Flags().StringVar(&batch, "batch", "", "file with one query a line; prints JSON lines")
	cmd.Flags().IntVarP(&count, "number", "k", 10, "passages per query")
	cmd.Flags().BoolVar(&perFile, "per-file", false, "at most one passage of each file")
	return cmd
}

// readLines reads the queries of a batch; every line is one, an empty one too.
func readLines(sys System, name string) ([]string, error) {
	var r io.Reader = sys.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, usagef("read queries: %w", err)
		}
		defer f.Close()
		r = f
	}
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 0, 4096), maxQueryBytes)
	var lines []string
	for scanner.Scan() {
		lines = append(lines, strings.TrimSuffix(scanner.Text(), "\r"))
	}
	if err := scanner.Err(); err != nil {
		return nil, usagef("read queries: line %d: %w", len(lines)+1, err)
	}
	return lines, nil
}

func printResult(w io.Writer, text string, result index.Result, asJSON bool) error {
	if asJSON {
		line := searchResult{Query: text, Hits: []searchHit{}}
		for _, p := range result.Passages {
			line.Hits = append(line.Hits, searchHit{p.Path, p.Score, p.Start, p.End, p.Line, p.Page})
		}
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(line)
	}
	for _, p := range result.Passages {
		place := fmt.Sprintf("%s:%d", p.Path, p.Line)
		if p.Page > 0 {
			place = fmt.Sprintf("%s, page %d", p.Path, p.Page)
		}
		if p.Breadcrumb != "" {
			place += "  (" + printable(p.Breadcrumb) + ")"
		}
		fmt.Fprintf(w, "%s\n    %s\n\n", place, excerpt(p.Text))
	}
	if len(result.Passages) == 0 {
		fmt.Fprintf(w, "Nothing found in %d files.\n", result.Files)
	}
	return nil
}

// excerptRunes is how much of a passage is shown on a terminal.
const excerptRunes = 240

func excerpt(text string) string {
	text = printable(strings.Join(strings.Fields(text), " "))
	if runes := []rune(text); len(runes) > excerptRunes {
		return string(runes[:excerptRunes]) + "…"
	}
	return text
}

// printable replaces what could steer a terminal: files are not trusted.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '\ufffd'
		}
		return r
	}, text)
}
