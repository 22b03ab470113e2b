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
	page  int // index from 0; -1 if the file does not say it in a way that can be read
}

// outline makes headings of the entries of the file's outline whose words stand
// in the text, on the page that they lead to. A broken outline is no reason to
// fail.
func (r *pdfReader) outline(ctx context.Context) {
	var marks []bookmark
	r.bookmarks(ctx, nil, 1, &marks)
	if len(marks) == 0 {
		return
	}
	lines := headingLines(r.doc)
	cursor := 0 // entries stand in the order of the text
	for _, m := range marks {
		start, end := cursor, len(r.doc.Text)
		if m.page >= 0 && m.page < len(r.doc.Pages) {
			start, end = max(start, r.doc.Pages[m.page].Start), r.doc.Pages[m.page].End
		}
		key := headingKey(m.title)
		spans := lines[key]
		k := sort.Search(len(spans), func(i int) bool { return spans[i].Start >= start })
		if k == len(spans) || spans[k].End > end || key == "" {
			continue
		}
		b := spans[k]
		b.Kind, b.Level, b.Label = Heading, m.level, m.title
		r.doc.Blocks = append(r.doc.Blocks, b)
		cursor = b.End
	}
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
	// The binding has no working call for a destination that is not in an action.
	action, err := r.p.FPDFBookmark_GetAction(&requests.FPDFBookmark_GetAction{Bookmark: b})
	if err != nil || action.Action == nil {
		return m
	}
	dest, err := r.p.FPDFAction_GetDest(&requests.FPDFAction_GetDest{Document: r.file, Action: *action.Action})
	if err != nil || dest.Dest == nil {
		return m
	}
	if page, err := r.p.FPDFDest_GetDestPageIndex(&requests.FPDFDest_GetDestPageIndex{Document: r.file, Dest: *dest.Dest}); err == nil {
		m.page = page.Index
	}
	return m
}

// headingLines finds the places of all lines, and of all pairs of lines, by
// their key.
func headingLines(d *Document) map[string][]Block {
	out := map[string][]Block{}
	for _, p := range d.Pages {
		before := Block{Start: -1}
		for at := p.Start; at < p.End; {
			next := lineEnd(d.Text, at, p.End)
			line := Block{Start: at, End: trimEnd(d.Text, at, next)}
			if line.End-line.Start <= maxHeading {
				if before.Start >= 0 {
					pair := Block{Start: before.Start, End: line.End}
					key := headingKey(d.Text[pair.Start:pair.End])
					out[key] = append(out[key], pair)
				}
				key := headingKey(d.Text[line.Start:line.End])
				out[key] = append(out[key], line)
				before = line
			} else {
				before.Start = -1
			}
			at = next
		}
	}
	return out
}

// maxHeading is the length in bytes above which a line is no heading.
const maxHeading = 200

// headingKey is what a heading and its entry in the outline have in common: the
// letters and digits without the number in front.
func headingKey(s string) string {
	all := lettersOnly(s)
	if key := strings.TrimLeft(all, "0123456789"); key != "" {
		return key
	}
	return all
}

func lettersOnly(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}
