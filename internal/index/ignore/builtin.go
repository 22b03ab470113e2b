package ignore

import (
	"bytes"
	"strings"
)

// fixed holds the rules that nothing can lift.
func fixed(name string) Verdict {
	switch name {
	case ".innoclaw":
		return Verdict{Skip: true, Reason: Internal, Detail: "InnoClaw's own folder"}
	case ".git", ".hg", ".svn", ".bzr", ".jj", "CVS", "_darcs":
		return Verdict{Skip: true, Reason: VCS, Detail: "version control data"}
	}
	return Verdict{}
}

// secret tells whether an entry's name says that it may hold secrets.
func secret(name string, isDir bool) bool {
	n := strings.ToLower(name)
	if isDir {
		return secretDir(n)
	}
	return secretName(n) || secretKey(n) || secretSuffix(n)
}

func secretDir(n string) bool {
	switch n {
	case ".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".gcloud", ".password-store", ".secrets":
		return true
	}
	return false
}

func secretName(n string) bool {
	switch n {
	case ".netrc", "_netrc", ".npmrc", ".yarnrc", ".pypirc", ".pgpass", ".my.cnf", ".mylogin.cnf", ".htpasswd",
		".git-credentials", ".dockercfg", ".vault-token", ".s3cfg", ".boto", "rclone.conf", "kubeconfig",
		".bash_history", ".zsh_history", ".sh_history", ".psql_history", ".mysql_history", ".python_history",
		".terraformrc", "shadow", "master.key", ".pgpass.conf", "pgpass.conf", ".credentials", "kaggle.json":
		return true
	}
	return strings.HasPrefix(n, ".env") || strings.HasSuffix(n, ".env") ||
		wordThenType(n, "credentials") || wordThenType(n, "credential") ||
		wordThenType(n, "secrets") || wordThenType(n, "secret") ||
		strings.HasSuffix(n, ".json") && (strings.HasPrefix(n, "client_secret") ||
			strings.HasPrefix(n, "service-account") || strings.HasPrefix(n, "service_account"))
}

// wordThenType matches a name made of the word alone or with the extension of
// a configuration file: "credentials", "prod-credentials.json", not "credentials.md".
func wordThenType(n, word string) bool {
	stem, ext := n, ""
	if i := strings.LastIndexByte(n, '.'); i > 0 {
		stem, ext = n[:i], n[i:]
	}
	switch ext {
	case "", ".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".xml", ".properties", ".txt", ".csv":
	default:
		return false
	}
	rest, ok := strings.CutSuffix(stem, word)
	return ok && (rest == "" || strings.ContainsRune(".-_", rune(rest[len(rest)-1])))
}

// secretKey matches private keys of SSH: "id_ed25519", "id_work". A dot makes
// it another file ("id_map.csv"), unless the name is one of the default ones.
func secretKey(n string) bool {
	rest, ok := strings.CutPrefix(n, "id_")
	if !ok || rest == "" || strings.HasSuffix(n, ".pub") {
		return false
	}
	for _, kind := range []string{"rsa", "dsa", "ecdsa", "ed25519", "xmss"} {
		if strings.HasPrefix(rest, kind) {
			return true
		}
	}
	return !strings.Contains(rest, ".")
}

func secretSuffix(n string) bool {
	i := strings.LastIndexByte(n, '.')
	if i < 0 {
		return false
	}
	switch n[i:] {
	case ".pem", ".key", ".p12", ".pfx", ".p8", ".jks", ".keystore", ".ppk", ".kdb", ".kdbx", ".kubeconfig",
		".tfstate", ".tfvars", ".ovpn", ".gpg", ".agekey", ".keytab", ".pkcs12", ".keyfile":
		return true
	}
	return false
}

// SecretContent tells from a file's first bytes whether it is a private key
// under a harmless name.
func SecretContent(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	if bytes.HasPrefix(head, []byte("PuTTY-User-Key-File-")) || bytes.HasPrefix(head, []byte("AGE-SECRET-KEY-")) {
		return true
	}
	rest, ok := bytes.CutPrefix(head, []byte("-----BEGIN "))
	if !ok {
		return false
	}
	line, _, _ := bytes.Cut(rest, []byte("-----"))
	return len(line) < 64 && bytes.Contains(line, []byte("PRIVATE KEY"))
}

// builtin holds the rules for what programs made, not people.
func builtin(name string, isDir bool) Verdict {
	if isDir {
		return builtinDir(name)
	}
	if temporary(name) {
		return Verdict{Skip: true, Reason: Temporary, Detail: "temporary file"}
	}
	return Verdict{}
}

func builtinDir(name string) Verdict {
	switch name {
	case "node_modules", "bower_components", "jspm_packages", ".pnpm-store", ".yarn", "site-packages",
		"venv", ".venv", "virtualenv", ".virtualenv", ".conda", "renv", ".bundle", ".eggs", "Pods", "elm-stuff":
		return Verdict{Skip: true, Reason: Dependencies, Detail: "installed packages"}
	case "dist", "build", "target", "_build", ".next", ".nuxt", ".svelte-kit", ".output", "CMakeFiles",
		"htmlcov", ".docusaurus", "cmake-build-debug", "cmake-build-release", "_minted", ".stack-work", "dist-newstyle":
		return Verdict{Skip: true, Reason: Build, Detail: "build output"}
	case "__pycache__", ".cache", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".tox", ".nox", ".hypothesis",
		".ipynb_checkpoints", ".parcel-cache", ".turbo", ".gradle", ".sass-cache", ".nyc_output", ".terraform",
		".snakemake", ".nextflow", ".Rproj.user", ".dvc", ".jupyter_cache", ".pixi":
		return Verdict{Skip: true, Reason: Cache, Detail: "cache of a tool"}
	case "lost+found", "$RECYCLE.BIN", "System Volume Information", ".Trash", ".Trashes", ".fseventsd", ".Spotlight-V100":
		return Verdict{Skip: true, Reason: Temporary, Detail: "folder of the operating system"}
	}
	switch {
	case strings.HasPrefix(name, ".Trash-"):
		return Verdict{Skip: true, Reason: Temporary, Detail: "folder of the operating system"}
	case strings.HasSuffix(name, ".egg-info"), strings.HasSuffix(name, ".dist-info"):
		return Verdict{Skip: true, Reason: Dependencies, Detail: "installed packages"}
	}
	return Verdict{}
}

// temporary matches files that editors, browsers and systems make for a while.
func temporary(name string) bool {
	switch name {
	case ".DS_Store", "Thumbs.db", "desktop.ini", "ehthumbs.db", "4913":
		return true
	}
	for _, prefix := range []string{".~lock.", "~$", ".#", ".nfs", ".goutputstream-", "._", ".fuse_hidden", ".syncthing."} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	for _, suffix := range []string{"~", ".swp", ".swo", ".swx", ".tmp", ".temp", ".part", ".partial", ".crdownload", ".kate-swp"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return len(name) > 2 && name[0] == '#' && name[len(name)-1] == '#'
}

// marker is an entry whose presence tells what the folder around it is; with
// folder set, the rule holds only for folders of that name.
type marker struct {
	folder, entry string
	verdict       Verdict
}

var markers = []marker{
	{"", "pyvenv.cfg", Verdict{Skip: true, Reason: Dependencies, Detail: "Python virtual environment"}},
	{"", "conda-meta", Verdict{Skip: true, Reason: Dependencies, Detail: "conda environment"}},
	{"", "CACHEDIR.TAG", Verdict{Skip: true, Reason: Cache, Detail: "marked as a cache by CACHEDIR.TAG"}},
	{"vendor", "modules.txt", Verdict{Skip: true, Reason: Dependencies, Detail: "vendored packages"}},
	{"vendor", "autoload.php", Verdict{Skip: true, Reason: Dependencies, Detail: "vendored packages"}},
}

// MatchFolder decides on a folder called name from what lies in it; has tells
// whether an entry exists. Call it after [Level.Match] took the folder without
// an explicit line for it ([Verdict.Kept]), and never for the workspace itself.
func MatchFolder(name string, has func(entry string) bool) Verdict {
	for _, m := range markers {
		if (m.folder == "" || m.folder == name) && has(m.entry) {
			return m.verdict
		}
	}
	return Verdict{}
}

// Concerns tells whether a change of an entry with this name can change the
// decision on other entries of its folder, or on the folder.
func Concerns(name string) bool {
	if name == GitName || name == OwnName {
		return true
	}
	for _, m := range markers {
		if m.entry == name {
			return true
		}
	}
	return false
}
