package index

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	"unicode/utf8"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/index/chunk"
	"github.com/innoclaw/innoclaw/internal/index/ignore"
	"github.com/innoclaw/innoclaw/internal/store"
)

// Limits of reading one file.
const (
	// headBytes is what the type is told from.
	headBytes = 4 << 10
	// wholeBytes is the size up to which a file is read once into memory, so
	// that the hash and the text are of the same bytes by construction.
	wholeBytes = 8 << 20
	// racyAge is the age below which a file could change again without a new
	// time of change: the clock of file systems ticks every few milliseconds.
	racyAge = 100 * time.Millisecond
)

// Retries of files that failed for a reason that may pass.
const (
	firstRetry  = 30 * time.Second
	lastRetry   = 6 * time.Hour
	maxAttempts = 12
)

// outcome is what became of a candidate.
type outcome struct {
	candidate
	state    State
	reason   string
	detail   string
	passing  bool // failed for a reason that may pass
	hash     string
	doc      *document.Document
	title    string
	chunks   []chunk.Chunk
	sameText bool // what can be found is as the row says: only size, time and inode are new
	changed  bool // it changed while it was read; look again
	gone     bool
}

// bytes is about what an outcome holds in memory.
func (o *outcome) bytes() int {
	if o.doc == nil {
		return 256
	}
	return len(o.doc.Text) + 128*len(o.chunks) + 256
}

// extract reads a candidate. The error is only ever the end of ctx: what is
// wrong with the file is in the outcome.
func (s *Service) extract(ctx context.Context, dir *boundary.Dir, c candidate) (*outcome, error) {
	o := &outcome{candidate: c}
	f, e, err := dir.OpenEntry(c.path)
	if err != nil {
		o.openFailed(err)
		return o, ctx.Err()
	}
	defer f.Close()
	o.size, o.mtime, o.inode = e.Size, e.ModTime.UnixNano(), int64(e.Inode)
	if time.Since(e.ModTime) < racyAge {
		o.mtime = 0 // the next look compares the hash instead of the time
	}
	if err := s.read(ctx, f, e, o); err != nil {
		return nil, err
	}
	after, err := dir.Lstat(c.path)
	if err != nil || after.Kind != boundary.File || after.Size != e.Size || !after.ModTime.Equal(e.ModTime) || after.Inode != e.Inode {
		o.changed, o.doc, o.chunks = true, nil, nil
	}
	lasting := o.state == Skipped || o.state == Failed && !o.passing
	if old := o.old; old != nil && lasting && old.state == o.state && old.reason == o.reason && old.detail == o.detail {
		o.sameText = true
	}
	return o, ctx.Err()
}

func (o *outcome) openFailed(err error) {
	switch boundary.CodeOf(err) {
	case boundary.CodeNotFound, boundary.CodeNotDirectory, boundary.CodeOutside, boundary.CodeProtected, boundary.CodeIsDirectory:
		o.gone = true
	case boundary.CodeSpecial:
		o.state, o.reason, o.detail = Skipped, ReasonSpecial, "not a regular file"
	case boundary.CodePermission:
		o.state, o.reason, o.detail, o.passing = Failed, ReasonUnreadable, "the server's account may not read this file", true
	default:
		o.failed(ReasonIO, "the file could not be read", true)
	}
}

func (o *outcome) failed(reason, detail string, passing bool) {
	o.state, o.reason, o.detail, o.passing = Failed, reason, detail, passing
}

// read fills in the outcome from an open file.
func (s *Service) read(ctx context.Context, f *os.File, e boundary.Entry, o *outcome) error {
	if limit := s.o.MaxFileBytes(); e.Size > limit {
		o.state, o.reason, o.detail = Skipped, ReasonTooLarge, fmt.Sprintf("larger than %d MB", limit>>20)
		return nil
	}
	head := make([]byte, min(e.Size, headBytes))
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, e.Size), head); err != nil {
		return o.readFailed(ctx, err)
	}
	if !o.own && ignore.SecretContent(head) {
		o.state, o.reason, o.detail = Skipped, string(ignore.Secret), "may hold secrets: it begins like a private key"
		return nil
	}
	_, name := boundary.Split(o.path)
	if _, ok := s.extractor.Type(name, head); !ok {
		return s.document(ctx, f, e, o) // says what it is after a look at the head
	}
	if e.Size <= wholeBytes {
		return s.readWhole(ctx, f, e, o)
	}
	return s.readPieces(ctx, f, e, o)
}

// readWhole hashes and extracts one copy of the file in memory.
func (s *Service) readWhole(ctx context.Context, f *os.File, e boundary.Entry, o *outcome) error {
	data := make([]byte, e.Size)
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, e.Size), data); err != nil {
		return o.readFailed(ctx, err)
	}
	sum := sha256.Sum256(data)
	o.hash = hex.EncodeToString(sum[:])
	if o.isSame() {
		return nil
	}
	return s.document(ctx, bytes.NewReader(data), e, o)
}

// readPieces hashes a large file before and after the extraction.
func (s *Service) readPieces(ctx context.Context, f *os.File, e boundary.Entry, o *outcome) error {
	before, err := hashOf(ctx, f, e.Size)
	if err != nil {
		return o.readFailed(ctx, err)
	}
	if o.hash = before; o.isSame() {
		return nil
	}
	if err := s.document(ctx, f, e, o); err != nil {
		return err
	}
	after, err := hashOf(ctx, f, e.Size)
	if err != nil {
		return o.readFailed(ctx, err)
	}
	o.changed = after != before
	return nil
}

// isSame tells whether the row holds this very content already, and notes it.
func (o *outcome) isSame() bool {
	o.sameText = o.old != nil && o.old.state == Indexed && o.old.current && o.old.contentHash == o.hash
	return o.sameText
}

func (s *Service) document(ctx context.Context, r io.ReaderAt, e boundary.Entry, o *outcome) error {
	_, name := boundary.Split(o.path)
	d, err := s.extractor.Extract(ctx, document.Source{Name: name, Size: e.Size, R: r})
	if failure, ok := errors.AsType[*document.Failure](err); ok {
		switch failure.Code {
		case document.Unsupported, document.Binary:
			o.state, o.reason, o.detail = Skipped, ReasonUnsupported, storable(failure.Message)
		case document.TooLarge:
			o.state, o.reason, o.detail = Skipped, ReasonTooLarge, storable(failure.Message)
		default:
			o.failed(failure.Code, storable(failure.Message), failure.Code == document.Timeout || failure.Code == document.Memory)
		}
		return nil
	}
	if err != nil {
		return o.readFailed(ctx, err)
	}
	o.doc, o.state = d, Indexed
	o.title = storable(chunk.Title(d))
	o.chunks = chunk.Split(d, chunk.Options{})
	return nil
}

// readFailed notes that reading broke off, unless it was ctx that ended.
func (o *outcome) readFailed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		o.changed = true // it became shorter
		return nil
	}
	o.failed(ReasonIO, "reading the file broke off", true)
	return nil
}

// hashOf hashes the first size bytes of a file.
func hashOf(ctx context.Context, f io.ReaderAt, size int64) (string, error) {
	h := sha256.New()
	buf := make([]byte, 256<<10)
	for at := int64(0); at < size; {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		n, err := f.ReadAt(buf[:min(int64(len(buf)), size-at)], at)
		h.Write(buf[:n])
		at += int64(n)
		if err != nil && at < size {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// retryTime tells when a failed file is tried again: 0 for not before it changes.
func retryTime(attempts int, passing bool, now time.Time) int64 {
	if !passing || attempts > maxAttempts {
		return 0
	}
	wait := firstRetry << min(attempts-1, 20)
	return store.Millis(now.Add(min(wait, lastRetry)))
}

func chars(s string) int { return utf8.RuneCountInString(s) }
