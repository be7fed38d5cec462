package sentry

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"throughline/internal/delivery"
)

// monthTotals asks how many events of each project came since the month began, by
// outcome. A project that the answer says nothing of had none.
func (p *pull) monthTotals(ctx context.Context, c *collected) error {
	now := p.began.UTC()
	since := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	empty := delivery.EventTotals{Since: delivery.InstantOf(since), At: c.at}
	end := now.Truncate(time.Second)
	if least := since.Add(time.Minute); end.Before(least) { // there is no empty range
		end = least
	}
	a, err := p.get(ctx, request{to: toStats, path: p.org("stats_v2/"), query: url.Values{
		"field": {"sum(quantity)"}, "groupBy": {"project", "outcome"}, "category": {"error"},
		"start": {stamp(since)}, "end": {stamp(end)}, "interval": {"1d"},
	}})
	if err != nil {
		if !lacks(err) {
			return err
		}
		if again := p.projectTotals(ctx, c, since, end, empty); again != nil {
			return again
		}
		return p.alone(ctx, "events", "", err) // of which there is no other way
	}
	groups, err := statsOf(a)
	if err != nil {
		return err
	}
	month := map[string]delivery.EventTotals{}
	for i := range p.projects {
		month[p.projects[i].ID] = empty
	}
	for _, g := range groups {
		if slug, ok := p.numbered(g.project); ok {
			t := month[slug]
			*outcomeOf(&t, g.outcome) += g.total
			month[slug] = t
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.month = month
	return nil
}

// outcomeOf is where events of an outcome are counted.
func outcomeOf(t *delivery.EventTotals, outcome string) *int64 {
	switch outcome {
	case "accepted":
		return &t.Accepted
	case "filtered":
		return &t.Filtered
	case "rate_limited":
		return &t.RateLimited
	}
	return &t.Invalid
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// statGroup is a group of an answer of statistics.
type statGroup struct {
	project, outcome string
	total            int64
	series           []int64
}

// statsOf reads the groups of an answer.
func statsOf(a *answer) ([]statGroup, error) {
	groups, _, err := statsWith(a)
	return groups, err
}

// statsWith is statsOf with the beginnings of the intervals.
func statsWith(a *answer) (groups []statGroup, intervals []delivery.Instant, err error) {
	const field = "sum(quantity)"
	shape := &answerError{path: a.path, id: "shape", what: "does not hold what was asked for"}
	var said struct {
		Groups []struct {
			By struct {
				Project json.RawMessage `json:"project"`
				Outcome string          `json:"outcome"`
			} `json:"by"`
			Totals map[string]json.RawMessage   `json:"totals"`
			Series map[string][]json.RawMessage `json:"series"`
		} `json:"groups"`
		Intervals []json.RawMessage `json:"intervals"`
	}
	if err := a.into(&said); err != nil {
		return nil, nil, err
	}
	if said.Groups == nil {
		return nil, nil, shape
	}
	for _, raw := range said.Intervals {
		at, ok := instantOf(raw)
		if !ok {
			return nil, nil, shape
		}
		intervals = append(intervals, at)
	}
	for _, g := range said.Groups {
		project, _ := textOf(g.By.Project)
		out := statGroup{project: project, outcome: g.By.Outcome}
		for _, raw := range g.Series[field] {
			n, ok := countOf(raw)
			if !ok {
				return nil, nil, shape
			}
			out.series = append(out.series, n)
		}
		if raw, ok := g.Totals[field]; ok {
			if out.total, ok = countOf(raw); !ok {
				return nil, nil, shape
			}
		}
		groups = append(groups, out)
	}
	return groups, intervals, nil
}

// projectTotals asks each project for its totals, of servers that lack the others.
func (p *pull) projectTotals(ctx context.Context, c *collected, since, end time.Time, empty delivery.EventTotals) error {
	for i := range p.projects {
		slug := p.projects[i].ID
		totals := map[string]int64{}
		var err error
		for _, stat := range []string{"received", "rejected", "blacklisted"} {
			if totals[stat], err = p.projectStat(ctx, slug, stat, since, end); err != nil {
				break
			}
		}
		if isStatus(err, http.StatusForbidden, http.StatusNotFound) {
			if err := p.alone(ctx, "month", "project "+slug, err); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		month := empty
		month.RateLimited, month.Filtered = totals["rejected"], totals["blacklisted"]
		month.Accepted = max(0, totals["received"]-month.RateLimited-month.Filtered)
		c.mu.Lock()
		c.month[slug] = month
		c.mu.Unlock()
	}
	return nil
}

// projectStat is the sum of a statistic of a project.
func (p *pull) projectStat(ctx context.Context, slug, stat string, since, end time.Time) (sum int64, err error) {
	a, err := p.client.do(ctx, request{to: toProjectStats, path: p.ofProject(slug, "stats/"), query: url.Values{
		"stat": {stat}, "since": {strconv.FormatInt(since.Unix(), 10)}, "until": {strconv.FormatInt(end.Unix(), 10)},
	}})
	if err != nil {
		return 0, err
	}
	list, err := a.list()
	if err != nil {
		return 0, err
	}
	for _, raw := range list {
		var point []json.RawMessage
		if json.Unmarshal(raw, &point) != nil || len(point) != 2 {
			return 0, &answerError{path: a.path, id: "shape", what: "does not hold what was asked for"}
		}
		n, ok := countOf(point[1])
		if !ok {
			return 0, &answerError{path: a.path, id: "shape", what: "does not hold what was asked for"}
		}
		sum += n
	}
	return sum, nil
}

// ofProject is a path below a project.
func (s *Source) ofProject(slug, path string) string {
	return "/projects/" + url.PathEscape(s.organization) + "/" + url.PathEscape(slug) + "/" + path
}
