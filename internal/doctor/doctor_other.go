//go:build !linux

package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
)

func freeBytes(string) (uint64, error) { return 0, errors.New("not known on this system") }

func writable(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o200 == 0 {
		return fmt.Errorf("%s is not writable", dir)
	}
	return nil
}

func watching(context.Context, Inputs) Finding {
	return Finding{Status: OK, Detail: "done by the system"}
}

func isolation(context.Context, Inputs) Finding {
	return Finding{Status: Warning, Detail: "this system offers no isolation that InnoClaw uses", Fix: "Run InnoClaw on Linux where commands have to be confined."}
}
