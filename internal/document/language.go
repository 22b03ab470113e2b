package document

import (
	"path"
	"strings"
)

// languages maps extensions to names of programming, configuration and markup
// languages whose structure shows in their indentation.
func languages() map[string]string { return languageTable }

var languageTable = map[string]string{
	"go": "go", "py": "python", "pyi": "python", "pyx": "python", "smk": "python", "rb": "ruby", "rake": "ruby",
	"js": "javascript", "mjs": "javascript", "cjs": "javascript", "jsx": "javascript", "ts": "typescript", "tsx": "typescript", "mts": "typescript", "cts": "typescript",
	"java": "java", "kt": "kotlin", "kts": "kotlin", "scala": "scala", "sc": "scala", "groovy": "groovy", "gradle": "groovy", "clj": "clojure", "cljs": "clojure",
	"c": "c", "h": "c", "cc": "cpp", "cpp": "cpp", "cxx": "cpp", "hh": "cpp", "hpp": "cpp", "hxx": "cpp", "ino": "cpp", "cu": "cuda", "cuh": "cuda", "m": "matlab", "mm": "objective-c",
	"cs": "csharp", "fs": "fsharp", "fsx": "fsharp", "vb": "vb", "swift": "swift", "rs": "rust", "zig": "zig", "nim": "nim", "d": "d", "dart": "dart",
	"php": "php", "pl": "perl", "pm": "perl", "lua": "lua", "r": "r", "jl": "julia", "hs": "haskell", "elm": "elm", "ml": "ocaml", "mli": "ocaml",
	"ex": "elixir", "exs": "elixir", "erl": "erlang", "hrl": "erlang", "lisp": "lisp", "el": "lisp", "scm": "scheme", "rkt": "racket",
	"f": "fortran", "for": "fortran", "f90": "fortran", "f95": "fortran", "f03": "fortran", "f08": "fortran", "pas": "pascal", "adb": "ada", "ads": "ada", "cob": "cobol",
	"sh": "shell", "bash": "shell", "zsh": "shell", "fish": "shell", "ksh": "shell", "ps1": "powershell", "psm1": "powershell", "bat": "batch", "cmd": "batch", "awk": "awk",
	"sql": "sql", "graphql": "graphql", "gql": "graphql", "proto": "protobuf", "thrift": "thrift", "cmake": "cmake", "mk": "make", "mak": "make", "nix": "nix", "tf": "terraform", "hcl": "hcl", "bzl": "starlark",
	"css": "css", "scss": "scss", "sass": "sass", "less": "less", "vue": "vue", "svelte": "svelte", "xml": "xml", "xsd": "xml", "xsl": "xml", "svg": "xml", "plist": "xml", "xaml": "xml",
	"yaml": "yaml", "yml": "yaml", "toml": "toml", "tcl": "tcl", "vim": "vim", "v": "verilog", "sv": "verilog", "vhd": "vhdl", "vhdl": "vhdl", "asm": "asm", "s": "asm",
	"stan": "stan", "do": "stata", "sas": "sas", "sol": "solidity", "wgsl": "wgsl", "glsl": "glsl", "hlsl": "hlsl", "nf": "nextflow", "wdl": "wdl", "cwl": "yaml",
}

// languageNames maps whole file names, lower case.
var languageNames = map[string]string{
	"makefile": "make", "gnumakefile": "make", "dockerfile": "docker", "containerfile": "docker", "snakefile": "python", "cmakelists.txt": "cmake",
	"jenkinsfile": "groovy", "rakefile": "ruby", "gemfile": "ruby", "build": "starlark", "build.bazel": "starlark", "workspace": "starlark", "vagrantfile": "ruby", "justfile": "make",
}

// interpreters maps the program of a "#!" line.
var interpreters = map[string]string{
	"sh": "shell", "bash": "shell", "zsh": "shell", "dash": "shell", "ksh": "shell", "fish": "shell", "python": "python", "python2": "python", "python3": "python",
	"perl": "perl", "ruby": "ruby", "node": "javascript", "deno": "typescript", "php": "php", "rscript": "r", "julia": "julia", "lua": "lua", "awk": "awk", "make": "make",
}

func codeExtensions() []string {
	var out []string
	for ext := range languages() {
		out = append(out, ext)
	}
	return out
}

// languageOfName knows a language by the whole name of a file.
func languageOfName(name string) string {
	return languageNames[strings.ToLower(path.Base(name))]
}

// languageOf tells the language of a source file, "" if it is not known.
func languageOf(name, text string) string {
	if l := languageOfName(name); l != "" {
		return l
	}
	if l := languages()[extension(name)]; l != "" {
		if l == "matlab" && (strings.Contains(text, "@interface") || strings.Contains(text, "@implementation") || strings.Contains(text, "#import ")) {
			return "objective-c"
		}
		return l
	}
	line, _, _ := strings.Cut(text, "\n")
	if !strings.HasPrefix(line, "#!") {
		return ""
	}
	for _, word := range strings.Fields(line[2:]) {
		if l := interpreters[strings.ToLower(path.Base(word))]; l != "" {
			return l
		}
	}
	return ""
}
