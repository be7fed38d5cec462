package picture

import (
	"math"

	"throughline/internal/delivery"
)

const lineWidth = 1.75

// drawLines draws custom series, each at its own times.
func (p *plot) drawLines() {
	least, most := math.Inf(1), math.Inf(-1)
	var names []string
	var keys []key
	for i, s := range p.data.Series {
		for _, pt := range s.Points {
			if v, ok := p.value(pt.Value); ok {
				least, most = min(least, v), max(most, v)
			}
		}
		name, in, dash := p.chart.Line(i)
		names = append(names, name)
		keys = append(keys, key{p.sample(inkOf(in), dash), name})
	}
	right, beside := 8.0, false
	if p.chart.Labelled() {
		right, beside = p.endRoom(names)
	}
	// Names across lines that cross each other could not be read.
	if !beside && len(names) > 1 {
		p.legend(keys)
	}
	p.fit(least, most, max(8, right))
	p.grid()
	from, to := p.chart.Span()
	p.timeAxis(from, to)
	p.verticals(float64(from), float64(to))
	var ends []endName
	for i, s := range p.data.Series {
		name, in, dash := p.chart.Line(i)
		last := p.gapped(s.Points, from, to, stroke{ink: inkOf(in), width: lineWidth, dash: dashOf[dash]})
		if beside && last != nil && len(names) > 1 {
			ends = append(ends, endName{*last, name, text})
		}
	}
	p.ends(ends, beside)
}

func (p *plot) sample(in ink, dash string) func(box) {
	return func(b box) {
		y := b.y + b.h/2
		p.line([]point{{b.x - 1, y}, {b.right() + 1, y}}, stroke{ink: in, width: 2.5, dash: dashOf[dash]})
	}
}

// gapped draws a line with nothing where points are missing, and returns its end. A point
// between two gaps is a dot, as a line needs two.
func (p *plot) gapped(points []delivery.Point, from, to int64, s stroke) *point {
	gap := p.chart.Gaps(points)
	var run []point
	var last *point
	for i, pt := range points {
		if v, ok := p.value(pt.Value); ok {
			at := point{p.timeAt(p.chart.Wall(pt.T), from, to), p.at(v)}
			run, last = append(run, at), &at
		}
		if !gap(i) {
			continue
		}
		switch len(run) {
		case 0:
		case 1:
			p.dot(run[0], 2.5, s.ink)
		default:
			p.line(run, s)
		}
		run = nil
	}
	return last
}
