package clickhousestore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// pointStore is what is asked for with all points that come. They go by no state:
// other facts are written at the same time.
type pointStore struct {
	rolling  sync.Mutex // held by whoever makes or drops roll-ups
	retiring sync.Mutex // then, by whoever drops points, or writes some that are as old

	writing sync.Mutex // then, by whoever writes points; of what follows
	loaded  bool
	known   map[int64]struct{} // series by ID
	hours   map[delivery.Instant]*pointHour
	touches int64
	written uint64           // the newest of an hour's row
	before  delivery.Instant // points before it are being dropped

	ready  atomic.Bool  // it was loaded once
	sealed atomic.Int64 // end of the newest sealed hour, 0 when there is none
}

// pointHour is an hour that points came of.
type pointHour struct {
	touchedAt delivery.Instant
	stale     bool  // it is to be rolled up
	touch     int64 // another one each time
}

// day is the length of what is retired at once.
const day = 24 * delivery.Hour

// listed is how many numbers a statement names.
const listed = 20_000

// load reads what is known of points, once: whoever writes them holds the lock.
func (s *Store) load(ctx context.Context) error {
	p := &s.series
	if p.loaded {
		return nil
	}
	known, hours := map[int64]struct{}{}, map[delivery.Instant]*pointHour{}
	p.touches++
	err := scanRows(ctx, s.conn, s.sql("series_ids", nil), func(rows driver.Rows) error {
		var id int64
		err := rows.Scan(&id)
		known[id] = struct{}{}
		return err
	})
	if err != nil {
		return fmt.Errorf("series: %w", err)
	}
	err = s.scanPointHours(ctx, s.sql("point_hours", false), func(hour delivery.Instant, h pointHour) {
		h.touch = p.touches
		hours[hour] = &h
	})
	if err != nil {
		return err
	}
	var sealed int64
	if err := s.conn.QueryRow(ctx, s.sql("point_counters", nil)).Scan(&p.written, &sealed); err != nil {
		return fmt.Errorf("newest hours: %w", err)
	}
	p.known, p.hours, p.loaded = known, hours, true
	p.sealed.Store(sealed)
	p.ready.Store(true)
	return nil
}

func (s *Store) scanPointHours(ctx context.Context, query string, take func(delivery.Instant, pointHour), args ...any) error {
	err := scanRows(ctx, s.conn, query, func(rows driver.Rows) error {
		var hour int64
		var h pointHour
		err := rows.Scan(&hour, (*int64)(&h.touchedAt), &h.stale)
		take(delivery.Instant(hour), h)
		return err
	}, args...)
	if err != nil {
		return fmt.Errorf("hours of points: %w", err)
	}
	return nil
}

// withPoints runs f with what is known of points, which nobody else changes then.
func (s *Store) withPoints(ctx context.Context, f func(p *pointStore) error) error {
	s.series.writing.Lock()
	defer s.series.writing.Unlock()
	if err := s.load(ctx); err != nil {
		return err
	}
	err := f(&s.series)
	if err != nil {
		s.series.loaded = false // something of it may have been written
	}
	return err
}

// sealedUntil is the end of the newest sealed hour.
func (s *Store) sealedUntil(ctx context.Context) (delivery.Instant, error) {
	if !s.series.ready.Load() {
		if err := s.withPoints(ctx, func(*pointStore) error { return nil }); err != nil {
			return 0, err
		}
	}
	return delivery.Instant(s.series.sealed.Load()), nil
}

// Metrics are all metrics by name.
func (s *Store) Metrics(ctx context.Context) ([]delivery.Metric, error) {
	var out []delivery.Metric
	err := s.read(ctx, func(*state) error {
		return scanRows(ctx, s.conn, s.sql("metrics", nil), func(rows driver.Rows) error {
			var m delivery.Metric
			var n uint64
			err := rows.Scan(&m.Name, &n)
			m.Series = int(n)
			out = append(out, m)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	return out, nil
}

// SeriesOf are the series of a metric.
func (s *Store) SeriesOf(ctx context.Context, metric string) ([]delivery.StoredSeries, error) {
	var out []delivery.StoredSeries
	err := s.read(ctx, func(*state) error {
		return scanRows(ctx, s.conn, s.sql("series_of", nil), func(rows driver.Rows) error {
			one := delivery.StoredSeries{SeriesKey: delivery.SeriesKey{Metric: metric}}
			var tags string
			err := rows.Scan(&one.ID, &tags, &one.Token)
			if err == nil {
				one.Tags, err = delivery.DecodeTags(tags)
			}
			out = append(out, one)
			return err
		}, clickhouse.Named("metric", metric))
	})
	if err != nil {
		return nil, fmt.Errorf("series: %w", err)
	}
	slices.SortFunc(out, func(a, b delivery.StoredSeries) int { return a.Compare(&b.SeriesKey) })
	return out, nil
}

// SeriesOwners yields every series.
func (s *Store) SeriesOwners(ctx context.Context) iter.Seq2[delivery.SeriesOwner, error] {
	return func(yield func(delivery.SeriesOwner, error) bool) {
		err := s.read(ctx, func(*state) error {
			return scanRows(ctx, s.conn, s.sql("series_owners", nil), func(rows driver.Rows) error {
				var o delivery.SeriesOwner
				if err := rows.Scan(&o.ID, &o.Token); err != nil {
					return err
				}
				if !yield(o, nil) {
					return errStop
				}
				return nil
			})
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(delivery.SeriesOwner{}, fmt.Errorf("series: %w", err))
		}
	}
}

// LastPoints are the times of the newest points of series. One is not older than the
// newest roll-up; what is newer is of an hour that is stale.
func (s *Store) LastPoints(ctx context.Context, ids []int64) (map[int64]delivery.Instant, error) {
	out := map[int64]delivery.Instant{}
	err := s.read(ctx, func(*state) error {
		stale := map[int64]bool{}
		err := s.scanPointHours(ctx, s.sql("point_hours", false), func(hour delivery.Instant, h pointHour) {
			if h.stale {
				stale[int64(hour/day)] = true
			}
		})
		for part := range slices.Chunk(ids, listed) {
			if err == nil {
				err = s.lastPoints(ctx, part, stale, out)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("newest points: %w", err)
	}
	return out, nil
}

func (s *Store) lastPoints(ctx context.Context, ids []int64, days map[int64]bool, out map[int64]delivery.Instant) error {
	take := func(rows driver.Rows) error {
		var id, at int64
		err := rows.Scan(&id, &at)
		out[id] = max(out[id], delivery.Instant(at))
		days[at/day] = true
		return err
	}
	if err := scanRows(ctx, s.conn, s.sql("newest_hours", nil), take, clickhouse.Named("series", ids)); err != nil || len(days) == 0 {
		return err
	}
	return scanRows(ctx, s.conn, s.sql("newest_points", nil), take, clickhouse.Named("series", ids), clickhouse.Named("days", sortedKeys(days)))
}

func sortedKeys(m map[int64]bool) []int64 {
	out := make([]int64, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// Sealed are those of the hours that are sealed.
func (s *Store) Sealed(ctx context.Context, hours []delivery.SeriesHour) (out map[delivery.SeriesHour]bool, err error) {
	err = s.read(ctx, func(*state) error {
		asked := make(map[delivery.SeriesHour]bool, len(hours))
		for _, h := range hours {
			asked[h] = true
		}
		out, err = s.sealedOf(ctx, asked)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sealed hours: %w", err)
	}
	return out, nil
}

// sealedOf are those of asked that are sealed.
func (s *Store) sealedOf(ctx context.Context, asked map[delivery.SeriesHour]bool) (map[delivery.SeriesHour]bool, error) {
	out := map[delivery.SeriesHour]bool{}
	until, err := s.sealedUntil(ctx)
	if err != nil {
		return nil, err
	}
	bySeries := map[int64][]delivery.Instant{}
	for h := range asked {
		if h.Hour < until {
			bySeries[h.Series] = append(bySeries[h.Series], h.Hour)
		}
	}
	ids := make([]int64, 0, len(bySeries))
	for id := range bySeries {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for part := range slices.Chunk(ids, listed) {
		hours := map[int64]bool{}
		for _, id := range part {
			for _, hour := range bySeries[id] {
				hours[int64(hour)] = true
			}
		}
		err := scanRows(ctx, s.conn, s.sql("sealed_hours", nil), func(rows driver.Rows) error {
			var h delivery.SeriesHour
			err := rows.Scan(&h.Series, (*int64)(&h.Hour))
			if asked[h] {
				out[h] = true
			}
			return err
		}, clickhouse.Named("series", part), clickhouse.Named("hours", sortedKeys(hours)))
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
