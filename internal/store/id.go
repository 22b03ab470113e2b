package store

import (
	"crypto/rand"
	"strings"
	"time"
)

// NewID returns a new opaque id of 26 lower-case characters with at least 128
// bits of randomness. Ids carry no time and no order.
func NewID() string {
	return strings.ToLower(rand.Text())
}

// Millis returns the time as the database keeps it: milliseconds since 1970 UTC.
func Millis(t time.Time) int64 {
	return t.UnixMilli()
}

// Time is the inverse of [Millis], in UTC.
func Time(ms int64) time.Time {
	return time.UnixMilli(ms).UTC()
}
