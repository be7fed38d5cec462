package delivery

import (
	"cmp"
	"context"
	"slices"
)

// ControlChart is the cycle time of issues in the order in which they were closed,
// between the natural limits of an individuals chart: mean ± 2.66 times the mean
// moving range, as in D. J. Wheeler, Understanding Variation (1993).
type ControlChart struct {
	Sample
	Points []ControlPoint // at most MaxPoints, by ClosedAt: those beyond the limits and a fixed sample of the rest
	Mean   *float64       // seconds
	Range  *float64       // mean moving range, in seconds
	// Limits are nil with fewer than EnoughForLimits issues; Lower is not below 0.
	Upper, Lower *float64
	Beyond, Runs int // points beyond the limits, and runs on one side of the mean
}

// ControlPoint is an issue of a control chart.
type ControlPoint struct {
	ID       int64
	ClosedAt Instant
	Seconds  int64
	Mark     *Mark // with the signal
	signal   string
}

// Signals of a control chart: points that chance alone hardly explains.
const (
	BeyondLimits = "beyond"
	InRun        = "run"
)

const (
	// EnoughForLimits is the least number of issues that limits are drawn from.
	EnoughForLimits = 10
	// runLength is how many successive points on one side of the mean are a run.
	runLength = 8
	// LimitFactor makes limits of a mean moving range: 3 ÷ d₂, 1.128 for two.
	LimitFactor = 2.66
)

// ControlChartOf asks a store for the control chart of cycle time.
func ControlChartOf(ctx context.Context, s LivesStore, q FlowQuery) (ControlChart, error) {
	out := ControlChart{Sample: q.sample(), Points: []ControlPoint{}}
	err := s.Lives(ctx, q, func(lives Lives) error {
		err := q.finished(ctx, lives, finishedIn(&q.Filter), &out.Sample, func(l *Life) {
			out.Points = append(out.Points, ControlPoint{ID: l.ID, ClosedAt: l.ClosedAt, Seconds: q.cycleMillis(l) / msPerSecond})
		})
		if err != nil {
			return err
		}
		out.finish()
		ids := make([]int64, len(out.Points))
		for i := range out.Points {
			ids[i] = out.Points[i].ID
		}
		marks, err := lives.Marks(ctx, ids)
		for i := range out.Points {
			m := marks[ids[i]]
			m.Signal = out.Points[i].signal
			out.Points[i].Mark = &m
		}
		return err
	})
	if err != nil {
		return ControlChart{}, err
	}
	return out, nil
}

// finish draws the limits, looks for signals and keeps the points to be shown.
func (c *ControlChart) finish() {
	inOrder := func(a, b ControlPoint) int {
		return cmp.Or(cmp.Compare(a.ClosedAt, b.ClosedAt), cmp.Compare(a.ID, b.ID))
	}
	slices.SortFunc(c.Points, inOrder)
	c.limit()
	if c.Upper != nil {
		c.findRuns()
		c.findBeyond()
	}
	if len(c.Points) > MaxPoints {
		c.Points = thinned(c.Points, MaxPoints, func(p *ControlPoint) (int64, bool) { return p.ID, p.signal == BeyondLimits })
		slices.SortFunc(c.Points, inOrder)
	}
}

func (c *ControlChart) limit() {
	n := len(c.Points)
	if n == 0 {
		return
	}
	sum, moved := 0.0, 0.0
	for i := range c.Points {
		sum += float64(c.Points[i].Seconds)
		if i > 0 {
			moved += float64(max(c.Points[i].Seconds-c.Points[i-1].Seconds, c.Points[i-1].Seconds-c.Points[i].Seconds))
		}
	}
	mean := sum / float64(n)
	c.Mean = &mean
	if n < 2 {
		return
	}
	moved /= float64(n - 1)
	c.Range = &moved
	if n < EnoughForLimits {
		return
	}
	upper, lower := mean+LimitFactor*moved, max(0, mean-LimitFactor*moved)
	c.Upper, c.Lower = &upper, &lower
}

// findRuns marks runs. A point on the mean is on neither side.
func (c *ControlChart) findRuns() {
	side := func(p *ControlPoint) int { return cmp.Compare(float64(p.Seconds), *c.Mean) }
	for from := 0; from < len(c.Points); {
		to, at := from+1, side(&c.Points[from])
		for to < len(c.Points) && side(&c.Points[to]) == at {
			to++
		}
		if at != 0 && to-from >= runLength {
			c.Runs++
			for i := from; i < to; i++ {
				c.Points[i].signal = InRun
			}
		}
		from = to
	}
}

func (c *ControlChart) findBeyond() {
	for i := range c.Points {
		p := &c.Points[i]
		if v := float64(p.Seconds); v > *c.Upper || v < *c.Lower {
			p.signal = BeyondLimits
			c.Beyond++
		}
	}
}

// Panel is the cycle time of each issue between its limits, as the panel control-chart
// shows it.
func (c ControlChart) Panel(q FlowQuery) PanelData {
	d := q.data("control-chart", Control, c.Sample,
		Figure{"mean", c.Mean}, Figure{"upper", c.Upper}, Figure{"lower", c.Lower}, Figure{"range", c.Range},
		Figure{"signals", number(c.Beyond)}, Figure{"runs", number(c.Runs)})
	points := make([]Point, len(c.Points))
	for i, p := range c.Points {
		seconds := float64(p.Seconds)
		points[i] = Point{T: p.ClosedAt, Value: &seconds, Mark: p.Mark}
	}
	d.Series = []Series{{"issues", points}}
	return d
}
