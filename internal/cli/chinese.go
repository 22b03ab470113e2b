package cli

import "github.com/innoclaw/innoclaw/internal/phrase"

func chinese() phrase.Table     { return nil }
func chineseHelp() phrase.Table { return nil }
