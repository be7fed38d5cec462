package picture

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
)

// drawing is made of elements of SVG.
type drawing struct {
	spec      *Spec
	body      bytes.Buffer
	used      map[string]bool // classes
	shape     map[int]float64 // shapes of marks that are defined, by size
	hatchings map[hatching]bool
	chars     [2]map[rune]bool // written, and written bold
}

func newDrawing(s *Spec) *drawing {
	return &drawing{
		spec: s, used: map[string]bool{}, shape: map[int]float64{}, hatchings: map[hatching]bool{},
		chars: [2]map[rune]bool{{}, {}},
	}
}

// px is a length to a tenth of a pixel.
func px(v float64) string {
	v = math.Round(v*10) / 10
	if math.IsNaN(v) || math.IsInf(v, 0) || v == 0 {
		return "0"
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// fill and stroke are classes, so that one rule for each ink follows the theme.
func (v *drawing) fill(i ink) string   { return v.class("f", i) }
func (v *drawing) stroke(i ink) string { return v.class("s", i) }

func (v *drawing) class(kind string, i ink) string {
	return `class="` + v.named(kind, i) + `"`
}

func (v *drawing) named(kind string, i ink) string {
	name := kind + strconv.Itoa(int(i))
	v.used[name] = true
	return name
}

func (v *drawing) rect(b box, fill ink, opacity float64) {
	if b.empty() {
		return
	}
	fmt.Fprintf(&v.body, `<rect x="%s" y="%s" width="%s" height="%s" %s`, px(b.x), px(b.y), px(b.w), px(b.h), v.fill(fill))
	if opacity < 1 {
		fmt.Fprintf(&v.body, ` opacity="%.2g"`, opacity)
	}
	v.body.WriteString("/>\n")
}

func (v *drawing) hatch(b box, kind hatching, opacity float64) {
	if b.empty() || kind == unhatched {
		return
	}
	v.hatchings[kind] = true
	fmt.Fprintf(&v.body, `<rect x="%s" y="%s" width="%s" height="%s" fill="url(#tl-%s)"`, px(b.x), px(b.y), px(b.w), px(b.h), kind)
	if opacity < 1 {
		fmt.Fprintf(&v.body, ` opacity="%.2g"`, opacity)
	}
	v.body.WriteString("/>\n")
}

func (v *drawing) line(points []point, s stroke) {
	if len(points) == 0 {
		return
	}
	v.body.WriteString(`<path d="`)
	for i, p := range points {
		sep := "L"
		if i == 0 {
			sep = "M"
		}
		v.body.WriteString(sep + px(p.x) + " " + px(p.y))
	}
	fmt.Fprintf(&v.body, `" fill="none" stroke-width="%s" %s`, strconv.FormatFloat(s.width, 'f', -1, 64), v.stroke(s.ink))
	if s.dash != solid {
		fmt.Fprintf(&v.body, ` stroke-dasharray="%s %s"`, px(s.dash[0]), px(s.dash[1]))
	} else if len(points) > 2 {
		v.body.WriteString(` stroke-linejoin="round"`)
	}
	if s.opacity > 0 && s.opacity < 1 {
		fmt.Fprintf(&v.body, ` opacity="%.2g"`, s.opacity)
	}
	v.body.WriteString("/>\n")
}

func (v *drawing) marks(shape int, size float64, fill ink, at []point) {
	if slender(shape) {
		v.all(shape, size, at, v.named("f", fill))
		return
	}
	v.used["dots"] = true
	v.all(shape, size, at, v.named("f", fill), v.named("s", fill), "dots")
}

func (v *drawing) signs(shape int, size float64, fill ink, at []point) {
	v.used["signs"] = true
	v.all(shape, size, at, v.named("f", fill), "signs")
}

func (v *drawing) all(shape int, size float64, at []point, classes ...string) {
	v.body.WriteString(`<g class="` + strings.Join(classes, " ") + `">`)
	for _, p := range at {
		if shape == 0 {
			v.body.WriteString(`<circle cx="` + px(p.x) + `" cy="` + px(p.y) + `" r="` + px(size/2) + `"/>`)
			continue
		}
		v.shape[shape] = size
		v.body.WriteString(`<use href="#tl-m` + strconv.Itoa(shape) + `" x="` + px(p.x) + `" y="` + px(p.y) + `"/>`)
	}
	v.body.WriteString("</g>\n")
}

func (v *drawing) polygon(outline []point, fill ink, opacity float64, kind hatching) {
	if len(outline) < 3 {
		return
	}
	path := `<path d="`
	for i, p := range outline {
		path += map[bool]string{true: "M", false: "L"}[i == 0] + px(p.x) + " " + px(p.y)
	}
	path += `Z"`
	fmt.Fprintf(&v.body, `%s %s`, path, v.fill(fill))
	if opacity < 1 {
		fmt.Fprintf(&v.body, ` opacity="%.2g"`, opacity)
	}
	v.body.WriteString("/>\n")
	if kind == unhatched {
		return
	}
	v.hatchings[kind] = true
	fmt.Fprintf(&v.body, `%s fill="url(#tl-%s)"/>`+"\n", path, kind)
}

func (v *drawing) dot(c point, r float64, in ink) {
	fmt.Fprintf(&v.body, `<circle cx="%s" cy="%s" r="%s" %s/>`+"\n", px(c.x), px(c.y), px(r), v.fill(in))
}

func (v *drawing) ring(c point, r, width float64, in ink) {
	fill := strings.TrimSuffix(v.fill(paper), `"`)
	v.stroke(in)
	fmt.Fprintf(&v.body, `<circle cx="%s" cy="%s" r="%s" stroke-width="%s" %s s%d"/>`+"\n", px(c.x), px(c.y), px(r), px(width), fill, in)
}

func (v *drawing) text(at point, s string, f face) {
	if s = clean(s); s == "" {
		return
	}
	weight := 0
	fmt.Fprintf(&v.body, `<text x="%s" y="%s" %s`, px(at.x), px(at.y), v.fill(f.ink))
	if f.size != axisSize {
		fmt.Fprintf(&v.body, ` font-size="%s"`, px(f.size))
	}
	if f.bold {
		weight = 1
		v.body.WriteString(` font-weight="600"`)
	}
	if f.anchor != begin {
		fmt.Fprintf(&v.body, ` text-anchor="%s"`, f.anchor)
	}
	v.body.WriteString(">" + html.EscapeString(s) + "</text>\n")
	for _, r := range s {
		v.chars[weight][r] = true
	}
}
