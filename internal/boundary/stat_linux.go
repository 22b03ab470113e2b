package boundary

import "syscall"

type unixStat = syscall.Stat_t

// timesOf gives modification and change time, in ns since 1970.
func timesOf(st *unixStat) (modified, changed int64) { return st.Mtim.Nano(), st.Ctim.Nano() }
