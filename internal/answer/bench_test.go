package answer_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/internal/index"
	"github.com/innoclaw/innoclaw/internal/model/modeltest"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

// BenchmarkFirstToken measures a question from the request to the first piece of
// text in a workspace of 10,000 files, with a model that answers at once.
func BenchmarkFirstToken(b *testing.B) {
	s := newSite(b, storetest.SQLite(b))
	words := strings.Fields("measurement protocol annealing grain lattice solvent yield spectrum catalyst polymer membrane sample electrode kinetics diffusion anomaly baseline detector enzyme threshold")
	for i := range 10_000 {
		var text strings.Builder
		fmt.Fprintf(&text, "# Report %d\n\n", i)
		for j := range 60 {
			fmt.Fprintf(&text, "The %s of %s %d shows a %s near %d units. ", words[(i+j)%20], words[(i*7+j*3)%20], i, words[(i*3+j)%20], i*j%997)
		}
		dir := filepath.Join(s.folder, fmt.Sprint("d", i/500))
		must(b, os.MkdirAll(dir, 0o755))
		must(b, os.WriteFile(filepath.Join(dir, fmt.Sprintf("r%d.md", i)), []byte(text.String()), 0o644))
	}
	must(b, s.index.SyncNow(b.Context(), s.id, func(index.Progress) {}))
	s.model(modeltest.Answer("The precursor", " solution", " is stirred."))
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		response := s.request(b.Context(), owner, http.MethodPost, "/api/chat", map[string]any{"workspaceId": s.id, "text": "What does the catalyst of membrane 4711 show?"})
		events(b, response.Body, isText)
		took = append(took, time.Since(began))
		events(b, response.Body, nil)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms/p50")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "ms/p95")
}
