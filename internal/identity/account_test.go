package identity_test

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/internal/identity"
	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/server/servertest"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

// newWorld has the people and resources that the matrix needs.
func newWorld(t *testing.T) *servertest.World {
	b := newBed(t, storetest.SQLite(t))
	owner, admin := b.user("owner@x.org", identity.RoleUser), b.user("admin@x.org", identity.RoleAdmin)
	b.user("other@x.org", identity.RoleUser)
	w := &servertest.World{Handler: b.server, Host: host}
	w.Owner, w.Other, w.Admin = b.signedIn("owner@x.org"), b.signedIn("other@x.org"), b.signedIn("admin@x.org")
	w.ReadToken, _ = b.apiToken(owner.ID, time.Time{}, "read")
	w.WriteToken, _ = b.apiToken(owner.ID, time.Time{}, "write")
	w.ExpiredToken, _ = b.apiToken(owner.ID, b.clock.Now().Add(time.Hour), "read", "write")
	w.AdminWriteToken, _ = b.apiToken(admin.ID, time.Time{}, "read", "write")
	b.clock.Advance(time.Hour)
	b.signedIn("owner@x.org")
	_, token := b.apiToken(owner.ID, time.Time{}, "read")
	sessions, err := b.service.Sessions(t.Context(), owner.ID, "")
	if err != nil || len(sessions) != 2 {
		t.Fatal(sessions, err)
	}
	w.Examples = map[string]servertest.Example{
		"DELETE /api/auth/sessions/{id}": {Path: map[string]string{"id": sessions[0].ID}},
		"DELETE /api/auth/tokens/{id}":   {Path: map[string]string{"id": token.ID}},
		"DELETE /api/auth/sessions":      {},
		"GET /api/auth/me":               {},
		"GET /api/admin/users":           {},
		"POST /api/auth/login":           {Body: map[string]string{"email": "owner@x.org", "password": password}},
		"POST /api/auth/tokens":          {Body: map[string]any{"name": "n", "scopes": []string{"read"}, "expiresInDays": 3}},
		"POST /api/auth/password":        {Body: map[string]string{"currentPassword": password, "newPassword": "another one"}},
		"PATCH /api/auth/me":             {Body: map[string]string{"language": "zh", "theme": "dark", "name": "New"}},
		"POST /api/admin/users":          {Body: map[string]string{"email": "fresh@x.org", "password": password}},
		"PATCH /api/admin/users":         {Body: map[string]any{"userId": owner.ID, "isActive": false}},
		"DELETE /api/admin/users":        {Body: map[string]any{"userId": owner.ID, "transferToUserId": admin.ID}},
	}
	return w
}

func TestAccessMatrix(t *testing.T) {
	t.Parallel()
	servertest.Matrix(t, newBed(t, storetest.SQLite(t)).table.Routes(), newWorld)
}

func TestConcurrentDemotionsLeaveAnAdministrator(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		b := newBed(t, db)
		a, c := b.user("a@x.org", identity.RoleAdmin), b.user("c@x.org", identity.RoleAdmin)
		role := identity.RoleUser
		for range 5 {
			var wg sync.WaitGroup
			for _, id := range []string{a.ID, c.ID} {
				wg.Go(func() { _, _ = b.service.UpdateUser(t.Context(), id, identity.UserChange{Role: &role}) })
			}
			wg.Wait()
			if n := b.count("SELECT count(*) FROM users WHERE role = 'admin' AND is_active AND id <> 'local'"); n != 1 {
				t.Fatalf("%d administrators left, want 1", n)
			}
			b.exec("UPDATE users SET role = 'admin'")
		}
	})
}

func TestLastAdministratorStays(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		b := newBed(t, db)
		admin, user := b.user("admin@x.org", identity.RoleAdmin), b.user("user@x.org", identity.RoleUser)
		as := b.signedIn("admin@x.org")
		b.do("PATCH", "/api/admin/users", map[string]any{"userId": admin.ID, "isActive": false}, as).want(t, 400, "last_admin")
		b.do("PATCH", "/api/admin/users", map[string]any{"userId": admin.ID, "role": "user"}, as).want(t, 400, "last_admin")
		b.do("PATCH", "/api/admin/users", map[string]any{"userId": "nobody", "name": "x"}, as).want(t, 404, "user_not_found")
		b.do("PATCH", "/api/admin/users", map[string]any{"userId": "local", "name": "x"}, as).want(t, 404, "user_not_found")
		b.do("PATCH", "/api/admin/users", map[string]any{"name": "x"}, as).want(t, 400, "")
		b.do("DELETE", "/api/admin/users", map[string]any{"userId": admin.ID, "transferToUserId": user.ID}, as).want(t, 400, "own_account")
		if err := b.service.DeleteUser(t.Context(), admin.ID, user.ID); err == nil {
			t.Error("the last administrator was deleted")
		}
		b.do("GET", "/api/auth/me", nil, as).want(t, 200, "")
	})
}

func TestDeletingHandsOverInOneTransaction(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		b := newBed(t, db)
		admin, user := b.user("admin@x.org", identity.RoleAdmin), b.user("user@x.org", identity.RoleUser)
		as, gone := b.signedIn("admin@x.org"), b.signedIn("user@x.org")
		b.exec(`INSERT INTO workspaces (id, owner_user_id, name, folder_path, last_opened_at, created_at, updated_at) VALUES ('w', $1, 'W', '/w', 1, 1, 1)`, user.ID)
		owner := func() (id string) {
			if err := b.db.Read().QueryRowContext(t.Context(), "SELECT owner_user_id FROM workspaces WHERE id = 'w'").Scan(&id); err != nil {
				t.Fatal(err)
			}
			return id
		}
		b.do("DELETE", "/api/admin/users", map[string]any{"userId": user.ID}, as).want(t, 400, "transfer_required")
		b.do("DELETE", "/api/admin/users", map[string]any{"userId": user.ID, "transferToUserId": "nobody"}, as).want(t, 400, "transfer_unknown")
		b.do("DELETE", "/api/admin/users", map[string]any{"userId": "nobody", "transferToUserId": admin.ID}, as).want(t, 404, "user_not_found")
		if owner() != user.ID {
			t.Fatal("a refused deletion moved the workspace")
		}
		b.do("DELETE", "/api/admin/users", map[string]any{"userId": user.ID, "transferToUserId": admin.ID}, as).want(t, 200, "")
		if owner() != admin.ID {
			t.Error("the workspace was not handed over")
		}
		b.do("GET", "/api/auth/me", nil, gone).want(t, 401, "unauthorized")
	})
}

// A suspended account's key went on working in a peer (CVE-2026-32717).
func TestSuspensionEndsSessionsTokensAndStreamsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		b := newBed(t, db)
		b.user("admin@x.org", identity.RoleAdmin)
		user := b.user("user@x.org", identity.RoleUser)
		admin, session := b.signedIn("admin@x.org"), b.signedIn("user@x.org")
		token, _ := b.apiToken(user.ID, time.Time{}, "write")
		var withdrawn []identity.Withdrawal
		b.service.OnWithdrawn(func(w identity.Withdrawal) { withdrawn = append(withdrawn, w) })
		b.do("GET", "/api/auth/me", nil, session).want(t, 200, "") // and remembered
		b.do("GET", "/api/auth/me", nil, token).want(t, 200, "")
		b.do("PATCH", "/api/admin/users", map[string]any{"userId": user.ID, "isActive": false}, admin).want(t, 200, "")
		b.do("GET", "/api/auth/me", nil, session).want(t, 401, "unauthorized")
		b.do("GET", "/api/auth/me", nil, token).want(t, 401, "unauthorized")
		b.login("user@x.org", password).want(t, 401, "credentials")
		if len(withdrawn) != 1 || !withdrawn[0].Suspended || !withdrawn[0].Matches(server.Caller{UserID: user.ID, TokenID: "t"}) {
			t.Errorf("told about %v, want the suspension", withdrawn)
		}
		b.do("PATCH", "/api/admin/users", map[string]any{"userId": user.ID, "isActive": true}, admin).want(t, 200, "")
		b.do("GET", "/api/auth/me", nil, token).want(t, 401, "unauthorized")
		b.login("user@x.org", password).want(t, 200, "")
	})
}

// A password change left old cookies valid in a peer (CVE-2026-40934).
func TestPasswordChangeEndsAllSessions(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		b := newBed(t, db)
		user := b.user("a@x.org", identity.RoleUser)
		here, there := b.signedIn("a@x.org"), b.signedIn("a@x.org")
		token, _ := b.apiToken(user.ID, time.Time{}, "write")
		body := map[string]any{"currentPassword": "wrong password", "newPassword": "a new password"}
		b.do("POST", "/api/auth/password", body, here).want(t, 403, "password_wrong")
		body["currentPassword"] = password
		b.do("POST", "/api/auth/password", map[string]any{"currentPassword": password, "newPassword": "short"}, here).want(t, 400, "password_short")
		b.do("POST", "/api/auth/password", body, token).want(t, 403, "scope_required")
		got := b.do("POST", "/api/auth/password", body, here)
		got.want(t, 204, "")
		b.do("GET", "/api/auth/me", nil, here).want(t, 401, "unauthorized")
		b.do("GET", "/api/auth/me", nil, there).want(t, 401, "unauthorized")
		b.do("GET", "/api/auth/me", nil, got.session()).want(t, 200, "")
		b.do("GET", "/api/auth/me", nil, token).want(t, 200, "")
		b.login("a@x.org", password).want(t, 401, "credentials")
		b.login("a@x.org", "a new password").want(t, 200, "")
		body["currentPassword"], body["newPassword"], body["revokeTokens"] = "a new password", "one more password", true
		b.do("POST", "/api/auth/password", body, got.session()).want(t, 204, "")
		b.do("GET", "/api/auth/me", nil, token).want(t, 401, "unauthorized")
	})
}

func TestAdminResetEndsSessionsAndTokens(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		b := newBed(t, db)
		user := b.user("a@x.org", identity.RoleUser)
		session := b.signedIn("a@x.org")
		token, _ := b.apiToken(user.ID, time.Time{}, "write")
		if err := b.service.SetPassword(t.Context(), user.ID, "given by the admin"); err != nil {
			t.Fatal(err)
		}
		b.do("GET", "/api/auth/me", nil, session).want(t, 401, "unauthorized")
		b.do("GET", "/api/auth/me", nil, token).want(t, 401, "unauthorized")
		b.login("a@x.org", "given by the admin").want(t, 200, "")
	})
}

func TestSessionsAndTokensOverHTTP(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		b := newBed(t, db)
		b.user("a@x.org", identity.RoleUser)
		here, there := b.signedIn("a@x.org"), b.signedIn("a@x.org")
		var sessions []identity.Session
		got := b.do("GET", "/api/auth/sessions", nil, here)
		if err := json.Unmarshal([]byte(got.raw), &sessions); err != nil || len(sessions) != 2 || sessions[0].Current == sessions[1].Current {
			t.Fatalf("sessions: %s", got.raw)
		}
		b.do("DELETE", "/api/auth/sessions", nil, here).want(t, 204, "")
		b.do("GET", "/api/auth/me", nil, there).want(t, 401, "unauthorized")
		b.do("GET", "/api/auth/me", nil, here).want(t, 200, "")

		made := b.do("POST", "/api/auth/tokens", map[string]any{"name": "ci", "scopes": []string{"write", "read"}, "expiresInDays": 1}, here)
		made.want(t, 201, "")
		value, _ := made.body["token"].(string)
		if len(value) != 47 || value[:4] != "ict_" || b.count("SELECT count(*) FROM api_tokens WHERE token_hash LIKE $1", "%"+value+"%") != 0 {
			t.Fatalf("token: %s", made.raw)
		}
		token := servertest.Bearer(value)
		b.do("GET", "/api/auth/me", nil, token).want(t, 200, "")
		b.do("PATCH", "/api/auth/me", map[string]string{"name": "N"}, token).want(t, 200, "")
		if err := b.service.NoteUse(t.Context()); err != nil {
			t.Fatal(err)
		}
		var tokens []identity.Token
		got = b.do("GET", "/api/auth/tokens", nil, here)
		if err := json.Unmarshal([]byte(got.raw), &tokens); err != nil || len(tokens) != 1 || tokens[0].LastUsedAt == nil || tokens[0].Scopes[0] != "read" {
			t.Fatalf("tokens: %s", got.raw)
		}
		for _, body := range []map[string]any{
			{"name": "x", "scopes": []string{}}, {"name": "x", "scopes": []string{"root"}}, {"name": "", "scopes": []string{"read"}},
			{"name": "x", "scopes": []string{"read"}, "expiresInDays": -1}, {"name": "x", "scopes": []string{"read"}, "userId": "other"},
		} {
			b.do("POST", "/api/auth/tokens", body, here).want(t, 400, "")
		}
		b.do("POST", "/api/auth/tokens", map[string]any{"name": "x", "scopes": []string{"admin"}}, here).want(t, 403, "scope_forbidden")
		b.clock.Advance(25 * time.Hour)
		b.do("GET", "/api/auth/me", nil, token).want(t, 401, "unauthorized")
	})
}

// Scopes declared by a client were believed in a peer (GHSA-rqpp-rjj8-7wv8),
// restrictions of a key were skipped by sending it in another header
// (CVE-2026-45339), and the presence of a token sufficed (CVE-2026-28472).
func TestOnlyTheServersRecordCounts(t *testing.T) {
	t.Parallel()
	b := newBed(t, storetest.SQLite(t))
	admin := b.user("admin@x.org", identity.RoleAdmin)
	session := b.signedIn("admin@x.org")
	value, _, err := b.service.CreateToken(t.Context(), admin.ID, identity.NewToken{Name: "r", Scopes: []string{"read"}})
	if err != nil {
		t.Fatal(err)
	}
	claims := func(r *http.Request) {
		for _, name := range []string{"X-Scopes", "X-Scope", "X-User", "X-Forwarded-User", "X-Role", "X-Openclaw-Scopes", "X-Original-Url"} {
			r.Header.Set(name, "admin")
		}
	}
	b.do("GET", "/api/admin/users?scope=admin&scopes=admin", nil, servertest.Bearer(value), claims).want(t, 403, "scope_required")
	b.do("GET", "/api/auth/me", nil, nil, claims).want(t, 401, "unauthorized")
	for name, c := range map[string]servertest.Credential{
		"other header": func(r *http.Request) { r.Header.Set("X-Api-Key", value) },
		"query":        func(r *http.Request) { r.URL.RawQuery = "token=" + value },
		"cookie":       servertest.Cookie(value),
		"basic":        func(r *http.Request) { r.SetBasicAuth("admin@x.org", value) },
		"cut":          servertest.Bearer(value[:len(value)-1]),
		"longer":       servertest.Bearer(value + "A"),
		"upper":        servertest.Bearer("ICT_" + value[4:]),
		"twice":        func(r *http.Request) { r.Header["Authorization"] = []string{"Bearer x", "Bearer " + value} },
		"session as token": func(r *http.Request) {
			session(r)
			c, _ := r.Cookie(server.SessionCookie)
			r.Header.Del("Cookie")
			r.Header.Set("Authorization", "Bearer "+c.Value)
		},
	} {
		if got := b.do("GET", "/api/auth/me", nil, c); got.status != 401 {
			t.Errorf("%s: got %d, want 401", name, got.status)
		}
	}
	both := func(r *http.Request) { session(r); servertest.Bearer(value)(r) }
	b.do("GET", "/api/admin/users", nil, both).want(t, 403, "scope_required")
}
