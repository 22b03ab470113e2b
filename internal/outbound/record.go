package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Record is one exchange, as kept in the log of what left. It has no path, query,
// header or content.
type Record struct {
	At      time.Time     `json:"at"`
	Purpose string        `json:"purpose"`
	Method  string        `json:"method"`
	Host    string        `json:"host"`
	Status  int           `json:"status"`   // zero when there was no response
	Sent    int64         `json:"sent"`     // bytes of the request body
	Got     int64         `json:"received"` // bytes of the response body
	Took    time.Duration `json:"took"`
	Error   string        `json:"error,omitempty"`
}

// Records gives the latest exchanges, newest first.
func (d *Dialer) Records() []Record {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]Record, 0, len(d.ring))
	for i := range d.ring {
		out = append(out, d.ring[(d.next-1-i+2*len(d.ring))%len(d.ring)])
	}
	return out
}

func (d *Dialer) record(r Record) {
	d.mu.Lock()
	if len(d.ring) < maxRecords {
		d.ring = append(d.ring, r)
		d.next = len(d.ring) % maxRecords
	} else {
		d.ring[d.next] = r
		d.next = (d.next + 1) % maxRecords
	}
	d.mu.Unlock()
	level := slog.LevelInfo
	if r.Error != "" {
		level = slog.LevelWarn
	}
	d.o.Logger.Log(context.Background(), level, "outbound request", "purpose", r.Purpose, "method", r.Method, "host", r.Host,
		"status", r.Status, "sent", r.Sent, "received", r.Got, "took", r.Took, "error", r.Error)
}

// exchange collects the record of a request under way.
type exchange struct {
	d      *Dialer
	record Record
	sent   atomic.Int64
	once   sync.Once
}

func (x *exchange) end(err error) {
	x.once.Do(func() {
		x.record.Sent = x.sent.Load()
		x.record.Took = x.d.o.Now().Sub(x.record.At)
		if err != nil {
			x.record.Error = Describe(err)
		}
		x.d.record(x.record)
	})
}

// counted counts a request body.
type counted struct {
	io.ReadCloser
	n *atomic.Int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// limited bounds a response body and ends the exchange with it.
type limited struct {
	rc   io.ReadCloser
	left int64
	x    *exchange
}

func (l *limited) Read(b []byte) (int, error) {
	if l.left < 0 {
		return 0, ErrTooLarge
	}
	// One byte more than allowed is asked for, to tell "exactly full" from "more".
	if int64(len(b)) > l.left+1 {
		b = b[:l.left+1]
	}
	n, err := l.rc.Read(b)
	l.left -= int64(n)
	if l.left < 0 {
		n, err = n-1, ErrTooLarge
	}
	l.x.record.Got += int64(n)
	if err == io.EOF {
		l.x.end(nil)
	} else if err != nil {
		l.x.end(err)
	}
	return n, err
}

func (l *limited) Close() error {
	err := l.rc.Close()
	l.x.end(nil)
	return err
}

// Describe gives the short public text for a failed exchange. Unlike err.Error()
// of an http.Client it never holds a path, a query or a header.
func Describe(err error) string {
	var (
		own         *Error
		dns         *net.DNSError
		unknown     x509.UnknownAuthorityError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		network     net.Error
	)
	switch {
	case errors.Is(err, ErrTooLarge):
		return ErrTooLarge.Error()
	case errors.Is(err, ErrBlocked) && errors.As(err, &own):
		return own.Error()
	case errors.As(err, &dns):
		return "the host name " + dns.Name + " cannot be resolved"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing answers at this address: connection refused"
	case errors.As(err, &unknown), errors.As(err, &certificate):
		return "the server's certificate is not trusted"
	case errors.As(err, &record):
		return "the server does not speak TLS: use http:// in the address"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "no answer in time"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the connection broke"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "the host cannot be reached from here"
	}
	return "the connection failed"
}
