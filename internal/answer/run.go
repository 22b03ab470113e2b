package answer

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/innoclaw/innoclaw/internal/journal"
	"github.com/innoclaw/innoclaw/internal/model/provider"
	"github.com/innoclaw/innoclaw/internal/store"
)

// Kind is the journal's name for answers.
const Kind = "answer"

// Events of a run that are not parts of the stream.
const (
	callEvent   = "model-call"   // before a model is called
	resultEvent = "model-result" // after it has answered
)

// concurrency is how many answers one server writes at once.
const concurrency = 8

func (s *Service) kind() journal.Kind {
	return journal.Kind{Name: Kind, Concurrency: concurrency, Run: s.run, OnLost: journal.Resume, MaxAttempts: 3, Finished: s.finished}
}

// errInterrupted ends a run whose model call may have been paid for, but whose
// answer was lost. Calling again would pay twice.
var errInterrupted = &interruptedError{}

type interruptedError struct{}

func (*interruptedError) Error() string { return "answer interrupted after its model call" }
func (*interruptedError) Code() string  { return interrupted }
func (*interruptedError) Public() string {
	return "The server stopped while this answer was being written. What had arrived is kept. Ask again for a whole answer."
}

// run answers one question of a conversation.
func (s *Service) run(ctx context.Context, l *journal.Lease) error {
	var in input
	if err := json.Unmarshal(l.Run().Input, &in); err != nil {
		return fmt.Errorf("decode the input of run %s: %w", l.Run().ID, err)
	}
	out := &leaseSink{lease: l, now: s.o.Now}
	if done, err := s.resume(ctx, l, in, out); done || err != nil {
		return err
	}
	history, err := s.history(ctx, in)
	if err != nil {
		return err
	}
	result, err := s.engine.answer(ctx, Question{WorkspaceID: in.WorkspaceID, Text: in.Question, Paths: in.Paths, History: history}, out)
	if err != nil {
		if ctx.Err() != nil && errors.Is(context.Cause(ctx), journal.ErrStopping) && !out.called {
			return context.Cause(ctx) // taken up again; nothing was shown yet
		}
		return errors.Join(err, out.flush())
	}
	out.hold(journal.Draft{Type: resultEvent, Payload: map[string]any{"model": result.Model, "usage": result.Usage}})
	out.hold(draft(Part{finishPart, finishBody{finishPart, "stop", metadata{
		ConversationID: in.ConversationID, Provider: providerOf(result.Model), Model: result.Model, Supported: result.Supported}}}))
	return out.flush()
}

// resume looks at what an earlier attempt left. It ends the run if a model was
// called; else the answer begins anew, and nothing that was shown is shown again.
func (s *Service) resume(ctx context.Context, l *journal.Lease, in input, out *leaseSink) (done bool, err error) {
	past, err := s.o.Journal.Events(ctx, l.Run().ID, 0, 0)
	if err != nil {
		return false, err
	}
	open := make(map[string]string) // id of an open part to its kind
	for _, e := range past {
		switch e.Type {
		case callEvent:
			out.called = true
		case startPart:
			out.started = true
		case textStart, reasoningStart:
			open[partID(e.Payload)] = e.Type
		case textEnd, reasoningEnd:
			delete(open, partID(e.Payload))
		case finishPart:
			return true, nil // all was written; only the end was not
		}
	}
	if out.called {
		for id, kind := range open {
			end := textEnd
			if kind == reasoningStart {
				end = reasoningEnd
			}
			out.hold(draft(bound(end, id)))
		}
		return false, errors.Join(errInterrupted, out.flush())
	}
	if !out.started {
		out.started = true
		c, err := scanConversation(s.o.DB.Read().QueryRowContext(ctx, `SELECT `+conversationColumns+` FROM conversation c WHERE c.id = $1`, in.ConversationID))
		if err != nil {
			return false, fmt.Errorf("read conversation %s: %w", in.ConversationID, err)
		}
		out.hold(draft(Part{startPart, startBody{startPart, in.MessageID}}),
			draft(data(dataConversation, "conversation", map[string]string{"id": c.ID, "title": c.Title})))
	}
	return false, nil
}

func partID(payload json.RawMessage) string {
	var p boundBody
	if json.Unmarshal(payload, &p) != nil {
		return ""
	}
	return p.ID
}

func draft(p Part) journal.Draft { return journal.Draft{Type: p.Type, Payload: p.Body} }

func providerOf(model string) string {
	for i := range len(model) {
		if model[i] == '/' {
			return model[:i]
		}
	}
	return model
}

// interval is the shortest time between two writes of an answer's text.
const interval = 30 * time.Millisecond

// leaseSink writes an answer's parts as events. The first piece of text is written
// at once; further pieces are gathered, so that a fast model does not flood the
// journal. What the offline provider makes is written whole: it can be made again
// after a crash, so half of it must not have been shown.
type leaseSink struct {
	lease *journal.Lease
	now   func() time.Time
	// started and called tell what is in the journal; called only for calls that
	// must not be repeated.
	started, called bool
	whole           bool

	mu      sync.Mutex // guards what follows
	pending []journal.Draft
	timer   *time.Timer
	written time.Time
	err     error // of a write by the timer
}

func (o *leaseSink) hold(d ...journal.Draft) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, next := range d {
		o.add(next)
	}
}

// add appends a draft, or lengthens the last one if both are text of one part.
func (o *leaseSink) add(next journal.Draft) {
	if n := len(o.pending); n > 0 {
		last, ok1 := o.pending[n-1].Payload.(deltaBody)
		more, ok2 := next.Payload.(deltaBody)
		if ok1 && ok2 && last.Type == more.Type && last.ID == more.ID {
			last.Delta += more.Delta
			o.pending[n-1].Payload = last
			return
		}
	}
	o.pending = append(o.pending, next)
}

// parts implements sink.
func (o *leaseSink) parts(_ context.Context, parts ...Part) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range parts {
		o.add(draft(p))
	}
	switch {
	case o.err != nil:
		return o.err
	case o.whole || !o.called:
		return nil // written with the call, or at the end
	case o.now().Sub(o.written) >= interval:
		return o.write()
	case o.timer == nil:
		o.timer = time.AfterFunc(interval, o.late)
	}
	return nil
}

// late writes what the stream's pace left behind.
func (o *leaseSink) late() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.timer = nil
	if err := o.write(); err != nil && o.err == nil {
		o.err = err
	}
}

// calling implements sink: the call is in the journal before it is made.
func (o *leaseSink) calling(_ context.Context, c call) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if c.Provider == provider.Offline {
		o.whole = true
		return nil
	}
	o.add(journal.Draft{Type: callEvent, Payload: c})
	if err := o.write(); err != nil {
		return err
	}
	o.called = true
	o.written = time.Time{} // the first piece of text does not wait
	return nil
}

// flush writes everything and stops the timer.
func (o *leaseSink) flush() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.timer != nil {
		o.timer.Stop()
		o.timer = nil
	}
	return errors.Join(o.err, o.write())
}

// write appends what is pending; mu is held. It does not end with the handler's
// context: text that has arrived is kept also when the person stops the answer.
func (o *leaseSink) write() error {
	if len(o.pending) == 0 {
		return nil
	}
	o.written = o.now()
	_, err := o.lease.Append(context.Background(), o.pending...)
	o.pending = nil
	return err
}

// finished writes the answer's message in the transaction that ends its run. The
// events are the truth; the message is made from them.
func (s *Service) finished(ctx context.Context, tx *sql.Tx, run journal.Run) error {
	var in input
	if err := json.Unmarshal(run.Input, &in); err != nil {
		return fmt.Errorf("decode the input of run %s: %w", run.ID, err)
	}
	events, err := eventsTx(ctx, tx, run.ID)
	if err != nil {
		return err
	}
	f := assemble(events)
	state := map[journal.State]string{journal.Succeeded: complete, journal.Failed: failed, journal.Cancelled: cancelled, journal.Interrupted: interrupted}[run.State]
	if run.ErrorCode == interrupted {
		state = interrupted
	}
	if state == failed || state == interrupted {
		f.parts = append(f.parts, map[string]any{"type": errorPart, "code": run.ErrorCode, "errorText": run.ErrorMessage})
	}
	parts, err := json.Marshal(f.parts)
	if err != nil {
		return fmt.Errorf("encode message %s: %w", in.MessageID, err)
	}
	now := store.Millis(s.o.Now())
	if _, err := tx.ExecContext(ctx, `UPDATE message SET state = $2, parts = $3, model = $4, usage = $5, updated_at = $6 WHERE id = $1`,
		in.MessageID, state, string(parts), f.model, string(f.usage), now); err != nil {
		return fmt.Errorf("store message %s: %w", in.MessageID, err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE conversation SET updated_at = $2 WHERE id = $1`, in.ConversationID, now); err != nil {
		return fmt.Errorf("touch conversation %s: %w", in.ConversationID, err)
	}
	return nil
}

// eventsTx reads a run's events inside the transaction that ends it.
func eventsTx(ctx context.Context, tx *sql.Tx, runID string) ([]journal.Event, error) {
	rows, err := tx.QueryContext(ctx, `SELECT seq, type, payload FROM run_event WHERE run_id = $1 ORDER BY seq`, runID)
	if err != nil {
		return nil, fmt.Errorf("read events of run %s: %w", runID, err)
	}
	defer rows.Close()
	var events []journal.Event
	for rows.Next() {
		e := journal.Event{RunID: runID}
		var payload string
		if err := rows.Scan(&e.Seq, &e.Type, &payload); err != nil {
			return nil, fmt.Errorf("read events of run %s: %w", runID, err)
		}
		e.Payload = json.RawMessage(payload)
		events = append(events, e)
	}
	return events, rows.Err()
}

// message is what a run's events amount to.
type message struct {
	parts []map[string]any
	model string
	usage json.RawMessage
}

// assemble puts a run's events together to the parts of a message.
func assemble(events []journal.Event) message {
	m := message{parts: []map[string]any{}}
	texts := make(map[string]map[string]any)
	for _, e := range events {
		var body struct {
			ID, Delta, Type string
			Data            json.RawMessage
			Model           string
		}
		if json.Unmarshal(e.Payload, &body) != nil {
			continue
		}
		switch e.Type {
		case textStart, reasoningStart:
			kind := "text"
			if e.Type == reasoningStart {
				kind = "reasoning"
			}
			texts[body.ID] = map[string]any{"type": kind, "text": ""}
			m.parts = append(m.parts, texts[body.ID])
		case textDelta, reasoningDelta:
			if t := texts[body.ID]; t != nil {
				t["text"] = t["text"].(string) + body.Delta
			}
		case sourceDocument, dataCitation, dataSearched, dataSupport:
			var part map[string]any
			if json.Unmarshal(e.Payload, &part) == nil {
				m.parts = append(m.parts, part)
			}
		case dataUsage:
			m.usage = body.Data
		case callEvent, resultEvent:
			if body.Model != "" {
				m.model = body.Model
			}
		}
	}
	return m
}
