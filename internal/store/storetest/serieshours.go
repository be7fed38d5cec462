package storetest

import (
	"fmt"
	"slices"
	"testing"

	"throughline/internal/delivery"
)

// testSeriesRolled asks for the same with and without roll-ups.
func testSeriesRolled(t *testing.T, s *store) {
	begin := at("2026-04-01")
	a := series("a")
	values := make([]float64, 60*30) // thirty hours
	for i := range values {
		values[i] = float64((i * 7919) % 1000)
	}
	s.points(t, pointsOf(a, begin, begin, values...))
	s.points(t, pointsOf(a, begin, begin-400*pointDay, 3, 4), pointsOf(a, begin, begin-200*pointDay+5*pointHour, 5), pointsOf(series("b"), begin, begin-300*pointDay, 6))
	now := begin + 30*pointHour + 30*pointMinute
	compare := func(what string) {
		t.Helper()
		for _, fold := range []string{"avg", "sum", "min", "max", "count", "first", "last"} {
			for _, every := range []delivery.Instant{pointHour, 2 * pointHour, pointDay} {
				long := delivery.PointQuery{From: begin - 500*pointDay, To: begin + 40*pointHour, Every: int64(every), Fold: foldOf(fold)}
				all := s.readPoints(t, begin, long, a, series("b"))
				long.Hourly = true
				same(t, fmt.Sprint(what, " long ", fold), s.readPoints(t, begin, long, a, series("b")), all)
				q := delivery.PointQuery{From: begin + 90*pointMinute, To: begin + 40*pointHour, Every: int64(every), Fold: foldOf(fold)}
				raw := s.readPoints(t, begin, q, a)
				q.Hourly = true
				same(t, fmt.Sprint(what, " ", fold, " ", every/pointHour), s.readPoints(t, begin, q, a), raw)
			}
		}
	}
	compare("before")
	rollUp := func() {
		t.Helper()
		if err := s.RollUp(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	rollUp()
	compare("rolled up")
	// A point that comes late, one that replaces another, and a new pointHour.
	s.points(t, pointsOf(a, now, begin+3*pointHour+1, 12345), pointsOf(a, now, begin+5*pointHour, -777), pointsOf(a, now, begin+33*pointHour, 1))
	compare("late")
	rollUp()
	compare("late and rolled up")
	s.reopen(t)
	rollUp()
	compare("another pointDay")
}

func testSeriesRetired(t *testing.T, s *store) {
	ctx := t.Context()
	begin := at("2026-04-01")
	a, b := series("a"), series("debug.b")
	rules, err := delivery.ParseRetention([]string{"raw 10d hourly 20d", "debug.* raw 2d hourly 5d"})
	if err != nil {
		t.Fatal(err)
	}
	s.points(t, pointsOf(a, begin, begin, 1, 2, 6), pointsOf(a, begin, begin+pointDay, 4), pointsOf(a, begin, begin+pointHour, 2, 2), pointsOf(b, begin, begin, 3))
	step := func(now delivery.Instant) {
		t.Helper()
		if err := s.RollUp(ctx, now); err != nil {
			t.Fatal(err)
		}
		if err := s.Retire(ctx, rules, now); err != nil {
			t.Fatal(err)
		}
	}
	all := delivery.PointQuery{From: begin, To: begin + 60*pointDay}
	step(begin + 2*pointDay - pointHour)
	same(t, "young", s.readPoints(t, begin, all, a, b), both(a, []string{"a+0=1", "a+1=2", "a+2=6", "a+60=2", "a+61=2", "a+1440=4"}, b, []string{"debug.b+0=3"}))
	step(begin + 3*pointDay + pointHour)
	same(t, "debug is rolled", s.readPoints(t, begin, all, b), []string{"debug.b+0=3 rolled"})
	same(t, "a is not", len(s.readPoints(t, begin, all, a)), 6)
	step(begin + 11*pointDay + pointHour)
	same(t, "a is rolled", s.readPoints(t, begin, all, a), []string{"a+0=3 rolled", "a+60=2 rolled", "a+1440=4"})
	same(t, "debug is gone", s.readPoints(t, begin, all, b), []string{})
	q := all
	q.Every, q.Fold = int64(2*pointHour), foldOf("sum")
	same(t, "sum", s.readPoints(t, begin, q, a), []string{"a+0=13 rolled", "a+1440=4"})
	q.Fold = foldOf("p50")
	same(t, "percentile", s.readPoints(t, begin, q, a), []string{"a+0 lost", "a+60 lost", "a+1440=4"})
	q.Every, q.Fold = int64(5*pointMinute), foldOf("max")
	same(t, "finer than hours", s.readPoints(t, begin, q, a), []string{"a+0=6 rolled", "a+60=2 rolled", "a+1440=4"})
	q.Fold = foldOf("count")
	same(t, "counts finer than hours", s.readPoints(t, begin, q, a), []string{"a+0 lost", "a+60 lost", "a+1440=1"})
	q.Every, q.Hourly, q.Fold = int64(pointDay), true, foldOf("avg")
	same(t, "days", s.readPoints(t, begin, q, a), []string{"a+0=2.6 rolled", "a+1440=4"})

	// What comes late: a sealed pointHour stays, another pointHour of that pointDay is kept as long as
	// if it were of today.
	late := begin + 12*pointDay
	sealed, err := s.Sealed(ctx, []delivery.SeriesHour{{Series: a.ID(), Hour: begin}, {Series: a.ID(), Hour: begin + 2*pointHour}, {Series: a.ID(), Hour: begin + pointDay}})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "sealed", sealed, map[delivery.SeriesHour]bool{{Series: a.ID(), Hour: begin}: true})
	s.reopen(t)
	s.points(t, pointsOf(a, late, begin+pointMinute, 100), pointsOf(a, late, begin+2*pointHour, 50))
	step(late)
	step(late + 5*pointDay)
	want := []string{"a+0=3 rolled", "a+60=2 rolled", "a+120=50", "a+1440=4 rolled"}
	same(t, "late", s.readPoints(t, begin, all, a), want)
	step(late + 30*pointDay)
	same(t, "gone", s.readPoints(t, begin, all, a), []string{})
	if m, err := s.Metrics(ctx); err != nil || len(m) != 0 {
		t.Errorf("metrics %v, %v", m, err)
	}
	s.points(t, pointsOf(a, late+31*pointDay, late+31*pointDay, 1))
	all.To = late + 60*pointDay
	same(t, "again", len(s.readPoints(t, begin, all, a)), 1)
}

// testSeriesSameKeep keeps points as long as their hours, which go by whole days and by
// hours.
func testSeriesSameKeep(t *testing.T, s *store) {
	ctx := t.Context()
	begin := at("2026-04-01")
	a := series("a")
	rules, err := delivery.ParseRetention([]string{"raw 2d hourly 2d"})
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range []delivery.Instant{9*pointHour + pointMinute, 22 * pointHour, 23*pointHour + 30*pointMinute} {
		s.points(t, pointsOf(a, begin+of, begin+of, 1, 2, 3))
	}
	all := delivery.PointQuery{From: begin, To: begin + pointDay, Every: int64(pointDay), Fold: foldOf("sum")}
	for now := begin + pointDay; now < begin+3*pointDay; now += 3*pointHour + pointMinute {
		if err := s.RollUp(ctx, now); err != nil {
			t.Fatal(err)
		}
		if err := s.Retire(ctx, rules, now); err != nil {
			t.Fatal(err)
		}
		for _, hourly := range []bool{false, true} {
			all.Hourly = hourly
			same(t, fmt.Sprint("after ", (now-begin)/pointHour, " hours, hourly ", hourly), s.readPoints(t, begin, all, a), []string{"a+0=18"})
		}
	}
	if err := s.Retire(ctx, rules, begin+3*pointDay); err != nil {
		t.Fatal(err)
	}
	same(t, "gone", s.readPoints(t, begin, all, a), []string{})
	if m, err := s.Metrics(ctx); err != nil || len(m) != 0 {
		t.Errorf("metrics %v, %v", m, err)
	}
}

// testSeriesSealed writes sealed hours, as a copy does.
func testSeriesSealed(t *testing.T, s *store) {
	ctx := t.Context()
	begin := at("2026-04-01")
	a, b := series("a"), series("b", "host", "x")
	hours := delivery.Batch{Sealed: []delivery.SealedHours{{
		Series: []delivery.SeriesKey{b, a}, Of: []uint32{1, 0, 1}, Hours: []delivery.Instant{begin, begin, begin + pointHour},
		Values: []delivery.Folded{{N: 2, Sum: 5, Min: 1, Max: 4, First: 4, Last: 1}, {N: 1, Sum: 7, Min: 7, Max: 7, First: 7, Last: 7}, {N: 1, Min: 0}},
		Token:  "old", ReceivedAt: begin + pointDay,
	}}}
	s.batch(t, delivery.Batch{Mark: "here"})
	version := s.version(t)
	s.points(t, pointsOf(a, begin, begin+2*pointHour, 3))
	// What an earlier part of a copy brought of such an hour counts no more.
	s.points(t, pointsOf(b, begin, begin, 100))
	same(t, "written", s.batch(t, hours), delivery.Written{Inserted: 3})
	check := func(what string) {
		t.Helper()
		same(t, "again", s.batch(t, hours), delivery.Written{Unchanged: 3})
		s.points(t, pointsOf(a, begin+2, begin, 50)) // too late
		all := delivery.PointQuery{From: begin, To: begin + pointDay}
		same(t, what, s.readPoints(t, begin, all, a), []string{"a+0=2.5 rolled", "a+60=0 rolled", "a+120=3"})
		same(t, what, s.readPoints(t, begin, all, b), []string{"b+0=7 rolled"})
		all.Every, all.Fold = int64(pointDay), foldOf("count")
		same(t, what+", count", s.readPoints(t, begin, all, a), []string{"a+0=4 rolled"})
	}
	check("at once")
	s.reopen(t)
	check("opened again")
	same(t, "version", s.version(t), version)
	if m, err := s.Mark(ctx); err != nil || m != "here" {
		t.Errorf("mark %q, %v", m, err)
	}
	last, err := s.LastPoints(ctx, []int64{a.ID(), b.ID()})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "last", last, map[int64]delivery.Instant{a.ID(): begin + 2*pointHour, b.ID(): begin})
	rules, err := delivery.ParseRetention([]string{"raw 1d hourly 2d"})
	if err != nil {
		t.Fatal(err)
	}
	for _, now := range []delivery.Instant{begin + 3*pointDay, begin + 4*pointDay} {
		if err := s.RollUp(ctx, now); err != nil {
			t.Fatal(err)
		}
		if err := s.Retire(ctx, rules, now); err != nil {
			t.Fatal(err)
		}
		left := map[bool]int{true: 1, false: 0}[now == begin+3*pointDay] // counted from when they came
		same(t, "left", len(s.readPoints(t, begin, delivery.PointQuery{From: begin, To: begin + pointDay}, b)), left)
	}
	if m, err := s.Metrics(ctx); err != nil || len(m) != 0 {
		t.Errorf("metrics %v, %v", m, err)
	}
}

// testSeriesExport: points and sealed hours go along in a copy, behind all else.
func testSeriesExport(t *testing.T, s *store) {
	ctx := t.Context()
	begin := at("2026-04-01")
	rules, err := delivery.ParseRetention([]string{"raw 10d hourly 20d", "debug.* raw 2d hourly 8d"})
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, company(5)...)
	s.writeRuns(t, ciRun("1", created("2026-03-03")))
	a, b, c := series("a", "host", "ж"), series("debug.b"), series("debug.c", "x", "1")
	values := make([]float64, 150)
	for i := range values {
		values[i] = float64(i*i%97) / 4
	}
	for day := range delivery.Instant(6) {
		now := begin + day*pointDay + 20*pointHour
		other := pointsOf(c, now, now-pointHour, values...)
		other.Token = "another"
		s.points(t, pointsOf(a, now, now, values...), pointsOf(b, now, now-3*pointHour, values...), other)
	}
	keep := func(s *store, now delivery.Instant) {
		t.Helper()
		if err := s.RollUp(ctx, now); err != nil {
			t.Fatal(err)
		}
		if err := s.Retire(ctx, rules, now); err != nil {
			t.Fatal(err)
		}
	}
	now := begin + 6*pointDay
	keep(s, now)
	answers := func(s *store) (out []string) {
		t.Helper()
		q := delivery.PointQuery{From: begin, To: begin + 7*pointDay}
		out = s.readPoints(t, begin, q, a, b, c)
		for _, fold := range []string{"avg", "count", "max", "last", "p95"} {
			for _, every := range []delivery.Instant{10 * pointMinute, pointHour, pointDay} {
				q.Every, q.Fold = int64(every), foldOf(fold)
				out = append(out, s.readPoints(t, begin, q, a, b, c)...)
			}
		}
		var hours []delivery.SeriesHour
		for hour := begin; hour < begin+7*pointDay; hour += pointHour {
			hours = append(hours, delivery.SeriesHour{Series: a.ID(), Hour: hour}, delivery.SeriesHour{Series: b.ID(), Hour: hour})
		}
		sealed, err := s.Sealed(ctx, hours)
		if err != nil {
			t.Fatal(err)
		}
		var owners []string
		for o, err := range s.SeriesOwners(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			owners = append(owners, fmt.Sprint(o))
		}
		slices.Sort(owners)
		return append(append(out, fmt.Sprint(sealed)), owners...)
	}
	want := answers(s)
	points, sealed := 0, 0
	for _, limit := range []int{4, 1000} {
		other := s.another(t)
		batches := s.export(t, limit)
		points, sealed = 0, 0
		for i := range batches {
			other.batch(t, batches[i])
			for _, p := range batches[i].Points {
				points += len(p.At)
			}
			for _, h := range batches[i].Sealed {
				sealed += len(h.Hours)
			}
		}
		same(t, "the copy", answers(other), want)
		for i := range batches {
			other.batch(t, batches[i])
		}
		same(t, "after all again", answers(other), want)
		other.reopen(t)
		keep(other, now)
		same(t, "the copy, kept up", answers(other), want)
		if limit < 1000 {
			continue
		}
		keep(s, begin+14*pointDay)
		keep(other, begin+14*pointDay)
		same(t, "later", answers(other), answers(s))
		keep(other, begin+40*pointDay)
		if m, err := other.Metrics(ctx); err != nil || len(m) != 0 {
			t.Errorf("metrics %v, %v", m, err)
		}
	}
	// Of four days the points of b and c are gone, and of three hours each.
	if points != 6*150+2*2*150 || sealed != 4*2*3 {
		t.Errorf("%d points, %d sealed hours", points, sealed)
	}
}

// both are the answers for two series in the order of their numbers.
func both(a delivery.SeriesKey, as []string, b delivery.SeriesKey, bs []string) []string {
	if a.ID() < b.ID() {
		return append(as, bs...)
	}
	return append(bs, as...)
}
