package control

import (
	"cmp"
	"context"
	"slices"

	"throughline/internal/delivery"
)

// Kinds of markers.
const (
	WorkflowMarker = "workflow"
	CalendarMarker = "calendar"
)

// Markers are the days on which a definition changed what is counted, in order:
// the later versions of the workflow and of calendars. With teams only those
// that concern one of them; without, all of the workflow and of the calendars
// in use.
func (db *DB) Markers(ctx context.Context, teams []string) ([]delivery.Marker, error) {
	d, err := db.current(ctx)
	if err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	calendar, err := d.calendar("")
	if err != nil {
		return nil, err
	}
	var out []delivery.Marker
	for i := 1; i < len(d.workflow); i++ {
		if v := d.workflow[i]; d.concerns(d.workflow[i-1].Workflow, v.Workflow, teams) {
			out = append(out, delivery.Marker{At: v.From.In(calendar.Zone()), Kind: WorkflowMarker})
		}
	}
	used := d.calendarsOf(teams)
	for i := 1; i < len(d.rows); i++ {
		c := d.rows[i]
		if d.rows[i-1].Name != c.Name || !slices.Contains(used, c.Name) {
			continue
		}
		of, err := d.calendar(c.Name)
		if err != nil {
			return nil, err
		}
		out = append(out, delivery.Marker{At: c.From.In(of.Zone()), Kind: CalendarMarker, Name: c.Name})
	}
	slices.SortStableFunc(out, func(a, b delivery.Marker) int {
		return cmp.Or(cmp.Compare(a.At, b.At), -cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

// concerns reports whether a change of the workflow concerns one of the teams,
// or anybody when none is named.
func (d *definitions) concerns(a, b delivery.Workflow, teams []string) bool {
	if len(teams) == 0 || !sameLists(a.StatusLists, b.StatusLists) || !sameKeys(a.ExcludedResolutions, b.ExcludedResolutions) {
		return true
	}
	for _, t := range d.teams {
		if !slices.Contains(teams, t.Name) {
			continue
		}
		for queue := range joined(a.Queues, b.Queues) {
			if t.Queues.Match(queue) && changed(a.Queues, b.Queues, queue) {
				return true
			}
		}
		if changed(a.Teams, b.Teams, t.Name) {
			return true
		}
	}
	return false
}

func changed(a, b map[string]delivery.StatusLists, name string) bool {
	x, inA := a[name]
	y, inB := b[name]
	return inA != inB || !sameLists(x, y)
}

// calendarsOf are the names of the calendars that teams have, or of all teams
// and the default one.
func (d *definitions) calendarsOf(teams []string) []string {
	byDefault := defaultVersions(d.rows)[0].Name
	var out []string
	if len(teams) == 0 {
		out = append(out, byDefault)
	}
	for _, t := range d.teams {
		if len(teams) == 0 || slices.Contains(teams, t.Name) {
			out = append(out, cmp.Or(t.Calendar, byDefault))
		}
	}
	return out
}
