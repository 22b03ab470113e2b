package index

import (
	"context"
	"errors"
	"fmt"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/document"
)

// ErrChanged is in the chain of errors when a file is no longer the version
// that was asked for.
var ErrChanged = errors.New("the file has changed")

// maxBoxPages bounds the pages of one request for boxes.
const maxBoxPages = 20

// PageBoxes are the rectangles of a range of text on one page.
type PageBoxes struct {
	Page   int     `json:"page"`
	Width  float64 `json:"width" doc:"Of the page, in points."`
	Height float64 `json:"height"`
	Rects  []Rect  `json:"rects"`
}

// Rect is a rectangle in points, origin at the page's top left.
type Rect struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
	W float64 `json:"w"`
	H float64 `json:"h"`
}

// Boxes tells where the characters [start, end) of a PDF's stored text stand on
// its pages. The file must still be the version with that content hash.
func (s *Service) Boxes(ctx context.Context, workspaceID, path, contentHash string, start, end int) ([]PageBoxes, error) {
	t, err := s.Text(ctx, workspaceID, path)
	if err != nil {
		return nil, err
	}
	if t.ContentHash != contentHash {
		return nil, fmt.Errorf("find %s on its pages: %w", path, ErrChanged)
	}
	dir, err := s.workspaces.Dir(ctx, workspaceID)
	if err != nil {
		return nil, err
	}
	f, e, err := dir.OpenEntry(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	hash, err := dir.Hash(ctx, f, e)
	if err != nil {
		return nil, err
	}
	if hash != contentHash {
		return nil, fmt.Errorf("find %s on its pages: %w", path, ErrChanged)
	}
	x := document.NewIndex(t.Text, t.Pages)
	_, name := boundary.Split(path)
	boxes := []PageBoxes{}
	for _, page := range t.Pages {
		first, last := x.Char(page.Start), x.Char(page.End)
		from, to := max(start, first), min(end, last)
		if from >= to || len(boxes) == maxBoxPages {
			continue
		}
		b, err := s.extractor.Boxes(ctx, document.Source{Name: name, Size: e.Size, R: f}, page.Number, from-first, to-first)
		if err != nil {
			return nil, fmt.Errorf("find %s on page %d: %w", path, page.Number, err)
		}
		out := PageBoxes{Page: page.Number, Width: b.Width, Height: b.Height, Rects: []Rect{}}
		for _, r := range b.Rects {
			out.Rects = append(out.Rects, Rect{r.X, r.Y, r.W, r.H})
		}
		boxes = append(boxes, out)
	}
	return boxes, nil
}
