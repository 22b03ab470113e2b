package app_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/innoclaw/innoclaw/internal/app"
)

// TestAPIDescriptionIsCurrent compares the description from which the web application's
// types are made with the route table.
func TestAPIDescriptionIsCurrent(t *testing.T) {
	t.Parallel()
	made, err := app.OpenAPI(t.Context())
	must(t, err)
	committed, err := os.ReadFile("../../web/src/api/openapi.json")
	must(t, err)
	if bytes.Equal(bytes.TrimSpace(made), bytes.TrimSpace(committed)) {
		return
	}
	var want, got map[string]any
	must(t, json.Unmarshal(made, &want))
	must(t, json.Unmarshal(committed, &got))
	t.Errorf("web/src/api/openapi.json is not what the route table says; run `make generate` and commit web/src/api:\n%s", cmp.Diff(got, want))
}
