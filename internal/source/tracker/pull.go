package tracker

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// Source is a connection to Yandex Tracker. Its methods may be called one at a
// time.
type Source struct {
	settings

	connection    string
	known         source.Known
	now           func() time.Time
	mapped        func(took time.Duration) // an issue, with its history
	client        *client
	changelogStep atomic.Int32 // index of changelogSizes
}

var _ source.Source = (*Source)(nil)

// Phases of a pull.
const (
	phaseHistory = "history" // the first walk
	phaseChanges = "changes" // what has changed since
	phaseRetry   = "retry"   // records that could not be read before
	phaseSweep   = "sweep"   // deletions
)

// Pull walks what has changed since the cursor, oldest first.
func (s *Source) Pull(ctx context.Context, raw source.Cursor) iter.Seq2[source.Page, error] {
	return func(yield func(source.Page, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		p := &pull{
			Source: s, cursor: cursorOf(raw), yield: yield, began: s.now(),
			requests: s.client.requests.Load(), done: map[string]uint64{}, told: map[string]bool{},
			workers: semaphore.NewWeighted(parallel),
		}
		s.changelogStep.Store(p.cursor.ChangelogStep)
		p.rulesChanged()
		if err := p.run(ctx); err != nil && !p.stopped {
			yield(source.Page{}, fatal(err))
		}
	}
}

// pull is one pull under way.
type pull struct {
	*Source
	cursor   cursor
	yield    func(source.Page, error) bool
	stopped  bool // the consumer wants no more
	began    time.Time
	requests int64 // sent before this pull

	workers  *semaphore.Weighted // who ask for histories, over all sheets
	progress source.Progress
	statuses []delivery.Status
	closed   map[string]bool // statuses that end an issue, by key
	people   []delivery.Person
	problems []source.Problem // of the dictionaries, for the next page
	told     map[string]bool
	done     map[string]uint64 // stamp of each issue dealt with, by id
}

func (p *pull) run(ctx context.Context) error {
	if err := p.dictionaries(ctx); err != nil {
		return err
	}
	// A pull that goes on from an interrupted one goes on first: else being
	// interrupted often would keep it from getting anywhere.
	steps := []func(context.Context) error{p.retry, p.changes, p.sweep}
	if p.cursor.Walk != nil {
		steps = []func(context.Context) error{p.changes, p.retry, p.sweep}
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// emit yields a page with the cursor as it stands.
func (p *pull) emit(b delivery.Batch, problems []source.Problem) error {
	b.Connection = p.connection
	b.Statuses, p.statuses = p.statuses, nil
	b.People, p.people = p.people, nil
	page := source.Page{Batch: b}
	for _, problem := range append(p.problems, problems...) {
		if id := problem.Record + "\x00" + problem.Path + "\x00" + problem.Message; !p.told[id] {
			p.told[id] = true
			page.Problems = append(page.Problems, problem)
		}
	}
	p.problems = nil
	p.cursor.ChangelogStep = p.changelogStep.Load()
	p.progress.Requests = int(p.client.requests.Load() - p.requests)
	page.Cursor, page.Progress = p.cursor.raw(), p.progress
	if !p.yield(page, nil) {
		p.stopped = true
		return errStopped
	}
	return nil
}

// changes is the walk itself: the first of all, or of what has changed.
func (p *pull) changes(ctx context.Context) error {
	p.progress.Phase = phaseChanges
	if !p.cursor.Since.Known() {
		p.progress.Phase = phaseHistory
	}
	if p.cursor.Walk == nil {
		from := p.cursor.Since
		if !from.Known() {
			from = delivery.InstantOf(p.began.Add(-p.initial))
		}
		p.cursor.Walk = &position{From: max(from-zoneSlack, beginning)}
	}
	w := &walker{
		client: p.client, scope: p.scope, read: p.entryOf, sorted: true, now: p.now,
		pos: *p.cursor.Walk, size: firstPageSize, maxSize: maxFullPages,
	}
	if size := p.cursor.PageSize; size > 0 {
		w.size = min(size, w.maxSize)
	}
	if err := p.take(ctx, w); err != nil {
		return err
	}
	// An issue from the future must not hide what is changed until then.
	newest := min(w.pos.Newest, delivery.InstantOf(p.began))
	p.cursor.Since = max(p.cursor.Since, newest, p.cursor.Walk.From+zoneSlack)
	p.cursor.Walk = nil
	p.cursor.PageSize = w.nextSize()
	if !p.cursor.SweptAt.Known() {
		p.cursor.SweptAt = delivery.InstantOf(p.began)
	}
	return p.emit(delivery.Batch{}, nil)
}

// taken is a sheet with its histories.
type taken struct {
	sheet
	outcome
	err error // the walk's: nothing follows
}

// take walks in the background, a sheet ahead of the histories and those a
// sheet or two ahead of the consumer, and yields a page for every sheet.
func (p *pull) take(ctx context.Context, w *walker) error {
	ctx, cancel := context.WithCancel(ctx)
	sheets, ready := make(chan taken), make(chan chan taken, 1)
	var wait sync.WaitGroup
	wait.Go(func() {
		defer close(sheets)
		w.yield = func(s sheet) bool { return send(ctx, sheets, taken{sheet: s}) }
		if err := w.walk(ctx); err != nil {
			send(ctx, sheets, taken{err: err})
		}
	})
	wait.Go(func() {
		defer close(ready)
		for t := range sheets {
			later := make(chan taken, 1)
			if !send(ctx, ready, later) {
				return
			}
			if t.err != nil {
				later <- t
				return
			}
			fetch := p.resolve(ctx, t.entries)
			wait.Go(func() {
				t.outcome = fetch()
				later <- t
			})
		}
	})
	defer wait.Wait()
	defer cancel()
	for later := range ready {
		t := <-later
		if t.err != nil {
			return t.err
		}
		if err := p.store(t); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

func send[T any](ctx context.Context, to chan<- T, t T) bool {
	select {
	case to <- t:
		return true
	case <-ctx.Done():
		return false
	}
}

// store yields the page of a sheet. When not all of its histories came, the
// page holds those that did, and the cursor stays before it.
func (p *pull) store(t taken) error {
	p.progress.Read += t.read
	p.progress.Found = max(t.found, p.progress.Read)
	for _, r := range t.records {
		p.cursor.solved(unread{ID: r.ID, Key: r.Key})
	}
	for _, u := range t.bad {
		p.cursor.failed(u)
	}
	problems := append(t.sheet.problems, t.outcome.problems...)
	if t.outcome.err == nil {
		p.cursor.Walk = &t.at
		return p.emit(t.batch(), problems)
	}
	if len(t.records)+len(problems) > 0 {
		if err := p.emit(t.batch(), problems); err != nil {
			return err
		}
	}
	return t.outcome.err
}
