package server

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// RateClass groups routes that share one limit per caller.
type RateClass string

const (
	// RateDefault has no limit for signed-in callers and one per address for
	// the others.
	RateDefault RateClass = ""
	// RateAuth is for routes that check a password or a one-time token:
	// counted per address, and their answers are never compressed.
	RateAuth RateClass = "auth"
	// RateHeavy is for routes that start costly work, per user.
	RateHeavy RateClass = "heavy"
	// RateUpload is for routes that take files, per user.
	RateUpload RateClass = "upload"
)

// DefaultBodyLimit is the largest request body, in bytes, of routes that do not
// say otherwise.
const DefaultBodyLimit = 1 << 20

// Route is one row of the table.
type Route struct {
	Method  string
	Path    string // "/api/workspaces/{id}"
	Access  Access
	Scope   string // token scope; default: admin for Admin routes, read for GET, else write
	Summary string // one line for the API description
	Tag     string
	Rate    RateClass
	// BodyLimit is in bytes. 0 means DefaultBodyLimit, or no body at all for
	// GET and HEAD; a negative limit leaves it to the handler.
	BodyLimit int64
	// Status is the status of success in the API description, and what typed
	// operations answer. Default: 200, or 204 for an output without a body.
	Status int
	// ID is the operation id. Default: made from method and path.
	ID string
	// ContentTypes are the accepted media types of a request body.
	// Default: application/json.
	ContentTypes []string
}

// RawDoc describes a Raw route to the API description.
type RawDoc struct {
	Request     any     // zero value of the JSON body; nil if there is none
	Response    any     // zero value of the JSON answer; nil if it is not JSON
	ContentType string  // of the answer; default application/json with Response
	Params      []Param // query and header parameters
	// Stream marks an answer that stays open. Its request context ends when the
	// server stops or the caller's credential is withdrawn. Always on for
	// text/event-stream.
	Stream bool
}

// Param is one query or header parameter of a Raw route.
type Param struct {
	Name        string
	In          string // "query" (default) or "header"
	Type        string // "string" (default), "integer", "boolean"
	Required    bool
	Description string
}

// Table is the list of all routes. It is filled once, before a Server is made
// from it.
type Table struct {
	entries []*entry
	api     huma.API
	last    http.HandlerFunc // what huma registered last
	// Classify may turn an error of a lower package into one made by Problem.
	// It answers nil for errors that it does not know.
	classify func(error) error
}

type entry struct {
	Route
	serve  http.HandlerFunc
	fail   func(w http.ResponseWriter, r *http.Request, err error)
	stream bool
	params []string // names in the path
}

// NewTable makes an empty table. Version is shown in the API description.
// Classify, which may be nil, turns errors of lower packages into errors made by
// Problem; it answers nil for those that it does not know.
func NewTable(version string, classify func(error) error) *Table {
	overrideHumaErrors()
	t := &Table{classify: classify}
	format := huma.Format{Marshal: marshal, Unmarshal: unmarshal}
	t.api = humago.New(captureMux{t}, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "InnoClaw", Version: cmp.Or(version, "dev")},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", newNamer()),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"session": {Type: "apiKey", In: "cookie", Name: "innoclaw_session"},
					"token":   {Type: "http", Scheme: "bearer"},
				},
			},
		},
		Formats:       map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat: "application/json",
	})
	return t
}

// overrideHumaErrors makes huma report what it finds wrong in a request as our
// problem documents. Huma has no setting for it but these two variables.
var overrideHumaErrors = sync.OnceFunc(func() {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return humaProblem(context.Background(), status, message, errs)
	}
	huma.NewErrorWithContext = func(c huma.Context, status int, message string, errs ...error) huma.StatusError {
		ctx := context.Background()
		if c != nil {
			ctx = c.Context()
		}
		return humaProblem(ctx, status, message, errs)
	}
})

// captureMux takes what humago would register with a mux; the Server does that.
type captureMux struct{ t *Table }

func (m captureMux) HandleFunc(_ string, h func(http.ResponseWriter, *http.Request)) { m.t.last = h }
func (m captureMux) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusNotFound)
}

// Handle adds a typed JSON operation. I holds what comes in (path, query and
// header fields by tag, Body), O what goes out (Body, headers), as in package
// huma. Fields of the body that I does not know are refused; a body type that
// takes others has a field `_ struct{} "additionalProperties:\"true\""`.
// Handle panics on a row that is incomplete or already there.
func Handle[I, O any](t *Table, r Route, h func(context.Context, *I) (*O, error)) {
	e := t.add(r)
	op := t.operation(e)
	op.DefaultStatus = r.Status
	if e.BodyLimit > 0 {
		op.MaxBodyBytes = e.BodyLimit + 1 // the limit itself is enforced before huma reads
	} else {
		op.MaxBodyBytes = -1
	}
	op.BodyReadTimeout = -1 // see timedBody
	huma.Register(t.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err != nil {
			return nil, t.problem(ctx, err)
		}
		return out, nil
	})
	e.serve = t.last
}

// Raw adds a route that writes its answer itself. An error that h returns
// before it has written anything becomes a problem document; one that comes
// later is logged and the connection is cut.
// Raw panics on a row that is incomplete or already there.
func Raw(t *Table, r Route, doc RawDoc, h func(w http.ResponseWriter, r *http.Request) error) {
	e := t.add(r)
	e.stream = doc.Stream || strings.HasPrefix(doc.ContentType, "text/event-stream")
	op := t.operation(e)
	t.document(&op, e, doc)
	t.api.OpenAPI().AddOperation(&op)
	e.serve = func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			e.fail(w, r, err)
		}
	}
}

// add checks a row, fills in its defaults and appends it.
func (t *Table) add(r Route) *entry {
	name := r.Method + " " + r.Path
	switch r.Method {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		panic("route " + name + ": unknown method")
	}
	if !strings.HasPrefix(r.Path, "/api/") {
		panic("route " + name + ": the path must begin with /api/")
	}
	if !r.Access.valid() {
		panic("route " + name + ": no access rule")
	}
	if slices.ContainsFunc(t.entries, func(e *entry) bool { return e.Method == r.Method && e.Path == r.Path }) {
		panic("route " + name + ": registered twice")
	}
	if r.Scope == "" {
		r.Scope = defaultScope(r)
	}
	if r.Scope != ScopeRead && r.Scope != ScopeWrite && r.Scope != ScopeAdmin {
		panic("route " + name + ": unknown scope " + r.Scope)
	}
	if r.BodyLimit == 0 && r.Method != http.MethodGet {
		r.BodyLimit = DefaultBodyLimit
	}
	if len(r.ContentTypes) == 0 {
		r.ContentTypes = []string{"application/json"}
	}
	if r.ID == "" {
		r.ID = operationID(r)
	}
	e := &entry{Route: r, fail: t.fail, params: pathParams(r.Path)}
	t.entries = append(t.entries, e)
	return e
}

func defaultScope(r Route) string {
	switch {
	case r.Access == Admin:
		return ScopeAdmin
	case r.Method == http.MethodGet:
		return ScopeRead
	}
	return ScopeWrite
}

// Routes returns the rows in the order of registration.
func (t *Table) Routes() []Route {
	routes := make([]Route, len(t.entries))
	for i, e := range t.entries {
		routes[i] = e.Route
	}
	return routes
}

// problem turns an error of a handler into the one to answer with.
func (t *Table) problem(ctx context.Context, err error) *ProblemError {
	p := problemFor(ctx, t.classify, err)
	if x := exchangeFrom(ctx); x != nil {
		x.cause = err
	}
	return p
}

// fail answers a Raw request with an error.
func (t *Table) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := t.problem(r.Context(), err)
	if out, ok := w.(*responseWriter); ok && out.started() {
		out.x.cut = true
		return
	}
	writeProblem(w, p)
}

// writeProblem writes a problem document.
func writeProblem(w http.ResponseWriter, p *ProblemError) {
	h := w.Header()
	for name, values := range p.header {
		h[name] = values
	}
	for _, name := range []string{"Content-Length", "Content-Encoding", "Content-Disposition", "Etag", "Last-Modified", "Accept-Ranges"} {
		h.Del(name)
	}
	h.Set("Content-Type", problemType)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.doc.Status)
	_ = marshal(w, p.doc) // the client may have gone
}

// buffers holds the buffers in which answers are encoded.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxPooledBuffer is the capacity, in bytes, above which a buffer is dropped.
const maxPooledBuffer = 1 << 20

// marshal encodes an answer. Encoding goes to a buffer first, so that a value
// that cannot be encoded still becomes a proper 500: huma would append a text to
// what is there, therefore the error is a panic, which the server recovers.
func marshal(w io.Writer, v any) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer func() {
		if buf.Cap() <= maxPooledBuffer {
			buf.Reset()
			buffers.Put(buf)
		}
	}()
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Errorf("encode answer of type %T: %w", v, err))
	}
	if out, ok := w.(*responseWriter); ok {
		return out.writeWhole(buf.Bytes())
	}
	_, err := w.Write(buf.Bytes())
	return err
}

func unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }
