package delivery

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// The cases computed by hand, in their order.

func TestRollbackCondemnsTheFirstAfterItsTarget(t *testing.T) {
	s := newStory(t)
	s.deploy("1", "v1", "production", "03-02 10:00")
	s.deploy("2", "v2", "production", "03-03 10:00")
	s.deploy("3", "v3", "production", "03-04 10:00")
	s.deploy("4", "v1", "production", "03-05 10:00")
	q := s.query("03-01", "04-01")
	same(t, "kinds", s.kinds(), "v1 normal; v2 normal [rollback confirmed]; v3 normal; v1 rollback")
	same(t, "fail rate", figures(s.panel("change-fail-rate", q), "rate", "failed", "count"), "rate 0.3333, failed 1, count 3")
	same(t, "rework", figures(s.panel("rework-rate", q), "rate", "rework", "count"), "rate 0.25, rework 1, count 4")
	same(t, "frequency", figures(s.panel("deployment-frequency", q), "count", "mean", "p50", "weeks"), "count 3, mean 0.75, p50 0, weeks 4")
	// V2 was mended by the rollback, 48 h later.
	same(t, "recovery", figures(s.panel("recovery-time", q), "p50", "count", "open"), "p50 1.728e+05, count 1, open 0")
}

func TestTwoIncidentsOfOneDeployment(t *testing.T) {
	s := newStory(t)
	s.deploy("1", "v1", "production", "03-02 10:00")
	s.deploy("2", "v2", "production", "03-03 10:00", func(d *Deployment) { d.Version = "2.0" })
	blame := func(i *Incident) { i.Version = "2.0" }
	s.incident("A", "03-03 11:00", "03-03 12:00", blame)
	s.incident("B", "03-03 11:30", "03-03 15:00", blame)
	q := s.query("03-01", "04-01")
	same(t, "fail rate", figures(s.panel("change-fail-rate", q), "rate", "failed", "count"), "rate 0.5, failed 1, count 2")
	same(t, "recovery", figures(s.panel("recovery-time", q), "p50", "count"), "p50 1.8e+04, count 1") // 5 h
	same(t, "incidents", figures(s.panel("incidents", q), "p50", "count"), "p50 8100, count 2")       // of 1 h and 3.5 h

	s.incident("C", "03-03 16:00", "", blame)
	same(t, "one is open", figures(s.panel("recovery-time", q), "p50", "count", "open"), "p50 -, count 0, open 1")
}

func TestIncidentsByTime(t *testing.T) {
	for _, c := range []struct {
		name, started string
		more          func(*Incident)
		want          string
	}{
		{"30 h later", "03-04 16:00", func(*Incident) {}, ""},
		{"30 h later, with the version", "03-04 16:00", func(i *Incident) { i.Version = "2.0" }, " [explicit confirmed]"},
		{"24 h later", "03-04 10:00", func(*Incident) {}, " [time suspected]"},
		{"before", "03-03 09:59", func(*Incident) {}, ""},
		{"of another service", "03-03 11:00", func(i *Incident) { i.Service = "acme/shop" }, ""},
		{"of no service", "03-03 11:00", func(i *Incident) { i.Service = "" }, ""},
		{"of no service, with the sha", "03-05 11:00", func(i *Incident) { i.Service, i.SHA = "", "v2" }, " [explicit confirmed]"},
		{"of no service, with a version that others may have", "03-03 11:00", func(i *Incident) { i.Service, i.Version = "", "2.0" }, ""},
		{"of another service, with the sha", "03-03 11:00", func(i *Incident) { i.Service, i.SHA = "acme/shop", "v2" }, ""},
		{"with the id", "04-03 11:00", func(i *Incident) { i.Deployment = "2" }, " [explicit confirmed]"},
		{"with the root cause", "04-03 11:00", func(i *Incident) { i.Title = "Payments down, root cause: abcdef12" }, " [explicit confirmed]"},
		{"gone", "03-03 11:00", func(i *Incident) { i.Gone = true }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			s.deploy("1", "v1", "production", "03-01 10:00")
			s.merge(7, "abcdef1234", "03-02 10:00", "03-02 09:00")
			s.deploy("2", "v2", "production", "03-03 10:00", brings("v1", Commit{SHA: "abcdef1234"}), func(d *Deployment) { d.Version = "2.0" })
			s.incident("A", c.started, "", c.more)
			same(t, "kinds", s.kinds(), "v1 normal; v2 normal"+c.want)
		})
	}
}

func TestIncidentOfAnotherServiceOfTheTeam(t *testing.T) {
	s := newStory(t)
	s.setup.Teams = Teams{{Name: "payments", Services: Patterns{"acme/*"}}}
	s.deploy("1", "v1", "production", "03-02 10:00")
	s.incident("A", "03-02 10:30", "", func(i *Incident) { i.Service = "acme/shop" })
	same(t, "kinds", s.kinds(), "v1 normal")
	q := s.query("03-01", "04-01")
	same(t, "not watched", figures(s.panel("change-fail-rate", q), "rate", "count"), "rate -, count 0")
	if n := s.panel("change-fail-rate", q).Excluded[Unwatched]; n != 1 {
		t.Errorf("%d left out as unwatched", n)
	}
}

func TestClocksOfChangeLeadTime(t *testing.T) {
	s := newStory(t)
	s.deploy("1", "v1", "production", "02-20 10:00")
	s.merge(5, "m5", "03-04 12:00", "03-02 10:00", "03-03 12:00")
	s.deploy("2", "v2", "production", "03-05 10:00", brings("v1", Commit{SHA: "m5", Message: "Pay faster (#5)", AuthoredAt: at(t, "03-04 12:00")}))
	for start, want := range map[LeadStart]string{
		FromAuthored: "p50 2.592e+05, count 1", // 72 h
		FromMerged:   "p50 7.92e+04, count 1",  // 22 h
		FromCommit:   "p50 2.124e+05, count 2", // of 72 h and 46 h
	} {
		q := s.query("03-01", "04-01")
		q.Start = start
		same(t, string(start), figures(s.panel("change-lead-time", q), "p50", "count"), want)
	}
}

func TestFirstDeploymentMeasuresNothing(t *testing.T) {
	s := newStory(t)
	for i := range 200 {
		s.merge(int64(i+1), fmt.Sprintf("m%d", i), "02-01 10:00", "01-20 10:00")
	}
	s.deploy("1", "m199", "production", "03-02 10:00")
	p := s.panel("change-lead-time", s.query("03-01", "04-01"))
	same(t, "lead time", figures(p, "p50", "count", "waiting"), "p50 -, count 0, waiting 0")
	if p.Excluded[ChangeFirst] != 200 {
		t.Errorf("left out %v", p.Excluded)
	}
}

func TestRegionsAreOneDeployment(t *testing.T) {
	s := newStory(t)
	s.deploy("1", "v1", "prod-eu", "03-02 10:00")
	s.deploy("2", "v1", "prod-us", "03-02 10:04")
	s.deploy("3", "v1", "Live/asia", "03-02 10:08")
	s.deploy("4", "v1", "prod-au", "03-02 13:08")
	same(t, "kinds", s.kinds(), "v1 normal; v1 redeploy")
	same(t, "frequency", figures(s.panel("deployment-frequency", s.query("03-01", "04-01")), "count"), "count 1")
	if g := s.data().Groups[0]; len(g.Deployments) != 3 || g.StartedAt != at(t, "03-02 09:55") || g.FinishedAt != at(t, "03-02 10:08") {
		t.Errorf("%d deployments, %s to %s", len(g.Deployments), g.StartedAt, g.FinishedAt)
	}
}

func TestEmptyMonths(t *testing.T) {
	s := newStory(t)
	s.deploy("1", "v1", "production", "02-10 10:00")
	s.deploy("2", "v2", "production", "04-10 10:00", brings("v1", Commit{SHA: "c1", AuthoredAt: at(t, "04-09 10:00")}))
	s.incident("A", "04-10 11:00", "04-10 12:00")
	q := s.query("02-01", "05-01")
	q.Suspected = true
	for slug, want := range map[string]string{
		"deployment-frequency": "1 0 1",
		"change-fail-rate":     "0 - 1",
		"rework-rate":          "0 - 0",
		"change-lead-time":     "- - 86400",
		"recovery-time":        "- - 7200",
	} {
		got := ""
		for i, p := range s.panel(slug, q).Series[0].Points {
			if i > 0 {
				got += " "
			}
			if p.Value == nil {
				got += "-"
			} else {
				got += fmt.Sprint(*p.Value)
			}
		}
		same(t, slug, got, want)
	}
}

func TestWilson(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{
		{0, 7, 0, 0.354},
		{7, 7, 0.646, 1},
		{1, 3, 0.061, 0.792},
		{50, 100, 0.404, 0.596},
	} {
		low, high := Wilson(c.k, c.n)
		if math.Abs(*low-c.low) > 0.0006 || math.Abs(*high-c.high) > 0.0006 {
			t.Errorf("%d of %d: %.4f–%.4f, not %.3f–%.3f", c.k, c.n, *low, *high, c.low, c.high)
		}
	}
	if low, high := Wilson(0, 0); low != nil || high != nil {
		t.Error("of nothing there is an interval")
	}
}

func TestTeamsThatShareAService(t *testing.T) {
	s := newStory(t)
	s.setup.Teams = Teams{{Name: "a", Repositories: Patterns{"acme/pay"}}, {Name: "b", Services: Patterns{"acme/pay"}}}
	all := s.setup.AllServices(DoraFacets{Repositories: []Facet{{Key: "acme/pay", Count: 1}}})
	count := func(teams ...string) int {
		f := Filter{Teams: teams}
		if err := f.NarrowDora(s.setup.Teams, all); err != nil {
			t.Fatal(err)
		}
		names, every := f.ServiceNames()
		if every {
			names = []string{"acme/pay"}
		}
		return len(names)
	}
	if count("a") != 1 || count("b") != 1 || count() != 1 || count("a", "b") != 1 {
		t.Errorf("services: a %d, b %d, both %d, all %d", count("a"), count("b"), count("a", "b"), count())
	}
}

func TestBusinessTimeIsASecondSeries(t *testing.T) {
	s := newStory(t)
	s.deploy("1", "v1", "production", "02-20 10:00")
	s.deploy("2", "v2", "production", "03-09 11:00", brings("v1", Commit{SHA: "c1", AuthoredAt: at(t, "03-06 17:00")}))
	q := s.query("03-01", "04-01")
	q.Clock, q.Calendar = Business, NewCalendar(CalendarVersion{
		Zone: time.UTC,
		Week: [7][]Shift{1: {{9 * 3600, 18 * 3600}}, 2: {{9 * 3600, 18 * 3600}}, 3: {{9 * 3600, 18 * 3600}}, 4: {{9 * 3600, 18 * 3600}}, 5: {{9 * 3600, 18 * 3600}}},
	})
	same(t, "lead time", figures(s.panel("change-lead-time", q), "p50", "p50_business"), "p50 2.376e+05, p50_business 1.08e+04") // 66 h, 3 h
}
