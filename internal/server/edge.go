package server

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// hostList knows the Host headers that the server answers to. Without it, a web
// page could reach the server under a name of its own that resolves to this
// machine (DNS rebinding).
type hostList struct {
	port  string          // required port; "" for any
	names map[string]bool // configured names in lower case, as host or host:port
}

func newHostList(port string, extra []string) (hostList, error) {
	l := hostList{port: port, names: map[string]bool{}}
	for _, name := range extra {
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "" || strings.ContainsAny(name, "/*@ ") {
			return l, fmt.Errorf("allowed host %q: give a name such as lab.example.org or lab.example.org:8443", name)
		}
		l.names[strings.TrimSuffix(strings.Trim(name, "[]"), ".")] = true
	}
	return l, nil
}

// allows tells whether the server answers to r's Host.
func (l hostList) allows(r *http.Request) bool {
	host, port := splitHost(r.Host)
	if isLoopbackName(host) && (l.port == "" || port == l.port || port == "" && l.port == defaultPort(r)) {
		return true
	}
	if l.names[host] || len(l.names) > 0 && l.names[net.JoinHostPort(host, port)] {
		return true // a name given without a port stands for every port, as behind a proxy
	}
	return l.ownAddress(r, host, port)
}

func isLoopbackName(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

// ownAddress allows the very address and port that the connection was made to.
// An address, unlike a name, cannot be pointed elsewhere by an attacker.
func (hostList) ownAddress(r *http.Request, host, port string) bool {
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		return false
	}
	if port == "" {
		port = defaultPort(r)
	}
	return local.AddrPort().Addr().Unmap() == ip.Unmap() && port == fmt.Sprint(local.Port)
}

func defaultPort(r *http.Request) string {
	if r.TLS != nil {
		return "443"
	}
	return "80"
}

// splitHost splits a Host header into its lower-case name and its port.
func splitHost(hostport string) (host, port string) {
	host = hostport
	if i := strings.LastIndexByte(hostport, ':'); i >= 0 && !strings.HasSuffix(hostport, "]") {
		host, port = hostport[:i], hostport[i+1:]
	}
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
	} else if strings.ContainsAny(host, ":[]") {
		return "", "" // an IPv6 address must stand in brackets
	}
	return strings.TrimSuffix(strings.ToLower(host), "."), port
}

// The header values are shared between all answers; handlers replace a value
// with Set and never change it in place.
var (
	pagePolicy = []string{strings.Join([]string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "font-src 'self'",
		"img-src 'self' data: blob:", "media-src 'self' blob:", "connect-src 'self'", "worker-src 'self'",
		"frame-src 'self' blob:", "manifest-src 'self'", "base-uri 'none'", "form-action 'self'",
		"frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types innoclaw default",
	}, "; ")}
	apiPolicy   = []string{"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"}
	nosniff     = []string{"nosniff"}
	sameOrigin  = []string{"same-origin"}
	deny        = []string{"DENY"}
	noStore     = []string{"no-store"}
	permissions = []string{"accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()"}
	hsts        = []string{"max-age=31536000"}
)

// setSecurityHeaders sets the headers that protect the browser. Handlers that
// send files of users replace the policy with their own.
func setSecurityHeaders(h http.Header, tls, api bool) {
	if api {
		h["Content-Security-Policy"] = apiPolicy
		h["Cache-Control"] = noStore
	} else {
		h["Content-Security-Policy"] = pagePolicy
		h["Permissions-Policy"] = permissions
		h["Cross-Origin-Opener-Policy"] = sameOrigin
	}
	h["X-Content-Type-Options"] = nosniff
	h["X-Frame-Options"] = deny
	h["Referrer-Policy"] = sameOrigin
	h["Cross-Origin-Resource-Policy"] = sameOrigin
	if tls {
		h["Strict-Transport-Security"] = hsts
	}
}

func errCrossOrigin() error {
	return Problem(http.StatusForbidden, "cross_origin", "Requests from other web sites are refused.")
}

// checkOrigin refuses requests that another web site made a browser send.
// A request with an API token and without a session cookie may come from
// anywhere, since no browser attaches a token by itself; endpoint makes sure
// that it is the token, and nothing else, that lets it in.
func (s *Server) checkOrigin(x *exchange, r *http.Request, api bool) error {
	err := s.origin.Check(r)
	if err == nil && api && foreignRead(r) {
		err = errCrossOrigin()
	}
	if err == nil {
		return nil
	}
	if api && bearerOnly(r) {
		x.foreign = true
		return nil
	}
	return WithCause(errCrossOrigin(), err)
}

// foreignRead tells whether a reading request was made by another site as
// anything but a person's own navigation: as a script, an image, a frame.
func foreignRead(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	return r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document"
}

// SessionCookie is the name of the session cookie; over TLS it is preceded by
// SecurePrefix, which makes browsers insist on its protection.
const (
	SessionCookie = "innoclaw_session"
	SecurePrefix  = "__Host-"
)

func bearerOnly(r *http.Request) bool {
	return r.Header.Get("Authorization") != "" && !hasSessionCookie(r)
}

func hasCredential(r *http.Request) bool {
	return len(r.Header["Authorization"]) > 0 || hasSessionCookie(r)
}

func hasSessionCookie(r *http.Request) bool {
	for _, line := range r.Header["Cookie"] {
		if strings.Contains(line, SessionCookie) {
			return true
		}
	}
	return false
}
