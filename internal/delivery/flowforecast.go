package delivery

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
)

// Forecast is how many issues will be finished in the days to come, if each goes like
// some day of the past: a Monte Carlo simulation that draws days of the history with
// replacement.
type Forecast struct {
	Sample            // issues finished in the history, but for those whose resolution is left out
	Items    int      // to be finished
	Days     int      // of the history
	PerDay   *float64 // mean of the history, nil without one
	Sureness          // of the days until Items are finished
	Ahead    []ForecastPoint
}

// Sureness are what is reached in half, 85 % and 95 % of all runs, nil when there is
// no forecast, or not within MaxForecastDays.
type Sureness struct{ P50, P85, P95 *float64 }

// ForecastPoint is how many issues are finished when a day to come begins.
type ForecastPoint struct {
	Day Date
	Sureness
}

const (
	// EnoughForForecast is the least number of finished issues that a forecast is made from.
	EnoughForForecast = 10
	// MaxForecastDays is how far a forecast looks for the day on which all is finished.
	MaxForecastDays = 1000
	// ForecastRuns is how many times the days to come are simulated.
	ForecastRuns = 10_000

	forecastStep  = 7 // days between two points
	forecastSteps = 13
)

// ForecastOf asks a store for the history and makes a forecast of it. The history is
// of whole local days, from the beginning of the range, or the first issue that was
// ever finished, up to the day before today.
func ForecastOf(ctx context.Context, s LivesStore, q FlowQuery) (Forecast, error) {
	out := Forecast{Sample: q.sample(), Items: q.Items}
	h := newForecastHistory(&q)
	open := 0
	want := AllLives()
	want.Stays = false
	err := s.Lives(ctx, q, func(lives Lives) error {
		return lives.Each(ctx, want, func(l *Life) {
			switch {
			case !l.IsClosed():
				if !l.LeftOut && l.CreatedAt < q.Now {
					open++
				}
			case l.LeftOut:
				if h.holds(l.ClosedAt) {
					out.Excluded[ExcludedResolution]++
				}
			default:
				h.add(l.ClosedAt)
			}
		})
	})
	if err != nil {
		return Forecast{}, err
	}
	if out.Items == 0 {
		out.Items = open
	}
	days := h.counts()
	out.N, out.Days = h.finished, len(days)
	if out.Days > 0 {
		mean := float64(out.N) / float64(out.Days)
		out.PerDay = &mean
	}
	out.simulate(&q, days)
	return out, nil
}

// forecastHistory counts the issues finished on each day.
type forecastHistory struct {
	days     []Bucket
	perDay   []int32
	first    Instant // ever, 0 while there is none
	finished int     // on these days
}

func newForecastHistory(q *FlowQuery) *forecastHistory {
	zone := q.Calendar.Zone()
	end := min(DateOf(q.Now.Time().In(zone)).In(zone), q.To)
	h := forecastHistory{days: Buckets(q.From, end, Day, zone, q.Now)}
	h.days = slices.DeleteFunc(h.days, func(b Bucket) bool { return b.Partial })
	h.perDay = make([]int32, len(h.days))
	return &h
}

// holds reports whether an instant is in the history.
func (h *forecastHistory) holds(at Instant) bool {
	n := len(h.days)
	return n > 0 && at >= h.days[0].Start && at < h.days[n-1].End
}

func (h *forecastHistory) add(closedAt Instant) {
	if !h.first.Known() || closedAt < h.first {
		h.first = closedAt
	}
	if h.holds(closedAt) {
		h.perDay[bucketOf(h.days, closedAt)]++
		h.finished++
	}
}

// counts are those of the days from the first one on that an issue was ever finished
// on.
func (h *forecastHistory) counts() []int32 {
	if !h.first.Known() {
		return nil
	}
	return h.perDay[bucketOf(h.days, h.first):]
}

// simulate runs the days to come.
func (f *Forecast) simulate(q *FlowQuery, history []int32) {
	zone := q.Calendar.Zone()
	today := DateOf(q.Now.Time().In(zone))
	f.Ahead = make([]ForecastPoint, forecastSteps)
	for i := range f.Ahead {
		f.Ahead[i].Day = today.AddDays((i + 1) * forecastStep)
	}
	if f.N < EnoughForForecast {
		return
	}
	runs := simulateDays(history, f.Items, q.seed())
	f.Sureness = sureness(runs.days, 0.5, 0.85, 0.95, math.Ceil)
	for _, days := range []**float64{&f.P50, &f.P85, &f.P95} {
		if **days > MaxForecastDays {
			*days = nil
		}
	}
	for i := range f.Ahead {
		f.Ahead[i].Sureness = sureness(runs.finished[i], 0.5, 0.15, 0.05, math.Floor)
	}
}

// sureness are R7 quantiles of what runs came to, which it sorts, as whole numbers.
func sureness(runs []int64, p50, p85, p95 float64, whole func(float64) float64) Sureness {
	slices.Sort(runs)
	at := func(p float64) *float64 { v := whole(Quantile(runs, p)); return &v }
	return Sureness{at(p50), at(p85), at(p95)}
}

// seed is the same for the same question, whenever and by whatever clock it is asked.
func (q *FlowQuery) seed() uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%q %q %q %q %t %q %d %d %d", q.Connections, q.Queues, q.Types, q.Teams, q.Scope == nil, q.Scope, q.From, q.To, q.Items) // never fails
	return h.Sum64()
}

// simulation is what runs of the days to come have come to, by run.
type simulation struct {
	days     []int64 // until all items are finished, MaxForecastDays+1 for later
	finished [forecastSteps][]int64
}

// simulateDays draws days of a history until so many items are finished, and all days
// that are shown.
func simulateDays(history []int32, items int, seed uint64) *simulation {
	s := simulation{days: make([]int64, ForecastRuns)}
	for i := range s.finished {
		s.finished[i] = make([]int64, ForecastRuns)
	}
	draws := dayDraws{history: history, random: rand.NewPCG(seed, 0)}
	target := int64(items)
	for run := range ForecastRuns {
		sum, days := int64(0), int64(0)
		for i := range s.finished {
			for range forecastStep {
				if sum < target {
					days++
				}
				sum += draws.next()
			}
			s.finished[i][run] = sum
		}
		for ; sum < target && days < MaxForecastDays; days++ {
			sum += draws.next()
		}
		if sum < target {
			days = MaxForecastDays + 1
		}
		s.days[run] = days
	}
	return &s
}

// dayDraws are counts of days of a history, drawn with replacement. A random number is
// good for two: its halves, scaled to the number of days, favour none by more than one
// part in millions.
type dayDraws struct {
	history []int32
	random  *rand.PCG
	bits    uint64
	half    bool // bits are left
}

func (d *dayDraws) next() int64 {
	if d.half = !d.half; d.half {
		d.bits = d.random.Uint64()
	} else {
		d.bits >>= 32
	}
	return int64(d.history[(d.bits&math.MaxUint32)*uint64(len(d.history))>>32])
}

// Panel is what is to be expected of the days to come, as the panel forecast shows it.
func (f Forecast) Panel(q FlowQuery) PanelData {
	d := q.data("forecast", Fan, f.Sample, Figure{"items", number(f.Items)},
		Figure{"p50", f.P50}, Figure{"p85", f.P85}, Figure{"p95", f.P95}, Figure{"mean", f.PerDay})
	d.Quantity = IssueCounts
	for _, line := range []struct {
		name  string
		value func(Sureness) *float64
	}{
		{"p50", func(s Sureness) *float64 { return s.P50 }},
		{"p85", func(s Sureness) *float64 { return s.P85 }},
		{"p95", func(s Sureness) *float64 { return s.P95 }},
	} {
		s := Series{line.name, make([]Point, len(f.Ahead))}
		for i, p := range f.Ahead {
			s.Points[i] = Point{T: p.Day.In(d.Zone), Value: line.value(p.Sureness), Slot: &Slot{Label: p.Day}}
		}
		d.Series = append(d.Series, s)
	}
	return d
}
