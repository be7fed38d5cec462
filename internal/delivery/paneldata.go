package delivery

import (
	"strings"
	"time"
)

// PanelData is what a panel shows, whatever its metric: the one form from which
// its drawing, table, text, CSV and JSON are made. Values are in seconds and
// not rounded.
type PanelData struct {
	Serial   uint64 // tells this answer from every other one, where somebody keeps them; else 0
	Slug     string
	Of       Subject
	Shape    Shape
	Quantity Quantity
	Filter   Filter
	Zone     *time.Location // of buckets and dates
	Day      time.Duration  // what a day is by the filter's clock; 0 when the calendar has no working days
	Sample
	Series   []Series
	Headline []Figure
	Share    *TimeShare // that a rate of times is, nil for any other
	Markers  []Marker   // changes of what the numbers mean, or what happened, within the range
	Notes    SeriesNotes
}

// Marker is a day from which the numbers mean something else, a deployment or an
// incident.
type Marker struct {
	At   Instant `json:"t"`
	Kind string  `json:"kind"` // workflow, calendar, incident, or one of deployments
	Name string  `json:"name"`
}

// Shape is how a panel's series relate.
type Shape string

const (
	// Marks is one series of points in time, a record each.
	Marks Shape = "marks"
	// Trend is several series over the same buckets.
	Trend Shape = "trend"
	// Bars is several series over the same categories.
	Bars Shape = "bars"
	// Stack is several series of counts over the same buckets, one upon the other.
	Stack Shape = "stack"
	// Lines is several series, each with points at times of its own.
	Lines Shape = "lines"
	// Ages is one series of open records, each in the column of its status; behind it
	// one series for each edge of the bands, a point for each column.
	Ages Shape = "ages"
	// Areas is several series of counts at the ends of the same buckets, one upon the
	// other, the first at the bottom.
	Areas Shape = "areas"
	// Bins is one series of counts, a point for each range of values.
	Bins Shape = "bins"
	// Control is one series of points in time, a record each, between the natural
	// limits that the headline holds.
	Control Shape = "control"
	// Fan is several series of counts over the same days to come, by how sure it is
	// that so many are reached.
	Fan Shape = "fan"
)

// Quantity is what the values of a panel are.
type Quantity string

const (
	Durations Quantity = "seconds"
	Rates     Quantity = "ratio" // 0–1
	Counts    Quantity = "runs"

	DeploymentCounts Quantity = "deployments"
	IncidentCounts   Quantity = "incidents"
	TicketCounts     Quantity = "tickets"

	IssueCounts Quantity = "issues"

	GroupCounts Quantity = "groups" // of errors
	EventTally  Quantity = "events"

	Values Quantity = "value" // of custom series, of any unit
)

// Series is a named row of points.
type Series struct {
	Name   string  `json:"name"`
	Points []Point `json:"points"`
}

// Point is a value at an instant or in a category; nil where there is none.
type Point struct {
	T     Instant  `json:"t,omitzero"`
	X     string   `json:"x,omitempty"`
	Value *float64 `json:"value"`
	N     *int     `json:"n,omitempty"`
	*Mark
	*Slot
	*Category
	*Bin
}

// Mark is the issue a point stands for.
type Mark struct {
	Key     string `json:"key"`
	Title   string `json:"title"`
	TypeKey string `json:"type_key"`
	Type    string `json:"type"`
	Signal  string `json:"signal,omitempty"` // the rule of a control chart that it breaks
}

// Bin is the range of values a point stands for, in seconds: From is in it, To, which
// is nil of the last one, is not.
type Bin struct {
	From float64  `json:"from"`
	To   *float64 `json:"to"`
}

// Slot is the bucket a point stands for. Its instant T is the bucket's own
// beginning, whatever the range cuts off.
type Slot struct {
	Label   Date `json:"bucket"`
	Partial bool `json:"partial"` // cut by the range, or not over yet
	LowN    bool `json:"low_n"`   // too few records for this statistic
}

// Category is the status, the job or the build a point stands for.
type Category struct {
	Name   string `json:"name"`
	Class  string `json:"class,omitempty"`  // of a status
	Failed *int   `json:"failed,omitempty"` // of a job: how often it failed
}

// Figure is a statistic over the whole range, nil when there is none.
type Figure struct {
	Name  string
	Value *float64
}

// data starts the panel of a flow query.
func (q *FlowQuery) data(slug string, shape Shape, s Sample, headline ...Figure) PanelData {
	return PanelData{
		Slug: slug, Of: OfIssues, Shape: shape, Quantity: Durations, Filter: q.Filter, Zone: q.Calendar.Zone(), Day: q.day(),
		Sample: s, Headline: append(headline, Figure{"count", number(s.N)}),
	}
}

// DayOf is the length of a day of business time at the end of the query's range
// as far as it is known: days that passed keep their length when it changes.
func (q *FlowQuery) DayOf(c *Calendar) time.Duration { return c.Day(q.KnownTo(q.Now) - 1) }

// day is the length of a day by the query's clock; 0 without working days.
func (q *FlowQuery) day() time.Duration {
	if q.Clock == Business {
		return q.DayOf(q.Calendar)
	}
	return 24 * time.Hour
}

func (p Percentiles) figures() []Figure {
	return []Figure{{"p50", p.P50}, {"p85", p.P85}, {"p95", p.P95}}
}

func number(n int) *float64 { v := float64(n); return &v }

// Panel is the cycle time of each issue, as the panel cycle-time shows it.
func (c CycleTime) Panel(q FlowQuery) PanelData {
	d := q.data("cycle-time", Marks, c.Sample, c.figures()...)
	points := make([]Point, len(c.Points))
	for i, p := range c.Points {
		seconds := float64(p.Seconds)
		points[i] = Point{T: p.ClosedAt, Value: &seconds, Mark: &Mark{Key: p.Key, Title: p.Title, TypeKey: p.TypeKey, Type: p.Type}}
	}
	d.Series = []Series{{"issues", points}}
	return d
}

// Panel is the cycle time per bucket, as the panel cycle-time-trend shows it.
func (c CycleTimeTrend) Panel(q FlowQuery) PanelData { return c.panel(&q, "cycle-time-trend") }

func (c *CycleTimeTrend) panel(q *FlowQuery, slug string) PanelData {
	d := q.data(slug, Trend, c.Sample, c.figures()...)
	lines := []struct {
		name   string
		value  func(Percentiles) *float64
		enough int
	}{
		{"p50", func(p Percentiles) *float64 { return p.P50 }, EnoughForP50},
		{"p85", func(p Percentiles) *float64 { return p.P85 }, EnoughForP85},
		{"p95", func(p Percentiles) *float64 { return p.P95 }, EnoughForP95},
		{"count", func(p Percentiles) *float64 { return number(p.N) }, 0},
	}
	for _, line := range lines {
		s := Series{Name: line.name, Points: make([]Point, len(c.Buckets))}
		for i, b := range c.Buckets {
			s.Points[i] = b.slot(d.Zone, line.value(b.Percentiles), b.N, line.enough)
		}
		d.Series = append(d.Series, s)
	}
	return d
}

// Panel is the time in each status, as the panel time-in-status shows it.
func (t TimeInStatus) Panel(q FlowQuery) PanelData {
	d := q.data("time-in-status", Bars, t.Sample)
	d.Series = statusBars(t.Statuses)
	return d
}

// statusBars are median and p85 of the time in each status.
func statusBars(statuses []StatusTime) []Series {
	p50, p85 := Series{Name: "p50", Points: []Point{}}, Series{Name: "p85", Points: []Point{}}
	for _, s := range statuses {
		point := Point{X: s.Key, N: &s.N, Category: &Category{Name: s.Name, Class: s.Class.String()}}
		if strings.HasPrefix(s.Key, TagMark) {
			point.Class = ""
		}
		point.Value = s.P50
		p50.Points = append(p50.Points, point)
		point.Value = s.P85
		p85.Points = append(p85.Points, point)
	}
	return []Series{p50, p85}
}

// Figure is the value of a statistic of the headline, nil when there is none.
func (d *PanelData) Figure(name string) *float64 {
	for _, f := range d.Headline {
		if f.Name == name {
			return f.Value
		}
	}
	return nil
}

// Left is how many records were left out, for whatever reason.
func (s *Sample) Left() int {
	total := 0
	for _, n := range s.Excluded {
		total += n
	}
	return total
}
