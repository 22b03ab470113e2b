package document

import (
	"context"
	"errors"
	"fmt"
)

// Codes of a Failure.
const (
	TooLarge    = "too_large"   // a limit on input, output or pages
	Timeout     = "timeout"     // the deadline of the extraction
	Malformed   = "malformed"   // the file is damaged or not what it claims to be
	Encrypted   = "encrypted"   // a password is needed
	Unsupported = "unsupported" // no reader for this type
	Binary      = "binary"      // no text in it
	Memory      = "memory"      // the memory limit
	BadRange    = "bad_range"   // Boxes was asked for a page or characters that the file does not have
)

// Failure says why a file could not be read. Message is one sentence or two for
// the person who owns the file: what is wrong and what to do about it. It never
// holds a path or the file's content. Err is the cause for the log; it may be nil.
type Failure struct {
	Code    string
	Message string
	Err     error
}

func (f *Failure) Error() string {
	if f.Err == nil {
		return f.Code + ": " + f.Message
	}
	return fmt.Sprintf("%s: %s (%v)", f.Code, f.Message, f.Err)
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// failf makes a Failure without a cause.
func failf(code, format string, args ...any) *Failure {
	return &Failure{Code: code, Message: fmt.Sprintf(format, args...)}
}

// failBy makes a Failure with a cause.
func failBy(err error, code, format string, args ...any) *Failure {
	return &Failure{Code: code, Message: fmt.Sprintf(format, args...), Err: err}
}

// errDeadline is the cause of a context that ran into Limits.Time, to tell it
// from a caller that lost interest.
var errDeadline = errors.New("time limit of the extraction")

// interrupted turns the end of ctx into what Extract returns: a Failure when the
// time limit was reached, else the caller's own cause.
func interrupted(ctx context.Context, limits Limits) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, errDeadline) {
		return failBy(cause, Timeout, "Reading this file took longer than %s and was stopped. Split it into smaller files, or print it to a new PDF if it is one.", limits.Time)
	}
	return fmt.Errorf("extract document: %w", cause)
}
