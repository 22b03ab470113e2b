package workspace

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/server"
)

// workspaceJSON is a workspace as the API shows it.
type workspaceJSON struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	Description  string    `json:"description"`
	FolderPath   string    `json:"folderPath" doc:"Root and folder below it, such as research/projects/a. Empty when no configured root holds the folder any more."`
	Root         string    `json:"root" doc:"Name of the root."`
	OwnerUserID  string    `json:"ownerUserId"`
	LastOpenedAt time.Time `json:"lastOpenedAt"`
	CreatedAt    time.Time `json:"createdAt"`
	UpdatedAt    time.Time `json:"updatedAt"`
	Missing      bool      `json:"missing" doc:"Whether the folder cannot be opened at present."`
}

func (s *Service) show(w Workspace) workspaceJSON {
	return workspaceJSON{
		ID: w.ID, Name: w.Name, Description: w.Description, FolderPath: w.Folder.Display(), Root: w.Folder.Root, OwnerUserID: w.OwnerID,
		LastOpenedAt: w.LastOpenedAt, CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt, Missing: s.Missing(w),
	}
}

type (
	workspaceOutput struct{ Body workspaceJSON }
	createOutput    struct {
		Status int
		Body   workspaceJSON
	}
	listOutput struct{ Body []workspaceJSON }
	idInput    struct {
		ID string `path:"id" maxLength:"100"`
	}
	createInput struct {
		Body struct {
			Name        string `json:"name,omitempty" maxLength:"400" doc:"Default: the name of the folder."`
			FolderPath  string `json:"folderPath" minLength:"1" maxLength:"4096" doc:"Root and folder below it, or the absolute path."`
			Description string `json:"description,omitempty" maxLength:"8000"`
			Create      bool   `json:"create,omitempty" doc:"Make the folder if it is missing."`
		}
	}
	patchInput struct {
		ID   string `path:"id" maxLength:"100"`
		Body struct {
			Name        *string `json:"name,omitempty" maxLength:"400"`
			Description *string `json:"description,omitempty" maxLength:"8000"`
		}
	}
	rootJSON struct {
		Name     string `json:"name"`
		Writable bool   `json:"writable"`
	}
	rootsOutput  struct{ Body []rootJSON }
	foldersInput struct {
		Root string `query:"root" required:"true" maxLength:"255"`
		Path string `query:"path" maxLength:"4096" doc:"Folder below the root; a full root/folder path is accepted too."`
	}
	folderJSON struct {
		Name        string `json:"name"`
		Path        string `json:"path"`
		WorkspaceID string `json:"workspaceId,omitempty" doc:"Your workspace that this folder already is."`
	}
	foldersJSON struct {
		Path    string       `json:"path"`
		Parent  *string      `json:"parent" nullable:"true"`
		Folders []folderJSON `json:"folders" nullable:"false"`
	}
	foldersOutput struct{ Body foldersJSON }
)

// caller gives the id of the person who sent a request.
func caller(ctx context.Context) string {
	c, _ := server.CallerFrom(ctx)
	return c.UserID
}

// Routes adds all routes of workspaces and files.
func (s *Service) Routes(t *server.Table) {
	s.workspaceRoutes(t)
	s.rootRoutes(t)
	s.readRoutes(t)
	s.changeRoutes(t)
	s.trashRoutes(t)
	s.rawRoute(t)
	s.uploadRoute(t)
}

// route fills in what the rows of this package share.
func route(method, path string, access server.Access, summary string) server.Route {
	return server.Route{Method: method, Path: path, Access: access, Summary: summary, Tag: strings.Split(path, "/")[2]}
}

func (s *Service) workspaceRoutes(t *server.Table) {
	owner := server.OwnerOf("workspace")
	server.Handle(t, route(http.MethodGet, "/api/workspaces", server.User, "List your workspaces, the last opened first"),
		func(ctx context.Context, _ *struct{}) (*listOutput, error) {
			list, err := s.List(ctx, caller(ctx))
			if err != nil {
				return nil, err
			}
			out := &listOutput{Body: make([]workspaceJSON, 0, len(list))}
			for _, w := range list {
				out.Body = append(out.Body, s.show(w))
			}
			return out, nil
		})
	create := route(http.MethodPost, "/api/workspaces", server.User, "Open a folder as a workspace; 200 if it already is yours")
	create.Status = http.StatusCreated
	server.Handle(t, create, s.createHTTP)
	server.Handle(t, route(http.MethodGet, "/api/workspaces/{id}", owner, "Show a workspace"),
		func(ctx context.Context, in *idInput) (*workspaceOutput, error) {
			return s.showOutput(s.Get(ctx, caller(ctx), in.ID))
		})
	server.Handle(t, route(http.MethodPatch, "/api/workspaces/{id}", owner, "Change name or description"),
		func(ctx context.Context, in *patchInput) (*workspaceOutput, error) {
			return s.showOutput(s.Update(ctx, caller(ctx), in.ID, Patch{in.Body.Name, in.Body.Description}))
		})
	server.Handle(t, route(http.MethodPost, "/api/workspaces/{id}/open", owner, "Note that you opened a workspace"),
		func(ctx context.Context, in *idInput) (*workspaceOutput, error) {
			return s.showOutput(s.Touch(ctx, caller(ctx), in.ID))
		})
	server.Handle(t, route(http.MethodDelete, "/api/workspaces/{id}", owner,
		"Close a workspace for good: its conversations and index go, its files stay on disk"),
		func(ctx context.Context, in *idInput) (*struct{}, error) {
			return nil, s.Delete(ctx, caller(ctx), in.ID)
		})
}

func (s *Service) showOutput(w Workspace, err error) (*workspaceOutput, error) {
	if err != nil {
		return nil, err
	}
	return &workspaceOutput{Body: s.show(w)}, nil
}

func (s *Service) createHTTP(ctx context.Context, in *createInput) (*createOutput, error) {
	b := in.Body
	w, created, err := s.CreateWith(ctx, caller(ctx), NewWorkspace{Name: b.Name, Description: b.Description, Folder: b.FolderPath, MakeFolder: b.Create})
	if err != nil {
		return nil, err
	}
	out := &createOutput{Status: http.StatusOK, Body: s.show(w)}
	if created {
		out.Status = http.StatusCreated
	}
	return out, nil
}

func (s *Service) rootRoutes(t *server.Table) {
	server.Handle(t, route(http.MethodGet, "/api/roots", server.User, "List the roots in which workspaces may lie"),
		func(context.Context, *struct{}) (*rootsOutput, error) {
			out := &rootsOutput{}
			for _, r := range s.o.Roots.List() {
				out.Body = append(out.Body, rootJSON{r.Name, r.Writable})
			}
			return out, nil
		})
	server.Handle(t, route(http.MethodGet, "/api/roots/folders", server.User, "List folders that could be opened"),
		func(ctx context.Context, in *foldersInput) (*foldersOutput, error) {
			folder := in.Root
			if in.Path != "" && in.Path != in.Root && !strings.HasPrefix(in.Path, in.Root+"/") {
				folder = boundary.Join(in.Root, in.Path)
			} else if in.Path != "" {
				folder = in.Path
			}
			at, list, err := s.Folders(ctx, caller(ctx), folder)
			if err != nil {
				return nil, err
			}
			out := &foldersOutput{Body: foldersJSON{Path: at.Display(), Folders: make([]folderJSON, 0, len(list))}}
			if at.Rel != "" {
				parent, _ := boundary.Split(at.Display())
				out.Body.Parent = &parent
			}
			for _, f := range list {
				out.Body.Folders = append(out.Body.Folders, folderJSON(f))
			}
			return out, nil
		})
}
