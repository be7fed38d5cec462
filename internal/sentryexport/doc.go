// Package sentryexport shows facts of errors as sentry-prometheus-exporter did, under
// its names, labels and label texts, for the dashboards that were made on those; and
// beside them honest counts under names of our own. It answers from memory, in the text
// format 0.0.4: client_golang cannot write what the exporter did, a histogram whose
// bounds are no numbers. It knows nothing of HTTP.
package sentryexport

import (
	"context"
	"iter"
	"time"

	"throughline/internal/delivery"
)

// Facts are what is shown: a delivery.Store.
type Facts interface {
	ErrorGroups(ctx context.Context, q delivery.ErrorQuery) iter.Seq2[delivery.ListedErrorGroup, error]
	ErrorProjects(ctx context.Context) ([]delivery.ErrorProject, error)
}

// Connection is one whose errors are shown, and what of them under the exporter's
// names: those are its switches.
type Connection struct {
	Name       string
	Issues     bool
	Events     bool
	RateLimits bool
	Ages       []string // of 1h, 24h and 14d
	// Environments are those that are shown; none: all.
	Environments []string
}

// ages are the exporter's, with what it prints for each.
var ages = []struct {
	name, le string
	span     time.Duration
}{
	{"1h", "1h", time.Hour},
	{"24h", "24h", 24 * time.Hour},
	{"14d", "+Inf", 14 * 24 * time.Hour},
}
