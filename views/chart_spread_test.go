package views

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// flowData starts a panel of flow as delivery does.
func flowData(t *testing.T, slug string, shape delivery.Shape, of delivery.Quantity, clock delivery.Clock, n int) delivery.PanelData {
	q := flowQuery(t, clock)
	day := 24 * time.Hour
	if clock == delivery.Business {
		day = 8 * time.Hour
	}
	return delivery.PanelData{
		Slug: slug, Of: delivery.OfIssues, Shape: shape, Quantity: of, Filter: q.Filter, Zone: q.Calendar.Zone(), Day: day,
		Sample: delivery.Sample{N: n, AsOf: q.Now},
	}
}

// bins is a histogram of these hours, a bin of so many hours each; what is beyond most
// bins is in an open one.
func bins(t *testing.T, clock delivery.Clock, width float64, most int, hours ...float64) delivery.PanelData {
	t.Helper()
	d := flowData(t, "cycle-time-histogram", delivery.Bins, delivery.Durations, clock, len(hours))
	counts := make([]int, most+1)
	seconds := make([]int64, len(hours))
	for i, h := range hours {
		counts[min(most, int(h/width))]++
		seconds[i] = int64(h * 3600)
	}
	var points []delivery.Point
	for i, n := range counts {
		from, to := float64(i)*width*3600, float64(i+1)*width*3600
		point := delivery.Point{X: fmt.Sprintf("%.0f", from), Value: value(float64(n)), N: &n, Bin: &delivery.Bin{From: from, To: &to}}
		if i == most {
			if n == 0 {
				break
			}
			point.To = nil
		}
		points = append(points, point)
	}
	d.Series = []delivery.Series{{Name: "issues", Points: points}}
	p := delivery.PercentilesOf(seconds)
	d.Headline = []delivery.Figure{{Name: "p50", Value: p.P50}, {Name: "p85", Value: p.P85}, {Name: "p95", Value: p.P95}, {Name: "count", Value: value(float64(len(hours)))}}
	return d
}

// control is a control chart of issues that took these hours, one after the other, with
// the signals named by their place.
func control(t *testing.T, clock delivery.Clock, signals map[int]string, hours ...float64) delivery.PanelData {
	t.Helper()
	d := flowData(t, "control-chart", delivery.Control, delivery.Durations, clock, len(hours))
	s := delivery.Series{Name: "issues"}
	sum, ranges := 0.0, 0.0
	for i, h := range hours {
		at := d.Filter.From + delivery.Instant(int64(i)*int64(d.Filter.To-d.Filter.From)*8/10/int64(len(hours)))
		s.Points = append(s.Points, delivery.Point{
			T: at, Value: value(h * 3600), Mark: &delivery.Mark{Key: fmt.Sprintf("DEV-%d", i+1), Title: "A title", TypeKey: "task", Type: "Task", Signal: signals[i]},
		})
		sum += h * 3600
		if i > 0 {
			ranges += math.Abs(h-hours[i-1]) * 3600
		}
	}
	d.Series = []delivery.Series{s}
	n := float64(len(hours))
	mean, mr := sum/n, ranges/max(1, n-1)
	beyond, run := 0, 0
	for _, signal := range signals {
		if signal == delivery.BeyondLimits {
			beyond++
		} else if signal == delivery.InRun {
			run++
		}
	}
	d.Headline = []delivery.Figure{
		{Name: "mean", Value: &mean}, {Name: "upper"}, {Name: "lower"}, {Name: "range", Value: &mr},
		{Name: "signals", Value: value(float64(beyond))}, {Name: "runs", Value: value(float64((run + 7) / 8))}, {Name: "count", Value: &n},
	}
	if len(hours) >= 10 {
		d.Headline[1].Value, d.Headline[2].Value = value(mean+2.66*mr), value(max(0, mean-2.66*mr))
	}
	return d
}

// fan is a forecast of so many issues a day, made on 25 February, about some issues that
// are done in these days.
func fan(t *testing.T, perDay float64, items int, days ...float64) delivery.PanelData {
	t.Helper()
	n := int(perDay * 90)
	d := flowData(t, "forecast", delivery.Fan, delivery.IssueCounts, delivery.Business, n)
	today := delivery.Date{Year: 2026, Month: 2, Day: 25}
	for k, name := range []string{"p50", "p85", "p95"} {
		s := delivery.Series{Name: name}
		for week := 1; week <= 13; week++ {
			day := today.AddDays(7 * week)
			point := delivery.Point{T: day.In(d.Zone), Slot: &delivery.Slot{Label: day}}
			if n >= 10 {
				ahead := perDay * 7 * float64(week)
				point.Value = value(math.Floor(max(0, ahead-[]float64{0, 1.04, 1.64}[k]*1.6*math.Sqrt(ahead))))
			}
			s.Points = append(s.Points, point)
		}
		d.Series = append(d.Series, s)
	}
	d.Headline = []delivery.Figure{{Name: "items", Value: value(float64(items))}}
	for k, name := range []string{"p50", "p85", "p95"} {
		f := delivery.Figure{Name: name}
		if k < len(days) {
			f.Value = &days[k]
		}
		d.Headline = append(d.Headline, f)
	}
	d.Headline = append(d.Headline, delivery.Figure{Name: "mean", Value: value(float64(n) / 90)}, delivery.Figure{Name: "count", Value: value(float64(n))})
	return d
}

// skewed are so many hours as issues take them.
func skewed(n int, median float64) []float64 {
	random := rand.New(rand.NewPCG(3, 4))
	out := make([]float64, n)
	for i := range out {
		out[i] = math.Round(median*math.Exp(random.NormFloat64()*0.8)*10) / 10
	}
	return out
}

var _ = []any{bytes.TrimSpace, json.Marshal, os.ReadFile, filepath.Join, slices.Max[[]int], strings.Cut, cmp.Diff, i18n.For}
