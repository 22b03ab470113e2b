package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// problemType is the media type of problem documents (RFC 9457).
const problemType = "application/problem+json"

// ProblemDocument is the body of every error answer.
type ProblemDocument struct {
	Type      string `json:"type" doc:"Always about:blank; code tells the kind."`
	Title     string `json:"title" doc:"Text of the HTTP status."`
	Status    int    `json:"status" doc:"HTTP status."`
	Detail    string `json:"detail" doc:"What went wrong and what to do, for people."`
	Code      string `json:"code" doc:"Stable name of the kind of problem, for programs."`
	Text      string `json:"error" doc:"Same as detail."`
	RequestID string `json:"requestId,omitempty" doc:"Id under which the server logged the request."`
	Details   any    `json:"details,omitempty" doc:"Values that belong to the code."`
}

// ProblemError is an error with a text that may be shown to the caller. Its
// values do not change once made, so they may be shared.
type ProblemError struct {
	doc    ProblemDocument
	header http.Header
	cause  error
}

// Problem makes an error that reaches the caller as a problem document. Message
// is shown to people: it says what is wrong and what to do and contains nothing
// internal. One detail becomes `details` as it is, several become a list.
func Problem(status int, code, message string, details ...any) error {
	p := &ProblemError{doc: ProblemDocument{
		Type: "about:blank", Title: statusTitle(status), Status: status, Detail: message, Code: code, Text: message,
	}}
	switch len(details) {
	case 0:
	case 1:
		p.doc.Details = details[0]
	default:
		p.doc.Details = details
	}
	return p
}

// NotFound is the answer for what does not exist and for what belongs to
// someone else alike.
func NotFound() error { return Problem(http.StatusNotFound, "not_found", "Not found.") }

// Invalid (400) refuses input.
func Invalid(code, message string, details ...any) error {
	return Problem(http.StatusBadRequest, code, message, details...)
}

// Conflict (409) refuses a change that the present state does not allow.
func Conflict(code, message string, details ...any) error {
	return Problem(http.StatusConflict, code, message, details...)
}

// Forbidden (403) refuses what the caller may see but not do.
func Forbidden(code, message string) error { return Problem(http.StatusForbidden, code, message) }

// Unauthorized (401) asks for a credential.
func Unauthorized() error {
	return Problem(http.StatusUnauthorized, "unauthorized", "Sign in or send a valid API token.")
}

// TooManyRequests (429) asks the caller to wait that many seconds.
func TooManyRequests(code, message string, seconds int) error {
	return WithHeader(Problem(http.StatusTooManyRequests, code, message, map[string]int{"retryAfterSeconds": seconds}),
		"Retry-After", fmt.Sprint(max(seconds, 1)))
}

// WithHeader returns err with a response header to send along. It has an effect
// only on errors made by this package.
func WithHeader(err error, name, value string) error {
	p, ok := errors.AsType[*ProblemError](err)
	if !ok {
		return err
	}
	q := *p
	q.header = p.header.Clone()
	if q.header == nil {
		q.header = http.Header{}
	}
	q.header.Set(name, value)
	return &q
}

// WithCause returns err with a cause that is logged and never shown.
func WithCause(err, cause error) error {
	p, ok := errors.AsType[*ProblemError](err)
	if !ok {
		return err
	}
	q := *p
	q.cause = cause
	return &q
}

// Error implements error.
func (p *ProblemError) Error() string {
	if p.cause != nil {
		return p.doc.Code + ": " + p.doc.Detail + ": " + p.cause.Error()
	}
	return p.doc.Code + ": " + p.doc.Detail
}

// Unwrap returns the cause that is only logged.
func (p *ProblemError) Unwrap() error { return p.cause }

// GetStatus returns the HTTP status.
func (p *ProblemError) GetStatus() int { return p.doc.Status }

// Code returns the stable name of the kind of problem.
func (p *ProblemError) Code() string { return p.doc.Code }

// Public returns the text for the caller.
func (p *ProblemError) Public() string { return p.doc.Detail }

// GetHeaders returns the response headers to send along.
func (p *ProblemError) GetHeaders() http.Header { return p.header }

// ContentType makes huma send problem documents under their own media type.
func (*ProblemError) ContentType(string) string { return problemType }

// MarshalJSON encodes the document alone.
func (p *ProblemError) MarshalJSON() ([]byte, error) { return json.Marshal(p.doc) }

// Schema describes the error answers in the API description.
func (*ProblemError) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(typeOf[ProblemDocument](), true, "Problem")
}

// public is what a feature's own error type offers to be answered with its own
// status, code and text without knowing this package.
type public interface {
	error
	HTTPStatus() int
	Code() string
	Public() string
}

// problemFor turns any error into the one to answer with. Errors of unknown
// origin become a 500 without their text.
func problemFor(ctx context.Context, classify func(error) error, err error) *ProblemError {
	p, ok := errors.AsType[*ProblemError](err)
	if !ok && classify != nil {
		if better := classify(err); better != nil {
			p, ok = errors.AsType[*ProblemError](WithCause(better, err))
		}
	}
	if !ok {
		p = wellKnown(err)
	}
	q := *p
	q.doc.RequestID = RequestID(ctx)
	return &q
}

func wellKnown(err error) *ProblemError {
	status, code, message := http.StatusInternalServerError, "internal", "Something went wrong in the server. The log has the details under the request id."
	if f, ok := errors.AsType[public](err); ok {
		status, code, message = f.HTTPStatus(), f.Code(), f.Public()
	} else if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return errTooLarge(tooLarge.Limit)
	} else if errors.Is(err, context.Canceled) {
		status, code, message = statusClientClosed, "canceled", "The request was given up."
	} else if errors.Is(err, context.DeadlineExceeded) {
		status, code, message = http.StatusGatewayTimeout, "timeout", "This took too long and was stopped."
	} else if errors.Is(err, io.ErrUnexpectedEOF) {
		status, code, message = http.StatusBadRequest, "incomplete", "The request ended early."
	}
	p, _ := errors.AsType[*ProblemError](WithCause(Problem(status, code, message), err))
	return p
}

// statusClientClosed is logged when the client went away; nobody receives it.
const statusClientClosed = 499

func statusTitle(status int) string {
	if text := http.StatusText(status); text != "" {
		return text
	}
	return "Error"
}

func errTooLarge(limit int64) *ProblemError {
	p, _ := errors.AsType[*ProblemError](Problem(http.StatusRequestEntityTooLarge, "too_large",
		fmt.Sprintf("The request body is larger than %d bytes.", limit), map[string]int64{"limit": limit}))
	return p
}

// humaProblem turns an error that huma found in a request into ours. Values
// that the caller sent are not repeated: they may be passwords.
func humaProblem(ctx context.Context, status int, message string, errs []error) *ProblemError {
	code := map[int]string{
		http.StatusBadRequest: "malformed", http.StatusRequestTimeout: "body_timeout",
		http.StatusRequestEntityTooLarge: "too_large", http.StatusUnsupportedMediaType: "content_type",
	}[status]
	if status == http.StatusUnprocessableEntity {
		status, code = http.StatusBadRequest, "invalid"
	}
	type detail struct {
		Location string `json:"location"`
		Message  string `json:"message"`
	}
	var details []detail
	var texts []string
	for _, err := range errs {
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return problemFor(ctx, nil, tooLarge)
		}
		var d huma.ErrorDetailer
		if !errors.As(err, &d) {
			if status >= http.StatusInternalServerError {
				return problemFor(ctx, nil, err)
			}
			continue
		}
		e := d.ErrorDetail()
		details = append(details, detail{e.Location, e.Message})
		texts = append(texts, strings.TrimPrefix(e.Location, "body.")+": "+e.Message)
	}
	if code == "" {
		code = "internal"
	}
	if len(texts) > 0 {
		message = strings.Join(texts, "; ")
	}
	var p error
	if len(details) > 0 {
		p = Problem(status, code, sentence(message), details)
	} else {
		p = Problem(status, code, sentence(message))
	}
	return problemFor(ctx, nil, p)
}

// sentence gives a text a capital letter and a full stop.
func sentence(text string) string {
	if text == "" {
		return text
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}
