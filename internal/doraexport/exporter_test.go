package doraexport

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

// fakeFacts are facts in memory.
type fakeFacts struct {
	deployments []delivery.Deployment
	incidents   []delivery.Incident
	tickets     []delivery.Ticket
	away        error
	asked       int // lists of deployments
}

func (f *fakeFacts) DoraFacets(context.Context) (facets delivery.DoraFacets, err error) {
	for _, d := range f.deployments {
		if d.Service != "" {
			facets.Services = append(facets.Services, delivery.Facet{Key: d.Service, Count: 1})
		}
	}
	return facets, f.away
}

func (f *fakeFacts) DeployedRepositories(_ context.Context, connection string) (out []string, err error) {
	for _, d := range f.deployments {
		if d.Connection == connection && d.Repository != "" && !slices.Contains(out, d.Repository) {
			out = append(out, d.Repository)
		}
	}
	return out, f.away
}

func (f *fakeFacts) DeploymentsOf(_ context.Context, connection, repository string) (out []delivery.Deployment, err error) {
	f.asked++
	for _, d := range f.deployments {
		if d.Connection == connection && strings.EqualFold(d.Repository, repository) {
			out = append(out, d)
		}
	}
	return out, f.away
}

func (f *fakeFacts) Deployments(_ context.Context, q delivery.DoraListQuery) iter.Seq2[delivery.ListedDeployment, error] {
	return func(yield func(delivery.ListedDeployment, error) bool) {
		if f.away != nil {
			yield(delivery.ListedDeployment{}, f.away)
			return
		}
		for _, d := range f.deployments {
			if slices.Contains(q.Connections, d.Connection) && slices.Contains(q.Keys.Services, d.Service) && !yield(delivery.ListedDeployment{Deployment: d}, nil) {
				return
			}
		}
	}
}

func (f *fakeFacts) Incidents(_ context.Context, q delivery.DoraListQuery) iter.Seq2[delivery.ListedIncident, error] {
	return func(yield func(delivery.ListedIncident, error) bool) {
		for _, i := range f.incidents {
			if slices.Contains(q.Connections, i.Connection) && !yield(delivery.ListedIncident{Incident: i}, nil) {
				return
			}
		}
	}
}

func (f *fakeFacts) Tickets(_ context.Context, q delivery.DoraListQuery) iter.Seq2[delivery.Ticket, error] {
	return func(yield func(delivery.Ticket, error) bool) {
		for _, i := range f.tickets {
			if slices.Contains(q.Connections, i.Connection) && !yield(i, nil) {
				return
			}
		}
	}
}

// fakeMemory is what a control database keeps.
type fakeMemory struct {
	kept map[string]Kept
	full error
}

func (m *fakeMemory) Load(context.Context) (out []Kept, err error) {
	for _, k := range m.kept {
		out = append(out, k)
	}
	return out, nil
}

func (m *fakeMemory) Save(_ context.Context, shown []Sample) error {
	if m.full != nil {
		return m.full
	}
	for _, s := range shown {
		key := fmt.Sprint(s.Family, s.Labels)
		k := m.kept[key]
		k.Sample = s
		m.kept[key] = k
	}
	return nil
}

func (m *fakeMemory) takeOver(at delivery.Instant, family string, value float64, labels ...string) {
	m.kept[fmt.Sprint(family, labels)] = Kept{Sample{family, labels, value}, value, at}
}

// rig is an exporter over facts in memory.
type rig struct {
	*Exporter
	facts  *fakeFacts
	memory *fakeMemory
	setup  *Setup
}

func newRig() *rig {
	r := &rig{facts: &fakeFacts{}, memory: &fakeMemory{kept: map[string]Kept{}}, setup: &Setup{
		GitHub: []string{"gh"}, Pushed: []string{"ci"}, Jira: []string{"jira"},
		Teams: delivery.Teams{{Name: "Core", Repositories: delivery.Patterns{"acme/shop"}, JiraProjects: delivery.Patterns{"PAY"}}},
	}}
	r.restart()
	return r
}

func (r *rig) restart() {
	r.Exporter = New(r.facts, func(context.Context) (Setup, error) { return *r.setup, nil }, r.memory)
}

// want updates and compares all samples, as text.
func (r *rig) want(t *testing.T, what string, lines ...string) {
	t.Helper()
	if err := r.Update(t.Context()); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	var got []string
	for _, s := range r.Samples() {
		f, _ := familyOf(s.Family)
		got = append(got, fmt.Sprintf("%s %g", series(&f, s.Labels), s.Value))
	}
	lines = slices.Sorted(slices.Values(lines))
	slices.Sort(got)
	if d := cmp.Diff(lines, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// line is the text of a sample of a deployment of shop in production.
func line(family, team, status string, value float64) string {
	return fmt.Sprintf(`%s{repo="shop",environment="production",team=%q,status=%q,redeployment="false"} %g`, family, team, status, value)
}

// deploy stores a deployment of acme/shop and tells of it.
func (r *rig) deploy(id string, headStart delivery.Instant, states ...delivery.DeploymentState) {
	r.put(delivery.Deployment{Connection: "gh", ID: id, Repository: "acme/shop", Environment: "production", HeadStart: headStart, States: states})
}

func (r *rig) put(d delivery.Deployment) {
	at := slices.IndexFunc(r.facts.deployments, func(o delivery.Deployment) bool {
		return o.Connection == d.Connection && o.ID == d.ID && o.Repository == d.Repository && o.Service == d.Service
	})
	if at < 0 {
		at = len(r.facts.deployments)
		r.facts.deployments = append(r.facts.deployments, d)
	}
	r.facts.deployments[at] = d
	r.Touched(&delivery.Batch{Connection: d.Connection, Deployments: []delivery.Deployment{d}})
}

func at(status delivery.DeploymentStatus, at delivery.Instant) delivery.DeploymentState {
	return delivery.DeploymentState{Status: status, At: at, ToldAt: at}
}

func TestDeployments(t *testing.T) {
	const start = 100_000
	r := newRig()
	r.want(t, "nothing")
	r.deploy("1", start, at("queued", 110_000), at("pending", 111_000), at("in_progress", 112_000), at("success", 130_000), at("inactive", 190_000))
	first := []string{
		line(deployments, "Core", "queued", 1), line(deployments, "Core", "pending", 1), line(deployments, "Core", "in_progress", 1),
		line(deployments, "Core", "success", 1), line(deployments, "Core", "inactive", 1),
		line(durationSum, "Core", "in_progress", 12), line(durationSum, "Core", "success", 30),
		line(duration, "Core", "in_progress", 12), line(duration, "Core", "success", 30),
	}
	r.want(t, "each state once", first...)
	r.restart()
	r.want(t, "after a restart", first...)

	r = newRig()
	r.deploy("1", 0, at("failure", 120_000))
	r.want(t, "no start is no sample", line(deployments, "Core", "failure", 1))
	r.deploy("1", start, at("failure", 120_000))
	r.want(t, "until it is known", line(deployments, "Core", "failure", 1), line(durationSum, "Core", "failure", 20), line(duration, "Core", "failure", 20))
	r.deploy("2", start+90_000, at("failure", 120_000))
	r.want(t, "skewed", line(deployments, "Core", "failure", 2), line(durationSum, "Core", "failure", 20), line(duration, "Core", "failure", 20))
	r.deploy("3", start, at("failure", 115_000))
	r.want(t, "an earlier one later", line(deployments, "Core", "failure", 3), line(durationSum, "Core", "failure", 35), line(duration, "Core", "failure", 20))
}

func TestLastDurationByArrival(t *testing.T) {
	r := newRig()
	r.deploy("1", 100_000, delivery.DeploymentState{Status: "error", At: 120_000, ToldAt: 150_000})
	r.deploy("2", 110_000, delivery.DeploymentState{Status: "error", At: 120_000, ToldAt: 140_000})
	r.want(t, "of one instant", line(deployments, "Core", "error", 2), line(durationSum, "Core", "error", 30), line(duration, "Core", "error", 20))
}

func TestWhatCounts(t *testing.T) {
	r := newRig()
	r.setup.Teams = delivery.Teams{
		{Name: "A", Repositories: delivery.Patterns{"acme/shop"}},
		{Name: "B", Services: delivery.Patterns{"till"}},
	}
	r.setup.Services = []delivery.Service{{Name: "till", Repository: "acme/shop"}}
	r.setup.Owners = map[string]string{"acme/api": "group:default/platform"}
	success := []delivery.DeploymentState{at("success", 5)}
	for _, d := range []delivery.Deployment{
		{Connection: "gh", ID: "1", Repository: "Acme/shop", States: success},
		{Connection: "gh", ID: "2", Repository: "acme/api", States: success, Redeployment: true},
		{Connection: "gh", ID: "3", Repository: "acme/api", States: success, Rule: "job:deploy"},
		{Connection: "ci", ID: "4", Service: "till", States: success},
		{Connection: "ci", ID: "5", Service: "other", Environment: "live", States: success},
		{Connection: "ci", ID: "6", Repository: "acme/web", States: success},
		{Connection: "tracker", ID: "7", Repository: "acme/web", States: success},
	} {
		r.put(d)
	}
	sample := func(repo, environment, team, redeployment string) string {
		return fmt.Sprintf(`github_deployments_total{repo=%q,environment=%q,team=%q,status="success",redeployment=%q} 1`, repo, environment, team, redeployment)
	}
	want := []string{
		sample("shop", "", "A", "false"), sample("shop", "", "B", "false"), sample("api", "", "group:default/platform", "true"),
		sample("till", "", "A", "false"), sample("till", "", "B", "false"), sample("other", "live", "Unknown", "false"), sample("web", "", "Unknown", "false"),
	}
	r.want(t, "told", want...)
	r.restart()
	r.want(t, "read", want...)
}

// TestNeverFalls: whatever becomes of facts and teams, and over restarts.
func TestNeverFalls(t *testing.T) {
	r := newRig()
	r.deploy("1", 0, at("success", 10))
	r.deploy("2", 0, at("success", 20))
	r.want(t, "two", line(deployments, "Core", "success", 2))
	r.facts.deployments = r.facts.deployments[:1]
	r.Touched(&delivery.Batch{Connection: "gh", Deployments: r.facts.deployments})
	r.want(t, "one of them is gone", line(deployments, "Core", "success", 2))
	r.restart()
	r.want(t, "after a restart", line(deployments, "Core", "success", 2))
	r.setup.Teams[0].Name = "Pay"
	r.want(t, "another team", line(deployments, "Core", "success", 2), line(deployments, "Pay", "success", 1))
	r.setup.Teams[0].Name = "Core"
	r.deploy("3", 0, at("success", 30))
	r.deploy("4", 0, at("success", 40))
	r.want(t, "the team comes back", line(deployments, "Core", "success", 3), line(deployments, "Pay", "success", 1))
}

func TestTakenOver(t *testing.T) {
	labels := []string{"shop", "production", "Core", "success", "false"}
	r := newRig()
	r.memory.takeOver(1000, deployments, 120, labels...)
	r.want(t, "at once", line(deployments, "Core", "success", 120))
	r.deploy("1", 0, at("success", 500))
	r.want(t, "what was counted already", line(deployments, "Core", "success", 120))
	r.deploy("2", 0, at("success", 1500))
	r.want(t, "what came since", line(deployments, "Core", "success", 121))
	r.memory.takeOver(2000, deployments, 130, labels...)
	r.want(t, "once more, beside the program", line(deployments, "Core", "success", 130))
	for i := range 200 {
		r.deploy(fmt.Sprint("old", i), 0, at("success", 100))
	}
	r.want(t, "more than was counted", line(deployments, "Core", "success", 202))
}

func TestIncidentsAndTickets(t *testing.T) {
	r := newRig()
	tell := func(incidents ...delivery.Incident) {
		r.facts.incidents = incidents
		r.Touched(&delivery.Batch{Connection: "jira", Incidents: incidents})
	}
	incident := func(project string, started, resolved delivery.Instant, teams ...string) delivery.Incident {
		return delivery.Incident{Connection: "jira", Project: project, StartedAt: started, ResolvedAt: resolved, Teams: teams}
	}
	sample := func(family, project, team string, value float64) string {
		return fmt.Sprintf("%s{project=%q,team=%q} %g", family, project, team, value)
	}
	tell(incident("PAY", 10_000, 0), incident("PAY", 10_000, 70_000), incident("OPS", 10_000, 20_000, "X", "Y"), incident("", 30_000, 20_000))
	want := []string{
		sample(incidents, "PAY", "Core", 1), sample(incidentsSum, "PAY", "Core", 60),
		sample(incidents, "OPS", "X", 1), sample(incidentsSum, "OPS", "X", 10), sample(incidents, "OPS", "Y", 1), sample(incidentsSum, "OPS", "Y", 10),
		sample(incidents, "", "Unknown", 1),
	}
	r.want(t, "what is over counts", want...)
	tell(incident("PAY", 10_000, 0), incident("PAY", 10_000, 0))
	r.want(t, "opened again", want...)
	tell(incident("PAY", 10_000, 0), incident("PAY", 10_000, 110_000))
	want[1] = sample(incidentsSum, "PAY", "Core", 100)
	r.want(t, "over again, once", want...)

	r.facts.tickets = []delivery.Ticket{
		{Connection: "jira", ID: "1", Project: "DEV", Type: "Bug", CreatedAt: 1},
		{Connection: "jira", ID: "2", Project: "DEV", Type: "Bug", ClosedAt: 2},
		{Connection: "jira", ID: "3", Project: "DEV", Type: "Bug", CreatedAt: 1, ClosedAt: 2},
	}
	r.Touched(&delivery.Batch{Connection: "jira", Tickets: r.facts.tickets})
	r.want(t, "tickets", append(want, `jira_new_tickets{type="Bug",project="DEV"} 2`, `jira_closed_tickets{type="Bug",project="DEV"} 2`)...)
}

// TestAway: while the facts cannot be read, or what was counted cannot be kept, what
// was shown stays, and nothing that was told meanwhile is lost.
func TestAway(t *testing.T) {
	away := errors.New("away")
	r := newRig()
	r.facts.away = away
	if err := r.Update(t.Context()); !errors.Is(err, away) || r.Rebuilt() {
		t.Fatalf("%v", err)
	}
	r.facts.away = nil
	r.deploy("1", 0, at("success", 10))
	one := line(deployments, "Core", "success", 1)
	r.want(t, "back", one)
	for _, fault := range []*error{&r.facts.away, &r.memory.full} {
		*fault = away
		r.deploy(fmt.Sprint(fault), 0, at("success", 20))
		before := r.Samples()
		if err := r.Update(t.Context()); !errors.Is(err, away) || !r.Rebuilt() {
			t.Fatalf("%v", err)
		}
		if d := cmp.Diff(before, r.Samples()); d != "" {
			t.Error(d)
		}
		*fault = nil
	}
	r.want(t, "all of it", line(deployments, "Core", "success", 3))
}

// TestIdle: what has not changed is not read again.
func TestIdle(t *testing.T) {
	r := newRig()
	r.deploy("1", 0, at("success", 10))
	r.put(delivery.Deployment{Connection: "gh", ID: "9", Repository: "acme/web", States: []delivery.DeploymentState{at("success", 1)}})
	one := []string{line(deployments, "Core", "success", 1), `github_deployments_total{repo="web",environment="",team="Unknown",status="success",redeployment="false"} 1`}
	r.want(t, "all", one...)
	asked := r.facts.asked
	r.want(t, "nothing new", one...)
	r.Touched(&delivery.Batch{Connection: "gh", Issues: []delivery.IssueRecord{{}}})
	r.want(t, "nothing of ours", one...)
	if r.facts.asked != asked {
		t.Errorf("%d lists were read", r.facts.asked-asked)
	}
	r.deploy("1", 0, at("success", 10))
	r.want(t, "one repository", one...)
	if r.facts.asked != asked+1 {
		t.Errorf("%d lists were read", r.facts.asked-asked)
	}
}
