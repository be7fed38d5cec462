package doraexport

import (
	"strconv"
	"strings"

	"throughline/internal/delivery"
)

// counted is what facts come to, by series.
type counted map[string]*amount

// amount is a value of a series. Later is the part of it that came about after what a
// predecessor had counted was taken over.
type amount struct {
	family     *Family
	labels     []string
	all, later float64
	of         latest // of a last value: what it is of
}

// latest orders last values: by their own time, then by when they were told.
type latest struct{ at, told delivery.Instant }

func (l latest) after(other latest) bool {
	return l.at > other.at || l.at == other.at && l.told >= other.told
}

// counter counts facts.
type counter struct {
	setup    *Setup
	families map[string]*Family
	taken    map[string]delivery.Instant // when series were taken over
	out      counted
}

func newCounter(setup *Setup, taken map[string]delivery.Instant) *counter {
	c := &counter{setup: setup, families: map[string]*Family{}, taken: taken, out: counted{}}
	for _, f := range Families() {
		c.families[f.Name] = &f
	}
	return c
}

// add adds what came about at an instant to a series.
func (c *counter) add(family string, value float64, at delivery.Instant, labels ...string) {
	f := c.families[family]
	key := series(f, labels)
	a, ok := c.out[key]
	if !ok {
		a = &amount{family: f, labels: labels}
		c.out[key] = a
	}
	a.all += value
	if taken, ok := c.taken[key]; ok && at >= taken {
		a.later += value
	}
}

// last makes a value that of a series, unless it has a later one.
func (c *counter) last(family string, value float64, of latest, labels ...string) {
	f := c.families[family]
	a := &amount{family: f, labels: labels, all: value, of: of}
	if was, ok := c.out[series(f, labels)]; !ok || of.after(was.of) {
		c.out[series(f, labels)] = a
	}
}

// deployment counts each state that a deployment had, once for each of its teams.
func (c *counter) deployment(d *delivery.Deployment) {
	repo := d.Repository[strings.LastIndexByte(d.Repository, '/')+1:]
	if repo == "" {
		repo = d.Service
	}
	for _, team := range c.setup.ofDeployment(d.Repository, d.Service, d.Environment) {
		for _, s := range d.States {
			labels := []string{repo, d.Environment, team, string(s.Status), strconv.FormatBool(d.Redeployment)}
			c.add(deployments, 1, s.At, labels...)
			if took, ok := age(d, s); ok {
				c.last(duration, took, latest{s.At, s.ToldAt}, labels...)
				c.add(durationSum, took, s.At, labels...)
			}
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

// incident counts an incident once it is over, with how long it took, for each of its
// teams: the mean of both is the time to restore.
func (c *counter) incident(i *delivery.Incident) {
	if i.Gone || !i.ResolvedAt.Known() {
		return
	}
	for _, team := range c.setup.ofIncident(i) {
		c.add(incidents, 1, i.ResolvedAt, i.Project, team)
		if i.StartedAt.Known() && i.ResolvedAt >= i.StartedAt {
			c.add(incidentsSum, between(i.StartedAt, i.ResolvedAt), i.ResolvedAt, i.Project, team)
		}
	}
}

func (c *counter) ticket(t *delivery.Ticket) {
	if t.CreatedAt.Known() {
		c.add(newTickets, 1, t.CreatedAt, t.Type, t.Project)
	}
	if t.ClosedAt.Known() {
		c.add(closedTickets, 1, t.ClosedAt, t.Type, t.Project)
	}
}

func between(from, to delivery.Instant) float64 { return float64(to-from) / 1000 }

// merge adds what other facts come to.
func (c counted) merge(other counted) {
	for key, a := range other {
		was, ok := c[key]
		switch {
		case !ok:
			own := *a
			c[key] = &own
		case a.family.Rises:
			was.all += a.all
			was.later += a.later
		case a.of.after(was.of):
			*was = *a
		}
	}
}
