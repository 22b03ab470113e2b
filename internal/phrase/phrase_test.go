package phrase_test

import (
	"testing"

	"github.com/innoclaw/innoclaw/internal/phrase"
)

func TestLanguageFollowsTheLocale(t *testing.T) {
	t.Parallel()
	table := phrase.Table{"%d files": "%d 个文件"}
	for _, row := range []struct {
		environ []string
		want    string
	}{
		{nil, "3 files"},
		{[]string{"LANG=zh_CN.UTF-8"}, "3 个文件"},
		{[]string{"LANG=zh"}, "3 个文件"},
		{[]string{"LANG=zh-Hans"}, "3 个文件"},
		{[]string{"LANG=zh_CN.utf8@pinyin"}, "3 个文件"},
		{[]string{"LANG=zh_CN.GB18030"}, "3 files"},
		{[]string{"LANG=en_US.UTF-8"}, "3 files"},
		{[]string{"LANG=zh_CN.UTF-8", "LC_ALL=C"}, "3 files"},
		{[]string{"LANG=zh_CN.UTF-8", "LC_MESSAGES=en_GB.UTF-8"}, "3 files"},
		{[]string{"LANG=C", "LC_MESSAGES=zh_CN.UTF-8"}, "3 个文件"},
		{[]string{"LC_ALL=", "LANG=zh_CN.UTF-8"}, "3 个文件"},
		{[]string{"LANG=zhuang"}, "3 files"},
	} {
		if got := phrase.Choose(row.environ, table).Say("%d files", 3); got != row.want {
			t.Errorf("%v: %q, want %q", row.environ, got, row.want)
		}
	}
}

func TestUnknownTextsStayEnglish(t *testing.T) {
	t.Parallel()
	book := phrase.Choose([]string{"LANG=zh"}, phrase.Table{"a": "甲"}, phrase.Table{"a": "乙"})
	if got := book.Say("b %s", "c"); got != "b c" {
		t.Errorf("unknown text = %q", got)
	}
	if got := book.Say("a"); got != "乙" {
		t.Errorf("the last table should count, got %q", got)
	}
	if got := book.Say("100% sure"); got != "100% sure" {
		t.Errorf("a text without arguments = %q", got)
	}
}
