// Package modeltest is a replay server for tests. It listens on loopback and
// speaks the Chat Completions wire format, faults included.
package modeltest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Reply is what the server does with one request.
type Reply struct {
	Status int // 200 when zero
	Header map[string]string
	// Body is sent as it stands. A stream's Content-Type is text/event-stream
	// unless Header says otherwise.
	Body string
	// Pieces, if any, are sent one by one instead of Body, flushed after each.
	Pieces []string
	// Pause is the wait before each piece but the first.
	Pause time.Duration
	// Cut ends the connection after that many bytes of Body; -1 before the
	// response's status line.
	Cut int
	// Make, if set, makes the reply from the request, for answers that must name
	// something in it.
	Make func(Call) Reply
	// Stall keeps the connection open and silent after the body, until the client
	// leaves.
	Stall bool
}

// Call is one request that the server received.
type Call struct {
	Method, Path string
	Header       http.Header
	Body         []byte
}

// Server answers each chat request with the next reply; the last one repeats.
type Server struct {
	// URL is the base URL, "/v1" included.
	URL    string
	Models []string

	mu      sync.Mutex // guards the fields below
	replies []Reply
	calls   []Call
	http    *httptest.Server
}

// New starts a server that ends with the test.
func New(t testing.TB, replies ...Reply) *Server {
	t.Helper()
	s := &Server{replies: replies, Models: []string{"replay-small", "replay-large"}}
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = s.http.URL + "/v1"
	t.Cleanup(func() { s.http.CloseClientConnections(); s.http.Close() })
	return s
}

// HostPort is the server's address as policies name it.
func (s *Server) HostPort() string { return strings.TrimPrefix(s.http.URL, "http://") }

// Calls gives the chat requests received so far.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// Set replaces the replies to come.
func (s *Server) Set(replies ...Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies = replies
}

func (s *Server) next(c Call) (Reply, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
	if len(s.replies) == 0 {
		return Reply{}, false
	}
	r := s.replies[0]
	if len(s.replies) > 1 {
		s.replies = s.replies[1:]
	}
	return r, true
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.URL.Path == "/v1/models" {
		s.list(w)
		return
	}
	reply, ok := s.next(Call{Method: r.Method, Path: r.URL.Path, Header: r.Header.Clone(), Body: body})
	if reply.Make != nil {
		reply = reply.Make(Call{Method: r.Method, Path: r.URL.Path, Header: r.Header.Clone(), Body: body})
	}
	if r.URL.Path != "/v1/chat/completions" || !ok {
		http.Error(w, `{"error":{"message":"unknown address"}}`, http.StatusNotFound)
		return
	}
	if reply.Cut != 0 {
		cut(w, reply)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	for k, v := range reply.Header {
		w.Header().Set(k, v)
	}
	if reply.Status != 0 {
		w.WriteHeader(reply.Status)
	}
	pieces := reply.Pieces
	if pieces == nil {
		pieces = []string{reply.Body}
	}
	for i, piece := range pieces {
		if i > 0 && reply.Pause > 0 {
			select {
			case <-time.After(reply.Pause):
			case <-r.Context().Done():
				return
			}
		}
		if _, err := io.WriteString(w, piece); err != nil {
			return
		}
		http.NewResponseController(w).Flush()
	}
	if reply.Stall {
		<-r.Context().Done()
	}
}

// cut sends a chunked response by hand and drops the connection in the middle.
func cut(w http.ResponseWriter, reply Reply) {
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	if reply.Cut < 0 {
		return
	}
	fmt.Fprintf(buf, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
	sent := reply.Body[:min(reply.Cut, len(reply.Body))]
	fmt.Fprintf(buf, "%x\r\n%s\r\n", len(sent), sent)
	buf.Flush()
}

func (s *Server) list(w http.ResponseWriter) {
	type entry struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int64  `json:"created"`
		OwnedBy string `json:"owned_by"`
	}
	list := struct {
		Object string  `json:"object"`
		Data   []entry `json:"data"`
	}{Object: "list", Data: []entry{}}
	for _, id := range s.Models {
		list.Data = append(list.Data, entry{ID: id, Object: "model", OwnedBy: "replay"})
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(list)
}

// Chunk is one data line with a piece of text.
func Chunk(text string) string {
	return Raw(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"replay-small","choices":[{"index":0,"delta":{"content":` + quote(text) + `},"finish_reason":null}]}`)
}

// Delta is one data line whose delta is given as JSON.
func Delta(delta string) string {
	return Raw(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"replay-small","choices":[{"index":0,"delta":` + delta + `,"finish_reason":null}]}`)
}

// Finish is the line that ends the text.
func Finish(reason string) string {
	return Raw(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"replay-small","choices":[{"index":0,"delta":{},"finish_reason":` + quote(reason) + `}]}`)
}

// Usage is the line with the token counts.
func Usage(input, output int) string {
	return Raw(fmt.Sprintf(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"replay-small","choices":[],"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}}`, input, output, input+output))
}

// Done is the end mark.
const Done = "data: [DONE]\n\n"

// Raw is one data line.
func Raw(data string) string { return "data: " + data + "\n\n" }

// Answer is a whole well-formed stream of the given pieces of text.
func Answer(pieces ...string) Reply {
	lines := []string{Delta(`{"role":"assistant","content":""}`)}
	for _, p := range pieces {
		lines = append(lines, Chunk(p))
	}
	lines = append(lines, Finish("stop"), Usage(100, 10), Done)
	return Reply{Pieces: lines}
}

// Error is an error response with a body in OpenAI's form.
func Error(status int, code, message string) Reply {
	return Reply{Status: status, Header: map[string]string{"Content-Type": "application/json"},
		Body: `{"error":{"message":` + quote(message) + `,"type":"x","code":` + quote(code) + `}}`}
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always encodes
	}
	return string(b)
}
