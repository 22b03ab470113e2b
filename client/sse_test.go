package client_test

import (
	"bufio"
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/innoclaw/innoclaw/client"
)

func eventsOf(t *testing.T, stream string) [][3]string {
	t.Helper()
	var events [][3]string
	for _, r := range []*bufio.Reader{bufio.NewReader(strings.NewReader(stream)), bufio.NewReader(iotest.OneByteReader(strings.NewReader(stream)))} {
		got := [][3]string{}
		if err := client.ReadEvents(r, func(id, name, data string) error {
			got = append(got, [3]string{id, name, data})
			return nil
		}); err != nil {
			t.Fatalf("%q: %v", stream, err)
		}
		if events != nil {
			if diff := cmp.Diff(events, got); diff != "" {
				t.Errorf("%q differs byte by byte (-at once +by byte):\n%s", stream, diff)
			}
		}
		events = got
	}
	return events
}

// TestEventStreams holds the examples and rules of the HTML standard, section 9.2.
func TestEventStreams(t *testing.T) {
	t.Parallel()
	for stream, want := range map[string][][3]string{
		"":                                   {},
		"data: a\n\n":                        {{"", "", "a"}},
		"data: a\n":                          {}, // half an event
		"data: a\n\ndata: b":                 {{"", "", "a"}},
		"data: YHOO\ndata: +2\ndata: 10\n\n": {{"", "", "YHOO\n+2\n10"}},
		": test\n\ndata: first\nid: 1\n\ndata:second\nid\n\ndata:  third\n\n": {{"1", "", "first"}, {"", "", "second"}, {"", "", " third"}},
		"data\n\ndata\ndata\n\ndata:":                                         {{"", "", ""}, {"", "", "\n"}},
		"data:test\n\ndata: test\n\n":                                         {{"", "", "test"}, {"", "", "test"}},
		"id: 7\ndata: a\n\ndata: b\n\n":                                       {{"7", "", "a"}, {"7", "", "b"}},
		"event: x\n\ndata: a\n\n":                                             {{"", "", "a"}},
		"event: x\ndata: a\n\ndata: b\n\n":                                    {{"", "x", "a"}, {"", "", "b"}},
		"\ufeffdata: a\r\n\r\ndata: b\r\rdata: c\n\r\n":                       {{"", "", "a"}, {"", "", "b"}, {"", "", "c"}},
		"id: 1\x002\ndata: a\n\n":                                             {{"", "", "a"}},
		"other: x\nretry: 5\ndata: a\n\n":                                     {{"", "", "a"}},
		"data: ä🎈\n\n":                                                        {{"", "", "ä🎈"}},
	} {
		if diff := cmp.Diff(want, eventsOf(t, stream)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", stream, diff)
		}
	}
}

func TestEventStreamsHaveLimits(t *testing.T) {
	t.Parallel()
	ignore := func(string, string, string) error { return nil }
	long := strings.Repeat("x", 9<<20)
	if err := client.ReadEvents(strings.NewReader("data: "+long+"\n\n"), ignore); err == nil || !strings.Contains(err.Error(), "larger than 8 MiB") {
		t.Errorf("one long line: %v", err)
	}
	lines := strings.Repeat("data: "+strings.Repeat("y", 1<<20)+"\n", 9)
	if err := client.ReadEvents(strings.NewReader(lines+"\n"), ignore); err == nil || !strings.Contains(err.Error(), "larger than 8 MiB") {
		t.Errorf("many lines: %v", err)
	}
	cause := errors.New("cable")
	if err := client.ReadEvents(iotest.ErrReader(cause), ignore); !errors.Is(err, cause) {
		t.Errorf("broken reader: %v", err)
	}
	if err := client.ReadEvents(strings.NewReader("data: a\n\ndata: b\n\n"), func(_, _, _ string) error { return cause }); err != cause {
		t.Errorf("the function's own error: %v", err)
	}
}

// FuzzReadEvents compares reading at once with reading byte by byte, and reads again
// what it writes from the events.
func FuzzReadEvents(f *testing.F) {
	for _, seed := range []string{"data: a\n\n", "id: 1\nevent: e\ndata: a\ndata: b\r\n\r\n", "\ufeff:x\rdata\r\r", "id: \x00\ndata:: \n\n", "data: a\n\ndata: b"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		if bytes.Count(stream, []byte("\n")) > 1000 {
			t.Skip("long")
		}
		events := eventsOf(t, string(stream))
		var again strings.Builder
		for _, e := range events {
			if strings.ContainsAny(e[0]+e[1], "\r\n") || strings.Contains(e[0], "\x00") {
				t.Fatalf("event %q has a line break in its id or name", e)
			}
			again.WriteString("id: " + e[0] + "\nevent: " + e[1] + "\ndata: " + strings.ReplaceAll(e[2], "\n", "\ndata: ") + "\n\n")
		}
		if diff := cmp.Diff(events, eventsOf(t, again.String())); diff != "" {
			t.Errorf("%q read again (-first +again):\n%s", stream, diff)
		}
	})
}
