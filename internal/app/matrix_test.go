package app_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/client"
	"github.com/innoclaw/innoclaw/internal/app/apptest"
	"github.com/innoclaw/innoclaw/internal/document/doctest"
	"github.com/innoclaw/innoclaw/internal/identity"
	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/server/servertest"
)

// TestAuthorizationMatrix calls every route of the product as everybody. All worlds
// are made in one server: each has a workspace, a conversation and things in the
// trash of its own, so that what one route uses up is there for the next.
func TestAuthorizationMatrix(t *testing.T) {
	m := newMatrix(t)
	servertest.Matrix(t, m.app.Table.Routes(), m.world)
}

// matrix makes worlds.
type matrix struct {
	app                 *apptest.App
	owner, other, admin apptest.Person
	tokens              map[string]servertest.Credential
	worlds              atomic.Int32
}

func newMatrix(t *testing.T) *matrix {
	a := apptest.Start(t, apptest.Options{})
	m := &matrix{app: a, admin: a.SetUp(), owner: a.NewUser("owner@example.org"), other: a.NewUser("other@example.org")}
	m.tokens = map[string]servertest.Credential{}
	for name, who := range map[string]struct {
		user   string
		scopes []string
	}{
		"read": {m.owner.User.ID, []string{"read"}}, "write": {m.owner.User.ID, []string{"read", "write"}},
		"expired": {m.owner.User.ID, []string{"read", "write"}}, "admin write": {m.admin.User.ID, []string{"read", "write"}},
	} {
		value, _, err := a.Identity.CreateToken(t.Context(), who.user, identity.NewToken{Name: name, Scopes: who.scopes, ExpiresAt: time.Now().Add(time.Hour)})
		must(t, err)
		m.tokens[name] = servertest.Bearer(value)
	}
	m.expire(t, "expired")
	return m
}

// expire moves the end of a token into the past, before anybody has used it.
func (m *matrix) expire(t *testing.T, name string) {
	t.Helper()
	must(t, m.app.DB.Update(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `UPDATE api_tokens SET expires_at = 1 WHERE name = $1`, name)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n != 1 {
			return fmt.Errorf("%d tokens expired, %w", n, err)
		}
		return nil
	}))
}

// cookie gives p's session; one that a route has ended is replaced.
func (m *matrix) cookie(t *testing.T, p *apptest.Person) servertest.Credential {
	t.Helper()
	if _, err := p.Me(t.Context()); client.IsCode(err, "unauthorized") {
		_, err := p.Login(t.Context(), p.User.Email, apptest.Password)
		must(t, err)
	} else {
		must(t, err)
	}
	return servertest.Cookie(sessionOf(t, m.app, *p))
}

func sessionOf(t *testing.T, a *apptest.App, p apptest.Person) string {
	t.Helper()
	u, err := url.Parse(a.URL)
	must(t, err)
	for _, c := range p.HTTP.Jar.Cookies(u) {
		if c.Name == server.SessionCookie {
			return c.Value
		}
	}
	t.Fatal("no session cookie")
	return ""
}

// spare makes a second session of p and gives its id.
func (m *matrix) spare(t *testing.T, p apptest.Person) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	second, err := client.New(m.app.URL, client.WithHTTPClient(&http.Client{Jar: jar}))
	must(t, err)
	_, err = second.Login(t.Context(), p.User.Email, apptest.Password)
	must(t, err)
	var list []struct {
		ID      string
		Current bool
	}
	call(t, m.app, p, "GET", "/api/auth/sessions", nil).into(t, &list)
	for _, s := range list {
		if !s.Current {
			return s.ID
		}
	}
	t.Fatalf("no other session in %+v", list)
	return ""
}

// world makes resources and an example for every route that works on them.
func (m *matrix) world(t *testing.T) *servertest.World {
	t.Helper()
	a, n := m.app, m.worlds.Add(1)
	w := &servertest.World{
		Handler: a.Server, Host: a.Host,
		Owner: m.cookie(t, &m.owner), Other: m.cookie(t, &m.other), Admin: m.cookie(t, &m.admin),
		ReadToken: m.tokens["read"], WriteToken: m.tokens["write"], ExpiredToken: m.tokens["expired"], AdminWriteToken: m.tokens["admin write"],
		Examples: map[string]servertest.Example{},
	}
	folder := fmt.Sprintf("study-%d", n)
	a.Write(folder+"/notes.md", "# Notes\n\nThe yield of the reaction was 42 percent.\n")
	a.Write(folder+"/old.md", "# Old notes\n")
	if n == 1 || strings.Contains(t.Name(), "/boxes") {
		a.Write(folder+"/paper.pdf", string(doctest.Lines(1, 3)))
	}
	space := a.Open(m.owner, folder)
	answer := ask(t, m.owner, client.Question{WorkspaceID: space.ID, Text: "What was the yield of the reaction?"})
	trash, err := m.owner.Delete(t.Context(), space.ID, "old.md")
	must(t, err)
	m.workspaceExamples(t, w, space)
	m.fileExamples(t, w, space, trash)
	m.accountExamples(t, w)
	byID := servertest.Example{Path: map[string]string{"id": answer.ConversationID}}
	for _, route := range []string{"GET /api/conversations/{id}", "DELETE /api/conversations/{id}", "GET /api/conversations/{id}/stream", "GET /api/conversations/{id}/export"} {
		w.Examples[route] = byID
	}
	w.Examples["PATCH /api/conversations/{id}"] = servertest.Example{Path: byID.Path, Body: map[string]string{"title": "Yields"}}
	w.Examples["POST /api/chat"] = servertest.Example{Body: map[string]string{"workspaceId": space.ID, "text": "What was the yield?"}}
	for _, route := range []string{"GET /api/runs/{id}", "GET /api/runs/{id}/events", "POST /api/runs/{id}/cancel"} {
		w.Examples[route] = servertest.Example{Path: map[string]string{"id": answer.RunID}}
	}
	return w
}

func (m *matrix) workspaceExamples(t *testing.T, w *servertest.World, space client.Workspace) {
	t.Helper()
	byID := servertest.Example{Path: map[string]string{"id": space.ID}}
	for _, route := range []string{"GET /api/workspaces/{id}", "DELETE /api/workspaces/{id}", "POST /api/workspaces/{id}/open", "POST /api/workspaces/{id}/sync",
		"GET /api/workspaces/{id}/index", "GET /api/workspaces/{id}/index/files", "GET /api/workspaces/{id}/events"} {
		w.Examples[route] = byID
	}
	w.Examples["PATCH /api/workspaces/{id}"] = servertest.Example{Path: byID.Path, Body: map[string]string{"name": "Renamed"}}
	w.Examples["POST /api/workspaces"] = servertest.Example{Body: map[string]string{"name": "Again", "folderPath": filepath.Join(m.app.Root, space.Name)}}
	w.Examples["GET /api/conversations"] = servertest.Example{Query: url.Values{"workspaceId": {space.ID}}}
	w.Examples["GET /api/roots/folders"] = servertest.Example{Query: url.Values{"root": {m.app.Roots.List()[0].Name}}}
	w.Examples["GET /api/search"] = servertest.Example{Query: url.Values{"workspaceId": {space.ID}, "q": {"yield"}}}
}

func (m *matrix) fileExamples(t *testing.T, w *servertest.World, space client.Workspace, trash string) {
	t.Helper()
	at := func(pairs ...string) url.Values {
		v := url.Values{"workspaceId": {space.ID}}
		for i := 0; i+1 < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v
	}
	body := func(pairs ...string) servertest.Example {
		b := map[string]string{"workspaceId": space.ID}
		for i := 0; i+1 < len(pairs); i += 2 {
			b[pairs[i]] = pairs[i+1]
		}
		return servertest.Example{Body: b}
	}
	for _, route := range []string{"GET /api/files/read", "GET /api/files/raw", "GET /api/files/text"} {
		w.Examples[route] = servertest.Example{Query: at("path", "notes.md")}
	}
	w.Examples["GET /api/files/browse"] = servertest.Example{Query: at("path", "")}
	w.Examples["GET /api/files/trash"] = servertest.Example{Query: at()}
	w.Examples["GET /api/files/boxes"] = servertest.Example{Query: at("path", "paper.pdf", "start", "0", "end", "4", "contentHash", hashOf(doctest.Lines(1, 3)))}
	w.Examples["POST /api/files/create"] = body("path", "new.md", "content", "new")
	w.Examples["POST /api/files/mkdir"] = body("path", "folder")
	w.Examples["POST /api/files/rename"] = body("oldPath", "notes.md", "newPath", "renamed.md")
	w.Examples["POST /api/files/move"] = body("sourcePath", "notes.md", "destPath", "moved.md")
	w.Examples["POST /api/files/copy"] = body("sourcePath", "notes.md", "destPath", "copied.md")
	w.Examples["POST /api/files/delete"] = body("path", "notes.md")
	w.Examples["POST /api/files/trash/restore"] = body("trashId", trash)
	w.Examples["POST /api/files/trash/empty"] = body()
	write := body("path", "written.md", "content", "written")
	write.Header = http.Header{"If-None-Match": {"*"}}
	w.Examples["POST /api/files/write"] = write

	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	part, err := parts.CreateFormFile("files", "uploaded.md")
	must(t, err)
	_, err = part.Write([]byte("uploaded"))
	must(t, err)
	must(t, parts.Close())
	w.Examples["POST /api/files/upload"] = servertest.Example{Query: at("dir", ""), Body: servertest.Payload{ContentType: parts.FormDataContentType(), Data: form.Bytes()}}
}

func (m *matrix) accountExamples(t *testing.T, w *servertest.World) {
	t.Helper()
	a := m.app
	if strings.Contains(t.Name(), "/api/auth/sessions/") || m.worlds.Load() == 1 {
		w.Examples["DELETE /api/auth/sessions/{id}"] = servertest.Example{Path: map[string]string{"id": m.spare(t, m.owner)}}
	}
	_, token, err := a.Identity.CreateToken(t.Context(), m.owner.User.ID, identity.NewToken{Name: "victim", Scopes: []string{"read"}})
	must(t, err)
	t.Cleanup(func() { _ = a.Identity.RevokeToken(context.Background(), m.owner.User.ID, token.ID) }) // the route may have done so
	w.Examples["DELETE /api/auth/tokens/{id}"] = servertest.Example{Path: map[string]string{"id": token.ID}}
	victim, err := a.Identity.CreateUser(t.Context(), identity.NewUser{
		Email: fmt.Sprintf("victim-%d@example.org", m.worlds.Load()), Name: "Victim", Password: apptest.Password, Role: identity.RoleUser})
	must(t, err)
	w.Examples["POST /api/admin/users"] = servertest.Example{Body: map[string]string{
		"email": fmt.Sprintf("new-%d@example.org", m.worlds.Load()), "name": "New", "password": apptest.Password, "role": "user"}}
	w.Examples["PATCH /api/admin/users"] = servertest.Example{Body: map[string]any{"userId": victim.ID, "isActive": false}}
	w.Examples["DELETE /api/admin/users"] = servertest.Example{Body: map[string]string{"userId": victim.ID, "transferToUserId": m.other.User.ID}}
	w.Examples["POST /api/auth/tokens"] = servertest.Example{Body: map[string]any{"name": "new", "scopes": []string{"read"}}}
	w.Examples["PATCH /api/auth/me"] = servertest.Example{Body: map[string]string{"theme": "dark"}}
	w.Examples["PATCH /api/settings"] = servertest.Example{Body: map[string]any{"values": map[string]string{"TRASH_DAYS": "31"}}}
	for _, route := range []string{"GET /api/admin/users", "GET /api/settings", "GET /api/auth/me", "GET /api/auth/sessions", "GET /api/auth/tokens", "GET /api/auth/state",
		"GET /api/capabilities", "GET /api/health", "GET /api/models", "POST /api/models/test", "GET /api/roots", "GET /api/runs", "GET /api/workspaces", "POST /api/auth/logout"} {
		w.Examples[route] = servertest.Example{}
	}
}

// TestOtherPeoplesIDs names resources of somebody else where they are not the
// resource of the route: in bodies and in queries.
func TestOtherPeoplesIDs(t *testing.T) {
	t.Parallel()
	a := apptest.Start(t, apptest.Options{})
	admin, eve := a.SetUp(), a.NewUser("eve@example.org")
	a.Write("secret/plan.md", "# Plan\n\nThe secret password is xylophone.\n")
	a.Write("eve/own.md", "# Own\n\nNothing of interest here.\n")
	secret, own := a.Open(admin, "secret"), a.Open(eve, "eve")
	theirs := ask(t, admin, client.Question{WorkspaceID: secret.ID, Text: "What is the secret password?"})

	type want struct {
		status int
		body   any
	}
	for request, w := range map[string]want{
		"POST /api/chat": {404, map[string]string{"workspaceId": secret.ID, "text": "What is the password?"}},
		// One's own workspace, but somebody else's conversation, on each side.
		"POST /api/chat#1": {404, map[string]string{"workspaceId": own.ID, "conversationId": theirs.ConversationID, "text": "And the password?"}},
		"POST /api/chat#2": {404, map[string]string{"workspaceId": secret.ID, "conversationId": theirs.ConversationID, "text": "And the password?"}},
		"GET /api/conversations?workspaceId=" + secret.ID: {status: 404},
		// Absolute paths, as clients of the original send them.
		"GET /api/files/read?path=" + escape(filepath.Join(a.Root, "secret/plan.md")):                            {status: 404},
		"GET /api/files/read?workspaceId=" + own.ID + "&path=" + escape(filepath.Join(a.Root, "secret/plan.md")): {status: 404},
		"POST /api/files/copy":        {404, map[string]string{"workspaceId": own.ID, "sourcePath": filepath.Join(a.Root, "secret/plan.md"), "destPath": "stolen.md"}},
		"POST /api/files/move":        {404, map[string]string{"workspaceId": own.ID, "sourcePath": "own.md", "destPath": filepath.Join(a.Root, "secret/own.md")}},
		"POST /api/workspaces":        {409, map[string]string{"name": "x", "folderPath": filepath.Join(a.Root, "secret")}},
		"POST /api/workspaces#slash":  {409, map[string]string{"name": "x", "folderPath": filepath.Join(a.Root, "secret") + "/"}},
		"POST /api/workspaces#dots":   {409, map[string]string{"name": "x", "folderPath": filepath.Join(a.Root, "eve") + "/../secret"}},
		"POST /api/workspaces#parent": {409, map[string]string{"name": "x", "folderPath": a.Root}},
		"DELETE /api/admin/users":     {403, map[string]string{"userId": admin.User.ID, "transferToUserId": eve.User.ID}},
		"PATCH /api/admin/users":      {403, map[string]any{"userId": eve.User.ID, "role": "admin"}},
		"PATCH /api/settings":         {403, map[string]any{"values": map[string]string{"REGISTRATION": "open"}}},
	} {
		request, _, _ = strings.Cut(request, "#")
		method, path, _ := strings.Cut(request, " ")
		got := call(t, a, eve, method, path, w.body)
		if got.status != w.status || bytes.Contains(got.body, []byte("xylophone")) {
			t.Errorf("%s %v: got %d %s, want %d", request, w.body, got.status, got.body, w.status)
		}
	}
	var runs struct{ Items []struct{ ID string } }
	call(t, a, eve, "GET", "/api/runs?workspaceId="+secret.ID, nil).into(t, &runs)
	if len(runs.Items) != 0 {
		t.Errorf("runs of a foreign workspace are listed: %+v", runs)
	}
	whole, err := admin.Conversation(t.Context(), theirs.ConversationID)
	must(t, err)
	if len(whole.Messages) != 2 {
		t.Errorf("%d messages, want the admin's own 2", len(whole.Messages))
	}
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func escape(s string) string { return url.QueryEscape(s) }
