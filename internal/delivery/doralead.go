package delivery

import "slices"

// leadTime is from the start of a change to its deployment, in the bucket of the
// deployment.
func (d *DoraData) leadTime(q DoraQuery) (PanelData, error) {
	b := q.buckets()
	s, business := newSpans(len(b.all)), newSpans(len(b.all))
	excluded := map[string]int{}
	deployed := 0
	for change, err := range d.Changes() {
		if err != nil {
			return PanelData{}, err
		}
		at := b.of(change.DeployedAt)
		if at < 0 {
			continue
		}
		if !change.Bot {
			deployed++
		}
		starts, reason := change.starts(q.Start)
		if reason != "" {
			excluded[reason]++
			continue
		}
		for _, start := range starts {
			if start > change.DeployedAt {
				excluded[ChangeSkew]++
				continue
			}
			s.add(at, int64(change.DeployedAt-start))
			if q.Clock == Business && q.Calendar != nil {
				business.add(at, q.Calendar.Between(start, change.DeployedAt))
			}
		}
	}
	waiting := 0
	for _, w := range d.Waiting {
		if !w.Bot && q.within(w.MergedAt) {
			waiting++
		}
	}
	return q.spanPanel("change-lead-time", &b, &s, &business, excluded,
		Figure{"waiting", number(waiting)}, Figure{"waiting_rate", rate(waiting, waiting+deployed)}), nil
}

// starts are the instants from which a change is measured, by a clock, or why it is
// not.
func (c *DeployedChange) starts(from LeadStart) (starts []Instant, excluded string) {
	switch {
	case c.Excluded != "":
		return nil, c.Excluded
	case c.Bot:
		return nil, ChangeBot
	}
	switch from {
	case FromMerged:
		if c.MergedAt == 0 {
			return nil, ChangeNotMerged
		}
		return []Instant{c.MergedAt}, ""
	case FromCommit:
		starts = c.Commits
	default:
		if c.StartAt != 0 {
			starts = []Instant{c.StartAt}
		}
	}
	if len(starts) == 0 {
		return nil, ChangeNoStart
	}
	return starts, ""
}

// LeadTime is how long a change took by a clock, in milliseconds, the longest of its
// commits; excluded is why it is not measured.
func (c *DeployedChange) LeadTime(from LeadStart) (millis int64, excluded string) {
	starts, excluded := c.starts(from)
	if excluded != "" {
		return 0, excluded
	}
	first := slices.Min(starts)
	if first > c.DeployedAt {
		return 0, ChangeSkew
	}
	return int64(c.DeployedAt - first), ""
}

// Stages are those of a change on its way, in order.
var Stages = []string{"coding", "pickup", "review", "merge_wait", "deploy"}

// Stages are how long a change was in each of Stages, in milliseconds; -1 where it
// was in none, as a change without a review is in no pickup and no review. A stage
// whose ends are the wrong way round counts as 0; clamped says so. A change whose
// total is not measured has none.
func (c *DeployedChange) Stages() (stages [5]int64, clamped bool) {
	stages = [5]int64{-1, -1, -1, -1, -1}
	if _, excluded := c.LeadTime(FromAuthored); excluded != "" || c.CreatedAt == 0 || c.MergedAt == 0 {
		return stages, false
	}
	span := func(from, to Instant) int64 {
		if to < from {
			clamped = true
			return 0
		}
		return int64(to - from)
	}
	stages[0] = span(c.StartAt, c.CreatedAt)
	if c.ReviewedAt != 0 {
		stages[1] = span(c.CreatedAt, c.ReviewedAt)
		if c.ApprovedAt != 0 {
			stages[2] = span(c.ReviewedAt, c.ApprovedAt)
			stages[3] = span(c.ApprovedAt, c.MergedAt)
		} else {
			stages[2] = span(c.ReviewedAt, c.MergedAt)
		}
	} else {
		stages[3] = span(c.CreatedAt, c.MergedAt)
	}
	stages[4] = span(c.MergedAt, c.DeployedAt)
	return stages, clamped
}

// stages are percentiles of each stage, over the range.
func (d *DoraData) stages(q DoraQuery) (PanelData, error) {
	b := q.buckets()
	var millis [5][]int64
	var total []int64
	excluded := map[string]int{}
	clamped := 0
	for change, err := range d.Changes() {
		if err != nil {
			return PanelData{}, err
		}
		if b.of(change.DeployedAt) < 0 {
			continue
		}
		lead, reason := change.LeadTime(FromAuthored)
		if reason != "" {
			excluded[reason]++
			continue
		}
		total = append(total, lead)
		stages, c := change.Stages()
		if c {
			clamped++
		}
		for i, stage := range stages {
			if stage >= 0 {
				millis[i] = append(millis[i], stage)
			}
		}
	}
	all := halvesOf(total)
	panel := q.dora("lead-time-stages", Bars, Durations, Sample{N: len(total), Excluded: excluded},
		Figure{"p50", all.p50}, Figure{"p85", all.p85}, Figure{"clamped", number(clamped)})
	p50, p85 := Series{"p50", []Point{}}, Series{"p85", []Point{}}
	for i, name := range Stages {
		h := halvesOf(millis[i])
		point := Point{X: name, N: &h.n, Category: &Category{Name: name}}
		point.Value = h.p50
		p50.Points = append(p50.Points, point)
		point.Value = h.p85
		p85.Points = append(p85.Points, point)
	}
	panel.Series = []Series{p50, p85}
	return panel, nil
}
