// Package client talks to an InnoClaw server over its HTTP API. The command line
// and the end-to-end tests use it, and so can any Go program:
//
//	c, err := client.New("http://127.0.0.1:3000", client.WithToken(token))
//	answer, err := c.Ask(ctx, client.Question{WorkspaceID: id, Text: "What is the yield?"}, nil)
//
// All methods are safe for concurrent use. Errors that the server reported are
// *client.Error.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

// maxAnswer bounds a JSON answer that is read into memory.
const maxAnswer = 64 << 20

// Client is a connection to one server as one person.
type Client struct {
	base  *url.URL
	http  *http.Client
	token string
}

// Option changes how a Client is made.
type Option func(*Client)

// WithToken authenticates with an API token, made by "innoclaw token create".
func WithToken(token string) Option { return func(c *Client) { c.token = token } }

// WithHTTPClient uses h for all requests, for example with other timeouts or a proxy.
func WithHTTPClient(h *http.Client) Option { return func(c *Client) { c.http = h } }

// New makes a client for the server at base, such as "http://127.0.0.1:3000". A path
// in base is kept, for servers below one. Without a token, Login or Setup signs in
// and the session is kept in memory.
func New(base string, options ...Option) (*Client, error) {
	u, err := url.Parse(strings.TrimSuffix(base, "/"))
	if err != nil {
		return nil, fmt.Errorf("parse server address: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("server address %q does not begin with http:// or https://", base)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("make cookie jar: %w", err)
	}
	c := &Client{base: u, http: &http.Client{Jar: jar}}
	for _, option := range options {
		option(c)
	}
	return c, nil
}

// Error is a problem the server reported (RFC 9457).
type Error struct {
	Status    int             `json:"status"`
	Code      string          `json:"code"`  // stable, for programs
	Message   string          `json:"error"` // for people
	RequestID string          `json:"requestId"`
	Details   json.RawMessage `json:"details"`
}

func (e *Error) Error() string {
	if e.Message == "" {
		return strings.TrimSpace(fmt.Sprintf("server answered %d %s", e.Status, http.StatusText(e.Status)))
	}
	return e.Message
}

// IsCode tells whether err is a server's problem with the given code.
func IsCode(err error, code string) bool {
	var problem *Error
	return errors.As(err, &problem) && problem.Code == code
}

// request describes one call.
type request struct {
	method, path string
	query        url.Values
	body         any               // sent as JSON unless it is an io.Reader
	header       map[string]string // besides the ordinary ones
}

// send makes the call and gives the answer, whose body the caller closes. An answer
// of 400 or more becomes an *Error.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	if strings.Contains(r.path+"/", "/../") || strings.Contains(r.path+"/", "/./") || strings.Contains(r.path+"/", "//") {
		return nil, fmt.Errorf("%s %s: an id is missing or not one", r.method, r.path)
	}
	target := c.base.JoinPath(r.path)
	target.RawQuery = r.query.Encode()
	var body io.Reader
	switch b := r.body.(type) {
	case nil:
	case io.Reader:
		body = b
	default:
		encoded, err := json.Marshal(b)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target.String(), body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if _, stream := r.body.(io.Reader); body != nil && !stream {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	if res.StatusCode >= http.StatusBadRequest {
		defer res.Body.Close()
		return nil, problemOf(res)
	}
	return res, nil
}

// Bounds of what is read of a problem, and shown of one that is plain text, in bytes.
const (
	maxProblem = 1 << 20
	maxText    = 200
)

// problemOf reads an answer of 400 or more. One that is no problem document, such as
// the page of a proxy, is told by its status.
func problemOf(res *http.Response) error {
	problem := &Error{}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxProblem))
	switch mediaType, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); {
	case err != nil:
	case mediaType == "application/problem+json", mediaType == "application/json":
		if json.Unmarshal(data, problem) != nil {
			problem = &Error{}
		}
	case mediaType == "text/plain":
		problem.Message = strings.TrimSpace(strings.ToValidUTF8(string(data[:min(len(data), maxText)]), ""))
	}
	problem.Status = res.StatusCode
	return problem
}

// call makes a request and decodes its JSON answer into out, unless out is nil.
func (c *Client) call(ctx context.Context, r request, out any) error {
	res, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if out == nil {
		_, err := io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer))
		return err
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(out); err != nil {
		return fmt.Errorf("%s %s: read answer: %w", r.method, r.path, err)
	}
	return nil
}

func query(pairs ...string) url.Values {
	values := make(url.Values)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			values.Set(pairs[i], pairs[i+1])
		}
	}
	return values
}
