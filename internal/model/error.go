package model

import (
	"fmt"
	"time"
)

// ErrorKind says what went wrong with a call, so that code and people can act.
type ErrorKind string

// The kinds of Error.
const (
	Auth           ErrorKind = "auth"             // key missing, wrong or not allowed
	Quota          ErrorKind = "quota"            // paid credit or monthly limit used up
	Rate           ErrorKind = "rate"             // too many requests; RetryAfter may say when
	ContextTooLong ErrorKind = "context_too_long" // prompt larger than the model takes
	Refused        ErrorKind = "refused"          // the provider's filter stopped it
	Overloaded     ErrorKind = "overloaded"       // 5xx: the provider is busy or broken
	Network        ErrorKind = "network"          // not reachable, cut off, or silent
	BadResponse    ErrorKind = "bad_response"     // not what this wire format allows
	NotFound       ErrorKind = "not_found"        // no such model or no such address
	BadRequest     ErrorKind = "bad_request"      // the provider rejects the request
)

// Error is a failed call. Its text names provider, kind and status and never holds
// a key or the request.
type Error struct {
	Kind     ErrorKind
	Provider string
	// Status is the HTTP status, zero when there was none.
	Status int
	// RetryAfter is how long the provider asked to wait, zero when it did not say.
	RetryAfter time.Duration
	// Message is the provider's own explanation, redacted and cut, may be empty.
	Message string
	// Delivered is set when text had already arrived before the failure.
	Delivered bool
	// Err is the cause for errors.Is and the log, may be nil.
	Err error
}

// Error implements error.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s: %s", e.Provider, e.Kind)
	if e.Status != 0 {
		s += fmt.Sprintf(" (status %d)", e.Status)
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Code is the stable code of the error in the API.
func (e *Error) Code() string { return "model_" + string(e.Kind) }

// advice tells a person what to do about each kind.
var advice = map[ErrorKind]string{
	Auth:           "The model provider refused the API key. Check the key in the settings.",
	Quota:          "The model provider's quota is used up. Add credit there, or choose another provider in the settings.",
	Rate:           "The model provider asks to slow down. Wait a moment and ask again.",
	ContextTooLong: "The question with its passages is longer than this model takes. Ask more briefly, start a new conversation, or choose a model with a larger context.",
	Refused:        "The model provider refused to answer this.",
	Overloaded:     "The model provider is overloaded or has a fault. Try again in a moment.",
	Network:        "The model provider could not be reached, or the connection broke. Check the address in the settings and that the server runs.",
	BadResponse:    "The model address answered with something that is not a model's answer. Check the base URL in the settings.",
	NotFound:       "The provider does not know this model or address. Choose another model in the settings.",
	BadRequest:     "The model provider rejected the request.",
}

// Public tells a person what happened and what to do.
func (e *Error) Public() string {
	s := advice[e.Kind]
	if e.Kind == Rate && e.RetryAfter > 0 {
		s += fmt.Sprintf(" It asked for %d s.", int(e.RetryAfter.Round(time.Second)/time.Second))
	}
	if e.Message != "" {
		s += " It said: " + e.Message
	}
	return s
}

// Temporary tells whether the same call may succeed a little later.
func (e *Error) Temporary() bool {
	switch e.Kind {
	case Rate, Overloaded, Network:
		return true
	case Auth, Quota, ContextTooLong, Refused, BadResponse, NotFound, BadRequest:
		return false
	}
	return false
}
