package sqlitestore

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"throughline/internal/delivery"
)

// BenchmarkReadSeries asks for 50 of 500 series that have a point a minute for thirty
// days.
//
//	go test -run '^$' -bench ReadSeries -benchtime 3x -timeout 20m ./internal/store/sqlitestore
func BenchmarkReadSeries(b *testing.B) {
	const series, minutes = 500, 30 * 24 * 60
	begin := delivery.Instant(1_795_000_000_000).Hour()
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "facts.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	}()
	points := delivery.Points{Token: "ci", ReceivedAt: begin}
	var ids []int64
	for i := range series {
		key := delivery.SeriesKey{Metric: "m", Tags: []delivery.Tag{{Key: "host", Value: fmt.Sprintf("h%03d", i)}}}
		ids = append(ids, key.ID())
		points.Series = append(points.Series, key)
		points.Of, points.At, points.Values = append(points.Of, uint32(i)), append(points.At, begin), append(points.Values, 1)
	}
	if _, err := s.Write(b.Context(), delivery.Batch{Points: []delivery.Points{points}}); err != nil {
		b.Fatal(err)
	}
	if _, err := s.db.Writer.ExecContext(b.Context(), `
		WITH RECURSIVE m (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM m WHERE n < ?)
		INSERT INTO points SELECT pk, ? + n * 60000, (n * 7919 + pk) % 1000 FROM series, m`, minutes-1, int64(begin)); err != nil {
		b.Fatal(err)
	}
	if _, err := s.db.Writer.ExecContext(b.Context(), `INSERT OR REPLACE INTO point_hours
		SELECT DISTINCT at - at % 3600000, 0, 1 FROM points WHERE series = (SELECT min(pk) FROM series)`); err != nil {
		b.Fatal(err)
	}
	s.series = nil
	if err := s.RollUp(b.Context(), begin+minutes*60000); err != nil {
		b.Fatal(err)
	}
	end := begin + minutes*60000
	const hour, day = delivery.Instant(delivery.Hour), 24 * delivery.Instant(delivery.Hour)
	for _, c := range []struct {
		name   string
		series int
		q      delivery.PointQuery
	}{
		{"50 series, a day by 5m, mean", 50, delivery.PointQuery{From: end - day, Every: 300_000, Fold: delivery.Fold{Kind: delivery.FoldAvg}}},
		{"50 series, a day by 1h, p95", 50, delivery.PointQuery{From: end - day, Every: int64(hour), Fold: delivery.Fold{Kind: delivery.FoldQuantile, P: 0.95}}},
		{"50 series, 30 days by 1h, mean", 50, delivery.PointQuery{From: begin, Every: int64(hour), Fold: delivery.Fold{Kind: delivery.FoldAvg}}},
		{"50 series, 30 days by 1h, p95", 50, delivery.PointQuery{From: begin, Every: int64(hour), Fold: delivery.Fold{Kind: delivery.FoldQuantile, P: 0.95}}},
		{"500 series, 30 days by 1h, mean, of roll-ups", 500, delivery.PointQuery{From: begin, Every: int64(hour), Fold: delivery.Fold{Kind: delivery.FoldAvg}, Hourly: true}},
	} {
		b.Run(c.name, func(b *testing.B) {
			c.q.To, c.q.Series = end, slices.Sorted(slices.Values(ids[:c.series]))
			for b.Loop() {
				n := 0
				for _, err := range s.ReadPoints(b.Context(), c.q) {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				b.ReportMetric(float64(n), "buckets")
			}
		})
	}
}
