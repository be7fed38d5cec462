package delivery

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// load derives the story into a store and reads it as a panel does.
func (s *story) load(q DoraQuery, slug string) PanelData {
	s.t.Helper()
	s.setup.Services = []Service{s.service}
	chunks, err := DeriveService(s.service, &s.setup, s.facts)
	if err != nil {
		s.t.Fatal(err)
	}
	store := &derivedStore{chunks: map[string][]DoraChunk{s.service.Name: chunks}}
	d, err := LoadDora(s.t.Context(), store, q, DoraParts(slug)...)
	if err != nil {
		s.t.Fatal(err)
	}
	p, err := d.Panel(slug, q)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

func TestUnspecifiedIsNotProduction(t *testing.T) {
	s := newStory(t)
	s.deploy("0", "z", "", "02-01 10:00")
	s.deploy("1", "a", "production", "03-02 10:00")
	s.merge(1, "b", "03-03 09:00", "03-02 10:00")
	s.deploy("2", "b", "", "03-03 10:00", brings("z", Commit{SHA: "b"}))
	for _, environments := range [][]string{nil, {"Production"}} {
		q := s.query("02-01", "04-01")
		q.Environments = environments
		same(t, "frequency", figures(s.load(q, "deployment-frequency"), "count", "weeks"), "count 1, weeks 4")
		same(t, "lead time", figures(s.load(q, "change-lead-time"), "count", "waiting"), "count 0, waiting 1")
	}
}

func TestWeeksOfAnotherEnvironment(t *testing.T) {
	s := newStory(t)
	s.deploy("1", "a", "production", "02-02 10:00")
	s.deploy("2", "b", "staging", "03-17 10:00")
	q := s.query("02-01", "04-01")
	q.Environments = []string{"staging"}
	same(t, "frequency", figures(s.load(q, "deployment-frequency"), "count", "mean", "weeks"), "count 1, mean 0.5, weeks 2")
}

func TestKindsOfRealData(t *testing.T) {
	for _, c := range []struct {
		name string
		tell func(s *story)
		want string
	}{
		{"back within minutes", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00")
			s.deploy("2", "b", "production", "03-02 10:06")
			s.deploy("3", "a", "production", "03-02 10:12")
		}, "a normal; b normal [rollback confirmed]; a rollback"},
		{"jobs of two runs at once are no rollback", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00")
			s.deploy("2", "b", "production", "03-02 10:03")
			s.deploy("3", "a", "production", "03-02 10:04")
			s.deploy("4", "b", "production", "03-02 10:07")
		}, "a normal; b normal"},
		{"regions that another version overtakes are one deployment", func(s *story) {
			s.deploy("1", "a", "prod-eu", "03-02 10:00")
			s.deploy("2", "b", "prod-eu", "03-02 10:06")
			s.deploy("3", "a", "prod-us", "03-02 10:08")
			s.deploy("4", "b", "prod-us", "03-02 10:14")
		}, "a normal; b normal"},
		{"a rollback of a rollback", func(s *story) {
			for i, sha := range []string{"a", "b", "a", "b"} {
				s.deploy(fmt.Sprint(i), sha, "production", fmt.Sprintf("03-0%d 10:00", i+2))
			}
		}, "a normal; b normal [rollback confirmed]; a rollback; b rollback"},
		{"a rollback that says what it fixes condemns that alone", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00")
			s.deploy("2", "b", "production", "03-03 10:00")
			s.deploy("3", "c", "production", "03-04 10:00")
			s.deploy("4", "a", "production", "03-05 10:00", func(d *Deployment) { d.FixesDeployment = "3" })
		}, "a normal; b normal; c normal [explicit confirmed]; a rollback"},
		{"a hotfix before any deployment", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00", func(d *Deployment) { d.Hotfix = true })
		}, "a hotfix"},
		{"an old hotfix does not make the first deployment one", func(s *story) {
			s.merge(1, "x", "01-02 09:00", "01-02 08:00").Labels = []string{"hotfix"}
			s.merge(2, "a", "03-02 09:00", "03-02 08:00")
			s.deploy("1", "a", "production", "03-02 10:00")
		}, "a normal"},
		{"what is fixed was there before", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00")
			s.deploy("2", "b", "production", "03-03 10:00", func(d *Deployment) { d.FixesDeployment = "2.0" })
			s.deploy("3", "c", "production", "03-04 10:00", func(d *Deployment) { d.Version = "2.0" })
		}, "a normal; b normal; c normal"},
		{"a revert of the last change of its title", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00")
			for i, sha := range []string{"b", "c"} {
				s.merge(int64(9+i), sha, fmt.Sprintf("03-0%d 09:00", 3+i), fmt.Sprintf("03-0%d 08:00", 3+i)).Title = "Bump"
				s.deploy(sha, sha, "production", fmt.Sprintf("03-0%d 10:00", 3+i), brings("a", Commit{SHA: sha}))
			}
			s.merge(11, "d", "03-06 09:00", "03-06 08:00").Title = `Revert "Bump"`
			s.deploy("4", "d", "production", "03-06 10:00", brings("c", Commit{SHA: "d"}))
		}, "a normal; b normal; c normal [revert confirmed]; d normal"},
		{"a revert by the name of its branch", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00")
			for i, sha := range []string{"b", "c"} {
				s.merge(int64(9+i), sha, fmt.Sprintf("03-0%d 09:00", 3+i), fmt.Sprintf("03-0%d 08:00", 3+i)).Title = "Bump"
				s.deploy(sha, sha, "production", fmt.Sprintf("03-0%d 10:00", 3+i), brings("a", Commit{SHA: sha}))
			}
			back := s.merge(11, "d", "03-06 09:00", "03-06 08:00")
			back.Title, back.Head = `Revert "Bump"`, "revert-9-topic"
			s.deploy("4", "d", "production", "03-06 10:00", brings("c", Commit{SHA: "d"}))
		}, "a normal; b normal [revert confirmed]; c normal; d normal"},
		{"a revert that was pushed", func(s *story) {
			s.deploy("1", "a", "production", "03-02 10:00")
			s.deploy("2", "b", "production", "03-03 10:00", brings("a", Commit{SHA: "beef12345", Message: "quick"}))
			s.deploy("3", "d", "production", "03-04 10:00", brings("b", Commit{SHA: "d", Message: "Revert \"quick\"\n\nThis reverts commit beef12345."}))
		}, "a normal; b normal [revert confirmed]; d normal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			c.tell(s)
			same(t, "kinds", s.kinds(), c.want)
		})
	}
}

func TestChangesOfRealData(t *testing.T) {
	for _, c := range []struct {
		name string
		tell func(s *story)
		want string
	}{
		{"of two connections", func(s *story) {
			s.merge(1, "b", "03-03 09:00", "03-02 10:00")
			twin := s.facts.Changes[0]
			twin.Connection, twin.Commits = "other", nil
			s.facts.Changes = append(s.facts.Changes, twin)
			s.deploy("2", "b", "production", "03-03 10:00")
		}, "#1 range 24h"},
		{"brought by what is said to be a rollback", func(s *story) {
			s.merge(1, "b", "03-03 09:00", "03-02 10:00")
			s.deploy("2", "b", "production", "03-03 10:00", brings("a", Commit{SHA: "b"}), func(d *Deployment) { d.Rollback = true })
		}, "#1 range 24h"},
		{"a pull request closed, and its commit pushed", func(s *story) {
			s.merge(1, "", "03-03 09:00", "03-02 10:00").MergedAt = 0
			s.deploy("2", "b", "production", "03-03 10:00", brings("a", Commit{SHA: "b", Message: "Thing (#1)", AuthoredAt: at(s.t, "03-03 08:00")}))
		}, "b range 2h"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			s.deploy("1", "a", "production", "03-01 10:00")
			c.tell(s)
			same(t, "changes", s.rows(), c.want)
		})
	}
}

func TestRejectedRemedyIsNoRework(t *testing.T) {
	s := newStory(t)
	s.deploy("1", "a", "production", "03-02 10:00")
	s.deploy("2", "b", "production", "03-03 10:00", func(d *Deployment) { d.FixesDeployment = "1" })
	q := s.query("03-01", "04-01")
	same(t, "before", figures(s.panel("rework-rate", q), "rework", "count"), "rework 1, count 2")
	s.setup.Verdicts = []Verdict{{ID: 1, Service: "acme/pay", Group: GroupID(s.facts.Deployments[0].Number()), Decision: Reject, At: 5}}
	same(t, "after", figures(s.panel("rework-rate", q), "rework", "count"), "rework 0, count 2")
	s.setup.Verdicts = append([]Verdict{{ID: 2, Service: "acme/pay", Group: s.setup.Verdicts[0].Group, Decision: Confirm, At: 5}}, s.setup.Verdicts...)
	same(t, "the later of one instant", figures(s.panel("change-fail-rate", q), "failed"), "failed 1")
}

func TestDeploymentsWithoutAnyTime(t *testing.T) {
	s := newStory(t)
	s.facts.Deployments = []Deployment{MergeDeployment(Deployment{}, Deployment{
		Connection: "ci", ID: "1", Repository: "acme/pay", Environment: "production", SHA: "a", Status: DeploySuccess,
	})}
	s.deploy("2", "b", "production", "03-02 10:00")
	same(t, "frequency", figures(s.load(s.query("03-01", "04-01"), "deployment-frequency"), "count"), "count 1")
}

// Whatever the facts are, they are derived, and to the same.
func TestRandomFacts(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	shas := []string{"", "a", "b", "abcdef1", "abcdef12345", "abcdef12999", "c"}
	instant := func() Instant {
		return []Instant{0, 1, -5, 1 << 62, -1 << 62, 1_770_000_000_000 + Instant(r.IntN(1_000_000_000))}[min(r.IntN(30), 5)]
	}
	commits := func() (out []Commit) {
		for range r.IntN(3) {
			out = append(out, Commit{SHA: pick(shas...), AuthoredAt: instant(), Message: pick("", "x", "y (#1)", "This reverts commit abcdef1.")})
		}
		return out
	}
	for range 300 {
		s := newStory(t)
		for i := range r.IntN(20) {
			d := Deployment{
				Connection: pick("gh", "ci"), ID: fmt.Sprint(i), Repository: "acme/pay", Environment: pick("", "production", "prod-eu", "staging"),
				SHA: pick(shas...), Version: pick("", "1", "2"), StartedAt: instant(), FinishedAt: instant(), ToldAt: instant(),
				Status:   DeploymentStatus(pick("", "success", "success", "failure", "inactive", "in_progress", "odd")),
				Rollback: r.IntN(9) == 0, Hotfix: r.IntN(9) == 0, FixesDeployment: pick("", "", "1", "abcdef1", "nothing"),
			}
			if r.IntN(2) == 0 {
				d.Range = &CommitRange{Base: pick(shas...), Commits: commits(), Behind: r.IntN(5) == 0, Cut: r.IntN(5) == 0}
			}
			s.facts.Deployments = append(s.facts.Deployments, MergeDeployment(Deployment{}, d))
		}
		for i := range r.IntN(10) {
			s.facts.Changes = append(s.facts.Changes, Change{
				Connection: "gh", Repository: "acme/pay", ID: fmt.Sprint(i), Number: int64(i), MergeSHA: pick(shas...), MergedAt: instant(), Commits: commits(),
				Base: pick("main", "", "x"), Title: pick("t", `Revert "t"`, "Revert"), Head: pick("", "revert-1-x", "hotfix/1"),
			})
			s.facts.Incidents = append(s.facts.Incidents, Incident{
				Connection: "jira", ID: fmt.Sprint(i), Service: pick("", "acme/pay"), StartedAt: instant(), ResolvedAt: instant(),
				SHA: pick(shas...), Deployment: pick("", "1"), Version: pick("", "2"), Title: pick("", "root cause: abcdef1"),
			})
		}
		want := s.sums()
		for range 3 {
			r.Shuffle(len(s.facts.Deployments), func(i, j int) {
				s.facts.Deployments[i], s.facts.Deployments[j] = s.facts.Deployments[j], s.facts.Deployments[i]
			})
			r.Shuffle(len(s.facts.Changes), func(i, j int) { s.facts.Changes[i], s.facts.Changes[j] = s.facts.Changes[j], s.facts.Changes[i] })
			same(t, "chunks", s.sums(), want)
		}
		for _, slug := range []string{"deployment-frequency", "change-lead-time", "lead-time-stages", "change-fail-rate", "recovery-time", "rework-rate", "incidents"} {
			q := s.query("01-01", "12-01")
			q.Environments = [][]string{nil, {"staging"}, {"prod-eu"}}[r.IntN(3)]
			q.Suspected = r.IntN(2) == 0
			s.load(q, slug)
		}
	}
}

func (s *story) sums() string {
	s.setup.Services = []Service{s.service}
	chunks, err := DeriveService(s.service, &s.setup, s.facts)
	if err != nil {
		s.t.Fatal(err)
	}
	keys := map[string]bool{}
	var out []string
	for _, c := range chunks {
		key := fmt.Sprint(c.Environment, c.Part, c.Month)
		if keys[key] {
			s.t.Errorf("two chunks of %s", key)
		}
		keys[key] = true
		out = append(out, fmt.Sprint(key, " ", c.Sum))
	}
	slices.Sort(out)
	return fmt.Sprint(out)
}

// BenchmarkOddServices derives services whose deployments are all alike.
func BenchmarkOddServices(b *testing.B) {
	start := InstantOf(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	for _, c := range []struct {
		name string
		make func(i int, d *Deployment)
	}{
		{"configuration", func(int, *Deployment) {}},
		{"one sha", func(_ int, d *Deployment) { d.SHA = "abcdef123456" }},
		{"rollbacks", func(i int, d *Deployment) { d.SHA, d.Rollback = fmt.Sprint(i), true }},
		{"fixes", func(i int, d *Deployment) { d.SHA, d.FixesDeployment = fmt.Sprintf("%040d", i), "release-7" }},
		{"behind", func(i int, d *Deployment) { d.SHA, d.Range = fmt.Sprint(i), &CommitRange{Base: "x", Behind: true} }},
	} {
		b.Run(c.name, func(b *testing.B) {
			service := Service{Name: "acme/pay", Repository: "acme/pay"}
			setup := DoraSetup{Services: []Service{service}, Rules: DefaultDoraRules()}
			var f ServiceFacts
			for i := range 100_000 {
				end := start + Instant(i)*45*60*1000
				d := Deployment{Connection: "gh", ID: fmt.Sprint(i), Repository: "acme/pay", Environment: "production", StartedAt: end - 60000, FinishedAt: end, Status: DeploySuccess}
				c.make(i, &d)
				f.Deployments = append(f.Deployments, MergeDeployment(Deployment{}, d))
			}
			for i := range 100 {
				f.Incidents = append(f.Incidents, Incident{Connection: "jira", ID: fmt.Sprint(i), Service: "acme/pay", StartedAt: start + Instant(i+99_000)*45*60*1000})
			}
			for b.Loop() {
				if _, err := DeriveService(service, &setup, f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestTheLastWordOfVerdicts(t *testing.T) {
	for _, c := range []struct {
		name  string
		words []Verdict // Group is the place of the deployment
		want  string
	}{
		{"confirmed, then rejected", []Verdict{
			{Group: "1", Incident: "jira/A", Decision: Confirm, At: 1}, {Group: "1", Incident: "jira/A", Decision: Reject, At: 2},
		}, "a normal; b normal [time rejected]"},
		{"rejected, then confirmed by another of its deployments", []Verdict{
			{Group: "1", Incident: "jira/A", Decision: Reject, At: 1}, {Group: "2", Incident: "jira/A", Decision: Confirm, At: 2},
		}, "a normal; b normal [manual confirmed] [time suspected]"},
		{"the deployment was fine, then an incident of it was confirmed", []Verdict{
			{Group: "1", Decision: Reject, At: 1}, {Group: "1", Incident: "jira/A", Decision: Confirm, At: 2},
		}, "a normal; b normal [manual confirmed] [time rejected]"},
		{"an incident was confirmed, then the deployment was fine", []Verdict{
			{Group: "1", Incident: "jira/A", Decision: Confirm, At: 1}, {Group: "1", Decision: Reject, At: 2},
		}, "a normal; b normal [manual rejected] [time rejected]"},
		{"linked where it was put there again", []Verdict{
			{Group: "3", Incident: "jira/A", Decision: Link, At: 1},
		}, "a normal; b normal [manual confirmed] [time suspected]"},
		{"of a deployment that is none any more", []Verdict{
			{Group: "9", Incident: "jira/A", Decision: Link, At: 1},
		}, "a normal; b normal [time suspected]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			s.deploy("0", "a", "production", "03-02 10:00")
			s.deploy("1", "b", "prod-eu", "03-03 10:00")
			s.deploy("2", "b", "prod-us", "03-03 10:04")
			s.incident("A", "03-03 11:00", "03-03 12:00")
			if c.words[0].Group == "3" {
				s.deploy("3", "b", "prod-eu", "03-03 12:00")
				c.want += "; b redeploy"
			}
			for i, v := range c.words {
				v.ID, v.Service = int64(i+1), "acme/pay"
				if place := int(v.Group[0] - '0'); place < len(s.facts.Deployments) {
					v.Group = GroupID(s.facts.Deployments[place].Number())
				}
				s.setup.Verdicts = append(s.setup.Verdicts, v)
			}
			same(t, "kinds", s.kinds(), c.want)
		})
	}
}

// The week in which clocks go forward has 167 hours, and is whole.
func TestWeeksAcrossAChangeOfClocks(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	s := newStory(t)
	s.deploy("1", "a", "production", "03-22 22:59") // Sunday, 23:59
	s.deploy("2", "b", "production", "03-22 23:00") // Monday, 0:00
	s.deploy("3", "c", "production", "03-29 21:59") // Sunday, 23:59 of the new time
	s.deploy("4", "d", "production", "03-29 22:00") // Monday, 0:00
	q := s.query("03-15", "04-05")
	q.Zone, q.Unit = zone, Week
	q.From, q.To = InstantOf(time.Date(2026, 3, 16, 0, 0, 0, 0, zone)), InstantOf(time.Date(2026, 4, 6, 0, 0, 0, 0, zone))
	p := s.panel("deployment-frequency", q)
	same(t, "frequency", figures(p, "count", "mean", "p50", "weeks"), "count 4, mean 1.333, p50 1, weeks 3")
	got := ""
	for _, point := range p.Series[0].Points {
		got += fmt.Sprint(*point.Value, " ")
	}
	same(t, "weeks", got, "1 2 1 ")
}

func TestRecoveryOfRealIncidents(t *testing.T) {
	blame := func(i *Incident) { i.SHA = "b" }
	for _, c := range []struct {
		name string
		tell func(s *story)
		want string
	}{
		{"over before the deployment was", func(s *story) { s.incident("A", "03-03 09:50", "03-03 09:55", blame) }, "p50 -, count 0, open 0"},
		{"over before it began", func(s *story) { s.incident("A", "03-03 11:00", "03-03 10:30", blame) }, "p50 1800, count 1, open 0"},
		{"open, and rolled back", func(s *story) {
			s.incident("A", "03-03 11:00", "", blame)
			s.deploy("3", "a", "production", "03-03 12:00")
		}, "p50 7200, count 1, open 0"},
		{"suspected does not count", func(s *story) { s.incident("A", "03-03 11:00", "03-03 12:00") }, "p50 -, count 0, open 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			s.deploy("1", "a", "production", "03-02 10:00")
			s.deploy("2", "b", "production", "03-03 10:00")
			c.tell(s)
			same(t, "recovery", figures(s.panel("recovery-time", s.query("03-01", "04-01")), "p50", "count", "open"), c.want)
		})
	}
}

// What happens in another environment says nothing of production.
func TestStagingDoesNotWatchProduction(t *testing.T) {
	s := newStory(t)
	s.deploy("0", "a", "production", "03-02 10:00")
	for i, sha := range []string{"a", "b", "a"} {
		s.deploy(fmt.Sprint(i+1), sha, "staging", fmt.Sprintf("03-0%d 10:00", i+2))
	}
	same(t, "fail rate", figures(s.load(s.query("03-01", "04-01"), "change-fail-rate"), "rate", "count"), "rate -, count 0")
}

// Two services of one repository: each has the deployments of its environments and
// the changes of its paths.
func TestTwoServicesOfARepository(t *testing.T) {
	for _, c := range []struct{ name, path, want, rows string }{
		{"pay", "pay/**", "a normal; b normal", "#1 range 24h"},
		{"shop", "shop/**", "a normal; c normal", "#2 range 25h; #3 waits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			s.service.Name, s.service.Paths, s.service.Environments = c.name, Patterns{c.path}, Patterns{"prod-" + c.name}
			for _, name := range []string{"pay", "shop"} {
				s.deploy("1"+name, "a", "prod-"+name, "03-02 10:00")
			}
			s.merge(1, "b", "03-03 09:00", "03-02 10:00").Paths = []string{"pay/x.go"}
			s.merge(2, "c", "03-03 09:30", "03-02 10:00").Paths = []string{"shop/x.go"}
			s.merge(3, "d", "03-03 12:00", "03-02 10:00").Paths = []string{"shop/y.go"}
			s.deploy("2", "b", "prod-pay", "03-03 10:00", brings("a", Commit{SHA: "b"}))
			s.deploy("3", "c", "prod-shop", "03-03 11:00", brings("a", Commit{SHA: "b"}, Commit{SHA: "c"}))
			same(t, "kinds", s.kinds(), c.want)
			same(t, "changes", s.rows(), c.rows)
		})
	}
}

// By the clock of commits a bot's change is left out whole, and counted once.
func TestBotsByTheClockOfCommits(t *testing.T) {
	s := newStory(t)
	s.setup.Rules.Bots = Patterns{"renovate*"}
	s.deploy("1", "a", "production", "03-01 10:00")
	s.merge(1, "b", "03-03 09:00", "03-02 10:00", "03-03 08:00")
	s.merge(2, "c", "03-03 09:00", "03-02 10:00", "03-03 08:00", "03-03 08:30").Author = "renovate-acme"
	s.deploy("2", "c", "production", "03-03 10:00", brings("a", Commit{SHA: "b"}, Commit{SHA: "c"}))
	q := s.query("03-01", "04-01")
	q.Start = FromCommit
	p := s.panel("change-lead-time", q)
	same(t, "lead time", figures(p, "p50", "count"), "p50 4.68e+04, count 2") // of 24 h and 2 h
	if p.Excluded[ChangeBot] != 1 {
		t.Errorf("left out %v", p.Excluded)
	}
}
