package control

import (
	"maps"
	"sync/atomic"
)

// hashCache are the tokens or embeds of the hashes that were asked for since the
// database last changed: to read one takes a tenth of a push. The server is the only
// process that changes them. Only what is there is in it, so that it does not grow.
type hashCache[T any] struct {
	known atomic.Pointer[map[string]T]
}

// of is what a hash is of, and what to hand to add.
func (c *hashCache[T]) of(hash []byte) (t T, found bool, seen *map[string]T) {
	seen = c.known.Load()
	if seen != nil {
		t, found = (*seen)[string(hash)]
	}
	return t, found, seen
}

// add keeps what was read after of gave seen. What has changed meanwhile goes before
// it.
func (c *hashCache[T]) add(hash []byte, t T, seen *map[string]T) {
	more := map[string]T{}
	if seen != nil {
		more = maps.Clone(*seen)
	}
	more[string(hash)] = t
	c.known.CompareAndSwap(seen, &more)
}

// forget is called after each change of the database.
func (c *hashCache[T]) forget() { c.known.Store(&map[string]T{}) }
