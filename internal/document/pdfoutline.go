package document

import (
	"context"
	"sort"
	"strings"
	"unicode"

	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
)

// title gives the title in the file's metadata, unless it is one that programs
// make up.
func (r *pdfReader) title() string {
	res, err := r.p.FPDF_GetMetaText(&requests.FPDF_GetMetaText{Document: r.file, Tag: "Title"})
	if err != nil {
		return ""
	}
	title := strings.Join(strings.Fields(cleanDerived(res.Value)), " ")
	title = strings.TrimPrefix(title, "Microsoft Word - ")
	title = strings.TrimPrefix(title, "Microsoft PowerPoint - ")
	lower := strings.ToLower(title)
	if lower == "untitled" || lower == "title" {
		return ""
	}
	for _, ext := range []string{".doc", ".docx", ".dvi", ".tex", ".pdf", ".indd", ".ppt", ".pptx", ".rtf", ".odt", ".ps", ".qxd", ".fm", ".eps"} {
		if strings.HasSuffix(lower, ext) {
			return ""
		}
	}
	return clip(title, 500)
}

const (
	// maxBookmarks bounds the entries read of an outline, which may be a
	// circle in a hostile file.
	maxBookmarks = 2000
	// outlineDepth bounds its levels.
	outlineDepth = 6
)

// bookmark is an entry of the outline of the file.
type bookmark struct {
	title string
	level int
	page  int // index from 0
}

// outline makes headings of the entries of the file's outline whose words stand
// on the page that they lead to. A broken outline is no reason to fail.
func (r *pdfReader) outline(ctx context.Context) {
	var marks []bookmark
	r.bookmarks(ctx, nil, 1, &marks)
	from := map[int]int{} // by page, where the next heading is looked for
	for _, m := range marks {
		if m.page < 0 || m.page >= len(r.doc.Pages) {
			continue
		}
		page := r.doc.Pages[m.page]
		start := max(page.Start, from[m.page])
		at, end, ok := findHeading(r.doc.Text[start:page.End], m.title)
		if !ok {
			continue
		}
		from[m.page] = start + end
		r.doc.Blocks = append(r.doc.Blocks, Block{Kind: Heading, Level: m.level, Label: m.title, Start: start + at, End: start + end})
	}
	sort.SliceStable(r.doc.Blocks, func(i, j int) bool { return r.doc.Blocks[i].Start < r.doc.Blocks[j].Start })
}

// bookmarks collects the children of parent and theirs.
func (r *pdfReader) bookmarks(ctx context.Context, parent *references.FPDF_BOOKMARK, level int, out *[]bookmark) {
	first, err := r.p.FPDFBookmark_GetFirstChild(&requests.FPDFBookmark_GetFirstChild{Document: r.file, Bookmark: parent})
	if err != nil {
		return
	}
	for b := first.Bookmark; b != nil && len(*out) < maxBookmarks && ctx.Err() == nil; {
		*out = append(*out, r.bookmark(*b, level))
		if level < outlineDepth {
			r.bookmarks(ctx, b, level+1, out)
		}
		next, err := r.p.FPDFBookmark_GetNextSibling(&requests.FPDFBookmark_GetNextSibling{Document: r.file, Bookmark: *b})
		if err != nil {
			return
		}
		b = next.Bookmark
	}
}

func (r *pdfReader) bookmark(b references.FPDF_BOOKMARK, level int) bookmark {
	m := bookmark{level: level, page: -1}
	if t, err := r.p.FPDFBookmark_GetTitle(&requests.FPDFBookmark_GetTitle{Bookmark: b}); err == nil {
		m.title = clip(strings.Join(strings.Fields(cleanDerived(t.Title)), " "), 300)
	}
	dest, err := r.p.FPDFBookmark_GetDest(&requests.FPDFBookmark_GetDest{Document: r.file, Bookmark: b})
	if err != nil || dest.Dest == nil {
		return m
	}
	if page, err := r.p.FPDFDest_GetDestPageIndex(&requests.FPDFDest_GetDestPageIndex{Document: r.file, Dest: *dest.Dest}); err == nil {
		m.page = page.Index
	}
	return m
}

// maxHeadingLines is over how many lines a heading may be broken.
const maxHeadingLines = 3

// findHeading finds lines of text that hold nothing but title, apart from a
// number before it and differences in white space and punctuation.
func findHeading(text, title string) (start, end int, ok bool) {
	want := lettersOnly(title)
	if want == "" {
		return 0, 0, false
	}
	for at := 0; at < len(text); {
		next := lineEnd(text, at, len(text))
		got, stop := "", at
		for range maxHeadingLines {
			line := lineEnd(text, stop, len(text))
			got += lettersOnly(text[stop:line])
			stop = line
			if got == want || strings.TrimLeft(got, "0123456789") == want || got == strings.TrimLeft(want, "0123456789") && got != "" {
				return at, trimEnd(text, at, stop), true
			}
			if stop >= len(text) || len(got) > len(want) {
				break
			}
		}
		at = next
	}
	return 0, 0, false
}

func lettersOnly(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}
