package views

import (
	"math"
	"time"

	"github.com/go-echarts/go-echarts/v2/opts"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// Chart is what static/charts.js draws: ECharts' option, with colours as names
// of custom properties, and what it needs to know to write axes and tooltips.
type Chart struct {
	Option map[string]any `json:"option"`
	Meta   chartMeta      `json:"meta"`
}

type chartMeta struct {
	Shape   delivery.Shape    `json:"shape"`
	Of      delivery.Quantity `json:"of"`
	Lang    string            `json:"lang"`
	Unit    string            `json:"unit"` // of the axis: d, h, min or s; percent; runs
	Per     float64           `json:"per"`  // of the quantity in that unit
	Day     float64           `json:"day"`  // seconds in a day by the clock in use, 0 for none
	Bucket  delivery.Unit     `json:"bucket"`
	Rows    int               `json:"rows,omitempty"`    // of bars
	Log     bool              `json:"log"`               // the duration axis begins logarithmic
	Open    string            `json:"open,omitempty"`    // address of an issue, but for its key
	Lists   []string          `json:"lists,omitempty"`   // address of the records behind each bucket or row
	Lines   []chartLine       `json:"lines,omitempty"`   // verticals across the time axis
	Names   map[string]string `json:"names,omitempty"`   // of lines in the legend
	Step    int64             `json:"step,omitempty"`    // usual distance of points in milliseconds
	Before  bool              `json:"before,omitempty"`  // the line of the period before is shown at first
	Columns []ageColumn       `json:"columns,omitempty"` // of ages
	Keys    []string          `json:"keys,omitempty"`    // of areas
	Level   *Level            `json:"level,omitempty"`   // across a chart of counts
	Edges   []string          `json:"edges,omitempty"`   // of bins, in words
	Words   map[string]string `json:"words"`
}

// chartLine is a change of definitions, or a deployment, on the time axis: at a wall clock, or at
// a place among buckets where the first begins at 0.
type chartLine struct {
	At       float64 `json:"at"`
	Label    string  `json:"label"`           // short, for where there is room; "" for none
	Text     string  `json:"text"`            // "" where another line of the bucket has said it
	Event    bool    `json:"event,omitempty"` // a deployment or an incident
	Incident bool    `json:"incident,omitempty"`
	Hidden   bool    `json:"hidden,omitempty"` // only told, with its bucket
}

// ChartSpec is what a drawing needs besides the data.
type ChartSpec struct {
	// Open is the address at which a mark's issue is found, but for its key.
	Open string
	// Types are the keys of all types there are, whatever the filter: a type's
	// place among them is its shape and colour.
	Types []string
	// Lists are the addresses of the records behind each bucket or row.
	Lists []string
	// Before is the same trend in the period before, nil when there is nothing
	// to compare with.
	Before *delivery.PanelData
}

// ChartOf draws a panel.
func ChartOf(d delivery.PanelData, p *i18n.Printer, spec ChartSpec) Chart {
	if d.Of == delivery.OfDora && d.Shape == delivery.Bars {
		d = stagesNamed(d, p)
	}
	m := newMeta(d, p)
	m.Lists, m.Lines = spec.Lists, chartLines(&d, p)
	switch d.Shape {
	case delivery.Marks:
		m.Open, m.Log = spec.Open, LongTail(d)
		return Chart{scatterOption(d, p, m, spec.Types), m}
	case delivery.Trend:
		m.Before = BeforeCounts(d, spec.Before)
		return Chart{trendOption(d, p, m, spec.Before), m}
	case delivery.Stack:
		m.Level = levelOf(&d, p)
		return Chart{stackOption(d, p, m), m}
	case delivery.Ages:
		m.Open, m.Log, m.Columns = spec.Open, LongTail(d), ageColumns(&d, p)
		m.say(p, "chart.ages.since", "chart.ages.late", "chart.ages.within", "chart.ages.left", "chart.ages.none")
		return Chart{agesOption(d, p, m), m}
	case delivery.Areas:
		m.say(p, "chart.areas.end", "chart.areas.open", "areas.closed")
		m.Words["chart.areas.cut"], m.Keys = areasCut(&d, p), seriesNames(d)
		return Chart{areasOption(d, p), m}
	case delivery.Lines:
		m.Step, m.Names = usualStep(d), legendNames(d)
		m.Words["chart.series.more"] = p.T("chart.series.more")
		return Chart{linesOption(d, p), m}
	case delivery.Bins:
		m.Edges = binEdges(d, p, m)
		m.say(p, "bins.share", "bins.within")
		return Chart{binsOption(d, p, m), m}
	case delivery.Control:
		m.Open, m.Log = spec.Open, LongTail(d)
		m.say(p, "control.signal.beyond", "control.signal.run")
		return Chart{controlOption(d, p, m), m}
	case delivery.Fan:
		m.say(p, "fan.by", "fan.least")
		return Chart{fanOption(d, p, m), m}
	default:
		d = drawn(d)
		m.Rows = len(d.Series[0].Points)
		m.Lists = m.Lists[:min(len(m.Lists), m.Rows)]
		if d.Of == delivery.OfErrors {
			return Chart{errorBars(d, p, m), m}
		}
		return Chart{barsOption(d, p, m), m}
	}
}

// say adds messages that charts.js writes tooltips of some shapes with.
func (m *chartMeta) say(p *i18n.Printer, ids ...string) {
	for _, id := range ids {
		m.Words[id] = p.T(id)
	}
}

// How many times p85, or the upper natural limit, the longest duration is where a linear
// axis would press all others together.
const (
	longTail        = 5
	longTailOfLimit = 3
)

// LongTail reports whether a panel of marks is better read on a logarithmic
// axis.
func LongTail(d delivery.PanelData) bool {
	usual, times := d.Figure("p85"), float64(longTail)
	if d.Shape == delivery.Control {
		usual, times = d.Figure("upper"), longTailOfLimit
	}
	if usual == nil || *usual <= 0 {
		return false
	}
	for _, p := range d.Series[0].Points {
		if *p.Value > times**usual {
			return true
		}
	}
	return false
}

// chartWords are the messages that charts.js writes tooltips with.
var chartWords = []string{"unit.d", "unit.h", "unit.min", "unit.s", "chart.outside", "chart.partial", "chart.low_n", "chart.n", "chart.closed", "chart.open", "chart.open.keys", "chart.list", "chart.list.keys", "chart.week", "chart.before", "chart.rate", "chart.position"}

func newMeta(d delivery.PanelData, p *i18n.Printer) chartMeta {
	m := chartMeta{Shape: d.Shape, Of: d.Quantity, Lang: p.Lang(), Day: d.Day.Seconds(), Bucket: d.Filter.Unit, Words: map[string]string{}}
	m.Unit, m.Per = axisUnit(d)
	for _, id := range chartWords {
		m.Words[id] = p.T(wordIn(d, id))
	}
	if d.Filter.Clock != delivery.Business {
		delete(m.Words, "chart.outside")
	}
	return m
}

// runWords are the messages of runs in the place of those of issues.
var runWords = map[string]string{
	"chart.n":                  "chart.n.runs",
	"chart.low_n":              "chart.low_n.runs",
	"chart.list":               "chart.list.runs",
	"chart.list.keys":          "chart.list.keys.runs",
	"summary.none":             "summary.none.runs",
	"table.count":              "table.count.runs",
	"table.n":                  "table.n.runs",
	"panel.n.title":            "panel.n.title.runs",
	"panel.rows.csv":           "panel.rows.csv.runs",
	"panel.rows.json":          "panel.rows.json.runs",
	"panel.empty.filter":       "panel.empty.filter.runs",
	"panel.empty.all_excluded": "panel.empty.all_excluded.runs",
}

// deployJobsSlug is the panel that counts jobs, not runs.
const deployJobsSlug = "job-failure-rate"

// jobWords are the messages of that panel in the place of those of runs.
var jobWords = map[string]string{
	"chart.n":            "chart.n.jobs",
	"chart.low_n":        "chart.low_n.jobs",
	"chart.rate":         "chart.rate.jobs",
	"chart.axis.percent": "chart.axis.percent.jobs",
	"table.count":        "table.count.jobs",
	"table.rate":         "table.rate.jobs",
}

// wordIn is a message as it is said of what a panel counts.
func wordIn(d delivery.PanelData, id string) string {
	if own, ok := jobWords[id]; ok && d.Slug == deployJobsSlug {
		return own
	}
	if own, ok := flowWords[d.Slug+" "+id]; ok {
		return own
	}
	if d.Of == delivery.OfErrors {
		return wordOfErrors(d.Slug, id)
	}
	return wordOf(d.Of, id)
}

// wordOf is a message as it is said of a subject.
func wordOf(of delivery.Subject, id string) string {
	if own, ok := runWords[id]; ok && of == delivery.OfRuns {
		return own
	}
	if own, ok := doraWords[id]; ok && of == delivery.OfDora {
		return own
	}
	if of == delivery.OfErrors {
		return wordOfErrors("", id)
	}
	if of == delivery.OfSeries && id == "summary.none" {
		return "summary.none.series"
	}
	return id
}

// axisUnit is the unit in which the largest value of a panel is a figure of at least
// two.
func axisUnit(d delivery.PanelData) (unit string, per float64) {
	switch d.Quantity {
	case delivery.Rates:
		return "percent", 0.01
	case delivery.Counts, delivery.DeploymentCounts, delivery.TicketCounts, delivery.GroupCounts, delivery.EventTally, delivery.IssueCounts:
		return "runs", 1
	case delivery.Values:
		return "value", 1
	}
	if d.Shape == delivery.Bins {
		return binUnit(d)
	}
	largest := 0.0
	for _, s := range drawn(d).Series {
		for _, p := range s.Points {
			if p.Value != nil && s.Name != "count" {
				largest = max(largest, *p.Value)
			}
		}
	}
	return durationUnit(d, largest)
}

// durationUnit is the unit in which a duration is a figure of at least two.
func durationUnit(d delivery.PanelData, largest float64) (unit string, per float64) {
	day := d.Day.Seconds()
	switch {
	case day > 0 && (largest >= 2*day || largest == 0):
		return "d", day
	case largest >= 2*3600 || largest == 0:
		return "h", 3600
	case largest < 2*60 && d.Of == delivery.OfRuns:
		return "s", 1
	}
	return "min", 60
}

// axisName says what an axis counts, once, at its head.
func axisName(p *i18n.Printer, d delivery.PanelData, m chartMeta) string {
	if d.Of == delivery.OfDora && d.Quantity == delivery.Rates {
		return p.T("chart.axis.percent.deployments")
	}
	if d.Of == delivery.OfDora && d.Quantity == delivery.Durations {
		return p.T("chart.axis.elapsed." + m.Unit)
	}
	if d.Of == delivery.OfErrors && d.Quantity != delivery.Durations {
		return p.T("chart.axis." + d.Slug)
	}
	if d.Quantity != delivery.Durations {
		return p.T(wordIn(d, "chart.axis."+m.Unit))
	}
	return p.T("chart.axis." + string(d.Filter.Clock) + "." + m.Unit)
}

// figure is a value on the axis, to four decimals: more does not show.
func (m chartMeta) figure(value *float64) *float64 {
	if value == nil {
		return nil
	}
	v := math.Round(*value/m.Per*1e4) / 1e4
	return &v
}

// wall is an instant's wall clock in zone as if it were UTC: charts are drawn
// in the zone of the calendar, not of the browser.
func wall(i delivery.Instant, zone *time.Location) int64 {
	_, offset := i.Time().In(zone).Zone()
	return int64(i) + int64(offset)*1000
}

// percentileStyle draws percentiles in one hue: p50 thick, p80 and p85 thin, p95
// dashed. A rate and a mean have the looks of p50, natural limits those of p95.
func percentileStyle(name string) *opts.LineStyle {
	s := &opts.LineStyle{Color: "var(--accent)", Width: 1.25, Type: "solid"}
	switch name {
	case "p50", "rate", "mean":
		s.Width = 2.5
	case "p95", "upper", "lower":
		s.Type = "dashed"
	}
	return s
}

// endLabel names a line at its right end, with its last value.
func endLabel(p *i18n.Printer, name string, value *float64, m chartMeta) *opts.Label {
	text := name + " " + p.Days(*value, m.Day/3600)
	if m.Of == delivery.Rates {
		text = Share(p, *value)
	}
	switch m.Shape {
	case delivery.Control:
		text = controlName(p, name, *value, m)
	case delivery.Fan:
		text = name + " " + p.Number(*value, 0)
	}
	return &opts.Label{Show: opts.Bool(true), Position: "right", Color: "var(--text)", Formatter: text}
}

// datum is a mark with looks or labels of its own. Seconds and N are for the
// tooltip.
type datum struct {
	Value      any         `json:"value"`
	Seconds    *float64    `json:"s,omitempty"`
	N          *int        `json:"n,omitempty"`
	Class      string      `json:"class,omitempty"` // in words
	Partial    bool        `json:"partial,omitempty"`
	LowN       bool        `json:"low,omitempty"`
	Symbol     string      `json:"symbol,omitempty"`
	SymbolSize int         `json:"symbolSize,omitempty"`
	Label      *opts.Label `json:"label,omitempty"`
	ItemStyle  *itemStyle  `json:"itemStyle,omitempty"`
}

// itemStyle adds to go-echarts' what it lacks: hatching.
type itemStyle struct {
	Color       string  `json:"color,omitempty"`
	BorderColor string  `json:"borderColor,omitempty"`
	BorderWidth float64 `json:"borderWidth,omitempty"`
	Opacity     float64 `json:"opacity,omitempty"`
	Decal       *decal  `json:"decal,omitempty"`
}

type decal struct {
	Color      string  `json:"color"`
	DashArrayX []int   `json:"dashArrayX"`
	DashArrayY []int   `json:"dashArrayY"`
	Rotation   float64 `json:"rotation"`
}

// dotted marks what is closed, as on the page of an issue.
var dotted = &decal{Color: "var(--surface)", DashArrayX: []int{2, 3}, DashArrayY: []int{2, 3}, Rotation: 0}

// hatched marks what is not whole, and what waits.
var hatched = &decal{Color: "var(--surface)", DashArrayX: []int{1, 0}, DashArrayY: []int{2, 3}, Rotation: -math.Pi / 4}

type drawable interface {
	Validate()
	JSON() map[string]any
}

// finish makes the option of a chart, as ECharts reads it.
func finish(c drawable) map[string]any {
	c.Validate()
	option := c.JSON()
	for _, unused := range []string{"title", "toolbox", "color"} {
		delete(option, unused)
	}
	option["useUTC"] = true
	return option
}
