package answer

import (
	"context"
	"fmt"
)

// unread tells that files are still being read, so that asking again can help;
// "" when all are read or nobody knows.
func (w *work) unread(ctx context.Context, chinese bool) string {
	st, err := w.index.Status(ctx, w.q.WorkspaceID)
	if err != nil || st.Missing != "" {
		return "" // the answer stands without this remark
	}
	first := st.LastSyncAt == nil
	switch n := st.Counts.Pending; {
	case n == 0 && !first:
		return ""
	case n == 0 && chinese:
		return "工作区的文件仍在读取中，请稍后再问。"
	case n == 0:
		return "The workspace's files are still being read; ask again in a moment."
	case chinese:
		return fmt.Sprintf("还有 %d 个文件正在读取，请稍后再问。", n)
	case n == 1:
		return "1 file is still being read; ask again in a moment."
	default:
		return fmt.Sprintf("%d files are still being read; ask again in a moment.", n)
	}
}
