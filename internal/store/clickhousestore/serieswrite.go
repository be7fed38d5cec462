package clickhousestore

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2"

	"throughline/internal/delivery"
)

// touchAgain is how old the time may be at which an hour was last touched.
const touchAgain = delivery.Hour

// pointRow is a row of points.
type pointRow struct {
	series, at int64
	value      float64
	written    int64
	n          int // of the batch
}

// writePoints stores points, and returns how many.
func (s *Store) writePoints(ctx context.Context, all []delivery.Points) (n int, err error) {
	if len(all) == 0 {
		return 0, nil
	}
	if _, err := s.open(ctx); err != nil {
		return 0, err
	}
	ids := make([][]int64, len(all))
	for i := range all {
		ids[i] = make([]int64, len(all[i].Series))
		for k := range all[i].Series {
			ids[i][k] = all[i].Series[k].ID()
		}
	}
	rows := pointRows(all, ids)
	first := delivery.Instant(math.MaxInt64)
	if len(rows) > 0 {
		first = delivery.Instant(rows[0].at) // they are by day
	}
	defer s.holdPoints(first)()
	if err = s.load(ctx); err == nil {
		n, err = s.putPoints(ctx, all, ids, rows)
	}
	if err != nil {
		s.series.loaded = false // something of it may have been written
	}
	return n, s.explain(ctx, err)
}

// pointRows are points in the order of the table, one of a series and time: the one
// received last, or said last.
func pointRows(all []delivery.Points, ids [][]int64) []pointRow {
	n := 0
	for i := range all {
		n += len(all[i].At)
	}
	rows := make([]pointRow, 0, n)
	for i := range all {
		p := &all[i]
		for k, at := range p.At {
			rows = append(rows, pointRow{ids[i][p.Of[k]], int64(at), p.Values[k], int64(p.ReceivedAt), len(rows)})
		}
	}
	slices.SortFunc(rows, func(a, b pointRow) int {
		if c := cmp.Compare(a.at/day, b.at/day); c != 0 {
			return c
		}
		if c := cmp.Compare(a.series, b.series); c != 0 {
			return c
		}
		if c := cmp.Compare(a.at, b.at); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(a.written, b.written), cmp.Compare(a.n, b.n))
	})
	kept := rows[:0]
	for i := range rows {
		if i+1 == len(rows) || rows[i+1].series != rows[i].series || rows[i+1].at != rows[i].at {
			kept = append(kept, rows[i])
		}
	}
	return kept
}

// holdPoints takes the locks that writing needs, and returns what gives them back.
// Points as old as what is being dropped wait until that is done; the oldest is of the
// day of first.
func (s *Store) holdPoints(first delivery.Instant) (release func()) {
	p := &s.series
	p.writing.Lock()
	if first-first%day >= p.before {
		return p.writing.Unlock
	}
	p.writing.Unlock()
	p.retiring.Lock()
	p.writing.Lock()
	return func() {
		p.writing.Unlock()
		p.retiring.Unlock()
	}
}

// putPoints writes what points are of before them: one that is cut off leaves an hour
// to be rolled up once more, and none that is not.
func (s *Store) putPoints(ctx context.Context, all []delivery.Points, ids [][]int64, rows []pointRow) (int, error) {
	if err := s.putSeries(ctx, all, ids); err != nil {
		return 0, err
	}
	rows, err := s.notSealed(ctx, rows, s.series.sealed.Load())
	if err != nil {
		return 0, fmt.Errorf("sealed hours: %w", err)
	}
	if err := s.touchHours(ctx, rows); err != nil {
		return 0, err
	}
	n := len(rows)
	days, values := make([]int32, n), make([]float64, n)
	series, ats, written := make([]int64, n), make([]int64, n), make([]int64, n)
	for i := range rows {
		r := &rows[i]
		days[i], series[i], ats[i], values[i], written[i] = int32(r.at/day), r.series, r.at, r.value, r.written
	}
	// Points may be of any number of weeks.
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"max_partitions_per_insert_block": 0}))
	return n, s.insert(ctx, s.conn, "points", n, column{"day", days}, column{"series", series}, column{"at", ats},
		column{"value", values}, column{"written", written})
}

// putSeries writes the series that are new.
func (s *Store) putSeries(ctx context.Context, all []delivery.Points, ids [][]int64) error {
	var numbers []int64
	var metrics, tags, tokens []string
	for i := range all {
		for k, id := range ids[i] {
			if _, ok := s.series.known[id]; ok {
				continue
			}
			s.series.known[id] = struct{}{}
			key := &all[i].Series[k]
			numbers, metrics, tags = append(numbers, id), append(metrics, key.Metric), append(tags, delivery.EncodeTags(key.Tags))
			tokens = append(tokens, all[i].Token)
		}
	}
	return s.insert(ctx, s.conn, "series", len(numbers), column{"metric", metrics}, column{"id", numbers}, column{"tags", tags}, column{"token", tokens})
}

// notSealed leaves out rows of sealed hours, the newest of which ends at until.
func (s *Store) notSealed(ctx context.Context, rows []pointRow, until int64) ([]pointRow, error) {
	asked := map[delivery.SeriesHour]bool{}
	for i := range rows {
		if rows[i].at < until {
			asked[rows[i].hour()] = true
		}
	}
	if len(asked) == 0 {
		return rows, nil
	}
	sealed, err := s.sealedOf(ctx, asked)
	if err != nil || len(sealed) == 0 {
		return rows, err
	}
	return slices.DeleteFunc(rows, func(r pointRow) bool { return r.at < until && sealed[r.hour()] }), nil
}

func (r *pointRow) hour() delivery.SeriesHour {
	return delivery.SeriesHour{Series: r.series, Hour: delivery.Instant(r.at).Hour()}
}

// touchHours makes the hours of rows stale.
func (s *Store) touchHours(ctx context.Context, rows []pointRow) error {
	p := &s.series
	p.touches++
	touched := map[delivery.Instant]delivery.Instant{}
	last, at := delivery.Instant(-1), delivery.Instant(-1)
	for i := range rows {
		hour, written := delivery.Instant(rows[i].at).Hour(), delivery.Instant(rows[i].written)
		if hour != last || written > at {
			touched[hour] = max(touched[hour], written)
			last, at = hour, written
		}
	}
	var told []delivery.Instant
	for hour, at := range touched {
		h := p.hours[hour]
		if h == nil {
			h = &pointHour{}
			p.hours[hour] = h
		}
		h.touch = p.touches
		if !h.stale || at >= h.touchedAt+touchAgain {
			h.stale, h.touchedAt = true, max(h.touchedAt, at)
			told = append(told, hour)
		}
	}
	return s.putPointHours(ctx, told)
}

// putPointHours writes what is known of hours.
func (s *Store) putPointHours(ctx context.Context, hours []delivery.Instant) error {
	p := &s.series
	p.written++
	n := len(hours)
	begin, touched, stale, written := make([]int64, n), make([]int64, n), make([]bool, n), make([]uint64, n)
	for i, hour := range hours {
		h := p.hours[hour]
		begin[i], touched[i], stale[i], written[i] = int64(hour), int64(h.touchedAt), h.stale, p.written
	}
	return s.insert(ctx, s.conn, "point_hours", n, column{"hour", begin}, column{"touched_at", touched}, column{"stale", stale}, column{"written", written})
}
