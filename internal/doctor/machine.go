package doctor

import (
	"context"
	"os"
	"time"
)

// earliest is a time that has certainly passed: a clock before it was never set.
var earliest = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// skew is how far ahead of the clock a file's time may lie.
const skew = time.Hour

func clock(_ context.Context, in Inputs) Finding {
	say, now := in.Book.Say, time.Now()
	detail := now.UTC().Format(time.RFC3339)
	if now.Before(earliest) {
		return problem(say("the clock says %s", detail),
			say("Set the clock, for example by turning on time synchronisation; sessions and schedules depend on it."))
	}
	if info, err := os.Stat(in.Config.DatabaseURL); err == nil && info.ModTime().After(now.Add(skew)) {
		return warning(say("the clock says %s, but the database was written at %s", detail, info.ModTime().UTC().Format(time.RFC3339)),
			say("The clock was set back, or was wrong then. Turn on time synchronisation."))
	}
	if known, synchronised := clockState(); known && !synchronised {
		return in.ok("%s (not synchronised with a time server, as far as the kernel knows)", detail)
	}
	return Finding{Status: OK, Detail: detail}
}

func container(_ context.Context, in Inputs) Finding {
	inside := false
	for _, mark := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(mark); err == nil {
			inside = true
		}
	}
	if !inside {
		return in.ok("not in a container")
	}
	if _, err := os.Stat("/var/run/docker.sock"); err == nil {
		return warning(in.Book.Say("the Docker socket is mounted into this container: whoever gets hold of it controls the host"),
			in.Book.Say("Remove the mount of /var/run/docker.sock; InnoClaw does not need it."))
	}
	return in.ok("in a container, without the Docker socket")
}
