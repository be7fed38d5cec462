package delivery

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Bounds of what a query may come to.
const (
	maxSeriesAsked  = 20_000    // by one fetch
	maxSeriesPoints = 1_000_000 // of all expressions together, and of all outputs
	autoSlots       = 360       // about, of a downsample by auto

	// What raw points are read for, and roll-ups beyond it.
	rawSeriesHours = 50 * 30 * 24
)

// SeriesAnswer is what a query for series came to.
type SeriesAnswer struct {
	Outputs []SeriesOutput
	Hints   []SeriesHint
	Series  int // that were asked for
	Points  int // that the store answered
}

// SeriesOutput is one output of a query.
type SeriesOutput struct {
	ID     string // the variable's name, or the metric's
	Series []ResultSeries
}

// ResultSeries is a series of a result. Aggregated are the keys of tags that it was
// grouped over.
type ResultSeries struct {
	SeriesKey
	Aggregated []string
	Points     []SeriesValue // by time
}

// SeriesValue is a point of a result.
type SeriesValue struct {
	At    Instant
	Value float64
}

// SeriesHint says what a reader of an answer should know: that values up to an instant
// are hourly ones (rolled), or are not there since they cannot be told of hours (lost) or
// are too large to be numbers (infinite).
type SeriesHint struct {
	Code string
	Last Instant
}

func (h SeriesHint) String() string {
	switch h.Code {
	case "infinite":
		return "some values up to " + h.Last.String() + " are too large to be numbers: they are left out"
	case "lost":
		return "up to " + h.Last.String() + " only hourly values are kept, which cannot say what is asked: nothing is shown for them"
	}
	return "up to " + h.Last.String() + " values are of hours, whose points are not kept any more"
}

// Run answers the program for [from, to], both included. What is too much is a
// *QueryError.
func (p *SeriesProgram) Run(ctx context.Context, s SeriesStore, from, to Instant) (SeriesAnswer, error) {
	r := seriesRun{ctx: ctx, store: s, from: from, to: to, program: p, results: make([][]ResultSeries, len(p.exprs))}
	for i, e := range p.exprs {
		var err error
		if r.results[i], err = r.expr(e); err != nil {
			return SeriesAnswer{}, err
		}
	}
	shown := 0
	for _, o := range p.outputs {
		out, last := finiteSeries(r.results[o.expr])
		r.infinite = max(r.infinite, last)
		for i := range out {
			shown += len(out[i].Points)
		}
		if shown > maxSeriesPoints {
			return SeriesAnswer{}, p.exprs[o.expr].where.manyPoints()
		}
		r.answer.Outputs = append(r.answer.Outputs, SeriesOutput{o.id, out})
	}
	for _, h := range []SeriesHint{{"rolled", r.rolled}, {"lost", r.lost}, {"infinite", r.infinite}} {
		if h.Last > 0 {
			r.answer.Hints = append(r.answer.Hints, h)
		}
	}
	return r.answer, nil
}

// finiteSeries leaves out what became too large to be a number, the last of which was
// at an instant.
func finiteSeries(in []ResultSeries) (out []ResultSeries, last Instant) {
	out = slices.Clone(in)
	for i := range out {
		for _, v := range out[i].Points {
			if infinite(v) {
				last = max(last, v.At)
			}
		}
		if slices.ContainsFunc(out[i].Points, infinite) {
			out[i].Points = slices.DeleteFunc(slices.Clone(out[i].Points), infinite)
		}
	}
	return slices.DeleteFunc(out, func(s ResultSeries) bool { return len(s.Points) == 0 }), last
}

func infinite(v SeriesValue) bool { return math.IsInf(v.Value, 0) || math.IsNaN(v.Value) }

type seriesRun struct {
	ctx          context.Context
	store        SeriesStore
	from, to     Instant
	program      *SeriesProgram
	results      [][]ResultSeries // of the expressions
	answer       SeriesAnswer
	held         int // points of all results
	rolled, lost Instant
	infinite     Instant
}

func (r *seriesRun) expr(e *seriesExpr) ([]ResultSeries, error) {
	steps := e.steps
	var out []ResultSeries
	if e.fetch == nil {
		out = r.results[e.from]
	} else {
		var err error
		var done int
		if out, done, err = r.fetch(e.fetch, steps); err != nil {
			return nil, err
		}
		steps = steps[done:]
	}
	for i := range steps {
		out = r.step(&steps[i], out)
		if err := r.ctx.Err(); err != nil {
			return nil, err
		}
	}
	return out, r.holds(e, out)
}

// fetch reads series, downsampled and grouped by the store as far as the steps begin
// so; done is how many of them were.
func (r *seriesRun) fetch(f *fetch, steps []seriesStep) (out []ResultSeries, done int, err error) {
	stored, err := r.store.SeriesOf(r.ctx, f.metric)
	if err != nil {
		return nil, 0, err
	}
	if stored, err = f.among(r.ctx, stored); err != nil {
		return nil, 0, err
	}
	if len(stored) > maxSeriesAsked {
		return nil, 0, f.where.fail("many_series", []string{"n", fmt.Sprint(len(stored)), "max", fmt.Sprint(maxSeriesAsked)},
			"%d series are asked for, more than %d: say which, as in fetch('name', host='a')", len(stored), maxSeriesAsked)
	}
	r.answer.Series += len(stored)
	q := PointQuery{From: r.from, To: r.to + 1}
	if len(steps) > 0 && steps[0].kind == stepDownsample {
		r.bucket(&q, &steps[0], len(stored))
		done = 1
	}
	sink := newSeriesSink(f, stored, nil)
	if done == 1 && len(steps) > 1 && steps[1].kind == stepGroup {
		done, sink = 2, newSeriesSink(f, stored, &steps[1])
	}
	q.Series = sink.ids()
	if len(q.Series) > 0 {
		err = r.read(q, sink)
	}
	return sink.series(), done, err
}

func (r *seriesRun) read(q PointQuery, sink *seriesSink) error {
	for p, err := range r.store.ReadPoints(r.ctx, q) {
		if err != nil {
			return err
		}
		r.answer.Points++
		if p.Rolled {
			r.rolled = max(r.rolled, p.At)
		}
		if p.Lost {
			r.lost = max(r.lost, p.At)
			continue
		}
		if sink.add(p.Series, p.At, p.Value); r.held+sink.held > maxSeriesPoints {
			return sink.of.where.manyPoints()
		}
	}
	return nil
}

func (t *token) manyPoints() error {
	return t.fail("many_points", []string{"max", fmt.Sprint(maxSeriesPoints)},
		"more than %d points: ask for a shorter time, or add .downsample('1h', 'avg')", maxSeriesPoints)
}

// holds counts the points of a result as long as the answer is worked out.
func (r *seriesRun) holds(e *seriesExpr, out []ResultSeries) error {
	for i := range out {
		r.held += len(out[i].Points)
	}
	if r.held > maxSeriesPoints {
		return e.where.manyPoints()
	}
	return nil
}

// bucket says what a downsample asks for of n series.
func (r *seriesRun) bucket(q *PointQuery, s *seriesStep, n int) {
	q.Every, q.Fold = s.every, s.by
	span := int64(r.to-r.from) + 1
	if q.Every == 0 {
		q.Every = autoEvery(span)
	}
	whole := q.Every%Hour == 0 && q.Fold.Kind != FoldQuantile
	q.Hourly = whole && int64(n)*span > rawSeriesHours*Hour || whole && span > 31*msPerDay
}

// autoEvery is a round length of buckets, of which a span has about autoSlots.
func autoEvery(span int64) int64 {
	const minute = 60 * msPerSecond
	lengths := []int64{
		msPerSecond, 5 * msPerSecond, 10 * msPerSecond, 30 * msPerSecond, minute, 2 * minute, 5 * minute, 10 * minute, 15 * minute, 30 * minute,
		Hour, 2 * Hour, 3 * Hour, 6 * Hour, 12 * Hour, msPerDay, 2 * msPerDay, 7 * msPerDay,
	}
	for _, length := range lengths {
		if span/length <= autoSlots {
			return length
		}
	}
	return 30 * msPerDay
}

// step does to series what a step says. What it is given is used elsewhere, too.
func (r *seriesRun) step(s *seriesStep, in []ResultSeries) []ResultSeries {
	if s.kind == stepGroup {
		sink := groupSink(in, s)
		for i := range in {
			for _, p := range in[i].Points {
				sink.add(int64(i), p.At, p.Value)
			}
		}
		return sink.series()
	}
	var q PointQuery
	if s.kind == stepDownsample {
		q.From = r.from
		r.bucket(&q, s, 0)
	}
	out := slices.Clone(in)
	for i := range out {
		if s.kind == stepRate {
			out[i].Points = increases(in[i].Points)
			continue
		}
		out[i].Points = nil
		fold := NewFoldPoints(&q, func(p SeriesPoint) bool {
			out[i].Points = append(out[i].Points, SeriesValue{p.At, p.Value})
			return true
		})
		for _, p := range in[i].Points {
			fold.Point(0, p.At, p.Value)
		}
		fold.End()
	}
	return out
}

// increases are those a second between each point and the one before it. A counter
// that fell began again at nothing.
func increases(points []SeriesValue) []SeriesValue {
	var out []SeriesValue
	for i := 1; i < len(points); i++ {
		before, p := points[i-1], points[i]
		grown := p.Value - before.Value
		if grown < 0 {
			grown = p.Value
		}
		out = append(out, SeriesValue{p.At, grown * msPerSecond / float64(p.At-before.At)})
	}
	return out
}

// seriesSink collects the points of series, or of groups of them.
type seriesSink struct {
	of    *fetch
	group *seriesStep // nil: each series is for itself
	place map[int64]int
	out   []ResultSeries
	slots []map[Instant]*folding // of groups
	held  int                    // points
}

func newSeriesSink(f *fetch, stored []StoredSeries, group *seriesStep) *seriesSink {
	keys := make([]ResultSeries, len(stored))
	for i := range stored {
		keys[i] = ResultSeries{SeriesKey: stored[i].SeriesKey}
	}
	sink := groupSink(keys, group)
	sink.of = f
	places := make(map[int64]int, len(stored))
	for i := range stored {
		places[stored[i].ID] = sink.place[int64(i)]
	}
	sink.place = places
	return sink
}

// groupSink is a sink whose series are called by their places in of.
func groupSink(of []ResultSeries, group *seriesStep) *seriesSink {
	sink := &seriesSink{group: group, place: map[int64]int{}}
	if group == nil {
		sink.out = of
		for i := range of {
			sink.place[int64(i)] = i
		}
		return sink
	}
	groups := map[string]int{}
	for i := range of {
		key := SeriesKey{Metric: of[i].Metric}
		aggregated := slices.Clone(of[i].Aggregated)
		for _, t := range of[i].Tags {
			if slices.Contains(group.tags, t.Key) {
				key.Tags = append(key.Tags, t)
			} else {
				aggregated = append(aggregated, t.Key)
			}
		}
		name := fmt.Sprintf("%q", key)
		g, met := groups[name]
		if !met {
			g = len(sink.out)
			groups[name] = g
			sink.out = append(sink.out, ResultSeries{SeriesKey: key})
			sink.slots = append(sink.slots, map[Instant]*folding{})
		}
		sink.out[g].Aggregated = append(sink.out[g].Aggregated, aggregated...)
		sink.place[int64(i)] = g
	}
	for g := range sink.out {
		slices.Sort(sink.out[g].Aggregated)
		sink.out[g].Aggregated = slices.Compact(sink.out[g].Aggregated)
	}
	return sink
}

// ids are the series to be read, in order.
func (s *seriesSink) ids() []int64 {
	ids := make([]int64, 0, len(s.place))
	for id := range s.place {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (s *seriesSink) add(series int64, at Instant, v float64) {
	i := s.place[series]
	if s.group == nil {
		s.out[i].Points = append(s.out[i].Points, SeriesValue{at, v})
		s.held++
		return
	}
	slot := s.slots[i][at]
	if slot == nil {
		slot = &folding{}
		s.slots[i][at] = slot
		s.held++
	}
	if s.group.by.Kind == FoldQuantile {
		s.held++
	}
	slot.add(s.group.by, v)
}

// series are those with points, in the order of their keys.
func (s *seriesSink) series() []ResultSeries {
	for i, slots := range s.slots {
		for at, slot := range slots {
			s.out[i].Points = append(s.out[i].Points, SeriesValue{at, slot.value(s.group.by)})
		}
		slices.SortFunc(s.out[i].Points, func(a, b SeriesValue) int { return cmp.Compare(a.At, b.At) })
	}
	out := slices.DeleteFunc(s.out, func(r ResultSeries) bool { return len(r.Points) == 0 })
	slices.SortStableFunc(out, func(a, b ResultSeries) int { return a.Compare(&b.SeriesKey) })
	return out
}

// String is the series as a query would name it: name{host=a, suite=unit}.
func (k *SeriesKey) String() string {
	if len(k.Tags) == 0 {
		return k.Metric
	}
	var b strings.Builder
	b.WriteString(k.Metric + "{")
	for i, t := range k.Tags {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(t.Key + "=" + t.Value)
	}
	return b.String() + "}"
}
