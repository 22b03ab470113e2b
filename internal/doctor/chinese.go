package doctor

import "github.com/innoclaw/innoclaw/internal/phrase"

func Chinese() phrase.Table { return nil }
