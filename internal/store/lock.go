package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// errLockHeld means that other processes have the database open.
var errLockHeld = errors.New("another InnoClaw process has the database open")

const lockPoll = 20 * time.Millisecond

// fileLock is an advisory lock on "<database>.lock". Every process that has the
// database open holds it shared; migrations need it alone, because restoring a
// snapshot would undo what another process wrote meanwhile. The kernel releases
// it when the process ends.
type fileLock struct{ file *os.File }

func openLock(path string) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, fileMode)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	return &fileLock{file: f}, nil
}

// try takes the lock without waiting; ok is false when another holds it.
func (l *fileLock) try(how int) (ok bool, err error) {
	for {
		err = syscall.Flock(int(l.file.Fd()), how|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("lock %s: %w", l.file.Name(), err)
	}
	return true, nil
}

// shared waits until no migration runs, then holds the lock with other readers.
func (l *fileLock) shared(ctx context.Context) error {
	for {
		if ok, err := l.try(syscall.LOCK_SH); ok || err != nil {
			return err
		}
		if !sleep(ctx, lockPoll) {
			return fmt.Errorf("wait for a migration by another process: %w", ctx.Err())
		}
	}
}

// exclusive waits at most limit to hold the lock alone. It gives up early, with
// ok false, when needed says that another process has done the work.
func (l *fileLock) exclusive(ctx context.Context, limit time.Duration, needed func() (bool, error)) (ok bool, err error) {
	if err := syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN); err != nil {
		return false, fmt.Errorf("unlock %s: %w", l.file.Name(), err)
	}
	for end := time.Now().Add(limit); ; {
		if ok, err := l.try(syscall.LOCK_EX); err != nil {
			return false, err
		} else if ok {
			return needed()
		}
		if need, err := needed(); err != nil || !need {
			return false, err
		}
		if time.Now().After(end) {
			return false, fmt.Errorf("update the schema: %w: stop it, then start this one again", errLockHeld)
		}
		if !sleep(ctx, lockPoll) {
			return false, ctx.Err()
		}
	}
}

// Close releases the lock. Closing twice does nothing.
func (l *fileLock) Close() error {
	if err := l.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}
