package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"throughline/internal/delivery"
	"throughline/internal/sqlite"
)

// ReadPoints yields points by (Series, At), with the roll-ups of hours in their places.
func (s *Store) ReadPoints(ctx context.Context, q delivery.PointQuery) iter.Seq2[delivery.SeriesPoint, error] {
	return func(yield func(delivery.SeriesPoint, error) bool) {
		fold := delivery.NewFoldPoints(&q, func(p delivery.SeriesPoint) bool { return yield(p, nil) })
		err := s.read(ctx, func(tx *sql.Tx) error {
			r := pointReader{ctx: ctx, tx: tx, q: &q, fold: fold}
			if err := r.plan(); err != nil {
				return err
			}
			for _, id := range q.Series {
				if err := r.series(id); err != nil {
					return err
				}
			}
			if !fold.End() {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(delivery.SeriesPoint{}, fmt.Errorf("points: %w", err))
		}
	}
}

// pointReader reads the points of a query.
type pointReader struct {
	ctx    context.Context
	tx     *sql.Tx
	q      *delivery.PointQuery
	fold   *delivery.FoldPoints
	raw    []span                    // where points are read; hours in between are whole and rolled up
	rolled map[delivery.Instant]bool // hours outside of raw
	hours  bool                      // any roll-up may be of use
}

// span is [from, to).
type span struct{ from, to delivery.Instant }

// plan finds out what is read from where; it is the same for all series.
func (r *pointReader) plan() error {
	q := r.q
	var newest delivery.Instant
	if err := r.tx.QueryRowContext(r.ctx, newestSealedSQL).Scan(&newest); err != nil {
		return err
	}
	r.hours = q.Hourly || q.From <= newest
	if !q.Hourly {
		r.raw = []span{{q.From, q.To}}
		return nil
	}
	r.rolled = map[delivery.Instant]bool{}
	at := q.From
	rows, err := r.tx.QueryContext(r.ctx, pointHoursSQL, int64(q.From), int64(q.To))
	err = each(rows, err, func(rows *sql.Rows) error {
		var hour, touched delivery.Instant
		var stale bool
		if err := rows.Scan(&hour, &touched, &stale); err != nil || stale || hour+delivery.Hour > q.To {
			return err
		}
		r.rolled[hour] = true
		if at < hour {
			r.raw = append(r.raw, span{at, hour})
		}
		at = hour + delivery.Hour
		return nil
	})
	if at < q.To {
		r.raw = append(r.raw, span{at, q.To})
	}
	return err
}

// rolledHour is the roll-up of an hour.
type rolledHour struct {
	hour   delivery.Instant
	sealed bool
	delivery.Folded
}

func (r *pointReader) series(id int64) error {
	var pk int64
	err := r.tx.QueryRowContext(r.ctx, seriesPKSQL, id).Scan(&pk)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	var hours []rolledHour
	if err == nil && r.hours {
		hours, err = r.rollUps(pk)
	}
	if err != nil {
		return err
	}
	// Hours that stand before an instant are handed over before it.
	before := func(at delivery.Instant) error {
		for len(hours) > 0 && hours[0].hour < at {
			if !r.fold.Hour(id, hours[0].hour, hours[0].Folded, hours[0].sealed) {
				return errStop
			}
			hours = hours[1:]
		}
		return nil
	}
	for _, part := range r.raw {
		err := sqlite.Scan(r.ctx, r.tx, func(row sqlite.Row) error {
			at := delivery.Instant(row.Int(0))
			if err := before(at); err != nil {
				return err
			}
			if !r.fold.Point(id, at, row.Float(1)) {
				return errStop
			}
			return nil
		}, rawPointsSQL, pk, int64(part.from), int64(part.to))
		if err != nil {
			return err
		}
	}
	return before(r.q.To)
}

// rollUps are those of a series that stand for its points, by hour.
func (r *pointReader) rollUps(pk int64) ([]rolledHour, error) {
	var out []rolledHour
	rows, err := r.tx.QueryContext(r.ctx, hoursOfSeriesSQL, pk, int64(r.q.From), int64(r.q.To), r.q.Hourly)
	err = each(rows, err, func(rows *sql.Rows) error {
		var h rolledHour
		if err := rows.Scan(&h.hour, &h.N, &h.Sum, &h.Min, &h.Max, &h.First, &h.Last, &h.sealed); err != nil {
			return err
		}
		if h.sealed || r.rolled[h.hour] {
			out = append(out, h)
		}
		return nil
	})
	return out, err
}
