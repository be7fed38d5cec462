package delivery

import (
	"context"
	"slices"
	"strconv"
	"time"
)

// CycleTimeHistogram is how many issues closed in a range had a cycle time between
// two bounds.
type CycleTimeHistogram struct {
	Sample
	Percentiles
	Bins []HistogramBin // without a gap, from 0
}

// HistogramBin counts durations from From up to To, in seconds; To is 0 of a last bin
// that has no end.
type HistogramBin struct {
	From, To int64
	Count    int
}

// MaxBins is how many bins a histogram has at most.
const MaxBins = 30

// CycleTimeHistogramOf asks a store for the distribution of cycle time.
func CycleTimeHistogramOf(ctx context.Context, s LivesStore, q FlowQuery) (CycleTimeHistogram, error) {
	out := CycleTimeHistogram{Sample: q.sample()}
	var seconds []int64
	err := s.Lives(ctx, q, func(lives Lives) error {
		return q.finished(ctx, lives, finishedIn(&q.Filter), &out.Sample, func(l *Life) {
			seconds = append(seconds, q.cycleMillis(l)/msPerSecond)
		})
	})
	if err != nil {
		return CycleTimeHistogram{}, err
	}
	out.Percentiles = PercentilesOf(seconds)
	out.Bins = binsOf(seconds, q.day())
	return out, nil
}

// binsOf counts sorted durations in bins of one width, a round one, that reach past
// p98; what is longer is in a last bin without an end.
func binsOf(sorted []int64, day time.Duration) []HistogramBin {
	if len(sorted) == 0 {
		return nil
	}
	most := int64(Quantile(sorted, 0.98))
	width := int64(0)
	for _, width = range binWidths(int64(day/time.Second), most) {
		if most/width+2 <= MaxBins { // with the last one
			break
		}
	}
	bins := make([]HistogramBin, most/width+1, MaxBins)
	for i := range bins {
		bins[i].From, bins[i].To = int64(i)*width, int64(i+1)*width
	}
	end := bins[len(bins)-1].To
	if sorted[len(sorted)-1] >= end {
		bins = append(bins, HistogramBin{From: end})
	}
	for _, s := range sorted {
		bins[min(s/width, int64(len(bins)-1))].Count++
	}
	return bins
}

// binWidths are the widths, in seconds, of which bins are chosen, the narrowest
// first; the last is wide enough for durations of most.
func binWidths(day, most int64) []int64 {
	const minute, hour = 60, 3600
	if day == 0 {
		day = 24 * hour
	}
	var widths []int64
	for _, w := range []int64{minute, 2 * minute, 5 * minute, 10 * minute, 15 * minute, 30 * minute, hour, 2 * hour, 4 * hour} {
		if w < day/2 {
			widths = append(widths, w)
		}
	}
	if day/2 > 0 {
		widths = append(widths, day/2)
	}
	for _, days := range []int64{1, 2, 5, 7, 10, 14, 30, 60, 90, 180, 365} {
		widths = append(widths, days*day)
	}
	for w := 2 * 365 * day; widths[len(widths)-1] < most; w *= 2 {
		widths = append(widths, w)
	}
	return slices.Compact(widths)
}

// Panel is the distribution of cycle time, as the panel cycle-time-histogram shows it.
func (h CycleTimeHistogram) Panel(q FlowQuery) PanelData {
	d := q.data("cycle-time-histogram", Bins, h.Sample, h.figures()...)
	s := Series{"issues", make([]Point, len(h.Bins))}
	for i := range h.Bins {
		b := &h.Bins[i]
		bin := Bin{From: float64(b.From)}
		if b.To > 0 {
			to := float64(b.To)
			bin.To = &to
		}
		s.Points[i] = Point{X: strconv.FormatInt(b.From, 10), Value: number(b.Count), N: &b.Count, Bin: &bin}
	}
	d.Series = []Series{s}
	return d
}
