package views

import (
	"cmp"
	"math"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// Summary says in one sentence what a panel shows.
func Summary(d delivery.PanelData, p *i18n.Printer) string {
	if d.N == 0 {
		if d.Of == delivery.OfSeries && len(d.Filter.Queries) == 0 {
			return p.T("summary.no_query")
		}
		return p.T(wordOf(d.Of, "summary.none"))
	}
	if d.Of == delivery.OfRuns {
		return runSummary(d, p)
	}
	if d.Of == delivery.OfDora {
		return doraSummary(d, p)
	}
	if d.Of == delivery.OfErrors {
		return errorsSummary(d, p)
	}
	if d.Of == delivery.OfSeries {
		return seriesSummary(d, p)
	}
	return flowSummary(d, p)
}

// amount is seconds in words, in the largest unit that fits: 6.2 working days.
func amount(d *delivery.PanelData, p *i18n.Printer, seconds float64) string {
	day, unit, n := d.Day.Seconds(), "minutes", seconds/60
	switch {
	case day > 0 && seconds >= day:
		unit, n = "days", seconds/day
	case seconds >= 3600:
		unit, n = "hours", seconds/3600
	case seconds < 60 && d.Of == delivery.OfRuns:
		unit, n = "seconds", seconds
	}
	// Rounded before the form of the word is chosen: 6.04 is "6 days".
	digits := 10.0
	if n >= 99.95 {
		digits = 1
	}
	n = math.Round(n*digits) / digits
	return p.T("amount."+string(d.Filter.Clock)+"."+unit, "n", n)
}

// longDays is the number of days by the clock in use above which an issue is
// said to have taken long: a month.
func longDays(c delivery.Clock) float64 {
	if c == delivery.Business {
		return 20
	}
	return 30
}

func marksSummary(d delivery.PanelData, p *i18n.Printer) string {
	p50, p85 := d.Figure("p50"), d.Figure("p85")
	tail := marksTail(d, p)
	switch {
	case d.N < delivery.EnoughForP50:
		return p.T("summary.marks.few", "n", d.N, "tail", tail)
	case d.N < delivery.EnoughForP85:
		return p.T("summary.marks.half", "n", d.N, "p50", amount(&d, p, *p50), "tail", tail)
	}
	return p.T("summary.marks.most", "p85", amount(&d, p, *p85), "tail", tail)
}

// marksTail tells of the slowest: how many took over a month, or the one that
// took longest. Thinned points hold all above p95, so that their count above a
// limit beyond it is true.
func marksTail(d delivery.PanelData, p *i18n.Printer) string {
	points := d.Series[0].Points
	limit := longDays(d.Filter.Clock) * d.Day.Seconds()
	over, slowest := 0, points[0]
	for _, point := range points {
		if *point.Value > limit {
			over++
		}
		if *point.Value > *slowest.Value {
			slowest = point
		}
	}
	p95 := d.Figure("p95")
	if exact := len(points) == d.N || p95 != nil && *p95 <= limit; over > 1 && exact && limit > 0 {
		return p.T("summary.marks.over."+string(d.Filter.Clock), "n", over)
	}
	if slowest.Mark == nil || slowest.Key == "" {
		return p.T("summary.marks.slowest.unnamed", "time", amount(&d, p, *slowest.Value))
	}
	return p.T("summary.marks.slowest", "key", slowest.Key, "time", amount(&d, p, *slowest.Value))
}

func trendSummary(d delivery.PanelData, p *i18n.Printer) string {
	return bucketSummary(d, p, "summary.trend.")
}

// bucketSummary tells the median of the last whole bucket that says something, and of all.
func bucketSummary(d delivery.PanelData, p *i18n.Printer, id string) string {
	whole := amount(&d, p, *d.Figure("p50"))
	if point := lastSaid(d.Series[0].Points); point != nil {
		return p.T(id+string(d.Filter.Unit), "day", p.Date(point.T.Time().In(d.Zone)),
			"last", amount(&d, p, *point.Value), "whole", whole)
	}
	return p.T(id+"few", "whole", whole)
}

func barsSummary(d delivery.PanelData, p *i18n.Printer) string {
	longest, at := 0.0, -1
	for i, point := range d.Series[0].Points {
		if point.Value != nil && *point.Value > longest && *point.N >= delivery.EnoughForP50 {
			longest, at = *point.Value, i
		}
	}
	if at < 0 {
		return p.T("summary.bars.few", "n", d.N)
	}
	p50, p85 := d.Series[0].Points[at], d.Series[1].Points[at]
	id := "summary.bars.longest"
	if *p85.N < delivery.EnoughForP85 {
		id = "summary.bars.longest_half"
	}
	return p.T(id, "status", cmp.Or(p50.Name, p50.X), "p50", amount(&d, p, *p50.Value), "p85", amount(&d, p, *p85.Value))
}

// duration is seconds as a figure, and in business time 0 with its reason.
func duration(d *delivery.PanelData, p *i18n.Printer, seconds float64) string {
	if seconds == 0 && d.Filter.Clock == delivery.Business {
		return p.T("chart.outside")
	}
	return p.Days(seconds, d.Day.Hours())
}
