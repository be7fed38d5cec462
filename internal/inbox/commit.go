package inbox

import (
	"context"
	"errors"
	"time"

	"throughline/internal/sqlite"
)

// maxGroup is how many jobs share a transaction, so that the first of them
// does not wait for ever more of them.
const maxGroup = 1000

// gather is how long the first job of a group waits for others when there were
// some the last time: each sync less is worth more to all of them than this.
const gather = 300 * time.Microsecond

// job is one change, whole or not at all.
type job struct {
	change func(w *writer) error
	done   chan error // takes one without a receiver
}

// write has a change made, and returns when it is on disk. It may be called
// more than once, with nothing left of the call before. When the context ends
// first it may still be made: what it fills in must not be read then.
func (db *DB) write(ctx context.Context, change func(w *writer) error) error {
	j := &job{change: change, done: make(chan error, 1)}
	select {
	case db.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-db.closing:
		return ErrClosed
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// commitJobs makes changes until the inbox closes: all that wait in one
// transaction, since it is the sync at its end that takes the time.
func (db *DB) commitJobs(w *writer) error {
	crowded := false
	quiet := time.NewTimer(restAfter)
	defer quiet.Stop()
	for {
		select {
		case j := <-db.jobs:
			group := db.waitingJobs(j, crowded)
			db.commit(w, group)
			crowded = len(group) > 1
			quiet.Reset(restAfter)
		case <-quiet.C:
			w.rest()
		case <-db.closing:
			return w.close()
		}
	}
}

// waitingJobs is the first job with all that wait behind it, and when it is
// crowded with those that come in a moment.
func (db *DB) waitingJobs(first *job, crowded bool) []*job {
	group := []*job{first}
	if crowded {
		over := time.After(gather)
		for waiting := true; waiting && len(group) < maxGroup; {
			select {
			case j := <-db.jobs:
				group = append(group, j)
			case <-over:
				waiting = false
			}
		}
	}
	for len(group) < maxGroup {
		select {
		case j := <-db.jobs:
			group = append(group, j)
		default:
			return group
		}
	}
	return group
}

// commit makes the changes of a group and answers. When one fails the others
// must not suffer for it: then each is made alone, unless it is the disk, which
// fails them all.
func (db *DB) commit(w *writer, group []*job) {
	err := db.transact(w, group)
	var disk *sqlite.DiskError
	alone := err != nil && len(group) > 1 && !errors.As(err, &disk)
	for _, j := range group {
		if alone {
			err = db.transact(w, []*job{j})
		}
		j.done <- err
	}
}

// transact makes changes in one transaction.
func (db *DB) transact(w *writer, group []*job) error {
	w.added = false
	err := w.transact(func() error {
		for _, j := range group {
			if err := j.change(w); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return db.sql.Explain(err)
	}
	if w.added {
		select {
		case db.added <- struct{}{}:
		default: // the worker has yet to see the one before
		}
	}
	return nil
}
