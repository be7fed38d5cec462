package delivery

import (
	"context"
	"slices"
	"sort"
)

// bucketOf is the index of the bucket that holds an instant of their range.
func bucketOf(buckets []Bucket, at Instant) int {
	return sort.Search(len(buckets), func(i int) bool { return buckets[i].End > at })
}

// trendOf is the trend of seconds by bucket.
func trendOf(s Sample, buckets []Bucket, seconds [][]int64) CycleTimeTrend {
	out := CycleTimeTrend{Sample: s, Percentiles: PercentilesOf(slices.Concat(seconds...))}
	for i, b := range buckets {
		out.Buckets = append(out.Buckets, TrendBucket{Bucket: b, Percentiles: PercentilesOf(seconds[i])})
	}
	return out
}

// LeadTimeTrend is the lead time, closed_at − created_at by the clock asked for and
// floored to seconds, of issues closed in a range, per bucket of closed_at. Issues
// that were never active have one too.
type LeadTimeTrend CycleTimeTrend

// LeadTimeTrendOf asks a store for the lead time per bucket.
func LeadTimeTrendOf(ctx context.Context, s LivesStore, q FlowQuery) (LeadTimeTrend, error) {
	sample, buckets := q.sample(), q.buckets()
	seconds := make([][]int64, len(buckets))
	err := s.Lives(ctx, q, func(lives Lives) error {
		return lives.Each(ctx, finishedIn(&q.Filter), func(l *Life) {
			if l.LeftOut {
				sample.Excluded[ExcludedResolution]++
				return
			}
			sample.N++
			b := bucketOf(buckets, l.ClosedAt)
			seconds[b] = append(seconds[b], q.leadSeconds(l))
		})
	})
	if err != nil {
		return LeadTimeTrend{}, err
	}
	return LeadTimeTrend(trendOf(sample, buckets, seconds)), nil
}

// Panel is the lead time per bucket, as the panel lead-time-trend shows it.
func (l LeadTimeTrend) Panel(q FlowQuery) PanelData {
	return (*CycleTimeTrend)(&l).panel(&q, "lead-time-trend")
}
