package store

import (
	"context"
	"fmt"
	"syscall"
)

// Presence tells other processes that this one works on the database in some
// role, until it is closed or the process ends in whatever way.
type Presence struct{ lock *fileLock }

// Present announces this process in a role. alone is true when no other process
// on this machine is present in the role; nobody else can become so before
// [Presence.Share] or Close. On PostgreSQL, where other machines cannot be
// asked, alone is always false.
func (db *DB) Present(ctx context.Context, role string) (p *Presence, alone bool, err error) {
	if db.dialect != SQLite {
		return &Presence{}, false, nil
	}
	lock, err := openLock(db.location + "." + role + ".lock")
	if err != nil {
		return nil, false, fmt.Errorf("announce role %s: %w", role, err)
	}
	p = &Presence{lock: lock}
	if alone, err = lock.try(syscall.LOCK_EX); err == nil && !alone {
		err = lock.shared(ctx)
	}
	if err != nil {
		_ = lock.Close()
		return nil, false, fmt.Errorf("announce role %s: %w", role, err)
	}
	return p, alone, nil
}

// Share lets other processes become present as well.
func (p *Presence) Share(ctx context.Context) error {
	if p.lock == nil {
		return nil
	}
	return p.lock.shared(ctx)
}

// Close withdraws from the role.
func (p *Presence) Close() error {
	if p == nil || p.lock == nil {
		return nil
	}
	return p.lock.Close()
}
