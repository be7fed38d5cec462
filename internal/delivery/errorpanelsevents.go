package delivery

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// outcomes are what became of events, in the order in which they are shown.
var outcomes = []struct {
	name string
	of   func(d *EventDay, hour int) int64
}{
	{"accepted", func(d *EventDay, hour int) int64 { return d.Accepted[hour] }},
	{"filtered", func(d *EventDay, hour int) int64 { return d.Filtered[hour] }},
	{"rate_limited", func(d *EventDay, hour int) int64 { return d.RateLimited[hour] }},
	{"invalid", func(d *EventDay, hour int) int64 { return d.Invalid[hour] }},
}

// settled is how long after its end an hour is missed when nothing is known of it.
const settled = msPerHour

// EventCounts is the panel errors-events: events of the hours known, by what became of
// them, each hour in the bucket in which it begins. A bucket of which no hour is known
// has no value, and hours that are over and not known are counted: of each project that
// there is, those that begin in the range.
func EventCounts(projects []ErrorProject, days iter.Seq2[EventDay, error], q ErrorsAsked) (PanelData, error) {
	b := q.buckets()
	counts, known := make([][4]int64, len(b.all)), make([]int, len(b.all))
	var totals [4]int64
	end := q.Until() - settled - msPerHour + 1
	type key struct{ connection, project string }
	unknown, missed := 0, map[key]bool{}
	for i := range projects {
		if p := &projects[i]; !p.Gone && q.wants(p.Connection, p.ID) {
			missed[key{p.Connection, p.ID}] = true
			unknown += hoursIn(q.From, end)
		}
	}
	err := eachOf(days, func(d *EventDay) {
		for hour, at := range hoursOf(d.Day, q.From, q.To) {
			i := b.of(at)
			if i < 0 || !d.Known.Has(hour) {
				continue
			}
			if at < end && missed[key{d.Connection, d.Project}] {
				unknown--
			}
			known[i]++
			for k, o := range outcomes {
				n := o.of(d, hour)
				counts[i][k] += n
				totals[k] += n
			}
		}
	})
	if err != nil {
		return PanelData{}, err
	}
	sum := func(c [4]int64) int { return int(c[0] + c[1] + c[2] + c[3]) }
	excluded := map[string]int{}
	if unknown > 0 {
		excluded[HoursUnknown] = unknown
	}
	var figures []Figure
	for k, o := range outcomes {
		figures = append(figures, Figure{o.name, whole(totals[k])})
	}
	panel := q.panel("errors-events", Stack, EventTally, Sample{N: sum(totals), Excluded: excluded}, figures...)
	of := func(name string, value func(c [4]int64) int64) {
		panel.Series = append(panel.Series, b.line(q.Zone, name, 0, func(i int) (*float64, int) {
			if known[i] == 0 {
				return nil, 0
			}
			return whole(value(counts[i])), sum(counts[i])
		}))
	}
	for k, o := range outcomes {
		if o.name != "invalid" || totals[k] > 0 {
			of(o.name, func(c [4]int64) int64 { return c[k] })
		}
	}
	of("count", func(c [4]int64) int64 { return int64(sum(c)) })
	return panel, nil
}

// mostDeployments is how many deployments are marked one by one.
const mostDeployments = 60

// Kinds of Marker that change nothing: deployments, one by one or those of a bucket.
const (
	DeploymentMarker  = "deployment"
	DeploymentsMarker = "deployments" // Name is how many
)

// Deployments are the markers of successful deployments in the range, but redeployments:
// each by itself, or where there are too many one for each bucket that has any.
func (q *ErrorsAsked) Deployments(groups []Group) []Marker {
	found := deployedIn(groups, q.From, q.To)
	var out []Marker
	if len(found) <= mostDeployments {
		for i := range found {
			out = append(out, deploymentMarker(&found[i]))
		}
		return out
	}
	b := q.buckets()
	counts := make([]int, len(b.all))
	for i := range found {
		if at := b.of(found[i].FinishedAt); at >= 0 {
			counts[at]++
		}
	}
	for i, n := range counts {
		if n > 0 {
			out = append(out, Marker{b.all[i].Start, DeploymentsMarker, strconv.Itoa(n)})
		}
	}
	return out
}

// deployedIn are the successful deployments of [from, to), but redeployments, in order.
func deployedIn(groups []Group, from, to Instant) []Group {
	var found []Group
	for i := range groups {
		if g := &groups[i]; g.Succeeded && g.Kind != KindRedeploy && g.FinishedAt >= from && g.FinishedAt < to {
			found = append(found, *g)
		}
	}
	slices.SortFunc(found, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.FinishedAt, b.FinishedAt), strings.Compare(a.Service, b.Service), strings.Compare(a.ID, b.ID))
	})
	return found
}

func deploymentMarker(g *Group) Marker {
	name := cmp.Or(g.Version, g.SHA[:min(len(g.SHA), 9)])
	return Marker{g.FinishedAt, DeploymentMarker, strings.TrimSpace(g.Service + " " + name)}
}
