package picture

import (
	"math"
	"slices"

	"throughline/internal/delivery"
)

// plot is the part of a picture between the sentence and the foot.
type plot struct {
	surface
	chart Chart
	data  delivery.PanelData
	per   float64
	room  box // with axes and names
	area  box // of values
	y     scale
	lift  float64 // of the unit at the head of the axis above its place
}

// nothing reports whether there is nothing to draw.
func nothing(c Chart) bool {
	d := c.Data()
	return d.N == 0 || len(d.Series) == 0 || d.Shape != delivery.Lines && len(d.Series[0].Points) == 0 ||
		d.Shape == delivery.Fan && lastValue(d.Series[0].Points) < 0
}

func drawPlot(s surface, c Chart, room box) {
	p := &plot{surface: s, chart: c, data: c.Data(), room: room}
	_, p.per = c.Axis()
	if p.per == 0 {
		p.per = 1
	}
	switch p.data.Shape {
	case delivery.Marks:
		p.drawMarks()
	case delivery.Trend:
		p.drawTrend()
	case delivery.Stack:
		p.drawStack()
	case delivery.Lines:
		p.drawLines()
	case delivery.Bins:
		p.drawBins()
	case delivery.Control:
		p.drawControl()
	case delivery.Fan:
		p.drawFan()
	case delivery.Ages:
		p.drawAges()
	case delivery.Areas:
		p.drawAreas()
	default:
		p.drawBars()
	}
}

const (
	tickRoom = 20 // of the labels below an axis
	headRoom = 26 // of the unit at the head of one
)

// value is a point's value in units of the axis.
func (p *plot) value(v *float64) (float64, bool) {
	if v == nil || math.IsNaN(*v) || math.IsInf(*v, 0) {
		return 0, false
	}
	return *v / p.per, true
}

// at is the height of a value.
func (p *plot) at(v float64) float64 { return p.area.bottom() - p.y.share(v)*p.area.h }

// steps is how many steps an axis of a length has room for.
func steps(length, each float64) int { return int(min(5, max(1, math.Round(length/each)))) }

// fit chooses the value axis and makes room for its labels and what is right of the plot.
// All values are in units of the axis; besides are other labels that stand left of it.
func (p *plot) fit(least, most, right float64, besides ...string) {
	from, to := p.chart.Bounds()
	p.area = box{p.room.x, p.room.y + headRoom, p.room.w, p.room.h - headRoom - tickRoom}
	if p.chart.Log() {
		p.y = logScale(most)
	} else {
		p.y = linear(least, most, from, to, steps(p.area.h, 40), p.chart.Whole())
	}
	left := 0.0
	for _, t := range p.y.ticks {
		left = max(left, axisFace.width(p.tick(t)))
	}
	for _, b := range besides {
		left = max(left, axisFace.width(b))
	}
	left = min(left+8, p.room.w/3)
	p.area.x += left
	p.area.w -= left + right
}

// tick is a number on the value axis.
func (p *plot) tick(v float64) string {
	if p.y.log && v == p.y.from {
		return "≤ " + p.chart.Tick(v)
	}
	return p.chart.Tick(v)
}

// grid draws the lines of the value axis, its numbers and, once at its head, its unit.
func (p *plot) grid() {
	free := math.Inf(1)
	for _, t := range p.y.ticks {
		y := half(p.at(t))
		p.line([]point{{p.area.x, y}, {p.area.right(), y}}, stroke{ink: line, width: 1})
		if y <= free {
			p.text(point{p.area.x - 8, y + 4}, p.tick(t), axisFace.at(finish))
			free = y - axisSize
		}
	}
	name, _ := p.chart.Axis()
	p.text(point{p.room.x, p.area.y - 13 - p.lift}, axisFace.cut(clean(name), p.area.right()-p.room.x), axisFace)
	p.foot(p.area)
}

// foot draws the line that an area stands on.
func (p *plot) foot(area box) {
	y := half(area.bottom())
	p.line([]point{{area.x, y}, {area.right(), y}}, stroke{ink: line, width: 1})
}

// half is the middle of a pixel: lines of one pixel are sharp there.
func half(v float64) float64 { return math.Floor(v) + 0.5 }

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// verticals draws what happened across the plot, x being the place of a position. From
// the right, one whose name would cover another's goes without.
func (p *plot) verticals(from, to float64) {
	type mark struct {
		at              float64
		label           string
		event, incident bool
	}
	var all []mark
	p.chart.Verticals(func(at float64, label string, event, incident bool) {
		all = append(all, mark{at, label, event, incident})
	})
	slices.SortStableFunc(all, func(a, b mark) int { return -compare(a.at, b.at) })
	name, _ := p.chart.Axis()
	free, head := p.room.right(), p.room.x+axisFace.width(clean(name))+8
	for _, m := range all {
		x := half(p.area.x + (m.at-from)/(to-from)*p.area.w)
		if to <= from || x < p.area.x || x > p.area.right()+1 {
			continue
		}
		s := stroke{ink: muted, width: 1, dash: dashed}
		switch {
		case m.incident:
			s.ink = bad
		case m.event:
			s.dash, s.opacity = eventer, 0.7
		}
		top := p.area.y
		if label := noteFace.cut(clean(m.label), 140); label != "" {
			w := noteFace.width(label)
			if left := min(x-w/2, p.room.right()-w); left >= head && left+w+4 <= free {
				p.text(point{left + w/2, p.area.y - 9}, label, noteFace)
				free, top = left, top-5
			}
		}
		p.line([]point{{x, p.area.bottom()}, {x, top}}, s)
	}
}
