// Package version tells which build of InnoClaw this is.
package version

import "runtime/debug"

// Set by the linker; see the Makefile.
var (
	version = ""
	commit  = ""
)

// Line is the version line that receives security fixes; older lines do not.
const Line = "1.0"

// Info describes a build.
type Info struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
	Line    string `json:"line"`
}

// Get gives the build's version: what the linker was told, else what the Go
// toolchain recorded, else "dev".
func Get() Info {
	info := Info{Version: version, Commit: commit, Line: Line}
	if build, ok := debug.ReadBuildInfo(); ok {
		info.Go = build.GoVersion
		for _, setting := range build.Settings {
			if setting.Key == "vcs.revision" && info.Commit == "" {
				info.Commit = setting.Value[:min(12, len(setting.Value))]
			}
		}
	}
	if info.Version == "" {
		info.Version = "dev"
	}
	if info.Commit == "" {
		info.Commit = "unknown"
	}
	return info
}
