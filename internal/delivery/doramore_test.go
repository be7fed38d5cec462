package delivery

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestKinds(t *testing.T) {
	for _, c := range []struct {
		name string
		tell func(s *story)
		want string
	}{
		{"an older version", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00", func(d *Deployment) { d.Version = "1" })
			s.deploy("2", "b", "production", "03-03 10:00", func(d *Deployment) { d.Version = "2" })
			s.deploy("3", "c", "production", "03-04 10:00", func(d *Deployment) { d.Version = "1" })
		}, "a normal; b normal [rollback confirmed]; c rollback"},
		{"an ancestor that was never deployed", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00")
			s.deploy("2", "c", "production", "03-03 10:00", brings("a", Commit{SHA: "b"}, Commit{SHA: "c"}))
			s.deploy("3", "d", "production", "03-04 10:00", brings("c", Commit{SHA: "d"}))
			s.deploy("4", "b", "production", "03-05 10:00", func(d *Deployment) { d.Range = &CommitRange{Base: "d", Behind: true} })
		}, "a normal; c normal [rollback confirmed]; d normal; b rollback"},
		{"said", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00")
			s.deploy("2", "b", "production", "03-03 10:00")
			s.deploy("3", "c", "production", "03-04 10:00", func(d *Deployment) { d.Rollback = true })
		}, "a normal; b normal [rollback confirmed]; c rollback"},
		{"twice back", func(s *story) {
			for i, sha := range []string{"a", "b", "a", "c", "a"} {
				s.deploy(fmt.Sprint(i), sha, "production", fmt.Sprintf("03-0%d 10:00", i+2))
			}
		}, "a normal; b normal [rollback confirmed]; a rollback; c normal [rollback confirmed]; a rollback"},
		{"a hotfix by label", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00")
			s.merge(3, "b", "03-03 09:00", "03-03 08:00").Labels = []string{"Hotfix"}
			s.deploy("2", "b", "production", "03-03 10:00", brings("a", Commit{SHA: "b"}))
		}, "a normal [hotfix suspected]; b hotfix"},
		{"a hotfix by branch", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00")
			s.merge(3, "b", "03-03 09:00", "03-03 08:00").Head = "hotfix/pay"
			s.deploy("2", "b", "production", "03-03 10:00", brings("a", Commit{SHA: "b"}))
		}, "a normal [hotfix suspected]; b hotfix"},
		{"a hotfix that says what it fixes", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00")
			s.deploy("2", "b", "production", "03-03 10:00")
			s.deploy("3", "c", "production", "03-04 10:00", func(d *Deployment) { d.Hotfix, d.FixesDeployment = true, "1" })
		}, "a normal [explicit confirmed]; b normal; c hotfix"},
		{"configuration", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00")
			s.deploy("2", "", "production", "03-03 10:00")
			s.deploy("3", "", "production", "03-03 10:01")
			s.deploy("4", "a", "production", "03-03 11:00")
		}, "a normal;  config;  config; a redeploy"},
		{"a retry of what failed", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00", func(d *Deployment) { d.Status = DeployFailure })
			s.deploy("2", "a", "production", "03-02 10:06")
		}, "a normal"},
		{"one region of two failed", func(s *story) {
			s.deploy("1", "a", "prod-eu", "03-02 10:00")
			s.deploy("2", "a", "prod-us", "03-02 10:06", func(d *Deployment) { d.Status = DeployFailure })
		}, "a normal failed"},
		{"what failed is never current", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00")
			s.deploy("2", "b", "production", "03-03 10:00", func(d *Deployment) { d.Status = DeployFailure })
			s.deploy("3", "a", "production", "03-04 10:00")
		}, "a normal; b normal failed; a redeploy"},
		{"what took another's place stays a success", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00", func(d *Deployment) {
				d.States = []DeploymentState{{Status: DeploySuccess, At: d.FinishedAt}, {Status: DeployInactive, At: d.FinishedAt + 1000}}
			})
		}, "a normal"},
		{"a revert", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00")
			s.merge(7, "b", "03-03 09:00", "03-03 08:00")
			s.deploy("2", "b", "production", "03-03 10:00", brings("a", Commit{SHA: "b"}))
			s.deploy("3", "c", "production", "03-04 10:00", brings("b", Commit{SHA: "c"}))
			s.merge(9, "d", "03-05 09:00", "03-05 08:00").Title = `Revert "Change 7 (#7)"`
			s.deploy("4", "d", "production", "03-05 10:00", brings("c", Commit{SHA: "d"}))
		}, "a normal; b normal [revert confirmed]; c normal; d normal"},
		{"a revert by its commit", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00")
			s.deploy("2", "b", "production", "03-03 10:00", brings("a", Commit{SHA: "beef12345"}))
			s.merge(9, "d", "03-05 09:00", "03-05 08:00").Title = "Revert a thing"
			s.facts.Changes[0].Commits[0].Message = "Revert a thing\nThis reverts commit beef12345."
			s.deploy("4", "d", "production", "03-05 10:00", brings("b", Commit{SHA: "d"}))
		}, "a normal; b normal [revert confirmed]; d normal"},
		{"a revert before it was deployed", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00")
			s.merge(7, "b", "03-03 09:00", "03-03 08:00")
			s.merge(9, "d", "03-05 09:00", "03-05 08:00").Title = `Revert "Change 7"`
			s.deploy("4", "d", "production", "03-05 10:00", brings("a", Commit{SHA: "b"}, Commit{SHA: "d"}))
		}, "a normal; d normal"},
		{"a revert taken back", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00")
			s.merge(7, "b", "03-03 09:00", "03-03 08:00").Title = `Revert "Old (#2)"`
			s.deploy("2", "b", "production", "03-03 10:00", brings("a", Commit{SHA: "b"}))
			s.merge(9, "d", "03-05 09:00", "03-05 08:00").Title = `Revert "Revert "Old (#2)"" (#7)`
			s.deploy("4", "d", "production", "03-05 10:00", brings("b", Commit{SHA: "d"}))
		}, "a normal; b normal; d normal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			c.tell(s)
			same(t, "kinds", s.kinds(), c.want)
		})
	}
}

func TestEnvironments(t *testing.T) {
	names := DefaultDoraRules().Production
	for environment, want := range map[string]bool{
		"production": true, "Prod": true, "LIVE": true, "prod-eu": true, "production/eu": true, "live-1": true,
		"": false, "staging": false, "preproduction": false, "products": false, "prod_eu": false, "non-prod": false,
	} {
		if IsProduction(names, environment) != want {
			t.Errorf("%q is production: %t", environment, !want)
		}
	}
	setup := DoraSetup{Rules: DefaultDoraRules(), Teams: Teams{{Name: "a", Services: Patterns{"pay"}}}, TeamProduction: map[string][]string{"a": {"main"}}}
	for _, c := range []struct {
		service, environment string
		flag                 bool
		want                 string
	}{
		{"shop", "Blue", true, Production},
		{"shop", "Blue", false, "blue"},
		{"shop", "", false, ""},
		{"pay", "main-2", false, Production},
		{"pay", "production", true, "(production)"},
	} {
		got := setup.ClassOf(&Service{Name: c.service}, &Deployment{Environment: c.environment, Production: c.flag})
		if got != c.want {
			t.Errorf("%s of %s is %q, not %q", c.environment, c.service, got, c.want)
		}
	}
}

// rows writes the deployed changes by name.
func (s *story) rows() string {
	var out []string
	d := s.data()
	for c, err := range d.Changes() {
		if err != nil {
			s.t.Fatal(err)
		}
		lead, excluded := c.LeadTime(FromAuthored)
		text := fmt.Sprintf("%s %s %dh", c.Name, c.How, lead/3600000)
		if excluded != "" {
			text = fmt.Sprintf("%s %s %s", c.Name, c.How, excluded)
		}
		out = append(out, text)
	}
	slices.Sort(out)
	for _, w := range d.Waiting {
		out = append(out, w.Name+" waits")
	}
	return strings.Join(out, "; ")
}

func TestContainment(t *testing.T) {
	for _, c := range []struct {
		name string
		tell func(s *story)
		want string
	}{
		{"a squash and its commits, by range", func(s *story) {
			s.merge(1, "b", "03-03 09:00", "03-02 10:00", "03-02 12:00")
			s.merge(2, "z", "03-03 12:00", "03-03 11:00")
			s.deploy("2", "b", "production", "03-03 10:00", brings("a", Commit{SHA: "b"}))
		}, "#1 range 24h; #2 waits"},
		{"a merge commit: its commits are in the range", func(s *story) {
			s.merge(1, "m", "03-03 09:00", "03-02 10:00")
			s.deploy("2", "m", "production", "03-03 10:00", brings("a", Commit{SHA: "m0"}, Commit{SHA: "m", Message: "Merge pull request #1 from x"}))
		}, "#1 range 24h"},
		{"rebased commits are the pull request's", func(s *story) {
			s.merge(1, "r2", "03-03 09:00", "03-02 10:00", "03-02 11:00")
			s.facts.Changes[0].Commits[0].Message, s.facts.Changes[0].Commits[1].Message = "one", "two"
			s.deploy("2", "r2", "production", "03-03 10:00", brings("a",
				Commit{SHA: "r1", Message: "one", AuthoredAt: at(s.t, "03-02 10:00")}, Commit{SHA: "r2", Message: "two", AuthoredAt: at(s.t, "03-02 11:00")}))
		}, "#1 range 24h"},
		{"a commit without a pull request", func(s *story) {
			s.deploy("2", "abcdefabcdef", "production", "03-03 10:00", brings("a",
				Commit{SHA: "abcdefabcdef", Message: "quick", AuthoredAt: at(s.t, "03-03 08:00")}, Commit{SHA: "e", Message: "Merge branch 'x'"}))
		}, "abcdefa range 2h"},
		{"a pull request that nobody told of has no start", func(s *story) {
			s.merge(1, "x", "01-03 09:00", "01-02 10:00")
			s.deploy("2", "b", "production", "03-03 10:00", brings("a", Commit{SHA: "b", Message: "Thing (#5)", AuthoredAt: at(s.t, "03-03 09:00")}))
		}, "#1 time first; #5 range no_start"},
		{"pushed commits", func(s *story) {
			s.deploy("2", "b", "production", "03-03 10:00", brings("", Commit{SHA: "b", Message: "Thing (#5)", AuthoredAt: at(s.t, "03-03 09:00")}))
		}, "b commits 1h"},
		{"without a range, before the change that was deployed", func(s *story) {
			s.merge(1, "x", "03-02 09:00", "03-02 08:00")
			s.merge(2, "b", "03-02 10:00", "03-02 09:00")
			s.merge(3, "y", "03-02 11:00", "03-02 10:00")
			s.deploy("2", "b", "production", "03-03 10:00")
		}, "#1 ancestor 26h; #2 range 25h; #3 waits"},
		{"without anything, before the deployment began", func(s *story) {
			s.merge(1, "x", "03-02 09:00", "03-02 08:00")
			s.merge(2, "y", "03-03 09:58", "03-03 09:00")
			s.deploy("2", "b", "production", "03-03 10:00")
		}, "#1 time 26h; #2 waits"},
		{"a branch that is not deployed does not wait", func(s *story) {
			s.merge(1, "b", "03-03 09:00", "03-02 10:00")
			s.merge(2, "z", "03-03 08:00", "03-03 07:00").Base = "topic"
			s.deploy("2", "b", "production", "03-03 10:00", brings("a", Commit{SHA: "b"}))
		}, "#1 range 24h"},
		{"an unreachable base", func(s *story) {
			s.merge(1, "b", "03-03 09:00", "03-02 10:00")
			s.deploy("2", "b", "production", "03-03 10:00", func(d *Deployment) { d.Range = &CommitRange{Base: "gone", Cut: true} })
		}, "#1 range 24h"},
		{"after a long silence", func(s *story) {
			s.merge(1, "b", "05-30 09:00", "05-29 10:00")
			s.deploy("2", "b", "production", "05-30 10:00", brings("a", Commit{SHA: "b"}))
		}, "#1 range silence"},
		{"clocks that disagree", func(s *story) {
			s.merge(1, "b", "03-03 09:00", "03-03 10:30")
			s.deploy("2", "b", "production", "03-03 10:00", brings("a", Commit{SHA: "b"}))
		}, "#1 range skew"},
		{"a bot", func(s *story) {
			s.merge(1, "b", "03-03 09:00", "03-03 08:30").Bot = true
			s.deploy("2", "b", "production", "03-03 10:00", brings("a", Commit{SHA: "b"}))
		}, "#1 range bot"},
		{"deployed again after a rollback", func(s *story) {
			s.merge(1, "b", "03-03 09:00", "03-02 10:00")
			s.merge(2, "c", "03-04 09:00", "03-03 10:00")
			s.deploy("2", "b", "production", "03-03 10:00", brings("a", Commit{SHA: "b"}))
			s.deploy("3", "a", "production", "03-03 12:00", func(d *Deployment) { d.Range = &CommitRange{Base: "b", Behind: true} })
			s.deploy("4", "c", "production", "03-04 10:00", brings("a", Commit{SHA: "b"}, Commit{SHA: "c"}))
		}, "#1 range 24h; #2 range 24h"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			s.deploy("1", "a", "production", "03-01 10:00")
			c.tell(s)
			same(t, "changes", s.rows(), c.want)
		})
	}
}

func TestPathsOfAMonorepo(t *testing.T) {
	s := newStory(t)
	s.service.Paths = Patterns{"pay/**"}
	s.deploy("1", "a", "production", "03-01 10:00")
	s.merge(1, "b", "03-03 08:00", "03-02 10:00").Paths = []string{"pay/main.go", "README.md"}
	s.merge(2, "c", "03-03 09:00", "03-02 10:00").Paths = []string{"shop/main.go"}
	s.deploy("2", "c", "production", "03-03 10:00", brings("a", Commit{SHA: "b"}, Commit{SHA: "c"}, Commit{SHA: "d"}))
	same(t, "changes", s.rows(), "#1 range 24h")
}

func TestStages(t *testing.T) {
	reviewed := DeployedChange{StartAt: 1000, CreatedAt: 5000, ReviewedAt: 7000, ApprovedAt: 12000, MergedAt: 13000, DeployedAt: 20000}
	if got, clamped := reviewed.Stages(); got != [5]int64{4000, 2000, 5000, 1000, 7000} || clamped {
		t.Errorf("stages %v, %t", got, clamped)
	}
	alone := DeployedChange{StartAt: 1000, CreatedAt: 5000, MergedAt: 13000, DeployedAt: 20000}
	if got, _ := alone.Stages(); got != [5]int64{4000, -1, -1, 8000, 7000} {
		t.Errorf("without a review %v", got)
	}
	odd := DeployedChange{StartAt: 6000, CreatedAt: 5000, MergedAt: 13000, DeployedAt: 20000}
	if got, clamped := odd.Stages(); got != [5]int64{0, -1, -1, 8000, 7000} || !clamped {
		t.Errorf("rebased after it was opened %v, %t", got, clamped)
	}
}

func TestVerdicts(t *testing.T) {
	number := func(s *story, i int) string { return GroupID(s.facts.Deployments[i].Number()) }
	for _, c := range []struct {
		name     string
		verdicts func(s *story) []Verdict
		want     string
		rate     string
	}{
		{"none", func(*story) []Verdict { return nil }, "a normal; b normal [time suspected]", "rate 0"},
		{"confirmed", func(s *story) []Verdict {
			return []Verdict{{Group: number(s, 1), Incident: "jira/A", Decision: Confirm}}
		}, "a normal; b normal [manual confirmed] [time suspected]", "rate 0.5"},
		{"rejected", func(s *story) []Verdict {
			return []Verdict{{Group: number(s, 1), Incident: "jira/A", Decision: Reject}}
		}, "a normal; b normal [time rejected]", "rate 0"},
		{"linked to another", func(s *story) []Verdict {
			return []Verdict{
				{Group: number(s, 1), Incident: "jira/A", Decision: Reject},
				{Group: number(s, 0), Incident: "jira/A", Decision: Link, At: 1},
			}
		}, "a normal [manual confirmed]; b normal", "rate 0.5"},
		{"the deployment itself failed", func(s *story) []Verdict {
			return []Verdict{{Group: number(s, 0), Decision: Confirm}}
		}, "a normal [manual confirmed]; b normal [time suspected]", "rate 0.5"},
		{"the deployment itself did not", func(s *story) []Verdict {
			return []Verdict{{Group: number(s, 1), Decision: Reject}}
		}, "a normal; b normal [time rejected]", "rate 0"},
		{"of another service", func(s *story) []Verdict {
			return []Verdict{{Service: "acme/shop", Group: number(s, 0), Decision: Confirm}}
		}, "a normal; b normal [time suspected]", "rate 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			s.deploy("1", "a", "production", "03-02 10:00")
			s.deploy("2", "b", "production", "03-03 10:00")
			s.incident("A", "03-03 11:00", "03-03 12:00")
			s.setup.Verdicts = c.verdicts(s)
			for i := range s.setup.Verdicts {
				if s.setup.Verdicts[i].Service == "" {
					s.setup.Verdicts[i].Service = "acme/pay"
				}
			}
			same(t, "kinds", s.kinds(), c.want)
			same(t, "rate", figures(s.panel("change-fail-rate", s.query("03-01", "04-01")), "rate"), c.rate)
		})
	}
}

func TestSuspectedIsASwitch(t *testing.T) {
	s := newStory(t)
	s.deploy("1", "a", "production", "03-02 10:00")
	s.incident("A", "03-02 11:00", "03-02 12:00")
	q := s.query("03-01", "04-01")
	same(t, "confirmed", figures(s.panel("change-fail-rate", q), "rate", "low"), "rate 0, low 0")
	q.Suspected = true
	same(t, "suspected", figures(s.panel("change-fail-rate", q), "rate", "high"), "rate 1, high 1")
	same(t, "recovery", figures(s.panel("recovery-time", q), "p50"), "p50 7200")
}

// However the facts come, the rows are the same.
func TestOrderOfFactsDoesNotMatter(t *testing.T) {
	s := newStory(t)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 40 {
		day := fmt.Sprintf("03-%02d %02d:00", 1+i/2, 8+i%2)
		s.merge(int64(i+1), fmt.Sprintf("m%d", i), day, day)
		sha := fmt.Sprintf("m%d", max(0, i-r.IntN(3)))
		s.deploy(fmt.Sprint(i), sha, "production", fmt.Sprintf("03-%02d %02d:30", 1+i/2, 8+i%2))
		if i%5 == 0 {
			s.incident(fmt.Sprint(i), fmt.Sprintf("03-%02d 12:00", 1+i/2), "")
		}
	}
	digest := func() []byte {
		s.setup.Services = []Service{s.service}
		chunks, err := DeriveService(s.service, &s.setup, s.facts)
		if err != nil {
			t.Fatal(err)
		}
		var out []byte
		for _, c := range chunks {
			out = append(out, fmt.Sprint(c.Part, c.Month, c.Sum)...)
			out = append(out, c.Body...)
		}
		return out
	}
	want := digest()
	for range 20 {
		r.Shuffle(len(s.facts.Deployments), func(i, j int) {
			s.facts.Deployments[i], s.facts.Deployments[j] = s.facts.Deployments[j], s.facts.Deployments[i]
		})
		r.Shuffle(len(s.facts.Changes), func(i, j int) { s.facts.Changes[i], s.facts.Changes[j] = s.facts.Changes[j], s.facts.Changes[i] })
		r.Shuffle(len(s.facts.Incidents), func(i, j int) {
			s.facts.Incidents[i], s.facts.Incidents[j] = s.facts.Incidents[j], s.facts.Incidents[i]
		})
		if !bytes.Equal(digest(), want) {
			t.Fatal("the rows depend on the order of the facts")
		}
	}
}

func TestLevels(t *testing.T) {
	for _, c := range []struct {
		set   Benchmark
		slug  string
		name  string
		value float64
		want  Level
	}{
		{Benchmark2021, "deployment-frequency", "mean", 7.1, Elite},
		{Benchmark2021, "deployment-frequency", "mean", 7, High},
		{Benchmark2021, "deployment-frequency", "mean", 0.23, High},
		{Benchmark2021, "deployment-frequency", "mean", 0.1, Medium},
		{Benchmark2021, "deployment-frequency", "mean", 0, Low},
		{Benchmark2023, "deployment-frequency", "mean", 1, High},
		{Benchmark2023, "deployment-frequency", "mean", 0.9, Medium},
		{Benchmark2021, "change-lead-time", "p50", 3599, Elite},
		{Benchmark2021, "change-lead-time", "p50", 3600, High},
		{Benchmark2023, "change-lead-time", "p50", 86400, High},
		{Benchmark2024, "change-lead-time", "p50", 604801, Medium},
		{Benchmark2021, "change-fail-rate", "rate", 0.15, Elite},
		{Benchmark2021, "change-fail-rate", "rate", 0.31, Low},
		{Benchmark2023, "change-fail-rate", "rate", 0.12, Medium},
		{Benchmark2024, "change-fail-rate", "rate", 0.12, High},
		{Benchmark2024, "change-fail-rate", "rate", 0.3, Low},
		{Benchmark2024, "recovery-time", "p50", 90000, Low},
		{Benchmark2023, "recovery-time", "p50", 90000, Medium},
		{"", "recovery-time", "p50", 90000, ""},
		{Benchmark2023, "rework-rate", "rate", 0.1, ""},
	} {
		v := c.value
		if got, _ := LevelOf(c.slug, PanelData{Headline: []Figure{{c.name, &v}}}, c.set); got != c.want {
			t.Errorf("%s of %s: %g is %q, not %q", c.slug, c.set, c.value, got, c.want)
		}
	}
}

func FuzzChunk(f *testing.F) {
	f.Add(encodeRows(0, []Group{{ID: "1", Names: []string{"prod"}, Evidence: []Evidence{{Method: "time"}}}}, (*Group).code))
	f.Add([]byte{chunkVersion, 255, 255, 255, 255, 15})
	f.Fuzz(func(_ *testing.T, body []byte) {
		d := &DoraData{Watched: map[string]bool{}, seen: map[int64]bool{}}
		for _, part := range []DoraPart{PartGroups, PartChanges, PartUndeployed, PartIncidents} {
			_ = d.AddChunk(DoraChunk{Part: part, Month: 5, Body: body})
		}
		for _, err := range d.Changes() {
			if err != nil {
				break
			}
		}
	})
}
