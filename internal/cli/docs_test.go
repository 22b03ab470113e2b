package cli_test

import (
	"os"
	"strings"
	"testing"

	"github.com/innoclaw/innoclaw/internal/config"
)

// TestDocumentsNameEverything holds docs/ to what the program has.
func TestDocumentsNameEverything(t *testing.T) {
	t.Parallel()
	read := func(name string) string {
		data, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	c, _, err := config.Load(config.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	configuration := read("docs/configuration.md")
	for _, s := range c.Settings() {
		if !strings.Contains(configuration, "`"+s.Key+"`") {
			t.Errorf("docs/configuration.md does not name %s", s.Key)
		}
	}
	commands := read("docs/cli.md")
	help := run(t, nil, "help").out.String()
	_, list, _ := strings.Cut(help, "Commands:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	lines := strings.Split(list, "\n")
	if len(lines) < 9 {
		t.Fatalf("help lists %d commands", len(lines))
	}
	for _, line := range lines {
		if name := strings.Fields(line)[0]; !strings.Contains(commands, "`"+name) {
			t.Errorf("docs/cli.md does not name %s", name)
		}
	}
}
