package views

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// Picture is what a panel's drawing shows where there is no browser: all that is decided
// of a Chart, asked for piece by piece. Package picture says what each method is for.
type Picture struct {
	data    delivery.PanelData
	printer *i18n.Printer
	meta    chartMeta
	before  *delivery.PanelData
	types   []string
	rows    int // of bars, drawn or not
}

// PictureOf is the picture of a panel. Of spec it takes the types and the period before.
func PictureOf(d delivery.PanelData, p *i18n.Printer, spec ChartSpec) *Picture {
	if d.Of == delivery.OfDora && d.Shape == delivery.Bars {
		d = stagesNamed(d, p)
	}
	c := &Picture{data: d, printer: p, meta: newMeta(d, p), types: spec.Types}
	if d.N == 0 {
		return c
	}
	c.meta.Lines = chartLines(&d, p)
	c.meta.Log = dots(d.Shape) && LongTail(d)
	if BeforeCounts(d, spec.Before) {
		c.before = spec.Before
	}
	if d.Shape == delivery.Bars {
		c.data, c.rows = drawn(d), len(d.Series[0].Points)
	}
	return c
}

func (c *Picture) Data() delivery.PanelData { return c.data }

func (c *Picture) Axis() (name string, per float64) {
	switch c.data.Shape {
	case delivery.Stack, delivery.Areas:
		return stackAxisName(c.data, c.printer), c.meta.Per
	case delivery.Ages:
		return ageAxisName(c.data, c.printer, c.meta), c.meta.Per
	case delivery.Lines:
		return c.printer.T("chart.axis.value"), c.meta.Per
	case delivery.Bins:
		return binsAxisName(c.printer), 1
	case delivery.Fan:
		return fanAxisName(c.data, c.printer), 1
	case delivery.Trend:
		return trendAxis(c.data, c.printer, c.meta, c.before).Name, c.meta.Per
	}
	return axisName(c.printer, c.data, c.meta), c.meta.Per
}

func (c *Picture) Bounds() (from, to float64) {
	to = math.NaN()
	switch {
	case c.data.Shape == delivery.Lines && !fromZero(c.data):
		return math.NaN(), to
	case c.data.Shape == delivery.Trend && c.data.Quantity == delivery.Rates:
		to = 100
		if c.data.Slug == crashFreeSlug {
			from = crashFloor(c.data, c.before)
		}
	}
	return from, to
}

func (c *Picture) Log() bool { return c.meta.Log }

func (c *Picture) Whole() bool { return c.meta.Unit == "runs" || c.data.Shape == delivery.Bins }

func (c *Picture) Tick(v float64) string {
	switch c.data.Shape {
	case delivery.Lines:
		return shortValue(c.printer, v)
	case delivery.Stack, delivery.Bins, delivery.Fan, delivery.Areas:
		return c.Count(v)
	}
	return c.printer.Number(v, 2)
}

func (c *Picture) Count(n float64) string {
	if n < 1e4 {
		return c.printer.Number(n, 0)
	}
	return compact(c.printer, n, 1)
}

func (c *Picture) CountName() string { return c.printer.T(wordIn(c.data, "chart.n")) }

func (c *Picture) Wall(at delivery.Instant) int64 { return wall(at, c.data.Zone) }

func (c *Picture) Span() (from, to int64) {
	switch c.data.Shape {
	case delivery.Lines:
		return linesSpan(c.data)
	case delivery.Fan:
		return fanSpan(c.data)
	}
	return wall(c.data.Filter.From, c.data.Zone), wall(c.data.Filter.To, c.data.Zone)
}

func (c *Picture) Moment(ms int64, months bool) string {
	t := time.UnixMilli(ms).UTC()
	switch {
	case months && t.Month() == time.January:
		return strconv.Itoa(t.Year())
	case months:
		return c.printer.T("picture.month." + strconv.Itoa(int(t.Month())))
	case t.Hour() != 0 || t.Minute() != 0:
		return c.printer.Time(t)
	}
	return axisDay(c.printer, t)
}

func (c *Picture) Bucket(day delivery.Date) string {
	t := time.Date(day.Year, day.Month, day.Day, 0, 0, 0, 0, time.UTC)
	if c.data.Filter.Unit == delivery.Month {
		return c.printer.T("picture.month."+strconv.Itoa(int(t.Month()))) + " " + t.Format("06")
	}
	return axisDay(c.printer, t)
}

// axisDay is a day as an axis has it: 5 Jan.
func axisDay(p *i18n.Printer, t time.Time) string {
	return p.T("picture.day."+strconv.Itoa(int(t.Month())), "day", t.Day())
}

func (c *Picture) Verticals(yield func(at float64, label string, event, incident bool)) {
	for _, l := range c.meta.Lines {
		if !l.Hidden {
			yield(l.At, l.Label, l.Event, l.Incident)
		}
	}
}

func (c *Picture) Name(series string) string {
	switch {
	case c.data.Shape == delivery.Stack && slices.Contains(besides, series):
		return ""
	case c.data.Shape == delivery.Stack:
		return c.printer.T("outcome." + series)
	case c.data.Shape == delivery.Ages:
		return c.printer.T("ages." + series)
	case c.data.Of == delivery.OfErrors:
		return c.printer.T("errors.part." + series)
	}
	return series
}

func (c *Picture) Look(series string) (ink, hatch string) {
	look := errorLooks[series]
	switch {
	case c.data.Shape == delivery.Stack:
		look = outcomeLooks[series]
	case c.data.Shape == delivery.Ages:
		look = ageLooks[series]
	case c.data.Of != delivery.OfErrors:
		return "", ""
	}
	return inkName(look.Color), decalName(look.Decal)
}

// inkName is the name in "var(--name)".
func inkName(color string) string {
	return strings.TrimSuffix(strings.TrimPrefix(color, "var(--"), ")")
}

func decalName(d *decal) string {
	switch d {
	case hatched:
		return "hatched"
	case dotted:
		return "dotted"
	}
	return ""
}

func (c *Picture) Stroke(series string) (width float64, dashed bool) {
	style := percentileStyle(series)
	return float64(style.Width), style.Type == "dashed"
}

func (c *Picture) Level() (value float64, name string) {
	if level := levelOf(&c.data, c.printer); level != nil {
		return level.At, level.Name
	}
	return 0, ""
}

func (c *Picture) Area(i int) (name, ink, hatch string, opacity float64) {
	look := areaLook(&c.data, i)
	return areaName(&c.data.Series[i], c.printer), inkName(look.Color), decalName(look.Decal), float64(areaOpacity(&c.data, i))
}

func (c *Picture) End(series string, value float64) string {
	if i := areaOf(&c.data, series); i >= 0 && c.data.Shape == delivery.Areas {
		return areaEnd(c.printer, endName(areaName(&c.data.Series[i], c.printer)), value)
	}
	return endLabel(c.printer, series, &value, c.meta).Formatter
}

func (c *Picture) Before() (points []delivery.Point, name string) {
	if c.before == nil {
		return nil, ""
	}
	return MedianBefore(c.data, *c.before), c.printer.T(beforeWord(c.data))
}

func (c *Picture) Groups(yield func(name string, place int, points []delivery.Point)) {
	for _, g := range markGroups(c.data.Series[0].Points, c.printer, c.types) {
		yield(g.name, g.place, g.points)
	}
}

func (c *Picture) Piled() bool {
	switch c.data.Shape {
	case delivery.Stack:
		return piled(c.data)
	case delivery.Bars:
		return c.data.Of == delivery.OfErrors && c.data.Quantity != delivery.Rates
	}
	return false
}

func (c *Picture) LowN(series string, n int) bool { return n < enoughFor[series] }

func (c *Picture) Class(class string) (hatch, name string) {
	if class == "" {
		return "", ""
	}
	return decalName(classDecals[class]), c.printer.T("class." + class)
}

// RowEnd has both percentiles, what the parts come to, or the one value.
func (c *Picture) RowEnd(row int) string {
	series := c.data.Series
	if c.Piled() {
		return c.printer.Number(float64(*series[0].Points[row].N), 0)
	}
	if i := slices.IndexFunc(series, func(s delivery.Series) bool { return s.Name == "p50" }); i >= 0 {
		low, high := series[i].Points[row].Value, series[len(series)-1].Points[row].Value
		if low == nil || high == nil {
			return ""
		}
		return c.figure(*low) + " · " + c.figure(*high)
	}
	v := series[len(series)-1].Points[row].Value
	if v == nil {
		return ""
	}
	if c.data.Quantity == delivery.Rates {
		return Share(c.printer, *v)
	}
	return duration(&c.data, c.printer, *v)
}

func (c *Picture) figure(seconds float64) string {
	return c.printer.Days(seconds, c.data.Day.Hours())
}

func (c *Picture) Drawn(rows int) string {
	if rows == c.rows {
		return ""
	}
	return c.printer.T("panel.drawn.names", "shown", rows, "n", c.rows)
}

func (c *Picture) Line(i int) (name, ink, dash string) {
	look := lineLook(i)
	name = c.data.Series[i].Name
	if i < len(c.data.Notes.Labels) {
		name = endName(c.data.Notes.Labels[i])
	}
	return name, inkName(look.Color), look.Type
}

func (c *Picture) Labelled() bool { return len(c.data.Series) <= mostEndLabels }

func (c *Picture) Gaps(points []delivery.Point) func(i int) bool { return gapBehind(points) }

// shortValue is a value of a custom series on an axis: 12.5K.
func shortValue(p *i18n.Printer, v float64) string {
	if size := math.Abs(v); size < 1e4 || size >= hugeValue {
		return valueText(p, v)
	}
	return compact(p, v, 4)
}

// compact is a great number in thousands, millions or more, with so many digits after the point
// or, of more than two, so many that count.
func compact(p *i18n.Printer, v float64, digits int) string {
	size, unit := 1e3, "thousand"
	for _, u := range []struct {
		size float64
		name string
	}{{1e6, "million"}, {1e9, "billion"}, {1e12, "trillion"}} {
		if math.Abs(v) >= u.size*0.9995 {
			size, unit = u.size, u.name
		}
	}
	if digits > 2 {
		digits = max(0, digits-1-int(math.Log10(math.Abs(v/size))))
	}
	return p.T("picture."+unit, "n", p.Number(v/size, digits))
}

func (c *Picture) Signals(yield func(name string, shape int, ink string, plain bool, points []delivery.Point)) {
	for _, g := range signalGroups(c.data.Series[0].Points, c.printer) {
		yield(g.name, g.shape, g.ink, g.signal == "", g.points)
	}
}

func (c *Picture) Edges() (words []string, unit string) {
	return binEdges(c.data, c.printer, c.meta), axisName(c.printer, c.data, c.meta)
}

func (c *Picture) Falls(yield func(series string, at float64, label string)) {
	var falls []fall
	switch c.data.Shape {
	case delivery.Bins:
		falls = binFalls(c.data, c.printer, c.meta)
	case delivery.Fan:
		falls = fanFalls(c.data, c.printer)
	}
	for _, f := range falls {
		yield(f.series, f.at, f.label)
	}
}

func (c *Picture) Goal() (value float64, label string, ok bool) {
	items, shown := goalOf(c.data)
	return float64(items), goalLabel(items, c.printer), shown
}
