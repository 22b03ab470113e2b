package identity_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/innoclaw/innoclaw/internal/identity"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

// FuzzHash feeds stored hashes of every shape to the check: none may break it,
// and none may match a password that nobody set.
func FuzzHash(f *testing.F) {
	for _, seed := range []string{
		"", "scrypt:a:b", "scrypt::", "scrypt:c2FsdA:" + strings.Repeat("A", 86),
		"$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=0,t=0,p=0$$", "$argon2id$v=19$m=-1,t=1,p=256$AA$AA", "$argon2i$v=19$m=64,t=1,p=1$AAAA$AAAA", "$$$$$",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, encoded string) {
		if _, ok := identity.VerifyHash(encoded, "never set by anyone"); ok {
			t.Errorf("hash %q matched", encoded)
		}
	})
}

// FuzzCredentials sends arbitrary credentials: none may get in.
func FuzzCredentials(f *testing.F) {
	service, err := identity.New(identity.Options{DB: storetest.SQLite(f), Mode: identity.Local, DataDir: f.TempDir(), Hash: cheap})
	if err != nil {
		f.Fatal(err)
	}
	if _, err := service.CreateUser(f.Context(), identity.NewUser{Email: "a@x.org", Password: password, Role: identity.RoleAdmin}); err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "Bearer ict_", "bearer ict_' OR 1=1 --", "Basic YTpi", "Bearer  ict_x", "Bearer ict_%00"} {
		f.Add(seed, "innoclaw_session="+seed)
	}
	f.Fuzz(func(t *testing.T, authorization, cookie string) {
		for _, h := range []http.Header{{"Authorization": {authorization}}, {"Cookie": {cookie}}, {"Authorization": {authorization}, "Cookie": {cookie}}} {
			r := httptest.NewRequest("GET", "/api/auth/me", nil)
			r.Header = h
			if caller, ok, err := service.Authenticate(r); ok || err != nil {
				t.Errorf("%q: got %+v, %v, %v", h, caller, ok, err)
			}
		}
	})
}
