package picture

import (
	"cmp"

	"throughline/internal/delivery"
)

const (
	leastRow = 15 // pixels between rows
	mostRow  = 48
	barWidth = 14
	wideBar  = 20 // where there are few

	leastBars = 64 // of room for bars, before names get less
)

// drawBars draws a row for each category: its name, its bars, its figures.
func (p *plot) drawBars() {
	p.legend(append(p.seriesKeys(), p.classKeys()...))
	rows := p.data.Series[0].Points
	room := p.room.h - tickRoom - 16
	shown := min(len(rows), max(1, int(room/leastRow)))
	nameWidth, endWidth := 0.0, 0.0
	names, ends := make([]string, shown), make([]string, shown)
	for i := range shown {
		ends[i] = labelFace.cut(clean(p.chart.RowEnd(i)), p.room.w*0.55)
		endWidth = max(endWidth, labelFace.width(ends[i]))
	}
	most := max(p.room.w*0.2, min(240, p.room.w*0.36, p.room.w-endWidth-leastBars))
	for i := range shown {
		names[i] = labelFace.cut(clean(rowName(rows[i])), most)
		nameWidth = max(nameWidth, labelFace.width(names[i]))
	}
	p.area = box{p.room.x + nameWidth + 8, p.room.y, 0, 0}
	p.area.w = max(16, p.room.right()-p.area.x-endWidth-6)
	pitch := min(mostRow, room/float64(shown))
	p.area.h = pitch * float64(shown)
	from, to := p.chart.Bounds()
	p.y = linear(0, p.mostOfRows(shown), from, to, steps(p.area.w, 90), p.chart.Whole())
	p.barGrid()
	p.barFoot(clean(p.chart.Drawn(shown)))
	for i := range shown {
		p.row(i, p.area.y+pitch*float64(i), pitch)
		mid := p.area.y + pitch*(float64(i)+0.5)
		p.text(point{p.area.x - 8, mid + 4}, names[i], labelFace.at(finish))
		p.text(point{p.across(p.rowEnd(i)) + 6, mid + 4}, ends[i], labelFace)
	}
}

func rowName(pt delivery.Point) string {
	if pt.Category == nil {
		return pt.X
	}
	return cmp.Or(pt.Name, pt.X)
}

// across is how far a value reaches.
func (p *plot) across(v float64) float64 { return p.area.x + p.y.share(v)*p.area.w }

func (p *plot) barGrid() {
	end := p.area.x - 40
	for _, t := range p.y.ticks {
		x := half(p.across(t))
		p.line([]point{{x, p.area.y}, {x, p.area.bottom() + 2}}, stroke{ink: line, width: 1})
		label := p.chart.Tick(t)
		if w := axisFace.width(label); x-w/2 >= end+8 {
			p.text(point{x, p.area.bottom() + 15}, label, axisFace.at(middle))
			end = x + w/2
		}
	}
}

// barFoot writes the unit below the axis, and left of it how many rows are drawn.
func (p *plot) barFoot(drawn string) {
	name, _ := p.chart.Axis()
	name = axisFace.cut(clean(name), p.room.w)
	y, w := p.area.bottom()+31, axisFace.width(name)
	left := max(p.room.x, p.area.x+p.area.w/2-w/2)
	if drawn != "" {
		drawn = axisFace.cut(drawn, p.room.w)
		p.text(point{p.room.x, y}, drawn, axisFace)
		left = max(left, p.room.x+axisFace.width(drawn)+12)
	}
	if left+w > p.room.right() { // figures at the ends of rows have the unit too
		return
	}
	p.text(point{left, y}, name, axisFace)
}

func (p *plot) mostOfRows(shown int) float64 {
	most := 0.0
	for i := range shown {
		most = max(most, p.rowEnd(i))
	}
	return most
}

// rowEnd is how far the bars of a row reach.
func (p *plot) rowEnd(i int) float64 {
	end, pile := 0.0, 0.0
	for _, s := range p.data.Series {
		v, _ := p.value(s.Points[i].Value)
		pile += v
		end = max(end, v)
	}
	if p.chart.Piled() {
		return pile
	}
	return end
}

// row draws the bars of a row: one behind the other, or the longer beneath the shorter.
func (p *plot) row(i int, top, pitch float64) {
	high := min(barWidth, pitch*0.7)
	if pitch > mostRow-8 {
		high = wideBar
	}
	b := box{p.area.x, top + (pitch-high)/2, 0, high}
	from := 0.0
	for k := range p.data.Series {
		if !p.chart.Piled() { // the longer one is the last
			k = len(p.data.Series) - 1 - k
		}
		s := p.data.Series[k]
		v, ok := p.value(s.Points[i].Value)
		if !ok || v <= 0 {
			continue
		}
		b.x = p.across(from)
		b.w = max(1, p.across(from+v)-b.x)
		in, opacity, hatch := p.barLook(s, s.Points[i])
		p.rect(b, in, opacity)
		p.hatch(b, hatch, min(1, opacity*2))
		if p.chart.Piled() {
			from += v
		}
	}
}

const paleBar = 0.28 // of the longer percentile

func (p *plot) barLook(s delivery.Series, pt delivery.Point) (in ink, opacity float64, h hatching) {
	if look, hatch := p.chart.Look(s.Name); look != "" {
		return inkOf(look), 1, hatching(hatch)
	}
	in, opacity = accent, 1
	if pt.Category != nil {
		hatch, _ := p.chart.Class(pt.Class)
		h = hatching(hatch)
	}
	if pt.N != nil && p.chart.LowN(s.Name, *pt.N) {
		in = muted
	}
	if s.Name != "p50" && len(p.data.Series) > 1 {
		opacity = paleBar
	}
	return in, opacity, h
}

func (p *plot) seriesKeys() []key {
	if len(p.data.Series) < 2 {
		return nil
	}
	var keys []key
	for _, s := range p.data.Series {
		in, opacity, hatch := p.barLook(s, delivery.Point{})
		keys = append(keys, key{p.block(in, opacity, hatch), p.chart.Name(s.Name)})
	}
	return keys
}

// classKeys are those of hatchings that tell classes of rows.
func (p *plot) classKeys() []key {
	var keys []key
	seen := map[string]bool{"": true}
	for _, pt := range p.data.Series[0].Points {
		if pt.Category == nil || seen[pt.Class] {
			continue
		}
		seen[pt.Class] = true
		hatch, name := p.chart.Class(pt.Class)
		keys = append(keys, key{p.block(accent, 1, hatching(hatch)), name})
	}
	return keys
}
