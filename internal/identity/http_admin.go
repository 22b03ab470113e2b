package identity

import (
	"context"

	"github.com/innoclaw/innoclaw/internal/server"
)

type (
	usersOutput struct {
		Body struct {
			Users []User `json:"users"`
		}
	}
	createUserInput struct {
		Body struct {
			Email    string `json:"email" maxLength:"1000"`
			Name     string `json:"name,omitempty" maxLength:"1000"`
			Password string `json:"password"`
			Role     string `json:"role,omitempty" enum:"admin,user" doc:"Default: user."`
		}
	}
	updateUserInput struct {
		Body struct {
			UserID   string  `json:"userId"`
			Name     *string `json:"name,omitempty" maxLength:"1000"`
			Role     *string `json:"role,omitempty" enum:"admin,user"`
			IsActive *bool   `json:"isActive,omitempty"`
			Password *string `json:"password,omitempty"`
		}
	}
	changedUser struct {
		Body struct {
			Success bool `json:"success"`
			User    User `json:"user"`
		}
	}
	deleteUserInput struct {
		Body struct {
			UserID           string `json:"userId"`
			TransferToUserID string `json:"transferToUserId,omitempty" doc:"Account that takes over the workspaces and conversations. Required."`
		}
	}
	deletedUser struct {
		Body struct {
			Success             bool   `json:"success"`
			TransferredToUserID string `json:"transferredToUserId"`
		}
	}
)

func (s *Service) adminRoutes(t *server.Table) {
	route := func(method, summary string, status int) server.Route {
		return server.Route{
			Method: method, Path: "/api/admin/users", Access: server.Admin, Summary: summary, Tag: "admin",
			Status: status, BodyLimit: formLimit,
		}
	}
	server.Handle(t, route("GET", "List all accounts", 0), s.adminList)
	server.Handle(t, route("POST", "Make an account", 201), s.adminCreate)
	server.Handle(t, route("PATCH", "Change, suspend or reset the password of an account", 0), s.adminUpdate)
	server.Handle(t, route("DELETE", "Delete an account and hand over what it owns", 0), s.adminDelete)
}

func (s *Service) refuseUserManagement() error {
	if s.mode == Disabled {
		return server.Forbidden("auth_disabled", "User management is disabled when authentication is disabled.")
	}
	return nil
}

func (s *Service) adminList(ctx context.Context, _ *empty) (*usersOutput, error) {
	if err := s.refuseUserManagement(); err != nil {
		return nil, err
	}
	users, err := s.Users(ctx)
	out := &usersOutput{}
	out.Body.Users = users
	return out, err
}

func (s *Service) adminCreate(ctx context.Context, in *createUserInput) (*changedUser, error) {
	if err := s.refuseUserManagement(); err != nil {
		return nil, err
	}
	b := in.Body
	user, err := s.CreateUser(ctx, NewUser{Email: b.Email, Name: b.Name, Password: b.Password, Role: b.Role})
	if err != nil {
		return nil, err
	}
	s.note(ctx, "account made", user.ID)
	return changed(user), nil
}

func (s *Service) adminUpdate(ctx context.Context, in *updateUserInput) (*changedUser, error) {
	if err := s.refuseUserManagement(); err != nil {
		return nil, err
	}
	b := in.Body
	if b.UserID == "" {
		return nil, errMissingUser()
	}
	user, err := s.UpdateUser(ctx, b.UserID, UserChange{Name: b.Name, Role: b.Role, IsActive: b.IsActive, Password: b.Password})
	if err != nil {
		return nil, err
	}
	s.note(ctx, "account changed", user.ID)
	return changed(user), nil
}

func (s *Service) adminDelete(ctx context.Context, in *deleteUserInput) (*deletedUser, error) {
	if err := s.refuseUserManagement(); err != nil {
		return nil, err
	}
	b := in.Body
	caller, _ := server.CallerFrom(ctx)
	if b.UserID == "" {
		return nil, errMissingUser()
	}
	if b.UserID == caller.UserID {
		return nil, server.Invalid("own_account", "You cannot delete your own account.")
	}
	if err := s.DeleteUser(ctx, b.UserID, b.TransferToUserID); err != nil {
		return nil, err
	}
	s.note(ctx, "account deleted", b.UserID)
	out := &deletedUser{}
	out.Body.Success, out.Body.TransferredToUserID = true, b.TransferToUserID
	return out, nil
}

// note logs what an administrator did to whom.
func (s *Service) note(ctx context.Context, what, userID string) {
	caller, _ := server.CallerFrom(ctx)
	s.log.Info(what, "user", userID, "by", caller.UserID, "id", server.RequestID(ctx))
}

func changed(user User) *changedUser {
	out := &changedUser{}
	out.Body.Success, out.Body.User = true, user
	return out
}

func errMissingUser() error { return server.Invalid("missing", "Missing userId.") }
