package delivery

import (
	"context"
	"iter"
)

// DoraStore keeps the facts of deployments and what was derived from them. Derived
// rows are made by Deriver, a service at a time, and kept as chunks that only this
// package reads, so that every store gives the same answers.
type DoraStore interface {
	// ServiceFacts are all facts of these repositories and named services, the error
	// groups and releases of these projects, and every incident; what is gone is left
	// out, and texts that no rule reads may be missing.
	ServiceFacts(ctx context.Context, keys ServiceKeys) (ServiceFacts, error)
	// DoraTouched are keys whose facts changed since they were derived. Each has the
	// number of its last change, for DoraSettled.
	DoraTouched(ctx context.Context) ([]Touched, error)
	// DoraSettled forgets keys that have not changed again.
	DoraSettled(ctx context.Context, keys []Touched) error

	// DoraStates are the setups that services were derived by, by service.
	DoraStates(ctx context.Context) (map[string]string, error)
	// PutDora replaces what was derived of a service: those chunks are written whose
	// Sum is not stored, and those not among them are removed.
	PutDora(ctx context.Context, d DerivedService) error
	// DropDora removes what was derived of services.
	DropDora(ctx context.Context, services []string) error
	// DoraChunks yields chunks by (Service, Environment, Part, Month).
	DoraChunks(ctx context.Context, q ChunkQuery) iter.Seq2[DoraChunk, error]

	// Lists are ordered by (At of the fact, Seq), newest first.
	Deployments(ctx context.Context, q DoraListQuery) iter.Seq2[ListedDeployment, error]
	Changes(ctx context.Context, q DoraListQuery) iter.Seq2[ListedChange, error]
	Incidents(ctx context.Context, q DoraListQuery) iter.Seq2[ListedIncident, error]
	// Tickets are those created or closed in the range.
	Tickets(ctx context.Context, q DoraListQuery) iter.Seq2[Ticket, error]
	// Deployment, Incident: one by Seq; ErrNotFound.
	Deployment(ctx context.Context, seq int64) (ListedDeployment, error)
	Incident(ctx context.Context, seq int64) (ListedIncident, error)
	DoraFacets(ctx context.Context) (DoraFacets, error)
	// DeploymentsOf are those of a connection's repository, without the commits of
	// their ranges but their number kept by the Base; for the source, to see what is
	// still to be asked for.
	DeploymentsOf(ctx context.Context, connection, repository string) ([]Deployment, error)
	// DeployedRepositories are those of a connection that deployments were told of.
	DeployedRepositories(ctx context.Context, connection string) ([]string, error)
	// ChangeStates are what is stored of pull requests of a repository, by ID: their
	// UpdatedAt, 0 while commits are not known.
	ChangeStates(ctx context.Context, connection, repository string) (map[string]Instant, error)
}

// ServiceKeys say whose facts are asked for.
type ServiceKeys struct {
	Repositories []string // whatever their case
	Services     []string
	// ErrorProjects are slugs. Lists leave them out of account.
	ErrorProjects []string
}

// ServiceFacts are the facts that DeriveService reads.
type ServiceFacts struct {
	Deployments []Deployment
	Changes     []Change
	Incidents   []Incident
	ErrorGroups []ErrorGroup
	Releases    []Release
}

// Touched is a repository, a service by name, incidents (Kind "incidents", no Key), or
// a project of errors (TouchedErrors), whose facts changed.
type Touched struct {
	Kind   string // repository, service, incidents, errors
	Key    string
	Number int64
}

// DerivedService is all that is derived of a service.
type DerivedService struct {
	Service string
	Setup   string // digest of what it was derived by
	Chunks  []DoraChunk
}

// DoraChunk is the derived rows of a service, an environment class and a month, of
// one part. Body is what this package encodes.
type DoraChunk struct {
	Service     string
	Environment string // Production, or the name in lower case
	Part        DoraPart
	Month       int // months since 1970-01 in UTC; 0 of what has no time
	Sum         uint64
	Body        []byte
}

// DoraPart is what a chunk holds.
type DoraPart string

const (
	PartGroups     DoraPart = "groups"     // deployments, grouped, with kind and evidence; by FinishedAt
	PartChanges    DoraPart = "changes"    // deployed ones, by DeployedAt
	PartUndeployed DoraPart = "undeployed" // merged and not deployed
	PartIncidents  DoraPart = "incidents"  // of the service, by StartedAt; Environment is ""
)

// Production is the environment class of all that is production.
const Production = "production"

// ChunkQuery asks for chunks.
type ChunkQuery struct {
	Services     []string // nil for all
	Environments []string // classes; nil for all
	Parts        []DoraPart
	From, To     int // months, both included; chunks of month 0 always are
}

// DoraListQuery asks for facts whose instant is in [From, To): FinishedAt, else
// StartedAt, else CreatedAt of a deployment; MergedAt, else CreatedAt of a change;
// StartedAt of an incident. Keys nil is all; Projects are of incidents and tickets.
type DoraListQuery struct {
	From, To     Instant
	Connections  []string
	Keys         *ServiceKeys
	Projects     []string // beside Keys, of incidents: of either
	Environments []string // names, whatever their case
	Merged       bool     // of changes: merged ones only
	Limit        int      // 0: all
	After        string   // a Cursor
}

// ListedDeployment, ListedChange and ListedIncident are facts with their number,
// FactNumber, and the cursor behind them.
type ListedDeployment struct {
	Deployment
	Seq    int64
	Cursor string
}

type ListedChange struct {
	Change
	Seq    int64
	Cursor string
}

type ListedIncident struct {
	Incident
	Seq    int64
	Cursor string
}

// DoraFacets are values found in the facts, with the number of deployments, or of
// incidents of projects.
type DoraFacets struct {
	Repositories []Facet
	Services     []Facet // named by deployments and incidents themselves
	Environments []Facet
	Projects     []Facet // of incidents
	// ErrorProjects are projects of errors, with the number of their groups.
	ErrorProjects []Facet
}
