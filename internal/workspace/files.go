package workspace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/server"
)

// Place is a path in a workspace that the caller may use.
type Place struct {
	Workspace Workspace
	Dir       *boundary.Dir
	Path      string // clean, "" for the workspace folder
}

// At finds the place that a caller named: a path relative to the workspace, or an
// absolute one that lies in it. Without a workspace id an absolute path is looked up
// in all workspaces of the caller.
func (s *Service) At(ctx context.Context, userID, workspaceID, p string) (Place, error) {
	w, rel, err := s.find(ctx, userID, workspaceID, p)
	if err != nil {
		return Place{}, err
	}
	if rel, err = boundary.Clean(rel); err != nil {
		return Place{}, problem(err)
	}
	dir, err := s.dirOf(w)
	if err != nil {
		return Place{}, folderGone(err)
	}
	return Place{w, dir, rel}, nil
}

func (s *Service) find(ctx context.Context, userID, workspaceID, p string) (Workspace, string, error) {
	absolute := path.IsAbs(p)
	if workspaceID == "" {
		if !absolute {
			return Workspace{}, "", server.Invalid("workspace_missing", "Say which workspace: workspaceId is missing.")
		}
		return s.Locate(ctx, userID, p)
	}
	w, err := s.Get(ctx, userID, workspaceID)
	if err != nil || !absolute {
		return w, p, err
	}
	f, err := s.o.Roots.Locate(p)
	if err != nil || !within(w.path, f.Path) {
		return Workspace{}, "", notFound()
	}
	return w, strings.TrimPrefix(strings.TrimPrefix(f.Path, w.path), "/"), nil
}

// and finds a second place, which must lie in the same workspace.
func (s *Service) and(ctx context.Context, userID string, first Place, p string) (Place, error) {
	return s.At(ctx, userID, first.Workspace.ID, p)
}

// folderGone answers for a workspace whose folder cannot be opened.
func folderGone(err error) error {
	return server.WithCause(server.Problem(http.StatusNotFound, "folder_missing",
		"The folder of this workspace is not there any more, or no longer inside a workspace root."), err)
}

// touched tells listeners about changed paths.
func (s *Service) touched(w Workspace, paths ...string) {
	s.changed(Change{WorkspaceID: w.ID, Kind: Files, Paths: paths})
}

// WriteText is what to write and what to expect there.
type WriteText struct {
	Content  string
	Encoding string // "" keeps the encoding of an existing file, else UTF-8
	BOM      *bool  // nil keeps what is there
	Expect   boundary.Expect
}

// Write replaces or makes a text file.
func (s *Service) Write(ctx context.Context, at Place, in WriteText) (boundary.Written, error) {
	data, err := s.encode(ctx, at, in)
	if err != nil {
		return boundary.Written{}, err
	}
	return s.store(at, in.Expect, strings.NewReader(string(data)))
}

// CreateFile makes a new file, with missing folders above it.
func (s *Service) CreateFile(ctx context.Context, at Place, content string) (boundary.Written, error) {
	if err := s.parents(at); err != nil {
		return boundary.Written{}, err
	}
	return s.store(at, boundary.Expect{Absent: true}, strings.NewReader(content))
}

// store writes a file and tells about it.
func (s *Service) store(at Place, expect boundary.Expect, r io.Reader) (boundary.Written, error) {
	w, err := at.Dir.WriteAtomic(at.Path, expect, r)
	if err != nil {
		return w, problem(err)
	}
	s.touched(at.Workspace, w.Path)
	return w, nil
}

// parents makes the folders above a place.
func (s *Service) parents(at Place) error {
	dir, _ := boundary.Split(at.Path)
	return problem(at.Dir.MkdirAll(dir))
}

// Mkdir makes a folder, with missing folders above it.
func (s *Service) Mkdir(_ context.Context, at Place) error {
	if err := s.parents(at); err != nil {
		return err
	}
	if err := at.Dir.Mkdir(at.Path); err != nil {
		return problem(err)
	}
	s.touched(at.Workspace, at.Path)
	return nil
}

// Move gives a file or folder a new path; nothing is replaced.
func (s *Service) Move(ctx context.Context, from, to Place) error {
	if err := from.Dir.Rename(ctx, from.Path, to.Path); err != nil {
		return problem(err)
	}
	s.touched(from.Workspace, from.Path, to.Path)
	return nil
}

// Limits of one copy through the API.
const (
	maxCopyEntries = 200_000
	maxCopyBytes   = 100 << 30
)

// Copy copies a file or folder to a free path.
func (s *Service) Copy(ctx context.Context, from, to Place) (boundary.CopyResult, error) {
	res, err := from.Dir.Copy(ctx, from.Path, to.Path, boundary.CopyLimits{Entries: maxCopyEntries, Bytes: maxCopyBytes})
	if err != nil {
		return res, problem(err)
	}
	s.touched(from.Workspace, to.Path)
	return res, nil
}

// expectation reads If-Match and If-None-Match. Without either, a file that exists
// is not replaced: known is false.
func expectation(ifMatch, ifNoneMatch string) (e boundary.Expect, known bool, err error) {
	switch {
	case ifNoneMatch != "" && (ifMatch != "" || strings.TrimSpace(ifNoneMatch) != "*"):
		return e, false, server.Invalid("precondition_invalid", `Send either If-None-Match: * to create a file, or If-Match: "hash" to replace one.`)
	case ifNoneMatch != "":
		return boundary.Expect{Absent: true}, true, nil
	case ifMatch == "":
		return boundary.Expect{Absent: true}, false, nil
	}
	tag := strings.TrimSpace(ifMatch)
	if len(tag) < 3 || tag[0] != '"' || tag[len(tag)-1] != '"' || strings.ContainsAny(tag[1:len(tag)-1], `",`) {
		return e, false, server.Invalid("precondition_invalid", `If-Match takes one content hash in double quotes, as read gave it.`)
	}
	return boundary.Expect{Hash: strings.ToLower(tag[1 : len(tag)-1])}, true, nil
}

// WriteIf is Write under the conditions of the request's headers.
func (s *Service) WriteIf(ctx context.Context, at Place, in WriteText, ifMatch, ifNoneMatch string) (boundary.Written, error) {
	expect, known, err := expectation(ifMatch, ifNoneMatch)
	if err != nil {
		return boundary.Written{}, err
	}
	in.Expect = expect
	w, err := s.Write(ctx, at, in)
	if !known && boundary.CodeOf(err) == boundary.CodeExists {
		return w, server.WithCause(server.Problem(http.StatusPreconditionRequired, "precondition_required",
			`The file exists. Send its content hash as If-Match: "hash", so that no change is overwritten unseen.`), err)
	}
	return w, err
}

// Trashed is something in the trash.
type Trashed struct {
	ID, Path, Kind string
	Size           int64
	DeletedAt      time.Time
}

// ErrNotText is in the chain when a file that is no text would be written as text.
var ErrNotText = errors.New("not a text file")

func notText() error {
	return server.WithCause(server.Problem(http.StatusUnprocessableEntity, "not_text",
		"This file is not text, or its encoding is not certain. Writing it as text would damage it; upload a new file instead."), ErrNotText)
}

func notEncodable(encoding string, err error) error {
	return server.WithCause(server.Problem(http.StatusUnprocessableEntity, "not_encodable",
		fmt.Sprintf("The text cannot be stored as %s. Store it as utf-8.", encoding)), err)
}
