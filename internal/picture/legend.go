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
// that room away.
func (p *plot) legend(keys []key) {
	if len(keys) == 0 {
		return
	}
	x, y := p.room.x, p.room.y
	for i, k := range keys {
		name := labelFace.cut(clean(k.name), min(p.room.w-signSize-6, 220))
		w := signSize + 6 + labelFace.width(name)
		if i > 0 && x+w > p.room.right() {
			x, y = p.room.x, y+keyHeight
		}
		k.sign(box{x, y + 3, signSize, signSize})
		p.text(point{x + signSize + 6, y + 12}, name, labelFace)
		x += w + 14
	}
	used := y + keyHeight + 4 - p.room.y
	p.room.y, p.room.h = p.room.y+used, p.room.h-used
}

// block is the sign of bars.
func (p *plot) block(i ink, opacity float64, h hatching) func(box) {
	return func(b box) {
		p.rect(b, i, opacity)
		p.hatch(b, h, 1)
	}
}
