package delivery

import "context"

// A store answers CycleTime, CycleTimeTrend and TimeInStatus by itself, faster than
// they can be made from lives; it has these for a query that supposes another meaning
// of statuses.

// CycleTimeOf makes the cycle time from lives.
func CycleTimeOf(ctx context.Context, s LivesStore, q FlowQuery) (CycleTime, error) {
	var out CycleTime
	sample := q.sample()
	err := s.Lives(ctx, q, func(lives Lives) error {
		var seconds []int64
		err := q.finished(ctx, lives, finishedIn(&q.Filter), &sample, func(l *Life) {
			took := q.cycleMillis(l) / msPerSecond
			seconds = append(seconds, took)
			out.Points = append(out.Points, CycleTimePoint{ID: l.ID, ClosedAt: l.ClosedAt, Seconds: took})
		})
		if err != nil {
			return err
		}
		out.Sample, out.Percentiles = sample, PercentilesOf(seconds)
		out.Points = ThinPoints(out.Points, out.P95, MaxPoints)
		ids := make([]int64, len(out.Points))
		for i := range out.Points {
			ids[i] = out.Points[i].ID
		}
		marks, err := lives.Marks(ctx, ids)
		for i := range out.Points {
			p, m := &out.Points[i], marks[ids[i]]
			p.Key, p.Title, p.TypeKey, p.Type = m.Key, m.Title, m.TypeKey, m.Type
		}
		return err
	})
	if err != nil {
		return CycleTime{}, err
	}
	return out, nil
}

// CycleTimeTrendOf makes the cycle time per bucket from lives.
func CycleTimeTrendOf(ctx context.Context, s LivesStore, q FlowQuery) (CycleTimeTrend, error) {
	sample, buckets := q.sample(), q.buckets()
	seconds := make([][]int64, len(buckets))
	err := s.Lives(ctx, q, func(lives Lives) error {
		return q.finished(ctx, lives, finishedIn(&q.Filter), &sample, func(l *Life) {
			b := bucketOf(buckets, l.ClosedAt)
			seconds[b] = append(seconds[b], q.cycleMillis(l)/msPerSecond)
		})
	})
	if err != nil {
		return CycleTimeTrend{}, err
	}
	return trendOf(sample, buckets, seconds), nil
}

// TimeInStatusOf makes the time in each status from lives.
func TimeInStatusOf(ctx context.Context, s LivesStore, q FlowQuery) (TimeInStatus, error) {
	out := TimeInStatus{Sample: q.sample()}
	sums, known := newStatusSums(), q.KnownTo(q.Now)
	err := s.Lives(ctx, q, func(lives Lives) error {
		err := lives.Each(ctx, openIn(&q), func(l *Life) {
			if !l.openDuring(q.From, known) {
				return
			}
			out.N++
			here := sums.place(l.Place)
			q.stays(l, func(s *Stay, millis int64) { sums.visit(here, s.Status).millis += millis })
			sums.next()
		})
		if err != nil {
			return err
		}
		book, err := lives.Statuses(ctx)
		if err == nil {
			out.Statuses = sums.times(book, known-1)
		}
		return err
	})
	if err != nil {
		return TimeInStatus{}, err
	}
	return out, nil
}
