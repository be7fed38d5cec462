package picture

import "math"

// lineHeight is how far lines of a text are apart, in sizes of it.
const lineHeight = 1.4

// leastPlot is how high a plot must be before a sentence takes room from it.
const leastPlot = 104

// draw puts a title above a sentence above the plot above the foot.
func draw(s surface, spec *Spec) {
	whole := box{0, 0, float64(spec.Width), float64(spec.Height)}
	s.rect(whole, paper, 1)
	pad := 16.0
	if spec.Width < 400 || spec.Height < 240 {
		pad = 12
	}
	room := box{pad, pad, whole.w - 2*pad, whole.h - 2*pad}
	titles := 2
	if spec.Height < 240 {
		titles = 1
	}
	room = above(s, room, spec.Title, face{size: titleSize, bold: true, ink: text}, titles)
	room = below(s, room, spec.Foot, face{size: footSize(spec.Width), ink: muted}, titles)
	if spec.Chart == nil || nothing(spec.Chart) {
		centred(s, room, spec.Summary)
		return
	}
	sentence := face{size: bodySize, ink: muted}
	if spec.Width < 400 {
		sentence.size = metaSize
	}
	lines := int((room.h - leastPlot) / (sentence.size * lineHeight))
	room = above(s, room, spec.Summary, sentence, min(lines, 4))
	room.y, room.h = room.y+4, room.h-4
	drawPlot(s, spec.Chart, room)
}

func footSize(width int) float64 {
	if width < 400 {
		return axisSize
	}
	return metaSize
}

// above writes a text at the top of a room, in at most so many lines, and returns what is
// left of it.
func above(s surface, room box, words string, f face, most int) box {
	if most < 1 {
		return room
	}
	for _, l := range f.wrap(clean(words), room.w, most) {
		s.text(point{room.x, room.y + f.size}, l, f)
		room.y, room.h = room.y+f.size*lineHeight, room.h-f.size*lineHeight
	}
	return room
}

// below writes a text at the bottom of a room.
func below(s surface, room box, words string, f face, most int) box {
	lines := f.wrap(clean(words), room.w, most)
	if len(lines) == 0 {
		return room
	}
	high := float64(len(lines)) * f.size * lineHeight
	room.h -= high
	for i, l := range lines {
		s.text(point{room.x, room.bottom() + f.size*(0.25+lineHeight*(float64(i)+0.75))}, l, f)
	}
	room.h -= 4
	return room
}

// centred writes a sentence in the middle of a room.
func centred(s surface, room box, words string) {
	f := face{size: bodySize, ink: muted, anchor: middle}
	high := f.size * lineHeight
	lines := f.wrap(clean(words), min(room.w, 480), max(1, int(room.h/high)))
	y := room.y + (room.h-high*float64(len(lines)))/2 + f.size
	for i, l := range lines {
		s.text(point{room.x + room.w/2, math.Round(y + high*float64(i))}, l, f)
	}
}
