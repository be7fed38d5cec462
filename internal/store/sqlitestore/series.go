package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"throughline/internal/delivery"
)

// seriesCache is what a writer of points asks for again and again.
type seriesCache struct {
	pks    map[int64]int64 // by ID
	hours  map[delivery.Instant]pointHour
	sealed delivery.Instant // end of the newest sealed hour, 0 when there is none
}

// pointHour is an hour that points came of.
type pointHour struct {
	touchedAt delivery.Instant
	stale     bool
	touch     int64 // another one each time points come
}

// touch is a number that none before was.
func (s *Store) touch() int64 {
	s.lastTouch++
	return s.lastTouch
}

// touchAgain is how old the time may be at which an hour was last touched.
const touchAgain = delivery.Hour

// cached reads what is asked for again and again, once.
func (w *writer) cached() (*seriesCache, error) {
	if w.own.series != nil {
		return w.own.series, nil
	}
	c := &seriesCache{pks: map[int64]int64{}, hours: map[delivery.Instant]pointHour{}}
	err := w.rows(func(rows *sql.Rows) error {
		var pk, id int64
		var metric, token string
		err := rows.Scan(&pk, &id, &metric, &token)
		c.pks[id] = pk
		return err
	}, seriesPKsSQL)
	if err != nil {
		return nil, err
	}
	err = w.rows(func(rows *sql.Rows) error {
		var hour delivery.Instant
		var h pointHour
		err := rows.Scan(&hour, &h.touchedAt, &h.stale)
		h.touch = w.own.touch()
		c.hours[hour] = h
		return err
	}, pointHoursSQL, 0, int64(forever))
	if err != nil {
		return nil, err
	}
	var newest int64
	if _, err := w.row(newestSealedSQL, nil, []any{&newest}); err != nil {
		return nil, err
	}
	if newest >= 0 {
		c.sealed = delivery.Instant(newest + delivery.Hour)
	}
	w.own.series = c
	return c, nil
}

// pointRow is a row of points.
type pointRow struct {
	series int64 // pk
	at     delivery.Instant
	value  float64
}

// points stores the points of a batch.
func (w *writer) points(ctx context.Context, b *delivery.Batch, out *delivery.Written) error {
	if len(b.Points) == 0 {
		return nil
	}
	c, err := w.cached()
	if err != nil {
		return fmt.Errorf("points: %w", err)
	}
	var rows []pointRow
	for i := range b.Points {
		if rows, err = w.pointRows(c, &b.Points[i], rows); err != nil {
			return fmt.Errorf("points: %w", err)
		}
	}
	// Those that lie together are written together; of one time the last holds.
	slices.SortStableFunc(rows, func(a, b pointRow) int { return cmp.Or(cmp.Compare(a.series, b.series), cmp.Compare(a.at, b.at)) })
	rows = lastOfEach(rows)
	out.Inserted += len(rows)
	if err := ctx.Err(); err != nil {
		return err
	}
	return w.putPoints(rows)
}

// lastOfEach drops all but the last of the rows of one series and time.
func lastOfEach(rows []pointRow) []pointRow {
	kept := rows[:0]
	for i, r := range rows {
		if i+1 == len(rows) || rows[i+1].series != r.series || rows[i+1].at != r.at {
			kept = append(kept, r)
		}
	}
	return kept
}

// pointRows adds the rows of points, without those of sealed hours.
func (w *writer) pointRows(c *seriesCache, p *delivery.Points, rows []pointRow) ([]pointRow, error) {
	pks := make([]int64, len(p.Series))
	ids := make([]int64, len(p.Series))
	for i := range p.Series {
		var err error
		ids[i] = p.Series[i].ID()
		if pks[i], err = w.seriesPK(c, ids[i], &p.Series[i], p.Token); err != nil {
			return nil, err
		}
	}
	rows = slices.Grow(rows, len(p.At))
	touched := delivery.Instant(-1)
	for i, at := range p.At {
		hour := at.Hour()
		if at < c.sealed {
			var sealed bool
			if _, err := w.row(sealedHourSQL, []any{ids[p.Of[i]], int64(hour)}, []any{&sealed}); err != nil {
				return nil, err
			}
			if sealed {
				continue
			}
		}
		if hour != touched {
			if err := w.touchHour(c, hour, p.ReceivedAt); err != nil {
				return nil, err
			}
			touched = hour
		}
		rows = append(rows, pointRow{pks[p.Of[i]], at, p.Values[i]})
	}
	return rows, nil
}

func (w *writer) seriesPK(c *seriesCache, id int64, key *delivery.SeriesKey, token string) (int64, error) {
	if pk, ok := c.pks[id]; ok {
		return pk, nil
	}
	pk, err := w.insert(putSeriesSQL, id, key.Metric, delivery.EncodeTags(key.Tags), token)
	c.pks[id] = pk
	return pk, err
}

func (w *writer) touchHour(c *seriesCache, hour, at delivery.Instant) error {
	old := c.hours[hour]
	h := pointHour{max(at, old.touchedAt), true, w.own.touch()}
	if old.stale && at < old.touchedAt+touchAgain {
		h.touchedAt = old.touchedAt
		c.hours[hour] = h
		return nil
	}
	c.hours[hour] = h
	_, err := w.exec(putPointHourSQL, int64(hour), int64(h.touchedAt), h.stale)
	return err
}

// pointsAtOnce is how many rows one statement writes: each costs a round to the
// database.
const pointsAtOnce = 200

func (w *writer) putPoints(rows []pointRow) error {
	args := make([]any, 0, 3*pointsAtOnce)
	for chunk := range slices.Chunk(rows, pointsAtOnce) {
		args = args[:0]
		for _, r := range chunk {
			args = append(args, r.series, int64(r.at), r.value)
		}
		if _, err := w.exec(putPointsSQL(len(chunk)), args...); err != nil {
			return fmt.Errorf("points: %w", err)
		}
	}
	return nil
}

// putPointsSQL writes n rows.
func putPointsSQL(n int) string {
	return "INSERT OR REPLACE INTO points VALUES (?,?,?)" + strings.Repeat(",(?,?,?)", n-1)
}

// sealedHours stores the sealed hours of a batch.
func (w *writer) sealedHours(ctx context.Context, b *delivery.Batch, out *delivery.Written) error {
	if len(b.Sealed) == 0 {
		return nil
	}
	c, err := w.cached()
	for i := range b.Sealed {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = w.seal(c, &b.Sealed[i], out)
		}
	}
	if err != nil {
		return fmt.Errorf("sealed hours: %w", err)
	}
	return nil
}

func (w *writer) seal(c *seriesCache, p *delivery.SealedHours, out *delivery.Written) error {
	pks := make([]int64, len(p.Series))
	for i := range p.Series {
		var err error
		if pks[i], err = w.seriesPK(c, p.Series[i].ID(), &p.Series[i], p.Token); err != nil {
			return err
		}
	}
	for i, hour := range p.Hours {
		pk, f := pks[p.Of[i]], &p.Values[i]
		n, err := w.affected(putSealedHourSQL, pk, int64(hour), f.N, f.Sum, f.Min, f.Max, f.First, f.Last)
		if err != nil {
			return err
		}
		if n == 0 {
			out.Unchanged++
			continue
		}
		out.Inserted++
		// An earlier part of a copy may have brought points of it.
		if _, err := w.exec(deletePointsSQL, pk, int64(hour), int64(hour+delivery.Hour)); err != nil {
			return err
		}
		if err := w.keepHour(c, hour, p.ReceivedAt); err != nil {
			return err
		}
		c.sealed = max(c.sealed, hour+delivery.Hour)
	}
	return nil
}

// keepHour sees that an hour is known, so that its roll-ups go in time; it is not to
// be rolled up for that.
func (w *writer) keepHour(c *seriesCache, hour, at delivery.Instant) error {
	h, known := c.hours[hour]
	switch {
	case !known:
		h = pointHour{touchedAt: at, touch: w.own.touch()}
	case at <= h.touchedAt:
		return nil
	}
	h.touchedAt = at
	c.hours[hour] = h
	_, err := w.exec(putPointHourSQL, int64(hour), int64(h.touchedAt), h.stale)
	return err
}

// Metrics are all metrics by name.
func (s *Store) Metrics(ctx context.Context) ([]delivery.Metric, error) {
	var out []delivery.Metric
	rows, err := s.db.Reader.QueryContext(ctx, metricsSQL)
	err = each(rows, err, func(rows *sql.Rows) error {
		var m delivery.Metric
		err := rows.Scan(&m.Name, &m.Series)
		out = append(out, m)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	return out, nil
}

// SeriesOf are the series of a metric.
func (s *Store) SeriesOf(ctx context.Context, metric string) ([]delivery.StoredSeries, error) {
	var out []delivery.StoredSeries
	rows, err := s.db.Reader.QueryContext(ctx, seriesOfSQL, metric)
	err = each(rows, err, func(rows *sql.Rows) error {
		one := delivery.StoredSeries{SeriesKey: delivery.SeriesKey{Metric: metric}}
		var tags string
		err := rows.Scan(&one.ID, &tags, &one.Token)
		if err == nil {
			one.Tags, err = delivery.DecodeTags(tags)
		}
		out = append(out, one)
		return err
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
		rows, err := s.db.Reader.QueryContext(ctx, seriesPKsSQL)
		err = each(rows, err, func(rows *sql.Rows) error {
			var o delivery.SeriesOwner
			var pk int64
			var metric string
			if err := rows.Scan(&pk, &o.ID, &metric, &o.Token); err != nil {
				return err
			}
			if !yield(o, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(delivery.SeriesOwner{}, fmt.Errorf("series: %w", err))
		}
	}
}

// LastPoints are the times of the newest points of series.
func (s *Store) LastPoints(ctx context.Context, ids []int64) (map[int64]delivery.Instant, error) {
	out := map[int64]delivery.Instant{}
	err := s.read(ctx, func(tx *sql.Tx) error {
		for _, id := range ids {
			var at delivery.Instant
			err := tx.QueryRowContext(ctx, lastPointSQL, id).Scan(&at)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			if at > 0 {
				out[id] = at
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("newest points: %w", err)
	}
	return out, nil
}

// Sealed are those of the hours that are sealed.
func (s *Store) Sealed(ctx context.Context, hours []delivery.SeriesHour) (map[delivery.SeriesHour]bool, error) {
	out := map[delivery.SeriesHour]bool{}
	err := s.read(ctx, func(tx *sql.Tx) error {
		var newest delivery.Instant
		if err := tx.QueryRowContext(ctx, newestSealedSQL).Scan(&newest); err != nil {
			return err
		}
		for _, h := range hours {
			if h.Hour > newest {
				continue
			}
			var sealed bool
			if err := tx.QueryRowContext(ctx, sealedHourSQL, h.Series, int64(h.Hour)).Scan(&sealed); err != nil {
				return err
			}
			if sealed {
				out[h] = true
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("sealed hours: %w", err)
	}
	return out, nil
}
