package sentry

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"throughline/internal/delivery"
)

const (
	recent      = time.Hour // of which each pull asks for rows
	maxRowPages = 50
	maxByHand   = 200 // groups whose releases are asked for one by one
	maxAbsent   = 5   // of them that may be absent until the endpoint is taken to be
)

// row says that a group was seen in a release in an environment.
type row struct {
	group, environment, release string
	events                      int64
	recent                      bool
}

// recentRows asks in which releases groups were seen in the last hour.
func (p *pull) recentRows(ctx context.Context, c *collected) error {
	rows, err := p.listRows(ctx, "1h")
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.rows, c.said = rows, true
	}
	return err
}

// listRows asks for events by group, environment and release.
func (p *pull) listRows(ctx context.Context, period string) ([]row, error) {
	r := request{to: toEvents, path: p.org("events/"), query: p.scope(url.Values{
		"dataset": {"errors"}, "field": {"issue.id", "environment", "release", "count()"},
		"statsPeriod": {period}, "per_page": {strconv.Itoa(perPage)},
	})}
	var out []row
	get := func(r request) (*answer, error) {
		a, err := p.get(ctx, r)
		if err != nil {
			return nil, err
		}
		var inner struct {
			Data json.RawMessage `json:"data"`
		}
		if err := a.into(&inner); err != nil {
			return nil, err
		}
		return &answer{path: a.path, header: a.header, body: inner.Data}, nil
	}
	cut, err := pages(get, r, maxRowPages, func(list []json.RawMessage, _ string) (bool, error) {
		for _, raw := range list {
			var wrong faults
			o := openObject(raw, "$", &wrong)
			got := row{
				group: o.id("issue.id"), environment: o.text("environment"), release: o.text("release"),
				events: o.count("count()"), recent: period == "1h",
			}
			if len(wrong) > 0 {
				return false, &answerError{path: r.path, id: "shape", what: "does not hold what was asked for: " + wrong[0].message}
			}
			if got.release != "" {
				out = append(out, got)
			}
		}
		return true, nil
	})
	if cut {
		p.problem(tooMany("releases of error groups"))
	}
	return out, err
}

// widen asks for the rows since the last pull where that is longer ago, or first: it
// takes more calls than what is due each time.
func (p *pull) widen(ctx context.Context, c *collected) error {
	period := "14d"
	switch gap := c.at - p.cursor.Rows; {
	case p.cursor.Rows.Known() && gap <= millis(recent):
		period = ""
	case p.cursor.Rows.Known() && gap <= millis(24*time.Hour):
		period = "24h"
	}
	switch {
	case len(p.projects) == 0:
		return nil
	case !c.said && p.lacked(toEvents):
		if err := p.alone(ctx, "rows", "", p.currentReleases(ctx, c)); err != nil {
			return err
		}
	case !c.said:
		return nil // the next pull asks for more
	case period != "":
		rows, err := p.listRows(ctx, period)
		if err != nil {
			return p.alone(ctx, "rows", "", err)
		}
		c.rows, c.sorted, c.wide = append(c.rows, rows...), false, period == "14d"
	}
	p.cursor.Rows = c.at
	return p.retell(c)
}

func (p *pull) lacked(to endpoint) bool {
	_, lacked := p.cursor.Lacks[to]
	return lacked
}

// currentReleases asks for the releases of the groups that are an hour old, one by
// one, of servers that lack events.
func (p *pull) currentReleases(ctx context.Context, c *collected) error {
	asked, answered := 0, 0
	for _, id := range slices.Sorted(maps.Keys(c.groups)) {
		for _, e := range c.groups[id].Environments {
			if e.FirstSeen < c.at-millis(recent) || asked == maxByHand {
				continue
			}
			asked++
			r := request{to: toCurrentRelease, path: "/issues/" + url.PathEscape(id) + "/current-release/", query: url.Values{}}
			if !e.None {
				r.query.Set("environment", e.Name)
			}
			a, err := p.get(ctx, r)
			if isStatus(err, http.StatusNotFound) && (answered > 0 || asked < maxAbsent) {
				continue // it was deleted meanwhile
			}
			if err != nil {
				p.lack(r.to, err)
				return err
			}
			answered++
			var said struct {
				Current *struct {
					Release json.RawMessage `json:"release"`
				} `json:"currentRelease"`
			}
			if err := a.into(&said); err != nil {
				return err
			}
			if said.Current == nil {
				continue
			}
			var ignored faults
			if version := openObject(said.Current.Release, "$", &ignored).text("version"); version != "" {
				c.rows, c.sorted = append(c.rows, row{group: id, environment: e.Name, release: version, events: 1, recent: true}), false
			}
		}
	}
	return nil
}

// retell tells the groups again of which more is known now.
func (p *pull) retell(c *collected) error {
	changed := map[string]delivery.ErrorGroup{}
	for id, g := range c.groups {
		after := g
		after.Environments = slices.Clone(g.Environments)
		p.giveReleases(c, &after)
		if !reflect.DeepEqual(g, after) {
			changed[id], c.groups[id] = after, after
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return p.emit(delivery.Batch{ErrorGroups: p.tellGroups(changed)})
}

// giveReleases says in which releases a group was seen, as far as that is known.
func (p *pull) giveReleases(c *collected, g *delivery.ErrorGroup) {
	var last delivery.Instant
	for i := range g.Environments {
		e := &g.Environments[i]
		if e.ToldAt != c.at {
			continue // it was told by an earlier pull
		}
		if version := p.newest(c.releases(g.ID, e.Name)); version != "" {
			e.Release = version
			if e.LastSeen >= last {
				last, g.LastRelease = e.LastSeen, version
			}
		}
	}
	window := recent
	if c.wide {
		window = young
	}
	if g.FirstRelease == "" && g.FirstSeen > c.at-millis(window) {
		g.FirstRelease = p.oldest(c.everyRelease(g.ID))
	}
}

// releases are those that a group was seen in in an environment, with how many
// events: of the last hour, if it was seen then.
func (c *collected) releases(group, environment string) map[string]int64 {
	latest, all := map[string]int64{}, map[string]int64{}
	for _, r := range c.ofGroup(group) {
		if r.environment != environment {
			continue
		}
		all[r.release] = max(all[r.release], r.events)
		if r.recent {
			latest[r.release] = max(latest[r.release], r.events)
		}
	}
	if len(latest) > 0 {
		return latest
	}
	return all
}

func (c *collected) everyRelease(group string) []string {
	var out []string
	for _, r := range c.ofGroup(group) {
		if !slices.Contains(out, r.release) {
			out = append(out, r.release)
		}
	}
	return out
}

// ofGroup are the rows of a group.
func (c *collected) ofGroup(group string) []row {
	if !c.sorted {
		slices.SortStableFunc(c.rows, func(a, b row) int { return strings.Compare(a.group, b.group) })
		c.sorted = true
	}
	from, _ := slices.BinarySearchFunc(c.rows, group, func(r row, id string) int { return strings.Compare(r.group, id) })
	to := from
	for to < len(c.rows) && c.rows[to].group == group {
		to++
	}
	return c.rows[from:to]
}

// newest is the latest release where all dates are known, else the one with the most
// events.
func (p *pull) newest(releases map[string]int64) (newest string) {
	dated := p.dated(slices.Collect(maps.Keys(releases)))
	for _, version := range slices.Sorted(maps.Keys(releases)) {
		by := releases[version]
		best := releases[newest]
		if dated {
			by, best = p.cursor.Dates[version], p.cursor.Dates[newest]
		}
		if newest == "" || by >= best {
			newest = version
		}
	}
	return newest
}

// oldest is the only one, or the first where all dates are known; "" when that
// cannot be told.
func (p *pull) oldest(releases []string) (oldest string) {
	if len(releases) > 1 && !p.dated(releases) {
		return ""
	}
	slices.Sort(releases)
	for _, version := range releases {
		if oldest == "" || p.cursor.Dates[version] < p.cursor.Dates[oldest] {
			oldest = version
		}
	}
	return oldest
}

func (p *pull) dated(releases []string) bool {
	return !slices.ContainsFunc(releases, func(version string) bool { return p.cursor.Dates[version] == 0 })
}
