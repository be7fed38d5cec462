package delivery

import "context"

// FlowEfficiency is the share of cycle time that issues closed in a range spent in
// active statuses, per bucket of closed_at: a ratio of sums, never a mean of ratios.
type FlowEfficiency struct {
	Sample
	Shares  TimeShare
	Buckets []EfficiencyBucket
}

// EfficiencyBucket is one bucket of FlowEfficiency.
type EfficiencyBucket struct {
	Bucket
	N int
	TimeShare
}

// TimeShare is a part of a whole, in milliseconds by the query's clock.
type TimeShare struct{ Part, Whole int64 }

// Rate is the share, nil of nothing.
func (t TimeShare) Rate() *float64 {
	if t.Whole == 0 {
		return nil
	}
	r := float64(t.Part) / float64(t.Whole)
	return &r
}

func (t *TimeShare) add(part, whole int64) { t.Part, t.Whole = t.Part+part, t.Whole+whole }

// FlowEfficiencyOf asks a store for the flow efficiency. Issues whose cycle time is 0
// by the clock have none.
func FlowEfficiencyOf(ctx context.Context, s LivesStore, q FlowQuery) (FlowEfficiency, error) {
	out := FlowEfficiency{Sample: q.sample()}
	buckets := q.buckets()
	for _, b := range buckets {
		out.Buckets = append(out.Buckets, EfficiencyBucket{Bucket: b})
	}
	want := finishedIn(&q.Filter)
	want.Stays = true
	err := s.Lives(ctx, q, func(lives Lives) error {
		return q.finished(ctx, lives, want, &out.Sample, func(l *Life) {
			whole := q.cycleMillis(l)
			if whole < msPerSecond {
				out.N--
				out.Excluded[NoTime]++
				return
			}
			active := q.activeMillis(l)
			out.Shares.add(active, whole)
			b := &out.Buckets[bucketOf(buckets, l.ClosedAt)]
			b.N++
			b.add(active, whole)
		})
	})
	if err != nil {
		return FlowEfficiency{}, err
	}
	return out, nil
}

// activeMillis is the time of a closed issue in active statuses.
func (q *FlowQuery) activeMillis(l *Life) int64 {
	c, sum := q.calendarIn(l.Queue), int64(0)
	for i := range l.Stays {
		if s := &l.Stays[i]; s.Class == Active {
			sum += q.Millis(s.Start, s.End, c)
		}
	}
	return sum
}

// Panel is the flow efficiency per bucket, as the panel flow-efficiency shows it.
func (e FlowEfficiency) Panel(q FlowQuery) PanelData {
	d := q.data("flow-efficiency", Trend, e.Sample, Figure{"rate", e.Shares.Rate()})
	d.Quantity, d.Share = Rates, &e.Shares
	rate, count := Series{"rate", []Point{}}, Series{"count", []Point{}}
	for _, b := range e.Buckets {
		rate.Points = append(rate.Points, b.slot(d.Zone, b.Rate(), b.N, EnoughForRate))
		count.Points = append(count.Points, b.slot(d.Zone, number(b.N), b.N, 0))
	}
	d.Series = []Series{rate, count}
	return d
}
