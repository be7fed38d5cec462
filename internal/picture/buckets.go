package picture

import "throughline/internal/delivery"

// middleOf is where the i-th of n buckets has its middle.
func (p *plot) middleOf(i, n int) float64 {
	return p.area.x + (float64(i)+0.5)*p.area.w/float64(n)
}

// bucketAxis writes the days of buckets below their middles, as many as there is room for.
func (p *plot) bucketAxis(points []delivery.Point) {
	p.bucketsAt(points, p.area.w/float64(len(points)), func(i int) float64 { return p.middleOf(i, len(points)) })
}

// bucketsAt writes the days of buckets below their places, which are pitch apart.
func (p *plot) bucketsAt(points []delivery.Point, pitch float64, at func(i int) float64) {
	widest := 0.0
	names := make([]string, len(points))
	for i, pt := range points {
		if pt.Slot != nil {
			names[i] = p.chart.Bucket(pt.Label)
		}
		widest = max(widest, axisFace.width(names[i]))
	}
	step := max(1, int((widest+12)/pitch)+1)
	if widest+12 <= pitch {
		step = 1
	}
	end := p.room.x - 8
	for i := 0; i < len(points); i += step {
		end = p.under(at(i), end, names[i])
	}
}

// drawStack draws counts per bucket, one upon the other, or side by side where they are no
// parts of one number.
func (p *plot) drawStack() {
	type layer struct {
		ink    ink
		hatch  hatching
		points []delivery.Point
	}
	var layers []layer
	var keys []key
	n := len(p.data.Series[0].Points)
	sums, most := make([]float64, n), 0.0
	for _, s := range p.data.Series {
		name := p.chart.Name(s.Name)
		if name == "" {
			continue
		}
		look, hatch := p.chart.Look(s.Name)
		l, some := layer{inkOf(look), hatching(hatch), s.Points}, false
		for i, pt := range s.Points {
			v, _ := p.value(pt.Value)
			some = some || v > 0
			if sums[i] += v; p.chart.Piled() {
				most = max(most, sums[i])
			} else {
				most = max(most, v)
			}
		}
		if some {
			layers, keys = append(layers, l), append(keys, key{p.block(l.ink, 1, l.hatch), name})
		}
	}
	p.legend(keys)
	level, levelName := p.chart.Level()
	right, beside := 0.0, true
	if levelName != "" {
		right, beside = p.endRoom([]string{levelName})
	}
	p.fit(0, most, right)
	p.grid()
	p.bucketAxis(p.data.Series[0].Points)
	pitch := p.area.w / float64(n)
	foot := make([]float64, n)
	for k, l := range layers {
		width, shift := min(28, pitch*0.7), 0.0
		if !p.chart.Piled() {
			width = min(28, pitch*0.7/float64(len(layers)))
			shift = (float64(k) - float64(len(layers)-1)/2) * width
			foot = make([]float64, n)
		}
		for i, pt := range l.points {
			v, ok := p.value(pt.Value)
			if !ok || v == 0 {
				continue
			}
			top := p.at(foot[i] + v)
			b := box{p.middleOf(i, n) + shift - width/2, top, width, p.at(foot[i]) - top}
			opacity := 1.0
			if pt.Slot != nil && pt.Partial {
				opacity = partialOpacity
				p.rect(b, paper, 1) // no lines of the grid shine through
			}
			p.rect(b, l.ink, opacity)
			p.hatch(b, l.hatch, 1)
			foot[i] += v
		}
	}
	p.verticals(0, float64(n))
	if levelName != "" {
		y := p.at(level)
		p.line([]point{{p.area.x, y}, {p.area.right(), y}}, stroke{ink: text, width: 1.5})
		p.ends([]endName{{point{p.area.right(), y}, levelName, text}}, beside)
	}
}

// partialOpacity pales the bars of a bucket that is not whole: hatching tells outcomes.
const partialOpacity = 0.55
