package web

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// Bounds of a cache.
const (
	cacheEntries = 512
	cacheBytes   = 40 << 20
	drawnBytes   = 8 << 20
	// nowLifetime is how long an answer that depends on now is given again.
	nowLifetime = time.Minute
	// dear is what an answer must have cost to be given although there is newer
	// data, and while it is younger than so many times its cost, nobody even
	// computes it anew: a sync that brings new data every moment must not keep
	// all processors busy with the same questions.
	dear      = 20 * time.Millisecond
	dearTimes = 20
	// settled is how young a chart is good enough while a sync brings in more, whatever
	// it cost.
	settled = 10 * time.Second
	// busyTimes is how many times longer an answer may be stale while every place to
	// compute one is taken: it would only wait.
	busyTimes = 3
)

// computing is how many answers are computed at once; more would only make each
// slower, and hold more memory.
func computing() int { return max(2, min(runtime.GOMAXPROCS(0), runtime.NumCPU())) }

// caches are a server's; the zero value is ready.
type caches struct {
	answers cache
	embeds  cache
	drawn   cache
}

// generation is what an answer was computed from: when it changes, every
// answer kept is worthless.
type generation struct{ data, settings int64 }

// cache keeps what was computed, by a key, for as long as the generation lasts.
// Whoever asks for an answer that is being computed waits for it. The zero
// value is ready.
type cache struct {
	flight singleflight.Group
	most   int // bytes, cacheBytes unless said

	gate     chan struct{} // holds one for each answer that is being computed
	openGate sync.Once

	mu       sync.Mutex
	settings int64 // that the entries are for
	entries  map[string]*cacheEntry
	bytes    int
	clock    int64 // orders uses
}

type cacheEntry struct {
	value   any
	bytes   int
	data    int64     // generation of the data it is of
	asked   time.Time // when it was computed
	cost    time.Duration
	stale   time.Duration // as it was asked for
	expires time.Time     // zero: with its generation
	used    int64
}

// question is what a cache is asked.
type question struct {
	generation
	key     string
	expires time.Time // of the answer; zero: with its generation
	now     time.Time
	// stale is how old an answer may be that was dear and is of data before:
	// such a one is given at once, and computed anew for the next who asks.
	stale time.Duration
	// settle is how young an answer may be of data before whatever it cost.
	settle time.Duration
	// answer computes the value and says about how many bytes it holds. Its
	// context outlives the one who asked first, and ends after deadline.
	answer   func(ctx context.Context) (value any, bytes int, err error)
	deadline time.Duration
}

// get answers from memory, or computes and keeps.
func (c *cache) get(ctx context.Context, q question) (any, error) {
	value, how := c.lookup(q)
	switch how {
	case fresh:
		return value, nil
	case fading:
		if !c.busy() {
			c.compute(ctx, q)
		}
		return value, nil
	}
	select {
	case r := <-c.compute(ctx, q):
		return r.Val, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// compute begins to compute an answer, unless that was begun already.
func (c *cache) compute(ctx context.Context, q question) <-chan singleflight.Result {
	// Who has a place must not wait for who waits for one.
	inside, _ := ctx.Value(insideKey{}).(bool)
	flight := fmt.Sprintf("%t %d %d %s", inside, q.data, q.settings, q.key)
	return c.flight.DoChan(flight, func() (value any, err error) {
		// singleflight would end the process.
		defer func() {
			if v := recover(); v != nil {
				err = fmt.Errorf("panic: %v", v)
			}
		}()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), q.deadline)
		defer cancel()
		ctx, leave, err := c.enter(ctx)
		if err != nil {
			return nil, err
		}
		defer leave()
		began := time.Now()
		value, bytes, err := q.answer(ctx)
		if err == nil {
			c.keep(q, value, bytes, time.Since(began))
		}
		return value, err
	})
}

// apart computes an answer that is not kept, in its turn.
func (c *cache) apart(ctx context.Context, q question) (any, error) {
	ctx, leave, err := c.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	value, _, err := q.answer(ctx)
	return value, err
}

// enter waits until an answer may be computed; leave makes room for the next.
func (c *cache) enter(ctx context.Context) (inside context.Context, leave func(), err error) {
	c.openGate.Do(c.makeGate)
	// An answer that asks for another has its place already.
	if _, inside := ctx.Value(insideKey{}).(bool); inside {
		return ctx, func() {}, nil
	}
	select {
	case c.gate <- struct{}{}:
		return context.WithValue(ctx, insideKey{}, true), func() { <-c.gate }, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

// busy reports whether every place to compute an answer is taken.
func (c *cache) busy() bool {
	c.openGate.Do(c.makeGate)
	return len(c.gate) == cap(c.gate)
}

func (c *cache) makeGate() { c.gate = make(chan struct{}, computing()) }

// insideKey marks the context of an answer that is being computed.
type insideKey struct{}

// freshness is what an entry is worth.
type freshness int

const (
	missing freshness = iota
	fading            // to be given, and to be computed anew
	fresh
)

func (c *cache) lookup(q question) (any, freshness) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[q.key]
	if !ok || c.settings != q.settings {
		return nil, missing
	}
	how := e.freshness(q)
	if how == missing && e.bearable(q) && c.busy() {
		how = fading
	}
	if how != missing {
		c.clock++
		e.used = c.clock
	}
	return e.value, how
}

func (e *cacheEntry) freshness(q question) freshness {
	age := q.now.Sub(e.asked)
	switch {
	case e.data == q.data && (e.expires.IsZero() || q.now.Before(e.expires)):
		return fresh
	case age >= q.stale:
		return missing
	case age < q.settle || e.cost >= dear && age < dearTimes*e.cost:
		return fresh
	case e.cost < dear:
		return missing
	default:
		return fading
	}
}

// bearable reports whether an entry may be given where there is no computing a newer one.
func (e *cacheEntry) bearable(q question) bool { return q.now.Sub(e.asked) < busyTimes*q.stale }

func (c *cache) keep(q question, value any, bytes int, cost time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.settings != q.settings || c.entries == nil {
		c.settings, c.entries, c.bytes = q.settings, map[string]*cacheEntry{}, 0
	}
	if e, ok := c.entries[q.key]; ok && e.data > q.data {
		return // a newer one was computed meanwhile
	}
	c.drop(q.key)
	for key, e := range c.entries {
		if e.data != q.data && q.now.Sub(e.asked) >= busyTimes*e.stale {
			c.drop(key)
		}
	}
	most := cmp.Or(c.most, cacheBytes)
	if bytes > most {
		return
	}
	for len(c.entries) >= cacheEntries || c.bytes+bytes > most {
		c.drop(c.oldest())
	}
	c.clock++
	c.entries[q.key] = &cacheEntry{value: value, bytes: bytes, data: q.data, asked: q.now, cost: cost, stale: q.stale, expires: q.expires, used: c.clock}
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
