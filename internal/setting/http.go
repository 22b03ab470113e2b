package setting

import (
	"context"
	"errors"
	"net/http"

	"github.com/innoclaw/innoclaw/internal/config"
	"github.com/innoclaw/innoclaw/internal/server"
)

// View is a setting as the settings page shows it. A secret's value never leaves
// the server: Value is absent and IsSet tells whether there is one.
type View struct {
	Key      string   `json:"key"`
	Type     string   `json:"type" enum:"string,enum,int,url,list,secret"`
	Value    *string  `json:"value" nullable:"true"`
	Secret   bool     `json:"secret"`
	IsSet    bool     `json:"isSet"`
	Origin   string   `json:"origin" enum:"flag,environment,file,stored,default"`
	Editable bool     `json:"editable" doc:"Whether the setting can be changed here; false when the environment gives it."`
	Default  string   `json:"default"`
	Options  []string `json:"options,omitempty"`
	Help     string   `json:"help"`
}

// List is the answer of the settings routes.
type List struct {
	Settings []View `json:"settings"`
}

type listOutput struct{ Body List }

type changeInput struct {
	Body struct {
		Values map[string]*string `json:"values" doc:"New values by key; null removes a stored value." maxProperties:"64"`
	}
}

// Routes adds the settings routes, which only administrators may use.
func (s *Service) Routes(t *server.Table) {
	server.Handle(t, server.Route{
		Method: http.MethodGet, Path: "/api/settings", Access: server.Admin, Scope: "admin",
		Summary: "List every setting with its effective value and origin", Tag: "settings",
	}, func(context.Context, *struct{}) (*listOutput, error) {
		return &listOutput{Body: s.list()}, nil
	})
	server.Handle(t, server.Route{
		Method: http.MethodPatch, Path: "/api/settings", Access: server.Admin, Scope: "admin",
		BodyLimit: 64 << 10, Summary: "Change settings; all of them or none", Tag: "settings",
	}, func(ctx context.Context, in *changeInput) (*listOutput, error) {
		caller, _ := server.CallerFrom(ctx)
		err := s.Change(ctx, in.Body.Values, caller.UserID)
		var invalid *Invalid
		if errors.As(err, &invalid) {
			return nil, server.Problem(http.StatusBadRequest, invalid.Code, invalid.Error(), map[string]string{"key": invalid.Key})
		}
		if err != nil {
			return nil, err
		}
		return &listOutput{Body: s.list()}, nil
	})
}

func (s *Service) list() List {
	var list List
	for _, setting := range s.config.Settings() {
		v := s.Effective(setting.Key)
		view := View{
			Key: v.Key, Type: string(v.Type), Secret: v.Type == config.Secret, IsSet: v.Value != "", Origin: string(v.Origin),
			Editable: v.Editable && (v.Origin == config.FromDefault || v.Origin == config.FromStored),
			Default:  v.Default, Options: v.Options, Help: v.Help,
		}
		switch {
		case view.Secret:
		case v.Key == "WORKSPACE_ROOTS" || v.Key == "DATABASE_URL" || v.Key == "DATA_DIR":
			// Server paths and a database's password are for doctor on the server itself.
			hidden := ""
			view.Value = &hidden
		default:
			view.Value = &v.Value
		}
		list.Settings = append(list.Settings, view)
	}
	return list
}
