package server

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// assets serves the built web pages from a file system, usually the embedded
// one. Files that the build has compressed already (.br, .gz beside the file)
// are sent so to browsers that take them.
type assets struct {
	fsys  fs.FS
	files map[string]*asset
	index *asset // nil: not built
}

// asset is one file with its prepared headers.
type asset struct {
	contentType, cacheControl, etag []string
	variants                        []variant // best first; the plain file is last
}

type variant struct {
	name     string // in the file system
	encoding string // "" for the plain file
	length   []string
}

var (
	immutable = []string{"public, max-age=31536000, immutable"}
	revised   = []string{"no-cache"}
	// hashedName matches names that change with their content, as the build
	// gives them: name-XXXXXXXX.ext.
	hashedName  = regexp.MustCompile(`[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$`)
	compressed  = map[string]string{".br": "br", ".gz": "gzip"}
	preferences = []string{".br", ".gz"}
)

const notBuilt = "InnoClaw is running, but its web pages are not part of this build.\n" +
	"Run `make build` (or `make run`) to build them. The API is available under /api/.\n"

func newAssets(fsys fs.FS) (*assets, error) {
	a := &assets{fsys: fsys, files: map[string]*asset{}}
	if fsys == nil {
		return a, nil
	}
	sizes := map[string]int64{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sizes[name] = info.Size()
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read web pages: %w", err)
	}
	for name := range sizes {
		if _, ok := compressed[path.Ext(name)]; ok || strings.HasPrefix(path.Base(name), ".") {
			continue
		}
		if a.files[name], err = newAsset(fsys, name, sizes); err != nil {
			return nil, err
		}
	}
	a.index = a.files["index.html"]
	return a, nil
}

func newAsset(fsys fs.FS, name string, sizes map[string]int64) (*asset, error) {
	file := &asset{contentType: []string{contentTypeOf(name)}, cacheControl: revised}
	for _, ext := range preferences {
		if size, ok := sizes[name+ext]; ok && size < sizes[name] {
			file.variants = append(file.variants, variant{name + ext, compressed[ext], []string{strconv.FormatInt(size, 10)}})
		}
	}
	file.variants = append(file.variants, variant{name, "", []string{strconv.FormatInt(sizes[name], 10)}})
	if strings.HasPrefix(name, "assets/") && hashedName.MatchString(name) {
		file.cacheControl = immutable
		return file, nil
	}
	content, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("read web pages: %w", err)
	}
	sum := sha256.Sum256(content)
	// Weak: the same tag stands for all encodings of the file.
	file.etag = []string{`W/"` + hex.EncodeToString(sum[:12]) + `"`}
	return file, nil
}

// contentTypeOf does not ask the machine's MIME tables, which differ.
func contentTypeOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".json", ".map":
		return "application/json"
	case ".svg":
		return "image/svg+xml"
	case ".wasm":
		return "application/wasm"
	case ".woff2":
		return "font/woff2"
	case ".webmanifest":
		return "application/manifest+json"
	case ".txt":
		return "text/plain; charset=utf-8"
	case ".bcmap", ".pfb":
		return "application/octet-stream"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// ServeHTTP implements http.Handler.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "This address takes GET only.", http.StatusMethodNotAllowed)
		return
	}
	if a.index == nil {
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, notBuilt, http.StatusServiceUnavailable)
		return
	}
	file, ok := a.files[strings.TrimPrefix(r.URL.Path, "/")]
	if !ok && !wantsPage(r) {
		http.NotFound(w, r)
		return
	}
	if !ok {
		file = a.index // the pages do their own routing
	}
	a.send(w, r, file)
}

// wantsPage tells whether a path without a file is one of the application's
// pages. Whatever is loaded by a page is a file or nothing.
func wantsPage(r *http.Request) bool {
	if strings.HasPrefix(r.URL.Path, "/assets/") {
		return false
	}
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "", "document", "empty", "iframe":
		return true
	}
	return false
}

func (a *assets) send(w http.ResponseWriter, r *http.Request, file *asset) {
	chosen := file.variants[len(file.variants)-1]
	for _, v := range file.variants {
		if v.encoding == "" || accepts(r.Header["Accept-Encoding"], v.encoding) {
			chosen = v
			break
		}
	}
	h := w.Header()
	h["Cache-Control"] = file.cacheControl
	if len(file.variants) > 1 {
		h["Vary"] = []string{"Accept-Encoding"}
	}
	if file.etag != nil {
		h["Etag"] = file.etag
		if strings.Contains(r.Header.Get("If-None-Match"), file.etag[0]) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	content, err := a.fsys.Open(chosen.name)
	if err != nil {
		http.Error(w, "The page could not be read.", http.StatusInternalServerError)
		return
	}
	defer content.Close() //nolint:errcheck // read only
	h["Content-Type"] = file.contentType
	h["Content-Length"] = chosen.length
	if chosen.encoding != "" {
		h["Content-Encoding"] = []string{chosen.encoding}
	}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = io.Copy(w, content) // the client may have gone
	}
}
