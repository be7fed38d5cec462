package picture

import "throughline/internal/delivery"

const (
	paleBin  = 0.4 // the percentiles are seen upon bins
	unitRoom = 16  // of the unit below the bounds
)

// drawBins draws a bar for each range of values, one next to the other, and percentiles as
// verticals among them, named above.
func (p *plot) drawBins() {
	points := p.data.Series[0].Points
	edges, unit := p.chart.Edges()
	most := 0.0
	for _, pt := range points {
		if v, ok := p.value(pt.Value); ok {
			most = max(most, v)
		}
	}
	p.room.h -= unitRoom
	p.fit(0, most, 8)
	names, series := p.falls(func(at float64) float64 { return p.area.x + at/float64(len(points))*p.area.w })
	names, series = p.fewer(names, series)
	head, _ := p.chart.Axis()
	up := 0 // rows that the unit stands above
	for _, n := range names {
		if n.x < p.room.x+axisFace.width(clean(head))+rowGap {
			up = max(up, n.row+1)
		}
	}
	p.lift = float64(up * rowHeight)
	lifted := float64(max(up, rowsOf(names)-1) * rowHeight)
	p.room.y, p.room.h = p.room.y+lifted, p.room.h-lifted
	p.fit(0, most, 8)
	p.grid()
	pitch := p.area.w / float64(len(points))
	for i, pt := range points {
		p.bin(pt, p.area.x+float64(i)*pitch, pitch)
	}
	for i, n := range names {
		y := p.area.y - 9 - float64(n.row*rowHeight)
		p.line([]point{{n.x, p.area.bottom()}, {n.x, y - 4}}, p.strokeOf(series[i]))
		p.write(n, y, false)
	}
	p.edges(edges, points[len(points)-1].Bin != nil && points[len(points)-1].To == nil)
	unit = axisFace.cut(clean(unit), p.room.w)
	p.text(point{max(p.area.x+p.area.w/2, p.room.x+axisFace.width(unit)/2), p.area.bottom() + tickRoom + unitRoom - 5}, unit, axisFace.at(middle))
}

// falls are the names of verticals at their places, in rows, and their series.
func (p *plot) falls(place func(at float64) float64) (names []fallName, series []string) {
	p.chart.Falls(func(name string, at float64, label string) {
		if x := place(at); x >= p.area.x-1 && x <= p.area.right()+1 {
			names = append(names, fallName{x: x, words: labelFace.cut(clean(label), p.area.w)})
			series = append(series, name)
		}
	})
	inRows(names, p.area.x, p.room.right())
	return names, series
}

// fewer leaves verticals out, the last ones first, until their names leave room for bars.
func (p *plot) fewer(names []fallName, series []string) ([]fallName, []string) {
	for len(names) > 1 && float64(rowsOf(names))*rowHeight > p.area.h/2 {
		names, series = names[:len(names)-1], series[:len(series)-1]
		inRows(names, p.area.x, p.room.right())
	}
	return names, series
}

// bin draws the bar of a range, pale with an outline.
func (p *plot) bin(pt delivery.Point, x, pitch float64) {
	v, ok := p.value(pt.Value)
	if !ok || v <= 0 {
		return
	}
	b := box{x, p.at(v), pitch, p.area.bottom() - p.at(v)}
	p.rect(b, series1, paleBin)
	if pt.Bin != nil && pt.To == nil {
		p.hatch(b, striped, 1)
	}
	left, right, top := half(b.x), half(b.right()), half(b.y)
	p.line([]point{{left, b.bottom()}, {left, top}, {right, top}, {right, b.bottom()}}, stroke{ink: series1, width: 1})
}

// edges writes the bounds of bins below them, as many as there is room for; the name of one
// that is open at the end.
func (p *plot) edges(words []string, open bool) {
	last := len(words) - 1
	y, pitch, end := p.area.bottom()+15, p.area.w/float64(last), p.room.right()
	numbers := words
	if open {
		numbers = words[:last]
		name := axisFace.cut(words[last], p.area.w)
		end = p.area.right() - axisFace.width(name)
		p.text(point{p.area.right(), y}, name, axisFace.at(finish))
		end -= 8
	}
	widest := 0.0
	for _, w := range numbers {
		widest = max(widest, axisFace.width(w))
	}
	step := last
	for _, k := range []int{20, 10, 5, 4, 2, 1} {
		if float64(k)*pitch >= widest+10 {
			step = k
		}
	}
	for i := 0; i < len(numbers); i += max(1, step) {
		x, w := p.area.x+float64(i)*pitch, axisFace.width(numbers[i])
		if x+w/2 <= end {
			p.line([]point{{half(x), p.area.bottom()}, {half(x), p.area.bottom() + 4}}, stroke{ink: line, width: 1})
			p.text(point{x, y}, numbers[i], axisFace.at(middle))
		}
	}
}
