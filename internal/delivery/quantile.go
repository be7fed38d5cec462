package delivery

import (
	"math"
	"slices"
)

// Quantile is the R7 quantile of sorted at p in [0,1]: linear interpolation at
// p·(n−1), as Hyndman and Fan (1996) number it, and as PostgreSQL's
// percentile_cont, NumPy's default and ClickHouse's quantileExactInclusive
// compute it. It is NaN for an empty slice.
func Quantile[T int64 | float64](sorted []T, p float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	h := p * float64(len(sorted)-1)
	lo := int(math.Floor(h))
	if lo >= len(sorted)-1 {
		return float64(sorted[len(sorted)-1])
	}
	a, b, part := float64(sorted[lo]), float64(sorted[lo+1]), h-float64(lo)
	if math.IsInf(b-a, 0) {
		return a*(1-part) + b*part
	}
	return a + part*(b-a)
}

// Percentiles are R7 quantiles of a group of durations in seconds, with the
// group's size. They are nil when N is 0.
type Percentiles struct {
	N             int
	P50, P85, P95 *float64
}

// Below these sizes a percentile says little and is drawn grey.
const (
	EnoughForP50 = 3
	EnoughForP80 = 15
	EnoughForP85 = 20
	EnoughForP95 = 30
)

// PercentilesOf sorts seconds in place and returns its percentiles.
func PercentilesOf(seconds []int64) Percentiles {
	p := Percentiles{N: len(seconds)}
	if p.N == 0 {
		return p
	}
	slices.Sort(seconds)
	at := func(q float64) *float64 { v := Quantile(seconds, q); return &v }
	p.P50, p.P85, p.P95 = at(0.50), at(0.85), at(0.95)
	return p
}
