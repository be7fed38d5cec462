package clickhousestore_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"throughline/internal/delivery"
	"throughline/internal/store/clickhousestore/chtest"
	"throughline/internal/store/sqlitestore"
)

const (
	testMinute = delivery.Instant(60_000)
	testDay    = delivery.Instant(24 * delivery.Hour)
)

var testBegin = delivery.InstantOf(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))

func seriesNamed(n int) delivery.SeriesKey {
	metric := []string{"a", "ci.b", "ci.c"}[n%3]
	return delivery.SeriesKey{Metric: metric, Tags: []delivery.Tag{{Key: "n", Value: fmt.Sprint(n)}}}
}

func putPoints(t testing.TB, s delivery.Store, points ...delivery.Points) {
	t.Helper()
	if _, err := s.Write(t.Context(), delivery.Batch{Points: points}); err != nil {
		t.Fatal(err)
	}
}

func readPoints(t testing.TB, s delivery.Store, q delivery.PointQuery) (out []string) {
	t.Helper()
	for p, err := range s.ReadPoints(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%d %d %.10g %t %t", p.Series%1000, p.At-testBegin, p.Value, p.Rolled, p.Lost))
	}
	return out
}

// TestSeriesWeeks writes points of more weeks at once than a server allows unasked.
func TestSeriesWeeks(t *testing.T) {
	s := open(t, chtest.Open(t))
	defer func() { _ = s.Close() }()
	key := seriesNamed(0)
	p := delivery.Points{Series: []delivery.SeriesKey{key}, ReceivedAt: testBegin}
	for i := range 150 {
		p.Of, p.At, p.Values = append(p.Of, 0), append(p.At, 1+delivery.Instant(i)*7*testDay), append(p.Values, float64(i))
	}
	putPoints(t, s, p)
	if n := len(readPoints(t, s, delivery.PointQuery{Series: []int64{key.ID()}, From: 1, To: testBegin})); n != 150 {
		t.Errorf("%d points", n)
	}
}

// TestSeriesLast writes points of one time again and again, received at one time: the
// last one holds.
func TestSeriesLast(t *testing.T) {
	s := open(t, chtest.Open(t))
	defer func() { _ = s.Close() }()
	key := seriesNamed(0)
	for i := range 20 {
		p := delivery.Points{Series: []delivery.SeriesKey{key}, ReceivedAt: testBegin}
		for k := range 50 {
			p.Of, p.At, p.Values = append(p.Of, 0), append(p.At, testBegin+delivery.Instant(k%10)), append(p.Values, float64(i*50+k))
		}
		putPoints(t, s, p)
	}
	got := readPoints(t, s, delivery.PointQuery{Series: []int64{key.ID()}, From: testBegin, To: testBegin + 1})
	if want := fmt.Sprintf("%d 0 990 false false", key.ID()%1000); len(got) != 1 || got[0] != want {
		t.Errorf("%v, want %s", got, want)
	}
}

// TestSeriesCutOff is of a program that ended after it had sealed hours, and before it
// dropped their points: these do not count twice, and go the next time.
func TestSeriesCutOff(t *testing.T) {
	dsn := chtest.Open(t)
	s := open(t, dsn)
	key := seriesNamed(0)
	p := delivery.Points{Series: []delivery.SeriesKey{key}, Of: []uint32{0, 0, 0}, ReceivedAt: testBegin}
	p.At, p.Values = []delivery.Instant{testBegin, testBegin + testMinute, testBegin + 2*delivery.Hour}, []float64{1, 2, 4}
	putPoints(t, s, p)
	if err := s.RollUp(t.Context(), testBegin+testDay); err != nil {
		t.Fatal(err)
	}
	execute(t, dsn, "INSERT INTO series_hours SELECT series, hour, n, sum, min, max, first, last, true, written + 1 FROM series_hours FINAL")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dsn)
	defer func() { _ = s.Close() }()
	q := delivery.PointQuery{Series: []int64{key.ID()}, From: testBegin, To: testBegin + testDay, Every: int64(testDay), Fold: delivery.Fold{Kind: delivery.FoldSum}}
	want := []string{fmt.Sprintf("%d 0 7 true false", key.ID()%1000)}
	for _, now := range []delivery.Instant{testBegin, testBegin + 40*testDay} {
		if err := s.Retire(t.Context(), delivery.DefaultRetention(), now); err != nil {
			t.Fatal(err)
		}
		if got := readPoints(t, s, q); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
}

// TestSeriesExport copies points in pieces.
func TestSeriesExport(t *testing.T) {
	from, to := open(t, chtest.Open(t)), open(t, chtest.Open(t))
	defer func() { _, _ = from.Close(), to.Close() }()
	random := rand.New(rand.NewPCG(1, 2))
	now := testBegin + 4*testDay
	for i := range delivery.Instant(5) {
		putPoints(t, from, randomPoints(random, now+i)...)
	}
	n := 0
	for after := ""; ; n++ {
		b, next, err := from.Export(t.Context(), after, 3)
		if err != nil {
			t.Fatal(err)
		}
		if after = next; b.Len() == 0 {
			break
		}
		b.Mark = next
		if _, err := to.Write(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	q := delivery.PointQuery{Series: seriesIDs(), From: testBegin, To: now + testDay}
	got, want := readPoints(t, to, q), readPoints(t, from, q)
	if !slices.Equal(got, want) || n != (len(want)+149)/150 {
		t.Errorf("%d points by %d exports, want %d", len(got), n, len(want))
	}
}

// TestSeriesAlike does the same to both stores, at random.
func TestSeriesAlike(t *testing.T) {
	ch := open(t, chtest.Open(t))
	defer func() { _ = ch.Close() }()
	lite, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "facts.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lite.Close() }()
	rules, err := delivery.ParseRetention([]string{"raw 3d hourly 8d", "ci.* raw 2d hourly 5d", "ci.c* raw 1d hourly 3d"})
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	now := testBegin + 2*testDay
	for step := range 20 {
		now += delivery.Instant(random.Int64N(int64(testDay)))
		points := randomPoints(random, now)
		for _, s := range []delivery.Store{ch, lite} {
			putPoints(t, s, points...)
			if err := s.RollUp(t.Context(), now); err != nil {
				t.Fatal(err)
			}
			if step%3 == 0 {
				if err := s.Retire(t.Context(), rules, now); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 6 {
			q := randomQuery(random, now)
			if got, want := readPoints(t, ch, q), readPoints(t, lite, q); !slices.Equal(got, want) {
				t.Fatalf("step %d: every %d %v hourly %t from %d to %d: %s", step, q.Every, q.Fold, q.Hourly, q.From-testBegin, q.To-testBegin, firstOther(got, want))
			}
		}
		alike(t, "metrics", ch, lite, func(s delivery.Store) (any, error) { return s.Metrics(t.Context()) })
		alike(t, "series", ch, lite, func(s delivery.Store) (any, error) { return s.SeriesOf(t.Context(), "ci.c") })
		alike(t, "newest points", ch, lite, func(s delivery.Store) (any, error) { return s.LastPoints(t.Context(), seriesIDs()) })
	}
}

// firstOther says where two lists begin to differ.
func firstOther(got, want []string) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	return fmt.Sprintf("got %q, want %q", append(got, "")[i], append(want, "")[i])
}

func alike(t *testing.T, what string, a, b delivery.Store, ask func(delivery.Store) (any, error)) {
	t.Helper()
	got, err := ask(a)
	if err != nil {
		t.Fatal(err)
	}
	want, err := ask(b)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
}

func seriesIDs() (ids []int64) {
	for i := range 6 {
		key := seriesNamed(i)
		ids = append(ids, key.ID())
	}
	slices.Sort(ids)
	return ids
}

func randomPoints(random *rand.Rand, now delivery.Instant) []delivery.Points {
	var out []delivery.Points
	for range 2 {
		p := delivery.Points{Token: "t", ReceivedAt: now}
		for i := range 3 {
			p.Series = append(p.Series, seriesNamed(random.IntN(6)))
			begin := now - delivery.Instant(random.Int64N(int64(testDay)))
			if random.IntN(10) == 0 {
				begin = testBegin + delivery.Instant(random.Int64N(int64(now-testBegin)))
			}
			for k := range delivery.Instant(60) {
				p.Of, p.At, p.Values = append(p.Of, uint32(i)), append(p.At, (begin+k*5*testMinute)/testMinute*testMinute), append(p.Values, float64(random.IntN(1000))/4)
			}
		}
		out = append(out, p)
	}
	return out
}

func randomQuery(random *rand.Rand, now delivery.Instant) delivery.PointQuery {
	folds := []string{"avg", "sum", "min", "max", "count", "first", "last", "p50", "p95", "p0", "p100"}
	every := []int64{0, 1, 5, 7, 60, 90, 120, 1440}
	from := testBegin + delivery.Instant(random.Int64N(int64(now-testBegin)))
	q := delivery.PointQuery{Series: seriesIDs(), From: from, To: from + delivery.Instant(random.Int64N(int64(6*testDay))) + 1}
	q.Every = every[random.IntN(len(every))] * int64(testMinute)
	q.Fold, _ = delivery.ParseFold(folds[random.IntN(len(folds))])
	q.Hourly = q.Every > 0 && q.Every%delivery.Hour == 0 && q.Fold.Kind != delivery.FoldQuantile && random.IntN(2) == 0
	return q
}

func execute(t testing.TB, dsn, statement string) {
	t.Helper()
	options, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
