package delivery

import (
	"cmp"
	"slices"
	"time"
)

// runData starts a panel of runs, whose clock never stops.
func runData(slug string, shape Shape, of Quantity, f *Filter, zone *time.Location, s Sample, headline ...Figure) PanelData {
	return PanelData{
		Slug: slug, Of: OfRuns, Shape: shape, Quantity: of, Filter: *f, Zone: zone, Day: 24 * time.Hour,
		Sample: s, Headline: append(headline, Figure{"count", number(s.N)}),
	}
}

func (p RunPercentiles) figures() []Figure {
	return []Figure{{"p50", p.P50}, {"p80", p.P80}, {"p95", p.P95}}
}

// slot is the place of a value of n records in a bucket.
func (b *Bucket) slot(zone *time.Location, value *float64, n, enough int) Point {
	return Point{T: b.Label.In(zone), Value: value, N: &n, Slot: &Slot{Label: b.Label, Partial: b.Partial, LowN: n < enough}}
}

// Panel is a measure of runs per bucket, as the panel of a slug shows it.
func (d RunDurations) Panel(slug string, f *Filter, zone *time.Location) PanelData {
	panel := runData(slug, Trend, Durations, f, zone, d.Sample, d.figures()...)
	for _, line := range []struct {
		name   string
		value  func(RunPercentiles) *float64
		enough int
	}{
		{"p50", func(p RunPercentiles) *float64 { return p.P50 }, EnoughForP50},
		{"p80", func(p RunPercentiles) *float64 { return p.P80 }, EnoughForP80},
		{"p95", func(p RunPercentiles) *float64 { return p.P95 }, EnoughForP95},
		{"count", func(p RunPercentiles) *float64 { return number(p.N) }, 0},
	} {
		s := Series{Name: line.name, Points: []Point{}}
		for _, b := range d.Buckets {
			s.Points = append(s.Points, b.slot(zone, line.value(b.RunPercentiles), b.N, line.enough))
		}
		panel.Series = append(panel.Series, s)
	}
	return panel
}

// EnoughForRate is the least number of runs for which a success rate says
// something.
const EnoughForRate = 5

// SuccessPanel is the share of runs that succeeded, of those that succeeded or
// failed, as the panel pipeline-success shows it.
func (c RunCounts) SuccessPanel(f *Filter, zone *time.Location) PanelData {
	s := c.Sample
	s.N, s.Excluded = c.Success+c.Failed, map[string]int{}
	for reason, n := range map[string]int{
		RunWithoutEnd: c.Cancelled + c.Skipped, RunUnfinished: c.Unfinished, RunSilent: c.Unknown,
	} {
		if n > 0 {
			s.Excluded[reason] = n
		}
	}
	panel := runData("pipeline-success", Trend, Rates, f, zone, s, Figure{"rate", c.Rate()})
	rate, count := Series{"rate", []Point{}}, Series{"count", []Point{}}
	for _, b := range c.Buckets {
		n := b.Success + b.Failed
		rate.Points = append(rate.Points, b.slot(zone, b.Rate(), n, EnoughForRate))
		count.Points = append(count.Points, b.slot(zone, number(n), n, 0))
	}
	panel.Series = []Series{rate, count}
	return panel
}

// Outcomes are the counts of a tally, in the order in which they are shown.
func (t *RunTally) Outcomes() []Facet {
	return []Facet{
		{Key: string(RunSuccess), Count: t.Success},
		{Key: string(RunFailed), Count: t.Failed},
		{Key: string(RunCancelled), Count: t.Cancelled},
		{Key: string(RunSkipped), Count: t.Skipped},
		{Key: string(RunUnknown), Count: t.Unknown},
		{Key: "unfinished", Count: t.Unfinished},
	}
}

// Panel is how many runs there were and how they ended, as the panel pipeline-count
// shows it: a series for each outcome that there is, then all together and those
// with restarts.
func (c RunCounts) Panel(f *Filter, zone *time.Location) PanelData {
	figures := []Figure{}
	for _, o := range c.Outcomes() {
		figures = append(figures, Figure{o.Key, number(o.Count)})
	}
	panel := runData("pipeline-count", Stack, Counts, f, zone, c.Sample, append(figures, Figure{"restarted", number(c.Restarted)})...)
	row := func(name string, count func(t *RunTally) int) {
		s := Series{Name: name, Points: []Point{}}
		for _, b := range c.Buckets {
			n := count(&b.RunTally)
			s.Points = append(s.Points, b.slot(zone, number(n), b.Runs, 0))
		}
		panel.Series = append(panel.Series, s)
	}
	for i, o := range c.Outcomes() {
		if o.Count > 0 {
			row(o.Key, func(t *RunTally) int { return t.Outcomes()[i].Count })
		}
	}
	row("count", func(t *RunTally) int { return t.Runs })
	row("restarted", func(t *RunTally) int { return t.Restarted })
	return panel
}

// NamedOrder is how jobs or builds are ordered.
type NamedOrder string

const (
	BySlowest NamedOrder = "p80"
	ByTotal   NamedOrder = "total"
)

// Panel is how long jobs or builds took by name, as the panel of a slug shows it.
func (t NamedTimes) Panel(slug string, by NamedOrder, f *Filter, zone *time.Location) PanelData {
	panel := runData(slug, Bars, Durations, f, zone, t.Sample)
	names := slices.Clone(t.Names)
	if by == ByTotal {
		slices.SortStableFunc(names, func(a, b NamedTime) int { return cmp.Compare(b.Total, a.Total) })
	}
	lines := []struct {
		name  string
		value func(*NamedTime) *float64
	}{
		{"p50", func(n *NamedTime) *float64 { return n.P50 }},
		{"p80", func(n *NamedTime) *float64 { return n.P80 }},
		{"p95", func(n *NamedTime) *float64 { return n.P95 }},
		{"total", func(n *NamedTime) *float64 { return &n.Total }},
	}
	for _, line := range lines {
		s := Series{Name: line.name, Points: []Point{}}
		for i := range names {
			n := &names[i]
			c := &Category{Name: n.Name}
			if slug != "build-times" {
				c.Failed = &n.Failed
			}
			s.Points = append(s.Points, Point{X: n.Name, Value: line.value(n), N: &n.N, Category: c})
		}
		panel.Series = append(panel.Series, s)
	}
	return panel
}
