package main

import (
	"context"
	"slices"

	"throughline/internal/sentryexport"
	"throughline/internal/source"
)

// sentryKind is the kind of connections whose errors are on /metrics.
const sentryKind = "sentry"

// openSentryExporter begins to show errors as sentry-prometheus-exporter did.
func (a *app) openSentryExporter() *sentryexport.Exporter {
	e := sentryexport.New(a.store, a.sentryExported)
	e.Failed = func(err error) { a.log.Warn("errors cannot be read for /metrics, trying again", "error", err) }
	a.metrics.ExposeText(e.Write)
	return e
}

// sentryExported are the connections whose errors are shown, and what their settings
// say of that.
func (a *app) sentryExported(ctx context.Context) ([]sentryexport.Connection, error) {
	kinds := kindsFor(a.cfg)
	i := slices.IndexFunc(kinds, func(k source.Kind) bool { return k.Name == sentryKind })
	if i < 0 {
		return nil, nil
	}
	field := func(name string) source.Field {
		n := slices.IndexFunc(kinds[i].Fields, func(f source.Field) bool { return f.Name == name })
		return kinds[i].Fields[max(n, 0)]
	}
	connections, err := a.db.Connections(ctx)
	if err != nil {
		return nil, err
	}
	var out []sentryexport.Connection
	for _, c := range connections {
		if c.Kind != sentryKind {
			continue
		}
		e := sentryexport.Connection{Name: c.Name}
		e.Issues, _ = c.Settings.Bool(field("issue_metrics")) // what cannot be read was refused when it was saved
		e.Events, _ = c.Settings.Bool(field("event_metrics"))
		e.RateLimits, _ = c.Settings.Bool(field("rate_limit_metrics"))
		e.Ages, _ = c.Settings.List(field("ages"))
		e.Environments, _ = c.Settings.List(field("environments"))
		out = append(out, e)
	}
	return out, nil
}
