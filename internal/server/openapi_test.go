package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/internal/server"
)

type entry struct {
	Name string    `json:"name"`
	At   time.Time `json:"at"`
}

func TestOpenAPIDescribesEveryRoute(t *testing.T) {
	t.Parallel()
	make := func() *server.Table {
		table := server.NewTable("1.2.3", nil)
		routes(table)
		server.Raw(table, server.Route{Method: "GET", Path: "/api/things/{id}/raw", Access: server.OwnerOf("thing"), Summary: "Read"},
			server.RawDoc{Response: entry{}, Params: []server.Param{{Name: "limit", Type: "integer"}, {Name: "If-Match", In: "header"}}},
			func(http.ResponseWriter, *http.Request) error { return nil })
		server.Handle(table, server.Route{Method: "GET", Path: "/api/things", Access: server.User},
			func(context.Context, *struct{}) (*struct{ Body []entry }, error) { return nil, nil })
		return table
	}
	table := make()
	raw := table.OpenAPI()
	if string(raw) != string(make().OpenAPI()) {
		t.Error("two descriptions of the same table differ")
	}
	var doc struct {
		OpenAPI string
		Info    struct{ Version string }
		Paths   map[string]map[string]struct {
			OperationID string
			Security    []any
			Access      string `json:"x-access"`
			Scope       string `json:"x-scope"`
			Parameters  []struct{ Name, In string }
			Responses   map[string]any
		}
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || doc.Info.Version != "1.2.3" {
		t.Errorf("head: %s %s", doc.OpenAPI, doc.Info.Version)
	}
	ids := map[string]bool{}
	for _, r := range table.Routes() {
		op, ok := doc.Paths[r.Path][strings.ToLower(r.Method)]
		if !ok || op.OperationID == "" || ids[op.OperationID] || op.Responses["default"] == nil || op.Access != string(r.Access) {
			t.Errorf("%s %s: %+v", r.Method, r.Path, op)
		}
		if (r.Access == server.Public) != (len(op.Security) == 0) || r.Access != server.Public && op.Scope != r.Scope {
			t.Errorf("%s %s: security %v, scope %q", r.Method, r.Path, op.Security, op.Scope)
		}
		ids[op.OperationID] = true
	}
	op := doc.Paths["/api/things/{id}/raw"]["get"]
	if len(op.Parameters) != 3 || op.Parameters[0].In != "path" || op.Parameters[2].In != "header" {
		t.Errorf("parameters: %+v", op.Parameters)
	}
	for part := range strings.SplitSeq(string(raw), `"$ref": "#/components/schemas/`) {
		name, _, _ := strings.Cut(part, `"`)
		if strings.HasPrefix(part, "{") {
			continue
		}
		if doc.Components.Schemas[name] == nil {
			t.Errorf("reference to the missing schema %q", name)
		}
	}
	if doc.Components.Schemas["ProblemDocument"] == nil {
		t.Errorf("no schema of problems: %v", doc.Components.Schemas)
	}
}
