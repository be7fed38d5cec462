package storetest

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"throughline/internal/delivery"
)

const (
	pointMinute = delivery.Instant(60_000)
	pointHour   = delivery.Instant(delivery.Hour)
	pointDay    = 24 * pointHour
)

func series(metric string, tags ...string) delivery.SeriesKey {
	k := delivery.SeriesKey{Metric: metric}
	for i := 0; i < len(tags); i += 2 {
		k.Tags = append(k.Tags, delivery.Tag{Key: tags[i], Value: tags[i+1]})
	}
	delivery.SortTags(k.Tags)
	return k
}

// pointsOf are points of a series, a pointMinute apart from begin on.
func pointsOf(k delivery.SeriesKey, received, begin delivery.Instant, values ...float64) delivery.Points {
	p := delivery.Points{Series: []delivery.SeriesKey{k}, Token: "ci", ReceivedAt: received}
	for i, v := range values {
		p.Of, p.At, p.Values = append(p.Of, 0), append(p.At, begin+delivery.Instant(i)*pointMinute), append(p.Values, v)
	}
	return p
}

func (s *store) points(t *testing.T, points ...delivery.Points) {
	t.Helper()
	s.batch(t, delivery.Batch{Connection: "series", Points: points})
}

// readPoints are what a query answers, each in a line: at+minutes=value.
func (s *store) readPoints(t *testing.T, begin delivery.Instant, q delivery.PointQuery, keys ...delivery.SeriesKey) []string {
	t.Helper()
	name := map[int64]string{}
	for i := range keys {
		q.Series = append(q.Series, keys[i].ID())
		name[keys[i].ID()] = keys[i].Metric
	}
	slices.Sort(q.Series)
	out := []string{}
	for p, err := range s.ReadPoints(t.Context(), q) {
		if err != nil {
			t.Fatalf("points: %v", err)
		}
		text := fmt.Sprintf("%s+%g=%.10g", name[p.Series], float64(p.At-begin)/float64(pointMinute), p.Value)
		if p.Rolled {
			text += " rolled"
		}
		if p.Lost {
			text = fmt.Sprintf("%s+%g lost", name[p.Series], float64(p.At-begin)/float64(pointMinute))
		}
		out = append(out, text)
	}
	return out
}

func foldOf(s string) delivery.Fold {
	f, ok := delivery.ParseFold(s)
	if !ok {
		panic(s)
	}
	return f
}

func testSeriesEmpty(t *testing.T, s *store) {
	ctx := t.Context()
	if m, err := s.Metrics(ctx); err != nil || len(m) != 0 {
		t.Errorf("metrics %v, %v", m, err)
	}
	if m, err := s.SeriesOf(ctx, "a"); err != nil || len(m) != 0 {
		t.Errorf("series %v, %v", m, err)
	}
	same(t, "points", s.readPoints(t, 0, delivery.PointQuery{From: 1, To: pointDay}, series("a")), []string{})
	if err := s.RollUp(ctx, at("2026-04-10")); err != nil {
		t.Error(err)
	}
	if err := s.Retire(ctx, delivery.DefaultRetention(), at("2026-04-10")); err != nil {
		t.Error(err)
	}
}

func testSeriesKept(t *testing.T, s *store) {
	begin := at("2026-04-01 10:00")
	a, b := series("ci.time", "host", "a", "суита", "модуль \"x\"\n"), series("ci.time")
	before := s.version(t)
	s.points(t, pointsOf(b, begin, begin, 5), pointsOf(a, begin, begin, 1, 2, 3), pointsOf(series("other"), begin, begin, 0))
	// Again, one of them with another value, twice: the last holds.
	s.points(t, pointsOf(a, begin+1, begin+pointMinute, 20, 3), pointsOf(a, begin+1, begin+pointMinute, 21))
	same(t, "version", s.version(t), before)
	s.reopen(t)
	s.points(t, delivery.Points{
		Series: []delivery.SeriesKey{a, b}, Of: []uint32{0, 1, 0}, At: []delivery.Instant{begin + 7, begin + 7, begin + 7}, Values: []float64{-1.5, 1e300, 2.5},
		Token: "another", ReceivedAt: begin + 2,
	})
	metrics, err := s.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "metrics", metrics, []delivery.Metric{{Name: "ci.time", Series: 2}, {Name: "other", Series: 1}})
	of, err := s.SeriesOf(t.Context(), "ci.time")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "series", of, []delivery.StoredSeries{{SeriesKey: delivery.SeriesKey{Metric: "ci.time", Tags: []delivery.Tag{}}, ID: b.ID(), Token: "ci"}, {SeriesKey: a, ID: a.ID(), Token: "ci"}})
	owners := map[int64]string{}
	for o, err := range s.SeriesOwners(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		owners[o.ID] = o.Token
	}
	other := series("other")
	same(t, "owners", owners, map[int64]string{a.ID(): "ci", b.ID(): "ci", other.ID(): "ci"})
	last, err := s.LastPoints(t.Context(), []int64{a.ID(), b.ID(), 77})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "last", last, map[int64]delivery.Instant{a.ID(): begin + 2*pointMinute, b.ID(): begin + 7})
	q := delivery.PointQuery{From: begin, To: begin + pointHour}
	same(t, "a", s.readPoints(t, begin, q, a), []string{"ci.time+0=1", "ci.time+0.00011666666666666667=2.5", "ci.time+1=21", "ci.time+2=3"})
	same(t, "b", s.readPoints(t, begin, q, b), []string{"ci.time+0=5", "ci.time+0.00011666666666666667=1e+300"})
	q.From, q.To = begin+1, begin+2*pointMinute
	same(t, "range", s.readPoints(t, begin, q, a), []string{"ci.time+0.00011666666666666667=2.5", "ci.time+1=21"})
	// Whatever came before does not replace what came later.
	s.points(t, pointsOf(a, begin+3, begin+5*pointMinute, 8))
}

func testSeriesBuckets(t *testing.T, s *store) {
	begin := at("2026-04-01 10:00")
	a, b := series("a"), series("b")
	s.points(t, pointsOf(a, begin, begin, 5, 1, 2, 4, 9, 3, 8), pointsOf(b, begin, begin+9*pointMinute, 7))
	q := delivery.PointQuery{From: begin + pointMinute, To: begin + 20*pointMinute, Every: int64(5 * pointMinute)}
	for fold, want := range map[string][2]string{
		"avg": {"4", "5.5"}, "sum": {"16", "11"}, "min": {"1", "3"}, "max": {"9", "8"}, "count": {"4", "2"},
		"first": {"1", "3"}, "last": {"9", "8"}, "p50": {"3", "5.5"}, "p95": {"8.25", "7.75"}, "p0": {"1", "3"}, "p100": {"9", "8"},
	} {
		q.Fold = foldOf(fold)
		// The first bucket is called by the beginning of the range.
		got := append(s.readPoints(t, begin, q, a), s.readPoints(t, begin, q, b)...)
		one := "7"
		if fold == "count" {
			one = "1"
		}
		same(t, fold, got, []string{"a+1=" + want[0], "a+5=" + want[1], "b+5=" + one})
	}
}

// testSeriesMany writes many series at once, and reads them by a program.
func testSeriesMany(t *testing.T, s *store) {
	begin := at("2026-04-01")
	p := delivery.Points{Token: "ci", ReceivedAt: begin}
	for i := range 500 {
		p.Series = append(p.Series, series("m", "host", fmt.Sprintf("h%03d", i), "rack", fmt.Sprint(i%3)))
		for k := range 10 {
			p.Of, p.At, p.Values = append(p.Of, uint32(i)), append(p.At, begin+delivery.Instant(k)*pointMinute), append(p.Values, float64(i*k))
		}
	}
	s.points(t, p)
	run := func(text string) delivery.SeriesAnswer {
		t.Helper()
		program, err := delivery.ParseSeriesQuery(text)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := program.Run(t.Context(), s, begin, begin+pointHour)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	a := run("fetch('m', host=~'h00.').downsample('5m', 'max').sum_by('rack')")
	same(t, "series", a.Series, 10)
	same(t, "groups", len(a.Outputs[0].Series), 3)
	same(t, "rack 0", a.Outputs[0].Series[0].Points, []delivery.SeriesValue{{At: begin, Value: 4 * 18}, {At: begin + 5*pointMinute, Value: 9 * 18}})
	a = run("fetch('m').downsample('1h', 'count').sum_by()")
	same(t, "all", a.Outputs[0].Series[0].Points, []delivery.SeriesValue{{At: begin, Value: 5000}})
	a = run("fetch('m', host='h100').rate()")
	same(t, "rate", len(a.Outputs[0].Series[0].Points), 9)
	if v := a.Outputs[0].Series[0].Points[0].Value; math.Abs(v-100.0/60) > 1e-12 {
		t.Errorf("rate %v", v)
	}
}
