package views

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

const (
	seriesColours = 7 // of the palette
	mostEndLabels = 8 // more lines have a legend
	longestLabel  = 28
	gapSteps      = 3 // so many usual distances without a point are a gap
)

// legendNames are the shortest names of lines, where a legend has them.
func legendNames(d delivery.PanelData) map[string]string {
	if len(d.Series) <= mostEndLabels {
		return nil
	}
	names := map[string]string{}
	for i, s := range d.Series {
		names[s.Name] = d.Notes.Labels[i]
	}
	return names
}

// lineTypes tell lines of one colour apart, where there are more than colours.
var lineTypes = []string{"solid", "dashed", "dotted"}

// lineLook is the colour and the dashes of the i-th line.
func lineLook(i int) opts.LineStyle {
	return opts.LineStyle{
		Color: fmt.Sprintf("var(--series-%d)", i%seriesColours+1), Width: 1.75,
		Type: lineTypes[i/seriesColours%len(lineTypes)],
	}
}

// linesSpan is the time axis of lines, as wall clocks: it ends with what is known.
func linesSpan(d delivery.PanelData) (from, to int64) {
	return wall(d.Filter.From, d.Zone), wall(max(d.Filter.From+1, min(d.Filter.To, d.AsOf)), d.Zone)
}

// linesOption draws custom series, each at its own times.
func linesOption(d delivery.PanelData, p *i18n.Printer) map[string]any {
	from, to := linesSpan(d)
	c := charts.NewLine()
	c.Tooltip = opts.Tooltip{Show: opts.Bool(true), Trigger: "axis"}
	c.XAxisList = []opts.XAxis{{Type: "time", Min: from, Max: to}}
	y := opts.YAxis{Type: "value", Name: p.T("chart.axis.value"), Scale: opts.Bool(true)}
	if fromZero(d) {
		y.Scale, y.Min = nil, 0
	}
	c.YAxisList = []opts.YAxis{y}
	labelled := len(d.Series) > 1 && len(d.Series) <= mostEndLabels
	grid := opts.Grid{Top: "40", Right: "20", Bottom: "28", Left: "56"}
	longest := 0
	var names []string
	for i, s := range d.Series {
		names = append(names, s.Name)
		look := lineLook(i)
		data := gappedLine(s.Points, d.Zone)
		if labelled {
			label := endName(d.Notes.Labels[i])
			longest = max(longest, utf8.RuneCountInString(label))
			labelEnd(data, label)
		}
		c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{
			Name: s.Name, Type: "line", Symbol: "none", Data: data,
			LineStyle: &look, ItemStyle: &opts.ItemStyle{Color: look.Color},
		})
	}
	if labelled {
		grid.Right = strconv.Itoa(min(216, 24+longest*7))
	}
	if len(d.Series) > mostEndLabels {
		grid.Top = "64"
		c.Legend = opts.Legend{Show: opts.Bool(true), Data: names, Left: "0", Top: "0", Type: "scroll"}
	} else {
		c.Legend = opts.Legend{Show: opts.Bool(false)}
	}
	c.GridList = []opts.Grid{grid}
	return finish(c)
}

// gapBehind reports whether nothing joins the i-th point and the next.
func gapBehind(points []delivery.Point) func(i int) bool {
	step := stepOf(points)
	return func(i int) bool {
		return i < 0 || i+1 >= len(points) || points[i].Value == nil || points[i+1].Value == nil ||
			step > 0 && int64(points[i+1].T-points[i].T) > gapSteps*step
	}
}

// gappedLine are the points of a line, with nothing where points are missing. A point
// between two gaps is a dot, as a line needs two.
func gappedLine(points []delivery.Point, zone *time.Location) []datum {
	gap := gapBehind(points)
	var out []datum
	for i, point := range points {
		at := wall(point.T, zone)
		one := datum{Value: []any{at, point.Value}}
		if point.Value != nil && gap(i-1) && gap(i) {
			one.Symbol, one.SymbolSize = "circle", 5
		}
		out = append(out, one)
		if i+1 < len(points) && gap(i) {
			out = append(out, datum{Value: []any{at + 1, nil}})
		}
	}
	return out
}

// labelEnd writes the name of a line at its last point.
func labelEnd(data []datum, name string) {
	for i := len(data) - 1; i >= 0; i-- {
		if v, _ := data[i].Value.([]any)[1].(*float64); v == nil {
			continue
		}
		data[i].Label = &opts.Label{Show: opts.Bool(true), Position: "right", Color: "var(--text)", Formatter: name}
		if data[i].Symbol == "" { // what has no symbol has no label either
			data[i].Symbol, data[i].SymbolSize = "circle", 1
		}
		return
	}
}

// endName is a name as a chart writes it: braces would be read as styles.
func endName(s string) string {
	s = strings.NewReplacer("{", "(", "}", ")", "\n", " ").Replace(s)
	if utf8.RuneCountInString(s) > longestLabel {
		s = string([]rune(s)[:longestLabel-1]) + "…"
	}
	return s
}

// stepOf is the usual distance of points in milliseconds: the median; 0 of fewer than
// two.
func stepOf(points []delivery.Point) int64 {
	var apart []int64
	for i := 1; i < len(points); i++ {
		apart = append(apart, int64(points[i].T-points[i-1].T))
	}
	if len(apart) == 0 {
		return 0
	}
	slices.Sort(apart)
	return apart[len(apart)/2]
}

// usualStep is the longest of the usual distances of the series.
func usualStep(d delivery.PanelData) int64 {
	var step int64
	for _, s := range d.Series {
		step = max(step, stepOf(s.Points))
	}
	return step
}

// zeroShare is how near to 0 the least value must be, as a share of the greatest, for
// the axis to begin there.
const zeroShare = 0.4

func fromZero(d delivery.PanelData) bool {
	least, most := math.Inf(1), math.Inf(-1)
	for _, s := range d.Series {
		for _, p := range s.Points {
			if p.Value != nil {
				least, most = min(least, *p.Value), max(most, *p.Value)
			}
		}
	}
	return least >= 0 && least <= zeroShare*most
}

// linesTable has a row for each time and a column for each series.
func linesTable(d delivery.PanelData) ([]Column, [][]Cell) {
	columns := []Column{{"time", false}}
	var times []delivery.Instant
	for _, s := range d.Series {
		columns = append(columns, Column{s.Name, true})
		for _, p := range s.Points {
			times = append(times, p.T)
		}
	}
	slices.Sort(times)
	times = slices.Compact(times)
	rows := make([][]Cell, len(times))
	for i, at := range times {
		rows[i] = make([]Cell, len(columns))
		rows[i][0] = at
	}
	for j, s := range d.Series {
		for _, p := range s.Points {
			if p.Value != nil {
				i, _ := slices.BinarySearch(times, p.T)
				rows[i][j+1] = Value(*p.Value)
			}
		}
	}
	return columns, rows
}

// Values beyond these are written with an exponent.
const hugeValue, tinyValue = 1e15, 1e-6

// valueText is a value of any unit in words, to six digits that count.
func valueText(p *i18n.Printer, v float64) string {
	size := math.Abs(v)
	switch {
	case v == 0:
		return "0"
	case size >= hugeValue || size < tinyValue:
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	digits := 5 - int(math.Floor(math.Log10(size)))
	return p.Number(v, max(0, digits))
}

// sentenceValue is a value in a sentence: to three digits that count, or whole.
func sentenceValue(p *i18n.Printer, v float64) string {
	size := math.Abs(v)
	if v == 0 || size >= hugeValue || size < tinyValue {
		return valueText(p, v)
	}
	return p.Number(v, max(0, 2-int(math.Floor(math.Log10(size)))))
}

// plainValue is a value for machines, as it is.
func plainValue(v float64) string {
	if size := math.Abs(v); size != 0 && (size >= hugeValue || size < tinyValue) {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// longestName is how much of a series' name a sentence holds, in characters.
const longestName = 80

func shortName(s string) string {
	if utf8.RuneCountInString(s) <= longestName {
		return s
	}
	return string([]rune(s)[:longestName-1]) + "…"
}

func seriesSummary(d delivery.PanelData, p *i18n.Printer) string {
	var text string
	if last := d.Figure("last"); last != nil {
		text = p.T("summary.series.one", "name", shortName(d.Series[0].Name), "last", sentenceValue(p, *last),
			"min", sentenceValue(p, *d.Figure("min")), "max", sentenceValue(p, *d.Figure("max")), "mean", sentenceValue(p, *d.Figure("mean")))
	} else if name, value, ok := highest(d); ok {
		text = p.T("summary.series.many", "n", len(d.Series), "name", shortName(name), "value", sentenceValue(p, value))
	} else {
		text = p.T("summary.series.points", "n", d.N)
	}
	if every := d.Notes.Means; every > 0 {
		text += " " + p.T("summary.series.means", "every", everyText(p, every))
	}
	return text
}

// highest is the series whose last value is the greatest.
func highest(d delivery.PanelData) (name string, value float64, ok bool) {
	for _, s := range d.Series {
		for i := len(s.Points) - 1; i >= 0; i-- {
			if v := s.Points[i].Value; v != nil {
				if !ok || *v > value {
					name, value, ok = s.Name, *v, true
				}
				break
			}
		}
	}
	return name, value, ok
}

// everyText is a length of buckets in words: 5 minutes.
func everyText(p *i18n.Printer, every time.Duration) string {
	for _, unit := range []struct {
		name   string
		length time.Duration
	}{{"days", 24 * time.Hour}, {"hours", time.Hour}, {"minutes", time.Minute}} {
		if every >= unit.length {
			return p.T("series.every."+unit.name, "n", int(every/unit.length))
		}
	}
	return p.T("series.every.seconds", "n", int(every/time.Second))
}

// SeriesNotes are what a reader of custom series should know, in words.
func SeriesNotes(d delivery.PanelData, p *i18n.Printer) []string {
	var out []string
	for _, h := range d.Notes.Hints {
		out = append(out, p.T("series.hint."+h.Code, "time", p.DateTime(h.Last.Time().In(d.Zone))))
	}
	if len(d.Series) > 0 && len(d.Notes.Nothing) > 0 {
		out = append(out, p.T("series.note.nothing", "queries", strings.Join(d.Notes.Nothing, ", ")))
	}
	return out
}
