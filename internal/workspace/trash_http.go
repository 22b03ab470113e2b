package workspace

import (
	"context"
	"net/http"
	"time"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/server"
)

type (
	trashedOutput struct {
		Body struct {
			Success bool   `json:"success"`
			TrashID string `json:"trashId"`
		}
	}
	trashInput struct {
		WorkspaceID string `query:"workspaceId" required:"true" maxLength:"100"`
		Cursor      string `query:"cursor" maxLength:"1000"`
		Limit       int    `query:"limit" minimum:"0" maximum:"1000" default:"200"`
	}
	trashItemJSON struct {
		TrashID   string    `json:"trashId"`
		Path      string    `json:"path" doc:"Where it was."`
		Name      string    `json:"name"`
		Type      string    `json:"type" enum:"file,directory,symlink"`
		Size      int64     `json:"size" doc:"Of a file, in bytes."`
		DeletedAt time.Time `json:"deletedAt"`
	}
	trashJSON struct {
		Items []trashItemJSON `json:"items" nullable:"false"`
		Next  string          `json:"next,omitempty"`
	}
	trashOutput  struct{ Body trashJSON }
	restoreInput struct {
		Body struct {
			WorkspaceID string `json:"workspaceId" maxLength:"100"`
			TrashID     string `json:"trashId" maxLength:"100"`
			Path        string `json:"path,omitempty" maxLength:"4096" doc:"Where to; default: where it was, with a number if that is taken."`
		}
	}
	emptyInput struct {
		Body struct {
			WorkspaceID string   `json:"workspaceId" maxLength:"100"`
			TrashIDs    []string `json:"trashIds,omitempty" maxItems:"1000" doc:"Default: everything."`
		}
	}
	emptyOutput struct {
		Body struct {
			Success bool `json:"success"`
			Removed int  `json:"removed"`
		}
	}
)

func (s *Service) trashRoutes(t *server.Table) {
	owner := server.OwnerOf("workspace")
	server.Handle(t, route(http.MethodPost, "/api/files/delete", owner, "Move a file or folder to the trash"),
		func(ctx context.Context, in *pathInput) (*trashedOutput, error) {
			at, err := s.At(ctx, caller(ctx), in.Body.WorkspaceID, in.Body.Path)
			if err != nil {
				return nil, err
			}
			out := &trashedOutput{}
			out.Body.Success = true
			out.Body.TrashID, err = s.Trash(ctx, caller(ctx), at)
			return out, err
		})
	server.Handle(t, route(http.MethodGet, "/api/files/trash", owner, "List the trash, the last deleted first"), s.trashHTTP)
	server.Handle(t, route(http.MethodPost, "/api/files/trash/restore", owner, "Bring something back from the trash"),
		func(ctx context.Context, in *restoreInput) (*pathOutput, error) {
			at, err := s.At(ctx, caller(ctx), in.Body.WorkspaceID, in.Body.Path)
			if err != nil {
				return nil, err
			}
			return pathOf(s.Restore(ctx, at.Workspace, in.Body.TrashID, at.Path))
		})
	server.Handle(t, route(http.MethodPost, "/api/files/trash/empty", owner, "Remove things from the trash for good"),
		func(ctx context.Context, in *emptyInput) (*emptyOutput, error) {
			w, err := s.Get(ctx, caller(ctx), in.Body.WorkspaceID)
			if err != nil {
				return nil, err
			}
			out := &emptyOutput{}
			out.Body.Success = true
			out.Body.Removed, err = s.EmptyTrash(ctx, w, in.Body.TrashIDs)
			return out, err
		})
}

func (s *Service) trashHTTP(ctx context.Context, in *trashInput) (*trashOutput, error) {
	w, err := s.Get(ctx, caller(ctx), in.WorkspaceID)
	if err != nil {
		return nil, err
	}
	if in.Limit == 0 {
		in.Limit = trashPage
	}
	items, next, err := s.TrashList(ctx, w, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &trashOutput{Body: trashJSON{Items: make([]trashItemJSON, 0, len(items)), Next: next}}
	for _, i := range items {
		_, name := boundary.Split(i.Path)
		out.Body.Items = append(out.Body.Items, trashItemJSON{i.ID, i.Path, name, i.Kind, i.Size, i.DeletedAt})
	}
	return out, nil
}
