package index

import "net/http"

// MissingError says that a workspace's folder is not there. Its index is kept.
type MissingError struct {
	Reason string // for people
	Err    error  // for the log; may be nil
}

func (e *MissingError) Error() string {
	if e.Err != nil {
		return "workspace folder is missing: " + e.Reason + ": " + e.Err.Error()
	}
	return "workspace folder is missing: " + e.Reason
}

// Unwrap gives the cause.
func (e *MissingError) Unwrap() error { return e.Err }

// HTTPStatus is the status for clients.
func (*MissingError) HTTPStatus() int { return http.StatusConflict }

// Code is the stable name of the error.
func (*MissingError) Code() string { return "workspace_missing" }

// Public is the text for people.
func (e *MissingError) Public() string {
	return "The workspace's folder can not be read: " + e.Reason + ". The index was kept."
}

// StorageError says that nothing can be stored at present.
type StorageError struct {
	Reason string
	Err    error
}

func (e *StorageError) Error() string { return "store index: " + e.Reason + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *StorageError) Unwrap() error { return e.Err }

// HTTPStatus is the status for clients.
func (*StorageError) HTTPStatus() int { return http.StatusInsufficientStorage }

// Code is the stable name of the error.
func (*StorageError) Code() string { return "storage" }

// Public is the text for people.
func (e *StorageError) Public() string { return "The index can not be stored: " + e.Reason + "." }
