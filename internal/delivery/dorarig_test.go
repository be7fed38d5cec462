package delivery

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// at reads a UTC time of 2026 such as "03-02 10:00".
func at(t *testing.T, text string) Instant {
	t.Helper()
	when, err := time.Parse("2006-01-02 15:04", "2026-"+text)
	if err != nil {
		t.Fatal(err)
	}
	return InstantOf(when)
}

// story is the facts of one service, told in tests.
type story struct {
	t       *testing.T
	service Service
	setup   DoraSetup
	facts   ServiceFacts
}

func newStory(t *testing.T) *story {
	s := &story{t: t, service: Service{Name: "acme/pay", Repository: "acme/pay"}}
	s.setup.Rules = DefaultDoraRules()
	return s
}

// deploy adds a successful deployment that took five minutes.
func (s *story) deploy(id, sha, environment, end string, more ...func(*Deployment)) {
	s.t.Helper()
	finished := at(s.t, end)
	d := Deployment{
		Connection: "gh", ID: id, Repository: "acme/pay", Environment: environment, SHA: sha,
		StartedAt: finished - 5*60*1000, FinishedAt: finished, Status: DeploySuccess,
	}
	for _, change := range more {
		change(&d)
	}
	s.facts.Deployments = append(s.facts.Deployments, MergeDeployment(Deployment{}, d))
}

func brings(base string, commits ...Commit) func(*Deployment) {
	return func(d *Deployment) { d.Range = &CommitRange{Base: base, Commits: commits} }
}

// merge adds a pull request with commits by their author dates.
func (s *story) merge(number int64, sha, merged string, authored ...string) *Change {
	s.t.Helper()
	c := Change{
		Connection: "gh", Repository: "acme/pay", ID: fmt.Sprint(number), Number: number, Title: fmt.Sprintf("Change %d", number),
		Base: "main", Head: "topic", MergeSHA: sha, MergedAt: at(s.t, merged), Commits: []Commit{},
	}
	for i, text := range authored {
		c.Commits = append(c.Commits, Commit{SHA: fmt.Sprintf("%s%d", sha, i), AuthoredAt: at(s.t, text)})
	}
	if len(authored) > 0 {
		c.CreatedAt = at(s.t, authored[len(authored)-1])
	}
	s.facts.Changes = append(s.facts.Changes, c)
	return &s.facts.Changes[len(s.facts.Changes)-1]
}

func (s *story) incident(id, started, resolved string, more ...func(*Incident)) {
	s.t.Helper()
	i := Incident{Connection: "jira", ID: id, Service: "acme/pay", Title: "Incident " + id, StartedAt: at(s.t, started)}
	if resolved != "" {
		i.ResolvedAt = at(s.t, resolved)
	}
	for _, change := range more {
		change(&i)
	}
	s.facts.Incidents = append(s.facts.Incidents, i)
}

func (s *story) query(from, to string) DoraQuery {
	s.t.Helper()
	return DoraQuery{
		Filter:   Filter{From: at(s.t, from+" 00:00"), To: at(s.t, to+" 00:00"), Unit: Month, Clock: Elapsed, Start: FromAuthored},
		Services: []string{s.service.Name}, Zone: time.UTC, Now: at(s.t, "12-31 00:00"),
	}
}

func (s *story) data() *DoraData {
	s.t.Helper()
	s.setup.Services = []Service{s.service}
	chunks, err := DeriveService(s.service, &s.setup, s.facts)
	if err != nil {
		s.t.Fatal(err)
	}
	d := &DoraData{Watched: map[string]bool{}, seen: map[int64]bool{}}
	for _, chunk := range chunks {
		if err := d.AddChunk(chunk); err != nil {
			s.t.Fatal(err)
		}
	}
	return d
}

func (s *story) panel(slug string, q DoraQuery) PanelData {
	s.t.Helper()
	p, err := s.data().Panel(slug, q)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// figures writes the figures of a headline, "-" where there is none.
func figures(p PanelData, names ...string) string {
	var out []string
	for _, name := range names {
		text := name + " -"
		if v := p.Figure(name); v != nil {
			text = fmt.Sprintf("%s %.4g", name, *v)
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// kinds writes the groups in order of their end.
func (s *story) kinds() string {
	var out []string
	for _, g := range s.data().Groups {
		text := shortSHA(g.SHA) + " " + string(g.Kind)
		if !g.Succeeded {
			text += " failed"
		}
		for _, e := range g.Evidence {
			text += " [" + e.Method + " " + e.Confidence + "]"
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}
