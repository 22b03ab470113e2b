// Package config knows every setting of InnoClaw: its name, type, limits and
// default, and where its effective value came from.
//
// A value is taken from the first source that has it: a command-line flag, the
// process environment, the file .env.local in the working folder, the settings
// stored in the database (for those that can be edited), the default. The file is
// read and never written. Values that are placeholders copied from the example
// file count as not given.
package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Origin tells where an effective value came from.
type Origin string

// The origins, strongest first.
const (
	FromFlag        Origin = "flag"
	FromEnvironment Origin = "environment"
	FromFile        Origin = "file"
	FromStored      Origin = "stored"
	FromDefault     Origin = "default"
)

// EnvFile is the name of the file read in the working folder.
const EnvFile = ".env.local"

// Sources are where settings come from.
type Sources struct {
	Flags   map[string]string // by setting key; empty values count as not given
	Environ []string          // as os.Environ gives it
	Dir     string            // where .env.local is looked for; empty for none
}

// Value is a setting's effective text and its origin.
type Value struct {
	Setting
	Value  string
	Origin Origin
}

// Config holds the fixed values of one process. It does not change after Load.
type Config struct {
	Listen        string   // host:port
	AllowedHosts  []string // host names besides the loopback ones
	DataDir       string   // absolute
	DatabaseURL   string   // absolute path or postgres:// URL
	Roots         []string // absolute; empty means the default root in the data folder
	AuthMode      string   // local or disabled
	LogLevel      string
	fixed         map[string]Value
	settings      []Setting
	settingsByKey map[string]Setting
}

// Error is a configuration mistake. Its text says what to change.
type Error struct{ Problems []string }

func (e *Error) Error() string { return "configuration: " + strings.Join(e.Problems, "; ") }

// Load reads and validates all sources. warnings name things that look like
// mistakes but do not stop the program, such as an unknown variable whose name is
// close to a known one.
func Load(s Sources) (c *Config, warnings []string, err error) {
	c = &Config{settings: registry(), settingsByKey: make(map[string]Setting), fixed: make(map[string]Value)}
	for _, setting := range c.settings {
		c.settingsByKey[setting.Key] = setting
	}
	environ := make(map[string]string)
	for _, pair := range s.Environ {
		if key, value, ok := strings.Cut(pair, "="); ok {
			environ[key] = value
		}
	}
	file, err := readEnvFile(s.Dir)
	if err != nil {
		return nil, nil, err
	}
	var problems []string
	for _, setting := range c.settings {
		for _, source := range []struct {
			origin Origin
			values map[string]string
		}{{FromFlag, s.Flags}, {FromEnvironment, environ}, {FromFile, file}} {
			value := strings.TrimSpace(lookup(source.values, setting.Key))
			if value == "" || IsPlaceholder(value) {
				continue
			}
			if err := setting.Check(value); err != nil {
				problems = append(problems, fmt.Sprintf("%s (from the %s): %v", setting.Key, source.origin, err))
			}
			c.fixed[setting.Key] = Value{Setting: setting, Value: value, Origin: source.origin}
			break
		}
	}
	problems = append(problems, c.derive()...)
	if len(problems) > 0 {
		return nil, nil, &Error{Problems: problems}
	}
	return c, c.unknown(environ, file), nil
}

// lookup finds a proxy variable in lower case too, as other programs do.
func lookup(values map[string]string, key string) string {
	if value := values[key]; value != "" {
		return value
	}
	if strings.HasSuffix(key, "_PROXY") {
		return values[strings.ToLower(key)]
	}
	return ""
}

func readEnvFile(dir string) (map[string]string, error) {
	if dir == "" {
		return nil, nil
	}
	f, err := os.Open(filepath.Join(dir, EnvFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", EnvFile, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: it is not a regular file", EnvFile)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxEnvFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", EnvFile, err)
	}
	entries, err := ParseEnv(string(text))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", EnvFile, err)
	}
	values := make(map[string]string, len(entries))
	for _, e := range entries {
		values[e.Key] = e.Value
	}
	return values, nil
}

// derive fills the typed fields.
func (c *Config) derive() (problems []string) {
	get := func(key string) string { return c.Fixed(key).Value }
	c.Listen = get("LISTEN")
	if _, given := c.fixed["LISTEN"]; !given {
		c.Listen = net.JoinHostPort("127.0.0.1", get("PORT"))
	}
	if _, port, err := net.SplitHostPort(c.Listen); err != nil || !validPort(port) {
		problems = append(problems, fmt.Sprintf("LISTEN: %q is not an address and port such as 127.0.0.1:3000", c.Listen))
	}
	c.AllowedHosts = splitList(get("ALLOWED_HOSTS"))
	c.AuthMode = get("AUTH_MODE")
	c.LogLevel = get("LOG_LEVEL")
	data, err := filepath.Abs(get("DATA_DIR"))
	if err != nil {
		problems = append(problems, fmt.Sprintf("DATA_DIR: %v", err))
	}
	c.DataDir = data
	c.DatabaseURL = strings.TrimPrefix(get("DATABASE_URL"), "file:")
	switch {
	case c.DatabaseURL == "":
		c.DatabaseURL = filepath.Join(c.DataDir, "innoclaw.db")
	case strings.HasPrefix(c.DatabaseURL, "postgres://"), strings.HasPrefix(c.DatabaseURL, "postgresql://"):
	case strings.Contains(c.DatabaseURL, "://"):
		problems = append(problems, "DATABASE_URL: give a file path or a postgres:// URL")
	default:
		if c.DatabaseURL, err = filepath.Abs(c.DatabaseURL); err != nil {
			problems = append(problems, fmt.Sprintf("DATABASE_URL: %v", err))
		}
	}
	for _, root := range splitList(get("WORKSPACE_ROOTS")) {
		absolute, err := filepath.Abs(root)
		if err != nil {
			problems = append(problems, fmt.Sprintf("WORKSPACE_ROOTS: %q: %v", root, err))
			continue
		}
		c.Roots = append(c.Roots, absolute)
	}
	return problems
}

func validPort(port string) bool {
	n, err := strconv.Atoi(port)
	return err == nil && n >= 0 && n <= 65535
}

func splitList(text string) []string {
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// Loopback tells whether the server is reachable from this machine only.
func (c *Config) Loopback() bool {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// PostgreSQL tells whether the database is a PostgreSQL server.
func (c *Config) PostgreSQL() bool { return strings.Contains(c.DatabaseURL, "://") }

// Settings lists all settings in the order in which they are shown.
func (c *Config) Settings() []Setting { return slices.Clone(c.settings) }

// Setting gives the description of a setting, ok=false if there is none.
func (c *Config) Setting(key string) (s Setting, ok bool) {
	s, ok = c.settingsByKey[key]
	return s, ok
}

// Fixed gives the value of key from flags, environment and file, else its default.
func (c *Config) Fixed(key string) Value {
	if v, ok := c.fixed[key]; ok {
		return v
	}
	s := c.settingsByKey[key]
	return Value{Setting: s, Value: s.Default, Origin: FromDefault}
}

// Check validates a text as a value of the setting.
func (s Setting) Check(value string) error {
	const maxValue = 4096
	if len(value) > maxValue {
		return fmt.Errorf("longer than %d bytes", maxValue)
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return errors.New("control characters are not allowed")
	}
	switch s.Type {
	case Enum:
		if !slices.Contains(s.Options, value) {
			return fmt.Errorf("%q is not one of %s", value, strings.Join(s.Options, ", "))
		}
	case Int:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < s.Min || n > s.Max {
			return fmt.Errorf("give a whole number from %d to %d", s.Min, s.Max)
		}
	case URL:
		return checkURL(value)
	case String, List, Secret:
	}
	return nil
}

func checkURL(value string) error {
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("give an address that begins with http:// or https://")
	}
	if u.User != nil {
		return errors.New("an address must not contain a user name or password; use the key's own setting")
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return errors.New("an address must not contain ? or #")
	}
	return nil
}

// IsPlaceholder tells whether value is an example that somebody copied, not a value.
func IsPlaceholder(value string) bool {
	v := strings.ToLower(strings.TrimSpace(value))
	switch v {
	case "sk-...", "sk-ant-...", "...", "changeme", "change-me", "change_me", "xxx", "xxxx", "todo", "none", "null", "undefined":
		return true
	}
	switch {
	case strings.HasPrefix(v, "<") && strings.HasSuffix(v, ">"),
		strings.HasPrefix(v, "your-"), strings.HasPrefix(v, "your_"),
		strings.HasPrefix(v, "sk-your"), strings.HasPrefix(v, "replace-"), strings.HasPrefix(v, "replace_"),
		strings.HasPrefix(v, "/path/to/"), strings.Contains(v, "your-key"), strings.Contains(v, "your_key"),
		strings.Contains(v, "your-api-key"), strings.Contains(v, "your_api_key"):
		return true
	}
	return false
}
