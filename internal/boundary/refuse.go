package boundary

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
)

// systemTrees are refused whole, with everything below them.
var systemTrees = []string{
	"/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/run", "/sbin", "/snap", "/sys", "/usr",
	"/lost+found", "/nix/store", "/System", "/Library", "/Applications", "/private/etc",
	"/var/backups", "/var/cache", "/var/crash", "/var/db", "/var/lock", "/var/log", "/var/mail", "/var/run", "/var/spool",
	"/var/lib/apt", "/var/lib/containerd", "/var/lib/containers", "/var/lib/docker", "/var/lib/dpkg", "/var/lib/etcd",
	"/var/lib/kubelet", "/var/lib/mysql", "/var/lib/pacman", "/var/lib/postgresql", "/var/lib/rancher", "/var/lib/rpm",
	"/var/lib/systemd",
}

// allowedTrees are places for data inside refused trees: disks that a desktop mounts.
var allowedTrees = []string{"/run/media"}

// systemFolders are refused themselves; folders below them may be roots.
var systemFolders = []string{
	"/", "/home", "/media", "/mnt", "/opt", "/private", "/private/tmp", "/private/var", "/run/media", "/tmp", "/Users", "/var", "/var/lib",
	"/var/tmp", "/Volumes",
}

// secretFolders, directly in a home folder, hold keys and sign-in data.
var secretFolders = []string{
	".aws", ".azure", ".cache", ".config", ".docker", ".gnupg", ".kube", ".local", ".mozilla", ".password-store", ".ssh",
}

// rules decides which folders may be roots.
type rules struct {
	data        string // canonical data folder
	defaultRoot string // as DataDir spells it
	defaults    []string
	protect     []string
	homes       []string
	own         []string // home folders of this process
}

func newRules(o Options) (*rules, error) {
	if o.DataDir == "" {
		return nil, errors.New("open workspace roots: no data folder given")
	}
	data, err := filepath.Abs(o.DataDir)
	if err != nil {
		return nil, fmt.Errorf("find data folder: %w", err)
	}
	r := &rules{data: realPath(data), defaultRoot: DefaultRoot(data)}
	r.defaults = []string{r.defaultRoot, DefaultRoot(r.data)}
	for _, p := range o.Protect {
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, fmt.Errorf("find %s: %w", p, err)
		}
		r.protect = append(r.protect, abs, realPath(abs))
	}
	r.own = absolute(append(ownHomes(), o.Homes...))
	r.homes = append(absolute(accountHomes()), r.own...)
	return r, nil
}

// realPath resolves links as far as the path exists.
func realPath(p string) string {
	if real, err := filepath.EvalSymlinks(p); err == nil {
		return real
	}
	dir, base := filepath.Split(filepath.Clean(p))
	if base == "" || dir == "" {
		return p
	}
	return filepath.Join(realPath(filepath.Clean(dir)), base)
}

// absolute keeps the absolute folders below the top, each also with its links resolved.
func absolute(folders []string) []string {
	var kept []string
	for _, h := range folders {
		if h = filepath.Clean(h); filepath.IsAbs(h) && h != "/" {
			kept = append(kept, h, realPath(h))
		}
	}
	return kept
}

// ownHomes lists the home folders of this process.
func ownHomes() []string {
	homes := []string{os.Getenv("HOME")}
	if u, err := user.Current(); err == nil {
		homes = append(homes, u.HomeDir)
	}
	return homes
}

// accountHomes lists the home folder of each account of the system.
func accountHomes() []string {
	homes := []string{"/root"}
	f, err := os.Open("/etc/passwd")
	if err != nil {
		return homes // no account file on this system; the rules below still hold
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if fields := strings.Split(s.Text(), ":"); len(fields) == 7 {
			homes = append(homes, fields[5])
		}
	}
	return homes
}

// check refuses an absolute clean path that may not be a root.
func (r *rules) check(p string) error {
	for _, d := range r.defaults {
		if inside(d, p) {
			return nil
		}
	}
	const inner = "name a folder made for research data in it, such as %s"
	switch {
	case p == "/":
		return errors.New("the whole file system cannot be a workspace root; " + fmt.Sprintf(inner, "/srv/research"))
	case inside(p, r.data):
		return errors.New("holds InnoClaw's data folder; move the data folder elsewhere (--data) or name a folder beside it")
	case inside(r.data, p):
		return errors.New("lies in InnoClaw's data folder, where only the folder workspaces may be a root; name a folder elsewhere")
	case r.isHome(p):
		return errors.New("is a home folder, with keys and settings in it; " + fmt.Sprintf(inner, filepath.Join(p, "research")))
	case slices.ContainsFunc(r.own, func(h string) bool { return inside(p, h) }):
		return errors.New("holds the home folder of the account that runs InnoClaw; " + fmt.Sprintf(inner, filepath.Join(p, "research")))
	case r.isSecret(p):
		return errors.New("holds keys or settings of an account; name a folder made for research data")
	case slices.Contains(systemFolders, p), filepath.Dir(p) == "/var/lib":
		return errors.New("is a folder of the system; " + fmt.Sprintf(inner, filepath.Join(p, "research")))
	case isSystem(p):
		return errors.New("is a folder of the system; name one outside it, such as /srv/research")
	}
	for _, own := range r.protect {
		if inside(p, own) || inside(own, p) {
			return fmt.Errorf("holds or lies in %s, a part of this installation; name another folder", own)
		}
	}
	return nil
}

func (r *rules) isHome(p string) bool {
	parent := filepath.Dir(p)
	return parent == "/home" || parent == "/Users" || slices.Contains(r.homes, p)
}

func (r *rules) isSecret(p string) bool {
	for q := p; q != "/"; q = filepath.Dir(q) {
		if slices.Contains(secretFolders, filepath.Base(q)) && r.isHome(filepath.Dir(q)) {
			return true
		}
	}
	return false
}

func isSystem(p string) bool {
	for _, t := range allowedTrees {
		if inside(t, p) {
			return false
		}
	}
	return slices.ContainsFunc(systemTrees, func(t string) bool { return inside(t, p) })
}

// inside tells whether p is dir or lies below it, both absolute and clean.
func inside(dir, p string) bool {
	return dir == p || dir == "/" || (strings.HasPrefix(p, dir) && p[len(dir)] == '/')
}
