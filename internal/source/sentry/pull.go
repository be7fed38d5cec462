package sentry

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/http"
	"sync"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// Phases of a pull.
const (
	phaseCollect  = "collect"  // what changes by the minute
	phaseHistory  = "history"  // groups that are not new
	phaseReleases = "releases" // with their deploys
	phaseHealth   = "health"   // of sessions
	phaseEvents   = "events"   // by the hour
)

var errStopped = errors.New("the consumer wants no more")

// Pull collects what changes by the minute, and then what is due of the rest.
func (s *Source) Pull(ctx context.Context, raw source.Cursor) iter.Seq2[source.Page, error] {
	return func(yield func(source.Page, error) bool) {
		p := &pull{
			Source: s, cursor: s.cursorOf(raw), yield: yield, requests: s.client.requests.Load(),
			began: s.now(), listed: map[string]bool{},
		}
		if err := p.run(ctx); err != nil && !errors.Is(err, errStopped) {
			yield(source.Page{}, err)
		}
	}
}

// pull is one pull under way.
type pull struct {
	*Source
	cursor   cursor
	yield    func(source.Page, error) bool
	began    time.Time
	requests int64 // sent before this pull
	progress source.Progress

	mu       sync.Mutex // of problems and cursor.Lacks, while endpoints are asked at once
	problems []source.Problem

	projects []project // that are asked for
	stored   map[string]delivery.ErrorGroup
	fresh    *collected
	rowsAt   delivery.Instant // up to when rows were read in this pull
	listed   map[string]bool  // groups told in this pull
}

func (p *pull) run(ctx context.Context) error {
	if p.token == "" { // only hooks are received
		return p.emit(delivery.Batch{})
	}
	for _, phase := range []struct {
		name string
		run  func(context.Context) error
	}{
		{phaseCollect, p.collect},
		{phaseHistory, p.history},
		{phaseReleases, p.releases},
		{phaseHealth, p.health},
		{phaseEvents, p.hours},
	} {
		p.progress.Phase = phase.name
		if err := phase.run(ctx); err != nil {
			return err
		}
	}
	return p.emit(delivery.Batch{})
}

// millis is a moment's distance.
func millis(d time.Duration) delivery.Instant { return delivery.Instant(d.Milliseconds()) }

func (p *pull) at() delivery.Instant { return delivery.InstantOf(p.began) }

// due reports whether what was last done at an instant is to be done again.
func (p *pull) due(last delivery.Instant, every time.Duration) bool {
	return last == 0 || p.at() >= last+millis(every) || p.at() < last
}

// emit yields a page with the problems since the last one, and the cursor as it
// stands.
func (p *pull) emit(b delivery.Batch) error {
	b.Connection = p.connection
	b.Incidents = p.ended(b.ErrorGroups)
	p.progress.Read += len(b.ErrorGroups) + len(b.ErrorProjects) + len(b.EventDays) + len(b.SessionDays) + len(b.Releases)
	p.progress.Requests = int(p.client.requests.Load() - p.requests)
	page := source.Page{Batch: b, Cursor: p.cursor.raw(), Progress: p.progress, Problems: p.problems}
	p.problems = nil
	if !p.yield(page, nil) {
		return errStopped
	}
	return nil
}

func (p *pull) problem(problems ...source.Problem) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.problems = append(p.problems, problems...)
}

// lackError is an endpoint that was found lacking a while ago.
type lackError struct{ said string }

func (e *lackError) Error() string { return e.said }

// get is client.do for an endpoint that the server may lack: one that was found
// lacking is asked for once a day only.
func (p *pull) get(ctx context.Context, r request) (*answer, error) {
	p.mu.Lock()
	lacked, ok := p.cursor.Lacks[r.to]
	p.mu.Unlock()
	if ok && !p.over(lacked) {
		return nil, &lackError{lacked.Said}
	}
	a, err := p.client.do(ctx, r)
	ofOne := (r.to == toDeploys || r.to == toCurrentRelease) && isStatus(err, http.StatusNotFound)
	if !ofOne {
		p.lack(r.to, err)
	}
	return a, err
}

// lack notes what an answer says of whether there is an endpoint.
func (p *pull) lack(to endpoint, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err == nil:
		delete(p.cursor.Lacks, to)
	case isLack(err):
		p.cursor.Lacks[to] = lack{p.at(), err.Error(), isStatus(err, http.StatusBadRequest, http.StatusForbidden)}
	}
}

// lacks reports whether an endpoint of get cannot be asked for.
func lacks(err error) bool {
	_, ok := errors.AsType[*lackError](err)
	return ok || isLack(err)
}

// pieces are what may fail alone, in words for people.
var pieces = map[string]string{
	"environment": "error groups of an environment",
	"rows":        "releases that error groups were seen in",
	"month":       "counts of events of the month",
	"keys":        "limits of keys",
	"history":     "older error groups",
	"group":       "an error group by itself",
	"releases":    "releases",
	"deploys":     "deploys of a release",
	"health":      "sessions",
	"events":      "counts of events by the hour",
}

// alone turns the failure of a piece into a problem of its own. Its error is that of
// all: only a person can mend it, or Sentry is down, or wants to be left alone with
// error groups, without which there is little.
func (p *pull) alone(ctx context.Context, piece, record string, err error) error {
	var failure *storeError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return cmp.Or(context.Cause(ctx), err)
	case errors.Is(err, source.ErrAuth), errors.Is(err, errStopped), errors.As(err, &failure), p.client.down():
		return err
	}
	if _, known := errors.AsType[*lackError](err); known {
		return nil // it was said when it was found out, and is said again when it is asked for again
	}
	if _, limited := errors.AsType[*source.RateLimitError](err); limited && (piece == "environment" || piece == "history" || piece == "group") {
		return err // the limits of the others are their own
	}
	said := err.Error()
	p.problem(source.Problem{
		Record: cmp.Or(record, piece), Path: "$", Message: "The " + pieces[piece] + " could not be read: " + said,
		Phrase: source.Phrase{ID: "sentry.piece." + piece, Args: []string{"said", said}},
	})
	return nil
}

// storeError is that of what is stored, not of Sentry.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }

func (e *storeError) Unwrap() error { return e.err }
