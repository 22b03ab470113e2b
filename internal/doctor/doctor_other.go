//go:build !linux

package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
)

func freeSpace(string) (space, error) { return space{}, errors.New("not known on this system") }

func writable(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("look at %s: %w", dir, err)
	}
	if info.Mode().Perm()&0o200 == 0 {
		return fmt.Errorf("%s is not writable", dir)
	}
	return nil
}

func clockState() (known, synchronised bool) { return false, false }

func watching(_ context.Context, in Inputs) Finding { return in.ok("done by the system") }

func openFiles(_ context.Context, in Inputs) Finding { return in.ok("limited by the system") }

func none(in Inputs) Finding {
	return warning(in.Book.Say("not offered by this system"), in.Book.Say("Run InnoClaw on Linux where commands have to be confined."))
}

func landlock(_ context.Context, in Inputs) Finding       { return none(in) }
func seccomp(_ context.Context, in Inputs) Finding        { return none(in) }
func userNamespaces(_ context.Context, in Inputs) Finding { return none(in) }
