// Package worker runs what has to happen on its own: it pulls every connection
// when it is due, writes what the sources say to the fact store page by page,
// derives anew what a changed workflow needs, and prunes what is no longer
// wanted. When a sync is due is a row of the control database; nothing is kept
// in memory that a restart would miss.
package worker

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/inbox"
	"throughline/internal/source"
)

const (
	maxSyncs   = 4                // at the same time, each of its own connection
	maxIdle    = 30 * time.Second // between two looks at what is due
	minIdle    = time.Second
	pruneEvery = time.Hour
	beginRetry = 30 * time.Second
)

// Worker syncs connections. Its methods may be called from any goroutine.
type Worker struct {
	db     *control.DB
	store  delivery.Store
	kinds  []source.Kind
	client *http.Client
	log    *slog.Logger
	told   Observer

	// Ready is called before anything is done with the store, until it succeeds;
	// nil when there is nothing to wait for.
	Ready func(ctx context.Context) error

	// Synced is called when a sync has reached its end, before it counts as done;
	// its error is the sync's. nil when there is nothing to do.
	Synced func(ctx context.Context, c control.Connection) error

	// Inbox is what programs pushed, by the Pushes that read it; nil when there is
	// none.
	Inbox  *inbox.DB
	Pushes map[string]source.Push
	Recent *source.Recent // what the last of them came to; may be nil

	// Retention is how long the settings of a connection keep points of series; nil
	// when nothing is rolled up or dropped.
	Retention func(s source.Settings) (delivery.Retention, error)

	// Catalog is asked whose repositories are, as is set with it; nil when there are
	// no catalogues.
	Catalog func(c control.Catalog, token string) Catalog

	catalogs chan struct{} // holds one: look what the catalogue is to be asked

	wake       chan struct{} // holds one: look for due work
	changed    chan struct{} // holds one: read the workflow again
	facts      chan struct{} // holds one: derive deployments
	deriver    *delivery.Deriver
	completing completions
	slots      chan struct{} // holds one per sync under way
	waiting    atomic.Int32  // how many wait for the fact store
	rebuilt    atomic.Value  // progress of the rebuild under way
	applied    atomic.Value  // delivery.Workflows that the store was last handed
}

// New returns a worker that reaches sources of these kinds by client.
func New(db *control.DB, store delivery.Store, kinds []source.Kind, client *http.Client, log *slog.Logger) *Worker {
	w := &Worker{
		db: db, store: store, kinds: kinds, client: client, log: log, told: unobserved{},
		catalogs: make(chan struct{}, 1),
		wake:     make(chan struct{}, 1),
		changed:  make(chan struct{}, 1),
		facts:    make(chan struct{}, 1),
		slots:    make(chan struct{}, maxSyncs),
	}
	w.deriver = w.newDeriver()
	return w
}

// Poke makes the worker look for due connections now.
func (w *Worker) Poke() { signal(w.wake) }

// WorkflowChanged makes the worker read the workflow again and derive what
// follows from it, in the background.
func (w *Worker) WorkflowChanged() {
	signal(w.changed)
	signal(w.facts) // teams and services go with it
	signal(w.catalogs)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // one is waiting already
	}
}

// Run works until ctx ends; then each sync finishes the page in hand.
func (w *Worker) Run(ctx context.Context) {
	var running sync.WaitGroup
	running.Go(func() { w.prunes(ctx) })
	running.Go(func() { w.asks(ctx) })
	w.begin(ctx)
	running.Go(func() { w.rebuilds(ctx) })
	running.Go(func() { w.drains(ctx) })
	running.Go(func() { w.derives(ctx) })
	running.Go(func() { w.rollsUp(ctx) })
	differs := false
	for ctx.Err() == nil {
		differs = w.watchWorkflow(ctx, differs)
		w.startDue(ctx, &running)
		idle := time.NewTimer(w.untilDue(ctx))
		select {
		case <-ctx.Done():
		case <-w.wake:
		case <-idle.C:
		}
		idle.Stop()
	}
	running.Wait()
}

// begin waits until the fact store is ready and has the workflow, so that the
// issues of the first sync are derived once.
func (w *Worker) begin(ctx context.Context) {
	for {
		_, err := await(ctx, w, func() (none struct{}, err error) {
			if w.Ready != nil {
				err = w.Ready(ctx)
			}
			if err == nil {
				err = w.applyWorkflow(ctx)
			}
			return none, err
		})
		if err == nil || ctx.Err() != nil {
			return
		}
		w.failed(ctx, "the fact store cannot be used, trying again", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(beginRetry):
		}
	}
}

// startDue starts the connections that are due, as far as there are slots.
func (w *Worker) startDue(ctx context.Context, running *sync.WaitGroup) {
	due, err := w.db.Due(ctx, time.Now())
	if err != nil {
		w.failed(ctx, "what is due cannot be read", err)
		return
	}
	for _, c := range due {
		select {
		case w.slots <- struct{}{}:
		default:
			return // a sync that ends pokes
		}
		s, err := w.db.StartSync(ctx, c.ID, time.Now())
		if err != nil {
			<-w.slots
			if !errors.Is(err, control.ErrSyncRunning) {
				w.failed(ctx, "sync cannot be started", err, "connection", c.Name)
			}
			continue
		}
		running.Go(func() {
			defer w.Poke()
			defer func() { <-w.slots }()
			if _, err := w.pull(ctx, c, s, nil); err != nil {
				w.failed(ctx, "end of sync cannot be kept", err, "connection", c.Name)
			}
			w.deriveLearned(ctx)
			w.DeploymentsChanged()
		})
	}
}

// untilDue is how long nothing will be due, as far as is known now.
func (w *Worker) untilDue(ctx context.Context) time.Duration {
	if len(w.slots) == cap(w.slots) {
		return maxIdle
	}
	connections, err := w.db.Pulled(ctx)
	if err != nil {
		w.failed(ctx, "connections cannot be read", err)
		return maxIdle
	}
	idle := maxIdle
	for _, c := range connections {
		if c.Paused == nil && !c.Syncing {
			idle = min(idle, time.Until(c.NextRunAt))
		}
	}
	return max(idle, minIdle)
}

func (w *Worker) prunes(ctx context.Context) {
	tick := time.NewTicker(pruneEvery)
	defer tick.Stop()
	for {
		if err := w.db.PruneSessions(ctx, time.Now()); err != nil {
			w.failed(ctx, "sessions cannot be pruned", err)
		}
		if w.Inbox != nil {
			if err := w.Inbox.Prune(ctx, time.Now()); err != nil {
				w.failed(ctx, "the inbox cannot be pruned", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// failed logs an error of the worker's own, unless it is that of the stop.
func (w *Worker) failed(ctx context.Context, message string, err error, args ...any) {
	if ctx.Err() == nil {
		w.log.ErrorContext(ctx, message, append(args, "error", err)...)
	}
}
