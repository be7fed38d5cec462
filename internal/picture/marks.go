package picture

import (
	"throughline/internal/delivery"
)

const markSize = 8

// drawMarks draws a mark per record over time, and the percentiles of all as lines across.
func (p *plot) drawMarks() {
	type group struct {
		name   string
		place  int
		points []delivery.Point
	}
	var groups []group
	p.chart.Groups(func(name string, place int, points []delivery.Point) {
		groups = append(groups, group{name, place, points})
	})
	most := 0.0
	var keys []key
	for _, g := range groups {
		for _, pt := range g.points {
			if v, ok := p.value(pt.Value); ok {
				most = max(most, v)
			}
		}
		keys = append(keys, key{func(b box) {
			p.marks(g.place, markSize, series1+ink(g.place), []point{{b.x + b.w/2, b.y + b.h/2}})
		}, g.name})
	}
	if len(keys) > 1 {
		p.legend(keys)
	}
	for _, f := range p.data.Headline {
		if v, ok := p.value(f.Value); ok && f.Name != "count" {
			most = max(most, v)
		}
	}
	right, beside := p.endRoom(p.percentileNames())
	p.fit(0, most, right)
	p.grid()
	from, to := p.chart.Span()
	p.timeAxis(from, to)
	p.verticals(float64(from), float64(to))
	for _, g := range groups {
		at := make([]point, 0, len(g.points))
		for _, pt := range g.points {
			if v, ok := p.value(pt.Value); ok {
				at = append(at, point{p.timeAt(p.chart.Wall(pt.T), from, to), p.at(v)})
			}
		}
		p.marks(g.place, markSize, series1+ink(g.place), at)
	}
	p.percentiles(beside)
}

func (p *plot) percentileNames() []string {
	var names []string
	for _, f := range p.data.Headline {
		if f.Name != "count" && f.Value != nil {
			names = append(names, p.chart.End(f.Name, *f.Value))
		}
	}
	return names
}

func (p *plot) percentiles(beside bool) {
	var names []string
	for _, f := range p.data.Headline {
		if f.Name != "count" {
			names = append(names, f.Name)
		}
	}
	p.figuresAcross(names, beside)
}

// figuresAcross draws figures of the headline as lines across the plot.
func (p *plot) figuresAcross(names []string, beside bool) {
	var ends []endName
	for _, name := range names {
		figure := p.data.Figure(name)
		v, ok := p.value(figure)
		if !ok {
			continue
		}
		y := p.at(v)
		p.line([]point{{p.area.x, y}, {p.area.right(), y}}, p.strokeOf(name))
		ends = append(ends, endName{point{p.area.right(), y}, p.chart.End(name, *figure), text})
	}
	p.ends(ends, beside)
}

func (p *plot) strokeOf(series string) stroke {
	width, dash := p.chart.Stroke(series)
	s := stroke{ink: accent, width: width}
	if dash {
		s.dash = dashed
	}
	return s
}

// timeAt is where a wall clock stands.
func (p *plot) timeAt(wall, from, to int64) float64 {
	return p.area.x + min(1, max(0, float64(wall-from)/float64(max(1, to-from))))*p.area.w
}

// tickWidth is the room of a label of a time axis.
const tickWidth = 64

// timeAxis writes times below the plot.
func (p *plot) timeAxis(from, to int64) {
	ticks, months := timeTicks(from, to, max(2, int(p.area.w/tickWidth)))
	end := p.room.x - 8
	for _, t := range ticks {
		x := p.timeAt(t, from, to)
		p.line([]point{{half(x), p.area.bottom()}, {half(x), p.area.bottom() + 4}}, stroke{ink: line, width: 1})
		end = p.under(x, end, p.chart.Moment(t, months))
	}
}

// under writes a label below the plot, unless it would cover the one before, which ended
// at end.
func (p *plot) under(x, end float64, label string) float64 {
	w := axisFace.width(label)
	left := min(max(x-w/2, p.room.x), p.room.right()-w)
	if left < end+8 {
		return end
	}
	p.text(point{left + w/2, p.room.bottom() - 3}, label, axisFace.at(middle))
	return left + w
}
