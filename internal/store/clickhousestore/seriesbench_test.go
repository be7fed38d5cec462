package clickhousestore_test

import (
	"fmt"
	"testing"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/store/clickhousestore/chtest"
)

// BenchmarkWritePoints writes bodies of 5,000 points each, as the inbox groups them:
// 500 series of 10 points.
func BenchmarkWritePoints(b *testing.B) {
	for _, bodies := range []int{20, 200} {
		b.Run(fmt.Sprint(bodies), func(b *testing.B) {
			s := open(b, chtest.Open(b))
			b.Cleanup(func() { _ = s.Close() })
			now := testBegin
			for b.Loop() {
				now += 10 * testMinute
				putPoints(b, s, bodiesAt(now, bodies)...)
			}
			b.ReportMetric(float64(bodies*5000*b.N)/b.Elapsed().Seconds(), "points/s")
		})
	}
}

// bodiesAt are of as many series as there are bodies of 500.
func bodiesAt(now delivery.Instant, bodies int) []delivery.Points {
	out := make([]delivery.Points, bodies)
	for n := range out {
		p := &out[n]
		p.Token, p.ReceivedAt = "t", now
		for i := range 500 {
			p.Series = append(p.Series, delivery.SeriesKey{Metric: "ci.duration", Tags: []delivery.Tag{{Key: "host", Value: fmt.Sprint(n%20*500 + i)}, {Key: "project", Value: "one"}}})
			for k := range delivery.Instant(10) {
				p.Of, p.At, p.Values = append(p.Of, uint32(i)), append(p.At, now+k*testMinute+delivery.Instant(n/20)), append(p.Values, float64(i*n)+float64(k)/10)
			}
		}
	}
	return out
}

// BenchmarkReadPoints reads a day of 50 series out of 10,000 with a point a minute, and
// rolls that day up.
func BenchmarkReadPoints(b *testing.B) {
	dsn := chtest.Open(b)
	s := open(b, dsn)
	b.Cleanup(func() { _ = s.Close() })
	for _, statement := range []string{
		"INSERT INTO points SELECT intDiv(stamp, 86400000), intDiv(number, 1440) * 7919, stamp, number %% 977, 1 FROM " +
			"(SELECT number, %[1]d + number %% 1440 * 60000 AS stamp FROM numbers(14400000))",
		"INSERT INTO point_hours SELECT %[1]d + number * 3600000, 1, true, 1 FROM numbers(24)",
	} {
		execute(b, dsn, fmt.Sprintf(statement, testBegin))
	}
	q := delivery.PointQuery{From: testBegin, To: testBegin + testDay, Every: int64(5 * testMinute)}
	for i := range int64(50) {
		q.Series = append(q.Series, i*200*7919)
	}
	read := func(name, fold string, want int) {
		q.Fold, _ = delivery.ParseFold(fold)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				n := 0
				for _, err := range s.ReadPoints(b.Context(), q) {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				if n != want {
					b.Fatalf("%d points, want %d", n, want)
				}
			}
		})
	}
	read("avg", "avg", 50*288)
	read("p95", "p95", 50*288)
	q.Every = 0
	read("raw", "avg", 50*1440)
	begun := time.Now()
	if err := s.RollUp(b.Context(), testBegin+2*testDay); err != nil {
		b.Fatal(err)
	}
	b.Logf("a day of points rolled up in %v", time.Since(begun))
	q.Every, q.Hourly, q.Series = int64(testDay), true, nil
	for i := range int64(10_000) {
		q.Series = append(q.Series, i*7919)
	}
	read("hourly", "avg", 10_000)
}

// BenchmarkReadMonth reads 50 of 10,000 series with a point a minute for thirty days.
//
//	go test -run '^$' -bench ReadMonth -benchtime 3x -timeout 30m ./internal/store/clickhousestore
func BenchmarkReadMonth(b *testing.B) {
	const days, series = 30, 10_000
	dsn := chtest.Open(b)
	s := open(b, dsn)
	b.Cleanup(func() { _ = s.Close() })
	for d := range delivery.Instant(days) {
		begin := testBegin + d*testDay
		for _, statement := range []string{
			"INSERT INTO points SELECT intDiv(stamp, 86400000), intDiv(number, 1440) * 7919, stamp, number %% 977, 1 FROM " +
				"(SELECT number, %[1]d + number %% 1440 * 60000 AS stamp FROM numbers(14400000))",
			"INSERT INTO point_hours SELECT %[1]d + number * 3600000, 1, true, 1 FROM numbers(24)",
		} {
			execute(b, dsn, fmt.Sprintf(statement, begin))
		}
	}
	end := testBegin + days*testDay
	if err := s.RollUp(b.Context(), end+testDay); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name, fold string
		from       delivery.Instant
		every      delivery.Instant
		series     int64
		hourly     bool
	}{
		{"50 series, a day by 5m, mean", "avg", end - testDay, 5 * testMinute, 50, false},
		{"50 series, a day by 1h, p95", "p95", end - testDay, 60 * testMinute, 50, false},
		{"50 series, 30 days by 1h, mean", "avg", testBegin, 60 * testMinute, 50, false},
		{"50 series, 30 days by 1h, p95", "p95", testBegin, 60 * testMinute, 50, false},
		{"1000 series, 30 days by 1h, mean, of roll-ups", "avg", testBegin, 60 * testMinute, 1000, true},
	} {
		q := delivery.PointQuery{From: c.from, To: end, Every: int64(c.every), Hourly: c.hourly}
		q.Fold, _ = delivery.ParseFold(c.fold)
		for i := range c.series {
			q.Series = append(q.Series, i*(series/c.series)*7919)
		}
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				n := 0
				for _, err := range s.ReadPoints(b.Context(), q) {
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
