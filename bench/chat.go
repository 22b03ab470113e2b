package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/innoclaw/innoclaw/client"
)

// replay is a model server that speaks the OpenAI wire format and notes when each
// request came, so that the time spent in it can be taken off.
type replay struct {
	address   string
	arrived   atomic.Int64 // unix nanoseconds of the last chat request
	close     func()
	firstSent atomic.Int64
}

func newReplay() (*replay, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &replay{address: "http://" + listener.Addr().String() + "/v1"}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"object":"list","data":[{"id":"replay","object":"model"}]}`)
	})
	mux.HandleFunc("POST /v1/chat/completions", func(w http.ResponseWriter, _ *http.Request) {
		r.arrived.Store(time.Now().UnixNano())
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 40 {
			fmt.Fprintf(w, "data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word%d \"}}]}\n\n", i)
			if i == 0 {
				w.(http.Flusher).Flush()
				r.firstSent.Store(time.Now().UnixNano())
			}
		}
		fmt.Fprint(w, "data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	})
	srv := &http.Server{Handler: mux}
	go srv.Serve(listener)
	r.close = func() { srv.Close() }
	return r, nil
}

// measureChat times the first token of an answer over 10,000 files, less the time
// in which the request was at the model.
func measureChat(ctx context.Context, s *suite) error {
	data, root, err := s.indexed(ctx)
	if err != nil {
		return err
	}
	model, err := newReplay()
	if err != nil {
		return err
	}
	defer model.close()
	srv, _, err := startServer(ctx, s, data, root, "LLM_PROVIDER=openai", "LLM_MODEL=replay", "OPENAI_BASE_URL="+model.address, "OPENAI_API_KEY=sk-bench-0123456789")
	if err != nil {
		return err
	}
	defer srv.stop()
	c, err := client.New(srv.url)
	if err != nil {
		return err
	}
	list, err := c.Workspaces(ctx)
	if err != nil {
		return err
	}
	index := slices.IndexFunc(list, func(w client.Workspace) bool { return w.Name == "Notes" })
	if index < 0 {
		return fmt.Errorf("the indexed workspace is missing among %d", len(list))
	}
	v := newVocabulary(30000)
	rng := rand.New(rand.NewPCG(5, 6))
	if _, err := c.Ask(ctx, client.Question{WorkspaceID: list[index].ID, Text: v.question(rng)}, nil); err != nil {
		return fmt.Errorf("first question: %w", err)
	}
	var own, searches []float64
	for len(own) < 20*s.rounds {
		question := v.question(rng)
		begin := time.Now()
		first := time.Time{}
		if _, err := c.Ask(ctx, client.Question{WorkspaceID: list[index].ID, Text: question}, func(p client.Part) {
			if p.Type == "text-delta" && first.IsZero() {
				first = time.Now()
			}
		}); client.IsCode(err, "rate_limited") {
			time.Sleep(time.Second) // the server's own limit on questions
			continue
		} else if err != nil {
			return fmt.Errorf("question: %w", err)
		}
		atModel := time.Duration(model.firstSent.Load() - model.arrived.Load())
		own = append(own, float64((first.Sub(begin)-atModel).Microseconds())/1000)
		begin = time.Now()
		if _, err := c.Search(ctx, list[index].ID, question, 10, 0); err != nil {
			return fmt.Errorf("search: %w", err)
		}
		searches = append(searches, float64(time.Since(begin).Microseconds())/1000)
	}
	plain, err := plainChat(ctx, model)
	if err != nil {
		return err
	}
	s.add(figure{name: "Chat overhead until the first token, 10,000 files, p50", target: "< 15 ms", values: own, unit: "ms", limit: 15, less: true,
		baseline: plain, baselineName: "asking the replayed model directly"})
	slices.Sort(searches)
	s.add(figure{name: "GET /api/search, 10,000 files, p95", target: "< 15 ms", values: []float64{searches[len(searches)*95/100]}, unit: "ms", limit: 15, less: true})
	return nil
}

// plainChat times a direct request to the replayed model until its first byte.
func plainChat(ctx context.Context, model *replay) (float64, error) {
	body, err := json.Marshal(map[string]any{"model": "replay", "stream": true, "messages": []map[string]string{{"role": "user", "content": "x"}}})
	if err != nil {
		return 0, err
	}
	var times []float64
	for range 50 {
		begin := time.Now()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, model.address+"/chat/completions", bytes.NewReader(body))
		if err != nil {
			return 0, err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, err
		}
		if _, err := res.Body.Read(make([]byte, 1)); err != nil {
			res.Body.Close()
			return 0, err
		}
		times = append(times, float64(time.Since(begin).Microseconds())/1000)
		res.Body.Close()
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}
