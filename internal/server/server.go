package server

import (
	"errors"
	"io/fs"
	"log/slog"
	"mime"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// Options configure a Server.
type Options struct {
	Table  *Table
	Auth   Authenticator
	Assets fs.FS // the built web pages; nil or without index.html: not built
	Logger *slog.Logger
	// Port is the port of the listener, which Host headers must name.
	// Empty accepts any port.
	Port string
	// Hosts are names, with or without a port, by which the server may be
	// addressed besides the loopback names.
	Hosts []string
	// Limits overrides the limits of rate classes.
	Limits map[RateClass]Limit
}

// Server serves a route table and the web pages. It is an http.Handler; Serve
// runs it on a listener.
type Server struct {
	table   *Table
	auth    Authenticator
	log     *slog.Logger
	mux     *http.ServeMux
	assets  *assets
	ids     *idSource
	hosts   hostList
	origin  *http.CrossOriginProtection
	limits  *limiters
	streams streams
}

// New makes a server of a finished table.
func New(o Options) (*Server, error) {
	if o.Table == nil || o.Auth == nil {
		return nil, errors.New("make server: route table and authenticator are needed")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	hosts, err := newHostList(o.Port, o.Hosts)
	if err != nil {
		return nil, err
	}
	pages, err := newAssets(o.Assets)
	if err != nil {
		return nil, err
	}
	s := &Server{
		table: o.Table, auth: o.Auth, log: o.Logger, mux: http.NewServeMux(), assets: pages,
		ids: newIDSource(), hosts: hosts, origin: http.NewCrossOriginProtection(), limits: newLimiters(o.Limits),
	}
	for _, e := range o.Table.entries {
		s.mux.HandleFunc(e.Method+" "+e.Path, func(w http.ResponseWriter, r *http.Request) { s.endpoint(e, w, r) })
	}
	s.mux.HandleFunc("/api/", s.noRoute)
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{Context: r.Context(), id: s.ids.next(), start: time.Now()}
	r = r.WithContext(x)
	x.w = responseWriter{ResponseWriter: w, x: x, rc: http.NewResponseController(w), req: r}
	if r.ContentLength != 0 {
		body := &timedBody{body: r.Body, rc: x.w.rc}
		body.extend()
		r.Body = body
	}
	w.Header()["X-Request-Id"] = []string{x.id}
	defer s.logRequest(x, r)
	defer s.recover(x)
	s.edge(x, r)
	x.w.finish()
	if x.cut {
		panic(http.ErrAbortHandler)
	}
}

// recover turns a panic into a 500, or into a cut connection when part of an
// answer is already out, so that no client takes it for complete.
func (s *Server) recover(x *exchange) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler { //nolint:errorlint // panics carry the very value
		x.cut = true
		panic(v)
	}
	s.log.Error("panic in handler", "id", x.id, "panic", v, "stack", string(debug.Stack()))
	if x.w.started() {
		x.cut = true
		panic(http.ErrAbortHandler)
	}
	x.w.reset()
	err, ok := v.(error)
	if !ok {
		err = errors.New("panic")
	}
	writeProblem(&x.w, problemFor(x, nil, WithCause(Problem(http.StatusInternalServerError, "internal",
		"Something went wrong in the server. The log has the details under the request id."), err)))
	x.w.finish()
}

// edge checks what does not depend on the route, then finds the route.
func (s *Server) edge(x *exchange, r *http.Request) {
	if !s.hosts.allows(r) {
		s.refuse(x, Problem(http.StatusMisdirectedRequest, "unknown_host",
			"This server does not answer to the host name of the request. Add the name to ALLOWED_HOSTS to use it."))
		return
	}
	api := strings.HasPrefix(r.URL.Path, "/api/") || r.URL.Path == "/api"
	setSecurityHeaders(x.w.Header(), r.TLS != nil, api)
	if err := s.checkOrigin(x, r, api); err != nil {
		s.refuse(x, err)
		return
	}
	if api {
		s.mux.ServeHTTP(&x.w, r)
		return
	}
	s.assets.ServeHTTP(&x.w, r)
}

// endpoint runs the checks of one route, then its handler.
func (s *Server) endpoint(e *entry, w http.ResponseWriter, r *http.Request) {
	x := exchangeFrom(r.Context())
	x.entry = e
	if err := s.admit(x, e, r); err != nil {
		s.refuse(x, err)
		return
	}
	if err := limitBody(x, e, r); err != nil {
		s.refuse(x, err)
		return
	}
	if e.stream {
		ctx, end := s.streams.open(x)
		defer end()
		e.serve(w, r.WithContext(ctx))
		return
	}
	e.serve(w, r)
}

// admit checks the rate limits, who is calling, and whether the route is theirs.
func (s *Server) admit(x *exchange, e *entry, r *http.Request) error {
	address := limitKey(r.RemoteAddr)
	if e.Rate == RateAuth {
		if err := s.limits.take(RateAuth, address); err != nil {
			return err
		}
	}
	caller, known, err := s.auth.Authenticate(r)
	if err != nil {
		return err
	}
	x.caller, x.known = caller, known
	if !known && e.Rate != RateAuth {
		class := RateAnonymous
		if e.Access != Public && hasCredential(r) {
			class = RateGuess
		}
		if err := s.limits.take(class, address); err != nil {
			return err
		}
	}
	if x.foreign && caller.TokenID == "" {
		return errCrossOrigin()
	}
	if err := permit(e, caller, known); err != nil {
		return err
	}
	if known && (e.Rate == RateHeavy || e.Rate == RateUpload) {
		return s.limits.take(e.Rate, caller.UserID)
	}
	return nil
}

// permit applies the route's access rule and scope.
func permit(e *entry, caller Caller, known bool) error {
	if e.Access == Public {
		return nil
	}
	if !known {
		return WithHeader(Unauthorized(), "WWW-Authenticate", `Bearer realm="innoclaw"`)
	}
	if e.Access == Admin && !caller.IsAdmin() {
		return Forbidden("admin_required", "Admin access required.")
	}
	if !caller.Allows(e.Scope) {
		return Forbidden("scope_required", "This API token lacks the scope "+e.Scope+".")
	}
	return nil
}

// limitBody refuses bodies that are too large or of the wrong type before
// anything of them is read.
func limitBody(x *exchange, e *entry, r *http.Request) error {
	if r.ContentLength == 0 && len(r.Header["Content-Type"]) == 0 {
		return nil
	}
	if e.BodyLimit >= 0 && r.ContentLength > e.BodyLimit {
		r.Close = true
		x.w.Header().Set("Connection", "close")
		return errTooLarge(e.BodyLimit)
	}
	if e.Method == http.MethodGet {
		return nil // nothing of it is read
	}
	if !contentTypeAllowed(r.Header, e.ContentTypes) {
		return WithHeader(Problem(http.StatusUnsupportedMediaType, "content_type",
			"Send the body as "+strings.Join(e.ContentTypes, " or ")+"."), "Accept", strings.Join(e.ContentTypes, ", "))
	}
	if e.BodyLimit >= 0 {
		r.Body = http.MaxBytesReader(x.w.ResponseWriter, r.Body, e.BodyLimit)
	}
	return nil
}

// contentTypeAllowed checks the media type of a body. Spellings of JSON's are
// brought into the one that huma knows.
func contentTypeAllowed(h http.Header, allowed []string) bool {
	contentType := h.Get("Content-Type")
	if len(allowed) == 1 && allowed[0] == contentType {
		return true
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	if mediaType == "application/json" {
		h.Set("Content-Type", mediaType)
	}
	return slices.Contains(allowed, mediaType) || slices.Contains(allowed, "*/*")
}

// noRoute answers requests for API paths that do not exist, or not with that
// method.
func (s *Server) noRoute(_ http.ResponseWriter, r *http.Request) {
	x := exchangeFrom(r.Context())
	var allow []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := s.mux.Handler(probe); strings.HasPrefix(pattern, method+" ") {
			allow = append(allow, method)
		}
	}
	if len(allow) > 0 {
		s.refuse(x, WithHeader(Problem(http.StatusMethodNotAllowed, "method_not_allowed",
			"This address takes "+strings.Join(allow, ", ")+" only."), "Allow", strings.Join(allow, ", ")))
		return
	}
	s.refuse(x, Problem(http.StatusNotFound, "no_route", "There is no such API address."))
}

// refuse answers with err.
func (s *Server) refuse(x *exchange, err error) {
	writeProblem(&x.w, s.table.problem(x, err))
}
