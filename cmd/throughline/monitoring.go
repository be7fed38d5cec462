package main

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"throughline/internal/config"
	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/source"
	"throughline/internal/telemetry"
	"throughline/internal/worker"
	"throughline/web"
)

// The parts of the program that are measured do not know by what.
var (
	_ web.Observer    = (*telemetry.Metrics)(nil)
	_ worker.Observer = syncObserver{}
)

// openLog logs to w as the configuration says, and reports errors to Sentry if
// it says so. What is reported is sent by Close, at the latest.
func openLog(w io.Writer, cfg config.Config, environ []string, environment string) (*slog.Logger, *telemetry.Reporter, error) {
	reporter, err := telemetry.NewReporter(telemetry.Sentry{
		DSN: cfg.SentryDSN, Version: version, Environment: environment, Secrets: secretsOf(cfg, environ),
	})
	if err != nil {
		return nil, nil, configError(&config.Error{Problems: []config.Problem{{Variable: config.Prefix + "SENTRY_DSN", Message: err.Error()}}})
	}
	return slog.New(reporter.Handler(newLog(w, cfg).Handler())), reporter, nil
}

// closeReports reports what ended the program, unless whoever started it is to
// blame or was told, and sends what waits.
func closeReports(r *telemetry.Reporter, err error) {
	_, usage := errors.AsType[*usageError](err)
	if err != nil && !usage && !errors.Is(err, errReported) && !errors.Is(err, context.Canceled) {
		r.Report("the program ended", err)
	}
	r.Close()
}

// Environments that errors are reported from.
const (
	inEarnest = "production"
	inDemo    = "demo"
)

// secretName is what variables are called that the provisioning file takes
// secrets from.
var secretName = regexp.MustCompile(`(?i)token|secret|passw|key|credential|dsn`)

// minSecret is how long the value of such a variable has to be: shorter ones
// are switches and words.
const minSecret = 8

// secretsOf are the secrets that the program was started with.
func secretsOf(cfg config.Config, environ []string) []string {
	out := []string{cfg.AdminPassword, cfg.MetricsPassword, base64.StdEncoding.EncodeToString(cfg.SecretKey)}
	for _, entry := range environ {
		if name, value, _ := strings.Cut(entry, "="); secretName.MatchString(name) && len(value) >= minSecret {
			out = append(out, value)
		}
	}
	return out
}

// openMetrics begins to measure.
func openMetrics(cfg config.Config, log *slog.Logger) (*telemetry.Metrics, error) {
	return telemetry.New(telemetry.Options{
		Version: version, Commit: commit(),
		Statsd:       telemetry.Statsd{Addr: cfg.StatsdAddr, Prefix: cfg.StatsdPrefix, Tags: cfg.StatsdTags},
		StatsdFailed: func(err error) { log.Warn("metrics are lost on their way to StatsD", "error", err) },
	})
}

// state is how the program stands at the moment of a scrape.
func (a *app) state(ctx context.Context) telemetry.State {
	s := telemetry.State{StoreUp: a.store.Ping(ctx) == nil}
	if pending, err := a.store.Rebuilding(ctx); err == nil {
		s.Rebuilding = &pending
	}
	if received, err := a.inbox.Counts(ctx); err == nil {
		s.Received = map[string]map[string]int{}
		for connection, states := range received {
			s.Received[connection] = map[string]int{}
			for state, n := range states {
				s.Received[connection][string(state)] = n
			}
		}
	}
	connections, err := a.db.Pulled(ctx)
	if err != nil {
		a.log.WarnContext(ctx, "connections cannot be read for a scrape", "error", err)
		return s
	}
	successes, err := a.db.LastSuccesses(ctx)
	if err != nil {
		a.log.WarnContext(ctx, "syncs cannot be read for a scrape", "error", err)
		return s
	}
	outcomes, err := a.db.LastOutcomes(ctx)
	if err != nil {
		a.log.WarnContext(ctx, "syncs cannot be read for a scrape", "error", err)
		return s
	}
	for _, c := range connections {
		outcome := outcomes[c.Name]
		s.Connections = append(s.Connections, telemetry.Connection{
			Name: c.Name, Syncing: c.Syncing, Paused: c.Paused != nil, LastSuccess: successes[c.Name],
			Failed: outcome == control.Failed || outcome == control.Paused || outcome == control.Problems,
		})
	}
	return s
}

// measured are kinds whose sources are timed by m.
func measured(kinds []source.Kind, m *telemetry.Metrics) []source.Kind {
	out := slices.Clone(kinds)
	for i, kind := range kinds {
		var operation func(*http.Request) telemetry.Operation
		if kind.Name == telemetry.ExporterKind {
			operation = trackerOperation
		}
		out[i].New = func(cfg source.Config, client *http.Client) (source.Source, error) {
			timed := *client
			timed.Transport = m.Transport(cfg.Connection, client.Transport, operation)
			cfg.Mapped = func(took time.Duration) { m.Mapped(kind.Name, took) }
			return kind.New(cfg, &timed)
		}
	}
	return out
}

// trackerOperation is what a request to Tracker is for.
func trackerOperation(r *http.Request) telemetry.Operation {
	_, path, below := strings.Cut(r.URL.Path, "/issues/")
	switch {
	case !below, path == "_count":
		return telemetry.Other
	case path == "_search":
		return telemetry.Search
	}
	return telemetry.Record
}

// syncObserver tells m of syncs.
type syncObserver struct{ m *telemetry.Metrics }

func (o syncObserver) PageWritten(p worker.PageReport) {
	events, still := 0, 0
	for _, issue := range p.Batch.Issues {
		events += len(issue.Events)
		if issue.Replace && !changesStatus(issue) {
			still++
		}
	}
	w := p.Written
	o.m.PageWritten(telemetry.Page{
		Connection: p.Connection, Kind: p.Kind,
		Offered:   map[string]int{"issues": len(p.Batch.Issues), "issue_events": events, "statuses": len(p.Batch.Statuses)},
		Written:   map[string]int{"inserted": w.Inserted, "updated": w.Updated, "unchanged": w.Unchanged, "gone": w.Gone},
		Processed: w.Inserted + w.Updated + w.Unchanged, NoHistory: still,
		Problems: p.Problems, Took: p.Took, Err: p.Err,
	})
}

func (o syncObserver) SyncEnded(s worker.SyncReport) {
	o.m.SyncEnded(telemetry.Sync{
		Connection: s.Connection, Kind: s.Kind, Outcome: string(s.State), EndedAt: s.EndedAt, Took: s.Took, Waited: s.Waited,
	})
}

// changesStatus reports whether the status of an issue was ever changed after
// its creation, by the events that came with it.
func changesStatus(issue delivery.IssueRecord) bool {
	return slices.ContainsFunc(issue.Events, func(e delivery.Event) bool {
		return e.Transition != nil && !e.Transition.From.IsZero()
	})
}
