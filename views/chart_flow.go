package views

import (
	"cmp"
	"math"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// Panels of issues whose words are their own.
const (
	agingSlug      = "aging"
	cumulativeSlug = "cumulative-flow"
	throughputSlug = "throughput"
	leadTimeSlug   = "lead-time-trend"
	efficiencySlug = "flow-efficiency"
	blockedSlug    = "blocked-time"
)

// flowWords are messages of one panel of issues in the place of those of all, by its slug
// and the message.
var flowWords = map[string]string{
	"flow-efficiency chart.rate":         "chart.rate.efficiency",
	"flow-efficiency chart.axis.percent": "chart.axis.percent.efficiency",
	"flow-efficiency table.rate":         "table.rate.efficiency",
	"cumulative-flow chart.list":         "chart.list.areas",
	"cumulative-flow chart.list.keys":    "chart.list.keys.areas",
	"aging table.seconds":                "table.seconds.age",
	"aging table.p50":                    "table.p50.left",
	"aging table.p85":                    "table.p85.left",
	"aging table.p95":                    "table.p95.left",
	"aging table.more":                   "table.more.oldest",
	"aging panel.thinned":                "panel.thinned.oldest",
}

// Level is a value across the whole of a chart of counts.
type Level struct {
	At   float64 `json:"at"`
	Name string  `json:"name"`
}

// levelOf is the median of the whole buckets of a chart of issues, nil for none.
func levelOf(d *delivery.PanelData, p *i18n.Printer) *Level {
	median := d.Figure("p50")
	if d.Shape != delivery.Stack || d.Quantity != delivery.IssueCounts || median == nil {
		return nil
	}
	return &Level{*median, p.T("chart.median", "n", p.Number(*median, 1))}
}

// stackLook is how a part of a bucket looks; of issues, what is not whole is hatched.
func stackLook(d *delivery.PanelData, name string, partial bool) *itemStyle {
	look := outcomeLooks[name]
	if d.Quantity == delivery.IssueCounts && partial {
		look.Decal, look.Opacity = hatched, 0.7
	}
	return &look
}

// issueCounts are how many issues the buckets of a stack of them have, nil of other stacks.
func issueCounts(d *delivery.PanelData) []int {
	if d.Quantity != delivery.IssueCounts {
		return nil
	}
	counts := make([]int, len(d.Series[0].Points))
	for _, s := range d.Series {
		for i, point := range s.Points {
			if point.Value != nil {
				counts[i] += int(*point.Value)
			}
		}
	}
	return counts
}

// tenths is a number as a sentence tells it: the form of the word behind it is that of what
// is written.
func tenths(v float64) float64 { return math.Round(v*10) / 10 }

// throughputSummary tells how many issues finish in a week, and in the bucket in the middle.
func throughputSummary(d delivery.PanelData, p *i18n.Printer) string {
	mean, median := d.Figure("mean"), d.Figure("p50")
	if mean == nil {
		return p.T("summary.throughput.few", "n", d.N)
	}
	text := p.T("summary.throughput", "n", tenths(*mean))
	if median == nil {
		return p.T("summary.throughput.mean", "mean", text)
	}
	return p.T("summary.throughput.median."+string(d.Filter.Unit), "mean", text, "n", tenths(*median))
}

// leadTimeSummary is that of a trend whose times begin when issues are created.
func leadTimeSummary(d delivery.PanelData, p *i18n.Printer) string {
	return bucketSummary(d, p, "summary.lead-time-trend.")
}

// efficiencySummary tells the share of all, and of the last whole bucket that says something.
func efficiencySummary(d delivery.PanelData, p *i18n.Printer) string {
	rate := d.Figure("rate")
	if rate == nil {
		return p.T("summary.none")
	}
	if point := lastSaid(d.Series[0].Points); point != nil {
		return p.T("summary.flow-efficiency."+string(d.Filter.Unit), "n", d.N, "rate", p.Percent(*rate, 0),
			"day", p.Date(point.T.Time().In(d.Zone)), "last", p.Percent(*point.Value, 0))
	}
	return p.T("summary.flow-efficiency", "n", d.N, "rate", p.Percent(*rate, 0))
}

// lastSaid is the last point of a whole bucket with enough records, nil for none.
func lastSaid(points []delivery.Point) *delivery.Point {
	for i := len(points) - 1; i >= 0; i-- {
		if point := &points[i]; point.Slot != nil && !point.Partial && !point.LowN && point.Value != nil {
			return point
		}
	}
	return nil
}

// blockedSummary tells how many issues were blocked, how much of their time that took, and
// where they stood longest.
func blockedSummary(d delivery.PanelData, p *i18n.Printer) string {
	blocked, rate := d.Figure("issues"), d.Figure("rate")
	if blocked == nil || *blocked == 0 || rate == nil {
		return p.T("summary.blocked-time.none", "n", d.N)
	}
	text := p.T("summary.blocked-time", "n", d.N, "blocked", int(*blocked), "rate", p.Percent(*rate, 0))
	longest, name := 0.0, ""
	for _, point := range d.Series[0].Points {
		if point.Value != nil && *point.Value > longest && *point.N >= delivery.EnoughForP50 {
			longest, name = *point.Value, cmp.Or(point.Name, point.X)
		}
	}
	if name == "" {
		return text
	}
	word := "summary.blocked-time.longest"
	if strings.HasPrefix(name, delivery.TagMark) {
		word += ".tag"
	}
	return text + " " + p.T(word, "status", name, "p50", amount(&d, p, longest))
}

// flowSummary says in one sentence what a panel of issues shows.
func flowSummary(d delivery.PanelData, p *i18n.Printer) string {
	switch d.Slug {
	case throughputSlug:
		return throughputSummary(d, p)
	case leadTimeSlug:
		return leadTimeSummary(d, p)
	case efficiencySlug:
		return efficiencySummary(d, p)
	case blockedSlug:
		return blockedSummary(d, p)
	}
	switch d.Shape {
	case delivery.Ages:
		return agesSummary(d, p)
	case delivery.Areas:
		return areasSummary(d, p)
	case delivery.Bins:
		return binsSummary(d, p)
	case delivery.Control:
		return controlSummary(d, p)
	case delivery.Fan:
		return fanSummary(d, p)
	case delivery.Marks:
		return marksSummary(d, p)
	case delivery.Trend:
		return trendSummary(d, p)
	default:
		return barsSummary(d, p)
	}
}
