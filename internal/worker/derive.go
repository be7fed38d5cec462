package worker

import (
	"context"
	"fmt"
	"time"

	"throughline/internal/delivery"
)

const (
	// deriveGather is for more facts to come: a deployment is told of in several steps.
	deriveGather = time.Second
	// deriveShare bounds deriving to a share of the time: so many times what it took is
	// the pause before it is done again.
	deriveShare = 4
)

// DeploymentsChanged makes the worker derive what follows from facts of deployments,
// or from how they are read, soon.
func (w *Worker) DeploymentsChanged() { signal(w.facts) }

// Derive derives what follows from the facts of deployments now, and reports of how
// many services that was something else.
func (w *Worker) Derive(ctx context.Context) (services int, err error) {
	services, err = await(ctx, w, func() (int, error) { return w.deriver.Run(ctx) })
	if err != nil {
		return services, fmt.Errorf("derive deployments: %w", err)
	}
	return services, nil
}

// derives keeps derived rows up until ctx ends: at the start, when facts came, and now
// and then, as another process may have changed how they are read.
func (w *Worker) derives(ctx context.Context) {
	for ctx.Err() == nil {
		start := time.Now()
		err := w.guard(func() error {
			services, err := w.Derive(ctx)
			if services > 0 {
				w.log.DebugContext(ctx, "deployments derived", "services", services, "seconds", time.Since(start).Seconds())
			}
			return err
		})
		if err != nil {
			w.failed(ctx, "deployments cannot be derived, trying again", err)
			rest(ctx, rebuildRetry, nil)
			continue
		}
		took := time.Since(start)
		rest(ctx, maxIdle, w.facts)
		rest(ctx, max(deriveGather, deriveShare*took), nil)
	}
}

// newDeriver derives what is in a store by the setup of the control database.
func (w *Worker) newDeriver() *delivery.Deriver {
	return &delivery.Deriver{Store: w.store, Setup: w.db.DoraSetup}
}
