package boundary

import (
	"container/list"
	"sync"
)

// shared is what all Dirs of one Roots have in common: overlapping workspaces of one
// owner must agree on locks, and caches have one bound for the process.
type shared struct {
	locks    locks
	hashes   *lru[version, string]
	listings *lru[version, *listing]
}

// Bounds of the caches, in cost units: one per hash; one per directory entry.
const (
	maxHashes         = 50_000
	maxListingEntries = 1_000_000
)

func newShared() *shared {
	return &shared{
		locks:    locks{held: map[lockKey]*lock{}},
		hashes:   newLRU[version, string](maxHashes),
		listings: newLRU[version, *listing](maxListingEntries),
	}
}

// lockKey names a directory entry independently of the path that led to it.
type lockKey struct {
	dev, ino uint64
	name     string
}

type lock struct {
	sync.Mutex
	users int // guarded by locks.mu
}

// locks is a set of mutexes that exist while somebody holds or awaits them.
type locks struct {
	mu   sync.Mutex
	held map[lockKey]*lock
}

// acquire locks k and returns the function that unlocks it.
func (l *locks) acquire(k lockKey) (release func()) {
	l.mu.Lock()
	one := l.held[k]
	if one == nil {
		one = &lock{}
		l.held[k] = one
	}
	one.users++
	l.mu.Unlock()
	one.Lock()
	return func() {
		one.Unlock()
		l.mu.Lock()
		defer l.mu.Unlock()
		if one.users--; one.users == 0 {
			delete(l.held, k)
		}
	}
}

// lru is a cache bounded by the sum of its entries' costs.
type lru[K comparable, V any] struct {
	mu    sync.Mutex
	max   int
	cost  int
	order *list.List // front is newest; values are *lruEntry[K, V]
	byKey map[K]*list.Element
}

type lruEntry[K comparable, V any] struct {
	key   K
	value V
	cost  int
}

func newLRU[K comparable, V any](maxCost int) *lru[K, V] {
	return &lru[K, V]{max: maxCost, order: list.New(), byKey: map[K]*list.Element{}}
}

func (c *lru[K, V]) get(k K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[k]
	if !ok {
		var zero V
		return zero, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*lruEntry[K, V]).value, true
}

func (c *lru[K, V]) put(k K, v V, cost int) {
	if cost > c.max {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byKey[k]; ok {
		c.drop(e)
	}
	c.byKey[k] = c.order.PushFront(&lruEntry[K, V]{k, v, cost})
	for c.cost += cost; c.cost > c.max; {
		c.drop(c.order.Back())
	}
}

func (c *lru[K, V]) drop(e *list.Element) {
	entry := e.Value.(*lruEntry[K, V])
	c.order.Remove(e)
	delete(c.byKey, entry.key)
	c.cost -= entry.cost
}
