package clickhousestore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"throughline/internal/delivery"
)

// sealedRow is a sealed row of series_hours.
type sealedRow struct {
	series, hour int64
	delivery.Folded
	received delivery.Instant
}

// writeSealed stores sealed hours.
func (s *Store) writeSealed(ctx context.Context, all []delivery.SealedHours, out *delivery.Written) error {
	if len(all) == 0 {
		return nil
	}
	if _, err := s.open(ctx); err != nil {
		return err
	}
	ids := make([][]int64, len(all))
	series := make([]delivery.Points, len(all))
	var rows []sealedRow
	for i := range all {
		h := &all[i]
		series[i] = delivery.Points{Series: h.Series, Token: h.Token}
		for k := range h.Series {
			ids[i] = append(ids[i], h.Series[k].ID())
		}
		for k, hour := range h.Hours {
			rows = append(rows, sealedRow{ids[i][h.Of[k]], int64(hour), h.Values[k], h.ReceivedAt})
		}
	}
	slices.SortStableFunc(rows, func(a, b sealedRow) int { return cmp.Or(cmp.Compare(a.series, b.series), cmp.Compare(a.hour, b.hour)) })
	rows = slices.CompactFunc(rows, func(a, b sealedRow) bool { return a.series == b.series && a.hour == b.hour })
	defer s.holdPoints(0)() // nothing is dropped meanwhile
	err := s.load(ctx)
	if err == nil {
		err = s.putSeries(ctx, series, ids)
	}
	if err == nil {
		err = s.putSealed(ctx, rows, out)
	}
	if err != nil {
		s.series.loaded = false // something of it may have been written
		return fmt.Errorf("sealed hours: %w", s.explain(ctx, err))
	}
	return nil
}

// putSealed writes the rows of hours that are not sealed.
func (s *Store) putSealed(ctx context.Context, rows []sealedRow, out *delivery.Written) error {
	asked := make(map[delivery.SeriesHour]bool, len(rows))
	for i := range rows {
		asked[rows[i].of()] = true
	}
	before, err := s.sealedOf(ctx, asked)
	if err != nil {
		return err
	}
	read := len(rows)
	rows = slices.DeleteFunc(rows, func(r sealedRow) bool { return before[r.of()] })
	n := len(rows)
	out.Inserted, out.Unchanged = out.Inserted+n, out.Unchanged+read-n
	if n == 0 {
		return nil
	}
	if err := s.keepHours(ctx, rows); err != nil {
		return err
	}
	p := &s.series
	p.written++
	series, hours, count, sealed, written := make([]int64, n), make([]int64, n), make([]int64, n), make([]bool, n), make([]uint64, n)
	sum, low, high, first, last := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	until := p.sealed.Load()
	for i := range rows {
		r := &rows[i]
		series[i], hours[i], count[i], sealed[i], written[i] = r.series, r.hour, r.N, true, p.written
		sum[i], low[i], high[i], first[i], last[i] = r.Sum, r.Min, r.Max, r.First, r.Last
		until = max(until, r.hour+delivery.Hour)
	}
	p.sealed.Store(until) // before any is there: who reads or writes has to look
	return s.insert(ctx, s.conn, "series_hours", n, column{"series", series}, column{"hour", hours}, column{"n", count}, column{"sum", sum},
		column{"min", low}, column{"max", high}, column{"first", first}, column{"last", last}, column{"sealed", sealed}, column{"written", written})
}

func (r *sealedRow) of() delivery.SeriesHour {
	return delivery.SeriesHour{Series: r.series, Hour: delivery.Instant(r.hour)}
}

// keepHours sees that the hours of rows are known, so that their roll-ups go in time;
// they are not to be rolled up for that.
func (s *Store) keepHours(ctx context.Context, rows []sealedRow) error {
	told := map[delivery.Instant]bool{}
	for i := range rows {
		hour, at := delivery.Instant(rows[i].hour), rows[i].received
		h := s.series.hours[hour]
		if h != nil && h.touchedAt >= at {
			continue
		}
		if h == nil {
			s.series.touches++
			h = &pointHour{touch: s.series.touches}
			s.series.hours[hour] = h
		}
		h.touchedAt, told[hour] = at, true
	}
	hours := make([]delivery.Instant, 0, len(told))
	for hour := range told {
		hours = append(hours, hour)
	}
	return s.putPointHours(ctx, hours)
}
