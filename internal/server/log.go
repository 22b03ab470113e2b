package server

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// slowRequest is how long an ordinary request may take before its log line is
// raised to the level info.
const slowRequest = time.Second

// logRequest writes the access log. It holds the path but never the query, the
// headers or the body, where secrets may be. Reads that went well are at the
// level debug.
func (s *Server) logRequest(x *exchange, r *http.Request) {
	took := time.Since(x.start)
	level := slog.LevelDebug
	status := x.w.status
	switch {
	case status >= 500 || x.cut:
		level = slog.LevelError
	case status >= 400 && status != statusClientClosed, r.Method != http.MethodGet && r.Method != http.MethodHead:
		level = slog.LevelInfo
	case took > slowRequest && (x.entry == nil || !x.entry.stream):
		level = slog.LevelInfo
	}
	if !s.log.Enabled(context.Background(), level) {
		return
	}
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs, slog.String("id", x.id), slog.String("method", r.Method), slog.String("path", clip(r.URL.Path)),
		slog.Int("status", status), slog.Int64("bytes", x.w.bytes), slog.Duration("took", took),
		slog.String("remote", remoteIP(r.RemoteAddr)))
	if x.entry != nil {
		attrs = append(attrs, slog.String("route", x.entry.Path))
	}
	if x.known {
		attrs = append(attrs, slog.String("user", x.caller.UserID))
	}
	if x.cause != nil && status >= 400 {
		attrs = append(attrs, slog.String("error", x.cause.Error()))
	}
	s.log.LogAttrs(context.Background(), level, "request", attrs...)
}

// maxLoggedPath bounds the path in the access log, in bytes.
const maxLoggedPath = 256

func clip(path string) string {
	if len(path) <= maxLoggedPath {
		return path
	}
	return path[:maxLoggedPath] + "…"
}
