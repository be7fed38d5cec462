package sentry

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

const (
	recent      = time.Hour // of which each pull asks for rows
	maxRowPages = 50
	maxByHand   = 200 // groups whose releases are asked for one by one
	maxAbsent   = 5   // of them that may be absent until the endpoint is taken to be
)

// periods are those that rows are asked for.
var periods = map[string]time.Duration{"1h": recent, "24h": 24 * time.Hour, "14d": young}

// row says that a group was seen in a release in an environment.
type row struct {
	group, environment, release string
	events                      int64
	recent                      bool
}

// recentRows asks in which releases groups were seen in the last hour.
func (p *pull) recentRows(ctx context.Context, c *collected) error {
	rows, cut, err := p.listRows(ctx, "1h")
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.rows, c.said = rows, true
	}
	if cut { // what the first was is not known
		c.window = 0
	}
	if lacks(err) {
		return nil // they are asked for one by one
	}
	return err
}

// listRows asks for events by group, environment and release.
func (p *pull) listRows(ctx context.Context, period string) (out []row, cut bool, err error) {
	r := request{to: toEvents, path: p.org("events/"), query: p.scope(url.Values{
		"dataset": {"errors"}, "field": {"issue.id", "environment", "release", "count()"},
		"statsPeriod": {period}, "per_page": {strconv.Itoa(perPage)},
	})}
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
	cut, err = pages(get, r, maxRowPages, func(list []json.RawMessage, _ string) (bool, error) {
		for _, raw := range list {
			var wrong faults
			o := openObject(raw, "$", &wrong)
			got := row{
				group: o.id("issue.id"), environment: o.exact("environment"), release: o.text("release"),
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
	return out, cut, err
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
		rows, cut, err := p.listRows(ctx, period)
		if err != nil {
			return p.alone(ctx, "rows", "", err)
		}
		c.rows, c.sorted, c.window = append(c.rows, rows...), false, periods[period]
		if cut {
			c.window = 0
		}
	}
	if p.rowsAt = c.at; period == "" {
		p.rowsKnown()
	}
	return p.retell(c)
}

// rowsKnown notes that nothing more is to be made of the rows: of several releases the
// first is known only once their dates are.
func (p *pull) rowsKnown() {
	if p.rowsAt.Known() {
		p.cursor.Rows = p.rowsAt
	}
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
