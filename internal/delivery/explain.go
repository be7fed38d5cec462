package delivery

import "math"

// QuantileSteps is how the R7 quantile of N values comes about, see Quantile: it lies
// at Place among the values in order, which are counted from 1.
type QuantileSteps struct {
	P     float64 // in [0,1]
	N     int
	Place float64 // 1 + P·(N−1)
	Below int     // the place of the value at or below
	Part  float64 // of the way from that value to the next, in [0,1)
}

// StepsOf are the steps of a quantile of n values, n > 0.
func StepsOf(p float64, n int) QuantileSteps {
	h := p * float64(n-1)
	below := math.Floor(h)
	if int(below) >= n-1 {
		below, h = float64(n-1), float64(n-1)
	}
	return QuantileSteps{P: p, N: n, Place: 1 + h, Below: 1 + int(below), Part: h - below}
}

// Value is the quantile, from the value at Below and the next one.
func (s QuantileSteps) Value(below, above float64) float64 {
	if s.Part == 0 {
		return below
	}
	return below + s.Part*(above-below)
}
