package control

import (
	"maps"
	"sync/atomic"
)

// tokenCache are the tokens of the hashes that were asked for since the database
// last changed: to read one takes a tenth of a push. The server is the only process
// that changes tokens. Only what is a token's is in it, so that it does not grow.
type tokenCache struct {
	known atomic.Pointer[map[string]Token]
}

// of is the token of a hash, and what to hand to add.
func (c *tokenCache) of(hash []byte) (t Token, found bool, seen *map[string]Token) {
	seen = c.known.Load()
	if seen != nil {
		t, found = (*seen)[string(hash)]
	}
	return t, found, seen
}

// add keeps a token that was read after of gave seen. What has changed meanwhile goes
// before it.
func (c *tokenCache) add(hash []byte, t Token, seen *map[string]Token) {
	more := map[string]Token{}
	if seen != nil {
		more = maps.Clone(*seen)
	}
	more[string(hash)] = t
	c.known.CompareAndSwap(seen, &more)
}

// forget is called after each change of the database.
func (c *tokenCache) forget() { c.known.Store(&map[string]Token{}) }
