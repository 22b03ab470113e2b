package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Workspace is a folder that has been opened.
type Workspace struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	Description  string    `json:"description"`
	FolderPath   string    `json:"folderPath"` // below a root: "rootName/folder"
	OwnerUserID  string    `json:"ownerUserId"`
	Missing      bool      `json:"missing"` // the folder is not there at present
	LastOpenedAt time.Time `json:"lastOpenedAt"`
	CreatedAt    time.Time `json:"createdAt"`
	UpdatedAt    time.Time `json:"updatedAt"`
}

// Workspaces lists the caller's workspaces, the last opened first.
func (c *Client) Workspaces(ctx context.Context) ([]Workspace, error) {
	var list []Workspace
	err := c.call(ctx, request{method: http.MethodGet, path: "/api/workspaces"}, &list)
	return list, err
}

// OpenFolder makes a workspace of a folder, or gives the one that it already is.
func (c *Client) OpenFolder(ctx context.Context, name, folder string) (Workspace, error) {
	var w Workspace
	err := c.call(ctx, request{method: http.MethodPost, path: "/api/workspaces",
		body: map[string]string{"name": name, "folderPath": folder}}, &w)
	return w, err
}

// IndexStatus tells how far a workspace's index is.
type IndexStatus struct {
	Counts struct {
		Total   int `json:"total"`
		Pending int `json:"pending"`
		Indexed int `json:"indexed"`
		Skipped int `json:"skipped"`
		Failed  int `json:"failed"`
	} `json:"counts"`
	Chunks     int        `json:"chunks"`
	SyncRunID  *string    `json:"syncRunId"`
	LastSyncAt *time.Time `json:"lastSyncAt"`
	Watching   bool       `json:"watching"`
}

// IndexStatus asks for the state of a workspace's index.
func (c *Client) IndexStatus(ctx context.Context, workspaceID string) (s IndexStatus, err error) {
	err = c.call(ctx, request{method: http.MethodGet, path: "/api/workspaces/" + url.PathEscape(workspaceID) + "/index"}, &s)
	return s, err
}

// Sync starts bringing the index up to date, or joins the run that does so already.
func (c *Client) Sync(ctx context.Context, workspaceID string) (runID string, err error) {
	var answer struct {
		RunID string `json:"runId"`
	}
	err = c.call(ctx, request{method: http.MethodPost, path: "/api/workspaces/" + url.PathEscape(workspaceID) + "/sync"}, &answer)
	return answer.RunID, err
}

// Hit is a passage that a search found. Start and End are characters of the
// extracted text; Line and Page count from 1, Page is 0 without pages.
type Hit struct {
	Path        string  `json:"path"`
	Score       float64 `json:"score"`
	Start       int     `json:"start"`
	End         int     `json:"end"`
	Line        int     `json:"line"`
	Page        int     `json:"page"`
	Breadcrumb  string  `json:"breadcrumb"`
	Title       string  `json:"title"`
	Text        string  `json:"text"`
	ContentHash string  `json:"contentHash"`
}

// Search finds the k best passages; perFile limits how many of one file, 0 does not.
func (c *Client) Search(ctx context.Context, workspaceID, text string, k, perFile int) ([]Hit, error) {
	var answer struct {
		Hits []Hit `json:"hits"`
	}
	values := query("workspaceId", workspaceID, "q", text)
	values.Set("k", strconv.Itoa(k))
	if perFile > 0 {
		values.Set("perFile", strconv.Itoa(perFile))
	}
	err := c.call(ctx, request{method: http.MethodGet, path: "/api/search", query: values}, &answer)
	return answer.Hits, err
}

// Entry is a line of a folder's listing.
type Entry struct {
	Name     string    `json:"name"`
	Path     string    `json:"path"`
	Type     string    `json:"type"` // file, directory, symlink or special
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
}

// Listing is a page of a folder's entries.
type Listing struct {
	Path    string  `json:"path"`
	Entries []Entry `json:"entries"`
	Total   int     `json:"total"`
	Next    string  `json:"next"` // cursor of the next page, empty at the end
}

// Browse lists a folder from cursor on.
func (c *Client) Browse(ctx context.Context, workspaceID, path, cursor string) (l Listing, err error) {
	err = c.call(ctx, request{method: http.MethodGet, path: "/api/files/browse",
		query: query("workspaceId", workspaceID, "path", path, "cursor", cursor)}, &l)
	return l, err
}

// File is a file's text, or a note that it has none.
type File struct {
	Path        string `json:"path"`
	Content     string `json:"content"`
	Encoding    string `json:"encoding"`
	Binary      bool   `json:"binary"`
	Size        int64  `json:"size"`
	ContentHash string `json:"contentHash"`
	Truncated   bool   `json:"truncated"`
}

// ReadFile reads a text file.
func (c *Client) ReadFile(ctx context.Context, workspaceID, path string) (f File, err error) {
	err = c.call(ctx, request{method: http.MethodGet, path: "/api/files/read", query: query("workspaceId", workspaceID, "path", path)}, &f)
	return f, err
}

// Written tells what was written.
type Written struct {
	Path        string    `json:"path"`
	ContentHash string    `json:"contentHash"`
	Size        int64     `json:"size"`
	Modified    time.Time `json:"modified"`
}

// WriteFile replaces a file whose content is still the one with the hash seen, or
// creates it when seen is empty. An error with code "changed" means that somebody
// else wrote it in between.
func (c *Client) WriteFile(ctx context.Context, workspaceID, path, content, seen string) (w Written, err error) {
	header := map[string]string{"If-None-Match": "*"}
	if seen != "" {
		header = map[string]string{"If-Match": strconv.Quote(seen)}
	}
	err = c.call(ctx, request{method: http.MethodPost, path: "/api/files/write", header: header,
		body: map[string]string{"workspaceId": workspaceID, "path": path, "content": content}}, &w)
	return w, err
}

// Download gives a file's bytes; the caller closes them.
func (c *Client) Download(ctx context.Context, workspaceID, path string) (io.ReadCloser, error) {
	res, err := c.send(ctx, request{method: http.MethodGet, path: "/api/files/raw", query: query("workspaceId", workspaceID, "path", path, "download", "1")})
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}

// Delete moves a file or folder to the workspace's trash.
func (c *Client) Delete(ctx context.Context, workspaceID, path string) (trashID string, err error) {
	var answer struct {
		TrashID string `json:"trashId"`
	}
	err = c.call(ctx, request{method: http.MethodPost, path: "/api/files/delete",
		body: map[string]string{"workspaceId": workspaceID, "path": path}}, &answer)
	return answer.TrashID, err
}
