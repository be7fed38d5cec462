package sentry

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

const (
	anHour = time.Hour
	aDay   = 24 * time.Hour
)

// TestStates: how groups stood is seen from pull to pull, and where Sentry says when
// they came to it, by that.
func TestStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		r := newRig(f)
		r.mustPull(t)
		f.groups[0].status, f.groups[0].substatus = "resolved", ""
		f.groups[4].status = "resolved" // an older one, which lists of open ones miss
		f.groups[4].more = m{"activity": []m{
			{"type": "set_resolved", "dateCreated": iso(anHour)},
			{"type": "note", "dateCreated": iso(0)},
			{"type": "set_regression", "dateCreated": iso(20 * aDay), "data": m{"version": "pay@2"}},
			{"type": "set_resolved_in_release", "dateCreated": iso(30 * aDay)},
		}, "firstRelease": m{"version": "pay@1"}, "lastRelease": m{"version": "pay@2"}}
		f.groups[4].last = 3 * anHour
		f.groups[4].environments["production"] = fakeSeen{50, 40 * aDay, 5 * anHour}
		r.later = 5 * time.Minute
		r.mustPull(t)
		states := r.group(t, "101").States
		if len(states) != 2 || states[1].Status != delivery.GroupResolved || states[1].At != delivery.InstantOf(r.clock()) || states[1].Before {
			t.Errorf("%+v", states)
		}
		if r.group(t, "105").Status != delivery.GroupUnresolved {
			t.Error("asked for before its time")
		}
		f.groups[0].status, f.groups[0].substatus = "unresolved", "regressed"
		r.later = 61 * time.Minute
		r.mustPull(t)
		states = r.group(t, "101").States
		if len(states) != 3 || !states[2].Regressed || states[2].Release != "web@1.1" {
			t.Errorf("%+v", states)
		}
		g := r.group(t, "105")
		want := []delivery.GroupState{
			{Status: delivery.GroupUnresolved, At: ago(40 * aDay)},
			{Status: delivery.GroupResolved, At: ago(30 * aDay)},
			{Status: delivery.GroupUnresolved, Regressed: true, At: ago(20 * aDay), Release: "pay@2"},
			{Status: delivery.GroupResolved, At: ago(anHour)},
		}
		if diff := cmp.Diff(want, g.States); diff != "" || g.Status != delivery.GroupResolved || g.FirstRelease != "pay@1" {
			t.Errorf("%s %+v", diff, g)
		}
	})
}

// TestIncidentEnds: an incident ends with its group, where no hook says so.
func TestIncidentEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		r := newRig(f)
		r.settings["incidents"] = "alert:Pay*"
		r.mustPull(t)
		if n := len(r.memory.Facts().Incidents); n > 0 {
			t.Errorf("%d incidents", n)
		}
		r.memory.Write(delivery.Batch{Connection: "sentry", Incidents: []delivery.Incident{
			{ID: "group:101", Project: "web", StartedAt: ago(anHour / 2), UpdatedAt: ago(anHour / 2), Title: "Payments", Repeated: true},
		}})
		f.groups[0].status = "resolved"
		for _, later := range []time.Duration{5 * time.Minute, 65 * time.Minute} {
			r.later = later
			r.mustPull(t)
			ended := ago(0) + millis(5*time.Minute)
			if i := r.memory.Facts().Incidents; len(i) != 1 || i[0].ResolvedAt-ended > 1000 || i[0].StartedAt != ago(anHour/2) || i[0].Gone {
				t.Errorf("%+v", i)
			}
		}
	})
}

// TestGone: a young group that is listed no more is asked for, and is gone, or is in
// that environment no more.
func TestGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		r := newRig(f)
		r.mustPull(t)
		delete(f.groups[0].environments, "eu & us #1")
		f.groups = slices.DeleteFunc(f.groups, func(g *fakeGroup) bool { return g.id == "102" })
		f.groups[1].environments = map[string]fakeSeen{"elsewhere": {1, aDay, aDay}}
		r.later = 5 * time.Minute
		r.mustPull(t)
		if e := r.group(t, "101").Environments; len(e) != 1 || e[0].Name != "production" || e[0].Release != "web@1.1" {
			t.Errorf("%+v", e)
		}
		if !r.group(t, "102").Gone {
			t.Error("102 is not gone")
		}
		if g := r.group(t, "103"); g.Gone || len(g.Environments) != 0 || g.Status != delivery.GroupIgnored {
			t.Errorf("%+v", g)
		}
		if n := f.count(toGroup); n != 2 {
			t.Errorf("%d were asked for", n)
		}
		r.later = 10 * time.Minute
		r.mustPull(t)
		if n := f.count(toGroup); n != 0 {
			t.Errorf("%d were asked for again", n)
		}
	})
}

// TestAges: where a group is not young any more it stays, without being listed.
func TestAges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		f.groups[2].first = 13*aDay + 23*anHour
		f.groups[2].more = nil
		f.groups[2].environments["production"] = fakeSeen{9, f.groups[2].first, anHour}
		r := newRig(f)
		r.mustPull(t)
		f.groups[2].first = 15 * aDay // time goes by
		f.groups[2].environments["production"] = fakeSeen{9, 15 * aDay, anHour}
		r.later = 26 * anHour
		r.mustPull(t)
		if e := r.group(t, "103").Environments; len(e) != 1 || r.group(t, "103").Gone || f.count(toGroup) != 0 {
			t.Errorf("%+v after %d calls", e, f.count(toGroup))
		}
	})
}

// TestCadences: a pull a few minutes later asks for nothing but what changes by the
// minute; the rest has its time.
func TestCadences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		r := newRig(f)
		r.mustPull(t)
		asked := func() map[endpoint]int {
			out := map[endpoint]int{}
			for _, u := range f.asked {
				out[endpointOf(u.Path)]++
			}
			return out
		}
		base := map[endpoint]int{toProjects: 1, toGroups: 4, toEvents: 1, toStats: 1, toKeys: 1}
		with := func(more map[endpoint]int) map[endpoint]int {
			out := map[endpoint]int{}
			for _, counts := range []map[endpoint]int{base, more} {
				for to, n := range counts {
					out[to] += n
				}
			}
			return out
		}
		for _, c := range []struct {
			later time.Duration
			want  map[endpoint]int
		}{
			{5 * time.Minute, with(nil)},
			{16 * time.Minute, with(map[endpoint]int{toReleases: 1})},
			{20 * time.Minute, with(nil)},
			{31 * time.Minute, with(map[endpoint]int{toReleases: 1, toSessions: 1, toStats: 1})},
			{61 * time.Minute, with(map[endpoint]int{toReleases: 1, toGroups: 2})},
			{4 * anHour, with(map[endpoint]int{toReleases: 1, toGroups: 2, toSessions: 1, toStats: 3, toEvents: 1})},
		} {
			r.later = c.later
			r.mustPull(t)
			if diff := cmp.Diff(c.want, asked()); diff != "" {
				t.Errorf("%s later: %s", c.later, diff)
			}
		}
	})
}

// TestForgotten: an open group that Sentry has no more stays, if that is because nobody
// saw it for as long as events are kept, and is open no longer; else it is gone.
func TestForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		for id, last := range map[string]time.Duration{"171": 95 * aDay, "172": 30 * aDay} {
			f.groups = append(f.groups, &fakeGroup{
				id: id, project: "pay", status: "unresolved", substatus: "ongoing", first: 200 * aDay, last: last,
				environments: map[string]fakeSeen{"production": {5, 200 * aDay, last}},
			})
		}
		r := newRig(f)
		r.mustPull(t)
		f.groups = f.groups[:len(f.groups)-2]
		r.later = 2 * anHour
		r.mustPull(t)
		if g := r.group(t, "171"); g.Gone || g.Status != delivery.GroupIgnored || len(g.States) != 2 || g.Events != 5 {
			t.Errorf("not seen for long: %+v", g)
		}
		if !r.group(t, "172").Gone {
			t.Error("the other one is not gone")
		}
		r.later = 4 * anHour
		r.mustPull(t)
		if n := f.count(toGroup); n != 0 {
			t.Errorf("%d were asked for again", n)
		}
	})
}
