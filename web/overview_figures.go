package web

import (
	"context"
	"math"
	"net/url"
	"time"

	"throughline/internal/delivery"
)

// overviewFigure is one figure of a row of the first page: a statistic of the headline
// of a panel.
type overviewFigure struct {
	name   string // in the API
	panel  string // slug
	stat   string
	unit   string // of the value
	enough int    // records, below which it says little and is compared with nothing
	less   bool   // less is better
}

// overviewFigures are those of a row. The figures of a panel stand together.
func overviewFigures() []overviewFigure {
	return []overviewFigure{
		{"cycle_time_p50", "cycle-time-trend", "p50", "seconds", delivery.EnoughForP50, true},
		{"cycle_time_p85", "cycle-time-trend", "p85", "seconds", delivery.EnoughForP85, true},
		{"throughput", "throughput", "mean", "issues per week", delivery.EnoughForRate, false},
		{"wip", agingSlug, "count", "issues", 0, true},
		{"wip_age", agingSlug, wipMedian, "seconds", delivery.EnoughForP50, true},
		{"wip_late", agingSlug, "late", "issues", 0, true},
		{"deployment_frequency", "deployment-frequency", "mean", "deployments per week", delivery.EnoughForDora, false},
		{"change_lead_time", "change-lead-time", "p50", "seconds", delivery.EnoughForDora, true},
		{"change_fail_rate", "change-fail-rate", "rate", "ratio", delivery.EnoughForDora, true},
		{"recovery_time", "recovery-time", "p50", "seconds", delivery.EnoughForDora, true},
		{"pipeline_p80", "pipeline-duration", "p80", "seconds", delivery.EnoughForP80, true},
		{"open_errors", openSlug, "count", "groups", 0, true},
	}
}

const (
	openSlug = "errors-open"
	// wipMedian is the median age of what is in progress: that of the panel's own
	// headline is of finished issues.
	wipMedian = "wip_p50"
)

// rowFigure is a figure of a row, in no language: it is kept for all who ask.
type rowFigure struct {
	value, before *float64
	n, beforeN    int
	trend         []float64     // NaN is a gap
	day           time.Duration // of durations
	zone          *time.Location
	from, to      delivery.Instant // of the period before
	missing       string           // message that says why there is no value
	missingN      int
}

// rowFigures are those of a row, by name. What could not be computed is not in it.
type rowFigures map[string]rowFigure

// rowOf reads a figure.
func (f *overviewFigure) rowOf(c *rowAnswer) rowFigure {
	now, before := &c.now, &c.before
	r := rowFigure{
		value: now.Figure(f.stat), before: before.Figure(f.stat), n: now.N, beforeN: before.N, day: now.Day, zone: now.Zone,
		from: before.Filter.From, to: before.Filter.To, trend: sparkOf(*now, f.stat),
	}
	switch f.panel {
	case "deployment-frequency":
		r.trend = wholeOf(*now, sumOf(*now))
	case "throughput":
		r.trend = wholeOf(*now, sumOf(*now))
	case agingSlug:
		if r.trend = nil; f.stat == "count" {
			r.trend = c.course
		}
	case openSlug:
		r.trend = c.course
		if before.Excluded[delivery.StatusUnknown] > 0 {
			r.before = nil
		}
	}
	if now.Slug == unmapped {
		r = rowFigure{}
	}
	if r.value == nil {
		r.missing, r.missingN = missingOf(f, c)
	}
	return r
}

// missingOf is the message that says why a figure has no value, and of how many.
func missingOf(f *overviewFigure, c *rowAnswer) (id string, n int) {
	if c.now.Slug == unmapped {
		return "overview.missing.unmapped", 0
	}
	switch c.now.Of {
	case delivery.OfDora:
		return c.missingReason(f.panel)
	case delivery.OfRuns:
		return "overview.missing.runs", 0
	}
	switch {
	case f.panel == agingSlug:
		return "overview.missing.wip", 0
	case f.panel == "throughput":
		return "figure.missing.week", 0
	case c.now.Left() > 0:
		return "overview.missing.excluded", c.now.Left()
	}
	return "overview.missing.issues", 0
}

// wholeOf are counts of the buckets of a panel, with gaps for those that are cut: there
// a line would only seem to fall.
func wholeOf(d delivery.PanelData, counts []float64) []float64 {
	for i := range counts {
		if slot := d.Series[0].Points[i].Slot; slot != nil && slot.Partial {
			counts[i] = math.NaN()
		}
	}
	return counts
}

// rowLoader answers panels for one row, which is kept as a whole: its panels are not.
type rowLoader struct {
	s    *Server
	base url.Values // of the page
	// lives are of all issues that any row asks for, or why there are none.
	lives    *delivery.HeldLives
	livesErr error
	// reaches says that the issues reach back into the period before.
	reaches bool
	// deployments are of the period and the one before, read once for all panels.
	deployments *delivery.DoraData
}

func (l *rowLoader) ask(ctx context.Context, p panel, f delivery.Filter) (delivery.PanelData, error) {
	q, _, err := l.s.panelQuery(ctx, p, f)
	switch {
	case err != nil:
		return delivery.PanelData{}, err
	case p.slug == openSlug:
		return l.openErrors(ctx, q.errors)
	case p.of == delivery.OfIssues:
		return l.ofIssues(ctx, p, q.flow)
	case p.of != delivery.OfDora:
		return l.s.answerPanel(ctx, p, q)
	case l.deployments == nil:
		if err := l.read(ctx, q.dora); err != nil {
			return delivery.PanelData{}, err
		}
	}
	return l.deployments.Panel(p.slug, q.dora)
}

// read reads what the panels of deployments are made from; a panel takes its own period.
func (l *rowLoader) read(ctx context.Context, q delivery.DoraQuery) error {
	q.From = max(1, q.From-(q.To-q.From))
	data, err := delivery.LoadDora(ctx, l.s.store, q, delivery.PartGroups, delivery.PartChanges, delivery.PartUndeployed)
	l.deployments = data
	return err
}
