package sqlitestore

import (
	"context"
	"database/sql"

	"throughline/internal/delivery"
	"throughline/internal/sqlite"
)

// exportedPoints is how many points are exported for each other record asked for.
const exportedPoints = 50

// exportedRow is a point or a sealed hour.
type exportedRow struct {
	series int64 // pk
	at     delivery.Instant
	delivery.Folded
}

// exportSeries reads the points behind a place, by series and time, and then the
// sealed hours, and returns where it stopped.
func exportSeries(ctx context.Context, tx *sql.Tx, last delivery.Exported, limit int, b *delivery.Batch) (delivery.Exported, error) {
	x := seriesExport{ctx: ctx, tx: tx, limit: exportedPoints * limit, series: map[int64]*delivery.StoredSeries{}}
	put := delivery.NewSeriesExport(b)
	if last.Points {
		next, err := x.export(last, x.points, func(s *delivery.StoredSeries, r *exportedRow, received delivery.Instant) {
			put.Point(s, r.at, received, r.Sum)
		})
		if err != nil || next.Number > 0 {
			return next, err
		}
		last = delivery.Exported{Sealed: true}
	}
	return x.export(last, x.sealed, func(s *delivery.StoredSeries, r *exportedRow, received delivery.Instant) {
		put.Sealed(s, r.at, received, r.Folded)
	})
}

// seriesExport reads a part of what is stored of series.
type seriesExport struct {
	ctx    context.Context
	tx     *sql.Tx
	limit  int
	series map[int64]*delivery.StoredSeries // by pk
}

// export hands over what read finds behind a place.
func (x *seriesExport) export(last delivery.Exported, read func(delivery.Exported) ([]exportedRow, error),
	put func(*delivery.StoredSeries, *exportedRow, delivery.Instant),
) (delivery.Exported, error) {
	rows, err := read(last)
	if err != nil || len(rows) == 0 {
		return delivery.Exported{}, err
	}
	touched, err := x.touched(rows)
	if err != nil {
		return delivery.Exported{}, err
	}
	for i := range rows {
		r := &rows[i]
		s, err := x.stored(r.series)
		if err != nil {
			return delivery.Exported{}, err
		}
		put(s, r, touched[r.at.Hour()])
	}
	end := &rows[len(rows)-1]
	last.Number, last.At = end.series, end.at
	return last, nil
}

func (x *seriesExport) points(last delivery.Exported) (out []exportedRow, err error) {
	err = sqlite.Scan(x.ctx, x.tx, func(row sqlite.Row) error {
		r := exportedRow{series: row.Int(0), at: delivery.Instant(row.Int(1))}
		r.Add(row.Float(2))
		out = append(out, r)
		return nil
	}, exportPointsSQL, last.Number, int64(last.At), x.limit)
	return out, err
}

func (x *seriesExport) sealed(last delivery.Exported) (out []exportedRow, err error) {
	rows, err := x.tx.QueryContext(x.ctx, exportSealedSQL, last.Number, int64(last.At), x.limit)
	err = each(rows, err, func(rows *sql.Rows) error {
		var r exportedRow
		err := rows.Scan(&r.series, &r.at, &r.N, &r.Sum, &r.Min, &r.Max, &r.First, &r.Last)
		out = append(out, r)
		return err
	})
	return out, err
}

// touched says when points of the hours of rows last came.
func (x *seriesExport) touched(of []exportedRow) (map[delivery.Instant]delivery.Instant, error) {
	first, last := of[0].at, of[0].at
	for i := range of {
		first, last = min(first, of[i].at), max(last, of[i].at)
	}
	out := map[delivery.Instant]delivery.Instant{}
	rows, err := x.tx.QueryContext(x.ctx, pointHoursSQL, int64(first.Hour()), int64(last+1))
	err = each(rows, err, func(rows *sql.Rows) error {
		var hour, touched delivery.Instant
		var stale bool
		err := rows.Scan(&hour, &touched, &stale)
		out[hour] = touched
		return err
	})
	return out, err
}

// stored is the series of a pk.
func (x *seriesExport) stored(pk int64) (*delivery.StoredSeries, error) {
	if s, ok := x.series[pk]; ok {
		return s, nil
	}
	s := &delivery.StoredSeries{}
	var tags string
	err := x.tx.QueryRowContext(x.ctx, seriesByPKSQL, pk).Scan(&s.ID, &s.Metric, &tags, &s.Token)
	if err == nil {
		s.Tags, err = delivery.DecodeTags(tags)
	}
	x.series[pk] = s
	return s, err
}
