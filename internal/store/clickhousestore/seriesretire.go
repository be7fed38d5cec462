package clickhousestore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// Retire drops what was kept long enough. Points as old wait until it is done, so
// that no hour is sealed, nor dropped, that some of come meanwhile.
func (s *Store) Retire(ctx context.Context, r delivery.Retention, now delivery.Instant) error {
	shortest := r[0].Raw
	for _, rule := range r {
		shortest = min(shortest, rule.Raw)
	}
	err := s.keepPoints(ctx, func() error {
		s.series.retiring.Lock()
		defer s.series.retiring.Unlock()
		err := s.withPoints(ctx, func(p *pointStore) error {
			p.before = ago(now, shortest)
			return nil
		})
		if err != nil {
			return err
		}
		defer func() {
			s.series.writing.Lock()
			defer s.series.writing.Unlock()
			s.series.before = 0
		}()
		return s.retire(ctx, r, now)
	})
	if err != nil {
		return fmt.Errorf("retire points: %w", err)
	}
	return nil
}

func ago(now delivery.Instant, d time.Duration) delivery.Instant {
	return max(0, now-delivery.Instant(d.Milliseconds()))
}

func (s *Store) retire(ctx context.Context, r delivery.Retention, now delivery.Instant) error {
	rules, err := s.rules(ctx, r)
	if err != nil {
		return err
	}
	soonest := r[0].Hourly
	for i := range r {
		soonest = min(soonest, r[i].Hourly)
		if rules[i].none {
			continue
		}
		if err := s.retireDays(ctx, rules[i], ago(now, r[i].Raw)); err != nil {
			return fmt.Errorf("points: %w", err)
		}
		if err := s.retireHours(ctx, rules[i], ago(now, r[i].Hourly)); err != nil {
			return fmt.Errorf("roll-ups: %w", err)
		}
	}
	if err := s.forgetHours(ctx, ago(now, soonest)); err != nil {
		return fmt.Errorf("hours: %w", err)
	}
	if err := s.forgetSeries(ctx); err != nil {
		return fmt.Errorf("series: %w", err)
	}
	return nil
}

// retired is what the statements that drop something are made from.
type retired struct {
	Table string // with where it is
	Week  int64  // of points
	none  bool   // no series is meant
	text  string // a condition on the series, after its name; "" for all
}

// Of is the condition on a column that names a series.
func (r retired) Of(name string) string {
	if r.text == "" {
		return ""
	}
	return " AND " + name + r.text
}

// on is the statements' data for a table.
func (r retired) on(s *Store, table string) retired {
	r.Table = localTable(&s.address, table)
	if s.address.cluster != "" {
		r.Table += " ON CLUSTER `" + s.address.cluster + "`"
	}
	return r
}

// rules say of which series each rule is: by those it is of, or by those it is not,
// whichever are fewer.
func (s *Store) rules(ctx context.Context, r delivery.Retention) ([]retired, error) {
	ids := make([][]int64, len(r))
	n := 0
	err := scanRows(ctx, s.conn, s.sql("series_metrics", nil), func(rows driver.Rows) error {
		var metric string
		var id int64
		err := rows.Scan(&metric, &id)
		i := r.Index(metric)
		ids[i] = append(ids[i], id)
		n++
		return err
	})
	out := make([]retired, len(r))
	for i := range r {
		switch {
		case len(ids[i]) == n:
			out[i] = retired{none: n == 0}
		case 2*len(ids[i]) <= n:
			out[i] = retired{none: len(ids[i]) == 0, text: " IN " + integers(ids[i])}
		default:
			others := slices.Concat(slices.Concat(ids[:i]...), slices.Concat(ids[i+1:]...))
			out[i] = retired{text: " NOT IN " + integers(others)}
		}
	}
	return out, err
}

// retireDays seals the roll-ups of days before an instant that nothing came of since
// then, and drops their points.
func (s *Store) retireDays(ctx context.Context, rule retired, before delivery.Instant) error {
	var days []int64
	err := s.withPoints(ctx, func(p *pointStore) error {
		old := map[int64]bool{}
		for hour := range p.hours {
			old[int64(hour/day)] = true
		}
		for hour, h := range p.hours {
			if d := hour / day; h.stale || h.touchedAt >= before || (d+1)*day > before {
				delete(old, int64(d))
			}
		}
		days = sortedKeys(old)
		return nil
	})
	if err != nil || len(days) == 0 {
		return err
	}
	weeks := map[int64][]int64{}
	err = scanRows(ctx, s.conn, s.sql("points_by_day", rule), func(rows driver.Rows) error {
		var d int32
		err := rows.Scan(&d)
		week := int64(d+3) / 7
		weeks[week] = append(weeks[week], int64(d))
		return err
	}, clickhouse.Named("days", days))
	for week, days := range weeks {
		if err == nil {
			err = s.retireWeek(ctx, rule, week, days)
		}
	}
	return err
}

func (s *Store) retireWeek(ctx context.Context, rule retired, week int64, days []int64) error {
	var written uint64
	err := s.withPoints(ctx, func(p *pointStore) error {
		p.written++
		written = p.written
		// Before any is: who reads or writes has to look.
		p.sealed.Store(max(p.sealed.Load(), (slices.Max(days)+1)*day))
		return nil
	})
	if err != nil {
		return err
	}
	of := clickhouse.Named("days", days)
	if err := s.conn.Exec(ctx, s.sql("seal_hours", rule), of, clickhouse.Named("written", written)); err != nil {
		return err
	}
	rule.Week = week
	return s.conn.Exec(ctx, s.sql("delete_points", rule.on(s, "points")), of)
}

// oldHours are the hours before an instant that nothing came of since then.
func (p *pointStore) oldHours(before delivery.Instant) []delivery.Instant {
	var out []delivery.Instant
	for hour, h := range p.hours {
		if hour+delivery.Hour <= before && h.touchedAt < before && !h.stale {
			out = append(out, hour)
		}
	}
	slices.Sort(out)
	return out
}

// retireHours drops roll-ups of hours before an instant that nothing came of since
// then. Points that are still there, as their day is not old enough, keep theirs.
func (s *Store) retireHours(ctx context.Context, rule retired, before delivery.Instant) error {
	var old []delivery.Instant
	err := s.withPoints(ctx, func(p *pointStore) error {
		old = p.oldHours(before)
		return nil
	})
	if err == nil {
		old, err = s.withoutListed(ctx, "hours_with_points", rule, old)
	}
	if err != nil || len(old) == 0 {
		return err
	}
	numbers, _ := numbersOf(old)
	var n uint64
	hours := clickhouse.Named("hours", numbers)
	if err := s.conn.QueryRow(ctx, s.sql("count_hours", rule), hours).Scan(&n); err != nil || n == 0 {
		return err
	}
	return s.conn.Exec(ctx, s.sql("delete_hours", rule.on(s, "series_hours")), hours)
}

// withoutListed leaves out the hours that a statement answers.
func (s *Store) withoutListed(ctx context.Context, query string, rule retired, hours []delivery.Instant) ([]delivery.Instant, error) {
	if len(hours) == 0 {
		return nil, nil
	}
	numbers, days := numbersOf(hours)
	found := map[delivery.Instant]bool{}
	err := scanRows(ctx, s.conn, s.sql(query, rule), func(rows driver.Rows) error {
		var hour int64
		err := rows.Scan(&hour)
		found[delivery.Instant(hour)] = true
		return err
	}, clickhouse.Named("hours", numbers), clickhouse.Named("days", days))
	return slices.DeleteFunc(hours, func(hour delivery.Instant) bool { return found[hour] }), err
}

// forgetHours drops what is known of hours that nothing is left of. An hour with
// points that is not stale has roll-ups.
func (s *Store) forgetHours(ctx context.Context, before delivery.Instant) error {
	return s.withPoints(ctx, func(p *pointStore) error {
		gone, err := s.withoutListed(ctx, "hours_left", retired{}, p.oldHours(before))
		if err != nil || len(gone) == 0 {
			return err
		}
		numbers, _ := numbersOf(gone)
		if err := s.conn.Exec(ctx, s.sql("delete_point_hours", retired{}.on(s, "point_hours")), clickhouse.Named("hours", numbers)); err != nil {
			return err
		}
		for _, hour := range gone {
			delete(p.hours, hour)
		}
		return nil
	})
}

// forgetSeries drops series that nothing is left of: few are without a roll-up, and
// only these are looked at closely.
func (s *Store) forgetSeries(ctx context.Context) error {
	var ids []int64
	err := s.eachID(ctx, s.sql("series_without_hours", nil), func(id int64) { ids = append(ids, id) })
	for part := range slices.Chunk(ids, listed) {
		if err == nil {
			err = s.withPoints(ctx, func(p *pointStore) error { return s.forgetEmpty(ctx, p, part) })
		}
	}
	return err
}

func (s *Store) forgetEmpty(ctx context.Context, p *pointStore, ids []int64) error {
	left := map[int64]bool{}
	err := s.eachID(ctx, s.sql("series_with_points", nil), func(id int64) { left[id] = true }, clickhouse.Named("series", ids))
	gone := slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return left[id] })
	if err != nil || len(gone) == 0 {
		return err
	}
	if err := s.conn.Exec(ctx, s.sql("delete_series", retired{}.on(s, "series")), clickhouse.Named("series", gone)); err != nil {
		return err
	}
	for _, id := range gone {
		delete(p.known, id)
	}
	return nil
}

func (s *Store) eachID(ctx context.Context, query string, take func(int64), args ...any) error {
	return scanRows(ctx, s.conn, query, func(rows driver.Rows) error {
		var id int64
		err := rows.Scan(&id)
		take(id)
		return err
	}, args...)
}
