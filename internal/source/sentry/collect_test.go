package sentry

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// TestPlan: what changes by the minute takes 13 calls, no refusal, and less than two
// seconds where three are allowed to an endpoint in a second.
func TestPlan(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"clocks agree": 0, "a little behind": -300 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := large()
				f.limit, f.ahead = 3, ahead
				r := newRig(f)
				began := time.Now()
				if err := r.pull(t, 1); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took >= 2*time.Second && ahead == 0 || took > 2500*time.Millisecond {
					t.Errorf("took %s", took)
				}
				if n := f.answered[200]; n != 13 || f.answered[429] > 3 || ahead == 0 && f.answered[429] > 0 {
					t.Errorf("%d calls, answers %v", n, f.answered)
				}
				facts := r.memory.Facts()
				if len(facts.ErrorGroups) != 403 || len(facts.ErrorProjects) != 12 || len(r.problems) > 0 {
					t.Errorf("%d groups, %d projects, %v", len(facts.ErrorGroups), len(facts.ErrorProjects), r.said())
				}
			})
		})
	}
}

// TestSkew: with Sentry's clock far from ours there are no more refusals, only longer
// waits.
func TestSkew(t *testing.T) {
	for _, ahead := range []time.Duration{-time.Hour, -1700 * time.Millisecond, 1700 * time.Millisecond, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			f := large()
			f.limit, f.ahead = 3, ahead
			r := newRig(f)
			began := time.Now()
			if err := r.pull(t, 1); err != nil {
				t.Fatal(err)
			}
			if f.answered[429] > 3 || time.Since(began) > 6*time.Second || len(f.asked)-f.answered[429] != 13 {
				t.Errorf("%s ahead: %v after %s", ahead, f.answered, time.Since(began))
			}
		})
	}
}

// TestCollect has the values of a small organisation.
func TestCollect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		r := newRig(f)
		r.mustPull(t)
		if len(r.problems) > 0 {
			t.Errorf("%v", r.said())
		}
		const h, d = time.Hour, 24 * time.Hour
		goPlatform, yes := "go", true
		g := r.group(t, "101")
		want := delivery.ErrorGroup{
			Connection: "sentry", ID: "101", Project: "web", ShortID: "WEB-101", Title: "Oops 101", Culprit: "main in run",
			URL: "https://acme.sentry.io/issues/101/", Level: "error", Status: delivery.GroupUnresolved, Substatus: "new",
			Platform: &goPlatform, Unhandled: &yes, Events: 7, Users: 1, FirstSeen: ago(h / 2), LastSeen: ago(h / 4),
			Environments: []delivery.GroupEnvironment{
				{Name: "eu & us #1", Events: 2, Users: 1, FirstSeen: ago(h / 4), LastSeen: ago(h / 4), Release: "web@1.1"},
				{Name: "production", Events: 5, Users: 1, FirstSeen: ago(h / 2), LastSeen: ago(h / 2), Release: "web@1.1"},
			},
			FirstRelease: "web@1.0", LastRelease: "web@1.1",
			States: []delivery.GroupState{{Status: delivery.GroupUnresolved, At: ago(h / 2)}},
		}
		if diff := cmp.Diff(want, g); diff != "" {
			t.Error(diff)
		}
		if e := r.group(t, "102").Environments; len(e) != 1 || e[0].Name != "" || e[0].None || e[0].Release != "web@1.0" {
			t.Errorf("environment \"\": %+v", e)
		}
		if g := r.group(t, "103"); g.FirstSeen%1000 == 0 && g.Environments[0].FirstSeen%1000 == 0 || g.Status != delivery.GroupIgnored || g.FirstRelease != "pay@2" {
			t.Errorf("microseconds: %+v", g)
		}
		if e := r.group(t, "104").Environments; len(e) != 1 || !e[0].None || e[0].Events != 7 || e[0].Release != "" {
			t.Errorf("no environments: %+v", e)
		}
		if g := r.group(t, "105"); g.Environments != nil || g.Events != 50 || g.FirstSeen != ago(40*d) {
			t.Errorf("an older one: %+v", g)
		}
		web := r.project(t, "web")
		wantProject := delivery.ErrorProject{
			Connection: "sentry", ID: "web", Number: "11", Name: "WEB", Platform: "go", Environments: []string{"production", "eu & us #1", ""},
			Month: delivery.EventTotals{Since: delivery.InstantOf(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)), Accepted: 400, RateLimited: 80},
			Keys:  []delivery.KeyLimit{{Name: "Default", Count: 6000, Window: 60}, {Name: "Old", Inactive: true}},
		}
		if diff := cmp.Diff(wantProject, web, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
		if pay := r.project(t, "pay").Month; pay.Filtered != 120 || pay.Invalid != 40+39*40/2 {
			t.Errorf("pay: %+v", pay)
		}
		if tool := r.project(t, "tool"); tool.Month.Since == 0 || tool.Month.Accepted != 0 || tool.Keys != nil || tool.Place != 2 {
			t.Errorf("tool: %+v", tool)
		}
	})
}

// TestQueries: names of environments are written so that they are read as they are,
// and only those that the settings take are asked for.
func TestQueries(t *testing.T) {
	asked := func(settings map[string]any) (out []string) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(acme())
			for name, value := range settings {
				r.settings[name] = value
			}
			if err := r.pull(t, 1); err != nil {
				t.Fatal(err)
			}
			for _, u := range r.fake.asked {
				if endpointOf(u.Path) == toGroups {
					q := u.Query()
					out = append(out, strings.Join(q["environment"], "|")+" of "+strings.Join(q["project"], ","))
					if q.Get("query") != "age:-14d" || q.Get("collapse") != "stats" || q.Get("sort") != "date" || q.Get("limit") != "100" {
						t.Errorf("%s", u)
					}
				}
			}
		})
		slices.Sort(out)
		return out
	}
	for _, c := range []struct {
		settings map[string]any
		want     []string
	}{
		{nil, []string{" of -1", " of 13", "eu & us #1 of -1", "production of -1"}},
		{map[string]any{"projects": "pay, tool"}, []string{" of 13", "production of 12,13"}},
		{map[string]any{"environments": "production"}, []string{"production of -1"}},
		{map[string]any{"projects": "nothing"}, nil},
	} {
		if diff := cmp.Diff(c.want, asked(c.settings)); diff != "" {
			t.Errorf("%v: %s", c.settings, diff)
		}
	}
}

// TestNamedProjectMissing: the others do not suffer.
func TestNamedProjectMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(acme())
		r.settings["projects"] = "pay, shop"
		r.mustPull(t)
		want := []source.Problem{{Record: "project shop", Path: "$", Message: `project "shop" is not there, or the token does not see it`, Phrase: source.Phrase{ID: "sentry.project", Args: []string{"name", "shop"}}}}
		if diff := cmp.Diff(want, r.problems); diff != "" {
			t.Error(diff)
		}
		facts := r.memory.Facts()
		if len(facts.ErrorProjects) != 1 || len(facts.ErrorGroups) != 3 || len(facts.EventDays) == 0 {
			t.Errorf("%d projects, %d groups", len(facts.ErrorProjects), len(facts.ErrorGroups))
		}
	})
}

// TestDeletedProject: it is gone, and so are its groups, and the rest goes on.
func TestDeletedProject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		r := newRig(f)
		r.mustPull(t)
		f.projects[1].deleted = true
		f.groups = slices.DeleteFunc(f.groups, func(g *fakeGroup) bool { return g.project == "pay" })
		r.later = 5 * time.Minute
		r.mustPull(t)
		if !r.project(t, "pay").Gone || r.project(t, "web").Gone {
			t.Error("pay is not gone, or web is")
		}
		if r.project(t, "pay").Number != "12" || r.project(t, "pay").Keys == nil {
			t.Errorf("what was known of it is lost: %+v", r.project(t, "pay"))
		}
		if !r.group(t, "103").Gone || r.group(t, "101").Gone {
			t.Error("its group is not gone, or another is")
		}
		f.projects[1].deleted = false
		r.later = 10 * time.Minute
		r.mustPull(t)
		if p := r.project(t, "pay"); p.Gone || p.Place != 1 {
			t.Errorf("it is not back: %+v", p)
		}
	})
}

// TestCursorOfLinks: the address beside the cursor is of another host, and is not
// followed; pages are read to the end.
func TestCursorOfLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := large()
		f.page = 50
		r := newRig(f)
		r.mustPull(t)
		if hosts := r.transport.Foreign(); len(hosts) > 0 {
			t.Errorf("asked %v", hosts)
		}
		if n := len(r.memory.Facts().ErrorGroups); n != 403 {
			t.Errorf("%d groups", n)
		}
	})
	for link, want := range map[string]string{
		`<http://x/?a=1,2>; rel="previous"; results="true"; cursor="a", <http://x/?b>; rel="next"; results="true"; cursor="b,c"`: "b,c",
		`<http://x/>; rel="next"; results="false"; cursor="b"`:                                                                   "",
		`<http://x/>; results="true"; cursor="0:1:0"; rel="next"`:                                                                "0:1:0",
		`nonsense`: "", ``: "",
	} {
		if got := (&answer{header: http.Header{"Link": {link}}}).next(); got != want {
			t.Errorf("%s: %q", link, got)
		}
	}
}

// TestFirstOfMonth: there is no empty range to ask for.
func TestFirstOfMonth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		r := newRig(f)
		r.later = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC).Sub(testNow)
		if err := r.pull(t, 1); err != nil || len(r.problems) > 0 {
			t.Fatal(err, r.said())
		}
		for _, u := range f.asked {
			if endpointOf(u.Path) == toStats && (u.Query().Get("start") != "2026-12-01T00:00:00Z" || u.Query().Get("end") != "2026-12-01T00:01:00Z") {
				t.Errorf("%v", u.Query())
			}
		}
	})
}
