package workspace

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/server"
)

// media says how files of a kind are sent.
type media struct {
	contentType string
	inline      bool // a browser may show it; everything else is a download
}

const plainText = "text/plain; charset=utf-8"

// mediaOf decides by the extension. Only types that cannot run anything are shown in
// the browser; HTML, SVG and XML, which can, and unknown types are downloads.
func mediaOf(name string) media {
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	switch ext {
	case "png", "gif", "webp", "bmp", "avif":
		return media{"image/" + ext, true}
	case "jpg", "jpeg":
		return media{"image/jpeg", true}
	case "ico":
		return media{"image/x-icon", true}
	case "svg":
		return media{"image/svg+xml", false}
	case "pdf":
		return media{"application/pdf", true}
	case "mp3":
		return media{"audio/mpeg", true}
	case "wav", "ogg", "flac":
		return media{"audio/" + ext, true}
	case "mp4", "webm":
		return media{"video/" + ext, true}
	case "txt", "log", "md", "markdown", "csv", "tsv", "tex", "bib", "rst", "py", "go", "c", "h", "cpp", "hpp", "rs", "java", "r", "jl", "sh",
		"yaml", "yml", "toml", "ini", "cfg", "conf", "sql", "ts", "tsx", "jsx", "css", "json", "ipynb", "lua", "rb", "kt", "swift", "scala":
		return media{plainText, true}
	}
	return media{"application/octet-stream", false}
}

// sandbox is the policy under which a browser may show a file of a user: no script, no
// form, no plugin, an origin of its own.
const sandbox = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"

func (s *Service) rawRoute(t *server.Table) {
	row := route(http.MethodGet, "/api/files/raw", server.OwnerOf("workspace"), "Download a file, or a range of it")
	server.Raw(t, row, server.RawDoc{ContentType: "application/octet-stream", Params: []server.Param{
		{Name: "workspaceId", Description: "May be left out with an absolute path."},
		{Name: "path", Required: true},
		{Name: "download", Type: "boolean", Description: "Always as a download."},
		{Name: "Range", In: "header"},
	}}, s.raw)
}

func (s *Service) raw(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	at, err := s.At(r.Context(), caller(r.Context()), q.Get("workspaceId"), q.Get("path"))
	if err != nil {
		return err
	}
	f, e, err := at.Dir.OpenEntry(at.Path)
	if err != nil {
		return problem(err)
	}
	defer f.Close()
	etag, err := etagOf(r.Context(), at.Dir, f, e, s.o.Now())
	if err != nil {
		return problem(err)
	}
	_, name := boundary.Split(at.Path)
	m := mediaOf(name)
	disposition := "attachment"
	if download := q.Get("download"); m.inline && (download == "" || download == "0" || download == "false") {
		disposition = "inline"
	}
	h := w.Header()
	h.Set("Content-Type", m.contentType)
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": name}))
	h.Set("Content-Security-Policy", sandbox)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Cache-Control", "private, no-cache")
	h.Set("ETag", etag)
	http.ServeContent(w, r, "", e.ModTime, f)
	return nil
}

// hashETagUpTo is the size up to which the entity tag is the content hash, in bytes, so
// that it can be sent back with a write. Larger files would take too long to hash.
const hashETagUpTo = 16 << 20

// settled is the age from which a modification time tells versions apart.
const settled = 2 * time.Second

// etagOf gives a strong validator, or a weak one where the file's times cannot tell a
// change that is being made right now.
func etagOf(ctx context.Context, dir *boundary.Dir, f *os.File, e boundary.Entry, now time.Time) (string, error) {
	if e.Size <= hashETagUpTo {
		hash, err := dir.Hash(ctx, f, e)
		return `"` + hash + `"`, err
	}
	weak := ""
	if now.Sub(e.ModTime) < settled {
		weak = "W/"
	}
	return fmt.Sprintf(`%s"v-%s"`, weak, e.Version()), nil
}
