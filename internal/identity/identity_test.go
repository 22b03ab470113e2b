package identity_test

import (
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/scrypt"

	"github.com/innoclaw/innoclaw/internal/identity"
	"github.com/innoclaw/innoclaw/internal/server"
	"github.com/innoclaw/innoclaw/internal/store"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

func setupBody(token, email string) map[string]string {
	return map[string]string{"token": token, "name": "Ada", "email": email, "password": password}
}

func TestSetUpMakesTheFirstAdministratorOnce(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		b := newBed(t, db)
		path := filepath.Join(b.dir, "setup-token")
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("set-up file: %v, %v; want mode 0600", info, err)
		}
		if data, _ := os.ReadFile(path); strings.TrimSpace(string(data)) != b.token || len(b.token) != 43 {
			t.Errorf("set-up file holds %q, want the token %q of 256 bits", data, b.token)
		}
		if got := b.do("GET", "/api/auth/state", nil, nil); got.body["setupRequired"] != true {
			t.Errorf("state before: %s", got.raw)
		}
		b.do("POST", "/api/auth/setup", setupBody("wrong", "a@x.org"), nil).want(t, 403, "setup_token")
		b.do("POST", "/api/auth/setup", setupBody("", "a@x.org"), nil).want(t, 403, "setup_token")
		b.do("POST", "/api/auth/register", map[string]string{"email": "a@x.org", "password": password}, nil).want(t, 403, "setup_required")

		got := b.do("POST", "/api/auth/setup", setupBody(b.token, "Ada@X.org"), nil)
		got.want(t, 201, "")
		user := got.body["user"].(map[string]any)
		if user["role"] != "admin" || user["email"] != "ada@x.org" || user["lastLoginAt"] == nil {
			t.Errorf("first account: %v", user)
		}
		b.do("GET", "/api/auth/me", nil, got.session()).want(t, 200, "")
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("set-up file after use: %v, want it gone", err)
		}
		b.do("POST", "/api/auth/setup", setupBody(b.token, "b@x.org"), nil).want(t, 409, "setup_done")
		if got := b.do("GET", "/api/auth/state", nil, nil); got.body["setupRequired"] != false {
			t.Errorf("state after: %s", got.raw)
		}
		if strings.Contains(b.log.String(), b.token) || strings.Contains(b.log.String(), password) {
			t.Error("the log holds the set-up token or the password")
		}
	})
}

func TestEachStartVoidsTheOldSetUpToken(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		b := newBed(t, db)
		fresh, err := b.service.Start(t.Context())
		if err != nil || fresh == "" || fresh == b.token {
			t.Fatalf("second start: %q, %v", fresh, err)
		}
		b.do("POST", "/api/auth/setup", setupBody(b.token, "a@x.org"), nil).want(t, 403, "setup_token")
		b.do("POST", "/api/auth/setup", setupBody(fresh, "a@x.org"), nil).want(t, 201, "")
		if again, err := b.service.Start(t.Context()); again != "" || err != nil {
			t.Errorf("start with an account: %q, %v, want no token", again, err)
		}
	})
}

func TestConcurrentSetUpsYieldOneAdministrator(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		b := newBed(t, db)
		const n = 8
		statuses := make([]int, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				statuses[i] = b.do("POST", "/api/auth/setup", setupBody(b.token, string(rune('a'+i))+"@x.org"), nil).status
			})
		}
		wg.Wait()
		made := 0
		for _, status := range statuses {
			switch status {
			case http.StatusCreated:
				made++
			case http.StatusConflict, http.StatusForbidden:
			default:
				t.Errorf("a set-up got %d", status)
			}
		}
		if users := b.count("SELECT count(*) FROM users WHERE id <> 'local'"); made != 1 || users != 1 {
			t.Errorf("%d set-ups succeeded and made %d accounts, want 1 and 1", made, users)
		}
	})
}

func TestFirstAccountAdoptsWhatTheLocalAccountOwns(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		local := newBed(t, db, mode(identity.Disabled))
		local.do("GET", "/api/auth/me", nil, nil).want(t, 200, "")
		local.do("POST", "/api/auth/login", map[string]string{"email": "a@x.org", "password": password}, nil).want(t, 403, "auth_disabled")
		local.do("GET", "/api/admin/users", nil, nil).want(t, 403, "auth_disabled")
		local.exec(`INSERT INTO workspaces (id, owner_user_id, name, folder_path, last_opened_at, created_at, updated_at) VALUES ('w', 'local', 'W', '/w', 1, 1, 1)`)

		b := newBed(t, db)
		b.do("GET", "/api/auth/me", nil, nil).want(t, 401, "unauthorized")
		b.login("local@localhost", "").want(t, 400, "missing")
		b.login("local@localhost", "anything at all").want(t, 401, "credentials")
		b.do("POST", "/api/auth/setup", setupBody(b.token, "a@x.org"), nil).want(t, 201, "")
		if n := b.count("SELECT count(*) FROM workspaces w JOIN users u ON u.id = w.owner_user_id WHERE u.email = 'a@x.org'"); n != 1 {
			t.Errorf("the first account owns %d workspaces, want the local account's one", n)
		}
		users, err := b.service.Users(t.Context())
		if err != nil || len(users) != 1 {
			t.Errorf("accounts: %v, %v, want only the real one", users, err)
		}
	})
}

func TestSignInAndOut(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		b := newBed(t, db)
		b.user("a@x.org", identity.RoleUser)
		b.login("a@x.org", "wrong password").want(t, 401, "credentials")
		b.login("nobody@x.org", password).want(t, 401, "credentials")
		b.login("not an address", password).want(t, 401, "credentials")
		got := b.login(" A@x.org ", password)
		got.want(t, 200, "")
		cookie := got.cookies[server.SessionCookie]
		if cookie == nil || !cookie.HttpOnly || cookie.Secure || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" || len(cookie.Value) != 43 {
			t.Fatalf("session cookie: %v", cookie)
		}
		if n := b.count("SELECT count(*) FROM user_sessions WHERE token_hash = $1", cookie.Value); n != 0 {
			t.Error("the session's secret itself is in the database")
		}
		old := got.session()
		again := b.do("POST", "/api/auth/login", map[string]string{"email": "a@x.org", "password": password}, old)
		b.do("GET", "/api/auth/me", nil, old).want(t, 401, "unauthorized")
		b.do("GET", "/api/auth/me", nil, again.session()).want(t, 200, "")
		out := b.do("POST", "/api/auth/logout", nil, again.session())
		out.want(t, 200, "")
		if c := out.cookies[server.SessionCookie]; c == nil || c.MaxAge >= 0 {
			t.Errorf("sign-out leaves the cookie: %v", c)
		}
		b.do("GET", "/api/auth/me", nil, again.session()).want(t, 401, "unauthorized")
	})
}

func TestSessionsExpire(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		b := newBed(t, db)
		b.user("a@x.org", identity.RoleUser)
		idle, used := b.signedIn("a@x.org"), b.signedIn("a@x.org")
		for range 5 { // used every six days, but never noted for the idle one
			b.clock.Advance(6 * 24 * time.Hour)
			got := b.do("GET", "/api/auth/me", nil, used)
			if b.clock.Now().Before(newClock().Now().Add(30 * 24 * time.Hour)) {
				got.want(t, 200, "")
			} else {
				got.want(t, 401, "unauthorized") // the absolute limit
			}
			if err := b.service.NoteUse(t.Context()); err != nil {
				t.Fatal(err)
			}
			if b.clock.Now().After(newClock().Now().Add(7 * 24 * time.Hour)) {
				b.do("GET", "/api/auth/me", nil, idle).want(t, 401, "unauthorized")
			}
		}
		if err := b.service.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := b.count("SELECT count(*) FROM user_sessions"); n != 0 {
			t.Errorf("%d sessions left after the purge, want 0", n)
		}
	})
}

func TestTLSUsesTheHostPrefix(t *testing.T) {
	t.Parallel()
	b := newBed(t, storetest.SQLite(t), func(o *identity.Options, _ *server.Options) { o.SecureCookies = true })
	b.user("a@x.org", identity.RoleUser)
	got := b.login("a@x.org", password)
	cookie := got.cookies["__Host-"+server.SessionCookie]
	if cookie == nil || !cookie.Secure || cookie.Domain != "" || cookie.Path != "/" {
		t.Fatalf("cookies: %v", got.cookies)
	}
	plain := func(r *http.Request) { r.AddCookie(&http.Cookie{Name: server.SessionCookie, Value: cookie.Value}) }
	b.do("GET", "/api/auth/me", nil, plain).want(t, 401, "unauthorized")
	prefixed := func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value}) }
	b.do("GET", "/api/auth/me", nil, prefixed).want(t, 200, "")
}

func TestRegistrationIsClosedUntilOpened(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	b := newBed(t, db)
	b.user("admin@x.org", identity.RoleAdmin)
	body := map[string]string{"email": "new@x.org", "password": password}
	b.do("POST", "/api/auth/register", body, nil).want(t, 403, "registration_closed")
	open := newBed(t, db, registration(true))
	got := open.do("POST", "/api/auth/register", body, nil)
	got.want(t, 201, "")
	if user := got.body["user"].(map[string]any); user["role"] != "user" || user["name"] != "new" {
		t.Errorf("registered account: %v", user)
	}
	open.do("POST", "/api/auth/register", body, nil).want(t, 409, "email_taken")
	open.do("POST", "/api/auth/register", map[string]any{"email": "x@x.org", "password": password, "role": "admin"}, nil).want(t, 400, "invalid")
}

func TestInputRules(t *testing.T) {
	t.Parallel()
	b := newBed(t, storetest.SQLite(t))
	for _, c := range []struct{ email, name, password, code string }{
		{"bob", "", password, "email_invalid"},
		{"Bob <bob@x.org>", "", password, "email_invalid"},
		{"", "", password, "email_missing"},
		{strings.Repeat("a", 250) + "@x.org", "", password, "email_invalid"},
		{"bob@x.org", "a\nb", password, "name_invalid"},
		{"bob@x.org", strings.Repeat("é", 201), password, "name_invalid"},
		{"bob@x.org", "", "1234567", "password_short"},
		{"bob@x.org", "", strings.Repeat("x", 1025), "password_long"},
		{"bob@x.org", "", "\xff\xfe\xfd12345", "password_encoding"},
	} {
		_, err := b.service.CreateUser(t.Context(), identity.NewUser{Email: c.email, Name: c.name, Password: c.password})
		if err == nil || !strings.Contains(err.Error(), c.code) {
			t.Errorf("create %q %q: got %v, want %s", c.email, c.name, err, c.code)
		}
	}
	if _, err := b.service.CreateUser(t.Context(), identity.NewUser{Email: "bob@x.org", Password: strings.Repeat("x", 1024)}); err != nil {
		t.Errorf("password of 1024 bytes: %v", err)
	}
}

func TestOldHashesAreVerifiedAndRenewed(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		b := newBed(t, db)
		u := b.user("a@x.org", identity.RoleUser)
		salt := base64.RawURLEncoding.EncodeToString([]byte("0123456789abcdef"))
		key, err := scrypt.Key([]byte(password), []byte(salt), 16384, 8, 1, 64)
		if err != nil {
			t.Fatal(err)
		}
		b.exec("UPDATE users SET password_hash = $1 WHERE id = $2", "scrypt:"+salt+":"+base64.RawURLEncoding.EncodeToString(key), u.ID)
		b.login("a@x.org", "wrong password").want(t, 401, "credentials")
		b.login("a@x.org", password).want(t, 200, "")
		if n := b.count("SELECT count(*) FROM users WHERE id = $1 AND password_hash LIKE '$argon2id$v=19$m=64,t=1,p=1$%'", u.ID); n != 1 {
			t.Error("the old hash was not renewed")
		}
		b.login("a@x.org", password).want(t, 200, "")
		dearer := newBed(t, db, func(o *identity.Options, _ *server.Options) {
			o.Hash = identity.HashParams{MemoryKiB: 128, Passes: 2, Threads: 1}
		})
		dearer.login("a@x.org", password).want(t, 200, "")
		if n := b.count("SELECT count(*) FROM users WHERE id = $1 AND password_hash LIKE '$argon2id$v=19$m=128,t=2,p=1$%'", u.ID); n != 1 {
			t.Error("the hash was not renewed with the new costs")
		}
		for _, broken := range []string{"", "x", "scrypt:", "scrypt:a:b", "$argon2id$v=19$m=4000000000,t=1,p=1$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=64,t=1,p=1$$"} {
			b.exec("UPDATE users SET password_hash = $1 WHERE id = $2", broken, u.ID)
			b.login("a@x.org", password).want(t, 401, "credentials")
		}
	})
}

func TestGuessingIsThrottled(t *testing.T) {
	t.Parallel()
	b := newBed(t, storetest.SQLite(t))
	b.user("a@x.org", identity.RoleUser)
	throttled := 0
	for range 20 {
		if got := b.login("a@x.org", "wrong password"); got.status == http.StatusTooManyRequests {
			throttled++
			if got.header.Get("Retry-After") == "" || got.code() != "login_throttled" {
				t.Errorf("throttled: %v %s", got.header, got.raw)
			}
		}
	}
	if throttled != 12 {
		t.Errorf("%d of 20 guesses were throttled, want 12", throttled)
	}
	b.login("a@x.org", password).want(t, 429, "login_throttled")
	// The owner, elsewhere, is not locked out.
	elsewhere := func(r *http.Request) { r.RemoteAddr = "198.51.100.9:1" }
	b.do("POST", "/api/auth/login", map[string]string{"email": "a@x.org", "password": password}, nil, elsewhere).want(t, 200, "")
}
