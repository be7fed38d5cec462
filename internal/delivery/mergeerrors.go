package delivery

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// unless is stored when merged says nothing else but when it was told: what is looked
// at every few minutes would be written every few minutes.
func unless[T any](stored, merged T, untold func(*T)) T {
	a, b := stored, merged
	untold(&a)
	untold(&b)
	if reflect.DeepEqual(a, b) {
		return stored
	}
	return merged
}

// MergeErrorGroup works what is said of a group into what is stored of it. The one
// told later goes before, and the order in which they come never decides. How a group
// stood is kept: nobody else remembers when it was resolved, or came back.
func MergeErrorGroup(stored, said ErrorGroup) ErrorGroup {
	older, g := stored, said
	if stored.ID != "" && newer(cmp.Compare(stored.ToldAt, said.ToldAt)) > 0 {
		older, g = said, stored
	}
	for _, f := range [...]struct {
		to   *string
		with string
	}{
		{&g.Project, older.Project},
		{&g.ShortID, older.ShortID},
		{&g.Title, older.Title},
		{&g.Culprit, older.Culprit},
		{&g.URL, older.URL},
		{&g.Level, older.Level},
		{&g.FirstRelease, older.FirstRelease},
		{&g.LastRelease, older.LastRelease},
	} {
		*f.to = cmp.Or(*f.to, f.with)
	}
	if g.Status == "" {
		g.Status, g.Substatus = older.Status, older.Substatus
	}
	g.FirstRelease = cmp.Or(older.FirstRelease, g.FirstRelease) // the first that was told: later ones have newer releases
	g.Logger, g.Platform, g.Unhandled = cmp.Or(g.Logger, older.Logger), cmp.Or(g.Platform, older.Platform), cmp.Or(g.Unhandled, older.Unhandled)
	if g.Part || g.Events == 0 {
		g.Events, g.Users = max(g.Events, older.Events), max(g.Users, older.Users)
	}
	g.FirstSeen, g.LastSeen = earliest(stored.FirstSeen, said.FirstSeen), max(stored.LastSeen, said.LastSeen)
	g.Environments = mergeEnvironments(&older, &g)
	g.States = mergeStates(&stored, &said, &g)
	g.Part, g.AllEnvironments, g.ChangedAt = false, false, 0
	return unless(stored, g, func(g *ErrorGroup) {
		g.ToldAt = 0
		g.Environments = slices.Clone(g.Environments)
		for i := range g.Environments {
			g.Environments[i].ToldAt = 0
		}
	})
}

// mergeEnvironments are those that the later telling names, and those of the earlier
// one that it does not rule out.
func mergeEnvironments(older, later *ErrorGroup) []GroupEnvironment {
	byName, stored := map[string]GroupEnvironment{}, map[string]GroupEnvironment{}
	for _, e := range older.Environments {
		stored[e.Name] = e
		if !later.AllEnvironments {
			byName[e.Name] = e
		}
	}
	for _, e := range later.Environments {
		before := stored[e.Name]
		if before.ToldAt > e.ToldAt {
			continue
		}
		e.Release = cmp.Or(e.Release, before.Release)
		byName[e.Name] = e
	}
	if len(byName) == 0 {
		return nil
	}
	return slices.SortedFunc(maps.Values(byName), func(a, b GroupEnvironment) int { return strings.Compare(a.Name, b.Name) })
}

// mergeStates are how the group stood by both tellings; merged has its Status.
func mergeStates(stored, said, merged *ErrorGroup) []GroupState {
	all := slices.Clone(stored.States)
	all = append(all, said.States...)
	for i := range all { // it was seen before one of them knew
		if s := &all[i]; s.Status == GroupUnresolved && !s.Regressed && (s.At == stored.FirstSeen || s.At == said.FirstSeen) {
			s.At = merged.FirstSeen
		}
	}
	for _, g := range [...]*ErrorGroup{stored, said} {
		if g.Status == "" || len(g.States) > 0 {
			continue
		}
		if g.Status != GroupUnresolved || g.Substatus == Regressed { // it was new once
			all = append(all, GroupState{Status: GroupUnresolved, At: merged.FirstSeen})
		}
		all = append(all, g.state(stored, merged))
	}
	for i := range all {
		all[i].At = cmp.Or(all[i].At, merged.FirstSeen) // it was not known when a hook came first
	}
	slices.SortStableFunc(all, compareStates)
	out := all[:0]
	for _, s := range all {
		if n := len(out); n > 0 && out[n-1].sameAs(&s) {
			continue
		}
		out = append(out, s)
	}
	if n := len(out); n > 0 && out[n-1].Status != merged.Status { // what came late was not the last
		out = append(out, GroupState{Status: merged.Status, At: max(merged.ToldAt, out[n-1].At+1)})
	}
	return out
}

// state is what a telling says of how a group stands, and since when. What was never
// seen in another state was so before.
func (g *ErrorGroup) state(stored, merged *ErrorGroup) GroupState {
	s := GroupState{Status: g.Status, Regressed: g.Status == GroupUnresolved && g.Substatus == Regressed, At: g.ChangedAt}
	switch {
	case s.Status == GroupUnresolved && !s.Regressed && s.At == 0 && (stored.ID == "" || len(stored.States) == 0):
		s.At = cmp.Or(merged.FirstSeen, g.ToldAt)
	case s.At == 0:
		s.At = g.ToldAt
		s.Before = stored.ID == "" || stored.ToldAt > g.ToldAt
	}
	if s.Regressed || s.Status == GroupUnresolved && s.At > merged.FirstSeen {
		s.Release = cmp.Or(g.LastRelease, merged.LastRelease)
	}
	return s
}

// sameAs reports whether a state goes on in the next.
func (s *GroupState) sameAs(next *GroupState) bool {
	return s.Status == next.Status && (s.Regressed || !next.Regressed)
}

func compareStates(a, b GroupState) int {
	return cmp.Or(cmp.Compare(a.At, b.At), strings.Compare(string(b.Status), string(a.Status)), strings.Compare(a.Release, b.Release))
}

// MergeErrorProject is MergeErrorGroup for a project. Keys and totals are told by
// themselves: what is not said of them stays.
func MergeErrorProject(stored, said ErrorProject) ErrorProject {
	older, p := stored, said
	if stored.ID != "" && stored.ToldAt > said.ToldAt {
		older, p = said, stored
	}
	for _, f := range [...]struct {
		to   *string
		with string
	}{{&p.Number, older.Number}, {&p.Name, older.Name}, {&p.Platform, older.Platform}, {&p.URL, older.URL}} {
		*f.to = cmp.Or(*f.to, f.with)
	}
	if p.Gone && p.Environments == nil {
		p.Environments, p.Place = older.Environments, older.Place
	}
	if older.Month.At > p.Month.At {
		p.Month = older.Month
	}
	if older.KeysAt > p.KeysAt {
		p.Keys, p.KeysAt = older.Keys, older.KeysAt
	}
	p.GroupsAt = max(p.GroupsAt, older.GroupsAt)
	return unless(stored, p, func(p *ErrorProject) {
		p.ToldAt = 0
		for _, at := range [...]*Instant{&p.KeysAt, &p.GroupsAt, &p.Month.At} {
			*at = min(*at, 1) // whether it was told at all
		}
	})
}

// MergeEventDay takes the hours that are known from whichever was told later: a source
// corrects the last ones, to less, too.
func MergeEventDay(stored, said EventDay) EventDay {
	older, d := stored, said
	if stored.ToldAt > said.ToldAt {
		older, d = said, stored
	}
	for hour := range HoursADay {
		if d.Known.Has(hour) || !older.Known.Has(hour) {
			continue
		}
		d.Known.Add(hour)
		d.Accepted[hour], d.Filtered[hour] = older.Accepted[hour], older.Filtered[hour]
		d.RateLimited[hour], d.Invalid[hour] = older.RateLimited[hour], older.Invalid[hour]
	}
	return unless(stored, d, func(d *EventDay) { d.ToldAt = 0 })
}

// MergeSessionDay is MergeEventDay for sessions.
func MergeSessionDay(stored, said SessionDay) SessionDay {
	older, d := stored, said
	if stored.ToldAt > said.ToldAt {
		older, d = said, stored
	}
	for hour := range HoursADay {
		if d.Known.Has(hour) || !older.Known.Has(hour) {
			continue
		}
		d.Known.Add(hour)
		d.Sessions[hour], d.Crashed[hour], d.Users[hour] = older.Sessions[hour], older.Crashed[hour], older.Users[hour]
	}
	return unless(stored, d, func(d *SessionDay) { d.ToldAt = 0 })
}

// MergeRelease is MergeErrorGroup for a release. Deploys are worked together.
func MergeRelease(stored, said Release) Release {
	older, r := stored, said
	if stored.ToldAt > said.ToldAt {
		older, r = said, stored
	}
	for _, f := range [...]struct {
		to   *string
		with string
	}{{&r.Short, older.Short}, {&r.URL, older.URL}, {&r.SHA, older.SHA}} {
		*f.to = cmp.Or(*f.to, f.with)
	}
	r.CreatedAt, r.ReleasedAt = cmp.Or(r.CreatedAt, older.CreatedAt), cmp.Or(r.ReleasedAt, older.ReleasedAt)
	r.Commits, r.NewGroups = cmp.Or(r.Commits, older.Commits), cmp.Or(r.NewGroups, older.NewGroups)
	if r.Health == nil {
		r.Health = older.Health
	}
	byID := map[string]ReleaseDeploy{}
	for _, d := range slices.Concat(older.Deploys, r.Deploys) {
		byID[d.ID] = d
	}
	if len(byID) > 0 {
		r.Deploys = slices.SortedFunc(maps.Values(byID), func(a, b ReleaseDeploy) int { return strings.Compare(a.ID, b.ID) })
	}
	return unless(stored, r, func(r *Release) {
		r.ToldAt = 0
		if r.Health != nil {
			health := *r.Health
			health.At, r.Health = 0, &health
		}
	})
}
