package clickhousestore

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// exportedPoints is how many points are exported for each other record asked for.
const exportedPoints = 50

// exportSeries reads the points behind a place, and then the sealed hours, and returns
// where it stopped.
func (s *Store) exportSeries(ctx context.Context, last delivery.Exported, limit int64, b *delivery.Batch) (delivery.Exported, error) {
	// A page may be of sealed hours only, whose points are still being dropped.
	for last.Points {
		next, err := s.exportPoints(ctx, last, limit, b)
		switch {
		case err != nil || b.Len() > 0:
			return next, err
		case next.Points:
			last = next
		default:
			last = delivery.Exported{Sealed: true}
		}
	}
	return s.exportSealed(ctx, last, limit, b)
}

// exportPoints reads points by day, series and time.
func (s *Store) exportPoints(ctx context.Context, last delivery.Exported, limit int64, b *delivery.Batch) (delivery.Exported, error) {
	var found []pointRow
	err := scanRows(ctx, s.conn, s.sql("export_points", nil), func(rows driver.Rows) error {
		var r pointRow
		err := rows.Scan(&r.series, &r.at, &r.value, &r.written)
		found = append(found, r)
		return err
	}, clickhouse.Named("day", int64(last.At)/day), clickhouse.Named("series", last.Number), clickhouse.Named("at", int64(last.At)),
		clickhouse.Named("limit", exportedPoints*limit))
	if err != nil || len(found) == 0 {
		return delivery.Exported{}, err
	}
	end := found[len(found)-1]
	until, err := s.sealedUntil(ctx)
	if err != nil {
		return delivery.Exported{}, err
	}
	if found, err = s.notSealed(ctx, found, int64(until)); err != nil {
		return delivery.Exported{}, err
	}
	ids := map[int64]bool{}
	for i := range found {
		ids[found[i].series] = true
	}
	series, err := s.seriesNumbered(ctx, ids)
	if err != nil {
		return delivery.Exported{}, err
	}
	put := delivery.NewSeriesExport(b)
	for i := range found {
		r := &found[i]
		if of := series[r.series]; of != nil {
			put.Point(of, delivery.Instant(r.at), delivery.Instant(r.written), r.value)
		}
	}
	return delivery.Exported{Points: true, Number: end.series, At: delivery.Instant(end.at)}, nil
}

// exportSealed reads sealed hours by series and time.
func (s *Store) exportSealed(ctx context.Context, last delivery.Exported, limit int64, b *delivery.Batch) (delivery.Exported, error) {
	var found []sealedRow
	ids := map[int64]bool{}
	err := scanRows(ctx, s.conn, s.sql("export_sealed", nil), func(rows driver.Rows) error {
		var r sealedRow
		err := rows.Scan(&r.series, &r.hour, &r.N, &r.Sum, &r.Min, &r.Max, &r.First, &r.Last)
		found, ids[r.series] = append(found, r), true
		return err
	}, clickhouse.Named("series", last.Number), clickhouse.Named("hour", int64(last.At)), clickhouse.Named("limit", exportedPoints*limit))
	if err != nil || len(found) == 0 {
		return delivery.Exported{}, err
	}
	series, err := s.seriesNumbered(ctx, ids)
	if err != nil {
		return delivery.Exported{}, err
	}
	from, to := found[0].hour, found[0].hour
	for i := range found {
		from, to = min(from, found[i].hour), max(to, found[i].hour)
	}
	touched := map[delivery.Instant]delivery.Instant{}
	err = s.scanPointHours(ctx, s.sql("point_hours", true), func(hour delivery.Instant, h pointHour) { touched[hour] = h.touchedAt },
		clickhouse.Named("from", from), clickhouse.Named("to", to+1))
	if err != nil {
		return delivery.Exported{}, err
	}
	put := delivery.NewSeriesExport(b)
	for i := range found {
		r := &found[i]
		if of := series[r.series]; of != nil {
			hour := delivery.Instant(r.hour)
			put.Sealed(of, hour, touched[hour], r.Folded)
		}
	}
	end := &found[len(found)-1]
	return delivery.Exported{Sealed: true, Number: end.series, At: delivery.Instant(end.hour)}, nil
}

func (s *Store) seriesNumbered(ctx context.Context, ids map[int64]bool) (map[int64]*delivery.StoredSeries, error) {
	out := make(map[int64]*delivery.StoredSeries, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	err := scanRows(ctx, s.conn, s.sql("series_numbered", nil), func(rows driver.Rows) error {
		one := &delivery.StoredSeries{}
		var tags string
		err := rows.Scan(&one.ID, &one.Metric, &tags, &one.Token)
		if err == nil {
			one.Tags, err = delivery.DecodeTags(tags)
		}
		out[one.ID] = one
		return err
	}, clickhouse.Named("series", sortedKeys(ids)))
	return out, err
}
