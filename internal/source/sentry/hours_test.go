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
