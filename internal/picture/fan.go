package picture

import (
	"slices"

	"throughline/internal/delivery"
)

const (
	bandOpacity = 0.12
	goalDot     = 4
	goalHead    = 0.08
	leastGoal   = 80 // high must a plot be for days to have names
)

// drawFan draws how much will be reached by each day to come as lines, the least sure above,
// with the band between them, and where they reach the goal.
func (p *plot) drawFan() {
	most := 0.0
	var names []string
	for _, s := range p.data.Series {
		for _, pt := range s.Points {
			if v, ok := p.value(pt.Value); ok {
				most = max(most, v)
			}
		}
		if i := lastValue(s.Points); i >= 0 {
			names = append(names, p.chart.End(s.Name, *s.Points[i].Value))
		}
	}
	goal, _, aimed := p.chart.Goal()
	if aimed {
		most = max(most, goal*(1+goalHead)) // its name has room
	}
	right, beside := p.endRoom(names)
	p.fit(0, most, right)
	p.grid()
	from, to := p.chart.Span()
	p.timeAxis(from, to)
	var lines [][]point
	var ends []endName
	for _, s := range p.data.Series {
		at := p.fanLine(s.Points, from, to)
		lines = append(lines, at)
		if i := lastValue(s.Points); i >= 0 {
			ends = append(ends, endName{at[len(at)-1], p.chart.End(s.Name, *s.Points[i].Value), text})
		}
	}
	back := slices.Clone(lines[len(lines)-1])
	slices.Reverse(back)
	p.polygon(slices.Concat(lines[0], back), accent, bandOpacity, unhatched)
	for i := len(lines) - 1; i >= 0; i-- { // the median above all
		p.line(lines[i], p.strokeOf(p.data.Series[i].Name))
	}
	if aimed {
		p.goal(from, to)
	}
	p.ends(ends, beside)
}

// fanLine begins where the days to come do, with nothing.
func (p *plot) fanLine(points []delivery.Point, from, to int64) []point {
	out := []point{{p.area.x, p.at(0)}}
	for _, pt := range points {
		if v, ok := p.value(pt.Value); ok {
			out = append(out, point{p.timeAt(p.chart.Wall(pt.T), from, to), p.at(v)})
		}
	}
	return out
}

// goal draws the line of what is asked about, and drops from it on the days that lines reach
// it, which are named at the foot of the plot or, where the goal is too low for that, above
// the lines.
func (p *plot) goal(from, to int64) {
	value, label, _ := p.chart.Goal()
	y := p.at(value)
	p.line([]point{{p.area.x, half(y)}, {p.area.right(), half(y)}}, stroke{ink: text, width: 1})
	names, series := p.falls(func(at float64) float64 { return p.timeAt(int64(at), from, to) })
	names, series = p.fewer(names, series)
	if p.area.h < leastGoal {
		names = nil
	}
	rows := rowsOf(names)
	low := p.area.bottom()-y < float64(rows*rowHeight+8)
	bases := make([]float64, len(names))
	for i, n := range names {
		s := p.strokeOf(series[i])
		s.width = 1
		top, base := y, p.area.bottom()-6-float64(n.row*rowHeight)
		if low {
			top = p.area.y + (float64(rows-n.row)-0.5)*rowHeight
			base = top + 4
		}
		p.line([]point{{n.x, p.area.bottom()}, {n.x, top}}, s)
		p.dot(point{n.x, y}, goalDot, accent)
		bases[i] = base
	}
	for i, n := range names {
		p.write(n, bases[i], true)
	}
	// Above its line, on the side where no other is.
	f := labelFace
	words := f.cut(clean(label), p.area.w)
	w := f.width(words)
	x := p.area.x + 3
	if low {
		x = p.area.right() - w - 3
	}
	p.rect(box{x - 2, y - 15, w + 4, 13}, paper, 0.8)
	p.text(point{x, y - 5}, words, f)
}
