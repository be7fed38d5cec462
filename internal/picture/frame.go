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
	small := spec.Width < 400
	pad := 16.0
	if small || spec.Height < 240 {
		pad = 12
	}
	room := box{pad, pad, whole.w - 2*pad, whole.h - 2*pad}
	title, sentence, foot := face{size: titleSize, bold: true, ink: text}, face{size: bodySize, ink: muted}, face{size: metaSize, ink: muted}
	if small {
		title.size, sentence.size, foot.size = bodySize, metaSize, axisSize
	}
	lines := 2
	if spec.Height < 200 {
		lines = 1
	}
	room = above(s, room, title.wrap(clean(spec.Title), room.w, lines), title)
	room = below(s, room, foot.wrapParts(clean(spec.Foot), room.w, lines), foot)
	if spec.Chart == nil || nothing(spec.Chart) {
		centred(s, room, spec.Summary)
		return
	}
	lines = int((room.h - leastPlot) / (sentence.size * lineHeight))
	// Half a sentence says nothing.
	if words := sentence.wrap(clean(spec.Summary), room.w, 9); len(words) <= min(lines, 4) {
		room.y, room.h = room.y+2, room.h-2
		room = above(s, room, words, sentence)
	}
	room.y, room.h = room.y+4, room.h-4
	drawPlot(s, spec.Chart, room)
}

// above writes lines at the top of a room and returns what is left of it.
func above(s surface, room box, lines []string, f face) box {
	for _, l := range lines {
		s.text(point{room.x, room.y + f.size}, l, f)
		room.y, room.h = room.y+f.size*lineHeight, room.h-f.size*lineHeight
	}
	return room
}

// below writes lines at the bottom of a room.
func below(s surface, room box, lines []string, f face) box {
	if len(lines) == 0 {
		return room
	}
	room.h -= float64(len(lines)) * f.size * lineHeight
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
