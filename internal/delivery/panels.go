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
	Calendar            *Calendar
	ExcludedResolutions []string
	Now                 Instant
}

// FinishedIssue is an issue closed in the range of a query, as the store reads
// it: what FinishedDurations needs, and no more.
type FinishedIssue struct {
	ID            int64 // the store's own, stable between queries
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
// them. keep is called for each that counts, with its duration in seconds.
func (q *FlowQuery) CycleTimes(issues func(yield func(FinishedIssue) bool), keep func(FinishedIssue, int64)) Sample {
	s := Sample{Excluded: map[string]int{}, AsOf: q.Now}
	for i := range issues {
		switch {
		case i.Resolution != "" && slices.Contains(q.ExcludedResolutions, i.Resolution):
			s.Excluded[ExcludedResolution]++
		case !i.FirstActiveAt.Known():
			s.Excluded[NeverActive]++
		default:
			s.N++
			keep(i, q.seconds(i.FirstActiveAt, i.ClosedAt))
		}
	}
	return s
}

// seconds is the time in [a, b) by the query's clock, floored.
func (q *FlowQuery) seconds(a, b Instant) int64 {
	if q.Clock == Business {
		return q.Calendar.Between(a, b) / msPerSecond
	}
	return int64(max(0, b-a)) / msPerSecond
}

// Millis is the time in [a, b) by the query's clock, in milliseconds, for sums.
func (q *FlowQuery) Millis(a, b Instant) int64 {
	if q.Clock == Business {
		return q.Calendar.Between(a, b)
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

// sampled is ThinPoints in no order. It sorts keys, since points are large.
func sampled(points []CycleTimePoint, p95 *float64, limit int) []CycleTimePoint {
	type key struct {
		scatter uint64 // unique, as ids are
		point   int32
		above   bool
	}
	keys := make([]key, len(points))
	for i, p := range points {
		keys[i] = key{scatter(p.ID), int32(i), p95 != nil && float64(p.Seconds) > *p95}
	}
	slices.SortFunc(keys, func(a, b key) int {
		if a.above != b.above {
			if a.above {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.scatter, b.scatter)
	})
	out := make([]CycleTimePoint, limit)
	for i := range out {
		out[i] = points[keys[i].point]
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
func SortStatuses(s []StatusTime) {
	slices.SortFunc(s, func(a, b StatusTime) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Order, b.Order), cmp.Compare(a.Key, b.Key))
	})
}
