package client

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxEvent bounds one server-sent event in bytes.
const maxEvent = 8 << 20

var errEventTooLarge = fmt.Errorf("larger than %d MiB", maxEvent>>20)

// event is one server-sent event.
type event struct{ id, name, data string }

// readEvents calls f for each event of a text/event-stream until the stream ends,
// f fails, or an event is larger than allowed. What stands behind the last blank line
// is half an event and left out. Format: the HTML standard, section 9.2; an id holds
// for the events after it, too.
func readEvents(r io.Reader, f func(event) error) error {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 0, 64<<10), maxEvent)
	scanner.Split(splitLines)
	var id, name string
	var data strings.Builder
	whole, first := false, true
	for scanner.Scan() {
		line := scanner.Text()
		if first {
			line, first = strings.TrimPrefix(line, "\ufeff"), false
		}
		if line == "" {
			if whole {
				if err := f(event{id: id, name: name, data: strings.TrimSuffix(data.String(), "\n")}); err != nil {
					return err
				}
			}
			name, whole = "", false
			data.Reset()
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "id":
			if !strings.ContainsRune(value, 0) {
				id = value
			}
		case "event":
			name = value
		case "data":
			if whole = true; data.Len()+len(value) > maxEvent {
				return fmt.Errorf("read event: %w", errEventTooLarge)
			}
			data.WriteString(value)
			data.WriteByte('\n')
		}
	}
	err := scanner.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		err = errEventTooLarge
	}
	if err != nil {
		return fmt.Errorf("read event: %w", err)
	}
	return nil
}

// splitLines is a bufio.SplitFunc for lines that end with CR LF, LF or CR.
func splitLines(data []byte, atEOF bool) (advance int, line []byte, err error) {
	i := bytes.IndexAny(data, "\r\n")
	switch {
	case i < 0 && atEOF && len(data) > 0:
		return len(data), data, nil
	case i < 0:
		return 0, nil, nil
	case data[i] == '\n':
		return i + 1, data[:i], nil
	case i+1 < len(data) && data[i+1] == '\n':
		return i + 2, data[:i], nil
	case i+1 < len(data) || atEOF:
		return i + 1, data[:i], nil
	}
	return 0, nil, nil // a CR at the end of what has arrived; LF may follow
}
