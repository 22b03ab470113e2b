package server

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"
)

// heartbeat is how often an idle event stream gets a comment, so that proxies
// and browsers know it is alive.
const heartbeat = 15 * time.Second

// SSE is an open stream of server-sent events. It is safe for concurrent use.
type SSE struct {
	w    http.ResponseWriter
	rc   *http.ResponseController
	mu   sync.Mutex // guards w and buf
	buf  bytes.Buffer
	err  error // first write error
	stop context.CancelFunc
	done chan struct{} // closed when the heartbeat has ended
}

// NewSSE starts an event stream as the answer to r. The caller must Close it
// before its handler returns. The stream ends with r's context.
func NewSSE(w http.ResponseWriter, r *http.Request) (*SSE, error) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-store, no-transform")
	h.Set("X-Accel-Buffering", "no")
	ctx, stop := context.WithCancel(r.Context())
	s := &SSE{w: w, rc: http.NewResponseController(w), stop: stop, done: make(chan struct{})}
	w.WriteHeader(http.StatusOK)
	if err := s.rc.Flush(); err != nil {
		stop()
		return nil, err
	}
	go s.beat(ctx) // ends with ctx; Close waits for it
	return s, nil
}

// Send writes one event. Id and event may be empty; neither may contain a line
// break. Data may have several lines.
func (s *SSE) Send(id, event string, data []byte) error {
	if strings.ContainsAny(id, "\r\n\x00") || strings.ContainsAny(event, "\r\n") {
		return errors.New("send event: line break in its id or name")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buf.Reset()
	if id != "" {
		s.buf.WriteString("id: " + id + "\n")
	}
	if event != "" {
		s.buf.WriteString("event: " + event + "\n")
	}
	// A carriage return ends a line for readers, so it must not survive.
	if bytes.IndexByte(data, '\r') >= 0 {
		data = bytes.ReplaceAll(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	}
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		s.buf.WriteString("data: ")
		s.buf.Write(line)
		s.buf.WriteByte('\n')
	}
	s.buf.WriteByte('\n')
	return s.write()
}

// Close ends the stream's heartbeat. It does not end the answer: returning from
// the handler does.
func (s *SSE) Close() {
	s.stop()
	<-s.done
}

// write sends buf. mu is held.
func (s *SSE) write() error {
	if s.err != nil {
		return s.err
	}
	if _, s.err = s.w.Write(s.buf.Bytes()); s.err == nil {
		s.err = s.rc.Flush()
	}
	return s.err
}

func (s *SSE) beat(ctx context.Context) {
	defer close(s.done)
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.mu.Lock()
			s.buf.Reset()
			s.buf.WriteString(":\n\n")
			err := s.write()
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}
}
