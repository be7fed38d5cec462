package delivery

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// FactKind is what a FactRow is of.
type FactKind string

const (
	DeploymentFact FactKind = "deployment"
	ChangeFact     FactKind = "change"
	IncidentFact   FactKind = "incident"
	TicketFact     FactKind = "ticket"
)

// FactRow is a deployment, change, incident, ticket or fact of errors as stores keep
// it: rows are equal when nothing changed.
type FactRow struct {
	Kind       FactKind
	Number     int64 // FactNumber
	Connection string
	ID         string
	Repository string
	Service    string
	// Environment is of a deployment or a day of sessions, Project of the others.
	Environment string
	Project     string
	At          Instant // by which it is listed, 0 when nothing says when it was
	Until       Instant // of a ticket, when it was closed; of an error group, LastSeen
	// Flag says that a change was merged, or that an incident or a fact of errors is
	// gone.
	Flag bool
	// State is of a change UpdatedAt once its commits are known, and of an error group
	// a digest of what deployments are judged by.
	State Instant
	Body  string // JSON of all else
}

// Key is a name as it is looked for: whatever its case.
func Key(name string) string { return strings.ToLower(name) }

// Keys are the Key of each name.
func Keys(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = Key(name)
	}
	return out
}

// SaidFact is a fact of a batch that is still to be merged with what is stored.
type SaidFact struct {
	Kind       FactKind
	Number     int64
	Repository string // Key of it, "" of a fact without
	touches    []Touched
	merge      func(stored *FactRow) (FactRow, error)
}

// Touches are the keys whose derived rows depend on what became of the fact.
func (s *SaidFact) Touches(stored, merged *FactRow) []Touched {
	if s.Kind == ErrorGroupFact && stored != nil && stored.State == merged.State {
		return nil
	}
	return s.touches
}

// Merge is what a store keeps of a fact of which it has stored, nil for nothing.
func (s *SaidFact) Merge(stored *FactRow) (FactRow, error) { return s.merge(stored) }

// Facts are the deployments, changes, incidents, tickets and facts of errors of a
// batch. The error says what no store can keep.
func (b *Batch) Facts() ([]SaidFact, error) {
	out := make([]SaidFact, 0, b.Len()-len(b.Issues)-len(b.Runs)-b.ofSeries())
	add := func(kind FactKind, number int64, repository string, touches []Touched, merge func(*FactRow) (FactRow, error)) {
		out = append(out, SaidFact{kind, number, Key(repository), touches, merge})
	}
	for _, d := range b.Deployments {
		d.Connection = b.Connection
		if d.ID == "" || d.Repository == "" && d.Service == "" {
			return nil, fmt.Errorf("deployment %q of %q: it has no id, or is of nothing", d.ID, d.Repository)
		}
		add(DeploymentFact, d.Number(), d.Repository, touches(d.Repository, d.Service), func(stored *FactRow) (FactRow, error) {
			return mergeRow(stored, d, MergeDeployment, (*FactRow).Deployment, (*Deployment).Row)
		})
	}
	for _, c := range b.Changes {
		c.Connection = b.Connection
		if c.ID == "" || c.Repository == "" {
			return nil, fmt.Errorf("change %q of %q: it has no id, or is of nothing", c.ID, c.Repository)
		}
		add(ChangeFact, c.FactNumber(), c.Repository, touches(c.Repository, ""), func(stored *FactRow) (FactRow, error) {
			return mergeRow(stored, c, MergeChange, (*FactRow).Change, (*Change).Row)
		})
	}
	for _, i := range b.Incidents {
		i.Connection = b.Connection
		if i.ID == "" {
			return nil, errors.New("an incident has no id")
		}
		add(IncidentFact, i.Number(), "", []Touched{{Kind: "incidents"}}, func(stored *FactRow) (FactRow, error) {
			return mergeRow(stored, i, MergeIncident, (*FactRow).Incident, (*Incident).Row)
		})
	}
	for _, t := range b.Tickets {
		t.Connection = b.Connection
		if t.ID == "" {
			return nil, errors.New("a ticket has no id")
		}
		add(TicketFact, t.Number(), "", nil, func(stored *FactRow) (FactRow, error) {
			return mergeRow(stored, t, MergeTicket, (*FactRow).Ticket, (*Ticket).Row)
		})
	}
	return out, b.errorFacts(func(kind FactKind, number int64, touches []Touched, merge func(*FactRow) (FactRow, error)) {
		add(kind, number, "", touches, merge)
	})
}

func touches(repository, service string) []Touched {
	var out []Touched
	if repository != "" {
		out = append(out, Touched{Kind: "repository", Key: Key(repository)})
	}
	if service != "" {
		out = append(out, Touched{Kind: "service", Key: Key(service)})
	}
	return out
}

func mergeRow[T any](stored *FactRow, said T, merge func(stored, said T) T, decode func(*FactRow) (T, error), encode func(*T) (FactRow, error)) (FactRow, error) {
	var before T
	if stored != nil {
		var err error
		if before, err = decode(stored); err != nil {
			return FactRow{}, err
		}
	}
	merged := merge(before, said)
	return encode(&merged)
}

// ListedAt is the instant by which a deployment is listed.
func (d *Deployment) ListedAt() Instant {
	return cmp.Or(d.FinishedAt, d.StartedAt, d.CreatedAt, d.UpdatedAt, d.ToldAt)
}

// Row is the deployment as stores keep it.
func (d *Deployment) Row() (FactRow, error) {
	body, err := PlainJSON(d)
	return FactRow{
		Kind: DeploymentFact, Number: d.Number(), Connection: d.Connection, ID: d.ID, Repository: d.Repository, Service: d.Service,
		Environment: d.Environment, At: d.ListedAt(), Body: body,
	}, err
}

// Row is the change as stores keep it.
func (c *Change) Row() (FactRow, error) {
	body, err := PlainJSON(c)
	r := FactRow{
		Kind: ChangeFact, Number: c.FactNumber(), Connection: c.Connection, ID: c.ID, Repository: c.Repository,
		At: cmp.Or(c.MergedAt, c.CreatedAt), Flag: c.MergedAt != 0, Body: body,
	}
	if c.Commits != nil {
		r.State = c.UpdatedAt
	}
	return r, err
}

// Row is the incident as stores keep it.
func (i *Incident) Row() (FactRow, error) {
	body, err := PlainJSON(i)
	return FactRow{
		Kind: IncidentFact, Number: i.Number(), Connection: i.Connection, ID: i.ID, Service: i.Service, Project: i.Project,
		At: cmp.Or(i.StartedAt, i.DetectedAt), Flag: i.Gone, Body: body,
	}, err
}

// Row is the ticket as stores keep it.
func (t *Ticket) Row() (FactRow, error) {
	body, err := PlainJSON(t)
	return FactRow{
		Kind: TicketFact, Number: t.Number(), Connection: t.Connection, ID: t.ID, Project: t.Project,
		At: t.CreatedAt, Until: t.ClosedAt, Body: body,
	}, err
}

func (r *FactRow) into(fact any) error {
	if err := json.Unmarshal([]byte(r.Body), fact); err != nil {
		return fmt.Errorf("stored %s %s: %w", r.Kind, r.ID, err)
	}
	return nil
}

// Deployment is the one that Row was made from.
func (r *FactRow) Deployment() (Deployment, error) {
	var d Deployment
	err := r.into(&d)
	d.Connection, d.ID, d.Repository, d.Service, d.Environment = r.Connection, r.ID, r.Repository, r.Service, r.Environment
	return d, err
}

// Change is the one that Row was made from.
func (r *FactRow) Change() (Change, error) {
	var c Change
	err := r.into(&c)
	c.Connection, c.ID, c.Repository = r.Connection, r.ID, r.Repository
	return c, err
}

// Incident is the one that Row was made from.
func (r *FactRow) Incident() (Incident, error) {
	var i Incident
	err := r.into(&i)
	i.Connection, i.ID, i.Service, i.Project = r.Connection, r.ID, r.Service, r.Project
	return i, err
}

// Ticket is the one that Row was made from.
func (r *FactRow) Ticket() (Ticket, error) {
	var t Ticket
	err := r.into(&t)
	t.Connection, t.ID, t.Project = r.Connection, r.ID, r.Project
	return t, err
}

// Add adds a row to the facts of a service.
func (f *ServiceFacts) Add(r *FactRow) error {
	switch r.Kind {
	case DeploymentFact:
		d, err := r.Deployment()
		f.Deployments = append(f.Deployments, d)
		return err
	case ChangeFact:
		c, err := r.Change()
		f.Changes = append(f.Changes, c)
		return err
	case IncidentFact:
		i, err := r.Incident()
		f.Incidents = append(f.Incidents, i)
		return err
	case ErrorGroupFact:
		g, err := r.ErrorGroup()
		f.ErrorGroups = append(f.ErrorGroups, g)
		return err
	case ReleaseFact:
		release, err := r.Release()
		f.Releases = append(f.Releases, release)
		return err
	}
	return nil
}

// Len is the number of issues, runs, other facts, points and sealed hours of a batch.
func (b *Batch) Len() int {
	return len(b.Issues) + len(b.Runs) + len(b.Deployments) + len(b.Changes) + len(b.Incidents) + len(b.Tickets) +
		len(b.ErrorGroups) + len(b.ErrorProjects) + len(b.EventDays) + len(b.SessionDays) + len(b.Releases) + b.ofSeries()
}

// ofSeries is the number of points and sealed hours.
func (b *Batch) ofSeries() (n int) {
	for i := range b.Points {
		n += len(b.Points[i].At)
	}
	for i := range b.Sealed {
		n += len(b.Sealed[i].Hours)
	}
	return n
}

// OnlySeries reports whether a batch has nothing but points and sealed hours.
func (b *Batch) OnlySeries() bool {
	n := b.ofSeries()
	return n > 0 && b.Len() == n && len(b.Statuses)+len(b.People)+len(b.Names)+len(b.Gone) == 0 && b.Mark == ""
}

// AddFact adds a row to a batch.
func (b *Batch) AddFact(r *FactRow) error {
	if r.Kind == TicketFact {
		t, err := r.Ticket()
		b.Tickets = append(b.Tickets, t)
		return err
	}
	if done, err := b.addErrors(r); done {
		return err
	}
	facts := ServiceFacts{Deployments: b.Deployments, Changes: b.Changes, Incidents: b.Incidents}
	err := facts.Add(r)
	b.Deployments, b.Changes, b.Incidents = facts.Deployments, facts.Changes, facts.Incidents
	return err
}

// Cursor is the place behind a row in a list.
func (r *FactRow) Cursor() string { return Cursor{At: r.At, Number: r.Number}.String() }

// ListedDeployment is Deployment with its place in a list.
func (r *FactRow) ListedDeployment() (ListedDeployment, error) {
	d, err := r.Deployment()
	return ListedDeployment{d, r.Number, r.Cursor()}, err
}

// ListedChange is Change with its place in a list.
func (r *FactRow) ListedChange() (ListedChange, error) {
	c, err := r.Change()
	return ListedChange{c, r.Number, r.Cursor()}, err
}

// ListedIncident is Incident with its place in a list.
func (r *FactRow) ListedIncident() (ListedIncident, error) {
	i, err := r.Incident()
	return ListedIncident{i, r.Number, r.Cursor()}, err
}

// Add adds a value of a kind: repository, service, environment, project or errors.
func (f *DoraFacets) Add(kind string, value Facet) {
	switch kind {
	case "repository":
		f.Repositories = append(f.Repositories, value)
	case "service":
		f.Services = append(f.Services, value)
	case "environment":
		f.Environments = append(f.Environments, value)
	case "project":
		f.Projects = append(f.Projects, value)
	case "errors":
		f.ErrorProjects = append(f.ErrorProjects, value)
	}
}

// Sort puts the values of each kind in order.
func (f *DoraFacets) Sort() {
	for _, values := range [...][]Facet{f.Repositories, f.Services, f.Environments, f.Projects, f.ErrorProjects} {
		slices.SortFunc(values, func(a, b Facet) int { return strings.Compare(a.Key, b.Key) })
	}
}
