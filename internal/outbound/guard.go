package outbound

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"
)

// Errors to be found with errors.Is.
var (
	// ErrBlocked says that policy refused the connection.
	ErrBlocked = errors.New("blocked by outbound policy")
	// ErrTooLarge says that a response body exceeded its purpose's limit.
	ErrTooLarge = errors.New("response is larger than allowed")
)

// Error is a failed or refused exchange. Its text holds no path, query or header.
type Error struct {
	Purpose, Host string
	// Reason is for people; empty when Err says it.
	Reason string
	Err    error
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("connect to %s for %s: %s", e.Host, e.Purpose, e.reason())
}

func (e *Error) reason() string {
	if e.Reason != "" {
		return e.Reason
	}
	return e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// metadata are addresses that give cloud credentials to whoever asks. They are
// refused even if a configured name resolves to them.
var metadata = []netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("fe80::/10"),
	netip.MustParsePrefix("fd00:ec2::254/128"),
	netip.MustParsePrefix("fd20:ce::254/128"),
	netip.MustParsePrefix("100.100.100.200/32"),
	netip.MustParsePrefix("168.63.129.16/32"),
}

// namedGuard checks connections to an address that configuration names. Anything
// goes except metadata services, unless the very address was written down.
func namedGuard(host string) func(network, address string, c syscall.RawConn) error {
	literal, _ := netip.ParseAddr(host)
	return func(_, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrBlocked, err)
		}
		ip := ap.Addr().Unmap().WithZone("")
		if ip == literal.Unmap().WithZone("") {
			return nil
		}
		for _, p := range metadata {
			if p.Contains(ip) {
				return fmt.Errorf("%w: the name leads to the metadata address %s", ErrBlocked, ip)
			}
		}
		return nil
	}
}

// admit checks what can be told from a URL alone: scheme, host, port, and
// addresses written as such. The dialer checks the rest. With a proxy, which
// resolves names by itself, this is the only check on the target.
func (g *gate) admit(u *url.URL) error {
	block := func(reason string) error {
		return &Error{Purpose: g.p.Name, Host: u.Host, Reason: reason, Err: ErrBlocked}
	}
	hp := hostPort(u)
	named := g.named[hp]
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	switch {
	case u.User != nil:
		return block("the address holds a user name")
	case host == "":
		return block("the address has no host")
	case u.Scheme != "https" && u.Scheme != "http":
		return block("only http and https are allowed")
	case u.Scheme == "http" && !named && !g.p.AllowHTTP:
		return block("plain http is allowed for addresses named in the settings only")
	case !named && len(g.p.Hosts) > 0 && !matchHost(g.p.Hosts, host):
		return block("this host is not on the list for this purpose")
	}
	if named {
		return nil
	}
	if port := u.Port(); port != "" && port != "80" && port != "443" {
		return block("only ports 80 and 443 are allowed, or an address named in the settings")
	}
	if _, isProxy := g.d.proxies.Load(hp); isProxy {
		return block("the proxy itself is not a destination")
	}
	return g.admitHost(host, block)
}

// admitHost refuses local names and private addresses in any spelling.
func (g *gate) admitHost(host string, block func(string) error) error {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return block("loopback addresses are allowed only if named in the settings")
	}
	ip, err := netip.ParseAddr(host)
	if err == nil {
		if !g.public(ip) {
			return block("private, loopback and reserved addresses are allowed only if named in the settings")
		}
		return nil
	}
	// "127.1", "2130706433", "0x7f000001": some resolvers and proxies read these
	// as addresses. No public name looks like one.
	last := host[strings.LastIndexByte(host, '.')+1:]
	if _, err := strconv.ParseUint(last, 0, 64); err == nil || strings.HasPrefix(last, "0x") {
		return block("the host is an address in an unusual form")
	}
	return nil
}

// public applies the dialer's rule to an address written in a URL.
func (g *gate) public(ip netip.Addr) bool {
	return g.d.guard.SafeAddr(ip.WithZone("")) == nil && g.d.guard.SafeAddr(ip.Unmap().WithZone("")) == nil
}

func matchHost(rules []string, host string) bool {
	for _, rule := range rules {
		rule = strings.ToLower(rule)
		if rule == host || strings.HasPrefix(rule, "*.") && strings.HasSuffix(host, rule[1:]) {
			return true
		}
	}
	return false
}

// hostPort gives a URL's canonical host:port.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	return canonical(net.JoinHostPort(u.Hostname(), port))
}

// canonical lower-cases a host:port and normalises an address in it.
func canonical(hp string) string {
	host, port, err := net.SplitHostPort(hp)
	if err != nil {
		return strings.ToLower(hp)
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.Unmap().String()
	}
	return net.JoinHostPort(host, port)
}

// wrap gives a transport's error the purpose and host, and marks refusals of the
// dialer as such.
func (g *gate) wrap(u *url.URL, err error) error {
	var already *Error
	if errors.As(err, &already) {
		return err
	}
	e := &Error{Purpose: g.p.Name, Host: u.Host, Err: err}
	if errors.Is(err, ssrf.ErrProhibitedIP) || errors.Is(err, ssrf.ErrProhibitedNetwork) || errors.Is(err, ErrBlocked) {
		e.Reason = "the name leads to a private, loopback, reserved or metadata address, which the settings do not name"
		e.Err = errors.Join(ErrBlocked, err)
	}
	return e
}
