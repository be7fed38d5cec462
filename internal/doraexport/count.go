package doraexport

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"throughline/internal/delivery"
)

// Facts are what is counted: a delivery.Store.
type Facts interface {
	Version(ctx context.Context) (int64, error)
	Identity(ctx context.Context) (string, error)
	DeployedRepositories(ctx context.Context, connection string) ([]string, error)
	DeploymentsOf(ctx context.Context, connection, repository string) ([]delivery.Deployment, error)
	Incidents(ctx context.Context, q delivery.DoraListQuery) iter.Seq2[delivery.ListedIncident, error]
	Tickets(ctx context.Context, q delivery.DoraListQuery) iter.Seq2[delivery.Ticket, error]
}

// Setup is what labels depend on.
type Setup struct {
	GitHub, Jira []string // connections of these kinds
	Teams        delivery.Teams
	// Owner is the team of a repository that no team maps, by a catalogue; "" when it
	// does not know it. It may be nil.
	Owner func(repository string) string `json:"-"`
}

// counted are values by series, with the labels of each.
type counted struct {
	samples map[string]Sample
	teams   map[string]string // of repositories and of projects, as far as they were asked for
	last    map[string]latest // of series of duration
}

// latest is the state that a duration is of.
type latest struct{ at, told delivery.Instant }

func (c *counted) add(f *Family, value float64, labels ...string) {
	at := series(f, labels)
	s, ok := c.samples[at]
	if !ok {
		s = Sample{Family: f.Name, Labels: labels}
	}
	s.Value += value
	c.samples[at] = s
}

// set takes a value unless there is a later one.
func (c *counted) set(f *Family, value float64, of latest, labels ...string) {
	at := series(f, labels)
	if was, ok := c.last[at]; ok && (of.at < was.at || of.at == was.at && of.told < was.told) {
		return
	}
	c.last[at] = of
	c.samples[at] = Sample{Family: f.Name, Labels: labels, Value: value}
}

// count reads all facts.
func count(ctx context.Context, facts Facts, setup *Setup) (*counted, error) {
	c := &counted{samples: map[string]Sample{}, teams: map[string]string{}, last: map[string]latest{}}
	all := map[string]*Family{}
	for _, f := range Families() {
		all[f.Name] = &f
	}
	for _, connection := range setup.GitHub {
		repositories, err := facts.DeployedRepositories(ctx, connection)
		if err != nil {
			return nil, fmt.Errorf("repositories of %s: %w", connection, err)
		}
		for _, repository := range repositories {
			list, err := facts.DeploymentsOf(ctx, connection, repository)
			if err != nil {
				return nil, fmt.Errorf("deployments of %s: %w", repository, err)
			}
			for i := range list {
				c.deployment(all, setup, &list[i])
			}
		}
	}
	if len(setup.Jira) == 0 {
		return c, nil
	}
	if err := c.incidents(ctx, all, facts, setup); err != nil {
		return nil, err
	}
	return c, c.tickets(ctx, all, facts, setup)
}

// deployment counts each state that a deployment had, once.
func (c *counted) deployment(all map[string]*Family, setup *Setup, d *delivery.Deployment) {
	repo := d.Repository[strings.LastIndexByte(d.Repository, '/')+1:]
	team := c.team("repository "+strings.ToLower(d.Repository), func() string { return setup.ofRepository(d.Repository) })
	for _, s := range d.States {
		labels := []string{repo, d.Environment, team, string(s.Status), strconv.FormatBool(d.Redeployment)}
		c.add(all[deployments], 1, labels...)
		if took, ok := age(d, s); ok {
			c.set(all[duration], took, latest{s.At, s.ToldAt}, labels...)
			c.add(all[durationSum], took, labels...)
		}
	}
}

// age is how old what is deployed was at a state, in seconds: from the first commit of
// its change on. Waiting and being replaced have none, nor has what is not known or
// cannot be.
func age(d *delivery.Deployment, s delivery.DeploymentState) (seconds float64, ok bool) {
	switch s.Status {
	case delivery.DeployRunning, delivery.DeployFailure, delivery.DeployError, delivery.DeploySuccess:
		ok = d.HeadStart.Known() && s.At.Known() && s.At >= d.HeadStart
	}
	if !ok {
		return 0, false
	}
	return between(d.HeadStart, s.At), true
}

// everything is later than any fact.
const everything = delivery.Instant(1 << 52)

// incidents counts each incident once for each of its teams.
func (c *counted) incidents(ctx context.Context, all map[string]*Family, facts Facts, setup *Setup) error {
	for i, err := range facts.Incidents(ctx, delivery.DoraListQuery{To: everything, Connections: setup.Jira}) {
		if err != nil {
			return fmt.Errorf("incidents: %w", err)
		}
		teams := i.Teams
		if len(teams) == 0 {
			teams = []string{c.team("project "+i.Project, func() string { return setup.ofProject(i.Project) })}
		}
		for _, team := range teams {
			c.add(all[incidents], 1, i.Project, team)
			if i.StartedAt.Known() && i.ResolvedAt >= i.StartedAt {
				c.add(all[incidentsSum], between(i.StartedAt, i.ResolvedAt), i.Project, team)
			}
		}
	}
	return nil
}

func (c *counted) tickets(ctx context.Context, all map[string]*Family, facts Facts, setup *Setup) error {
	for t, err := range facts.Tickets(ctx, delivery.DoraListQuery{To: everything, Connections: setup.Jira}) {
		if err != nil {
			return fmt.Errorf("tickets: %w", err)
		}
		if t.CreatedAt.Known() {
			c.add(all[newTickets], 1, t.Type, t.Project)
		}
		if t.ClosedAt.Known() {
			c.add(all[closedTickets], 1, t.Type, t.Project)
		}
	}
	return nil
}

func between(from, to delivery.Instant) float64 { return float64(to-from) / 1000 }

// team asks once.
func (c *counted) team(of string, ask func() string) string {
	team, ok := c.teams[of]
	if !ok {
		team = ask()
		c.teams[of] = team
	}
	return team
}

func (s *Setup) ofRepository(repository string) string {
	for i := range s.Teams {
		if s.Teams[i].Repositories.Match(repository) {
			return s.Teams[i].Name
		}
	}
	if s.Owner != nil {
		if owner := s.Owner(repository); owner != "" {
			return owner
		}
	}
	return unknown
}

func (s *Setup) ofProject(project string) string {
	for i := range s.Teams {
		if s.Teams[i].JiraProjects.Match(project) {
			return s.Teams[i].Name
		}
	}
	return unknown
}
