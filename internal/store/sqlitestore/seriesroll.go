package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/sqlite"
)

// seriesStep is how many series at most are rolled up or retired in one transaction: pushes
// wait for it.
const seriesStep = 100

const day = 24 * delivery.Hour

// seriesRow is a stored series without its tags.
type seriesRow struct {
	pk     int64
	metric string
}

func (s *Store) allSeries(ctx context.Context) ([]seriesRow, error) {
	var out []seriesRow
	rows, err := s.db.Reader.QueryContext(ctx, seriesPKsSQL)
	err = each(rows, err, func(rows *sql.Rows) error {
		var r seriesRow
		var id int64
		var token string
		err := rows.Scan(&r.pk, &id, &r.metric, &token)
		out = append(out, r)
		return err
	})
	return out, err
}

// storedHour is a row of point_hours.
type storedHour struct {
	hour delivery.Instant
	pointHour
}

func (s *Store) pointHours(ctx context.Context) ([]storedHour, error) {
	var out []storedHour
	rows, err := s.db.Reader.QueryContext(ctx, pointHoursSQL, 0, int64(forever))
	err = each(rows, err, func(rows *sql.Rows) error {
		var h storedHour
		err := rows.Scan(&h.hour, &h.touchedAt, &h.stale)
		out = append(out, h)
		return err
	})
	return out, err
}

// rollStep is about how many points are rolled up in one transaction.
const rollStep = 100_000

// RollUp rolls up the hours that ended before now and are stale. One that is touched
// meanwhile stays stale.
func (s *Store) RollUp(ctx context.Context, now delivery.Instant) error {
	hours, err := s.pointHours(ctx)
	if err != nil {
		return fmt.Errorf("roll up: %w", err)
	}
	hours = slices.DeleteFunc(hours, func(h storedHour) bool { return !h.stale || h.hour+delivery.Hour > now })
	if len(hours) == 0 {
		return nil
	}
	// First: whatever comes from then on, of a new series too, is seen to have come.
	touches, err := s.touches(ctx, hours)
	if err == nil {
		err = s.rollUpAll(ctx, hours)
	}
	if err == nil {
		err = s.settleHours(ctx, hours, touches)
	}
	if err != nil {
		return fmt.Errorf("roll up: %w", err)
	}
	return nil
}

func (s *Store) touches(ctx context.Context, hours []storedHour) ([]int64, error) {
	out := make([]int64, len(hours))
	err := s.update(ctx, func(w *writer) error {
		c, err := w.cached()
		if err != nil {
			return err
		}
		for i, h := range hours {
			out[i] = c.hours[h.hour].touch
		}
		return nil
	})
	return out, err
}

// settleHours says of hours that they are rolled up, unless they were touched since.
func (s *Store) settleHours(ctx context.Context, hours []storedHour, touches []int64) error {
	return s.update(ctx, func(w *writer) error {
		c, err := w.cached()
		if err != nil {
			return err
		}
		for i, h := range hours {
			now := c.hours[h.hour]
			if now.touch != touches[i] {
				continue
			}
			now.stale = false
			c.hours[h.hour] = now
			if _, err := w.exec(putPointHourSQL, int64(h.hour), int64(now.touchedAt), false); err != nil {
				return err
			}
		}
		return nil
	})
}

// rollUpAll goes from series to series, and in each only to days that it has points of.
func (s *Store) rollUpAll(ctx context.Context, hours []storedHour) error {
	days := daysOf(hours)
	series, err := s.allSeries(ctx)
	at := delivery.Instant(0) // how far the first of series is
	for len(series) > 0 && err == nil {
		err = s.update(ctx, func(w *writer) error {
			for budget, n := rollStep, 0; len(series) > 0 && budget > 0 && n < seriesStep; {
				if err := ctx.Err(); err != nil {
					return err
				}
				next, read, err := w.rollUpNext(days, series[0].pk, at)
				if err != nil {
					return err
				}
				budget -= read
				if at = next; next == forever {
					series, at = series[1:], 0
					n++
				}
			}
			return nil
		})
	}
	return err
}

// daysOf are hours by days, as spans from the first of them to the last.
func daysOf(hours []storedHour) []span {
	var out []span
	for _, h := range hours {
		if n := len(out); n > 0 && out[n-1].from/day == h.hour/day {
			out[n-1].to = h.hour + delivery.Hour
			continue
		}
		out = append(out, span{h.hour, h.hour + delivery.Hour})
	}
	return out
}

// rollUpNext rolls up the next of days that a series has points of from an instant on.
// It returns where to go on, forever when there is no more, and how many points it read.
func (w *writer) rollUpNext(days []span, pk int64, at delivery.Instant) (next delivery.Instant, read int, err error) {
	var point delivery.Instant
	found, err := w.row(nextPointSQL, []any{pk, int64(at)}, []any{&point})
	if err != nil || !found {
		return forever, 0, err
	}
	i, _ := slices.BinarySearchFunc(days, point, func(s span, at delivery.Instant) int { return cmp.Compare(s.to, at+1) })
	if i == len(days) {
		return forever, 0, nil
	}
	if point < days[i].from {
		return days[i].from, 0, nil
	}
	read, err = w.rollUp(days[i], pk)
	return days[i].to, read, err
}

// rollUp rolls up all hours of a span, and returns how many points they have. Hours
// between those that are stale come to what they came to before.
func (w *writer) rollUp(of span, pk int64) (read int, err error) {
	var out []rolledHour
	err = sqlite.Scan(w.ctx, w.tx, func(row sqlite.Row) error {
		read++
		hour := delivery.Instant(row.Int(0)).Hour()
		if n := len(out); n == 0 || out[n-1].hour != hour {
			out = append(out, rolledHour{hour: hour})
		}
		out[len(out)-1].Add(row.Float(1))
		return nil
	}, rawPointsSQL, pk, int64(of.from), int64(of.to))
	for _, h := range out {
		if err == nil {
			_, err = w.exec(putSeriesHourSQL, pk, int64(h.hour), h.N, h.Sum, h.Min, h.Max, h.First, h.Last)
		}
	}
	return read, err
}

// Retire drops what was kept long enough.
func (s *Store) Retire(ctx context.Context, r delivery.Retention, now delivery.Instant) error {
	hours, err := s.pointHours(ctx)
	if err == nil && len(hours) > 0 {
		err = s.retire(ctx, r, hours, now)
	}
	if err != nil {
		return fmt.Errorf("retire points: %w", err)
	}
	return nil
}

func (s *Store) retire(ctx context.Context, r delivery.Retention, hours []storedHour, now delivery.Instant) error {
	series, err := s.allSeries(ctx)
	if err != nil {
		return err
	}
	longest := time.Duration(0)
	for i, rule := range r {
		longest = max(longest, rule.Hourly)
		of := slices.DeleteFunc(slices.Clone(series), func(one seriesRow) bool { return r.Index(one.metric) != i })
		raw := ago(now, rule.Raw)
		points := oldDays(hours, raw)
		rolled := oldHours(hours, ago(now, rule.Hourly))
		for part := range slices.Chunk(of, seriesStep) {
			if err := s.retireSeries(ctx, part, points, rolled, raw); err != nil {
				return err
			}
		}
	}
	return s.update(ctx, func(w *writer) error {
		// Of whole days: points go by these, and only while their hours are known.
		before := ago(now, longest)
		for _, p := range oldDays(hours, before) {
			if _, err := w.exec(deletePointHoursSQL, int64(p.from), int64(p.to), int64(before)); err != nil {
				return err
			}
		}
		w.own.series = nil
		_, err := w.exec(dropSeriesSQL)
		return err
	})
}

func ago(now delivery.Instant, d time.Duration) delivery.Instant {
	return max(0, now-delivery.Instant(d/time.Millisecond))
}

// oldDays are the days before an instant that nothing came of since then, joined
// where they touch.
func oldDays(hours []storedHour, before delivery.Instant) []span {
	var out []span
	for len(hours) > 0 {
		begin := hours[0].hour - hours[0].hour%day
		old := begin+day <= before
		n := 0
		for n < len(hours) && hours[n].hour < begin+day {
			old = old && !hours[n].stale && hours[n].touchedAt < before
			n++
		}
		if old {
			out = join(out, span{begin, begin + day})
		}
		hours = hours[n:]
	}
	return out
}

func oldHours(hours []storedHour, before delivery.Instant) []span {
	var out []span
	for _, h := range hours {
		if h.hour+delivery.Hour <= before && h.touchedAt < before && !h.stale {
			out = join(out, span{h.hour, h.hour + delivery.Hour})
		}
	}
	return out
}

func join(spans []span, s span) []span {
	if n := len(spans); n > 0 && spans[n-1].to == s.from {
		spans[n-1].to = s.to
		return spans
	}
	return append(spans, s)
}

// retireSeries seals the hours of points and drops those, and drops roll-ups. What
// points came of since before is left for the next time.
func (s *Store) retireSeries(ctx context.Context, series []seriesRow, points, rolled []span, before delivery.Instant) error {
	if len(points)+len(rolled) == 0 {
		return ctx.Err()
	}
	return s.update(ctx, func(w *writer) error {
		w.own.series = nil // what is sealed changes
		points, err := w.untouched(points, before)
		if err != nil {
			return err
		}
		for _, one := range series {
			if err := ctx.Err(); err != nil {
				return err
			}
			for _, p := range points {
				n, err := w.affected(deletePointsSQL, one.pk, int64(p.from), int64(p.to))
				if err == nil && n > 0 {
					_, err = w.exec(sealHoursSQL, one.pk, int64(p.from), int64(p.to))
				}
				if err != nil {
					return err
				}
			}
			for _, h := range rolled {
				if _, err := w.exec(deleteHoursSQL, one.pk, int64(h.from), int64(h.to)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// untouched are the spans of which no points came since an instant.
func (w *writer) untouched(spans []span, since delivery.Instant) ([]span, error) {
	out := make([]span, 0, len(spans))
	for _, p := range spans {
		var touched bool
		if _, err := w.row(touchedSinceSQL, []any{int64(p.from), int64(p.to), int64(since)}, []any{&touched}); err != nil {
			return nil, err
		}
		if !touched {
			out = append(out, p)
		}
	}
	return out, nil
}
