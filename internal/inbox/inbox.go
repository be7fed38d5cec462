// Package inbox keeps the hooks and pushes that were received until they are
// worked into the facts, and what became of them after: a SQLite database of
// its own, in which an entry is on disk before its sender is answered. It does
// not read what it keeps.
package inbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"throughline/internal/sqlite"
	"throughline/migrations"
)

// DB is the inbox. It may be used by several goroutines.
type DB struct {
	sql   *sqlite.DB
	codec *codec
	now   func() time.Time

	jobs    chan *job
	added   chan struct{}
	closing chan struct{}
	close   func() error
}

// Open opens or creates the inbox at path.
func Open(ctx context.Context, path string) (*DB, error) {
	db, err := open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("inbox: %w", err)
	}
	return db, nil
}

func open(ctx context.Context, path string) (*DB, error) {
	codec, err := newCodec()
	if err != nil {
		return nil, err
	}
	// FULL: with NORMAL a commit is not synced, and power that fails takes
	// entries whose senders were told that they are safe.
	file, err := sqlite.Open(ctx, path, "FULL", migrations.Inbox())
	if err != nil {
		codec.close()
		return nil, err
	}
	w, err := openWriter(ctx, file)
	if err != nil {
		codec.close()
		return nil, errors.Join(err, file.Close())
	}
	db := &DB{
		sql: file, codec: codec, now: time.Now,
		jobs: make(chan *job), added: make(chan struct{}, 1), closing: make(chan struct{}),
	}
	stopped := make(chan error)
	go func() { stopped <- db.commitJobs(w) }()
	db.close = sync.OnceValue(func() error {
		close(db.closing)
		err := <-stopped
		codec.close()
		return errors.Join(err, file.Close())
	})
	return db, nil
}

// Close waits for the commit under way and closes the inbox. Calls that have
// not come to their turn end with ErrClosed.
func (db *DB) Close() error { return db.close() }

// Ping reports whether the inbox can still be read.
func (db *DB) Ping(ctx context.Context) error { return db.sql.Ping(ctx) }

// Added receives when an entry has begun to wait since it last did: by Put,
// PutAll or Replay, not when the time for another attempt has come. It is for
// one worker.
func (db *DB) Added() <-chan struct{} { return db.added }
