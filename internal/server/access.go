package server

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

// Access says who may call a route.
type Access string

const (
	// Public routes need no account. They must not reveal or change anything
	// that belongs to one.
	Public Access = "public"
	// User routes need a signed-in person or a valid API token.
	User Access = "user"
	// Admin routes need the role admin; tokens also need the scope admin.
	Admin Access = "admin"

	ownerPrefix = "owner:"
)

// OwnerOf is the access rule of routes that act on one resource of the caller,
// such as "workspace" or "run". The server checks that somebody is signed in;
// the feature's query restricts the resource to its owner and answers NotFound
// otherwise, and the authorization test proves it for each such route.
func OwnerOf(resource string) Access { return Access(ownerPrefix + resource) }

// Resource returns the resource of an OwnerOf rule, "" for the other rules.
func (a Access) Resource() string {
	resource, ok := strings.CutPrefix(string(a), ownerPrefix)
	if !ok {
		return ""
	}
	return resource
}

func (a Access) valid() bool {
	return a == Public || a == User || a == Admin || a.Resource() != ""
}

// Scopes of API tokens. Each includes the one before it.
const (
	ScopeRead  = "read"
	ScopeWrite = "write"
	ScopeAdmin = "admin"
)

// RoleAdmin is the role that Admin routes need.
const RoleAdmin = "admin"

// Caller is who sent a request, as the server's own records say.
type Caller struct {
	UserID, Email, Name, Role string
	// Scopes limits an API token. It is nil for sessions, which may do all
	// that the role may.
	Scopes []string
	// SessionID or TokenID names the credential; both are empty when
	// authentication is disabled.
	SessionID, TokenID string
}

// IsAdmin tells whether the caller has the role admin.
func (c Caller) IsAdmin() bool { return c.Role == RoleAdmin }

// Allows tells whether the caller's credential covers scope.
func (c Caller) Allows(scope string) bool {
	if c.TokenID == "" && c.Scopes == nil {
		return true
	}
	switch scope {
	case ScopeRead:
		return slices.Contains(c.Scopes, ScopeRead) || slices.Contains(c.Scopes, ScopeWrite) || slices.Contains(c.Scopes, ScopeAdmin)
	case ScopeWrite:
		return slices.Contains(c.Scopes, ScopeWrite) || slices.Contains(c.Scopes, ScopeAdmin)
	case ScopeAdmin:
		return slices.Contains(c.Scopes, ScopeAdmin)
	}
	return false
}

// Authenticator tells who sent a request. It answers false for a request
// without a valid credential; an error means that it could not find out.
type Authenticator interface {
	Authenticate(r *http.Request) (Caller, bool, error)
}

type callerKey struct{}

// WithCaller returns a context whose caller is c. The server does this for each
// request; others need it only to call handlers directly.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, &c)
}

// CallerFrom returns the caller of the request that ctx belongs to.
func CallerFrom(ctx context.Context) (Caller, bool) {
	if c, ok := ctx.Value(callerKey{}).(*Caller); ok {
		return *c, true
	}
	if x := exchangeFrom(ctx); x != nil && x.known {
		return x.caller, true
	}
	return Caller{}, false
}

// RequestID returns the id of the request that ctx belongs to, "" outside one.
func RequestID(ctx context.Context) string {
	if x := exchangeFrom(ctx); x != nil {
		return x.id
	}
	return ""
}

// RemoteIP returns the address of the client that sent r, without its port.
func RemoteIP(r *http.Request) string { return remoteIP(r.RemoteAddr) }

// ClientKey is what limits count r's sender under: its address, or its /64
// network for IPv6, where one household has that many addresses.
func ClientKey(r *http.Request) string { return limitKey(r.RemoteAddr) }

// RequestFrom returns the request that ctx belongs to, nil outside one. Typed
// operations use it for what is not part of their input: the connection, cookies,
// the client's name. The body is not to be read.
func RequestFrom(ctx context.Context) *http.Request {
	if x := exchangeFrom(ctx); x != nil {
		return x.w.req
	}
	return nil
}
