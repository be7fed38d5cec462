package picture

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"throughline/internal/delivery"
)

var flowStatuses = []string{"Open", "In progress", "Waiting for a review", "In review", longName}

// ages is a panel of n issues in progress, of which the first are the oldest.
func ages(n int) *fake {
	random := rand.New(rand.NewPCG(5, 6))
	f := &fake{axis: "age, days", per: oneDay, to: math.NaN(), looks: map[string][2]string{"issues": {"series-1", ""}, "late": {"series-6", ""}}}
	f.data = delivery.PanelData{
		Shape: delivery.Ages, Sample: delivery.Sample{N: n},
		Headline: []delivery.Figure{{Name: "p50", Value: value(3 * oneDay)}, {Name: "p85", Value: value(9 * oneDay)}, {Name: "late", Value: value(1)}},
	}
	issues := delivery.Series{Name: "issues"}
	for i := range n {
		at := random.IntN(len(flowStatuses))
		issues.Points = append(issues.Points, delivery.Point{X: strconv.Itoa(at), Value: value(random.ExpFloat64() * 3 * oneDay), Mark: &delivery.Mark{Key: fmt.Sprintf("DEV-%d", i)}})
	}
	f.data.Series = []delivery.Series{issues}
	for k, name := range []string{"p50", "p85", "p95"} {
		s := delivery.Series{Name: name}
		for i, status := range flowStatuses {
			count := 5 - i
			pt := delivery.Point{X: strconv.Itoa(i), N: &count, Category: &delivery.Category{Name: status}}
			if count > 1 {
				pt.Value = value(float64(i+1) * []float64{0.8, 2, 3.4}[k] * oneDay)
			}
			s.Points = append(s.Points, pt)
		}
		f.data.Series = append(f.data.Series, s)
	}
	return f
}

// areas is a panel of statuses by week, what is closed first; the last week is to come where
// there are more than two.
func areas(weeks int) *fake {
	f := &fake{axis: "issues", to: math.NaN(), whole: true, looks: map[string][2]string{
		"closed": {"edge", ""}, "Ready": {"series-3", "hatched"}, "In progress": {"series-2", ""}, "Open": {"series-1", "hatched"},
	}}
	f.data = delivery.PanelData{Shape: delivery.Areas, Filter: delivery.Filter{From: week(0), To: week(weeks), Unit: delivery.Week}, Sample: delivery.Sample{N: 40}}
	f.verticals = []fakeVertical{{0.4, "before", false, false}, {2.5, "workflow", false, false}}
	for k, name := range []string{"closed", "Ready", "In progress", "Open"} {
		s := delivery.Series{Name: name}
		for i := range weeks {
			pt := delivery.Point{T: week(i), Slot: &delivery.Slot{Label: delivery.DateOf(week(i).Time().Add(3 * time.Hour))}}
			if weeks < 3 || i < weeks-1 {
				pt.Value = value(float64([][]int{{2, 5, 9, 12, 20, 22, 30, 31}, {3, 1, 0, 4}, {6, 7, 9}, {10, 8, 12, 9, 11}}[k][i%[]int{8, 4, 3, 5}[k]]))
			}
			s.Points = append(s.Points, pt)
		}
		f.data.Series = append(f.data.Series, s)
	}
	return f
}

// levelled is a panel with a value across it.
func levelled(f *fake, level float64) *fake {
	f.level, f.levelName = level, fmt.Sprintf("median %v", level)
	return f
}

// No dot covers another as long as there is room beside.
func TestSwarm(t *testing.T) {
	ys := []float64{100, 101, 99.5, 100, 40, 104, 100}
	xs := swarm(ys, 60)
	for i := range ys {
		if math.Abs(xs[i]) > 60 {
			t.Errorf("dot %d is %v aside", i, xs[i])
		}
		for k := range i {
			if d := math.Hypot(xs[i]-xs[k], ys[i]-ys[k]); d < swarmGap {
				t.Errorf("dots %d and %d are %v apart", i, k, d)
			}
		}
	}
	if xs[4] != 0 {
		t.Errorf("one that is alone is moved %v aside", xs[4])
	}
	// Where there is none, they stay within their column.
	for i, x := range swarm(make([]float64, 50), 10) {
		if math.Abs(x) > 10 {
			t.Errorf("dot %d of a full column is %v aside", i, x)
		}
	}
}
