package server

import (
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// exchange is one request on its way through the server. It is also the
// request's context, which saves an allocation per value.
type exchange struct {
	context.Context
	w       responseWriter
	id      string
	start   time.Time
	entry   *entry // nil until a route matched
	caller  Caller
	known   bool  // caller is set
	foreign bool  // came from another origin with a bearer token instead of a cookie
	cut     bool  // the answer broke off: close the connection
	cause   error // what went wrong, for the log
}

type exchangeKey struct{}

// Value implements context.Context.
func (x *exchange) Value(key any) any {
	if _, ok := key.(exchangeKey); ok {
		return x
	}
	return x.Context.Value(key)
}

func exchangeFrom(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// idSource makes request ids: a random prefix per process and a counter.
type idSource struct {
	prefix  string
	counter atomic.Uint64
}

func newIDSource() *idSource { return &idSource{prefix: strings.ToLower(rand.Text()[:10]) + "-"} }

func (s *idSource) next() string {
	buf := make([]byte, 0, 24)
	buf = append(buf, s.prefix...)
	return string(strconv.AppendUint(buf, s.counter.Add(1), 36))
}

func remoteIP(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return host
}

// timedBody reads a request body under a deadline that moves with every read, so
// that a slow sender cannot hold a connection for ever while a long upload may
// take its time. The deadline stands from the start, since net/http itself reads
// what a handler left unread, and is lifted at the end of the body: left in place
// it would cancel handlers that work for longer.
type timedBody struct {
	body  io.ReadCloser
	rc    *http.ResponseController
	until time.Time
}

// bodyReadTimeout is how long one read of a request body may wait for data.
const bodyReadTimeout = 30 * time.Second

func (b *timedBody) Read(p []byte) (int, error) {
	b.extend()
	n, err := b.body.Read(p)
	if err == io.EOF { //nolint:errorlint // readers return it unwrapped
		b.until = time.Time{}
		_ = b.rc.SetReadDeadline(time.Time{})
	}
	return n, err
}

func (b *timedBody) Close() error { return b.body.Close() }

// extend moves the deadline when it has become near.
func (b *timedBody) extend() {
	if now := time.Now(); b.until.Sub(now) < bodyReadTimeout*9/10 {
		b.until = now.Add(bodyReadTimeout)
		_ = b.rc.SetReadDeadline(b.until) // unsupported only in tests without a connection
	}
}
