package answer

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/innoclaw/innoclaw/internal/journal"
	"github.com/innoclaw/innoclaw/internal/server"
)

// streamed are the events that clients see; the others stay in the journal.
var streamed = map[string]bool{
	startPart: true, finishPart: true, textStart: true, textDelta: true, textEnd: true,
	reasoningStart: true, reasoningDelta: true, reasoningEnd: true, sourceDocument: true,
	dataConversation: true, dataProgress: true, dataCitation: true, dataSearched: true, dataUsage: true, dataSupport: true,
}

// follow streams a run's events behind after as a UI message stream. The id of each
// is its number in the journal; the stream can be taken up at any of them.
func (s *Service) follow(w http.ResponseWriter, r *http.Request, conversationID, runID string, after int64) error {
	h := w.Header()
	h.Set(protocolHeader, protocolVersion)
	h.Set(conversationHeader, conversationID)
	h.Set(runHeader, runID)
	sse, err := server.NewSSE(w, r)
	if err != nil {
		return err
	}
	defer sse.Close()
	for e, err := range s.o.Journal.Follow(r.Context(), runID, after) {
		if r.Context().Err() != nil {
			return nil // the client left or the server stops; the answer goes on
		}
		if err != nil {
			return err
		}
		id := strconv.FormatInt(e.Seq, 10)
		for _, body := range shown(e) {
			if err := sse.Send(id, "", body); err != nil {
				return nil // the client left
			}
		}
	}
	return nil
}

// shown gives what a client sees of an event.
func shown(e journal.Event) [][]byte {
	if streamed[e.Type] {
		return [][]byte{e.Payload}
	}
	if !e.Ends() {
		return nil
	}
	var state journal.StatePayload
	if json.Unmarshal(e.Payload, &state) != nil {
		return [][]byte{[]byte(streamDone)}
	}
	var last any
	switch state.State {
	case journal.Cancelled:
		last = map[string]string{"type": abortPart, "reason": "stopped"}
	case journal.Interrupted:
		last = errorBody{errorPart, errInterrupted.Public()}
	case journal.Failed:
		last = errorBody{errorPart, "The answer failed."}
		if state.Error != nil {
			last = errorBody{errorPart, state.Error.Message}
		}
	default:
		return [][]byte{[]byte(streamDone)}
	}
	body, err := json.Marshal(last)
	if err != nil {
		return [][]byte{[]byte(streamDone)}
	}
	return [][]byte{body, []byte(streamDone)}
}
