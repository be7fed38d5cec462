package sentry

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestLacks: what a server lacks, or the token may not read, is said and degrades
// alone; it is asked for again a day later, or soon where it refuses.
func TestLacks(t *testing.T) {
	for name, c := range map[string]struct {
		to     endpoint
		status int
		said   string // begins the problem
		check  func(t *testing.T, r *rig)
	}{
		"events": {toEvents, 404, "", func(t *testing.T, r *rig) {
			if e := r.group(t, "101").Environments[0]; e.Release != "current@1" || r.fake.count(toCurrentRelease) != 2 {
				t.Errorf("%+v after %d calls by hand", e, r.fake.count(toCurrentRelease))
			}
		}},
		"statistics": {toStats, 403, "events: The counts of events by the hour", func(t *testing.T, r *rig) {
			if m := r.project(t, "web").Month; m.RateLimited != 8 || m.Filtered != 4 || m.Accepted != 61-12 {
				t.Errorf("%+v", m)
			}
			if days := r.memory.Facts().EventDays; len(days) > 0 {
				t.Errorf("%d days", len(days))
			}
		}},
		"keys": {toKeys, 404, "", func(t *testing.T, r *rig) {
			if keys := r.project(t, "web").Keys; len(keys) != 2 || r.fake.count(toProjectKeys) != 3 {
				t.Errorf("%+v", keys)
			}
		}},
		"releases": {toReleases, 403, "releases: The releases", func(t *testing.T, r *rig) {
			if e := r.group(t, "101").Environments[1]; e.Release != "web@1.0" { // the most events
				t.Errorf("%+v", e)
			}
		}},
		"sessions": {toSessions, 404, "health: The sessions", func(t *testing.T, r *rig) {
			if n := len(r.memory.Facts().SessionDays); n != 0 {
				t.Errorf("%d days", n)
			}
		}},
		"deploys": {toDeploys, 403, "release web@1.1: The deploys", func(t *testing.T, r *rig) {
			if n := len(r.memory.Facts().Releases); n != 3 {
				t.Errorf("%d releases", n)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := acme()
				f.lacks = map[endpoint]int{c.to: c.status}
				r := newRig(f)
				r.mustPull(t)
				said := strings.Join(r.said(), "\n")
				if (c.said == "") != (said == "") || !strings.Contains(said, c.said) || strings.Contains(said, testToken) {
					t.Errorf("said %q", said)
				}
				facts := r.memory.Facts()
				if len(facts.ErrorGroups) != 6 || len(facts.ErrorProjects) != 3 {
					t.Errorf("%d groups, %d projects", len(facts.ErrorGroups), len(facts.ErrorProjects))
				}
				c.check(t, r)
				mended := 2 * time.Hour // what is there and refuses is soon asked again
				if c.status == 404 {
					mended = 26 * time.Hour
				}
				for calls, later := range []time.Duration{mended / 4, mended} {
					r.later = later
					r.mustPull(t)
					if n := f.count(c.to); min(n, 1) != calls || c.said != "" && min(len(r.problems), 1) != calls {
						t.Errorf("%s later: %d calls, %v", later, n, r.said())
					}
				}
				f.lacks = nil
				r.later = 52 * time.Hour
				r.mustPull(t)
				if len(r.problems) > 0 {
					t.Errorf("%v", r.said())
				}
			})
		})
	}
}

// TestEnvironmentFails: the groups of the others come in, and nothing drops out.
func TestEnvironmentFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		r := newRig(f)
		r.mustPull(t)
		before := len(r.group(t, "101").Environments)
		f.instead = func(w http.ResponseWriter, req *http.Request) bool {
			if req.URL.Query().Get("environment") != "eu & us #1" {
				return false
			}
			w.WriteHeader(http.StatusInternalServerError)
			return true
		}
		f.groups[3].environments[""] = fakeSeen{8, time.Hour, 0}
		r.later = 5 * time.Minute
		r.mustPull(t)
		if len(r.problems) != 1 || !strings.HasPrefix(r.said()[0], `environment "eu & us #1": The error groups of an environment could not be read: Sentry answered 500`) {
			t.Errorf("%v", r.said())
		}
		if n := len(r.group(t, "101").Environments); n != before || before != 2 {
			t.Errorf("%d environments, then %d", before, n)
		}
		if n := r.group(t, "104").Events; n != 8 {
			t.Errorf("%d events", n)
		}
	})
}

// TestOddRecords: what is odd is taken, and what is wrong is said of itself alone.
func TestOddRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		f.groups[0].more = m{"logger": "", "platform": nil, "lifetime": nil, "userCount": "3", "isUnhandled": nil}
		f.groups[3].more = m{"count": "many"}
		r := newRig(f)
		r.mustPull(t)
		g := r.group(t, "101")
		if g.Logger != nil || g.Platform != nil || g.Users != 3 || g.Events != 7 || g.Unhandled != nil {
			t.Errorf("%+v", g)
		}
		if len(r.problems) == 0 || r.problems[0].Record != "error group 104" || r.problems[0].Path != "$.count" {
			t.Errorf("%+v", r.problems)
		}
		f.groups[3].more = nil
		f.groups[3].first, f.groups[3].environments = 20*24*time.Hour, map[string]fakeSeen{"": {7, 20 * 24 * time.Hour, 20 * 24 * time.Hour}}
		r.later = 61 * time.Minute
		r.mustPull(t)
		if g := r.group(t, "104"); g.Events != 7 || len(r.problems) > 0 {
			t.Errorf("%+v %v", g, r.said())
		}
	})
}

// TestFirstReleaseLater: which of several releases was the first is found out once they
// can be read.
func TestFirstReleaseLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		f.rows = append(f.rows, fakeRow{"104", "", "web@1.1", 2, 2 * anHour}, fakeRow{"104", "", "web@1.0", 2, 2 * anHour})
		f.lacks = map[endpoint]int{toReleases: 503}
		r := newRig(f)
		r.mustPull(t)
		if first := r.group(t, "104").FirstRelease; first != "" {
			t.Errorf("without releases the first is %q", first)
		}
		f.lacks = nil
		r.later = 5 * time.Minute
		r.mustPull(t)
		if first := r.group(t, "104").FirstRelease; first != "web@1.0" {
			t.Errorf("the first is %q", first)
		}
	})
}

// TestLimitOfOne: an endpoint that wants to be left alone for long does not hold back
// the others.
func TestLimitOfOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		r := newRig(f)
		f.instead = func(w http.ResponseWriter, req *http.Request) bool {
			if endpointOf(req.URL.Path) != toKeys {
				return false
			}
			w.Header().Set("X-Sentry-Rate-Limit-Reset", strconv.FormatInt(r.clock().Unix()+3600, 10))
			refuse(w, http.StatusTooManyRequests, "Limit is 3/1h")
			return true
		}
		r.mustPull(t)
		if said := r.said(); len(said) != 1 || !strings.HasPrefix(said[0], "keys: ") {
			t.Errorf("said %q", said)
		}
		if p := r.project(t, "web"); p.Keys != nil || p.Month.Accepted == 0 || len(r.memory.Facts().EventDays) == 0 {
			t.Errorf("%+v", p)
		}
	})
}

// TestNoProjects: a list without any is no reason to forget what is known.
func TestNoProjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		r := newRig(f)
		r.mustPull(t)
		projects := f.projects
		f.projects = nil
		r.later = 5 * time.Minute
		r.mustPull(t)
		if r.project(t, "web").Gone || len(r.problems) != 1 {
			t.Errorf("%+v, %v", r.project(t, "web"), r.said())
		}
		f.projects, r.later = projects, 10*time.Minute
		r.mustPull(t)
		if len(r.problems) != 0 {
			t.Errorf("%v", r.said())
		}
	})
}
