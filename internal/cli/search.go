package cli

import (
	"bufio"
	"context"
	"errors"
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
	Page  int     `json:"page"` // from 1; 0 for files without pages
}

type searchResult struct {
	Query string      `json:"query"`
	Hits  []searchHit `json:"hits"`
}

const searchHelp = `Finds the passages of a folder's files that fit the words best. The first call reads
the folder; later ones read only what changed.

With --batch, each line of FILE is a query ("-" reads standard input), and each gives
one line of JSON in the same order:

  {"query":"…","hits":[{"path":"a.md","score":7.1,"start":0,"end":512,"line":1,"page":0}]}

start and end count characters of the file's extracted text; line and page count from 1,
page is 0 for files without pages.`

func newSearch(sys session) *cobra.Command {
	var folder folderFlags
	var batch string
	var count int
	var perFile bool
	cmd := &cobra.Command{
		Use:     `search --folder DIR "words"`,
		Short:   sys.Say("Find passages in a folder, without a server"),
		Long:    sys.Say(searchHelp),
		Example: "  innoclaw search --folder ~/papers \"activation energy\"\n  innoclaw search --folder ~/papers --batch questions.txt -k 10 --per-file --json",
		Args:    atMostOne(sys),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (batch == "") == (len(args) == 0) {
				return sys.usage("give either words or --batch FILE")
			}
			if count < 1 || count > maxHits {
				return sys.usage("-k takes a number from 1 to %d", maxHits)
			}
			queries := args
			if batch != "" {
				var err error
				if queries, err = readLines(sys, batch); err != nil {
					return err
				}
			}
			return folder.withFolder(cmd, sys, func(f *app.Folder) error {
				return searchAll(cmd.Context(), sys, f, queries, folder.json || batch != "", count, perFile)
			})
		},
	}
	folder.register(cmd, sys)
	cmd.Flags().StringVar(&batch, "batch", "", sys.Say("read queries from `FILE`, one a line; print JSON lines"))
	cmd.Flags().IntVarP(&count, "number", "k", 10, sys.Say("passages per query, `N` (default 10)"))
	cmd.Flags().BoolVar(&perFile, "per-file", false, sys.Say("at most one passage of each file"))
	return cmd
}

// readLines reads the queries of a batch; every line is one, an empty one too.
func readLines(sys session, name string) ([]string, error) {
	var r io.Reader = sys.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, sys.usage("read queries: %w", err)
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
		return nil, sys.usage("read queries: line %d: %w", len(lines)+1, err)
	}
	return lines, nil
}

// searchAll searches for one query after the other and prints the results as it goes.
func searchAll(ctx context.Context, sys session, f *app.Folder, queries []string, asJSON bool, count int, perFile bool) error {
	out := bufio.NewWriter(sys.Out)
	for _, text := range queries {
		query := index.Query{Text: text, K: count}
		if perFile {
			query.PerFile = 1
		}
		result, err := f.Search(ctx, query)
		if err == nil && asJSON {
			err = writeJSON(out, resultJSON(text, result))
		} else if err == nil {
			printResult(out, sys, result)
		}
		if err != nil {
			return errors.Join(sys.fail("search for %q: %w", text, err), out.Flush())
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

func resultJSON(text string, result index.Result) searchResult {
	line := searchResult{Query: text, Hits: []searchHit{}}
	for _, p := range result.Passages {
		line.Hits = append(line.Hits, searchHit{p.Path, p.Score, p.Start, p.End, p.Line, p.Page})
	}
	return line
}

func printResult(w io.Writer, sys session, result index.Result) {
	for _, p := range result.Passages {
		fmt.Fprint(w, sys.place(p.Path, p.Line, p.Page))
		if p.Breadcrumb != "" {
			fmt.Fprintf(w, "  (%s)", oneLine(p.Breadcrumb))
		}
		fmt.Fprintf(w, "\n    %s\n\n", excerpt(p.Text))
	}
	if len(result.Passages) == 0 {
		fmt.Fprintln(w, sys.Say("Nothing found in %d files.", result.Files))
	}
}

func atMostOne(sys session) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 1 {
			return sys.usage("put the words in quotes: %q", strings.Join(args, " "))
		}
		return nil
	}
}
