package workspace

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/server"
)

// Page sizes of listings.
const (
	defaultPage = 1000
	maxPage     = 5000
	trashPage   = 200
)

type (
	// PlaceInput names a file in the query of a GET. Exported, for package huma passes
	// over embedded types that are not.
	PlaceInput struct {
		WorkspaceID string `query:"workspaceId" maxLength:"100" doc:"May be left out with an absolute path."`
		Path        string `query:"path" maxLength:"4096" doc:"Relative to the workspace; an absolute path inside one of your workspaces is accepted."`
	}
	browseInput struct {
		PlaceInput
		Cursor string `query:"cursor" maxLength:"1000"`
		Limit  int    `query:"limit" minimum:"0" maximum:"5000" default:"1000"`
		Hidden bool   `query:"hidden" doc:"Also names that start with a dot."`
	}
	entryJSON struct {
		Name       string    `json:"name"`
		Path       string    `json:"path"`
		Type       string    `json:"type" enum:"file,directory,symlink,special"`
		Size       int64     `json:"size"`
		Modified   time.Time `json:"modified"`
		Target     string    `json:"target,omitempty" doc:"Where a symlink leads, if inside the workspace."`
		TargetType string    `json:"targetType,omitempty" enum:"file,directory,special,missing,outside" doc:"What a symlink leads to."`
		Unusable   bool      `json:"unusable,omitempty" doc:"The name is not valid UTF-8 or has control characters: rename it on the server to use it."`
	}
	browseJSON struct {
		Path    string      `json:"path"`
		Entries []entryJSON `json:"entries" nullable:"false"`
		Total   int         `json:"total"`
		Next    string      `json:"next,omitempty" doc:"Cursor of the next page."`
	}
	browseOutput struct{ Body browseJSON }

	readInput struct {
		PlaceInput
		Offset int64 `query:"offset" minimum:"0" doc:"In bytes."`
		Limit  int64 `query:"limit" minimum:"0" maximum:"5242880" doc:"In bytes; 0 for the most that is given."`
	}
	readJSON struct {
		Path        string    `json:"path"`
		Content     string    `json:"content" doc:"The text without byte order mark; empty for a binary file."`
		Encoding    string    `json:"encoding"`
		Binary      bool      `json:"binary"`
		Size        int64     `json:"size" doc:"Of the whole file, in bytes."`
		ContentHash string    `json:"contentHash" doc:"SHA-256 of the whole file; empty for a part of a very large file."`
		Modified    time.Time `json:"modified"`
		Offset      int64     `json:"offset"`
		Length      int64     `json:"length" doc:"Of this part, in bytes of the file."`
		Truncated   bool      `json:"truncated"`
		LineEnding  string    `json:"lineEnding" enum:",lf,crlf,cr,mixed"`
		BOM         bool      `json:"bom"`
		Editable    bool      `json:"editable" doc:"Whether content is the whole file and can be written back without loss."`
	}
	readOutput struct{ Body readJSON }

	writeInput struct {
		IfMatch     string `header:"If-Match" maxLength:"200" doc:"Content hash in double quotes: write only if the file is still this version."`
		IfNoneMatch string `header:"If-None-Match" maxLength:"10" doc:"* to write only if there is no such file."`
		Body        struct {
			WorkspaceID string `json:"workspaceId,omitempty" maxLength:"100"`
			Path        string `json:"path" maxLength:"4096"`
			Content     string `json:"content"`
			Encoding    string `json:"encoding,omitempty" maxLength:"40" doc:"Default: the encoding that the file has, else utf-8."`
			BOM         *bool  `json:"bom,omitempty" doc:"Default: as the file has it."`
		}
	}
	writtenJSON struct {
		Path        string    `json:"path"`
		ContentHash string    `json:"contentHash"`
		Size        int64     `json:"size"`
		Modified    time.Time `json:"modified"`
	}
	writtenOutput struct {
		ETag string `header:"ETag"`
		Body writtenJSON
	}
	createFileInput struct {
		Body struct {
			WorkspaceID string `json:"workspaceId,omitempty" maxLength:"100"`
			Path        string `json:"path" maxLength:"4096"`
			Content     string `json:"content,omitempty"`
		}
	}
	pathInput struct {
		Body struct {
			WorkspaceID string `json:"workspaceId,omitempty" maxLength:"100"`
			Path        string `json:"path" maxLength:"4096"`
		}
	}
	renameInput struct {
		Body struct {
			WorkspaceID string `json:"workspaceId,omitempty" maxLength:"100"`
			OldPath     string `json:"oldPath" maxLength:"4096"`
			NewPath     string `json:"newPath" maxLength:"4096"`
		}
	}
	transferInput struct {
		Body struct {
			WorkspaceID string `json:"workspaceId,omitempty" maxLength:"100"`
			SourcePath  string `json:"sourcePath" maxLength:"4096"`
			DestPath    string `json:"destPath" maxLength:"4096"`
		}
	}
	pathJSON struct {
		Success bool   `json:"success"`
		Path    string `json:"path"`
	}
	pathOutput struct{ Body pathJSON }
	copiedJSON struct {
		Success bool     `json:"success"`
		Path    string   `json:"path"`
		Entries int      `json:"entries" doc:"Files and folders that were copied."`
		Bytes   int64    `json:"bytes"`
		Skipped []string `json:"skipped,omitempty" doc:"Special files, which are not copied."`
	}
	copiedOutput struct{ Body copiedJSON }
)

func (s *Service) readRoutes(t *server.Table) {
	owner := server.OwnerOf("workspace")
	server.Handle(t, route(http.MethodGet, "/api/files/browse", owner, "List a folder, folders first, by pages"), s.browse)
	server.Handle(t, route(http.MethodGet, "/api/files/read", owner, "Read a text file or a part of it"), s.read)
}

func (s *Service) browse(ctx context.Context, in *browseInput) (*browseOutput, error) {
	at, err := s.At(ctx, caller(ctx), in.WorkspaceID, in.Path)
	if err != nil {
		return nil, err
	}
	if in.Limit == 0 {
		in.Limit = defaultPage
	}
	page, err := at.Dir.List(ctx, at.Path, boundary.ListOptions{Cursor: in.Cursor, Limit: min(in.Limit, maxPage), Hidden: in.Hidden})
	if err != nil {
		return nil, problem(err)
	}
	out := &browseOutput{Body: browseJSON{Path: at.Path, Total: page.Total, Next: page.Next, Entries: make([]entryJSON, 0, len(page.Entries))}}
	for i := range page.Entries {
		out.Body.Entries = append(out.Body.Entries, showEntry(&page.Entries[i]))
	}
	return out, nil
}

func showEntry(e *boundary.ListEntry) entryJSON {
	j := entryJSON{Name: e.Name(), Path: e.Path, Type: string(e.Kind), Size: e.Size, Modified: e.ModTime.UTC(),
		Target: e.Target, TargetType: string(e.TargetKind), Unusable: e.BadName}
	if e.BadName {
		j.Name, j.Path = strings.ToValidUTF8(j.Name, "\uFFFD"), strings.ToValidUTF8(j.Path, "\uFFFD")
	}
	return j
}

func (s *Service) read(ctx context.Context, in *readInput) (*readOutput, error) {
	at, err := s.At(ctx, caller(ctx), in.WorkspaceID, in.Path)
	if err != nil {
		return nil, err
	}
	c, err := s.Read(ctx, at, in.Offset, in.Limit)
	if err != nil {
		return nil, err
	}
	return &readOutput{Body: readJSON{
		Path: c.Path, Content: c.Text, Encoding: c.Encoding, Binary: c.Binary, Size: c.Size, ContentHash: c.Hash, Modified: c.Modified.UTC(),
		Offset: c.Offset, Length: c.Length, Truncated: c.Truncated(), LineEnding: c.LineEnding, BOM: c.BOM, Editable: c.Exact,
	}}, nil
}

func (s *Service) changeRoutes(t *server.Table) {
	owner := server.OwnerOf("workspace")
	write := route(http.MethodPost, "/api/files/write", owner, "Write a text file that is still the version you know, or a new one")
	write.BodyLimit = 2*MaxText + 64<<10 // escapes can double the text
	server.Handle(t, write, s.writeHTTP)
	create := route(http.MethodPost, "/api/files/create", owner, "Make a new file")
	create.BodyLimit, create.Status = write.BodyLimit, http.StatusCreated
	server.Handle(t, create, func(ctx context.Context, in *createFileInput) (*writtenOutput, error) {
		at, err := s.At(ctx, caller(ctx), in.Body.WorkspaceID, in.Body.Path)
		if err != nil {
			return nil, err
		}
		return written(s.CreateFile(ctx, at, in.Body.Content))
	})
	mkdir := route(http.MethodPost, "/api/files/mkdir", owner, "Make a folder")
	mkdir.Status = http.StatusCreated
	server.Handle(t, mkdir, func(ctx context.Context, in *pathInput) (*pathOutput, error) {
		at, err := s.At(ctx, caller(ctx), in.Body.WorkspaceID, in.Body.Path)
		if err != nil {
			return nil, err
		}
		return pathOf(at.Path, s.Mkdir(ctx, at))
	})
	server.Handle(t, route(http.MethodPost, "/api/files/rename", owner, "Rename a file or folder; never replaces"),
		func(ctx context.Context, in *renameInput) (*pathOutput, error) {
			return s.move(ctx, in.Body.WorkspaceID, in.Body.OldPath, in.Body.NewPath)
		})
	server.Handle(t, route(http.MethodPost, "/api/files/move", owner, "Move a file or folder; never replaces"),
		func(ctx context.Context, in *transferInput) (*pathOutput, error) {
			return s.move(ctx, in.Body.WorkspaceID, in.Body.SourcePath, in.Body.DestPath)
		})
	server.Handle(t, route(http.MethodPost, "/api/files/copy", owner, "Copy a file or folder; never replaces"), s.copyHTTP)
}

func (s *Service) writeHTTP(ctx context.Context, in *writeInput) (*writtenOutput, error) {
	at, err := s.At(ctx, caller(ctx), in.Body.WorkspaceID, in.Body.Path)
	if err != nil {
		return nil, err
	}
	text := WriteText{Content: in.Body.Content, Encoding: strings.ToLower(in.Body.Encoding), BOM: in.Body.BOM}
	return written(s.WriteIf(ctx, at, text, in.IfMatch, in.IfNoneMatch))
}

func written(w boundary.Written, err error) (*writtenOutput, error) {
	if err != nil {
		return nil, err
	}
	return &writtenOutput{ETag: `"` + w.Hash + `"`, Body: writtenJSON{w.Path, w.Hash, w.Size, w.ModTime.UTC()}}, nil
}

func pathOf(p string, err error) (*pathOutput, error) {
	if err != nil {
		return nil, err
	}
	return &pathOutput{Body: pathJSON{true, p}}, nil
}

// both finds two places in one workspace.
func (s *Service) both(ctx context.Context, workspaceID, source, dest string) (from, to Place, err error) {
	from, err = s.At(ctx, caller(ctx), workspaceID, source)
	if err == nil {
		to, err = s.and(ctx, caller(ctx), from, dest)
	}
	return from, to, err
}

func (s *Service) move(ctx context.Context, workspaceID, source, dest string) (*pathOutput, error) {
	from, to, err := s.both(ctx, workspaceID, source, dest)
	if err != nil {
		return nil, err
	}
	return pathOf(to.Path, s.Move(ctx, from, to))
}

func (s *Service) copyHTTP(ctx context.Context, in *transferInput) (*copiedOutput, error) {
	from, to, err := s.both(ctx, in.Body.WorkspaceID, in.Body.SourcePath, in.Body.DestPath)
	if err != nil {
		return nil, err
	}
	res, err := s.Copy(ctx, from, to)
	if err != nil {
		return nil, err
	}
	return &copiedOutput{Body: copiedJSON{true, to.Path, res.Entries, res.Bytes, res.Skipped}}, nil
}
