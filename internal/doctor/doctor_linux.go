package doctor

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

func freeBytes(dir string) (uint64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return 0, fmt.Errorf("statfs %s: %w", dir, err)
	}
	return stat.Bavail * uint64(stat.Bsize), nil
}

func writable(dir string) error { return unix.Access(dir, unix.W_OK|unix.X_OK) }

// fewWatches is a number of directory watches that larger folders exceed.
const fewWatches = 65536

func watching(context.Context, Inputs) Finding {
	data, err := os.ReadFile("/proc/sys/fs/inotify/max_user_watches")
	if err != nil {
		return Finding{Status: Warning, Detail: err.Error(), Fix: "Changes are then found by looking at the folders from time to time."}
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return Finding{Status: Warning, Detail: "max_user_watches is not a number", Fix: "Set it: sysctl fs.inotify.max_user_watches=524288"}
	}
	if n < fewWatches {
		return Finding{Status: Warning, Detail: fmt.Sprintf("%d folders can be watched at once", n),
			Fix: "For large folders run: sysctl fs.inotify.max_user_watches=524288"}
	}
	return Finding{Status: OK, Detail: fmt.Sprintf("%d folders can be watched at once", n)}
}

// isolation tells what the kernel offers for confining commands.
func isolation(context.Context, Inputs) Finding {
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(nil)), 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return Finding{Status: Warning, Detail: "Landlock: " + errno.Error(), Fix: "Use a kernel with Landlock (5.13 or newer, with landlock in the lsm= list)."}
	}
	return Finding{Status: OK, Detail: fmt.Sprintf("Landlock ABI %d", abi)}
}
