package web

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// Bounds of a cache.
const (
	cacheEntries = 256
	cacheBytes   = 16 << 20
	// nowLifetime is how long an answer that depends on now is given again.
	nowLifetime = time.Minute
)

// caches are a server's; the zero value is ready.
type caches struct{ answers cache }

// generation is what an answer was computed from: when it changes, every
// answer kept is worthless.
type generation struct{ data, settings int64 }

// cache keeps what was computed, by a key, for as long as the generation lasts.
// Whoever asks for an answer that is being computed waits for it. The zero
// value is ready.
type cache struct {
	flight singleflight.Group

	mu      sync.Mutex
	current generation
	entries map[string]*cacheEntry
	bytes   int
	clock   int64 // orders uses
}

type cacheEntry struct {
	value   any
	bytes   int
	expires time.Time // zero: with its generation
	used    int64
}

// question is what a cache is asked.
type question struct {
	generation
	key     string
	expires time.Time // of the answer; zero: with its generation
	now     time.Time
	// answer computes the value and says about how many bytes it holds. Its
	// context outlives the one who asked first, and ends after deadline.
	answer   func(ctx context.Context) (value any, bytes int, err error)
	deadline time.Duration
}

// get answers from memory, or computes and keeps.
func (c *cache) get(ctx context.Context, q question) (any, error) {
	if value, ok := c.lookup(q); ok {
		return value, nil
	}
	flight := fmt.Sprintf("%d %d %s", q.data, q.settings, q.key)
	result := c.flight.DoChan(flight, func() (value any, err error) {
		// singleflight would end the process.
		defer func() {
			if v := recover(); v != nil {
				err = fmt.Errorf("panic: %v", v)
			}
		}()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), q.deadline)
		defer cancel()
		value, bytes, err := q.answer(ctx)
		if err == nil {
			c.keep(q, value, bytes)
		}
		return value, err
	})
	select {
	case r := <-result:
		return r.Val, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *cache) lookup(q question) (any, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[q.key]
	if !ok || c.current != q.generation || !e.expires.IsZero() && !q.now.Before(e.expires) {
		return nil, false
	}
	c.clock++
	e.used = c.clock
	return e.value, true
}

func (c *cache) keep(q question, value any, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != q.generation || c.entries == nil {
		c.current, c.entries, c.bytes = q.generation, map[string]*cacheEntry{}, 0
	}
	c.drop(q.key)
	if bytes > cacheBytes {
		return
	}
	for len(c.entries) >= cacheEntries || c.bytes+bytes > cacheBytes {
		c.drop(c.oldest())
	}
	c.clock++
	c.entries[q.key] = &cacheEntry{value: value, bytes: bytes, expires: q.expires, used: c.clock}
	c.bytes += bytes
}

func (c *cache) drop(key string) {
	if e, ok := c.entries[key]; ok {
		c.bytes -= e.bytes
		delete(c.entries, key)
	}
}

// oldest is the entry that was not used for longest.
func (c *cache) oldest() string {
	key, used := "", int64(-1)
	for k, e := range c.entries {
		if used < 0 || e.used < used {
			key, used = k, e.used
		}
	}
	return key
}
