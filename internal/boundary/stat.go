package boundary

import (
	"io/fs"
	"strconv"
	"syscall"
	"time"
)

type unixStat = syscall.Stat_t

func entryOfSys(path string, st *unixStat) Entry {
	e := Entry{
		Path:    path,
		Kind:    kindOf(uint32(st.Mode)),
		ModTime: time.Unix(st.Mtim.Unix()),
		Inode:   st.Ino,
		Device:  uint64(st.Dev),
		Links:   uint64(st.Nlink),
		Mode:    fs.FileMode(st.Mode) & fs.ModePerm,
		changed: st.Ctim.Nano(),
		uid:     st.Uid,
		gid:     st.Gid,
	}
	if e.Kind != Directory {
		e.Size = st.Size
	}
	return e
}

func itoa(n int) string { return strconv.Itoa(n) }
