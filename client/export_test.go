package client

import "io"

// ReadEvents gives tests the events of a stream as id, name and data.
func ReadEvents(r io.Reader, f func(id, name, data string) error) error {
	return readEvents(r, func(e event) error { return f(e.id, e.name, e.data) })
}
