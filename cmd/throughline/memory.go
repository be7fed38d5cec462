package main

import (
	"context"
	"math"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// serveMemory is of Go's heap; the collector works harder beyond it.
	serveMemory = int64(112 << 20)
	// memoryEvery is how often memory is looked at, quietBytes what a program at
	// rest allocates in that time at most, heldBytes what it may hold unused, and
	// wasteBytes what it may have allocated since it last gave any back.
	memoryEvery = 5 * time.Second
	quietBytes  = 8 << 20
	heldBytes   = 4 << 20
	wasteBytes  = 2 << 20
)

// limitMemory makes the collector work harder beyond limit, unless whoever
// started the program set GOMEMLIMIT. It returns what sets it back.
func limitMemory(limit int64) (reset func()) {
	before := debug.SetMemoryLimit(-1)
	if before == math.MaxInt64 {
		debug.SetMemoryLimit(limit)
	}
	return func() { debug.SetMemoryLimit(before) }
}

// giveMemoryBack returns to the system what a sync or a crowd of readers needed,
// as soon as it is quiet again, until ctx ends. Left to itself, the collector
// keeps about twice what it last found in use.
func giveMemoryBack(ctx context.Context) {
	tick := time.NewTicker(memoryEvery)
	defer tick.Stop()
	before := memoryNow()
	given := before.allocated
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := memoryNow()
		quiet := now.allocated-before.allocated < quietBytes
		if quiet && (now.free > heldBytes || now.allocated-given > wasteBytes) {
			debug.FreeOSMemory()
			given = now.allocated
		}
		before = now
	}
}

// memory is what the heap allocated since the program began, and what of it is
// free but still held.
type memory struct{ allocated, free uint64 }

func memoryNow() memory {
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
	metrics.Read(samples)
	return memory{samples[0].Value.Uint64(), samples[1].Value.Uint64()}
}
