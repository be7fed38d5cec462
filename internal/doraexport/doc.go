// Package doraexport counts facts as dora-exporter did, under its names and labels, for
// the dashboards that were made on those. What is counted never falls, whatever becomes
// of the facts, and over restarts. It knows nothing of HTTP or Prometheus.
package doraexport

// Family is a metric of dora-exporter. Names, types, labels and helps are its own,
// oddities included: jira_incidents is a counter without _total.
type Family struct {
	Name, Help string
	Counter    bool // else it is a gauge
	Labels     []string
	// Rises says that it is added to only: it never falls then, gauge or not, since
	// dashboards take its increase.
	Rises bool
}

// Names of families.
const (
	deployments   = "github_deployments_total"
	duration      = "github_deployments_duration"
	durationSum   = "github_deployments_duration_sum"
	incidents     = "jira_incidents"
	incidentsSum  = "jira_incidents_duration_sum"
	newTickets    = "jira_new_tickets"
	closedTickets = "jira_closed_tickets"
)

// Families are all of them.
func Families() []Family {
	deployment := []string{"repo", "environment", "team", "status", "redeployment"}
	incident, ticket := []string{"project", "team"}, []string{"type", "project"}
	return []Family{
		{deployments, "The amount of successful deployments.", true, deployment, true},
		{duration, "The last deployments duration", false, deployment, false},
		{durationSum, "The last deployments duration sum", false, deployment, true},
		{incidents, "The amount of incidents.", true, incident, true},
		{incidentsSum, "The amount of incidents.", false, incident, true},
		{newTickets, "The amount of new tickets.", true, ticket, true},
		{closedTickets, "The amount of closed tickets.", true, ticket, true},
	}
}

// familyOf is the one of a name; false when there is none.
func familyOf(name string) (Family, bool) {
	for _, f := range Families() {
		if f.Name == name {
			return f, true
		}
	}
	return Family{}, false
}

// Sample is a value of a family. Labels are values in the order of its labels.
type Sample struct {
	Family string
	Labels []string
	Value  float64
}

// unknown is the team of what no team maps.
const unknown = "Unknown"
