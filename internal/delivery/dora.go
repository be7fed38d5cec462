package delivery

import "time"

// DeployKind is what a group of deployments is (METRICS: deployment).
type DeployKind string

const (
	KindNormal   DeployKind = "normal"
	KindHotfix   DeployKind = "hotfix"
	KindRollback DeployKind = "rollback"
	KindRedeploy DeployKind = "redeploy"
	KindConfig   DeployKind = "config"
)

// DoraData is what was derived of services, pooled: what panels and lists are made
// from. A service is in it once, however many teams share it.
type DoraData struct {
	Services  []string // those asked for, with facts or not
	Groups    []Group
	Waiting   []WaitingChange
	Incidents []LinkedIncident // each once, whatever services it is of
	// Watched says of which services anything tells of incidents: without, their
	// fail rate is not known.
	Watched map[string]bool
	// First is when production, or what the query asks for, was first deployed to.
	First Instant
	// Firsts are when services were first deployed to production, Linked the incidents
	// that some deployment was found for: of the services read.
	Firsts map[string]Instant
	Linked map[int64]bool

	changes []DoraChunk // decoded one row at a time: there may be a million
	pass    groupFilter
	seen    map[int64]bool     // incidents
	firsts  map[string]Instant // of First, by environment class
}

// Group is one deployment after those of the same sha that belong together were
// grouped.
type Group struct {
	ID          string // of the first deployment in it, see GroupID
	Service     string
	Environment string // class
	SHA         string
	Version     string
	URL         string
	StartedAt   Instant
	FinishedAt  Instant
	Succeeded   bool
	Kind        DeployKind
	Reason      string // id of the kind's reason in the catalogue, dora.kind.<reason>
	Target      string // the Group that it went back to, or that it fixes
	Unplanned   bool
	Deployments []int64 // FactNumber of each
	Names       []string
	Connections []string
	Evidence    []Evidence // that it failed, the first counts
	// Remedy says that it is a confirmed remediation of another one.
	Remedy bool
	// RecoveredAt is when a failed one was recovered from, by confirmed evidence
	// only; 0 while it is open or did not fail. RecoveredAtAny counts suspected
	// evidence, too.
	RecoveredAt    Instant
	RecoveredAtAny Instant
}

// Evidence is a reason to say that a deployment failed.
type Evidence struct {
	Method     string // manual, explicit, rollback, revert, hotfix, sentry, time
	Confidence string // confirmed, suspected, rejected
	Incident   int64  // FactNumber of it, 0 when none is
	Errors     int64  // number of an error group, 0 of all but sentry
	Group      string // the deployment that remedied it, "" when none did
	At         Instant
	Detail     string // what it names: an incident's title, a pull request, a sha
	By         string // who decided, of manual and rejected
}

// DeployedChange is a change with the first successful group that contains it.
type DeployedChange struct {
	Seq         int64 // FactNumber; 0 of a commit that only a range tells of
	Service     string
	Environment string
	Group       string
	Name        string // #12 or a short sha
	SHA         string // of a commit without Seq only, like the title
	Title       string // of a commit without Seq only
	Bot         bool
	How         string // ByRange, ByCommits, ByAncestor or ByTime
	// Excluded is ChangeFirst or ChangeSilence when its deployment measures nothing,
	// else "": what else leaves it out depends on the clock.
	Excluded   string
	StartAt    Instant // the earliest author date of its commits
	CreatedAt  Instant // of the pull request; 0 of a commit
	ReviewedAt Instant
	ApprovedAt Instant
	MergedAt   Instant
	DeployedAt Instant
	Commits    []Instant // author dates
}

// WaitingChange is merged, and in no successful production group.
type WaitingChange struct {
	Seq      int64
	Service  string
	Name     string
	Title    string
	URL      string
	Bot      bool
	MergedAt Instant
}

// LinkedIncident is an incident of a service, with what it is linked to.
type LinkedIncident struct {
	Seq        int64
	Connection string
	Own        bool // it is the service's, not only linked to a deployment of it
	Service    string
	Title      string
	URL        string
	Severity   string
	StartedAt  Instant
	ResolvedAt Instant
	Group      string // that it is linked to, "" when it is to none
	Confidence string // confirmed or suspected, "" when it is linked to none
}

// LeadStart is the clock of change lead time.
type LeadStart string

const (
	FromAuthored LeadStart = "authored" // A: the earliest author date of the change
	FromMerged   LeadStart = "merged"   // B
	FromCommit   LeadStart = "commit"   // C: every commit for itself
)

// Benchmark is a set of levels, by the year of its report; "" for none.
type Benchmark string

const (
	Benchmark2021 Benchmark = "2021"
	Benchmark2023 Benchmark = "2023"
	Benchmark2024 Benchmark = "2024"
)

// DoraQuery is the question of a panel or list of DORA.
type DoraQuery struct {
	Filter
	Services []string // that count: names
	Zone     *time.Location
	Calendar *Calendar // for the second series in business time
	Now      Instant
}
