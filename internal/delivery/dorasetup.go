package delivery

import "time"

// Service is what deployments are of: a repository, or paths of one. It is declared,
// or a repository that no declared service has.
type Service struct {
	Name           string   `json:"name"`
	Repository     string   `json:"repository,omitempty"` // owner/name
	Paths          Patterns `json:"paths,omitempty"`      // of a monorepo; none: all of it
	JiraProjects   Patterns `json:"jira_projects,omitempty"`
	SentryProjects Patterns `json:"sentry_projects,omitempty"`
	Queues         Patterns `json:"tracker_queues,omitempty"`
	// Environments are those that are its own; none: all. Of several services of one
	// repository, a deployment is of those that its environment matches.
	Environments Patterns `json:"environments,omitempty"`
}

// DoraRules are how deployments are read. The zero value is of no use:
// DefaultDoraRules.
type DoraRules struct {
	// Production are names of environments: what equals one of them or goes on
	// behind it with - or /, whatever the case.
	Production []string      `json:"production"`
	Together   time.Duration `json:"together"` // at most this apart, the same sha is one deployment
	Window     time.Duration `json:"window"`   // in which an incident may be a deployment's
	Silence    time.Duration `json:"silence"`  // after which a deployment measures no lead time
	// What makes a change a hotfix.
	HotfixLabels   Patterns `json:"hotfix_labels,omitempty"`
	HotfixBranches Patterns `json:"hotfix_branches,omitempty"`
	HotfixTitles   Patterns `json:"hotfix_titles,omitempty"`
	Bots           Patterns `json:"bots,omitempty"` // names of authors, besides those that the source knows
	// What makes an error group speak against the deployment that brought it: at least
	// this level, "" for DefaultErrorLevel, and this many users.
	ErrorLevel string `json:"error_level,omitempty"`
	ErrorUsers int    `json:"error_users"`
}

// Verdict is what a person says of a deployment's failure. Group is a Group's ID.
type Verdict struct {
	ID       int64  `json:"id"`
	Service  string `json:"service"`
	Group    string `json:"group"`
	Incident string `json:"incident,omitempty"` // "connection/id", "" when it is of the deployment itself
	// Decision is confirm, reject, or link: an incident that nothing else links.
	// Relinking is rejecting one and linking another.
	Decision Decision `json:"decision"`
	Note     string   `json:"note,omitempty"`
	By       string   `json:"by"`
	At       Instant  `json:"at"`
}

// Decision is that of a Verdict.
type Decision string

const (
	Confirm Decision = "confirm"
	Reject  Decision = "reject"
	Link    Decision = "link"
)

// DoraSetup is all that derived rows depend on, besides facts.
type DoraSetup struct {
	Services []Service // declared
	Rules    DoraRules
	// TeamProduction are a team's own names of production, of the services that no
	// other team maps.
	TeamProduction map[string][]string
	Teams          Teams
	Verdicts       []Verdict
	// JiraConnected says that a connection takes Jira's incidents: a service with
	// projects there is watched, though none has come yet.
	JiraConnected bool
	// SentryConnected says that a connection tells of errors: a service with projects
	// there is watched, though none has come yet.
	SentryConnected bool
}
