package sentry

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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

// TestReleases has their values, with deploys and health.
func TestReleases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(acme())
		r.mustPull(t)
		free := 0.99
		want := delivery.Release{
			Connection: "sentry", Project: "web", Version: "web@1.1", Short: "1.1", SHA: "abcweb@1.1", CreatedAt: ago(2 * anHour),
			Commits: 2, NewGroups: 3,
			Deploys: []delivery.ReleaseDeploy{{ID: "7", Environment: "staging", FinishedAt: ago(2 * anHour)}, {ID: "8", Environment: "production", FinishedAt: ago(anHour)}},
			Health:  &delivery.ReleaseHealth{Sessions: 2500, Users: 30, CrashFree: &free},
		}
		for _, got := range r.memory.Facts().Releases {
			switch got.Version {
			case "web@1.1":
				if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
					t.Error(diff)
				}
			case "web@1.0":
				if len(got.Deploys) != 1 || got.Deploys[0].ID != "5" || got.Deploys[0].StartedAt != ago(5*aDay) {
					t.Errorf("%+v", got)
				}
			}
		}
		if n := r.fake.count(toDeploys); n != 1 {
			t.Errorf("%d calls for deploys", n)
		}
		for _, u := range r.fake.asked {
			if endpointOf(u.Path) == toDeploys && !strings.Contains(u.EscapedPath(), "/releases/web%401.1/deploys/") {
				t.Errorf("asked %s", u.EscapedPath())
			}
		}
	})
}

// TestSessions: whole hours of all releases together, 90 days of them at first.
func TestSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(acme())
		r.mustPull(t)
		days := r.memory.Facts().SessionDays
		if len(days) != 91 {
			t.Fatalf("%d days", len(days))
		}
		known := 0
		for _, d := range days {
			for hour := range delivery.HoursADay {
				if !d.Known.Has(hour) {
					continue
				}
				known++
				crashed := 2.0
				if at := d.Day.Time().Add(time.Duration(hour) * anHour); at.Equal(testNow.Truncate(anHour).Add(-21 * anHour)) {
					crashed = 0 // it was not said
				}
				if d.Project != "web" || d.Environment != "production" || d.Sessions[hour] != 200 || d.Users[hour] != 20 || d.Crashed[hour] < crashed-1e-9 || d.Crashed[hour] > crashed+1e-9 {
					t.Errorf("%+v at %d", d, hour)
				}
			}
		}
		if known != 90*24 {
			t.Errorf("%d hours", known)
		}
		r.later += 2 * anHour
		r.mustPull(t)
		if n := r.fake.count(toSessions); n != 1 {
			t.Errorf("two hours later: %d calls", n)
		}
	})
}

// TestHours: events of 90 days at first, and then hour by hour or at once, whichever
// takes fewer calls.
func TestHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		r := newRig(f)
		r.mustPull(t)
		at := func(project string, back time.Duration) (accepted, filtered, invalid int64, known bool) {
			day, hour := delivery.HourOf(delivery.InstantOf(testNow.Truncate(anHour).Add(-back)))
			for _, d := range r.memory.Facts().EventDays {
				if d.Project == project && d.Day == day {
					return d.Accepted[hour], d.Filtered[hour], d.Invalid[hour], d.Known.Has(hour)
				}
			}
			return 0, 0, 0, false
		}
		check := func(project string, back time.Duration, want string) {
			t.Helper()
			accepted, filtered, invalid, known := at(project, back)
			if got := fmt.Sprint(accepted, filtered, invalid, known); got != want {
				t.Errorf("%s %s before: %s, want %s", project, back, got, want)
			}
		}
		check("web", anHour, "10 0 0 true")
		check("pay", 2*anHour, "0 3 3 true")
		check("web", 39*anHour, "10 0 0 true")
		check("web", 40*anHour, "0 0 0 true")
		check("tool", 89*aDay, "0 0 0 true")
		check("web", 0, "0 0 0 false")
		if n := f.count(toStats); n != 1+9 {
			t.Errorf("%d calls", n)
		}
		f.events[testNow.Truncate(anHour).Format(time.RFC3339)]["11 accepted"] = 77
		r.later = anHour
		r.mustPull(t)
		check("web", 0, "77 0 0 true")
		if n := f.count(toStats); n != 1+1 {
			t.Errorf("%d calls an hour later", n)
		}
		f.events[testNow.Truncate(anHour).Add(10*anHour).Format(time.RFC3339)] = map[string]int64{"12 accepted": 5}
		r.later = 41 * anHour
		r.mustPull(t)
		check("pay", -10*anHour, "5 0 0 true")
		check("tool", -39*anHour, "0 0 0 true")
		if n := f.count(toStats); n != 1+3 {
			t.Errorf("%d calls two days later", n)
		}
	})
}

// TestManyHours: what takes many calls is spread over pulls.
func TestManyHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		for i := range 20 {
			f.projects = append(f.projects, &fakeProject{id: fmt.Sprint(100 + i), slug: fmt.Sprintf("more%d", i)})
		}
		r := newRig(f)
		for i, want := range []int{40, 29, 0} {
			r.later = time.Duration(i) * 5 * time.Minute
			r.mustPull(t)
			if n := f.count(toStats) - 1; n != want {
				t.Errorf("pull %d: %d calls, want %d", i, n, want)
			}
		}
		if n := len(r.memory.Facts().EventDays); n < 23*90 {
			t.Errorf("%d days", n)
		}
	})
}

// TestOtherSettings: other projects begin anew, and those left out are gone.
func TestOtherSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		r := newRig(f)
		r.mustPull(t)
		r.settings["projects"] = "pay"
		r.later = 5 * time.Minute
		r.mustPull(t)
		if !r.project(t, "web").Gone || r.project(t, "pay").Gone || f.count(toReleases) != 1 {
			t.Error("it did not begin anew")
		}
		var c cursor
		if err := json.Unmarshal(r.cursor, &c); err != nil || c.Hours.Until["web"] != 0 || !c.History.Done {
			t.Errorf("%v %s", err, r.cursor)
		}
	})
}

// TestPhases: progress names what is being read.
func TestPhases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(acme())
		r.mustPull(t)
		var phases []string
		for _, p := range r.pages {
			if !slices.Contains(phases, p.Progress.Phase) {
				phases = append(phases, p.Progress.Phase)
			}
		}
		if diff := cmp.Diff([]string{phaseCollect, phaseHistory, phaseReleases, phaseHealth, phaseEvents}, phases); diff != "" {
			t.Error(diff)
		}
	})
}
