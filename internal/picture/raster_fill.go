package picture

import (
	"image"
	"image/color"
	"math"
)

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
	inside := dotOpacity(r.theme)
	if slender(shape) {
		inside = 1
	}
	r.all(shape, size, fill, at, inside, 1)
}

func (r *raster) signs(shape int, size float64, fill ink, at []point) {
	r.all(shape, size, fill, at, 1, signOpacity)
}

func (r *raster) polygon(outline []point, fill ink, opacity float64, kind hatching) {
	pixels := r.bounds([][]point{outline})
	if pixels.Empty() {
		return
	}
	mask := r.masked([][]point{outline}, pixels)
	r.stain(mask, pixels.Min, fill.rgba(r.theme), opacity)
	if kind == unhatched {
		return
	}
	c := paper.rgba(r.theme)
	for y := pixels.Min.Y; y < pixels.Max.Y; y++ {
		row := mask.Pix[(y-pixels.Min.Y)*mask.Stride:]
		for x := pixels.Min.X; x < pixels.Max.X; x++ {
			if cover := r.hatched(x, y, kind) * float64(row[x-pixels.Min.X]); cover >= 1 {
				r.blend(x, y, c, uint32(cover))
			}
		}
	}
}

func (r *raster) all(shape int, size float64, fill ink, at []point, inside, opacity float64) {
	c := fill.rgba(r.theme)
	for _, p := range at {
		x, y := p.x*r.scale, p.y*r.scale
		key := dotKey{inside, shape, size, int((x - math.Floor(x)) * dotPlaces), int((y - math.Floor(y)) * dotPlaces)}
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
	edge := 0.0
	if key.inside < 1 {
		edge = dotEdge
	}
	half := int(math.Ceil((key.size+edge)*r.scale/2)) + 1
	area := image.Rect(0, 0, 2*half+1, 2*half+1)
	place := func(i int) float64 { return (float64(half) + (float64(i)+0.5)/dotPlaces) / r.scale }
	middle := point{place(key.x), place(key.y)}
	mask := *r.masked(shapeAt(key.shape, key.size+edge, middle), area)
	mask.Pix = append([]uint8(nil), mask.Pix...)
	if edge > 0 {
		for i, cover := range r.masked(shapeAt(key.shape, key.size-edge, middle), area).Pix {
			mask.Pix[i] -= min(mask.Pix[i], uint8(math.Round(float64(cover)*(1-key.inside))))
		}
	}
	return &mask
}
