package main

import (
	"context"
	"errors"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/doraexport"
	"throughline/internal/telemetry"
)

// watched is a fact store that says what was written to it.
type watched struct {
	delivery.Store
	metrics *telemetry.Metrics
	told    []func(*delivery.Batch)
}

// pointsIn is how many points a batch holds.
func pointsIn(b *delivery.Batch) (n int) {
	for i := range b.Points {
		n += len(b.Points[i].At)
	}
	return n
}

func (w *watched) Write(ctx context.Context, b delivery.Batch) (delivery.Written, error) {
	written, err := w.Store.Write(ctx, b)
	if err != nil {
		return written, err
	}
	w.metrics.FactsWritten(b.Connection, map[string]int{
		"runs": len(b.Runs), "deployments": len(b.Deployments), "changes": len(b.Changes),
		"incidents": len(b.Incidents), "tickets": len(b.Tickets),
		"error_groups": len(b.ErrorGroups), "error_projects": len(b.ErrorProjects), "event_days": len(b.EventDays),
		"session_days": len(b.SessionDays), "releases": len(b.Releases), "points": pointsIn(&b),
	})
	for _, tell := range w.told {
		tell(&b)
	}
	return written, nil
}

func (w *watched) PutDora(ctx context.Context, d delivery.DerivedService) error {
	err := w.Store.PutDora(ctx, d)
	if err == nil {
		w.metrics.ServiceDerived(time.Now())
	}
	return err
}

// openExporter begins to count what dora-exporter did. The store that it returns is
// to be written to from then on.
func (a *app) openExporter() *watched {
	a.exporter = doraexport.New(a.store, a.exported, counters{a.db})
	a.exporter.Failed = func(err error) { a.log.Warn("deployments cannot be counted for /metrics, trying again", "error", err) }
	var families []telemetry.Family
	for _, f := range doraexport.Families() {
		families = append(families, telemetry.Family{Name: f.Name, Help: f.Help, Counter: f.Counter, Labels: f.Labels})
	}
	a.metrics.Expose(families, func() []telemetry.Sample {
		all := a.exporter.Samples()
		out := make([]telemetry.Sample, len(all))
		for i, s := range all {
			out[i] = telemetry.Sample(s)
		}
		return out
	})
	a.errors = a.openSentryExporter()
	return &watched{Store: a.store, metrics: a.metrics, told: []func(*delivery.Batch){a.exporter.Touched, a.errors.Touched}}
}

// errUncounted is why the program is not ready yet.
var errUncounted = errors.New("facts are being counted for /metrics")

// counted is nil once all facts are in the metrics.
func (a *app) counted() error {
	if !a.exporter.Rebuilt() || !a.errors.Rebuilt() {
		return errUncounted
	}
	return nil
}

// countWait is how long a start waits for facts to be counted: few take no time, and the
// program is ready at once.
const countWait = time.Second

// countSoon counts facts, if they are few; else they are counted in the background.
func (a *app) countSoon(ctx context.Context) {
	if a.down != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, countWait)
	defer cancel()
	if err := errors.Join(a.errors.Update(ctx), a.exporter.Update(ctx)); err != nil {
		a.log.InfoContext(ctx, "facts are counted in the background", "reason", err)
	}
}

// exported is what the families of dora-exporter are counted of, and whose it is.
func (a *app) exported(ctx context.Context) (s doraexport.Setup, err error) {
	connections, err := a.db.Connections(ctx)
	if err != nil {
		return s, err
	}
	s.Pushed = []string{"ci"}
	for i := range connections {
		switch c := &connections[i]; {
		case c.Kind == "github":
			s.GitHub = append(s.GitHub, c.Name)
		case c.Kind == "jira":
			s.Jira = append(s.Jira, c.Name)
		case c.Kind == "ci" && c.Name != "ci":
			s.Pushed = append(s.Pushed, c.Name)
		}
	}
	setup, err := a.db.DoraSetup(ctx)
	if err != nil {
		return s, err
	}
	s.Teams, s.Services = setup.Teams, setup.Services
	s.Owners, err = a.db.OwnersByRepository(ctx)
	return s, err
}

// counters are what the control database remembers of counts.
type counters struct{ db *control.DB }

func (c counters) Load(ctx context.Context) ([]doraexport.Kept, error) {
	all, err := c.db.Counters(ctx)
	out := make([]doraexport.Kept, len(all))
	for i, k := range all {
		out[i] = doraexport.Kept{Sample: doraexport.Sample{Family: k.Family, Labels: k.Labels, Value: k.Shown}, Taken: k.Taken}
		if !k.TakenAt.IsZero() {
			out[i].TakenAt = delivery.InstantOf(k.TakenAt)
		}
	}
	return out, err
}

func (c counters) Save(ctx context.Context, shown []doraexport.Sample) error {
	out := make([]control.Counter, len(shown))
	for i, s := range shown {
		out[i] = control.Counter{Family: s.Family, Labels: s.Labels, Shown: s.Value}
	}
	return c.db.ShowCounters(ctx, out)
}
