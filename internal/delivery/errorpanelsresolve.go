package delivery

import (
	"iter"
	"slices"
)

// Resolution is a group that was resolved: how long it had stood, and when that ended.
type Resolution struct {
	From, At Instant
	Unseen   bool // nobody saw when it began or ended
}

// Resolutions are those of a group first seen at a moment. Each is from then, or from
// the last time that it was told to be unresolved again: reopened, or come back.
func (g *ErrorGroup) Resolutions(first Instant) []Resolution {
	var out []Resolution
	open, from, unseen := true, first, false
	for i, s := range g.States {
		switch s.Status {
		case GroupUnresolved:
			if i > 0 {
				from, unseen = s.At, s.Before
			}
			open = true
		case GroupResolved:
			if open {
				out = append(out, Resolution{from, s.At, unseen || s.Before})
			}
			open = false
		}
	}
	return out
}

// Millis is how long the group had stood, in milliseconds floored to seconds.
func (r *Resolution) Millis() int64 { return int64(r.At-r.From) / msPerSecond * msPerSecond }

// Resolved gives each time a group was resolved in the range, with the reason why it is
// left out, "" for those that count.
func (q *ErrorsAsked) Resolved(groups iter.Seq2[ListedErrorGroup, error], each func(g *ListedErrorGroup, r *Resolution, reason string)) error {
	return eachOf(groups, func(g *ListedErrorGroup) {
		first, seen := q.FirstSeen(&g.ErrorGroup)
		unknown := q.environmentUnknown(&g.ErrorGroup)
		if !seen && !unknown {
			return
		}
		for _, r := range g.Resolutions(first) {
			switch {
			case r.At < q.From || r.At >= q.To:
			case unknown:
				each(g, &r, EnvironmentUnknown)
			case r.Unseen:
				each(g, &r, ResolvedBefore)
			case r.At < r.From:
				each(g, &r, ChangeSkew)
			default:
				each(g, &r, "")
			}
		}
	})
}

// ResolveTimes is the panel errors-resolve-time: resolved − first seen, or − reopened or
// come back, of each time a group was resolved in the range, in the bucket in which that
// was, floored to seconds; percentiles are R7. What stands open is not in it, and what
// nobody saw end, or begin, is left out.
func ResolveTimes(groups iter.Seq2[ListedErrorGroup, error], q ErrorsAsked) (PanelData, error) {
	b := q.buckets()
	all, byBucket := []int64{}, make([][]int64, len(b.all))
	excluded := map[string]int{}
	err := q.Resolved(groups, func(_ *ListedErrorGroup, r *Resolution, reason string) {
		i := b.of(r.At)
		switch {
		case i < 0:
		case reason != "":
			excluded[reason]++
		default:
			all, byBucket[i] = append(all, r.Millis()), append(byBucket[i], r.Millis())
		}
	})
	if err != nil {
		return PanelData{}, err
	}
	each := make([]RunPercentiles, len(b.all))
	for i := range each {
		each[i] = RunPercentilesOf(byBucket[i])
	}
	p := RunPercentilesOf(slices.Clone(all))
	panel := q.panel("errors-resolve-time", Trend, Durations, Sample{N: p.N, Excluded: excluded}, p.figures()...)
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
		panel.Series = append(panel.Series, b.line(q.Zone, line.name, line.enough, func(i int) (*float64, int) { return line.value(each[i]), each[i].N }))
	}
	return panel, nil
}
