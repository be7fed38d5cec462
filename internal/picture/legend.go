package picture

// key is an entry of a legend: a sign of 10 by 10 pixels, and what it stands for.
type key struct {
	sign func(b box)
	name string
}

const (
	signSize  = 10
	keyHeight = 20
)

// legend writes entries at the top of the room, in as many rows as they need, and takes
// that room away. Rows that would leave no room for the plot are not written, and the last
// one says so.
func (p *plot) legend(keys []key) {
	if len(keys) == 0 {
		return
	}
	most := max(1, int((p.room.h-leastLegend)/keyHeight))
	x, y, row := p.room.x, p.room.y, 1
	for i, k := range keys {
		name := labelFace.cut(clean(k.name), min(p.room.w-signSize-6, 220))
		w := signSize + 6 + labelFace.width(name)
		right := p.room.right()
		if row == most && i+1 < len(keys) {
			right -= 16 // of an ellipsis
		}
		if i > 0 && x+w > right {
			if row == most {
				p.text(point{x, y + 12}, "…", labelFace)
				break
			}
			x, y, row = p.room.x, y+keyHeight, row+1
		}
		k.sign(box{x, y + 3, signSize, signSize})
		p.text(point{x + signSize + 6, y + 12}, name, labelFace)
		x += w + 14
	}
	used := y + keyHeight + 4 - p.room.y
	p.room.y, p.room.h = p.room.y+used, p.room.h-used
}

// leastLegend is how high a plot must be for a legend to have more than one row.
const leastLegend = 90

// block is the sign of bars.
func (p *plot) block(i ink, opacity float64, h hatching) func(box) {
	return func(b box) {
		p.rect(b, i, opacity)
		p.hatch(b, h, 1)
	}
}
