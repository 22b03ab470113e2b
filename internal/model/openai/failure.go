package openai

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/openai/openai-go/v3/option"
	"github.com/tidwall/gjson"

	"github.com/innoclaw/innoclaw/internal/model"
	"github.com/innoclaw/innoclaw/internal/outbound"
)

// maxErrorBody bounds how much of an error's body is read, maxMessage how much of
// the provider's explanation is kept, in bytes.
const (
	maxErrorBody = 64 << 10
	maxMessage   = 300
)

// intercept sees each response before the SDK does. The SDK reads error bodies
// without bound and loses the status when they are not JSON, and it reads an HTML
// page answered with 200 as an empty stream.
func (p *Provider) intercept(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	response, err := next(r)
	if err != nil {
		return response, err
	}
	media, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	wanted := "text/event-stream"
	if strings.HasSuffix(r.URL.Path, "/models") {
		wanted = "application/json"
	}
	// Some servers send no or a loose type with a good body; only certainly wrong
	// ones are refused here.
	wrong := media != wanted && (media == "text/html" || media == "application/json" || media == "text/xml" || media == "application/xml")
	if response.StatusCode < 300 && !wrong {
		return response, nil
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBody))
	if response.StatusCode >= 300 {
		e := fromBody(p.o.Name, response.StatusCode, body, false)
		e.RetryAfter = retryAfter(response.Header)
		e.Message = p.redact(e.Message)
		return nil, e
	}
	if gjson.GetBytes(body, "error").IsObject() {
		e := fromBody(p.o.Name, response.StatusCode, body, false)
		e.Message = p.redact(e.Message)
		return nil, e
	}
	return nil, &model.Error{Kind: model.BadResponse, Provider: p.o.Name, Status: response.StatusCode,
		Message: "expected " + wanted + ", got " + media}
}

func (p *Provider) redact(s string) string {
	if key := p.o.Key.Reveal(); len(key) >= 4 {
		s = strings.ReplaceAll(s, key, "[redacted]")
	}
	return s
}

// fromBody makes an error from a status (zero within a stream) and an error body in
// the forms seen in the wild: {"error":{…}}, {"error":"…"}, {"message":"…"},
// {"detail":"…"}, or no JSON at all.
func fromBody(provider string, status int, body []byte, delivered bool) *model.Error {
	root := gjson.ParseBytes(body)
	e := root.Get("error")
	text, code, kind := e.Get("message").Str, e.Get("code").String(), e.Get("type").String()
	for _, alternative := range []gjson.Result{e, root.Get("message"), root.Get("detail")} {
		if text == "" && alternative.Type == gjson.String {
			text = alternative.Str
		}
	}
	return &model.Error{Kind: classify(status, code+" "+kind, text), Provider: provider, Status: status, Message: clip(text), Delivered: delivered}
}

// classify maps status, the provider's code and its words to a kind. Codes count
// more than the status, because a used-up quota and a rate limit are both 429.
func classify(status int, code, text string) model.ErrorKind {
	code, text = strings.ToLower(code), strings.ToLower(text)
	has := func(s string, any ...string) bool {
		for _, a := range any {
			if strings.Contains(s, a) {
				return true
			}
		}
		return false
	}
	switch {
	case has(code, "insufficient_quota", "billing", "quota_exceeded") || status == http.StatusPaymentRequired || has(text, "exceeded your current quota", "insufficient balance"):
		return model.Quota
	case has(code, "context_length", "context_window") || status == http.StatusRequestEntityTooLarge ||
		has(text, "maximum context length", "context length exceeded", "context window", "prompt is too long", "exceeds the available context"):
		return model.ContextTooLong
	case has(code, "content_filter", "content_policy"):
		return model.Refused
	case has(code, "invalid_api_key", "authentication") || status == http.StatusUnauthorized || status == http.StatusForbidden:
		return model.Auth
	case has(code, "model_not_found") || status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		return model.NotFound
	case has(code, "rate_limit") || status == http.StatusTooManyRequests:
		return model.Rate
	case has(code, "overloaded", "server_error") || status >= 500 || status == http.StatusRequestTimeout || status == http.StatusConflict:
		return model.Overloaded
	case status >= 400 || has(code, "invalid_request"):
		return model.BadRequest
	case status >= 300:
		return model.BadResponse
	}
	return model.Overloaded
}

// retryAfter reads the wait that a response asks for: milliseconds, seconds or a date.
func retryAfter(h http.Header) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms > 0 && ms < 1e9 {
		return time.Duration(ms * float64(time.Millisecond))
	}
	v := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(v, 64); err == nil && s > 0 && s < 1e6 {
		return time.Duration(s * float64(time.Second))
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(0, time.Until(t))
	}
	return 0
}

// clip makes foreign text fit for a message: one line, printable, short.
func clip(s string) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)), " ")
	if len(s) > maxMessage {
		s = strings.ToValidUTF8(s[:maxMessage], "") + "…"
	}
	return s
}

// failure turns whatever a call ended with into the error for the caller.
func (p *Provider) failure(ctx context.Context, err error, delivered bool) error {
	var e *model.Error
	if errors.As(err, &e) {
		e.Delivered = e.Delivered || delivered
		e.Message = p.redact(e.Message)
		return e
	}
	e = &model.Error{Kind: model.Network, Provider: p.o.Name, Delivered: delivered, Err: err}
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, errFirstByte), errors.Is(cause, errIdle):
		e.Message = cause.Error()
	case errors.Is(err, context.DeadlineExceeded):
		e.Message = errFirstByte.Error()
	case ctx.Err() != nil:
		return cause
	case errors.Is(err, outbound.ErrTooLarge):
		e.Kind, e.Message = model.BadResponse, "the answer was too large"
	case delivered || errors.Is(err, io.ErrUnexpectedEOF):
		e.Message = "the connection broke in the middle of the answer"
	default:
		// Only this text is shown: a *url.Error would also hold the whole address.
		e.Message = clip(outbound.Describe(err))
	}
	return e
}
