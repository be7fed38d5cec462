package delivery_test

import (
	"math"
	"testing"

	"throughline/internal/delivery"
)

func TestQuantile(t *testing.T) {
	// Values from numpy.quantile, whose default is R7.
	for _, c := range []struct {
		values []int64
		p      float64
		want   float64
	}{
		{[]int64{1, 2, 3, 4}, 0.50, 2.5},
		{[]int64{1, 2, 3, 4}, 0.85, 3.55},
		{[]int64{1, 2, 3, 4}, 0, 1},
		{[]int64{1, 2, 3, 4}, 1, 4},
		{[]int64{7}, 0.95, 7},
		{[]int64{10, 20}, 0.95, 19.5},
		{[]int64{5, 5, 5, 100}, 0.80, 43},
	} {
		if got := delivery.Quantile(c.values, c.p); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("quantile %g of %v is %g, want %g", c.p, c.values, got, c.want)
		}
	}
	if got := delivery.Quantile[int64](nil, 0.5); !math.IsNaN(got) {
		t.Errorf("the median of nothing is %g", got)
	}
}

func TestPercentilesOf(t *testing.T) {
	p := delivery.PercentilesOf([]int64{4, 1, 3, 2})
	if p.N != 4 || *p.P50 != 2.5 || math.Abs(*p.P85-3.55) > 1e-9 || math.Abs(*p.P95-3.85) > 1e-9 {
		t.Errorf("got %d %v %v %v", p.N, *p.P50, *p.P85, *p.P95)
	}
	if p := delivery.PercentilesOf(nil); p.N != 0 || p.P50 != nil || p.P85 != nil || p.P95 != nil {
		t.Errorf("percentiles of nothing: %+v", p)
	}
}
