package clickhousestore

import (
	"math"
	"slices"

	"throughline/internal/delivery"
)

// forever is an instant after every event, so that histories are not cut.
const forever = delivery.Instant(math.MaxInt64)

// issueRow is a row of issues, with the periods that its flow is made from.
type issueRow struct {
	issueValues
	former  []string
	periods []delivery.Period // nil when read from the database
}

// issueValues are equal when nothing but former keys and gone changed.
type issueValues struct {
	issue                                       int64
	connection, id, key, queue                  string
	typ, status, resolution                     string // keys
	title                                       string
	version                                     int64
	createdAt, updatedAt, resolvedAt, startedAt delivery.Instant
	movedAt                                     delivery.Instant
	movedBy                                     delivery.Ref
	details, events                             string // JSON
	tagged                                      string // delivery.EncodeTagged
	eventCount                                  uint32
	lastEvent                                   string
	lastOrdinal                                 int64
	full                                        bool
	fingerprint                                 uint64
	gone                                        bool
}

func newIssueRow(connection string, rec *delivery.IssueRecord) (*issueRow, error) {
	details, err := delivery.EncodeDetails(&rec.Issue)
	if err != nil {
		return nil, err
	}
	return &issueRow{issueValues: issueValues{
		connection: connection, id: rec.ID, key: rec.Key, queue: rec.Queue,
		typ: rec.Type.Key, status: rec.Status.Key, resolution: rec.Resolution.Key,
		title: rec.Title, version: rec.Version, createdAt: rec.CreatedAt, updatedAt: rec.UpdatedAt,
		resolvedAt: rec.ResolvedAt, startedAt: rec.StatusStartedAt,
		details: details, full: rec.Full, fingerprint: rec.Fingerprint, gone: rec.Gone,
	}}, nil
}

// same reports whether a row says what another one does, by whatever number.
func (r *issueRow) same(old *issueRow) bool {
	values := r.issueValues
	values.issue = old.issue
	return values == old.issueValues && slices.Equal(r.former, old.former)
}

// derive makes what follows from the changelog, whatever statuses mean.
func (r *issueRow) derive(issue *delivery.Issue, events []delivery.Event) (err error) {
	h := delivery.HistoryOf(issue, events, forever)
	r.periods, r.movedAt, r.movedBy = h.Periods, h.MovedAt, h.MovedBy
	r.tagged, err = delivery.EncodeTagged(delivery.TaggedOf(issue, r.full, events))
	return err
}

// remember keeps former keys: the source's, and those stored before.
func (r *issueRow) remember(old *issueRow, aliases []string) {
	keys := slices.Clone(aliases)
	if old != nil {
		keys = append(append(keys, old.former...), old.key)
	}
	slices.Sort(keys)
	r.former = slices.DeleteFunc(slices.Compact(keys), func(key string) bool { return key == r.key })
}

// asTold reads a row into an issue, with the former keys that the source told.
func (r *issueRow) asTold(i *delivery.Issue) error {
	*i = delivery.Issue{
		Connection: r.connection, ID: r.id, Key: r.key, Queue: r.queue, Title: r.title, Version: r.version,
		CreatedAt: r.createdAt, UpdatedAt: r.updatedAt, ResolvedAt: r.resolvedAt, StatusStartedAt: r.startedAt,
	}
	return delivery.DecodeDetails([]byte(r.details), i)
}

// into reads a row into an issue, with all former keys.
func (r *issueRow) into(i *delivery.Issue) error {
	if err := r.asTold(i); err != nil {
		return err
	}
	for _, key := range r.former {
		if !slices.Contains(i.Aliases, key) {
			i.Aliases = append(i.Aliases, key)
		}
	}
	return nil
}
