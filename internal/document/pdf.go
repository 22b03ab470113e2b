package document

import (
	"context"
	"log/slog"
	"time"
)

type pdfEngine struct{}

func newPDFEngine(cacheDir string, workers int, idle time.Duration, limits Limits, logger *slog.Logger) *pdfEngine {
	return &pdfEngine{}
}
func (*pdfEngine) close() error { return nil }

func readPDF(ctx context.Context, in *input) (*Document, error) {
	return nil, failf(Unsupported, "not yet")
}
