package sentry

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"throughline/internal/delivery"
)

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
	if g.FirstRelease == "" && g.FirstSeen > c.at-millis(c.window) {
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
