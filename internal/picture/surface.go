package picture

// surface is what a picture is drawn on. Lengths are CSS pixels.
type surface interface {
	// rect fills a rectangle.
	rect(b box, fill ink, opacity float64)
	// hatch lays stripes or dots of paper over a rectangle.
	hatch(b box, kind hatching, opacity float64)
	// line goes from point to point.
	line(points []point, s stroke)
	// dot is a full circle.
	dot(c point, r float64, in ink)
	// marks draws the same shape at many places, pale where alone.
	marks(shape int, size float64, fill ink, at []point)
	// signs draws the same shape at many places, dark enough to be seen on bands.
	signs(shape int, size float64, fill ink, at []point)
	// polygon fills an outline and lays stripes or dots of paper over it.
	polygon(outline []point, fill ink, opacity float64, kind hatching)
	// ring is a hollow dot.
	ring(c point, r, width float64, in ink)
	// text writes a line of text.
	text(at point, s string, f face)
}

type point struct{ x, y float64 }

type stroke struct {
	ink     ink
	width   float64
	dash    dashing
	opacity float64 // 0 is 1
}

// dashing is the lengths of a dash and the gap behind it, zeros for none.
type dashing [2]float64

var (
	solid   = dashing{}
	dashed  = dashing{5, 4}
	dotted  = dashing{1.5, 3}
	dashOf  = map[string]dashing{"solid": solid, "dashed": dashed, "dotted": dotted}
	eventer = dashing{2, 4}
)

type hatching string

// hatchings are laid over what they mark: stripes that rise to the right, or dots.
const (
	unhatched hatching = ""
	striped   hatching = "hatched"
	speckled  hatching = "dotted"
)

// Of both, so many pixels of every so many are paper.
const hatchWidth, hatchStep = 2, 5

type anchor string

const (
	begin  anchor = ""
	middle anchor = "middle"
	finish anchor = "end"
)

// face is how a text is written; at is on its baseline.
type face struct {
	size   float64
	bold   bool
	ink    ink
	anchor anchor
}

// Sizes of texts, those of static/app.css and of charts.js.
const (
	titleSize = 16
	bodySize  = 14
	metaSize  = 13
	axisSize  = 12
	noteSize  = 11
)

var (
	axisFace  = face{size: axisSize, ink: muted}
	labelFace = face{size: axisSize, ink: text}
	noteFace  = face{size: noteSize, ink: muted, anchor: middle}
)

func (f face) at(a anchor) face {
	f.anchor = a
	return f
}
