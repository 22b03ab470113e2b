// Package outbound is the only way out: every connection that the product opens to
// another machine goes through a Client made here for a stated purpose.
//
// The address that is really dialled is checked after name resolution, for each
// connection, so neither a redirect nor a name that changes its answer reaches a
// private, loopback or metadata address. An address is exempt only if the
// purpose's configuration names it as host:port, as a person does by setting
// http://127.0.0.1:11434 as a model's address. What left is logged.
package outbound

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"code.dny.dev/ssrf"
	"golang.org/x/net/http/httpproxy"
)

// Limits that hold where a Purpose sets none.
const (
	DefaultMaxBody      = 64 << 20 // bytes of one response body, decompressed
	DefaultTimeout      = 60 * time.Second
	DefaultMaxRedirects = 3
	dialTimeout         = 10 * time.Second
	tlsTimeout          = 10 * time.Second
	idleConnTimeout     = 90 * time.Second
	maxHeaderBytes      = 256 << 10
	maxRecords          = 256
)

// Options configure a Dialer.
type Options struct {
	Logger *slog.Logger
	// Proxy tells the proxy for a request's URL, nil for none; see ProxyFrom.
	Proxy func(*url.URL) (*url.URL, error)
	// Resolver looks names up; nil means the system's.
	Resolver *net.Resolver
	// PublicNetworks are treated as public although they are reserved, for example
	// the NAT64 prefix of an IPv6-only site.
	PublicNetworks []netip.Prefix
	// Now is the clock of the log; nil means time.Now.
	Now func() time.Time
}

// Purpose says what connections are for and how far they may go.
type Purpose struct {
	// Name appears in the log and in errors.
	Name string
	// Hosts, if any, are the only host names allowed; "*.example.org" stands for
	// all names below example.org.
	Hosts []string
	// AllowPrivate are the host:port pairs that configuration names. They may be
	// private or loopback, use plain http and any port.
	AllowPrivate []string
	// AllowHTTP allows plain http to public hosts too.
	AllowHTTP bool
	// MaxBody bounds a response body in bytes.
	MaxBody int64
	// Timeout bounds a whole exchange, reading the body included; negative means
	// that the caller's context alone does.
	Timeout time.Duration
	// MaxRedirects bounds the redirects followed; negative means none.
	MaxRedirects int
}

// Dialer makes guarded clients and keeps the log of what left. It is safe for
// concurrent use.
type Dialer struct {
	o       Options
	guard   *ssrf.Guardian
	proxies sync.Map // host:port of each proxy that configuration gave

	mu   sync.Mutex
	ring []Record // mu guards ring and next
	next int
}

// New makes a Dialer.
func New(o Options) *Dialer {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	var v4, v6 []netip.Prefix
	for _, p := range o.PublicNetworks {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	return &Dialer{o: o, guard: ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))}
}

// ProxyFrom gives the proxy rule for the usual three settings. Loopback addresses
// never go to a proxy.
func ProxyFrom(httpProxy, httpsProxy, noProxy string) func(*url.URL) (*url.URL, error) {
	c := httpproxy.Config{HTTPProxy: httpProxy, HTTPSProxy: httpsProxy, NoProxy: noProxy}
	return c.ProxyFunc()
}

// Client makes a client for one purpose. It has its own connections: keep it, and
// close it with CloseIdleConnections when the purpose's configuration changes.
func (d *Dialer) Client(p Purpose) *http.Client {
	p.MaxBody = cmp.Or(p.MaxBody, DefaultMaxBody)
	p.Timeout = cmp.Or(p.Timeout, DefaultTimeout)
	p.MaxRedirects = cmp.Or(p.MaxRedirects, DefaultMaxRedirects)
	g := &gate{d: d, p: p, named: make(map[string]bool)}
	for _, hp := range p.AllowPrivate {
		g.named[canonical(hp)] = true
	}
	g.base = &http.Transport{
		Proxy:                  g.proxy,
		DialContext:            g.dial,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    tlsTimeout,
		IdleConnTimeout:        idleConnTimeout,
		MaxIdleConnsPerHost:    4,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
	return &http.Client{Transport: g, CheckRedirect: g.redirect, Timeout: max(0, p.Timeout)}
}

// gate is the transport of one purpose.
type gate struct {
	d     *Dialer
	p     Purpose
	named map[string]bool // canonical host:port
	base  *http.Transport
}

// CloseIdleConnections implements what http.Client looks for.
func (g *gate) CloseIdleConnections() { g.base.CloseIdleConnections() }

func (g *gate) proxy(r *http.Request) (*url.URL, error) {
	if g.d.o.Proxy == nil {
		return nil, nil
	}
	u, err := g.d.o.Proxy(r.URL)
	if u != nil {
		g.d.proxies.Store(hostPort(u), true)
	}
	return u, err
}

// dial connects to addr, which still holds a name.
func (g *gate) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	check := g.d.guard.Safe
	_, proxy := g.d.proxies.Load(canonical(addr))
	if proxy || g.named[canonical(addr)] {
		host, _, _ := net.SplitHostPort(addr)
		check = namedGuard(host)
	}
	dialer := net.Dialer{Timeout: dialTimeout, Resolver: g.d.o.Resolver, Control: check}
	return dialer.DialContext(ctx, network, addr)
}

// RoundTrip checks one hop, sends it and records it.
func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := g.admit(r.URL); err != nil {
		if r.Body != nil {
			r.Body.Close()
		}
		g.d.record(Record{At: g.d.o.Now(), Purpose: g.p.Name, Method: r.Method, Host: r.URL.Host, Error: err.Error()})
		return nil, err
	}
	x := &exchange{d: g.d, record: Record{At: g.d.o.Now(), Purpose: g.p.Name, Method: r.Method, Host: r.URL.Host}}
	if r.Body != nil && r.Body != http.NoBody {
		r = r.Clone(r.Context())
		r.Body = &counted{ReadCloser: r.Body, n: &x.sent}
	}
	response, err := g.base.RoundTrip(r)
	if err != nil {
		err = g.wrap(r.URL, err)
		x.end(err)
		return nil, err
	}
	x.record.Status = response.StatusCode
	response.Body = &limited{rc: response.Body, left: g.p.MaxBody, x: x}
	return response, nil
}

// redirect decides whether to follow. Credentials and bodies stay with the origin
// that they were meant for.
func (g *gate) redirect(r *http.Request, via []*http.Request) error {
	if len(via) > max(0, g.p.MaxRedirects) {
		return &Error{Purpose: g.p.Name, Host: r.URL.Host, Reason: "too many redirects", Err: ErrBlocked}
	}
	first := via[0]
	if sameOrigin(first.URL, r.URL) {
		return nil
	}
	if carriesSecret(first.Header) || first.URL.RawQuery != "" && carriesSecretQuery(first.URL) || (first.Body != nil && first.Body != http.NoBody) {
		return &Error{Purpose: g.p.Name, Host: r.URL.Host, Reason: "redirect to another host, to which this request's content must not go", Err: ErrBlocked}
	}
	return nil
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && hostPort(a) == hostPort(b)
}

// carriesSecret looks for header names that hold credentials anywhere.
func carriesSecret(h http.Header) bool {
	for name := range h {
		if secretName(name) {
			return true
		}
	}
	return false
}

func carriesSecretQuery(u *url.URL) bool {
	for name := range u.Query() {
		if secretName(name) {
			return true
		}
	}
	return false
}

func secretName(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"auth", "cookie", "key", "token", "secret", "signature", "password"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
