package picture

import "slices"

// endName is what stands at the end of a line.
type endName struct {
	at    point // of the line's end
	words string
	ink   ink
}

const endGap = 14 // between names, from middle to middle

// endRoom is how much room names take right of a plot; ok is false where there is too
// little of it, and they stand in it.
func (p *plot) endRoom(names []string) (room float64, beside bool) {
	widest := 0.0
	for _, n := range names {
		widest = max(widest, labelFace.width(n))
	}
	if widest == 0 {
		return 0, true
	}
	if p.room.w < 300 || widest > p.room.w*0.3 {
		return 4, false
	}
	return widest + 10, true
}

// ends writes the names of lines, moved apart where they would cover each other, in
// their order; the first names of all where they stand in the plot and would fill it.
func (p *plot) ends(names []endName, beside bool) {
	if most := int(p.area.h / 2 / endGap); !beside && len(names) > most {
		names = names[:max(1, most)]
	}
	slices.SortStableFunc(names, func(a, b endName) int { return -compare(a.at.y, b.at.y) })
	ys := make([]float64, len(names))
	for i, n := range names {
		y := n.at.y
		if !beside {
			y -= 9
		}
		ys[i] = y
	}
	p.apart(ys)
	for i, n := range names {
		f := face{size: axisSize, ink: n.ink}
		if beside {
			p.text(point{n.at.x + 7, ys[i] + 4}, n.words, f)
			continue
		}
		words := f.cut(n.words, p.area.w)
		w := f.width(words)
		right := min(max(n.at.x+4, p.area.x+w), p.area.right()+4)
		p.rect(box{right - w - 2, ys[i] - 6, w + 4, 13}, paper, 0.8)
		p.text(point{right, ys[i] + 4}, words, f.at(finish))
	}
}

// apart moves heights apart, the lowest first, within the plot as far as there is room.
func (p *plot) apart(ys []float64) {
	for i := range ys {
		ys[i] = min(ys[i], p.area.bottom()-4)
		if i > 0 {
			ys[i] = min(ys[i], ys[i-1]-endGap)
		}
	}
	low := p.area.y + 2
	for i := len(ys) - 1; i >= 0; i-- { // pushed out above: back down
		if ys[i] < low {
			ys[i] = low
		}
		low = ys[i] + endGap
	}
}
