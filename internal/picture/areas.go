package picture

// drawAreas draws counts at the ends of buckets as areas, one upon the other.
func (p *plot) drawAreas() {
	n := len(p.data.Series[0].Points)
	known := lastValue(p.data.Series[0].Points) + 1
	sums := make([][]float64, len(p.data.Series)+1) // the lower edge of each area, and the upper one of the last
	sums[0] = make([]float64, known)
	most := 0.0
	var names []string
	var keys []key
	for i, s := range p.data.Series {
		sums[i+1] = make([]float64, known)
		for k := range known {
			v, _ := p.value(s.Points[k].Value)
			sums[i+1][k] = sums[i][k] + v
			most = max(most, sums[i+1][k])
		}
		name, in, hatch, opacity := p.chart.Area(i)
		keys = append([]key{{p.block(inkOf(in), opacity, hatching(hatch)), name}}, keys...) // as they lie
		if known > 0 {
			names = append(names, p.chart.End(s.Name, *s.Points[known-1].Value))
		}
	}
	room, beside := p.endRoom(names)
	beside = beside && float64(len(names))*endGap < p.room.h-headRoom-tickRoom && room+signRoom < p.room.w*0.4
	if beside {
		room += signRoom
	} else {
		room = 8
		p.legend(keys)
	}
	p.fit(0, most, room)
	p.grid()
	at := func(i int) float64 { return p.area.x + float64(i)*p.area.w/float64(max(1, n-1)) }
	if n == 1 {
		at = func(int) float64 { return p.area.x + p.area.w/2 }
	}
	var ends []areaEnd
	for i := range p.data.Series {
		_, in, hatch, opacity := p.chart.Area(i)
		p.oneArea(sums[i], sums[i+1], at, inkOf(in), hatching(hatch), opacity)
		if known > 0 {
			middle := p.at((sums[i][known-1] + sums[i+1][known-1]) / 2)
			ends = append(ends, areaEnd{middle, names[i], p.block(inkOf(in), opacity, hatching(hatch))})
		}
	}
	p.foot(p.area)
	p.bucketsAt(p.data.Series[0].Points, p.area.w/float64(max(1, n-1)), at)
	p.areaVerticals(n)
	if beside {
		p.areaEnds(ends)
	}
}

// areaEnd is what stands beside the middle of an area at its end.
type areaEnd struct {
	y     float64
	words string
	sign  func(b box)
}

// signRoom is the width of a sign before words.
const signRoom = signSize + 4

// areaEnds writes the names of areas, given from the lowest up, right of the plot.
func (p *plot) areaEnds(ends []areaEnd) {
	ys := make([]float64, len(ends))
	for i, e := range ends {
		ys[i] = e.y
	}
	p.apart(ys)
	for i, e := range ends {
		x := p.area.right() + 7
		e.sign(box{x, ys[i] - signSize/2, signSize, signSize})
		p.text(point{x + signRoom, ys[i] + 4}, e.words, labelFace)
	}
}

// oneArea fills what is between two edges; one point is a block.
func (p *plot) oneArea(low, high []float64, at func(int) float64, in ink, h hatching, opacity float64) {
	if len(low) == 1 {
		wide := min(120, p.area.w*0.6)
		b := box{at(0) - wide/2, p.at(high[0]), wide, p.at(low[0]) - p.at(high[0])}
		p.rect(b, in, opacity)
		p.hatch(b, h, 1)
		return
	}
	var outline, top []point
	for k, v := range high {
		top = append(top, point{at(k), p.at(v)})
	}
	outline = append(outline, top...)
	for k := len(low) - 1; k >= 0; k-- {
		outline = append(outline, point{at(k), p.at(low[k])})
	}
	p.polygon(outline, in, opacity, h)
	p.line(top, stroke{ink: paper, width: 1})
}

// areaVerticals draws what happened: areas begin where the first bucket ends.
func (p *plot) areaVerticals(n int) {
	if n == 1 {
		p.verticals(0, 1)
		return
	}
	p.verticals(1, float64(n))
}
