package worker

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/source"
)

const (
	// stopGrace is how long the page in hand may take once the worker is asked
	// to stop.
	stopGrace = 5 * time.Second
	// saveTries bounds how often a page is offered to a store that refuses it,
	// with growing pauses: about half a minute in all.
	saveTries = 6
)

// pulling is one sync under way.
type pulling struct {
	w          *Worker
	connection control.Connection
	sync       control.Sync
	before     source.Progress // counted before last began at nought
	last       source.Progress // as the source said it
	onProgress func(source.Progress)
	waited     time.Duration // for pages of the source
}

// SyncOnce syncs the connection called name now, whether due or not, and waits
// out the source's rate limits. onProgress, which may be nil, is told of each
// page. The sync's own failures are in the result; the error is
// control.ErrNotFound, control.ErrSyncRunning, or one of the databases.
func (w *Worker) SyncOnce(ctx context.Context, name string, onProgress func(source.Progress)) (control.Sync, error) {
	if onProgress == nil {
		onProgress = func(source.Progress) {}
	}
	c, err := w.db.Connection(ctx, name)
	if err != nil {
		return control.Sync{}, err
	}
	if err := w.rebuild(ctx); err != nil {
		return control.Sync{}, err
	}
	s, err := w.db.StartSync(ctx, c.ID, time.Now())
	if err != nil {
		return control.Sync{}, err
	}
	if s, err = w.pull(ctx, c, s, onProgress); err != nil || ctx.Err() != nil {
		return s, err
	}
	return s, w.rebuild(ctx) // the sync may have taught what statuses are
}

// pull carries out a sync that was started and keeps how it ended. With
// onProgress it runs in the foreground: limits are waited out.
func (w *Worker) pull(ctx context.Context, c control.Connection, s control.Sync, onProgress func(source.Progress)) (control.Sync, error) {
	w.log.InfoContext(ctx, "sync started", "connection", c.Name, "sync", s.ID)
	p := &pulling{w: w, connection: c, sync: s, onProgress: onProgress}
	err := w.guard(func() error { return p.run(ctx) })
	for onProgress != nil && p.waitOut(ctx, err) {
		err = w.guard(func() error { return p.run(ctx) })
	}
	return p.finish(ctx, err)
}

// guard turns a panic into an error: a fault in one source must not end the
// program for all.
func (w *Worker) guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			w.log.Error("panic", "value", r, "stack", string(debug.Stack()))
			err = errPanic
		}
	}()
	return f()
}

// run pulls from the cursor that is stored until there is nothing more.
func (p *pulling) run(ctx context.Context) error {
	src, err := p.open(ctx)
	if err != nil {
		return err
	}
	cursor, err := p.w.db.Cursor(ctx, p.connection.ID)
	if err != nil {
		return fmt.Errorf("read the cursor: %w", err)
	}
	asked := time.Now()
	for page, err := range src.Pull(ctx, cursor) {
		p.waited += time.Since(asked)
		if err != nil {
			return err
		}
		if err := p.save(ctx, page); err != nil {
			return err
		}
		asked = time.Now()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	p.waited += time.Since(asked)
	if ctx.Err() != nil || p.w.Synced == nil {
		return ctx.Err()
	}
	if err := p.w.Synced(ctx, p.connection); err != nil {
		return &afterError{err}
	}
	return nil
}

// open makes the source from the connection's settings and secrets as they are
// now.
func (p *pulling) open(ctx context.Context) (source.Source, error) {
	return p.w.open(ctx, p.connection, known{p})
}

func (w *Worker) open(ctx context.Context, c control.Connection, known source.Known) (source.Source, error) {
	i := slices.IndexFunc(w.kinds, func(k source.Kind) bool { return k.Name == c.Kind })
	if i < 0 {
		return nil, fmt.Errorf("there is no kind of source called %q", c.Kind)
	}
	settings, secrets, err := w.db.Config(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	return w.kinds[i].New(source.Config{
		Connection: c.Name,
		Settings:   settings,
		Secrets:    secrets,
		Known:      known,
		Now:        time.Now,
	}, w.client)
}

// save writes a page and then the cursor behind it, in this order: a crash in
// between repeats the page, which changes nothing. A fact store that does not
// answer is waited for. The end of ctx leaves it stopGrace to do so.
func (p *pulling) save(ctx context.Context, page source.Page) error {
	ctx, cancel := outlive(ctx, stopGrace)
	defer cancel()
	written, err := patiently(ctx, p, "page not written, trying again", func() (delivery.Written, error) {
		return p.write(ctx, page)
	})
	if err != nil {
		return &storeError{err}
	}
	total := &p.sync.Written
	total.Inserted += written.Inserted
	total.Updated += written.Updated
	total.Unchanged += written.Unchanged
	total.Gone += written.Gone
	p.sync.Problems += len(page.Problems)
	p.sync.Progress = p.sum(page.Progress)
	_, err = retry(ctx, p, saveTries, "cursor not kept, trying again", func() (struct{}, error) {
		return struct{}{}, p.w.db.SaveProgress(ctx, p.sync.ID, page.Cursor, p.sync.Progress, *total, page.Problems, time.Now())
	})
	if err != nil {
		return fmt.Errorf("keep the cursor: %w", err)
	}
	if p.onProgress != nil {
		p.onProgress(p.sync.Progress)
	}
	return nil
}

// write offers a page to the store once.
func (p *pulling) write(ctx context.Context, page source.Page) (delivery.Written, error) {
	began := time.Now()
	written, err := p.w.store.Write(ctx, page.Batch)
	p.w.told.PageWritten(PageReport{
		Connection: p.connection.Name, Kind: p.connection.Kind, Batch: page.Batch,
		Problems: len(page.Problems), Written: written, Took: time.Since(began), Err: err,
	})
	return written, err
}

// sum counts over the whole sync: a source begins at nought after a rate limit,
// and may do so in each phase.
func (p *pulling) sum(now source.Progress) source.Progress {
	if now.Read < p.last.Read {
		p.before.Read += p.last.Read
	}
	if now.Requests < p.last.Requests {
		p.before.Requests += p.last.Requests
	}
	p.last = now
	if now.Found > 0 {
		now.Found += p.before.Read
	}
	now.Read += p.before.Read
	now.Requests += p.before.Requests
	return now
}

// waitOut waits until the source lets itself be asked again, if that is what
// err is about, and reports whether it now does.
func (p *pulling) waitOut(ctx context.Context, err error) bool {
	limit, ok := errors.AsType[*source.RateLimitError](err)
	if !ok {
		return false
	}
	wait := limitPause(limit, time.Now())
	p.w.log.WarnContext(ctx, "rate limit reached, waiting", "connection", p.connection.Name, "seconds", wait.Seconds())
	p.before, p.last = p.sync.Progress, source.Progress{}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(wait):
		return true
	}
}

// retry repeats a write to a database with growing pauses, up to tries times in
// all; 0 is without bound.
func retry[T any](ctx context.Context, p *pulling, tries uint, message string, write func() (T, error)) (T, error) {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.Multiplier, pauses.MaxInterval = time.Second, 2, 15*time.Second
	return backoff.Retry(ctx, func() (T, error) {
		v, err := write()
		if lost(err) {
			return v, backoff.Permanent(err)
		}
		return v, err
	}, backoff.WithBackOff(pauses), backoff.WithMaxTries(tries), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(err error, pause time.Duration) {
			p.w.log.WarnContext(ctx, message, "connection", p.connection.Name, "error", err, "seconds", pause.Seconds())
		}))
}

// outlive returns a context that ends grace after ctx does.
func outlive(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-longer.Done():
		}
	})
	return longer, func() { stop(); cancel() }
}
