package server

import (
	"container/list"
	"maps"
	"math"
	"net/netip"
	"sync"

	"golang.org/x/time/rate"
)

// Limit allows PerSecond requests per second on average and Burst at once.
type Limit struct {
	PerSecond float64
	Burst     int
}

// Classes that the server applies by itself; routes do not name them.
const (
	RateAnonymous RateClass = "anonymous" // requests without an account, per address
	RateGuess     RateClass = "guess"     // requests with a wrong credential, per address
)

func defaultLimits() map[RateClass]Limit {
	return map[RateClass]Limit{
		RateAuth:      {PerSecond: 1, Burst: 40},
		RateHeavy:     {PerSecond: 10, Burst: 60},
		RateUpload:    {PerSecond: 20, Burst: 200},
		RateAnonymous: {PerSecond: 50, Burst: 300},
		RateGuess:     {PerSecond: 2, Burst: 60},
	}
}

// maxLimiters bounds the callers remembered per class. The one seen longest ago
// is forgotten first, which gives it a full burst again.
const maxLimiters = 10_000

// limiters keeps one token bucket per class and caller.
type limiters struct {
	limits  map[RateClass]Limit
	classes map[RateClass]*Limiter
}

func newLimiters(overrides map[RateClass]Limit) *limiters {
	l := &limiters{limits: defaultLimits(), classes: map[RateClass]*Limiter{}}
	maps.Copy(l.limits, overrides)
	for class, limit := range l.limits {
		l.classes[class] = NewLimiter(limit)
	}
	return l
}

// take uses one request of key's share, or says when to come back.
func (l *limiters) take(class RateClass, key string) error {
	c, ok := l.classes[class]
	if !ok || c.Allow(key) {
		return nil
	}
	return l.refusal(class)
}

func (l *limiters) refusal(class RateClass) error {
	return TooManyRequests("rate_limited", "Too many requests. Wait a moment and try again.", l.classes[class].Wait())
}

// Limiter keeps one token bucket per key, for a bounded number of keys. It is
// safe for concurrent use.
type Limiter struct {
	limit Limit
	mu    sync.Mutex
	order *list.List // of *bucket, most recently used first
	byKey map[string]*list.Element
}

type bucket struct {
	key     string
	limiter *rate.Limiter
}

// NewLimiter makes a limiter that gives each key the same limit.
func NewLimiter(limit Limit) *Limiter {
	return &Limiter{limit: limit, order: list.New(), byKey: map[string]*list.Element{}}
}

// Allow uses one of key's requests and tells whether there was one left.
func (c *Limiter) Allow(key string) bool { return c.get(key).Allow() }

// Wait is how many whole seconds pass until a key with nothing left gets one
// more request, at least 1.
func (c *Limiter) Wait() int {
	if c.limit.PerSecond <= 0 || c.limit.PerSecond >= 1 {
		return 1
	}
	return int(math.Ceil(1 / c.limit.PerSecond))
}

// Forget gives key a full burst again.
func (c *Limiter) Forget(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byKey[key]; ok {
		delete(c.byKey, key)
		c.order.Remove(e)
	}
}

// get returns key's bucket and makes it if need be.
func (c *Limiter) get(key string) *rate.Limiter {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byKey[key]; ok {
		c.order.MoveToFront(e)
		return e.Value.(*bucket).limiter
	}
	if c.order.Len() >= maxLimiters {
		oldest := c.order.Back()
		delete(c.byKey, oldest.Value.(*bucket).key)
		c.order.Remove(oldest)
	}
	b := &bucket{key: key, limiter: rate.NewLimiter(rate.Limit(c.limit.PerSecond), c.limit.Burst)}
	c.byKey[key] = c.order.PushFront(b)
	return b.limiter
}

// limitKey is what an address is counted under: itself, or its /64 network for
// IPv6, where one household has that many addresses.
func limitKey(remoteAddr string) string {
	host := remoteIP(remoteAddr)
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.Unmap().Is4() {
		return host
	}
	prefix, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return host
	}
	return prefix.String()
}
