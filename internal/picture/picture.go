// Package picture draws a panel without a browser, as SVG or as PNG, with the looks of
// static/charts.js. What a chart shows and says is decided by whoever calls: see Chart.
package picture

import (
	"errors"
	"fmt"
	"math"
)

// Theme is the set of colours of a picture.
type Theme string

const (
	Light Theme = "light"
	Dark  Theme = "dark"
	// Auto follows the reader's system. A PNG cannot: it is light.
	Auto Theme = "auto"
)

// Bounds of the size of a picture in CSS pixels, and of the pixels to each of those.
const (
	MinWidth, MaxWidth   = 240, 2000
	MinHeight, MaxHeight = 160, 1500
	MinScale, MaxScale   = 1, 3
)

// Spec is what a picture shows. Its texts may hold anything.
type Spec struct {
	Title   string // "" for none
	Summary string // one sentence
	Alt     string // the picture in words, for whoever does not see it; "" for the summary
	Foot    string
	Lang    string // of the texts, as in HTML
	Chart   Chart  // nil for none: the summary stands in its place
	Theme   Theme  // "" is Light

	Width, Height int // CSS pixels
}

var errSize = errors.New("a picture cannot have this size")

func (s *Spec) check() error {
	if s.Width < MinWidth || s.Width > MaxWidth || s.Height < MinHeight || s.Height > MaxHeight {
		return fmt.Errorf("%w: %d × %d", errSize, s.Width, s.Height)
	}
	return nil
}

// SVG draws a picture whose texts stay texts. Its fonts are in it.
func SVG(s Spec) ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	out := newDrawing(&s)
	draw(out, &s)
	return out.bytes(), nil
}

// PNG draws a picture of scale pixels to each CSS pixel.
func PNG(s Spec, scale int) ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if scale < MinScale || scale > MaxScale {
		return nil, fmt.Errorf("%w: scale %d", errSize, scale)
	}
	return encode(&s, scale)
}

// Notice is a picture of nothing but a text, for where a chart was.
func Notice(text, lang string, theme Theme, width, height int) Spec {
	return Spec{Summary: text, Lang: lang, Theme: theme, Width: width, Height: height}
}

// box is a part of a picture.
type box struct{ x, y, w, h float64 }

func (b box) right() float64  { return b.x + b.w }
func (b box) bottom() float64 { return b.y + b.h }

// empty reports whether there is no room in it.
func (b box) empty() bool { return b.w < 1 || b.h < 1 || math.IsNaN(b.w+b.h) }
