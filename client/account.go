package client

import (
	"context"
	"net/http"
	"time"
)

// User is an account.
type User struct {
	ID          string     `json:"id"`
	Email       string     `json:"email"`
	Name        string     `json:"name"`
	Role        string     `json:"role"` // admin or user
	IsActive    bool       `json:"isActive"`
	Language    string     `json:"language"`
	Theme       string     `json:"theme"`
	LastLoginAt *time.Time `json:"lastLoginAt"`
	CreatedAt   time.Time  `json:"createdAt"`
	UpdatedAt   time.Time  `json:"updatedAt"`
}

// AuthState tells what a visitor has to do first.
type AuthState struct {
	SetupRequired    bool   `json:"setupRequired"`
	AuthMode         string `json:"authMode"`
	RegistrationOpen bool   `json:"registrationOpen"`
	Version          string `json:"version"`
}

// AuthState asks whether the server has been set up.
func (c *Client) AuthState(ctx context.Context) (s AuthState, err error) {
	err = c.call(ctx, request{method: http.MethodGet, path: "/api/auth/state"}, &s)
	return s, err
}

type userAnswer struct {
	User User `json:"user"`
}

// Setup makes the first account with the one-time token that the server printed,
// and signs in.
func (c *Client) Setup(ctx context.Context, token, name, email, password string) (User, error) {
	var answer userAnswer
	err := c.call(ctx, request{method: http.MethodPost, path: "/api/auth/setup", body: map[string]string{
		"token": token, "name": name, "email": email, "password": password,
	}}, &answer)
	return answer.User, err
}

// Login signs in with a password.
func (c *Client) Login(ctx context.Context, email, password string) (User, error) {
	var answer userAnswer
	err := c.call(ctx, request{method: http.MethodPost, path: "/api/auth/login", body: map[string]string{
		"email": email, "password": password,
	}}, &answer)
	return answer.User, err
}

// Logout ends the session.
func (c *Client) Logout(ctx context.Context) error {
	return c.call(ctx, request{method: http.MethodPost, path: "/api/auth/logout"}, nil)
}

// Me tells who is signed in.
func (c *Client) Me(ctx context.Context) (User, error) {
	var answer userAnswer
	err := c.call(ctx, request{method: http.MethodGet, path: "/api/auth/me"}, &answer)
	return answer.User, err
}
