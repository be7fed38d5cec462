package delivery

import (
	"cmp"
	"slices"
)

// DefinitionVersion changes when the meaning of any metric changes.
const DefinitionVersion = 1

// Reasons for which a record is left out of a metric.
const (
	// NeverActive: closed without ever being in an active status.
	NeverActive = "never_active"
	// ExcludedResolution: the workflow leaves its resolution out.
	ExcludedResolution = "excluded_resolution"
	// NotStarted: open, and not yet in an active status.
	NotStarted = "not_started"
	// NoTime: no time passed by the clock, of which there could be a share.
	NoTime = "no_time"
)

// Sample says what a metric was computed from.
type Sample struct {
	N        int
	Excluded map[string]int // by reason
	AsOf     Instant
}

// FlowQuery asks a Store for a flow metric.
type FlowQuery struct {
	Filter
	Calendar *Calendar // of the zone, the buckets and what a day is
	// Calendars measure the issues of their queues, by key; all others are
	// measured by Calendar.
	Calendars map[string]*Calendar
	Workflows *Workflows // of resolutions left out; nil leaves none out
	// Supposed, if not nil, is what statuses and resolutions mean instead of what is
	// in force: flow is then derived from it while the question is answered.
	Supposed *Workflows
	Now      Instant
}

// CalendarOf is the calendar that measures the issues of a queue.
func (q *FlowQuery) CalendarOf(queue string) *Calendar {
	if c, ok := q.Calendars[queue]; ok {
		return c
	}
	return q.Calendar
}

// ByQueue reports whether a duration depends on the issue's queue.
func (q *FlowQuery) ByQueue() bool { return q.Clock == Business && len(q.Calendars) > 0 }

// FinishedIssue is an issue closed in the range of a query, as the store reads
// it: what FinishedDurations needs, and no more.
type FinishedIssue struct {
	ID            int64  // the store's own, stable between queries
	Queue         string // may be left out unless FlowQuery.ByQueue
	Resolution    string
	FirstActiveAt Instant
	ClosedAt      Instant
}

// CycleTimePoint is a mark of the scatter.
type CycleTimePoint struct {
	ID       int64   `json:"-"`
	ClosedAt Instant `json:"t"`
	Seconds  int64   `json:"value"`
	Key      string  `json:"key"`
	Title    string  `json:"title"`
	TypeKey  string  `json:"type_key"`
	Type     string  `json:"type"`
}

// CycleTime is the cycle time of issues closed in a range: closed_at −
// first_active_at by the clock asked for, floored to seconds, and the R7
// quantiles of those values.
type CycleTime struct {
	Sample
	Percentiles
	Points []CycleTimePoint // at most MaxPoints, by ClosedAt
}

// MaxPoints is how many marks a scatter answers; N and the percentiles are
// always of all.
const MaxPoints = 5000

// CycleTimeTrend is CycleTime per bucket of closed_at.
type CycleTimeTrend struct {
	Sample
	Percentiles // over the whole range, from pooled values
	Buckets     []TrendBucket
}

// TrendBucket is one bucket of a trend.
type TrendBucket struct {
	Bucket
	Percentiles
}

// TimeInStatus is how long issues that were open at some time in the range have
// been in each status, over their whole life until now: per issue the sum over
// re-entries, the terminal stay left out.
type TimeInStatus struct {
	Sample
	Statuses []StatusTime
}

// StatusTime is the distribution over issues of the time in one status.
type StatusTime struct {
	Key   string
	Name  string
	Class Class
	Order int // of the source's dictionary
	Percentiles
}

// CycleTimes filters finished issues as cycle time wants them and measures
// them. keep is called for each that counts, with its duration in seconds, and
// left for each that does not, with the reason; left may be nil.
func (q *FlowQuery) CycleTimes(issues func(yield func(FinishedIssue) bool), keep func(FinishedIssue, int64), left func(FinishedIssue, string)) Sample {
	s := Sample{Excluded: map[string]int{}, AsOf: q.Now}
	for i := range issues {
		reason := q.leavesOut(&i)
		if reason == "" {
			s.N++
			keep(i, q.seconds(&i))
			continue
		}
		s.Excluded[reason]++
		if left != nil {
			left(i, reason)
		}
	}
	return s
}

// leavesOut is why an issue does not count, "" when it does.
func (q *FlowQuery) leavesOut(i *FinishedIssue) string {
	switch {
	case q.Workflows.Excludes(i.Resolution, i.ClosedAt):
		return ExcludedResolution
	case !i.FirstActiveAt.Known():
		return NeverActive
	}
	return ""
}

// seconds is an issue's cycle time by the query's clock, floored.
func (q *FlowQuery) seconds(i *FinishedIssue) int64 {
	c := q.Calendar
	if q.ByQueue() {
		c = q.CalendarOf(i.Queue)
	}
	return q.Millis(i.FirstActiveAt, i.ClosedAt, c) / msPerSecond
}

// Millis is the time in [a, b) by the query's clock, in milliseconds, for sums;
// c is the calendar of the issue's queue.
func (q *FlowQuery) Millis(a, b Instant, c *Calendar) int64 {
	if q.Clock == Business {
		return c.Between(a, b)
	}
	return int64(max(0, b-a))
}

// ThinPoints keeps at most limit points: all above p95, and of the rest a fixed
// sample, the same for the same points whatever their order. The result is
// ordered by ClosedAt.
func ThinPoints(points []CycleTimePoint, p95 *float64, limit int) []CycleTimePoint {
	if len(points) > limit {
		points = sampled(points, p95, limit)
	}
	slices.SortFunc(points, func(a, b CycleTimePoint) int {
		return cmp.Or(cmp.Compare(a.ClosedAt, b.ClosedAt), cmp.Compare(a.ID, b.ID))
	})
	return points
}

// sampled is ThinPoints in no order.
func sampled(points []CycleTimePoint, p95 *float64, limit int) []CycleTimePoint {
	return thinned(points, limit, func(p *CycleTimePoint) (int64, bool) {
		return p.ID, p95 != nil && float64(p.Seconds) > *p95
	})
}

// thinned are limit of more records, in no order: first those to be kept, then a
// fixed sample by id. It sorts keys, since records are large.
func thinned[T any](records []T, limit int, of func(*T) (id int64, kept bool)) []T {
	type key struct {
		scatter uint64 // unique, as ids are
		record  int32
		kept    bool
	}
	keys := make([]key, len(records))
	for i := range records {
		id, kept := of(&records[i])
		keys[i] = key{scatter(id), int32(i), kept}
	}
	slices.SortFunc(keys, func(a, b key) int {
		if a.kept != b.kept {
			if a.kept {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.scatter, b.scatter)
	})
	out := make([]T, limit)
	for i := range out {
		out[i] = records[keys[i].record]
	}
	return out
}

// scatter mixes an id so that neighbours fall far apart (the finaliser of
// MurmurHash3).
func scatter(id int64) uint64 {
	h := uint64(id)
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// SortStatuses puts statuses into workflow order: waiting, active, closed, and
// within a class as the source orders them.
func SortStatuses(s []StatusTime) { slices.SortFunc(s, compareStatuses) }

func compareStatuses(a, b StatusTime) int {
	return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Order, b.Order), cmp.Compare(a.Key, b.Key))
}
