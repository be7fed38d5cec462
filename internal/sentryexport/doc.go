// Package sentryexport shows facts of errors as sentry-prometheus-exporter did, under
// its names, labels and label texts, for the dashboards that were made on those; and
// beside them honest counts under names of our own. It answers from memory. It knows
// nothing of HTTP.
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

// Names of the families of our own.
const (
	groupsName = "throughline_sentry_error_groups"
	monthName  = "throughline_sentry_events_this_month"
	limitName  = "throughline_sentry_rate_limit_events_per_second"
)

// Family is a gauge of our own.
type Family struct {
	Name, Help string
	Labels     []string
}

// Families are all of them.
func Families() []Family {
	return []Family{
		{groupsName, "Error groups by how they stand and by how long ago they were first seen in the environment, at most; +Inf is all.", []string{"project", "environment", "status", "age_le_seconds"}},
		{monthName, "Events of a project since the first of the month in UTC, by what became of them.", []string{"project", "outcome"}},
		{limitName, "Events a second that a project's active keys let in together; absent when one of them has no limit.", []string{"project"}},
	}
}

// Sample is a value of a family. Labels are values in the order of its labels.
type Sample struct {
	Family string
	Labels []string
	Value  float64
}
