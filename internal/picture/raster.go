package picture

import (
	"cmp"
	"image"
	"image/color"
	xdraw "image/draw"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/vector"
)

// raster draws pixels: those of a band of the picture, from edge to edge.
type raster struct {
	image *image.RGBA // no more than the band
	theme Theme
	scale float64

	shape vector.Rasterizer
	mask  *image.Alpha
	faces map[faceKey]font.Face
	dots  map[dotKey]*image.Alpha
}

type faceKey struct {
	size float64
	bold bool
}

// dotKey is a mark at one of a few places within its pixel.
type dotKey struct {
	inside float64 // how far its inside covers, within an outline that covers all
	shape  int
	size   float64
	x, y   int
}

// dotPlaces is how many places within a pixel a mark may have, each way.
const dotPlaces = 4

func newRaster(s *Spec, scale int) *raster {
	theme := cmp.Or(s.Theme, Light)
	if theme == Auto {
		theme = Light
	}
	return &raster{image: &image.RGBA{}, theme: theme, scale: float64(scale), faces: map[faceKey]font.Face{}, dots: map[dotKey]*image.Alpha{}}
}

// band draws the rows of pixels from top to bottom of a picture.
func (r *raster) band(s *Spec, top, bottom int) {
	wide := s.Width * int(r.scale)
	if n := 4 * wide * (bottom - top); cap(r.image.Pix) < n {
		r.image.Pix = make([]uint8, n)
	} else {
		r.image.Pix = r.image.Pix[:n]
	}
	r.image.Stride, r.image.Rect = 4*wide, image.Rect(0, top, wide, bottom)
	draw(r, s)
}

// blend lays c over a pixel, with cover of 0–255.
func (r *raster) blend(x, y int, c color.RGBA, cover uint32) {
	i := r.image.PixOffset(x, y)
	p := r.image.Pix[i : i+4 : i+4]
	if cover == 255 {
		p[0], p[1], p[2], p[3] = c.R, c.G, c.B, 255
		return
	}
	p[0] = over(p[0], c.R, cover)
	p[1] = over(p[1], c.G, cover)
	p[2] = over(p[2], c.B, cover)
	p[3] = 255
}

func over(below, above uint8, cover uint32) uint8 {
	return uint8((uint32(above)*cover + uint32(below)*(255-cover) + 127) / 255)
}

// pixels is a box in pixels; what has a size has at least one.
func (r *raster) pixels(b box) image.Rectangle {
	round := func(v float64) int { return int(math.Round(v * r.scale)) }
	p := image.Rect(round(b.x), round(b.y), round(b.right()), round(b.bottom()))
	p.Max.X, p.Max.Y = max(p.Max.X, p.Min.X+1), max(p.Max.Y, p.Min.Y+1)
	return p.Intersect(r.image.Rect)
}

func (r *raster) rect(b box, fill ink, opacity float64) {
	if b.empty() {
		return
	}
	c, cover := fill.rgba(r.theme), uint32(math.Round(opacity*255))
	p := r.pixels(b)
	if cover == 255 {
		xdraw.Draw(r.image, p, image.NewUniform(c), image.Point{}, xdraw.Src)
		return
	}
	for y := p.Min.Y; y < p.Max.Y; y++ {
		for x := p.Min.X; x < p.Max.X; x++ {
			r.blend(x, y, c, cover)
		}
	}
}

func (r *raster) hatch(b box, kind hatching, opacity float64) {
	if b.empty() || kind == unhatched {
		return
	}
	c, p := paper.rgba(r.theme), r.pixels(b)
	for y := p.Min.Y; y < p.Max.Y; y++ {
		for x := p.Min.X; x < p.Max.X; x++ {
			if cover := r.hatched(x, y, kind); cover > 0 {
				r.blend(x, y, c, uint32(cover*opacity*255))
			}
		}
	}
}

// hatched is how much of a pixel stripes or dots take.
func (r *raster) hatched(x, y int, kind hatching) float64 {
	px, py := (float64(x)+0.5)/r.scale, (float64(y)+0.5)/r.scale
	if kind == speckled {
		return within(px, 1/r.scale) * within(py, 1/r.scale)
	}
	return within((px+py)/math.Sqrt2, 1/r.scale)
}

// within is how much of a pixel around v is in a stripe.
func within(v, pixel float64) float64 {
	const half = hatchWidth / 2.0
	apart := math.Abs(math.Mod(v, hatchStep) - half)
	apart = min(apart, hatchStep-apart)
	return min(1, max(0, (half-apart)/pixel+0.5))
}

func (r *raster) dot(c point, radius float64, in ink) {
	r.fill(shapeAt(0, 2*radius, c), in.rgba(r.theme), 1)
}

func (r *raster) ring(c point, radius, width float64, in ink) {
	r.fill(shapeAt(0, 2*radius+width, c), in.rgba(r.theme), 1)
	r.fill(shapeAt(0, 2*radius-width, c), paper.rgba(r.theme), 1)
}
