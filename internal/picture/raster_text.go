package picture

import (
	"image"
	"image/color"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

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
