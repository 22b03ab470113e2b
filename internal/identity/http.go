package identity

import (
	"context"
	"time"

	"github.com/innoclaw/innoclaw/internal/server"
)

const tag = "auth"

type (
	empty struct{}

	stateBody struct {
		SetupRequired    bool   `json:"setupRequired" doc:"Whether the first account is still to be made, with the set-up token."`
		AuthMode         Mode   `json:"authMode" enum:"local,disabled"`
		RegistrationOpen bool   `json:"registrationOpen"`
		Version          string `json:"version"`
	}
	stateOutput struct{ Body stateBody }

	setupInput struct {
		Body struct {
			Token    string `json:"token" maxLength:"200"`
			Name     string `json:"name,omitempty" maxLength:"1000"`
			Email    string `json:"email" maxLength:"1000"`
			Password string `json:"password"`
		}
	}
	registerInput struct {
		Body struct {
			Name     string `json:"name,omitempty" maxLength:"1000"`
			Email    string `json:"email" maxLength:"1000"`
			Password string `json:"password"`
		}
	}
	loginInput struct {
		Body struct {
			Email    string `json:"email" maxLength:"1000"`
			Password string `json:"password"`
		}
	}
	userBody struct {
		User User `json:"user"`
	}
	// signedIn answers a request that opened a session.
	signedIn struct {
		SetCookie string `header:"Set-Cookie"`
		Body      userBody
	}
	successBody struct {
		Success bool `json:"success"`
	}
	signedOut struct {
		SetCookie []string `header:"Set-Cookie"`
		Body      successBody
	}

	meSession struct {
		ExpiresAt time.Time `json:"expiresAt"`
	}
	meBody struct {
		User           User       `json:"user"`
		Session        *meSession `json:"session" doc:"Null for API tokens and without authentication."`
		AuthMode       Mode       `json:"authMode" enum:"local,disabled"`
		IsAuthDisabled bool       `json:"isAuthDisabled"`
	}
	meOutput struct{ Body meBody }

	profileInput struct {
		Body struct {
			Name     *string `json:"name,omitempty" maxLength:"1000"`
			Language *string `json:"language,omitempty" enum:",en,zh"`
			Theme    *string `json:"theme,omitempty" enum:",light,dark"`
		}
	}
	profileOutput struct{ Body userBody }

	passwordInput struct {
		Body struct {
			CurrentPassword string `json:"currentPassword"`
			NewPassword     string `json:"newPassword"`
			RevokeTokens    bool   `json:"revokeTokens,omitempty" doc:"Also revoke all API tokens of the account."`
		}
	}
	passwordOutput struct {
		SetCookie []string `header:"Set-Cookie"`
	}

	sessionsOutput struct{ Body []Session }
	tokensOutput   struct{ Body []Token }
	idInput        struct {
		ID string `path:"id" maxLength:"100"`
	}
	tokenInput struct {
		Body struct {
			Name          string   `json:"name" maxLength:"1000"`
			Scopes        []string `json:"scopes" maxItems:"10"`
			ExpiresInDays int      `json:"expiresInDays,omitempty" minimum:"1" maximum:"3650" doc:"Without it the token does not expire."`
		}
	}
	createdToken struct {
		Value string `json:"token" doc:"The token itself. It is shown this once."`
		Token
	}
	tokenOutput struct{ Body createdToken }
)

// Routes adds the routes of sign-in, profile, sessions, tokens and accounts.
func (s *Service) Routes(t *server.Table) {
	public := func(method, path, summary string, rate server.RateClass, status int) server.Route {
		return server.Route{Method: method, Path: path, Access: server.Public, Rate: rate, Summary: summary, Tag: tag, Status: status, BodyLimit: formLimit}
	}
	own := func(method, path, scope, summary string, status int) server.Route {
		return server.Route{Method: method, Path: path, Access: server.User, Scope: scope, Summary: summary, Tag: tag, Status: status, BodyLimit: formLimit}
	}
	server.Handle(t, public("GET", "/api/auth/state", "Tell whether set-up or sign-in is needed", server.RateDefault, 0), s.getState)
	server.Handle(t, public("POST", "/api/auth/setup", "Make the first account", server.RateAuth, 201), s.postSetup)
	server.Handle(t, public("POST", "/api/auth/register", "Make an account for oneself, where this is open", server.RateAuth, 201), s.postRegister)
	server.Handle(t, public("POST", "/api/auth/login", "Sign in", server.RateAuth, 0), s.postLogin)
	server.Handle(t, public("POST", "/api/auth/logout", "Sign out", server.RateDefault, 0), s.postLogout)
	server.Handle(t, own("GET", "/api/auth/me", "", "Tell who is signed in", 0), s.getMe)
	server.Handle(t, own("PATCH", "/api/auth/me", "", "Change one's own name, language or theme", 0), s.patchMe)

	password := own("POST", "/api/auth/password", server.ScopeAdmin, "Change one's own password; all sessions end and this browser gets a new one", 204)
	password.Rate = server.RateAuth
	server.Handle(t, password, s.postPassword)

	// Credentials beget no stronger credentials: a token needs the widest scope
	// to touch sessions and tokens.
	server.Handle(t, own("GET", "/api/auth/sessions", "", "List one's own sessions", 0), s.getSessions)
	server.Handle(t, own("DELETE", "/api/auth/sessions", server.ScopeAdmin, "End all of one's sessions but this one", 204), s.deleteSessions)
	session := own("DELETE", "/api/auth/sessions/{id}", server.ScopeAdmin, "End one of one's own sessions", 204)
	session.Access = server.OwnerOf("session")
	server.Handle(t, session, s.deleteSession)
	server.Handle(t, own("GET", "/api/auth/tokens", "", "List one's own API tokens", 0), s.getTokens)
	tokens := own("POST", "/api/auth/tokens", server.ScopeAdmin, "Make an API token", 201)
	tokens.Rate = server.RateAuth // its answer holds a secret: never compressed
	server.Handle(t, tokens, s.postToken)
	token := own("DELETE", "/api/auth/tokens/{id}", server.ScopeAdmin, "Revoke one of one's own API tokens", 204)
	token.Access = server.OwnerOf("token")
	server.Handle(t, token, s.deleteToken)
	s.adminRoutes(t)
}

// formLimit bounds the bodies of this package's routes, in bytes.
const formLimit = 16 << 10

func (s *Service) getState(ctx context.Context, _ *empty) (*stateOutput, error) {
	exist, err := s.accountsExist(ctx)
	if err != nil {
		return nil, err
	}
	return &stateOutput{Body: stateBody{
		SetupRequired: s.mode == Local && !exist, AuthMode: s.mode,
		RegistrationOpen: s.mode == Local && exist && s.registrationOpen(), Version: s.version,
	}}, nil
}

// refuseDisabled stops what makes no sense without accounts.
func (s *Service) refuseDisabled() error {
	if s.mode == Disabled {
		return server.Forbidden("auth_disabled", "Authentication is disabled.")
	}
	return nil
}

func (s *Service) postSetup(ctx context.Context, in *setupInput) (*signedIn, error) {
	if err := s.refuseDisabled(); err != nil {
		return nil, err
	}
	b := in.Body
	user, err := s.SetUp(ctx, b.Token, NewUser{Email: b.Email, Name: b.Name, Password: b.Password})
	if err != nil {
		return nil, err
	}
	return s.signedIn(ctx, user)
}

func (s *Service) postRegister(ctx context.Context, in *registerInput) (*signedIn, error) {
	if err := s.refuseDisabled(); err != nil {
		return nil, err
	}
	exist, err := s.accountsExist(ctx)
	if err != nil {
		return nil, err
	}
	if !exist {
		return nil, server.Forbidden("setup_required", "InnoClaw is not set up yet. Open the link that the server printed at its start.")
	}
	if !s.registrationOpen() {
		return nil, server.Forbidden("registration_closed", "Registration is closed. Ask an administrator for an account.")
	}
	b := in.Body
	user, err := s.CreateUser(ctx, NewUser{Email: b.Email, Name: b.Name, Password: b.Password, Role: RoleUser})
	if err != nil {
		return nil, err
	}
	return s.signedIn(ctx, user)
}

func (s *Service) postLogin(ctx context.Context, in *loginInput) (*signedIn, error) {
	if err := s.refuseDisabled(); err != nil {
		return nil, err
	}
	if in.Body.Email == "" || in.Body.Password == "" {
		return nil, server.Invalid("missing", "Missing email or password.")
	}
	id, err := s.checkLogin(ctx, in.Body.Email, in.Body.Password, server.ClientKey(server.RequestFrom(ctx)))
	if err != nil {
		return nil, err
	}
	return s.signedIn(ctx, User{ID: id})
}

// signedIn opens a session for user and answers with the account as it is then.
func (s *Service) signedIn(ctx context.Context, user User) (*signedIn, error) {
	r := server.RequestFrom(ctx)
	o, err := s.signIn(ctx, r, user.ID)
	if err != nil {
		return nil, err
	}
	if user, err = s.User(ctx, user.ID); err != nil {
		return nil, err
	}
	return &signedIn{SetCookie: s.cookie(r, o), Body: userBody{user}}, nil
}

func (s *Service) postLogout(ctx context.Context, _ *empty) (*signedOut, error) {
	out := &signedOut{Body: successBody{true}}
	caller, ok := server.CallerFrom(ctx)
	if s.mode == Disabled || !ok || caller.SessionID == "" {
		return out, nil
	}
	if err := s.RevokeSession(ctx, caller.UserID, caller.SessionID); err != nil {
		return nil, err
	}
	out.SetCookie = []string{s.cookie(server.RequestFrom(ctx), opened{})}
	return out, nil
}

func (s *Service) getMe(ctx context.Context, _ *empty) (*meOutput, error) {
	caller, _ := server.CallerFrom(ctx)
	user, err := s.User(ctx, caller.UserID)
	if err != nil {
		return nil, err
	}
	body := meBody{User: user, AuthMode: s.mode, IsAuthDisabled: s.mode == Disabled}
	if caller.SessionID != "" {
		expires, err := s.sessionExpiry(ctx, caller.SessionID)
		if err != nil {
			return nil, err
		}
		body.Session = &meSession{expires}
	}
	return &meOutput{Body: body}, nil
}

func (s *Service) patchMe(ctx context.Context, in *profileInput) (*profileOutput, error) {
	caller, _ := server.CallerFrom(ctx)
	user, err := s.updateProfile(ctx, caller.UserID, in.Body.Name, in.Body.Language, in.Body.Theme)
	if err != nil {
		return nil, err
	}
	return &profileOutput{Body: userBody{user}}, nil
}

func (s *Service) postPassword(ctx context.Context, in *passwordInput) (*passwordOutput, error) {
	if err := s.refuseDisabled(); err != nil {
		return nil, err
	}
	caller, _ := server.CallerFrom(ctx)
	r := server.RequestFrom(ctx)
	o, err := s.changePassword(ctx, r, caller, in.Body.CurrentPassword, in.Body.NewPassword, in.Body.RevokeTokens)
	if err != nil {
		return nil, err
	}
	if o.secret == "" {
		return &passwordOutput{}, nil
	}
	return &passwordOutput{SetCookie: []string{s.cookie(r, o)}}, nil
}

func (s *Service) getSessions(ctx context.Context, _ *empty) (*sessionsOutput, error) {
	caller, _ := server.CallerFrom(ctx)
	sessions, err := s.Sessions(ctx, caller.UserID, caller.SessionID)
	return &sessionsOutput{sessions}, err
}

func (s *Service) deleteSessions(ctx context.Context, _ *empty) (*empty, error) {
	caller, _ := server.CallerFrom(ctx)
	return nil, s.RevokeOtherSessions(ctx, caller.UserID, caller.SessionID)
}

func (s *Service) deleteSession(ctx context.Context, in *idInput) (*empty, error) {
	caller, _ := server.CallerFrom(ctx)
	return nil, s.RevokeSession(ctx, caller.UserID, in.ID)
}

func (s *Service) getTokens(ctx context.Context, _ *empty) (*tokensOutput, error) {
	caller, _ := server.CallerFrom(ctx)
	tokens, err := s.Tokens(ctx, caller.UserID)
	return &tokensOutput{tokens}, err
}

func (s *Service) postToken(ctx context.Context, in *tokenInput) (*tokenOutput, error) {
	if err := s.refuseDisabled(); err != nil {
		return nil, err
	}
	caller, _ := server.CallerFrom(ctx)
	n := NewToken{Name: in.Body.Name, Scopes: in.Body.Scopes}
	if days := in.Body.ExpiresInDays; days > 0 {
		n.ExpiresAt = s.now().AddDate(0, 0, days)
	}
	value, token, err := s.CreateToken(ctx, caller.UserID, n)
	if err != nil {
		return nil, err
	}
	s.log.Info("API token made", "user", caller.UserID, "token", token.ID, "id", server.RequestID(ctx))
	return &tokenOutput{Body: createdToken{value, token}}, nil
}

func (s *Service) deleteToken(ctx context.Context, in *idInput) (*empty, error) {
	caller, _ := server.CallerFrom(ctx)
	return nil, s.RevokeToken(ctx, caller.UserID, in.ID)
}
