package control

import (
	"context"
	"sync/atomic"
	"time"
)

// connectionsKept is how long connections are kept that another process may have
// changed.
const connectionsKept = time.Second

// connectionCache are the connections as they were read since the database last
// changed in this process. The zero value is ready.
type connectionCache struct {
	known atomic.Pointer[knownConnections]
}

type knownConnections struct {
	all   []Connection // nil when they were not read
	until time.Time
}

// forget is called after each change of the database.
func (c *connectionCache) forget() { c.known.Store(&knownConnections{}) }

// KnownConnections are Connections for a caller who asks for each request: of a change
// by another process they know within a second. They must not be changed.
func (db *DB) KnownConnections(ctx context.Context) ([]Connection, error) {
	seen := db.connections.known.Load()
	now := time.Now()
	if seen != nil && seen.all != nil && now.Before(seen.until) {
		return seen.all, nil
	}
	all, err := db.Connections(ctx)
	if err != nil {
		return nil, err
	}
	if all == nil {
		all = []Connection{}
	}
	db.connections.known.CompareAndSwap(seen, &knownConnections{all, now.Add(connectionsKept)})
	return all, nil
}
