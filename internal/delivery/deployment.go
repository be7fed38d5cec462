package delivery

// DeploymentStatus is how a deployment, or one state of it, stands.
type DeploymentStatus string

const (
	DeployQueued   DeploymentStatus = "queued" // waiting, too
	DeployPending  DeploymentStatus = "pending"
	DeployRunning  DeploymentStatus = "in_progress"
	DeploySuccess  DeploymentStatus = "success"
	DeployFailure  DeploymentStatus = "failure"
	DeployError    DeploymentStatus = "error"
	DeployInactive DeploymentStatus = "inactive" // another one took its place
)

// Deployment is one putting of a version into an environment, as a source tells of
// it. It is told apart by (Connection, Repository, Service, ID); attempts are one
// deployment.
type Deployment struct {
	Connection  string `json:"-"`
	ID          string `json:"-"` // the source's
	Repository  string `json:"-"` // owner/name; "" when only a service is said
	Service     string `json:"-"` // by name; "" when only a repository is said
	Environment string `json:"-"` // "" when not said, which is not production

	// Production says that the source calls the environment one of production.
	Production  bool   `json:"production,omitempty"`
	SHA         string `json:"sha,omitempty"`
	Ref         string `json:"ref,omitempty"`
	Version     string `json:"version,omitempty"`
	Description string `json:"description,omitempty"`
	Creator     string `json:"creator,omitempty"`
	URL         string `json:"url,omitempty"`

	CreatedAt Instant `json:"created_at,omitempty"`
	// States are all that were told, by (At, Status), each once.
	States []DeploymentState `json:"states,omitempty"`
	// What follows from the states, or was pushed. StartedAt is the first of being
	// in progress, else CreatedAt; FinishedAt that of the first success, else of the
	// first failure or error; a later inactive changes neither. Status is that of
	// the first success, else of the last state that is not inactive.
	Status     DeploymentStatus `json:"status,omitempty"`
	StartedAt  Instant          `json:"started_at,omitempty"`
	FinishedAt Instant          `json:"finished_at,omitempty"`
	UpdatedAt  Instant          `json:"updated_at,omitempty"` // by the source's clock
	ToldAt     Instant          `json:"told_at,omitempty"`    // when the last of it came here

	Rollback        bool   `json:"rollback,omitempty"`
	Hotfix          bool   `json:"hotfix,omitempty"`
	Unplanned       bool   `json:"unplanned,omitempty"`
	Redeployment    bool   `json:"redeployment,omitempty"`     // as its payload says
	FixesDeployment string `json:"fixes_deployment,omitempty"` // an id, a version or a sha
	Impact          string `json:"impact,omitempty"`           // free text of the push: who felt it

	// Rule is the rule of the connection's settings by which something else, as a
	// job or a release, was taken for a deployment; "" for what the source itself
	// calls one.
	Rule string `json:"rule,omitempty"`

	// Range is what it brought, as the source compares it with the successful one of
	// the same environment before; nil while it is not known.
	Range *CommitRange `json:"range,omitempty"`
	// HeadStart is the earliest author date of the change that SHA belongs to, for
	// the deployment's age at each of its states; 0 while it is not known.
	HeadStart Instant `json:"head_start,omitempty"`

	// Part says that this is a part only of what its source knows, as a hook tells
	// it. It is not stored.
	Part bool `json:"-"`
}

// DeploymentState is a status that a deployment had.
type DeploymentState struct {
	Status DeploymentStatus `json:"status"`
	At     Instant          `json:"at"`
	ToldAt Instant          `json:"told_at,omitempty"` // when it first came here
	URL    string           `json:"url,omitempty"`
}

// CommitRange is Base...the deployment's SHA.
type CommitRange struct {
	Base    string   `json:"base,omitempty"` // "" when commits were pushed with the deployment
	Commits []Commit `json:"commits,omitempty"`
	// Behind says that SHA is a strict ancestor of Base: it went back.
	Behind bool `json:"behind,omitempty"`
	// Cut says that there are more commits than are told.
	Cut bool `json:"cut,omitempty"`
}

// Commit is one of a change or of a range.
type Commit struct {
	SHA        string  `json:"sha"`
	AuthoredAt Instant `json:"authored_at,omitempty"`
	Author     string  `json:"author,omitempty"`
	Message    string  `json:"message,omitempty"` // the first line, and what it reverts
	Bot        bool    `json:"bot,omitempty"`
}

// Change is a pull request, or a commit that was pushed to a branch without one. It
// is told apart by (Connection, Repository, ID). Only merged ones are measured.
type Change struct {
	Connection string `json:"-"`
	Repository string `json:"-"`
	ID         string `json:"-"` // "12" of a pull request, the sha of a commit

	Number int64    `json:"number,omitempty"` // of a pull request; 0 of a commit
	Title  string   `json:"title,omitempty"`
	Author string   `json:"author,omitempty"`
	Bot    bool     `json:"bot,omitempty"`
	Head   string   `json:"head,omitempty"` // branches
	Base   string   `json:"base,omitempty"`
	Labels []string `json:"labels,omitempty"`
	URL    string   `json:"url,omitempty"`

	CreatedAt Instant `json:"created_at,omitempty"`
	// ReviewedAt is the first review by somebody else, ApprovedAt the last approval.
	ReviewedAt Instant `json:"reviewed_at,omitempty"`
	ApprovedAt Instant `json:"approved_at,omitempty"`
	MergedAt   Instant `json:"merged_at,omitempty"` // 0 while it is not merged; of a commit, when it was pushed
	ClosedAt   Instant `json:"closed_at,omitempty"`
	UpdatedAt  Instant `json:"updated_at,omitempty"`
	MergeSHA   string  `json:"merge_sha,omitempty"`
	// Commits are its own, nil while they are not known.
	Commits []Commit `json:"commits,omitempty"`
	// Paths are the files that it touches, nil while they are not known.
	Paths []string `json:"paths,omitempty"`

	Part bool `json:"-"` // as of a Deployment
}

// Incident is something that broke, or was told to have. It is told apart by
// (Connection, ID).
type Incident struct {
	Connection string `json:"-"`
	ID         string `json:"-"`
	Service    string `json:"-"` // by name; "" when not said
	Project    string `json:"-"` // of Jira, or the Tracker's queue; "" when not said

	Title      string   `json:"title,omitempty"`
	Severity   string   `json:"severity,omitempty"`
	StartedAt  Instant  `json:"started_at,omitempty"`
	DetectedAt Instant  `json:"detected_at,omitempty"`
	ResolvedAt Instant  `json:"resolved_at,omitempty"` // 0 while it is open
	UpdatedAt  Instant  `json:"updated_at,omitempty"`  // by the source's clock; 0 when it has none
	ToldAt     Instant  `json:"told_at,omitempty"`
	Deployment string   `json:"deployment,omitempty"` // what caused it: an id
	Version    string   `json:"version,omitempty"`
	SHA        string   `json:"sha,omitempty"`
	URL        string   `json:"url,omitempty"`
	Teams      []string `json:"teams,omitempty"` // as the source names them
	// Gone says that it is none any more: it stays stored, and is in no answer.
	Gone bool `json:"gone,omitempty"`
	// Whole says that this is all of it: what is empty is so, whatever was said
	// before.
	Whole bool `json:"whole,omitempty"`
	// Repeated says that it may have been told before: it began when it was first
	// told, unless it was resolved since. Without a beginning it is none: of what
	// ended, not all was an incident. It is not stored.
	Repeated bool `json:"-"`
}

// Ticket is a ticket of Jira that is counted only.
type Ticket struct {
	Connection string  `json:"-"`
	ID         string  `json:"-"`
	Project    string  `json:"-"`
	Type       string  `json:"type,omitempty"`
	CreatedAt  Instant `json:"created_at,omitempty"` // 0 when only its end was told
	ClosedAt   Instant `json:"closed_at,omitempty"`
	ToldAt     Instant `json:"told_at,omitempty"`
}
