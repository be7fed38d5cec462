package delivery_test

import (
	"math"
	"slices"
	"testing"

	"throughline/internal/delivery"
)

func TestStepsOf(t *testing.T) {
	for _, c := range []struct {
		p     float64
		n     int
		place float64
		below int
		part  float64
	}{
		{0.5, 4, 2.5, 2, 0.5},
		{0.85, 4, 3.55, 3, 0.55},
		{0.5, 5, 3, 3, 0},
		{0.95, 1, 1, 1, 0},
		{1, 7, 7, 7, 0},
		{0.85, 412, 350.35, 350, 0.35},
	} {
		s := delivery.StepsOf(c.p, c.n)
		if math.Abs(s.Place-c.place) > 1e-9 || s.Below != c.below || math.Abs(s.Part-c.part) > 1e-9 {
			t.Errorf("p %g of %d: %+v, want place %g, below %d, part %g", c.p, c.n, s, c.place, c.below, c.part)
		}
	}
}

func TestStepsMakeTheQuantile(t *testing.T) {
	var values []int64
	for i := range int64(200) {
		values = append(values, i*7919%1009)
		sorted := slices.Sorted(slices.Values(values))
		for _, p := range []float64{0.5, 0.8, 0.85, 0.95, 1} {
			s := delivery.StepsOf(p, len(sorted))
			low, high := float64(sorted[s.Below-1]), float64(sorted[min(s.Below, len(sorted)-1)])
			if got, want := s.Value(low, high), delivery.Quantile(sorted, p); got != want {
				t.Fatalf("p %g of %d values: %g, want %g", p, len(sorted), got, want)
			}
		}
	}
}
