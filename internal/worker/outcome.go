package worker

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"throughline/internal/control"
	"throughline/internal/source"
)

const (
	minBackoff = time.Minute
	maxBackoff = time.Hour
	minLimit   = 5 * time.Second // a source that says "now" is left alone this long
	maxLimit   = 24 * time.Hour
	maxErrText = 1000 // bytes of an error kept with a sync
)

// errPanic is what remains of a panic; its stack is in the log.
var errPanic = &ownError{id: "panic", text: "an internal error stopped the sync; the log has the details"}

// ownError is a fault of the program itself.
type ownError struct{ id, text string }

func (e *ownError) Error() string         { return e.text }
func (e *ownError) Phrase() source.Phrase { return source.Phrase{ID: e.id} }

// storeError is the fact store's, not the source's.
type storeError struct{ err error }

func (e *storeError) Error() string { return "the facts could not be stored: " + e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }

// Phrase leaves the database's own words to the log.
func (e *storeError) Phrase() source.Phrase { return source.Phrase{ID: "store"} }

// afterError is of what is written elsewhere once the facts are in.
type afterError struct{ err error }

func (e *afterError) Error() string {
	return "the facts are in, but the tables of drop_in_database could not be written: " + e.err.Error()
}
func (e *afterError) Unwrap() error { return e.err }

// Phrase leaves the database's own words to the log.
func (e *afterError) Phrase() source.Phrase { return source.Phrase{ID: "drop_in"} }

// lost reports whether somebody ended the sync from outside: its connection was
// deleted or changed meanwhile. Trying again cannot help.
func lost(err error) bool {
	return errors.Is(err, control.ErrNotFound) || errors.Is(err, control.ErrSuperseded) || errors.Is(err, control.ErrSyncOver)
}

// outcome is how a sync ended and what follows from it.
type outcome struct {
	state    control.SyncState
	text     string // what went wrong, for people
	next     time.Time
	failures int // in a row, with this one
}

// message is what went wrong, for people of any language.
func (o outcome) message(err error) source.Message {
	if o.text == "" {
		return source.Message{}
	}
	return source.MessageOf(err, o.text)
}

// judge says what follows from err, with which a sync of c, begun at start,
// ended; stopped says that it was asked to.
func judge(c control.Connection, start time.Time, problems int, err error, stopped bool, now time.Time) outcome {
	auth, isAuth := errors.AsType[*source.AuthError](err)
	limit, isLimit := errors.AsType[*source.RateLimitError](err)
	switch {
	case err == nil && problems > 0:
		return outcome{state: control.Problems, next: start.Add(c.Every)}
	case err == nil:
		return outcome{state: control.Done, next: start.Add(c.Every)}
	case stopped || lost(err):
		return outcome{state: control.Interrupted, next: now, failures: c.Failures}
	case isAuth:
		return outcome{state: control.Paused, text: auth.Message, next: start.Add(c.Every)}
	case errors.Is(err, source.ErrAuth):
		return outcome{state: control.Paused, text: plain(err), next: start.Add(c.Every)}
	case isLimit:
		// The source said when to go on; that counts as no failure of its.
		return outcome{state: control.Failed, text: plain(err), next: now.Add(limitPause(limit, now)), failures: c.Failures}
	}
	failures := c.Failures + 1
	return outcome{state: control.Failed, text: plain(err), next: now.Add(pause(failures)), failures: failures}
}

// finish keeps how the sync ended.
func (p *pulling) finish(ctx context.Context, err error) (control.Sync, error) {
	w, c := p.w, p.connection
	stopped := ctx.Err() != nil
	now := time.Now()
	out := judge(c, p.sync.StartedAt, p.sync.Problems, err, stopped, now)
	level := w.log.InfoContext
	if out.text != "" {
		level = w.log.WarnContext
	}
	level(ctx, "sync ended", "connection", c.Name, "sync", p.sync.ID, "state", out.state, "error", out.text,
		"seconds", now.Sub(p.sync.StartedAt).Seconds(), "read", p.sync.Progress.Read, "requests", p.sync.Progress.Requests,
		"inserted", p.sync.Written.Inserted, "updated", p.sync.Written.Updated, "unchanged", p.sync.Written.Unchanged,
		"gone", p.sync.Written.Gone, "problems", p.sync.Problems, "next", out.next)
	w.told.SyncEnded(SyncReport{
		Connection: c.Name, Kind: c.Kind, State: out.state,
		EndedAt: now, Took: now.Sub(p.sync.StartedAt), Waited: p.waited,
	})

	ctx, cancel := outlive(ctx, stopGrace)
	defer cancel()
	if err := p.keep(ctx, out, err, now); err != nil && !lost(err) {
		return p.sync, fmt.Errorf("finish sync of %s: %w", c.Name, err)
	}
	p.sync.State, p.sync.Error, p.sync.FinishedAt = out.state, out.message(err), now
	return p.sync, nil
}

// keep writes how the sync ended, with growing pauses as long as the database
// takes nothing: a sync that stays under way would keep its connection from ever
// being synced again. In the foreground the program ends with it, and the next
// start tidies up, so there the tries are bounded.
func (p *pulling) keep(ctx context.Context, out outcome, err error, now time.Time) error {
	tries := uint(0) // without bound, until the worker stops
	if p.onProgress != nil {
		tries = saveTries
	}
	_, err = retry(ctx, p, tries, "end of sync not kept, trying again", func() (struct{}, error) {
		return struct{}{}, p.keepOnce(ctx, out, err, now)
	})
	return err
}

func (p *pulling) keepOnce(ctx context.Context, out outcome, err error, now time.Time) error {
	db, c := p.w.db, p.connection
	switch {
	case out.state == control.Paused:
		code := "auth"
		if auth, ok := errors.AsType[*source.AuthError](err); ok {
			code = auth.Code
		}
		if err := db.PauseAfter(ctx, p.sync.ID, code, out.text, now); err != nil {
			return err
		}
	case c.Paused != nil && err == nil:
		// A paused connection that was synced by name works again.
		if err := db.Resume(ctx, c.Name, out.next); err != nil {
			return err
		}
	}
	return db.FinishSync(ctx, p.sync.ID, out.state, out.message(err), out.next, out.failures, now)
}

// pause is the time to wait after the nth failure in a row: from a minute,
// doubling, to an hour, with up to a fifth more so that connections that
// failed together do not come back together.
func pause(n int) time.Duration {
	d := minBackoff
	for ; n > 1 && d < maxBackoff; n-- {
		d *= 2
	}
	d = min(d, maxBackoff*5/6)
	return d + rand.N(d/5)
}

// limitPause is how long to leave a source alone.
func limitPause(limit *source.RateLimitError, now time.Time) time.Duration {
	return min(max(limit.RetryAfter.Sub(now), minLimit), maxLimit)
}

// plain is an error's text on one line and of bounded length.
func plain(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if errors.Is(err, context.DeadlineExceeded) {
		text = "the source did not answer in time: " + text
	}
	if len(text) > maxErrText {
		text = strings.ToValidUTF8(text[:maxErrText], "") + "…"
	}
	return text
}
