package picture

import (
	"cmp"
	"image"
	"image/color"
	xdraw "image/draw"
	"math"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
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
	shape int
	size  float64
	x, y  int
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
			px, py := (float64(x)+0.5)/r.scale, (float64(y)+0.5)/r.scale
			cover := within((px+py)/math.Sqrt2, 1/r.scale)
			if kind == speckled {
				cover = within(px, 1/r.scale) * within(py, 1/r.scale)
			}
			if cover > 0 {
				r.blend(x, y, c, uint32(cover*opacity*255))
			}
		}
	}
}

// within is how much of a pixel around v is in a stripe.
func within(v, pixel float64) float64 {
	const half = hatchWidth / 2.0
	apart := math.Abs(math.Mod(v, hatchStep) - half)
	apart = min(apart, hatchStep-apart)
	return min(1, max(0, (half-apart)/pixel+0.5))
}

// lineChunk is how many pieces of a line are drawn at once: the pixels around many are
// more than those around each few.
const lineChunk = 12

func (r *raster) line(points []point, s stroke) {
	pieces := dashesOf(points, s.dash)
	for i := 0; i < len(pieces); i += lineChunk {
		var outlines [][]point
		for k, piece := range pieces[i:min(i+lineChunk, len(pieces))] {
			outlines = append(outlines, bar(piece[0], piece[1], s.width))
			if s.dash == solid && i+k > 0 { // a round joint
				outlines = append(outlines, shapeAt(0, s.width, piece[0])[0])
			}
		}
		r.fill(outlines, s.ink.rgba(r.theme), cmp.Or(s.opacity, 1))
	}
}

// bar is a piece of a line as an outline.
func bar(a, b point, width float64) []point {
	dx, dy := b.x-a.x, b.y-a.y
	length := math.Hypot(dx, dy)
	if length == 0 {
		return nil
	}
	nx, ny := -dy/length*width/2, dx/length*width/2
	return []point{{a.x - nx, a.y - ny}, {b.x - nx, b.y - ny}, {b.x + nx, b.y + ny}, {a.x + nx, a.y + ny}}
}

// dashesOf cuts a line into its pieces, or its dashes.
func dashesOf(points []point, dash dashing) [][2]point {
	var out [][2]point
	at := 0.0 // within dash and gap
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		if dash == solid {
			out = append(out, [2]point{a, b})
			continue
		}
		length := math.Hypot(b.x-a.x, b.y-a.y)
		place := func(v float64) point { return point{a.x + (b.x-a.x)*v/length, a.y + (b.y-a.y)*v/length} }
		for v := 0.0; v < length; {
			end := dash[0]
			if at >= dash[0] {
				end = dash[0] + dash[1]
			}
			next := min(length, v+end-at)
			if at < dash[0] {
				out = append(out, [2]point{place(v), place(next)})
			}
			at += next - v
			if v = next; at >= end-1e-9 {
				at = math.Mod(end, dash[0]+dash[1])
			}
		}
	}
	return out
}

// fill fills outlines, holes being those that run the other way.
func (r *raster) fill(outlines [][]point, c color.RGBA, opacity float64) {
	area := r.bounds(outlines)
	if area.Empty() {
		return
	}
	mask := r.masked(outlines, area)
	r.stain(mask, area.Min, c, opacity)
}

// bounds are the pixels around outlines.
func (r *raster) bounds(outlines [][]point) image.Rectangle {
	low, high := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, o := range outlines {
		for _, p := range o {
			low, high = point{min(low.x, p.x), min(low.y, p.y)}, point{max(high.x, p.x), max(high.y, p.y)}
		}
	}
	if low.x > high.x {
		return image.Rectangle{}
	}
	floor := func(v float64) int { return int(math.Floor(v * r.scale)) }
	return image.Rect(floor(low.x), floor(low.y), floor(high.x)+1, floor(high.y)+1).Intersect(r.image.Rect)
}

// masked is how much outlines cover of each pixel of an area. It is good until the next one.
func (r *raster) masked(outlines [][]point, area image.Rectangle) *image.Alpha {
	w, h := area.Dx(), area.Dy()
	r.shape.Reset(w, h)
	for _, o := range outlines {
		for i, p := range o {
			x, y := float32(p.x*r.scale-float64(area.Min.X)), float32(p.y*r.scale-float64(area.Min.Y))
			if i == 0 {
				r.shape.MoveTo(x, y)
			} else {
				r.shape.LineTo(x, y)
			}
		}
		if len(o) > 0 {
			r.shape.ClosePath()
		}
	}
	if r.mask == nil || cap(r.mask.Pix) < w*h {
		r.mask = &image.Alpha{Pix: make([]uint8, w*h)}
	}
	r.mask.Pix, r.mask.Stride, r.mask.Rect = r.mask.Pix[:w*h], w, image.Rect(0, 0, w, h)
	clear(r.mask.Pix)
	r.shape.Draw(r.mask, r.mask.Rect, image.Opaque, image.Point{})
	return r.mask
}

// stain lays a colour over the pixels of a mask.
func (r *raster) stain(mask *image.Alpha, at image.Point, c color.RGBA, opacity float64) {
	full := uint32(math.Round(opacity * 255))
	area := mask.Rect.Add(at).Intersect(r.image.Rect)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		row := mask.Pix[(y-at.Y)*mask.Stride:]
		for x := area.Min.X; x < area.Max.X; x++ {
			if cover := uint32(row[x-at.X]) * full / 255; cover > 0 {
				r.blend(x, y, c, cover)
			}
		}
	}
}

func (r *raster) marks(shape int, size float64, fill ink, at []point) {
	c, opacity := fill.rgba(r.theme), dotOpacity(r.theme)
	for _, p := range at {
		x, y := p.x*r.scale, p.y*r.scale
		key := dotKey{shape, size, int((x - math.Floor(x)) * dotPlaces), int((y - math.Floor(y)) * dotPlaces)}
		mask, ok := r.dots[key]
		if !ok {
			mask = r.mark(key)
			r.dots[key] = mask
		}
		half := mask.Rect.Dx() / 2
		r.stain(mask, image.Pt(int(math.Floor(x))-half, int(math.Floor(y))-half), c, opacity)
	}
}

// mark is the mask of a mark, its middle the pixel in the middle.
func (r *raster) mark(key dotKey) *image.Alpha {
	half := int(math.Ceil(key.size*r.scale/2)) + 1
	area := image.Rect(0, 0, 2*half+1, 2*half+1)
	place := func(i int) float64 { return (float64(half) + (float64(i)+0.5)/dotPlaces) / r.scale }
	mask := *r.masked(shapeAt(key.shape, key.size, point{place(key.x), place(key.y)}), area)
	mask.Pix = append([]uint8(nil), mask.Pix...)
	return &mask
}

func (r *raster) dot(c point, radius float64, in ink) {
	r.fill(shapeAt(0, 2*radius, c), in.rgba(r.theme), 1)
}

func (r *raster) ring(c point, radius, width float64, in ink) {
	r.fill(shapeAt(0, 2*radius+width, c), in.rgba(r.theme), 1)
	r.fill(shapeAt(0, 2*radius-width, c), paper.rgba(r.theme), 1)
}

func (r *raster) text(at point, s string, f face) {
	s = clean(s)
	switch f.anchor {
	case middle:
		at.x -= f.width(s) / 2
	case finish:
		at.x -= f.width(s)
	}
	key := faceKey{f.size, f.bold}
	glyphs, ok := r.faces[key]
	if !ok {
		var err error
		glyphs, err = opentype.NewFace(f.typeface().font, &opentype.FaceOptions{Size: f.size * r.scale, DPI: 72, Hinting: font.HintingNone})
		if err != nil {
			return // only for sizes that no face has
		}
		r.faces[key] = glyphs
	}
	c := f.ink.rgba(r.theme)
	if y, high := at.y*r.scale, 2*f.size*r.scale; y+high < float64(r.image.Rect.Min.Y) || y-high > float64(r.image.Rect.Max.Y) {
		return
	}
	dot := fixed.Point26_6{X: fixed.Int26_6(at.x * r.scale * 64), Y: fixed.Int26_6(at.y * r.scale * 64)}
	for _, char := range s {
		if unseen(char) {
			continue
		}
		wide := fixed.Int26_6(f.width(string(char)) * r.scale * 64)
		if !unicode.IsSpace(char) {
			r.glyph(glyphs, dot, char, c)
		}
		dot.X += wide
	}
}

// glyph draws a character; one that the font has not is a box.
func (r *raster) glyph(f font.Face, dot fixed.Point26_6, char rune, c color.RGBA) {
	area, mask, from, _, ok := f.Glyph(dot, char)
	alpha, isAlpha := mask.(*image.Alpha)
	if !ok || !isAlpha || area.Empty() {
		return
	}
	part := alpha.SubImage(image.Rectangle{from, from.Add(area.Size())}).(*image.Alpha)
	shifted := &image.Alpha{Pix: part.Pix, Stride: part.Stride, Rect: image.Rectangle{Max: area.Size()}}
	r.stain(shifted, area.Min, c, 1)
}
