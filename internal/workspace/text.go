package workspace

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/server"
)

// Limits of reading and writing text, in bytes.
const (
	// MaxRead is the most that one read gives.
	MaxRead = 5 << 20
	// MaxText is the largest text file that can be written through the API.
	MaxText = 32 << 20
	// headSize is how much of a file decides its encoding when only a part is read.
	headSize = 64 << 10
	// hashUpTo is the size up to which a partial read tells the hash of the whole file.
	hashUpTo = 256 << 20
)

// Content is the text of a file or of a part of it.
type Content struct {
	Path     string
	Text     string // without byte order mark; empty for a binary file
	Encoding string
	Binary   bool
	BOM      bool
	// Exact says that Text is the whole file and that writing it back in the same
	// encoding gives the same bytes.
	Exact      bool
	Size       int64 // of the file, bytes
	Hash       string
	Modified   time.Time
	Offset     int64  // of the part, bytes
	Length     int64  // of the part, bytes
	LineEnding string // "lf", "crlf", "cr", "mixed", "" without line ends
}

// Truncated tells whether the file goes on behind the part.
func (c Content) Truncated() bool { return c.Offset+c.Length < c.Size }

// Read reads a file as text, from a byte offset and at most limit bytes (0 for
// MaxRead). A part is cut at character borders, so Offset and Length can differ a
// little from what was asked. The hash is of the whole file; it is empty for parts of
// files larger than 256 MB.
func (s *Service) Read(ctx context.Context, at Place, offset, limit int64) (Content, error) {
	if offset < 0 || limit < 0 || limit > MaxRead {
		return Content{}, server.Invalid("range_invalid", "offset must not be negative and limit lies between 0 and 5242880 bytes.")
	}
	if limit == 0 {
		limit = MaxRead
	}
	f, e, err := at.Dir.OpenEntry(at.Path)
	if err != nil {
		return Content{}, problem(err)
	}
	defer f.Close()
	data, err := readPart(f, offset, limit, e.Size)
	if err != nil {
		return Content{}, problem(err)
	}
	c := Content{Path: at.Path, Size: e.Size, Modified: e.ModTime, Offset: offset, Length: int64(len(data))}
	// A file that grew while it was read is taken for a part.
	if offset == 0 && int64(len(data)) == e.Size {
		sum := sha256.Sum256(data)
		c.Hash = hex.EncodeToString(sum[:])
		c.whole(data)
		return c, nil
	}
	if err := c.part(f, data); err != nil {
		return Content{}, problem(err)
	}
	if e.Size <= hashUpTo {
		if c.Hash, err = at.Dir.Hash(ctx, f, e); err != nil {
			return Content{}, problem(err)
		}
	}
	return c, nil
}

func readPart(f *os.File, offset, limit, size int64) ([]byte, error) {
	n := max(0, min(limit, size-offset))
	if n == 0 {
		return nil, nil
	}
	data := make([]byte, n)
	got, err := f.ReadAt(data, offset)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return data[:got], err
}

// whole decodes a complete file.
func (c *Content) whole(data []byte) {
	d, ok := document.Inspect(data)
	if !ok {
		c.Binary = true
		return
	}
	c.Text, c.Encoding, c.BOM, c.Exact = d.Text, d.Encoding, d.BOM, d.Lossless()
	c.LineEnding = lineEnding(c.Text)
}

// part decodes a piece of a file in the encoding that the file's head tells.
func (c *Content) part(f *os.File, data []byte) error {
	head, err := readPart(f, 0, headSize, c.Size)
	if err != nil {
		return err
	}
	encoding, bom, ok := document.DetectEncoding(trimRunes(head))
	if !ok {
		c.Binary = true
		return nil
	}
	c.Encoding, c.BOM = encoding, bom
	if encoding == "utf-8" {
		first := 0
		for c.Offset > 0 && first < min(3, len(data)) && !utf8.RuneStart(data[first]) {
			first++
		}
		data = data[first:]
		if c.Offset+int64(first+len(data)) < c.Size {
			data = trimRunes(data)
		}
		c.Offset += int64(first)
		c.Length = int64(len(data))
		c.Text = strings.ReplaceAll(strings.ToValidUTF8(strings.TrimPrefix(string(data), "\ufeff"), "\ufffd"), "\x00", "")
	} else {
		c.wide(data)
	}
	c.LineEnding = lineEnding(c.Text)
	return nil
}

// wide decodes a piece in an encoding other than UTF-8. UTF-16 and UTF-32 are cut at
// whole units and told by a byte order mark; others are recognised by themselves.
func (c *Content) wide(data []byte) {
	unit := map[string]int64{"utf-16le": 2, "utf-16be": 2, "utf-32le": 4, "utf-32be": 4}[c.Encoding]
	if unit == 0 {
		if d, ok := document.Inspect(data); ok {
			c.Text = d.Text
		}
		return
	}
	if skip := (unit - c.Offset%unit) % unit; skip <= int64(len(data)) {
		data, c.Offset = data[skip:], c.Offset+skip
	}
	data = data[:int64(len(data))/unit*unit]
	c.Length = int64(len(data))
	mark, err := document.Encode("", c.Encoding, true)
	if err != nil {
		return
	}
	if !strings.HasPrefix(string(data), string(mark)) {
		data = append(mark, data...)
	}
	if d, ok := document.Inspect(data); ok {
		c.Text = d.Text
	}
}

// trimRunes cuts an incomplete UTF-8 sequence off the end.
func trimRunes(b []byte) []byte {
	for i := 1; i <= min(utf8.UTFMax-1, len(b)); i++ {
		c := b[len(b)-i]
		if utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			return b
		}
	}
	return b
}

// lineEnding tells how the lines of a text end.
func lineEnding(text string) string {
	lf := strings.Count(text, "\n")
	crlf := strings.Count(text, "\r\n")
	cr := strings.Count(text, "\r") - crlf
	lf -= crlf
	switch {
	case lf+crlf+cr == 0:
		return ""
	case crlf+cr == 0:
		return "lf"
	case lf+cr == 0:
		return "crlf"
	case lf+crlf == 0:
		return "cr"
	default:
		return "mixed"
	}
}

// encode gives the bytes to store: in the encoding asked for, or in the one that the
// file has, or in UTF-8. A file that is no text is not overwritten with text.
func (s *Service) encode(ctx context.Context, at Place, in WriteText) ([]byte, error) {
	encoding, bom := in.Encoding, false
	if in.Expect.Hash != "" {
		have, err := s.encodingAt(at)
		if err != nil {
			return nil, err
		}
		if encoding == "" || encoding == have.Encoding {
			encoding, bom = have.Encoding, have.BOM
		}
	}
	if in.BOM != nil {
		bom = *in.BOM
	}
	data, err := document.Encode(in.Content, encoding, bom)
	if err != nil {
		return nil, notEncodable(encoding, err)
	}
	return data, ctx.Err()
}

// encodingAt looks how the text at a place is stored. A missing file is UTF-8: the
// write itself will tell that it is missing.
func (s *Service) encodingAt(at Place) (document.Decoded, error) {
	f, e, err := at.Dir.OpenEntry(at.Path)
	if boundary.CodeOf(err) == boundary.CodeNotFound {
		return document.Decoded{}, nil
	}
	if err != nil {
		return document.Decoded{}, problem(err)
	}
	defer f.Close()
	data, err := readPart(f, 0, MaxText, e.Size)
	if err != nil {
		return document.Decoded{}, problem(err)
	}
	d, ok := document.Inspect(data)
	if !ok {
		return document.Decoded{}, notText()
	}
	return d, nil
}
