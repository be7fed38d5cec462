package picture

import (
	"strconv"

	"throughline/internal/delivery"
)

const (
	lateShape  = 3 // of shapes
	lateSize   = 10
	besideBand = 0.06 // of the width of a column, on each side
	leastName  = 26   // of room for the name of a column
)

// bandCover is how far a band covers what is beneath it: the lower ones lie over those of
// all above.
var bandCover = map[string]float64{"p50": 0.27, "p85": 0.19, "p95": 0.1}

// drawAges draws a column for each status, a dot for each issue in it, and behind them how
// old finished issues were when they left it.
func (p *plot) drawAges() {
	columns := p.data.Series[1].Points
	p.legend(p.ageKeys())
	most := 0.0
	for _, s := range p.data.Series {
		for _, pt := range s.Points {
			if v, ok := p.value(pt.Value); ok {
				most = max(most, v)
			}
		}
	}
	limit, limited := p.value(p.data.Figure("p85"))
	right, beside := 8.0, true
	var name string
	if limited {
		name = p.chart.End("p85", *p.data.Figure("p85"))
		right, beside = p.endRoom([]string{name})
		most = max(most, limit)
	}
	room := p.room
	names := p.columnNames(columns, (p.room.w-right-40)/float64(len(columns)))
	p.room.h -= noteSize * 1.3 * float64(longest(names))
	p.fit(0, most, max(8, right))
	p.grid()
	p.bands(columns)
	if limited {
		y := p.at(limit)
		p.line([]point{{p.area.x, y}, {p.area.right(), y}}, stroke{ink: text, width: 1})
		p.ends([]endName{{point{p.area.right(), y}, name, text}}, beside)
	}
	counts := p.ageDots(columns, limit, limited)
	p.room = room
	p.columnFeet(columns, counts, names)
}

func (p *plot) ageKeys() []key {
	keys := []key{
		{func(b box) { p.signs(0, markSize, p.inkFor("issues"), []point{{b.x + b.w/2, b.y + b.h/2}}) }, p.chart.Name("issues")},
	}
	if late := p.data.Figure("late"); late != nil && *late > 0 {
		keys = append(keys, key{func(b box) {
			p.signs(lateShape, lateSize, p.inkFor("late"), []point{{b.x + b.w/2, b.y + b.h/2}})
		}, p.chart.Name("late")})
	}
	for _, s := range p.data.Series[1:] {
		keys = append(keys, key{p.block(accent, bandCover[s.Name], unhatched), p.chart.Name(s.Name)})
	}
	return keys
}

func (p *plot) inkFor(series string) ink {
	name, _ := p.chart.Look(series)
	return inkOf(name)
}

// bands draws the bands of all columns from the ground up: each edge lies over those
// above it.
func (p *plot) bands(columns []delivery.Point) {
	pitch := p.area.w / float64(len(columns))
	for k := len(p.data.Series) - 1; k > 0; k-- {
		s := p.data.Series[k]
		below := 0.0
		if k+1 < len(p.data.Series) {
			below = bandCover[p.data.Series[k+1].Name]
		}
		for i, pt := range s.Points {
			v, ok := p.value(pt.Value)
			if !ok {
				continue
			}
			look := p.strokeOf(s.Name)
			if pt.N != nil && p.chart.LowN(s.Name, *pt.N) {
				look.ink = edge
			}
			b := box{p.area.x + (float64(i)+besideBand)*pitch, p.at(v), (1 - 2*besideBand) * pitch, 0}
			b.h = p.area.bottom() - b.y
			p.rect(b, look.ink, bandCover[s.Name]-below)
			p.line([]point{{b.x, b.y}, {b.right(), b.y}}, look)
		}
	}
}

// ageDots draws the issues and returns how many each column has.
func (p *plot) ageDots(columns []delivery.Point, limit float64, limited bool) []int {
	pitch := p.area.w / float64(len(columns))
	counts := make([]int, len(columns))
	var young, late []point
	for i, column := range columns {
		var ys []float64
		var old []bool
		for _, pt := range p.data.Series[0].Points {
			if v, ok := p.value(pt.Value); ok && pt.X == column.X {
				ys, old = append(ys, p.at(v)), append(old, limited && v > limit)
			}
		}
		counts[i] = len(ys)
		for k, aside := range swarm(ys, max(0, pitch*0.44-swarmGap/2)) {
			at := point{p.area.x + (float64(i)+0.5)*pitch + aside, ys[k]}
			if old[k] {
				late = append(late, at)
			} else {
				young = append(young, at)
			}
		}
	}
	if len(young) > 0 {
		p.signs(0, markSize, p.inkFor("issues"), young)
	}
	if len(late) > 0 {
		p.signs(lateShape, lateSize, p.inkFor("late"), late)
	}
	return counts
}

// columnNames are the names of columns in lines, none where there is no room for them.
func (p *plot) columnNames(columns []delivery.Point, width float64) [][]string {
	names := make([][]string, len(columns))
	if width < leastName || p.room.h < leastTrend {
		return names
	}
	for i, column := range columns {
		names[i] = noteFace.wrap(clean(rowName(column)), width-4, 2)
	}
	return names
}

func longest(names [][]string) int {
	most := 0
	for _, n := range names {
		most = max(most, len(n))
	}
	return most
}

// columnFeet writes below each column how many issues are in it, and what it is called.
func (p *plot) columnFeet(columns []delivery.Point, counts []int, names [][]string) {
	pitch := p.area.w / float64(len(columns))
	count := face{size: axisSize, bold: true, ink: text, anchor: middle}
	free := p.area.x
	for i := range columns {
		x, y := p.area.x+(float64(i)+0.5)*pitch, p.area.bottom()+axisSize+3
		words := strconv.Itoa(counts[i])
		if half := count.width(words) / 2; x-half >= free {
			p.text(point{x, y}, words, count)
			free = x + half + 4
		}
		for k, line := range names[i] {
			p.text(point{x, y + noteSize*1.3*float64(k+1)}, line, noteFace)
		}
	}
}
