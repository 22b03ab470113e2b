package workspace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/server"
)

// Limits of one upload request.
const (
	maxUploadFiles = 10_000
	maxFieldBytes  = 8 << 10 // of a text field, such as a relative path
)

type (
	uploadedFile struct {
		Name        string `json:"name" doc:"As sent, without folders."`
		Path        string `json:"path,omitempty" doc:"Where it was stored."`
		Size        int64  `json:"size,omitempty"`
		ContentHash string `json:"contentHash,omitempty"`
		Error       string `json:"error,omitempty"`
		Code        string `json:"code,omitempty"`
	}
	uploadedJSON struct {
		Files []uploadedFile `json:"files" nullable:"false"`
	}
)

func (s *Service) uploadRoute(t *server.Table) {
	row := route(http.MethodPost, "/api/files/upload", server.OwnerOf("workspace"),
		"Upload files into a folder. A text field relativePath before a file puts it into folders below; each file has its own result")
	row.BodyLimit, row.Rate, row.ContentTypes = -1, server.RateUpload, []string{"multipart/form-data"}
	server.Raw(t, row, server.RawDoc{Response: uploadedJSON{}, Params: []server.Param{
		{Name: "workspaceId", Description: "May be left out with an absolute dir."},
		{Name: "dir", Description: "Folder to upload to; default: the workspace folder."},
		{Name: "conflict", Description: "When a name is taken: fail (default), or rename to store under a numbered name."},
	}}, s.uploadHTTP)
}

// upload is one upload request in progress.
type upload struct {
	s        *Service
	user     string
	wsID     string
	at       Place // the folder; set once it is known
	located  bool
	rename   bool
	limit    int64 // bytes per file
	relative string
	results  []uploadedFile
}

func (s *Service) uploadHTTP(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	u := &upload{s: s, user: caller(r.Context()), wsID: q.Get("workspaceId"), limit: s.o.UploadLimit(), results: []uploadedFile{}}
	switch q.Get("conflict") {
	case "", "fail":
	case "rename":
		u.rename = true
	default:
		return server.Invalid("conflict_invalid", "conflict is either fail or rename.")
	}
	if u.wsID != "" || q.Get("dir") != "" {
		if err := u.locate(r, q.Get("dir")); err != nil {
			return err
		}
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return server.WithCause(server.Invalid("malformed", "Send the files as multipart/form-data."), err)
	}
	err = u.each(r, parts)
	if paths := u.stored(); len(paths) > 0 {
		s.touched(u.at.Workspace, paths...)
	}
	if err != nil {
		return err
	}
	if len(u.results) == 0 {
		return server.Invalid("file_missing", "The upload holds no file.")
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(uploadedJSON{u.results})
}

// locate finds the folder to upload to.
func (u *upload) locate(r *http.Request, dir string) error {
	at, err := u.s.At(r.Context(), u.user, u.wsID, dir)
	if err != nil {
		return err
	}
	e, err := at.Dir.Stat(at.Path)
	if err == nil && e.Kind != boundary.Directory {
		err = &boundary.Error{Code: boundary.CodeNotDirectory, Op: "upload", Path: at.Path}
	}
	if err != nil {
		return problem(err)
	}
	u.at, u.located = at, true
	return nil
}

// each takes the parts one after the other as they arrive.
func (u *upload) each(r *http.Request, parts *multipart.Reader) error {
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return bodyProblem(err)
		}
		name, isFile := fileName(part)
		if !isFile {
			if err := u.field(r, part); err != nil {
				return err
			}
			continue
		}
		if len(u.results) >= maxUploadFiles {
			return server.Problem(http.StatusRequestEntityTooLarge, "too_many_files", fmt.Sprintf("One upload has at most %d files.", maxUploadFiles))
		}
		if !u.located {
			return server.Invalid("workspace_missing", "Say where to upload: workspaceId and dir.")
		}
		if err := u.file(part, name); err != nil {
			return err
		}
	}
}

// field takes a text field. targetDir is what earlier clients send.
func (u *upload) field(r *http.Request, part *multipart.Part) error {
	value, err := io.ReadAll(io.LimitReader(part, maxFieldBytes+1))
	if err != nil {
		return bodyProblem(err)
	}
	if len(value) > maxFieldBytes {
		return server.Invalid("field_too_long", "A text field of the upload is too long.")
	}
	switch part.FormName() {
	case "relativePath", "path":
		u.relative = string(value)
	case "targetDir", "dir":
		if !u.located {
			return u.locate(r, string(value))
		}
	}
	return nil
}

// file stores one file. Only errors that end the whole upload are returned.
func (u *upload) file(part *multipart.Part, name string) error {
	relative := u.relative
	u.relative = ""
	res := uploadedFile{Name: strings.ToValidUTF8(name, "\uFFFD")}
	body := &limited{r: part, left: u.limit}
	w, err := u.store(name, relative, body)
	if err == nil {
		res.Path, res.Size, res.ContentHash = w.Path, w.Size, w.Hash
		u.results = append(u.results, res)
		return nil
	}
	if body.failed != nil {
		return bodyProblem(body.failed)
	}
	public := server.Problem(http.StatusRequestEntityTooLarge, "too_large",
		fmt.Sprintf("The file is larger than %d bytes, the limit for uploads.", u.limit), map[string]int64{"limit": u.limit})
	if !body.over {
		public = problem(err)
	}
	var shown interface {
		Code() string
		Public() string
		GetStatus() int
	}
	if !errors.As(public, &shown) {
		return err
	}
	res.Error, res.Code = shown.Public(), shown.Code()
	u.results = append(u.results, res)
	if shown.GetStatus() == http.StatusInsufficientStorage {
		return server.WithCause(server.Problem(shown.GetStatus(), shown.Code(), shown.Public(), uploadedJSON{u.results}), err)
	}
	return u.skip(part)
}

// skip reads over the rest of a refused file, so that the next ones still count. A
// sender who goes on beyond the limit is cut off.
func (u *upload) skip(part *multipart.Part) error {
	n, err := io.Copy(io.Discard, io.LimitReader(part, u.limit+1))
	if err != nil {
		return bodyProblem(err)
	}
	if n > u.limit {
		return server.Problem(http.StatusRequestEntityTooLarge, "too_large", "The upload is far larger than the limit.", uploadedJSON{u.results})
	}
	return nil
}

// store writes one file into the folder, or below it when a relative path came along.
func (u *upload) store(name, relative string, body io.Reader) (boundary.Written, error) {
	if _, err := boundary.CleanName(name); err != nil {
		return boundary.Written{}, err
	}
	path := name
	if relative != "" {
		clean, err := boundary.Clean(relative)
		if err != nil {
			return boundary.Written{}, err
		}
		path = clean
	}
	path, err := boundary.Clean(boundary.Join(u.at.Path, path))
	if err != nil {
		return boundary.Written{}, err
	}
	if relative != "" {
		parent, _ := boundary.Split(path)
		if err := u.at.Dir.MkdirAll(parent); err != nil {
			return boundary.Written{}, err
		}
	}
	return u.at.Dir.WriteAtomic(path, boundary.Expect{Absent: !u.rename, Number: u.rename}, body)
}

// stored gives the paths that were written.
func (u *upload) stored() []string {
	var paths []string
	for _, f := range u.results {
		if f.Error == "" {
			paths = append(paths, f.Path)
		}
	}
	return paths
}

// fileName gives the base name of a part that is a file. Senders may put folders in
// front of it, with either separator; those are dropped.
func fileName(part *multipart.Part) (name string, isFile bool) {
	name = part.FileName()
	if name == "" {
		return "", false
	}
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	return name, true
}

// errOver ends the reading of a file that is larger than the limit.
var errOver = errors.New("larger than the upload limit")

// limited reads up to a limit and remembers why it stopped.
type limited struct {
	r      io.Reader
	left   int64
	over   bool
	failed error // of the network
}

func (l *limited) Read(p []byte) (int, error) {
	if l.over {
		return 0, errOver
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.left+1)])
	if int64(n) > l.left {
		l.over = true
		return 0, errOver
	}
	l.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		l.failed = err
	}
	return n, err
}

// bodyProblem answers for a request body that cannot be read to its end.
func bodyProblem(err error) error {
	return server.WithCause(server.Invalid("incomplete", "The upload ended early or is not valid multipart/form-data. Files that are not in the list were not stored."), err)
}
