package worker

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"throughline/internal/delivery"
)

// rebuildRetry is the pause after a rebuild that failed.
const rebuildRetry = time.Minute

// progress is how many issues of how many a rebuild has done.
type progress struct{ done, total int }

// Rebuilt is how far the rebuild under way is, zeros while none is or that is
// not known yet.
func (w *Worker) Rebuilt() (done, total int) {
	p, _ := w.rebuilt.Load().(progress)
	return p.done, p.total
}

// applyWorkflow hands the store the workflow in force.
func (w *Worker) applyWorkflow(ctx context.Context) error {
	workflows, err := w.db.Workflows(ctx)
	if err != nil {
		return fmt.Errorf("read the workflow: %w", err)
	}
	if err := w.store.SetWorkflow(ctx, workflows); err != nil {
		return fmt.Errorf("set the workflow: %w", err)
	}
	w.applied.Store(workflows)
	return nil
}

// watchWorkflow notices a workflow that another process has stored, such as an
// import beside this one. seen is whether it was there at the last look, too:
// what this process stores is on its way already, and is not told of twice.
func (w *Worker) watchWorkflow(ctx context.Context, seen bool) (differs bool) {
	workflows, err := w.db.Workflows(ctx)
	if err != nil {
		w.failed(ctx, "the workflow cannot be read", err)
		return false
	}
	last, ok := w.applied.Load().(delivery.Workflows)
	if differs = ok && !reflect.DeepEqual(last, workflows); differs && seen {
		w.WorkflowChanged()
		return false
	}
	return differs
}

// rebuild derives what the workflow in force needs.
func (w *Worker) rebuild(ctx context.Context) error {
	if err := w.applyWorkflow(ctx); err != nil {
		return err
	}
	pending, err := w.store.Rebuilding(ctx)
	if err != nil {
		return fmt.Errorf("ask for rebuild: %w", err)
	}
	if !pending {
		return nil
	}
	start := time.Now()
	w.log.InfoContext(ctx, "rebuild started")
	defer w.rebuilt.Store(progress{})
	if err := w.store.Rebuild(ctx, func(done, total int) { w.rebuilt.Store(progress{done, total}) }); err != nil {
		return fmt.Errorf("rebuild: %w", err)
	}
	w.log.InfoContext(ctx, "rebuild done", "seconds", time.Since(start).Seconds())
	return nil
}

// deriveLearned sees to what a sync has taught about statuses: a dictionary
// that gives one another type changes its class like a workflow does.
func (w *Worker) deriveLearned(ctx context.Context) {
	pending, err := w.store.Rebuilding(ctx)
	unknown := errors.Is(err, delivery.ErrUnavailable)
	if err != nil && !unknown {
		w.failed(ctx, "rebuild cannot be asked for", err)
		return
	}
	if pending || unknown {
		w.WorkflowChanged()
	}
}

// rebuilds rebuilds at the start and whenever the workflow changes; a newer
// change interrupts the rebuild under way.
func (w *Worker) rebuilds(ctx context.Context) {
	for ctx.Err() == nil {
		w.rebuildUntilChanged(ctx)
	}
}

// rebuildUntilChanged returns when the workflow has changed or ctx has ended.
func (w *Worker) rebuildUntilChanged(ctx context.Context) {
	run, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			err := w.guard(func() error {
				_, err := await(run, w, func() (struct{}, error) { return struct{}{}, w.rebuild(run) })
				return err
			})
			if err == nil {
				return
			}
			w.failed(run, "rebuild failed", err)
			select {
			case <-run.Done():
				return
			case <-time.After(rebuildRetry):
			}
		}
	}()
	select {
	case <-ctx.Done():
	case <-w.changed:
	}
	stop()
	<-done
}
