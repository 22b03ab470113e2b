package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// OpenAPI returns the API description (OpenAPI 3.1, JSON, indented) of all rows
// that were added so far.
func (t *Table) OpenAPI() []byte {
	doc := t.api.OpenAPI()
	// The document marshals itself without indentation; indenting keeps the
	// committed copy reviewable.
	raw, err := json.Marshal(doc)
	if err != nil {
		panic(fmt.Errorf("encode API description: %w", err))
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		panic(fmt.Errorf("decode API description: %w", err))
	}
	out, err := json.MarshalIndent(tree, "", "  ")
	if err != nil {
		panic(fmt.Errorf("indent API description: %w", err))
	}
	return append(out, '\n')
}

// operation describes the parts that all routes share.
func (t *Table) operation(e *entry) huma.Operation {
	op := huma.Operation{
		OperationID: e.ID, Method: e.Method, Path: e.Path, Summary: e.Summary,
		Extensions: map[string]any{"x-access": string(e.Access)},
		Responses:  map[string]*huma.Response{},
	}
	if e.Tag != "" {
		op.Tags = []string{e.Tag}
	}
	if e.Access != Public {
		op.Extensions["x-scope"] = e.Scope
		op.Security = []map[string][]string{{"session": {}}, {"token": {}}}
	}
	return op
}

// document fills in what huma would derive from types for typed operations.
func (t *Table) document(op *huma.Operation, e *entry, doc RawDoc) {
	registry := t.api.OpenAPI().Components.Schemas
	for _, name := range e.params {
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: name, In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString},
		})
	}
	for _, p := range doc.Params {
		param := &huma.Param{Name: p.Name, In: p.In, Required: p.Required, Description: p.Description, Schema: &huma.Schema{Type: p.Type}}
		if param.In == "" {
			param.In = "query"
		}
		if p.Type == "" {
			param.Schema.Type = huma.TypeString
		}
		op.Parameters = append(op.Parameters, param)
	}
	if doc.Request != nil {
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			e.ContentTypes[0]: {Schema: registry.Schema(reflect.TypeOf(doc.Request), true, e.ID+"Request")},
		}}
	} else if e.ContentTypes[0] != "application/json" {
		op.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{}}
		for _, contentType := range e.ContentTypes {
			op.RequestBody.Content[contentType] = &huma.MediaType{}
		}
	}
	op.Responses[strconv.Itoa(statusOf(e.Route))] = rawResponse(registry, e, doc)
	op.Responses["default"] = &huma.Response{Description: "Error", Content: map[string]*huma.MediaType{
		problemType: {Schema: registry.Schema(typeOf[ProblemDocument](), true, "Problem")},
	}}
}

func rawResponse(registry huma.Registry, e *entry, doc RawDoc) *huma.Response {
	response := &huma.Response{Description: http.StatusText(statusOf(e.Route))}
	contentType := doc.ContentType
	if contentType == "" && doc.Response != nil {
		contentType = "application/json"
	}
	if contentType == "" {
		return response
	}
	media := &huma.MediaType{}
	if doc.Response != nil {
		media.Schema = registry.Schema(reflect.TypeOf(doc.Response), true, e.ID+"Response")
	}
	response.Content = map[string]*huma.MediaType{contentType: media}
	return response
}

func statusOf(r Route) int {
	if r.Status == 0 {
		return http.StatusOK
	}
	return r.Status
}

// operationID makes "getWorkspacesId" of GET /api/workspaces/{id}.
func operationID(r Route) string {
	var b strings.Builder
	b.WriteString(strings.ToLower(r.Method))
	for part := range strings.FieldsFuncSeq(strings.TrimPrefix(r.Path, "/api/"), func(c rune) bool {
		return c == '/' || c == '-' || c == '{' || c == '}' || c == '.'
	}) {
		b.WriteString(capital(part))
	}
	return b.String()
}

// pathParams returns the names of the wildcards of a path.
func pathParams(path string) []string {
	var names []string
	for segment := range strings.SplitSeq(path, "/") {
		if strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}") {
			names = append(names, strings.TrimSuffix(segment[1:len(segment)-1], "..."))
		}
	}
	return names
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// newNamer names schemas by package and type, so that two features may each
// have a type `entry`. A name that is still taken gets a number.
func newNamer() func(t reflect.Type, hint string) string {
	names := map[reflect.Type]string{}
	taken := map[string]bool{}
	return func(t reflect.Type, hint string) string {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return huma.DefaultSchemaNamer(t, hint)
		}
		if name, ok := names[t]; ok {
			return name
		}
		base := capital(huma.DefaultSchemaNamer(t, hint))
		if path := t.PkgPath(); path != "" {
			pkg := capital(path[strings.LastIndexByte(path, '/')+1:])
			if !strings.HasPrefix(base, pkg) && pkg != "Server" && pkg != "Time" {
				base = pkg + base
			}
		}
		name := base
		for n := 2; taken[name]; n++ {
			name = base + strconv.Itoa(n)
		}
		names[t], taken[name] = name, true
		return name
	}
}
