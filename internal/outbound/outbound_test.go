package outbound_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/innoclaw/innoclaw/internal/outbound"
)

func hostPort(s *httptest.Server) string { return strings.TrimPrefix(s.URL, "http://") }

func get(t *testing.T, c *http.Client, target string) (string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// TestRefusesPrivateTargets tries every spelling of an address that nobody named.
func TestRefusesPrivateTargets(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(hostPort(server))
	d := outbound.New(outbound.Options{})
	c := d.Client(outbound.Purpose{Name: "test", AllowHTTP: true})
	for _, host := range []string{
		"127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "127.0.0.1.", "localhost", "LOCALHOST.", "a.localhost",
		"[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1%25lo]", "[::]", "0.0.0.0", "0",
		"10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "100.64.0.1", "198.18.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255",
		"①②⑦.0.0.1",
	} {
		for _, suffix := range []string{"", ":80", ":" + port} {
			_, err := get(t, c, "http://"+host+suffix+"/")
			if !errors.Is(err, outbound.ErrBlocked) && !(host == "①②⑦.0.0.1" && err != nil) {
				t.Errorf("%s%s: %v", host, suffix, err)
			}
		}
	}
}

func TestSchemesPortsAndHosts(t *testing.T) {
	t.Parallel()
	d := outbound.New(outbound.Options{})
	strict := d.Client(outbound.Purpose{Name: "papers", Hosts: []string{"export.arxiv.org", "*.crossref.org"}})
	for _, target := range []string{
		"http://export.arxiv.org/", "ftp://export.arxiv.org/", "file:///etc/passwd", "https://user:pw@export.arxiv.org/", "https://evil.org/",
		"https://crossref.org/", "https://api.crossref.org.evil.org/", "https://export.arxiv.org:22/", "https://export.arxiv.org:8443/",
	} {
		_, err := get(t, strict, target)
		if !errors.Is(err, outbound.ErrBlocked) && !strings.Contains(fmt.Sprint(err), "unsupported protocol scheme") {
			t.Errorf("%s: %v", target, err)
		}
	}
}

func TestNamedAddressIsReached(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }))
	t.Cleanup(server.Close)
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	t.Cleanup(other.Close)
	c := outbound.New(outbound.Options{}).Client(outbound.Purpose{Name: "model", AllowPrivate: []string{hostPort(server)}})
	t.Cleanup(c.CloseIdleConnections)
	if body, err := get(t, c, server.URL); err != nil || body != "ok" {
		t.Errorf("%q, %v", body, err)
	}
	if _, err := get(t, c, other.URL); !errors.Is(err, outbound.ErrBlocked) {
		t.Errorf("another port of the same host: %v", err)
	}
}

// resolver answers every A question with the next of addresses; the last repeats.
func resolver(t *testing.T, addresses ...string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	var asked atomic.Int64
	go func() { // ends when conn is closed
		buffer := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buffer[:n]) != nil {
				continue
			}
			m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				i := min(int(asked.Add(1)), len(addresses)) - 1
				m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 0},
					Body: &dnsmessage.AResource{A: netip.MustParseAddr(addresses[i]).As4()}}}
			}
			reply, err := m.Pack()
			if err == nil {
				conn.WriteTo(reply, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// TestDNSAnswerChanges plays a name that is public at first and private later.
// 127.0.0.2 stands for a public network.
func TestDNSAnswerChanges(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	var reached atomic.Int64
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reached.Add(1)
		w.Header().Set("Connection", "close")
	})}}
	server.Start()
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	name := "rebind.example.org:" + port
	for _, last := range []string{"127.0.0.1", "169.254.169.254", "10.0.0.7"} {
		reached.Store(0)
		d := outbound.New(outbound.Options{Resolver: resolver(t, "127.0.0.2", last), PublicNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}})
		c := d.Client(outbound.Purpose{Name: "papers", AllowHTTP: true})
		// The port is not 80, so the request is made through the dialer's own gate.
		dial := c.Transport.(interface {
			Dial(ctx context.Context, network, addr string) (net.Conn, error)
		})
		conn, err := dial.Dial(t.Context(), "tcp", name)
		if err != nil {
			t.Fatalf("first answer: %v", err)
		}
		conn.Close()
		if conn, err := dial.Dial(t.Context(), "tcp", name); err == nil {
			conn.Close()
			t.Errorf("connected to %s", last)
		}
	}
}

// TestNamedHostMustNotBecomeMetadata names a host, whose name then leads to the
// metadata service.
func TestNamedHostMustNotBecomeMetadata(t *testing.T) {
	t.Parallel()
	d := outbound.New(outbound.Options{Resolver: resolver(t, "169.254.169.254")})
	c := d.Client(outbound.Purpose{Name: "model", AllowPrivate: []string{"llm.lan:80"}})
	if _, err := get(t, c, "http://llm.lan/"); !errors.Is(err, outbound.ErrBlocked) {
		t.Errorf("err = %v", err)
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	target := ""
	var got atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/end" {
			got.Store(r.Header.Get("X-Api-Key"))
			fmt.Fprint(w, "end")
			return
		}
		http.Redirect(w, r, target, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(server.Close)
	thief := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "thief") }))
	t.Cleanup(thief.Close)
	c := outbound.New(outbound.Options{}).Client(outbound.Purpose{Name: "model", AllowPrivate: []string{hostPort(server), hostPort(thief)}})
	t.Cleanup(c.CloseIdleConnections)
	do := func(method, to string, header string, body string) (string, error) {
		target = to
		var reader io.Reader
		if body != "" {
			reader = strings.NewReader(body)
		}
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/start", reader)
		if err != nil {
			t.Fatal(err)
		}
		if header != "" {
			r.Header.Set(header, "secret-value")
		}
		response, err := c.Do(r)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		b, err := io.ReadAll(response.Body)
		return string(b), err
	}
	if body, err := do("GET", "/end", "X-Api-Key", ""); err != nil || body != "end" || got.Load() != "secret-value" {
		t.Errorf("same host: %q, %v", body, err)
	}
	if body, err := do("GET", thief.URL, "", ""); err != nil || body != "thief" {
		t.Errorf("nothing secret, to a named host: %q, %v", body, err)
	}
	for name, c := range map[string]struct{ method, to, header, body string }{
		"authorization": {"GET", thief.URL, "Authorization", ""},
		"own header":    {"GET", thief.URL, "X-Api-Key", ""},
		"cookie":        {"GET", thief.URL, "Cookie", ""},
		"body":          {"POST", thief.URL, "", "text of the files"},
		"metadata":      {"GET", "http://169.254.169.254/latest/meta-data", "", ""},
		"loopback":      {"GET", "http://127.0.0.1:1/", "", ""},
		"file":          {"GET", "file:///etc/passwd", "", ""},
		"loop":          {"GET", "/start", "", ""},
	} {
		if body, err := do(c.method, c.to, c.header, c.body); err == nil || strings.Contains(err.Error(), "secret-value") {
			t.Errorf("%s: %q, %v", name, body, err)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/exact":
			io.WriteString(w, strings.Repeat("x", 1000))
		case "/more":
			io.WriteString(w, strings.Repeat("x", 1001))
		case "/slow":
			select {
			case <-stop:
			case <-r.Context().Done():
			}
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(stop) })
	d := outbound.New(outbound.Options{})
	c := d.Client(outbound.Purpose{Name: "x", AllowPrivate: []string{hostPort(server)}, MaxBody: 1000, Timeout: 300 * time.Millisecond})
	t.Cleanup(c.CloseIdleConnections)
	if body, err := get(t, c, server.URL+"/exact"); err != nil || len(body) != 1000 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	if body, err := get(t, c, server.URL+"/more"); !errors.Is(err, outbound.ErrTooLarge) || len(body) != 1000 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	_, err := get(t, c, server.URL+"/slow")
	if err == nil || outbound.Describe(err) != "no answer in time" {
		t.Errorf("%v, described as %q", err, outbound.Describe(err))
	}
}

func TestProxy(t *testing.T) {
	t.Parallel()
	var asked atomic.Value
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Method + " " + r.URL.String() + r.Host)
		fmt.Fprint(w, "by proxy")
	}))
	t.Cleanup(proxy.Close)
	rule := outbound.ProxyFrom(proxy.URL, proxy.URL, "direct.example.org")
	d := outbound.New(outbound.Options{Proxy: rule, Resolver: resolver(t, "127.0.0.1")})
	c := d.Client(outbound.Purpose{Name: "papers", AllowHTTP: true})
	t.Cleanup(c.CloseIdleConnections)
	if body, err := get(t, c, "http://papers.example.org/x"); err != nil || body != "by proxy" || !strings.HasPrefix(asked.Load().(string), "GET http://papers.example.org/x") {
		t.Errorf("%q, %v, asked %v", body, err, asked.Load())
	}
	for _, target := range []string{"http://10.0.0.1/", "http://2130706433/", "http://direct.example.org/", proxy.URL + "/admin"} {
		if _, err := get(t, c, target); !errors.Is(err, outbound.ErrBlocked) {
			t.Errorf("%s through the proxy: %v", target, err)
		}
	}
	u, err := rule(&url.URL{Scheme: "https", Host: "direct.example.org"})
	if u != nil || err != nil {
		t.Errorf("NO_PROXY: %v, %v", u, err)
	}
}

func TestRecords(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, "12345")
	}))
	t.Cleanup(server.Close)
	var log bytes.Buffer
	d := outbound.New(outbound.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	c := d.Client(outbound.Purpose{Name: "model", AllowPrivate: []string{hostPort(server)}})
	t.Cleanup(c.CloseIdleConnections)
	r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/path?key=secret-query", strings.NewReader("abc"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer secret-header")
	response, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, response.Body)
	response.Body.Close()
	get(t, c, "http://10.1.2.3/?key=secret-query")
	records := d.Records()
	if len(records) != 2 || records[0].Error == "" || records[1].Status != http.StatusTeapot || records[1].Sent != 3 || records[1].Got != 5 || records[1].Host != hostPort(server) || records[1].Purpose != "model" {
		t.Errorf("records = %+v", records)
	}
	if strings.Contains(log.String(), "secret") || !strings.Contains(log.String(), "status=418") {
		t.Errorf("log = %s", log.String())
	}
	for range 600 {
		get(t, c, "http://10.1.2.3/")
	}
	if n := len(d.Records()); n != 256 {
		t.Errorf("%d records kept", n)
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	d := outbound.New(outbound.Options{})
	_, err = get(t, d.Client(outbound.Purpose{Name: "x", AllowPrivate: []string{address}}), "http://"+address+"/?key=secret")
	if got := outbound.Describe(err); !strings.Contains(got, "connection refused") || strings.Contains(got, "secret") {
		t.Errorf("refused: %q", got)
	}
	tls := httptest.NewTLSServer(http.NotFoundHandler())
	tls.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(tls.Close)
	_, err = get(t, d.Client(outbound.Purpose{Name: "x", AllowPrivate: []string{strings.TrimPrefix(tls.URL, "https://")}}), tls.URL)
	if got := outbound.Describe(err); !strings.Contains(got, "certificate") {
		t.Errorf("certificate: %q", got)
	}
}

func FuzzAdmit(f *testing.F) {
	for _, s := range []string{"http://127.1/", "https://[::ffff:10.0.0.1]", "http://0x7f.0.0.1", "https://example.org", "http://a@b", "//x", "http://[fe80::1%25eth0]/"} {
		f.Add(s)
	}
	d := outbound.New(outbound.Options{Resolver: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no network in this test")
	}}})
	c := d.Client(outbound.Purpose{Name: "fuzz", AllowHTTP: true, Timeout: time.Second})
	f.Fuzz(func(t *testing.T, target string) {
		r, err := http.NewRequest(http.MethodGet, target, nil)
		if err != nil {
			return
		}
		// A literal address that passes would be dialled; only public ones may be.
		if ip, err := netip.ParseAddr(r.URL.Hostname()); err == nil && ip.IsGlobalUnicast() && !ip.IsPrivate() {
			return
		}
		if response, err := c.Do(r); err == nil {
			response.Body.Close()
			t.Fatalf("%q was answered", target)
		}
	})
}
