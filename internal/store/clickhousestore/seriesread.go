package clickhousestore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// How many series a statement reads: single points are sorted, and the values of a
// quantile kept, before the first of them arrives.
const (
	pointsAtOnce = 100
	foldedAtOnce = 2000
)

// askedPoints is what the statements on points are made from. What is read from
// where is the same for all series.
type askedPoints struct {
	FirstDay, LastDay int64
	Hourly, Sealed    bool   // roll-ups may stand for points, or be all there is
	P                 string // of a quantile

	args []any
}

// Hours reports whether roll-ups are read.
func (a *askedPoints) Hours() bool { return a.Hourly || a.Sealed }

// ReadPoints yields points by (Series, At).
func (s *Store) ReadPoints(ctx context.Context, q delivery.PointQuery) iter.Seq2[delivery.SeriesPoint, error] {
	return func(yield func(delivery.SeriesPoint, error) bool) {
		err := s.read(ctx, func(*state) error {
			a, err := s.askPoints(ctx, &q)
			if err != nil {
				return err
			}
			return s.readPoints(ctx, &q, a, func(p delivery.SeriesPoint) bool { return yield(p, nil) })
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(delivery.SeriesPoint{}, fmt.Errorf("points: %w", err))
		}
	}
}

func (s *Store) askPoints(ctx context.Context, q *delivery.PointQuery) (*askedPoints, error) {
	a := &askedPoints{FirstDay: int64(max(q.From, 0)) / day, LastDay: int64(max(q.To-1, 0)) / day, Hourly: q.Hourly}
	until, err := s.sealedUntil(ctx)
	if err != nil {
		return nil, err
	}
	a.Sealed = q.From < until
	a.P = strconv.FormatFloat(q.Fold.P, 'g', -1, 64)
	a.args = []any{clickhouse.Named("from", int64(q.From)), clickhouse.Named("to", int64(q.To)), clickhouse.Named("every", q.Every)}
	if !q.Hourly {
		return a, nil
	}
	raw, days := []int64{-1}, map[int64]bool{-1: true} // a list has a member
	err = s.scanPointHours(ctx, s.sql("point_hours", true), func(hour delivery.Instant, h pointHour) {
		if h.stale || hour < q.From || hour+delivery.Hour > q.To {
			raw, days[int64(hour/day)] = append(raw, int64(hour)), true
		}
	}, a.args...)
	a.args = append(a.args, clickhouse.Named("raw", raw), clickhouse.Named("days", sortedKeys(days)))
	return a, err
}

// readPoints asks for series after series, as far as yield takes what comes.
func (s *Store) readPoints(ctx context.Context, q *delivery.PointQuery, a *askedPoints, yield func(delivery.SeriesPoint) bool) error {
	name, size, scan := s.reading(q, a)
	fold := delivery.NewFoldPoints(q, yield)
	query := s.sql(name, a)
	ids := slices.Clone(q.Series)
	slices.Sort(ids)
	for part := range slices.Chunk(slices.Compact(ids), size) {
		err := scanRows(ctx, s.conn, query, func(rows driver.Rows) error { return scan(rows, fold, yield) },
			append(slices.Clone(a.args), clickhouse.Named("series", part))...)
		if err != nil {
			return err
		}
	}
	if !fold.End() {
		return errStop
	}
	return nil
}

// scanPoints takes a row of points, and hands on what it comes to.
type scanPoints func(rows driver.Rows, fold *delivery.FoldPoints, yield func(delivery.SeriesPoint) bool) error

// reading is how a query is answered: by which statement, for how many series at once.
// Quantiles that points are missing of, and roll-ups that cannot tell, are worked out
// here.
func (s *Store) reading(q *delivery.PointQuery, a *askedPoints) (name string, size int, scan scanPoints) {
	quantile := q.Fold.Kind == delivery.FoldQuantile
	switch {
	case q.Every == 0 || quantile && a.Hours():
		return "read_points", pointsAtOnce, scanPoint
	case quantile:
		return "read_quantiles", pointsAtOnce, scanQuantile
	case a.Sealed && !q.Tells():
		return "read_parts", foldedAtOnce, scanPart
	case a.Hours():
		name = "read_buckets"
	default:
		name = "read_parts" // which are the buckets
	}
	return name, foldedAtOnce, func(rows driver.Rows, _ *delivery.FoldPoints, yield func(delivery.SeriesPoint) bool) error {
		return scanBucket(rows, q.Fold, yield)
	}
}

func scanPoint(rows driver.Rows, fold *delivery.FoldPoints, _ func(delivery.SeriesPoint) bool) error {
	var series, at int64
	var of delivery.Folded
	var sealed bool
	if err := rows.Scan(&series, &at, &of.N, &of.Sum, &sealed); err != nil {
		return err
	}
	var more bool
	if sealed {
		more = fold.Hour(series, delivery.Instant(at), of, true)
	} else {
		more = fold.Point(series, delivery.Instant(at), of.Sum)
	}
	return goOn(more)
}

func scanPart(rows driver.Rows, fold *delivery.FoldPoints, _ func(delivery.SeriesPoint) bool) error {
	var p delivery.SeriesPoint
	of, err := scanFolded(rows, &p)
	if err != nil {
		return err
	}
	return goOn(fold.Hour(p.Series, p.At, of, p.Rolled))
}

func scanBucket(rows driver.Rows, by delivery.Fold, yield func(delivery.SeriesPoint) bool) error {
	var p delivery.SeriesPoint
	of, err := scanFolded(rows, &p)
	if err != nil {
		return err
	}
	p.Value = of.Value(by)
	return goOn(yield(p))
}

func scanFolded(rows driver.Rows, p *delivery.SeriesPoint) (of delivery.Folded, err error) {
	err = rows.Scan(&p.Series, (*int64)(&p.At), &of.N, &of.Sum, &of.Min, &of.Max, &of.First, &of.Last, &p.Rolled)
	return of, err
}

func scanQuantile(rows driver.Rows, _ *delivery.FoldPoints, yield func(delivery.SeriesPoint) bool) error {
	var p delivery.SeriesPoint
	if err := rows.Scan(&p.Series, (*int64)(&p.At), &p.Value); err != nil {
		return err
	}
	return goOn(yield(p))
}

func goOn(more bool) error {
	if !more {
		return errStop
	}
	return nil
}
