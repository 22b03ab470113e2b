package server

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limits of writing an answer.
const (
	// writeTimeout is how long one write may wait for a slow reader.
	writeTimeout = 60 * time.Second
	// sendChunk is how much of a file is sent under one write deadline.
	sendChunk = 1 << 20
	// compressFrom is the size in bytes from which JSON is compressed.
	compressFrom = 1024
)

// responseWriter holds back the header until the first byte of the body, so
// that compression and late errors can still change it, counts what is sent and
// gives every write a deadline.
type responseWriter struct {
	http.ResponseWriter
	x        *exchange
	rc       *http.ResponseController
	req      *http.Request
	status   int // 0 until WriteHeader
	sent     bool
	hijacked bool
	bytes    int64
	deadline time.Time
	gz       *gzip.Writer
}

// started tells whether the header is on its way and cannot be changed.
func (w *responseWriter) started() bool { return w.sent || w.hijacked }

// Unwrap lets http.ResponseController reach the connection.
func (w *responseWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// SetReadDeadline does nothing: timedBody owns the read deadline, and huma would
// set its own through this method.
func (w *responseWriter) SetReadDeadline(time.Time) error { return nil }

// Hijack hands over the connection without deadlines.
func (w *responseWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := w.rc.Hijack()
	if err == nil {
		w.hijacked = true
		err = conn.SetDeadline(time.Time{})
	}
	return conn, rw, err
}

// WriteHeader implements http.ResponseWriter.
func (w *responseWriter) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	if status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.status = status
	if status == http.StatusSwitchingProtocols {
		w.begin()
	}
}

// Write implements http.ResponseWriter.
func (w *responseWriter) Write(p []byte) (int, error) {
	if !w.sent {
		if w.compressible(len(p)) {
			w.startGzip()
		}
		w.begin()
	}
	w.extend()
	w.bytes += int64(len(p))
	if w.gz != nil {
		return w.gz.Write(p)
	}
	return w.ResponseWriter.Write(p)
}

// writeWhole writes a body that is known completely, with its length.
func (w *responseWriter) writeWhole(p []byte) error {
	if w.sent {
		_, err := w.Write(p)
		return err
	}
	h := w.Header()
	if w.compressible(len(p)) {
		buf := buffers.Get().(*bytes.Buffer)
		defer func() { buf.Reset(); buffers.Put(buf) }()
		gz := gzips.Get().(*gzip.Writer)
		gz.Reset(buf)
		_, _ = gz.Write(p) // a bytes.Buffer takes everything
		_ = gz.Close()
		gzips.Put(gz)
		setEncoding(h)
		p = buf.Bytes()
	}
	if h["Content-Length"] == nil {
		h["Content-Length"] = []string{strconv.Itoa(len(p))}
	}
	w.begin()
	w.extend()
	w.bytes += int64(len(p))
	_, err := w.ResponseWriter.Write(p)
	return err
}

// ReadFrom implements io.ReaderFrom, so that files are sent by the kernel. It
// works in pieces, each under its own deadline.
func (w *responseWriter) ReadFrom(src io.Reader) (int64, error) {
	to, ok := w.ResponseWriter.(io.ReaderFrom)
	if !ok || w.gz != nil || !w.sent && w.compressible(compressFrom) {
		return io.Copy(struct{ io.Writer }{w}, src)
	}
	w.begin()
	outer, limited := src.(*io.LimitedReader)
	var total int64
	for {
		w.deadline = time.Time{}
		w.extend()
		piece := &io.LimitedReader{R: src, N: sendChunk}
		if limited { // the kernel's path wants the file right under one limit
			piece = &io.LimitedReader{R: outer.R, N: min(sendChunk, outer.N)}
		}
		want := piece.N
		n, err := to.ReadFrom(piece)
		total += n
		w.bytes += n
		if limited {
			outer.N -= n
		}
		if err != nil || n < want || limited && outer.N <= 0 {
			return total, err
		}
	}
}

// Flush sends what was written so far.
func (w *responseWriter) Flush() { _ = w.FlushError() }

// FlushError sends what was written so far.
func (w *responseWriter) FlushError() error {
	w.begin()
	w.extend()
	if w.gz != nil {
		if err := w.gz.Flush(); err != nil {
			return err
		}
	}
	return w.rc.Flush()
}

// begin sends the header.
func (w *responseWriter) begin() {
	if w.sent {
		return
	}
	w.sent = true
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.ResponseWriter.WriteHeader(w.status)
}

// extend moves the write deadline when it has become near.
func (w *responseWriter) extend() {
	now := time.Now()
	if w.deadline.Sub(now) > writeTimeout/2 {
		return
	}
	w.deadline = now.Add(writeTimeout)
	_ = w.rc.SetWriteDeadline(w.deadline) // unsupported only in tests without a connection
}

// finish completes the answer after the handler returned.
func (w *responseWriter) finish() {
	if w.hijacked {
		return
	}
	if !w.sent {
		w.extend()
		w.begin()
	}
	if w.gz != nil {
		_ = w.gz.Close() // the client may have gone
		gzips.Put(w.gz)
		w.gz = nil
	}
}

// reset forgets a header that was not sent, to answer with an error instead.
func (w *responseWriter) reset() {
	w.status = 0
	if w.gz != nil {
		gzips.Put(w.gz)
		w.gz = nil
	}
}

var gzips = sync.Pool{New: func() any {
	gz, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid
	return gz
}}

// compressible tells whether a JSON body of at least n bytes is worth
// compressing for this client.
func (w *responseWriter) compressible(n int) bool {
	if n < compressFrom || w.status == http.StatusPartialContent || w.status == http.StatusNoContent ||
		w.x.entry == nil || w.x.entry.Rate == RateAuth {
		return false
	}
	h := w.Header()
	if h["Content-Encoding"] != nil {
		return false
	}
	contentType := h["Content-Type"]
	if len(contentType) == 0 || !strings.HasPrefix(contentType[0], "application/json") && !strings.HasPrefix(contentType[0], problemType) {
		return false
	}
	return accepts(w.req.Header["Accept-Encoding"], "gzip")
}

func (w *responseWriter) startGzip() {
	setEncoding(w.Header())
	gz := gzips.Get().(*gzip.Writer)
	gz.Reset(w.ResponseWriter)
	w.gz = gz
}

func setEncoding(h http.Header) {
	h.Set("Content-Encoding", "gzip")
	h.Add("Vary", "Accept-Encoding")
	h.Del("Content-Length")
}

// accepts tells whether an Accept-Encoding header takes a coding by name.
func accepts(header []string, coding string) bool {
	for _, line := range header {
		for part := range strings.SplitSeq(line, ",") {
			name, params, _ := strings.Cut(part, ";")
			if !strings.EqualFold(strings.TrimSpace(name), coding) {
				continue
			}
			q, ok := strings.CutPrefix(strings.TrimSpace(params), "q=")
			if !ok {
				return true
			}
			weight, err := strconv.ParseFloat(q, 64)
			return err == nil && weight > 0
		}
	}
	return false
}
