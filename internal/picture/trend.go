package picture

import (
	"math"

	"throughline/internal/delivery"
)

const (
	countHeight = 30               // of the row of bars
	countRoom   = countHeight + 34 // with what it is called
	leastTrend  = 150
)

// drawTrend draws percentiles per bucket as lines and, on the same x beneath them, how many
// records they are of.
func (p *plot) drawTrend() {
	var counts []delivery.Point
	var names []string
	least, most := math.Inf(1), 0.0
	see := func(points []delivery.Point) {
		for _, pt := range points {
			if v, ok := p.value(pt.Value); ok {
				least, most = min(least, v), max(most, v)
			}
		}
	}
	for _, s := range p.data.Series {
		if s.Name == "count" {
			counts = s.Points
			continue
		}
		see(s.Points)
		if i := lastValue(s.Points); i >= 0 {
			names = append(names, p.chart.End(s.Name, *s.Points[i].Value))
		}
	}
	before, beforeName := p.chart.Before()
	if see(before); lastValue(before) >= 0 {
		names = append(names, beforeName)
	}
	room := p.room
	if counts != nil && room.h >= leastTrend {
		p.room.h -= countRoom + tickRoom
	} else {
		counts = nil
	}
	right, beside := p.endRoom(names)
	n := len(p.data.Series[0].Points)
	if beside {
		right = max(0, right-p.room.w/float64(n)/3) // the last middle is left of the edge
	}
	p.fit(least, most, right, p.countTicks(counts)...)
	if counts != nil {
		p.area.h += tickRoom // days stand below the bars
	}
	p.grid()
	p.verticals(0, float64(n))
	p.trendLine(before, stroke{ink: edge, width: 1}, false)
	for i := len(p.data.Series) - 1; i >= 0; i-- { // the median last, above all
		if s := p.data.Series[i]; s.Name != "count" {
			p.trendLine(s.Points, p.strokeOf(s.Name), true)
		}
	}
	var ends []endName
	for _, s := range p.data.Series {
		if last := lastValue(s.Points); last >= 0 && s.Name != "count" {
			ends = append(ends, endName{p.pointOf(s.Points, last), p.chart.End(s.Name, *s.Points[last].Value), text})
		}
	}
	if last := lastValue(before); last >= 0 {
		ends = append(ends, endName{p.pointOf(before, last), beforeName, muted})
	}
	p.ends(ends, beside)
	p.room = room
	if counts != nil {
		p.counts(counts)
	}
	p.bucketAxis(p.data.Series[0].Points)
}

// pointOf is where the i-th of the points of a line stands.
func (p *plot) pointOf(points []delivery.Point, i int) point {
	v, _ := p.value(points[i].Value)
	return point{p.middleOf(i, len(points)), p.at(v)}
}

// lastValue is the place of the last point that has a value, -1 for none.
func lastValue(points []delivery.Point) int {
	for i := len(points) - 1; i >= 0; i-- {
		if points[i].Value != nil {
			return i
		}
	}
	return -1
}

// trendLine draws the line of points by bucket, with gaps where there is none.
func (p *plot) trendLine(points []delivery.Point, s stroke, dots bool) {
	var run []point
	flush := func() {
		if len(run) > 1 {
			p.line(run, s)
		}
		run = nil
	}
	for i, pt := range points {
		if _, ok := p.value(pt.Value); ok {
			run = append(run, p.pointOf(points, i))
		} else {
			flush()
		}
	}
	flush()
	for i, pt := range points {
		if _, ok := p.value(pt.Value); ok && dots {
			p.trendDot(p.pointOf(points, i), pt, s, min(2.2, max(1.2, p.area.w/float64(len(points))/4)))
		}
	}
}

// trendDot greys what is of too few records and hollows what is of no whole bucket.
func (p *plot) trendDot(at point, pt delivery.Point, s stroke, r float64) {
	in := s.ink
	if pt.Slot != nil && pt.LowN {
		in = edge
	}
	if pt.Slot != nil && pt.Partial {
		p.ring(at, r+1, 1.5, in)
		return
	}
	p.dot(at, r, in)
}

// mostCount is where the axis of bars ends.
func mostCount(points []delivery.Point) float64 {
	most := 1.0
	for _, pt := range points {
		if pt.N != nil {
			most = max(most, float64(*pt.N))
		}
	}
	return roundUp(most)
}

func (p *plot) countTicks(points []delivery.Point) []string {
	if points == nil {
		return nil
	}
	return []string{p.chart.Count(mostCount(points))}
}

// counts draws a bar for each bucket beneath the lines, and one number at its axis.
func (p *plot) counts(points []delivery.Point) {
	most := mostCount(points)
	area := box{p.area.x, p.room.bottom() - tickRoom - countHeight, p.area.w, countHeight}
	p.text(point{p.room.x, area.y - 9}, axisFace.cut(clean(p.chart.CountName()), p.room.w), axisFace)
	p.text(point{area.x - 8, area.y + 5}, p.chart.Count(most), axisFace.at(finish))
	y := half(area.y)
	p.line([]point{{area.x, y}, {area.right(), y}}, stroke{ink: line, width: 1})
	width := min(14, area.w/float64(len(points))*0.7)
	for i, pt := range points {
		if pt.N == nil || *pt.N == 0 {
			continue
		}
		h := max(1, float64(*pt.N)/most*area.h)
		b := box{p.middleOf(i, len(points)) - width/2, area.bottom() - h, width, h}
		p.rect(b, muted, 0.6)
		if pt.Slot != nil && pt.Partial {
			p.hatch(b, striped, 1)
		}
	}
	p.foot(area)
}
