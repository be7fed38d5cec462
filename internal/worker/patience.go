package worker

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/cenkalti/backoff/v5"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// The first and the longest pause between two tries of a fact store that does
// not answer.
const (
	minPause = time.Second
	maxPause = 30 * time.Second
)

// Waiting reports whether work waits for the fact store to answer.
func (w *Worker) Waiting() bool { return w.waiting.Load() > 0 }

// await repeats f for as long as the fact store does not answer.
func await[T any](ctx context.Context, w *Worker, f func() (T, error)) (T, error) {
	v, err := f()
	if !errors.Is(err, delivery.ErrUnavailable) {
		return v, err
	}
	if w.waiting.Add(1) == 1 {
		w.log.WarnContext(ctx, "the fact store does not answer, waiting for it", "error", err)
	}
	defer func() {
		if w.waiting.Add(-1) == 0 && ctx.Err() == nil {
			w.log.InfoContext(ctx, "the fact store answers again")
		}
	}()
	for pause := minPause; errors.Is(err, delivery.ErrUnavailable); pause = min(2*pause, maxPause) {
		select {
		case <-ctx.Done():
			return v, ctx.Err()
		case <-time.After(pause):
		}
		v, err = f()
	}
	return v, err
}

// patiently does something with the fact store that may be repeated: in the
// background for as long as it does not answer; in the foreground, where
// somebody looks on, a few times.
func patiently[T any](ctx context.Context, p *pulling, message string, f func() (T, error)) (T, error) {
	return retry(ctx, p, saveTries, message, func() (T, error) {
		if p.onProgress != nil {
			return f()
		}
		return await(ctx, p.w, f)
	})
}

// known is what a source may ask of the fact store, which is waited for.
type known struct{ p *pulling }

var _ source.Known = known{}

func (k known) IssueStates(ctx context.Context, connection string, ids []string) (map[string]delivery.IssueState, error) {
	return ask(ctx, k.p, func() (map[string]delivery.IssueState, error) {
		return k.p.w.store.IssueStates(ctx, connection, ids)
	})
}

// IssueIDs begins anew when it is broken off, and leaves out what it has said.
func (k known) IssueIDs(ctx context.Context, connection string) iter.Seq2[delivery.IssueState, error] {
	return func(yield func(delivery.IssueState, error) bool) {
		last, said := "", false
		_, err := ask(ctx, k.p, func() (struct{}, error) {
			for issue, err := range k.p.w.store.IssueIDs(ctx, connection) {
				if err != nil {
					return struct{}{}, err
				}
				if said && issue.ID <= last {
					continue
				}
				last, said = issue.ID, true
				if !yield(issue, nil) {
					return struct{}{}, nil
				}
			}
			return struct{}{}, nil
		})
		if err != nil {
			yield(delivery.IssueState{}, err)
		}
	}
}

// ask asks the fact store for something. Only that it does not answer is a
// reason to ask again.
func ask[T any](ctx context.Context, p *pulling, f func() (T, error)) (T, error) {
	v, err := patiently(ctx, p, "fact store not read, trying again", func() (T, error) {
		v, err := f()
		if err != nil && !errors.Is(err, delivery.ErrUnavailable) {
			err = backoff.Permanent(err)
		}
		return v, err
	})
	if errors.Is(err, delivery.ErrUnavailable) {
		err = &storeError{err}
	}
	return v, err
}

func (k known) DeploymentsOf(ctx context.Context, connection, repository string) ([]delivery.Deployment, error) {
	return ask(ctx, k.p, func() ([]delivery.Deployment, error) {
		return k.p.w.store.DeploymentsOf(ctx, connection, repository)
	})
}

func (k known) DeployedRepositories(ctx context.Context, connection string) ([]string, error) {
	return ask(ctx, k.p, func() ([]string, error) { return k.p.w.store.DeployedRepositories(ctx, connection) })
}

func (k known) ChangeStates(ctx context.Context, connection, repository string) (map[string]delivery.Instant, error) {
	return ask(ctx, k.p, func() (map[string]delivery.Instant, error) {
		return k.p.w.store.ChangeStates(ctx, connection, repository)
	})
}

// ErrorGroups reads all before it yields any: it may have to begin anew.
func (k known) ErrorGroups(ctx context.Context, q delivery.ErrorQuery) iter.Seq2[delivery.ListedErrorGroup, error] {
	return func(yield func(delivery.ListedErrorGroup, error) bool) {
		all, err := ask(ctx, k.p, func() (all []delivery.ListedErrorGroup, err error) {
			for g, err := range k.p.w.store.ErrorGroups(ctx, q) {
				if err != nil {
					return nil, err
				}
				all = append(all, g)
			}
			return all, nil
		})
		for _, g := range all {
			if !yield(g, nil) {
				return
			}
		}
		if err != nil {
			yield(delivery.ListedErrorGroup{}, err)
		}
	}
}

func (k known) ErrorProjects(ctx context.Context) ([]delivery.ErrorProject, error) {
	return ask(ctx, k.p, func() ([]delivery.ErrorProject, error) { return k.p.w.store.ErrorProjects(ctx) })
}
