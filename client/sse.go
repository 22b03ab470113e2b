package client

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxEvent bounds one server-sent event in bytes.
const maxEvent = 8 << 20

// event is one server-sent event.
type event struct{ id, name, data string }

// readEvents calls f for each event of a text/event-stream until the stream ends,
// f fails, or an event is larger than allowed. Format: the HTML standard, section 9.2.
func readEvents(r io.Reader, f func(event) error) error {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 0, 64<<10), maxEvent)
	var current event
	var data []string
	for scanner.Scan() {
		line := strings.TrimSuffix(scanner.Text(), "\r")
		if line == "" {
			if data != nil {
				current.data = strings.Join(data, "\n")
				if err := f(current); err != nil {
					return err
				}
			}
			current, data = event{}, nil
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "id":
			current.id = value
		case "event":
			current.name = value
		case "data":
			data = append(data, value)
		}
	}
	if err := scanner.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("read event: larger than %d MiB", maxEvent>>20)
	} else if err != nil {
		return fmt.Errorf("read event: %w", err)
	}
	return nil
}
