package picture

import "throughline/internal/delivery"

// controlFigures are the lines across a control chart.
var controlFigures = []string{"mean", "upper", "lower"}

const (
	ringSize   = 3.5
	signalSize = 11
)

// drawControl draws a mark per record over time between the natural limits: hollow those of
// runs, of another shape those beyond.
func (p *plot) drawControl() {
	type group struct {
		shape  int
		ink    ink
		plain  bool
		points []delivery.Point
	}
	var groups []group
	var keys []key
	most := 0.0
	p.chart.Signals(func(name string, shape int, in string, plain bool, points []delivery.Point) {
		g := group{shape, inkOf(in), plain, points}
		groups = append(groups, g)
		keys = append(keys, key{func(b box) { p.signals(g.shape, g.ink, g.plain, []point{{b.x + b.w/2, b.y + b.h/2}}) }, name})
		for _, pt := range points {
			if v, ok := p.value(pt.Value); ok {
				most = max(most, v)
			}
		}
	})
	if len(keys) > 1 {
		p.legend(keys)
	}
	var names []string
	for _, name := range controlFigures {
		if v, ok := p.value(p.data.Figure(name)); ok {
			most = max(most, v)
			names = append(names, p.chart.End(name, *p.data.Figure(name)))
		}
	}
	right, beside := p.endRoom(names)
	p.fit(0, most, right)
	p.grid()
	from, to := p.chart.Span()
	p.timeAxis(from, to)
	p.verticals(float64(from), float64(to))
	for _, g := range groups {
		var at []point
		for _, pt := range g.points {
			if v, ok := p.value(pt.Value); ok {
				at = append(at, point{p.timeAt(p.chart.Wall(pt.T), from, to), p.at(v)})
			}
		}
		p.signals(g.shape, g.ink, g.plain, at)
	}
	p.figuresAcross(controlFigures, beside)
}

// signals draws marks of a rule: pale dots where they are plain, rings, or full shapes.
func (p *plot) signals(shape int, in ink, plain bool, at []point) {
	switch {
	case plain:
		p.marks(shape, markSize, in, at)
	case shape == len(shapes)-1: // the one with a hole
		for _, c := range at {
			p.ring(c, ringSize, 1.5, in)
		}
	default:
		for _, c := range at {
			for _, outline := range shapeAt(shape, signalSize, c) {
				p.polygon(outline, in, 1, unhatched)
			}
		}
	}
}
