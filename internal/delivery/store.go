package delivery

import (
	"context"
	"errors"
	"iter"
)

// ErrNotFound is returned for a record that the store does not hold.
var ErrNotFound = errors.New("not found")

// ErrUnavailable is returned by a store that cannot be reached now: whatever was
// asked may be asked again later.
var ErrUnavailable = errors.New("the fact store does not answer")

// Batch is what one page of a source says. Write stores all of it or nothing.
type Batch struct {
	Connection string
	Statuses   []Status
	// People are upserted by id; who is not among them stays.
	People []Person
	// Names are worked into those that the store has learned from records.
	Names  []Name
	Issues []IssueRecord
	// Gone are ids of issues that the source no longer has.
	Gone []string
	// Runs are upserted by (Project, ID): the later attempt wins, of one attempt
	// the one updated later, or said later if both were updated at once, and what
	// says the same or is older changes nothing. MergeRun says what becomes of a
	// run that is a Part, and what a whole one leaves of them. A run without ID or
	// Project is an error.
	Runs []Run
	// Deployments, Changes, Incidents, Tickets and all that is of errors are upserted
	// by what tells them apart, merged with what is stored by MergeDeployment and its
	// like: the same told again, or in another order, comes to the same.
	Deployments   []Deployment
	Changes       []Change
	Incidents     []Incident
	Tickets       []Ticket
	ErrorGroups   []ErrorGroup
	ErrorProjects []ErrorProject
	EventDays     []EventDay
	SessionDays   []SessionDay
	Releases      []Release
	// Points are of custom series. Unlike the rest they do not change Version: they
	// come all the time, and no answer but those of a SeriesStore depends on them.
	Points []Points
	// Sealed are of custom series too: an export has them, no source does.
	Sealed []SealedHours
	// Mark is what Mark says from then on: a batch without one takes it away, unless
	// it has nothing but Points and Sealed.
	Mark string
}

// ExportBytes is about how much text of issues and events Store.Export returns at
// once.
const ExportBytes = 16 << 20

// IssueRecord is an issue with what is new of its changelog.
type IssueRecord struct {
	Issue
	// Fingerprint is the source's digest of the issue as it mapped it, to
	// recognise an unchanged one. 0 is never equal to any.
	Fingerprint uint64
	// Events are upserted by ID. With Replace they are the whole changelog,
	// and stored events that are not among them are removed.
	Events  []Event
	Replace bool
	// Full says that the events hold every changelog entry with its fields;
	// otherwise only transitions and moves are kept.
	Full bool
	// Former are keys that the issue had, besides Aliases.
	Former []string
	// Gone says that the source no longer has the issue.
	Gone bool
}

// IssueState is what a source needs to know of a stored issue to skip work.
type IssueState struct {
	ID              string
	Key             string
	Queue           string
	Version         int64
	UpdatedAt       Instant
	StatusStartedAt Instant
	StatusKey       string
	Fingerprint     uint64
	Full            bool
	Events          int    // stored
	LastEventID     string // of the newest stored event, "" when none
	LastOrdinal     int    // of the newest stored event, -1 when none
	Gone            bool
}

// Written counts what a Write changed.
type Written struct {
	Inserted, Updated, Unchanged, Gone int
}

// IssueDetail is a stored issue with its changelog, ordered by (At, Ordinal).
type IssueDetail struct {
	Issue
	Full   bool
	Events []Event
}

// IssueState filters for lists.
type ListState string

const (
	// ListCreated lists issues created in the range.
	ListCreated ListState = ""
	// ListClosed lists issues closed in the range.
	ListClosed ListState = "closed"
	// ListOpen lists issues that were open at some time in the range, see
	// OpenDuring.
	ListOpen ListState = "open"
)

// IssueQuery asks for a list of issues, ordered by (CreatedAt, store id).
type IssueQuery struct {
	Filter
	State ListState
	Limit int     // 0: all
	After string  // cursor of the page before, "" for the first
	Now   Instant // where ListOpen cuts the range: later is not known; 0: nowhere
}

// ListedIssue is an issue with its flow, without its changelog.
type ListedIssue struct {
	Issue
	Flow
	MovedAt Instant
	MovedBy Ref
	Cursor  string // pass as IssueQuery.After to go on behind this one
}

// StatusInUse is a status found in the data.
type StatusInUse struct {
	Status        // Connection is empty: statuses are merged by key
	Queue  string // statuses are listed per queue of the issues
	Issues int    // issues that are in it now
	Visits int    // periods in it, over all issues
}

// Facet is a value to filter by with the number of issues that have it.
type Facet struct {
	Key   string
	Name  string
	Count int
}

// Facets are the values of the issue filters found in the data.
type Facets struct {
	Connections []Facet
	Queues      []Facet
	Types       []Facet
	Resolutions []Facet // not filtered by: the workflow leaves some of them out
}

// Store keeps facts and answers the metrics' questions about them. Every
// implementation passes storetest. Gone issues are in no answer but IssueStates.
type Store interface {
	// Write stores a batch and derives periods and flow of each issue in it,
	// in one transaction. Writing a batch again changes nothing.
	Write(ctx context.Context, b Batch) (Written, error)
	// IssueStates returns what is stored of those of ids that are stored.
	IssueStates(ctx context.Context, connection string, ids []string) (map[string]IssueState, error)
	// IssueIDs yields id and key of every issue that is not gone, by id.
	IssueIDs(ctx context.Context, connection string) iter.Seq2[IssueState, error]

	// SetWorkflow makes w the meaning of statuses. When the class of any stored
	// stay changes, Rebuild has work; until it is done every answer is by the
	// meaning before. Of teams, names and queues matter.
	SetWorkflow(ctx context.Context, w Workflows) error
	// Rebuild derives what a changed workflow needs, in small transactions.
	// It returns early with ctx's error and goes on from there when called
	// again, by this process or the next. progress may be nil.
	Rebuild(ctx context.Context, progress func(done, total int)) error
	// Rebuilding reports whether Rebuild has work left.
	Rebuilding(ctx context.Context) (bool, error)

	// Identity is a random text that the store was given when it was made, and
	// that no other has: cursors are of use only with the facts behind them.
	Identity(ctx context.Context) (string, error)
	// Version changes whenever an answer may have changed.
	Version(ctx context.Context) (int64, error)

	Issue(ctx context.Context, keyOrAlias string) (IssueDetail, error)
	Issues(ctx context.Context, q IssueQuery) iter.Seq2[ListedIssue, error]
	StatusesInUse(ctx context.Context) ([]StatusInUse, error)
	Facets(ctx context.Context) (Facets, error)
	// Queues are the keys of all queues that issues are or were in, in order.
	Queues(ctx context.Context) ([]string, error)
	// StatusTypes are the types of statuses by key, as the connection's
	// dictionary has them.
	StatusTypes(ctx context.Context, connection string) (map[string]string, error)

	CycleTime(ctx context.Context, q FlowQuery) (CycleTime, error)
	CycleTimeTrend(ctx context.Context, q FlowQuery) (CycleTimeTrend, error)
	TimeInStatus(ctx context.Context, q FlowQuery) (TimeInStatus, error)
	// The other panels of flow are made from lives.
	LivesStore

	// Records lists the issues behind a panel or a mark of it. A query that
	// makes no sense is a *FilterError.
	Records(ctx context.Context, q RecordsQuery) (Records, error)
	// WhatIf compares flow as it is with what it would be by other definitions.
	// Nothing is written.
	WhatIf(ctx context.Context, q FlowQuery, s Supposition) (FlowChange, error)

	// Oddities are what is odd about the histories of issues in the query's range.
	Oddities(ctx context.Context, q FlowQuery) (Oddities, error)
	// OddRuns are the runs created in the query's range whose instants contradict each
	// other, newest first; of the query, branches and workflows do not matter.
	OddRuns(ctx context.Context, q RunQuery) ([]OddRun, error)
	// IssuesNumbered are those of these numbers that are not gone.
	IssuesNumbered(ctx context.Context, ids []int64) (map[int64]ListedIssue, error)

	// RunDurations measures runs; those left out are counted by reason.
	RunDurations(ctx context.Context, q RunQuery, m RunMeasure) (RunDurations, error)
	RunCounts(ctx context.Context, q RunQuery) (RunCounts, error)
	// JobTimes and BuildTimes measure the jobs and builds of the runs asked for,
	// finished ones, by name. A job may be finished while its run goes on; a build
	// counts as it does in RunDurations.
	JobTimes(ctx context.Context, q RunQuery) (NamedTimes, error)
	BuildTimes(ctx context.Context, q RunQuery) (NamedTimes, error)
	// DeployJobs counts the jobs of the runs asked for, and those runs themselves,
	// that rules take for deployments, in the buckets of their runs. Restarts are not
	// counted.
	DeployJobs(ctx context.Context, q RunQuery, rules DeployRules) (RunCounts, error)
	// Runs lists runs by (CreatedAt, Seq), newest first.
	Runs(ctx context.Context, q RunListQuery) iter.Seq2[ListedRun, error]
	// Run is the run of a store's number.
	Run(ctx context.Context, seq int64) (RunDetail, error)
	RunFacets(ctx context.Context) (RunFacets, error)

	DoraStore
	ErrorStore
	SeriesStore

	// People are those that a connection's source has told of, by id.
	People(ctx context.Context, connection string) (map[string]Person, error)
	// Export reads up to limit issues, after them runs, then the other facts, then some
	// more points, and sealed hours, behind those that it returned next for, "" for the
	// first, as a batch that makes the same elsewhere; gone ones are among them. A batch
	// has one kind of these. They come in the
	// order in which they were first stored, are of one connection, and fewer when
	// they are large; without any, there are no more.
	Export(ctx context.Context, after string, limit int) (b Batch, next string, err error)
	// Words are all other facts, as batches that make the same elsewhere.
	Words(ctx context.Context) ([]Batch, error)
	// Mark is that of the last batch, "" when it had none.
	Mark(ctx context.Context) (string, error)
	// Adopt makes a whole copy of another store that one, for those who ask for
	// its identity, and takes the mark away.
	Adopt(ctx context.Context, identity string) error

	// Ping reports whether the store answers.
	Ping(ctx context.Context) error
	Close() error
}
