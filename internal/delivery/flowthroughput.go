package delivery

import (
	"context"
	"slices"
)

// Throughput is how many issues were closed in a range, per bucket of closed_at. An
// issue that was reopened counts once, where it was closed for good.
type Throughput struct {
	Sample  // N is of all that were closed; nothing is left out
	Buckets []ThroughputBucket
	// PerWeek is the mean of all closed per complete week of the range, whatever its
	// buckets, and PerBucket the R7 median per complete bucket; nil without one.
	PerWeek, PerBucket *float64
}

// ThroughputBucket is one bucket of a Throughput.
type ThroughputBucket struct {
	Bucket
	Finished int
	LeftOut  int // closed with a resolution that the workflow leaves out
}

// ThroughputOf asks a store for the throughput.
func ThroughputOf(ctx context.Context, s LivesStore, q FlowQuery) (Throughput, error) {
	out := Throughput{Sample: q.sample()}
	buckets := q.buckets()
	for _, b := range buckets {
		out.Buckets = append(out.Buckets, ThroughputBucket{Bucket: b})
	}
	weeks := Buckets(q.From, q.To, Week, q.Calendar.Zone(), q.Now)
	perWeek := make([]int64, len(weeks))
	err := s.Lives(ctx, q, func(lives Lives) error {
		return lives.Each(ctx, finishedIn(&q.Filter), func(l *Life) {
			out.N++
			perWeek[bucketOf(weeks, l.ClosedAt)]++
			b := &out.Buckets[bucketOf(buckets, l.ClosedAt)]
			if l.LeftOut {
				b.LeftOut++
			} else {
				b.Finished++
			}
		})
	})
	if err != nil {
		return Throughput{}, err
	}
	out.PerWeek, _ = perComplete(weeks, perWeek)
	counts := make([]int64, len(buckets))
	for i, b := range out.Buckets {
		counts[i] = int64(b.Finished + b.LeftOut)
	}
	_, out.PerBucket = perComplete(buckets, counts)
	return out, nil
}

// perComplete are mean and median of the counts of complete buckets.
func perComplete(buckets []Bucket, counts []int64) (mean, median *float64) {
	var complete []int64
	sum := int64(0)
	for i, b := range buckets {
		if !b.Partial {
			complete = append(complete, counts[i])
			sum += counts[i]
		}
	}
	if len(complete) == 0 {
		return nil, nil
	}
	slices.Sort(complete)
	m, middle := float64(sum)/float64(len(complete)), Quantile(complete, 0.5)
	return &m, &middle
}

// Panel is the number of issues closed per bucket, as the panel throughput shows it.
func (t Throughput) Panel(q FlowQuery) PanelData {
	d := q.data("throughput", Stack, t.Sample, Figure{"mean", t.PerWeek}, Figure{"p50", t.PerBucket})
	d.Quantity = IssueCounts
	finished, excluded := Series{"finished", []Point{}}, Series{"excluded", []Point{}}
	for _, b := range t.Buckets {
		all := b.Finished + b.LeftOut
		finished.Points = append(finished.Points, b.slot(d.Zone, number(b.Finished), all, 0))
		excluded.Points = append(excluded.Points, b.slot(d.Zone, number(b.LeftOut), all, 0))
	}
	d.Series = []Series{finished, excluded}
	return d
}
