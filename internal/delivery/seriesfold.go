package delivery

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// FoldKind is how several values become one.
type FoldKind string

const (
	FoldAvg      FoldKind = "avg"
	FoldSum      FoldKind = "sum"
	FoldMin      FoldKind = "min"
	FoldMax      FoldKind = "max"
	FoldCount    FoldKind = "count"
	FoldFirst    FoldKind = "first"
	FoldLast     FoldKind = "last"
	FoldQuantile FoldKind = "quantile" // R7
)

// Fold is how several values become one; P in [0,1] is the quantile's.
type Fold struct {
	Kind FoldKind
	P    float64
}

// ParseFold reads avg, sum, min, max, count, first, last, median, or a percentile such
// as p95 or p99.9.
func ParseFold(s string) (Fold, bool) {
	switch kind := FoldKind(s); kind {
	case FoldAvg, FoldSum, FoldMin, FoldMax, FoldCount, FoldFirst, FoldLast:
		return Fold{Kind: kind}, true
	case "median":
		return Fold{FoldQuantile, 0.5}, true
	}
	digits, ok := strings.CutPrefix(s, "p")
	if !ok || len(digits) == 0 || len(digits) > 8 || strings.Trim(digits, "0123456789.") != "" {
		return Fold{}, false
	}
	p, err := strconv.ParseFloat(digits, 64)
	if err != nil || p > 100 {
		return Fold{}, false
	}
	return Fold{FoldQuantile, p / 100}, true
}

// Folded is what several values of one series come to, in the order of their times:
// enough for every fold but a quantile.
type Folded struct {
	N                          int64
	Sum, Min, Max, First, Last float64
}

// Add counts one value more, later than those before.
func (f *Folded) Add(v float64) {
	if f.N == 0 {
		*f = Folded{1, v, v, v, v, v}
		return
	}
	f.N++
	f.Sum += v
	f.Min, f.Max, f.Last = min(f.Min, v), max(f.Max, v), v
}

// Join counts what others came to that are later than those before.
func (f *Folded) Join(later Folded) {
	switch {
	case later.N == 0:
	case f.N == 0:
		*f = later
	default:
		f.N += later.N
		f.Sum += later.Sum
		f.Min, f.Max, f.Last = min(f.Min, later.Min), max(f.Max, later.Max), later.Last
	}
}

// Value is what the values come to by a fold that is not a quantile; NaN of none.
func (f *Folded) Value(by Fold) float64 {
	if f.N == 0 {
		return math.NaN()
	}
	switch by.Kind {
	case FoldSum:
		return f.Sum
	case FoldMin:
		return f.Min
	case FoldMax:
		return f.Max
	case FoldCount:
		return float64(f.N)
	case FoldFirst:
		return f.First
	case FoldLast:
		return f.Last
	}
	return f.Sum / float64(f.N)
}

// folding collects values for any fold.
type folding struct {
	Folded
	values []float64 // for a quantile
}

func (f *folding) add(by Fold, v float64) {
	f.Add(v)
	if by.Kind == FoldQuantile {
		f.values = append(f.values, v)
	}
}

func (f *folding) value(by Fold) float64 {
	if by.Kind != FoldQuantile {
		return f.Value(by)
	}
	slices.Sort(f.values)
	return Quantile(f.values, by.P)
}

// FoldPoints makes buckets of the points of a query, which come by (series, time),
// each with what it stands for when it is of a sealed hour. It is how a store that
// cannot do so itself answers ReadPoints. The result is false when yield ended it.
type FoldPoints struct {
	q     *PointQuery
	yield func(SeriesPoint) bool

	open   bool
	bucket SeriesPoint
	of     folding
}

// NewFoldPoints hands the points to yield as the buckets of q end.
func NewFoldPoints(q *PointQuery, yield func(SeriesPoint) bool) *FoldPoints {
	return &FoldPoints{q: q, yield: yield}
}

// Point takes a raw point.
func (f *FoldPoints) Point(series int64, at Instant, v float64) bool {
	if f.q.Every == 0 {
		return f.yield(SeriesPoint{Series: series, At: at, Value: v})
	}
	if !f.turn(series, f.q.Bucket(at)) {
		return false
	}
	f.of.add(f.q.Fold, v)
	return true
}

// Hour takes the roll-up of an hour; sealed is whether its points are gone.
func (f *FoldPoints) Hour(series int64, hour Instant, h Folded, sealed bool) bool {
	at := max(hour, f.q.From)
	switch {
	case sealed && !f.q.Tells():
		return f.End() && f.yield(SeriesPoint{Series: series, At: at, Lost: true})
	case f.q.Every == 0:
		return f.yield(SeriesPoint{Series: series, At: at, Value: h.Value(Fold{Kind: FoldAvg}), Rolled: true})
	case !f.turn(series, f.q.Bucket(at)):
		return false
	}
	f.of.Join(h)
	f.bucket.Rolled = f.bucket.Rolled || sealed
	return true
}

// turn begins another bucket, unless it is the one that is open.
func (f *FoldPoints) turn(series int64, at Instant) bool {
	if f.open && f.bucket.Series == series && f.bucket.At == at {
		return true
	}
	ok := f.End()
	f.open, f.bucket = true, SeriesPoint{Series: series, At: at}
	f.of = folding{values: f.of.values[:0]}
	return ok
}

// End hands over the last bucket.
func (f *FoldPoints) End() bool {
	if !f.open {
		return true
	}
	f.open = false
	f.bucket.Value = f.of.value(f.q.Fold)
	return f.yield(f.bucket)
}
