package answer_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/innoclaw/innoclaw/internal/answer"
	"github.com/innoclaw/innoclaw/internal/document"
	"github.com/innoclaw/innoclaw/internal/document/doctest"
	"github.com/innoclaw/innoclaw/internal/index"
	"github.com/innoclaw/innoclaw/internal/store/storetest"
)

// TestSlowFilesAreToldOf: an answer without support tells of files that are
// still being read, before the first sync as well as while one takes long.
func TestSlowFilesAreToldOf(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	asks := func(question, want string) {
		t.Helper()
		r, err := s.answers.Ask(t.Context(), answer.Question{WorkspaceID: s.id, Text: question})
		must(t, err)
		if r.Supported || want != "" && !strings.HasSuffix(r.Text, want) || want == "" && (strings.Contains(r.Text, "being read") || strings.Contains(r.Text, "读取")) {
			t.Errorf("%s: %q, want the end %q", question, r.Text, want)
		}
	}
	const english, chinese = "Who won the football world cup in 2014?", "谁是美国总统？"
	asks(english, "")
	asks(chinese, "")

	must(t, os.WriteFile(filepath.Join(s.folder, "hang.pdf"), doctest.Hanging(), 0o644))
	hanging := document.New(document.Options{Limits: document.Limits{Time: time.Hour}})
	t.Cleanup(func() { must(t, hanging.Close()) })
	slow, err := index.New(s.db, hanging, s.workspaces, nil, index.Options{Slow: 10 * time.Millisecond})
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { // ends with ctx
		defer close(ended)
		_ = slow.SyncNow(ctx, s.id, nil) // is stopped
	}()
	defer func() { stop(); <-ended }()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		st, err := s.index.Status(t.Context(), s.id)
		must(t, err)
		if st.Counts.Pending == 1 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("after %v: %+v", patience, st)
		}
	}
	asks(english, " 1 file is still being read; ask again in a moment.")
	asks(chinese, "还有 1 个文件正在读取，请稍后再问。")

	folder := filepath.Join(filepath.Dir(s.folder), "new")
	must(t, os.Mkdir(folder, 0o755))
	w, _, err := s.workspaces.Create(t.Context(), owner, "new", folder)
	must(t, err)
	s.id = w.ID
	asks(english, "The workspace's files are still being read; ask again in a moment.")
	asks(chinese, "工作区的文件仍在读取中，请稍后再问。")
}
