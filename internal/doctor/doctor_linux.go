package doctor

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// networkFileSystems are the magic numbers of statfs(2): NFS, SMB, CIFS, SMB2, Ceph, AFS.
var networkFileSystems = []uint32{unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.CEPH_SUPER_MAGIC, unix.AFS_SUPER_MAGIC}

func freeSpace(dir string) (space, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return space{}, fmt.Errorf("statfs %s: %w", dir, err)
	}
	return space{
		bytes: stat.Bavail * uint64(stat.Bsize), files: stat.Ffree, counted: stat.Files > 0,
		network: slices.Contains(networkFileSystems, uint32(stat.Type)),
	}, nil
}

func writable(dir string) error { return unix.Access(dir, unix.W_OK|unix.X_OK) }

// clockState asks the kernel whether something keeps its clock right.
func clockState() (known, synchronised bool) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	return err == nil, state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0
}

// number reads a file below /proc that holds one number.
func number(path string) (int, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("read kernel setting: %w", err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return 0, fmt.Errorf("read kernel setting %s: %w", path, err)
	}
	return n, nil
}

// Fewer than these are soon used up.
const (
	fewWatches   = 65536
	fewInstances = 32
	fewOpenFiles = 1024
)

func watching(_ context.Context, in Inputs) Finding {
	say := in.Book.Say
	watches, err := number("/proc/sys/fs/inotify/max_user_watches")
	if err != nil {
		return warning(err.Error(), say("Changes are then found by looking at the folders from time to time."))
	}
	instances, err := number("/proc/sys/fs/inotify/max_user_instances")
	if err != nil {
		instances = fewInstances
	}
	switch {
	case watches < fewWatches:
		return warning(say("%d folders can be watched at once; the others are looked at from time to time", watches),
			say("For large folders run: sysctl fs.inotify.max_user_watches=524288"))
	case instances < fewInstances:
		return warning(say("only %d programs of this user can watch folders", instances), say("Run: sysctl fs.inotify.max_user_instances=128"))
	}
	return in.ok("%d folders can be watched at once", watches)
}

func openFiles(_ context.Context, in Inputs) Finding {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return warning(err.Error(), in.Book.Say("Look at it with ulimit -n."))
	}
	// The Go runtime raises the soft limit to the hard one at start.
	if limit.Max < fewOpenFiles {
		return warning(in.Book.Say("%d files can be open at once", limit.Max), in.Book.Say("Raise the limit, for example with LimitNOFILE=65536 in the systemd unit, or ulimit -n."))
	}
	return in.ok("%d files can be open at once", limit.Max)
}

// The features below confine commands that InnoClaw runs for a person. Nothing that
// this version does depends on them.

func landlock(_ context.Context, in Inputs) Finding {
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(nil)), 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return warning(in.Book.Say("not offered by this kernel: %v", errno), in.Book.Say("Use a kernel with Landlock (5.13 or newer, with landlock in the lsm= list); in a container, allow its system calls."))
	}
	return in.ok("ABI %d", abi)
}

func seccomp(_ context.Context, in Inputs) Finding {
	data, err := os.ReadFile("/proc/sys/kernel/seccomp/actions_avail")
	if err != nil || !slices.Contains(strings.Fields(string(data)), "errno") {
		return warning(in.Book.Say("the kernel offers no filters for system calls"), in.Book.Say("Use a kernel with CONFIG_SECCOMP_FILTER."))
	}
	return in.ok("filters for system calls are offered")
}

func userNamespaces(_ context.Context, in Inputs) Finding {
	most, err := number("/proc/sys/user/max_user_namespaces")
	// Debian's and Ubuntu's own switches; elsewhere the files are not there.
	if allowed, switchErr := number("/proc/sys/kernel/unprivileged_userns_clone"); switchErr == nil && allowed == 0 {
		most = 0
	}
	if restricted, switchErr := number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"); switchErr == nil && restricted == 1 {
		return warning(in.Book.Say("AppArmor keeps ordinary users from making them"), in.Book.Say("Give InnoClaw a profile that allows userns, or run: sysctl kernel.apparmor_restrict_unprivileged_userns=0"))
	}
	if err != nil || most == 0 {
		return warning(in.Book.Say("ordinary users cannot make them"), in.Book.Say("Run: sysctl user.max_user_namespaces=15000 (and kernel.unprivileged_userns_clone=1 on Debian)."))
	}
	return in.ok("up to %d", most)
}
