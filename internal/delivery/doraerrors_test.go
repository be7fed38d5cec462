package delivery

import (
	"fmt"
	"testing"
	"time"
)

// errors adds an error group of production, first seen in a release.
func (s *story) errors(id, release, first string, users int64, more ...func(*ErrorGroup)) {
	s.t.Helper()
	g := ErrorGroup{
		Connection: "sentry", ID: id, Project: "pay-api", ShortID: "PAY-" + id, Title: "boom", Level: "error", Status: GroupUnresolved,
		Users: users, FirstSeen: at(s.t, first), LastSeen: at(s.t, first), FirstRelease: release, LastRelease: release,
		Environments: []GroupEnvironment{{Name: "production", FirstSeen: at(s.t, first)}},
	}
	for _, change := range more {
		change(&g)
	}
	s.facts.ErrorGroups = append(s.facts.ErrorGroups, MergeErrorGroup(ErrorGroup{}, g))
}

func sentryStory(t *testing.T) *story {
	s := newStory(t)
	s.service.SentryProjects, s.setup.SentryConnected = Patterns{"pay-*"}, true
	return s
}

func version(v string) func(*Deployment) { return func(d *Deployment) { d.Version = v } }

// The window is 24 h, the level error, the users 10: METRICS, change fail rate.
func TestErrorsBlameTheRelease(t *testing.T) {
	for name, c := range map[string]struct {
		errors func(s *story)
		want   string
	}{
		"new in it":              {func(s *story) { s.errors("1", "pay@1.2.0", "03-02 11:00", 10) }, "[sentry suspected]"},
		"at the window's end":    {func(s *story) { s.errors("1", "pay@1.2.0", "03-03 10:00", 10) }, "[sentry suspected]"},
		"after the window":       {func(s *story) { s.errors("1", "pay@1.2.0", "03-03 10:01", 10) }, ""},
		"before it was deployed": {func(s *story) { s.errors("1", "pay@1.2.0", "03-02 09:59", 10) }, ""},
		"of few users":           {func(s *story) { s.errors("1", "pay@1.2.0", "03-02 11:00", 9) }, ""},
		"a warning": {func(s *story) {
			s.errors("1", "pay@1.2.0", "03-02 11:00", 10, func(g *ErrorGroup) { g.Level = "warning" })
		}, ""},
		"fatal": {func(s *story) {
			s.errors("1", "pay@1.2.0", "03-02 11:00", 10, func(g *ErrorGroup) { g.Level = "fatal" })
		}, "[sentry suspected]"},
		"of another project": {func(s *story) {
			s.errors("1", "pay@1.2.0", "03-02 11:00", 10, func(g *ErrorGroup) { g.Project = "shop" })
		}, ""},
		"of another release": {func(s *story) { s.errors("1", "pay@1.1.0", "03-02 11:00", 10) }, ""},
		"of no release":      {func(s *story) { s.errors("1", "", "03-02 11:00", 10) }, ""},
		"in staging only": {func(s *story) {
			s.errors("1", "pay@1.2.0", "03-02 11:00", 10, func(g *ErrorGroup) { g.Environments[0].Name = "staging" })
		}, ""},
		"in production a day late": {func(s *story) {
			s.errors("1", "pay@1.2.0", "03-02 11:00", 10, func(g *ErrorGroup) { g.Environments[0].FirstSeen = at(s.t, "03-04 11:00") })
		}, ""},
		"gone":             {func(s *story) { s.errors("1", "pay@1.2.0", "03-02 11:00", 10, func(g *ErrorGroup) { g.Gone = true }) }, ""},
		"named by its sha": {func(s *story) { s.errors("1", "aaaa0000bbbb", "03-02 11:00", 10) }, "[sentry suspected]"},
		"by the release's commit": {func(s *story) {
			s.facts.Releases = []Release{{Project: "pay-api", Version: "spring", SHA: "aaaa0000bbbb"}}
			s.errors("1", "spring", "03-02 11:00", 10)
		}, "[sentry suspected]"},
		"by the release's deploy": {func(s *story) {
			s.facts.Releases = []Release{{Project: "pay-api", Version: "spring", Deploys: []ReleaseDeploy{
				{ID: "1", Environment: "production", FinishedAt: at(s.t, "03-02 10:05")},
			}}}
			s.errors("1", "spring", "03-02 11:00", 10)
		}, "[sentry suspected]"},
		"by a deploy to staging": {func(s *story) {
			s.facts.Releases = []Release{{Project: "pay-api", Version: "spring", Deploys: []ReleaseDeploy{
				{ID: "1", Environment: "staging", FinishedAt: at(s.t, "03-02 10:05")},
			}}}
			s.errors("1", "spring", "03-02 11:00", 10)
		}, ""},
		"came back": {func(s *story) {
			s.errors("1", "pay@1.0.0", "02-01 11:00", 10, func(g *ErrorGroup) {
				g.States = []GroupState{
					{Status: GroupUnresolved, At: at(s.t, "02-01 11:00")},
					{Status: GroupResolved, At: at(s.t, "02-03 11:00")},
					{Status: GroupUnresolved, Regressed: true, At: at(s.t, "03-02 12:00"), Release: "pay@1.2.0"},
				}
			})
		}, "[sentry suspected]"},
		"came back, nobody saw when": {func(s *story) {
			s.errors("1", "pay@1.0.0", "02-01 11:00", 10, func(g *ErrorGroup) {
				g.States = []GroupState{{Status: GroupUnresolved, Regressed: true, Before: true, At: at(s.t, "03-02 12:00"), Release: "pay@1.2.0"}}
			})
		}, ""},
		"with a verdict against it": {func(s *story) {
			s.errors("1", "pay@1.2.0", "03-02 11:00", 10)
			d := s.facts.Deployments[1]
			s.setup.Verdicts = []Verdict{{ID: 1, Service: "acme/pay", Group: GroupID(d.Number()), Decision: Reject, By: "ann", At: at(s.t, "03-05 10:00")}}
		}, "[sentry rejected]"},
	} {
		t.Run(name, func(t *testing.T) {
			s := sentryStory(t)
			s.deploy("1", "00000000cccc", "production", "02-20 10:00", version("1.1.0"))
			s.deploy("2", "aaaa0000bbbb", "production", "03-02 10:00", version("1.2.0"))
			c.errors(s)
			want := "0000000 normal; aaaa000 normal"
			if c.want != "" {
				want += " " + c.want
			}
			same(t, "kinds", s.kinds(), want)
		})
	}
}

func TestErrorsInTheFailRate(t *testing.T) {
	s := sentryStory(t)
	s.deploy("1", "00000000cccc", "production", "03-01 10:00", version("1.1.0"))
	s.deploy("2", "aaaa0000bbbb", "production", "03-02 10:00", version("1.2.0"))
	q := s.query("03-01", "04-01")
	same(t, "watched, nothing came", figures(s.panel("change-fail-rate", q), "rate", "failed", "count"), "rate 0, failed 0, count 2")
	s.setup.SentryConnected = false
	same(t, "not watched", figures(s.panel("change-fail-rate", q), "rate", "count"), "rate -, count 0")
	s.setup.SentryConnected = true
	s.errors("1", "pay@1.2.0", "03-02 11:00", 50)
	same(t, "confirmed", figures(s.panel("change-fail-rate", q), "rate", "failed", "count"), "rate 0, failed 0, count 2")
	q.Suspected = true
	same(t, "suspected", figures(s.panel("change-fail-rate", q), "rate", "failed", "count"), "rate 0.5, failed 1, count 2")
	s.setup.Rules.ErrorUsers = 51
	same(t, "of more users", figures(s.panel("change-fail-rate", q), "failed"), "failed 0")
	s.setup.Rules.ErrorUsers, s.setup.Rules.ErrorLevel = 0, "fatal"
	same(t, "of a higher level", figures(s.panel("change-fail-rate", q), "failed"), "failed 0")
	s.setup.Rules.ErrorLevel, s.setup.Rules.Window = "error", 59*time.Minute
	same(t, "in a shorter window", figures(s.panel("change-fail-rate", q), "failed"), "failed 0")
}

// Of many groups those speak that most users saw; each is found by its number.
func TestManyErrorsBlameOneRelease(t *testing.T) {
	s := sentryStory(t)
	s.deploy("1", "aaaa0000bbbb", "production", "03-02 10:00", version("v1.2.0"))
	for i := range 30 {
		s.errors(fmt.Sprint(i), "pay@1.2.0+77", "03-02 11:00", int64(10+i))
	}
	evidence := s.data().Groups[0].Evidence
	if len(evidence) != maxBlamed {
		t.Fatalf("%d pieces of evidence", len(evidence))
	}
	want := map[int64]bool{}
	for i := 20; i < 30; i++ {
		want[s.facts.ErrorGroups[i].Number()] = true
	}
	for _, e := range evidence {
		if !want[e.Errors] || e.Incident != 0 || e.At != at(t, "03-02 11:00") {
			t.Errorf("evidence %+v", e)
		}
	}
}
