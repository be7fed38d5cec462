package delivery

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// CrashFree is the panel crash-free: 1 − crashed ÷ sessions over the hours known of the
// environments asked for, each hour in the bucket in which it begins; n is of sessions.
func CrashFree(days iter.Seq2[SessionDay, error], q ErrorsAsked) (PanelData, error) {
	type tally struct {
		sessions int64
		crashed  float64
	}
	rate := func(t tally) *float64 {
		if t.sessions == 0 {
			return nil
		}
		v := max(0, 1-t.crashed/float64(t.sessions)) // crashed may be rounded
		return &v
	}
	b := q.buckets()
	all, each := tally{}, make([]tally, len(b.all))
	err := eachOf(days, func(d *SessionDay) {
		if !q.inEnvironment(d.Environment) {
			return
		}
		for hour, at := range hoursOf(d.Day, q.From, q.To) {
			i := b.of(at)
			if i < 0 || !d.Known.Has(hour) {
				continue
			}
			for _, t := range [...]*tally{&each[i], &all} {
				t.sessions += d.Sessions[hour]
				t.crashed += d.Crashed[hour]
			}
		}
	})
	crashed := all.crashed
	panel := q.panel("crash-free", Trend, Rates, Sample{N: int(all.sessions)}, Figure{"rate", rate(all)}, Figure{"crashed", &crashed})
	panel.Series = []Series{
		b.line(q.Zone, "rate", EnoughSessions, func(i int) (*float64, int) { return rate(each[i]), int(each[i].sessions) }),
		b.line(q.Zone, "count", 0, func(i int) (*float64, int) { return whole(each[i].sessions), int(each[i].sessions) }),
	}
	return panel, err
}

// RateLimits is the panel rate-limits: how much of its limit a project uses. Its peak is
// (accepted + rate limited) of the busiest hour ÷ 3600 ÷ limit, its mean the same of all
// hours known in the range; the limit is what its active keys let in a second. Besides,
// the limit and the mean of what was accepted, both per second. n is of projects.
func RateLimits(projects []ErrorProject, days iter.Seq2[EventDay, error], q ErrorsAsked) (PanelData, error) {
	type key struct{ connection, project string }
	type load struct {
		busiest, sum, accepted int64
		hours                  int
	}
	loads := map[key]*load{}
	err := eachOf(days, func(d *EventDay) {
		for hour := range hoursOf(d.Day, q.From, q.To) {
			if !d.Known.Has(hour) {
				continue
			}
			l := loads[key{d.Connection, d.Project}]
			if l == nil {
				l = &load{}
				loads[key{d.Connection, d.Project}] = l
			}
			n := d.Accepted[hour] + d.RateLimited[hour]
			l.busiest, l.sum, l.accepted, l.hours = max(l.busiest, n), l.sum+n, l.accepted+d.Accepted[hour], l.hours+1
		}
	})
	type row struct {
		project                     string
		peak, mean, limit, accepted float64
		hours                       int
	}
	var rows []row
	excluded := map[string]int{}
	for i := range projects {
		p := &projects[i]
		if p.Gone || !q.wants(p.Connection, p.ID) {
			continue
		}
		limit, limited := p.Limit()
		l := loads[key{p.Connection, p.ID}]
		switch {
		case !limited || limit == 0:
			excluded[NoLimit]++
		case l == nil:
			excluded[LoadUnknown]++
		default:
			const perHour = 3600
			hours := float64(l.hours)
			rows = append(rows, row{p.ID, float64(l.busiest) / perHour / limit, float64(l.sum) / hours / perHour / limit, limit, float64(l.accepted) / hours / perHour, l.hours})
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Or(cmp.Compare(b.peak, a.peak), strings.Compare(a.project, b.project)) })
	var most *float64
	if len(rows) > 0 {
		most = &rows[0].peak
	}
	panel := q.panel("rate-limits", Bars, Rates, Sample{N: len(rows), Excluded: excluded}, Figure{"max", most})
	for _, column := range []struct {
		name  string
		value func(*row) *float64
	}{
		{"mean", func(r *row) *float64 { return &r.mean }},
		{"peak", func(r *row) *float64 { return &r.peak }},
		{"limit", func(r *row) *float64 { return &r.limit }},
		{"accepted_rate", func(r *row) *float64 { return &r.accepted }},
	} {
		s := Series{Name: column.name, Points: []Point{}}
		for i := range rows {
			s.Points = append(s.Points, Point{X: rows[i].project, Value: column.value(&rows[i]), N: &rows[i].hours, Category: &Category{Name: rows[i].project}})
		}
		panel.Series = append(panel.Series, s)
	}
	return panel, err
}
