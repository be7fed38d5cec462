package picture

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"html"
	"strconv"
)

// bytes is the whole picture.
func (v *drawing) bytes() []byte {
	var b bytes.Buffer
	s := v.spec
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="tl-picture" width="%d" height="%d" viewBox="0 0 %d %d" role="img"`,
		s.Width, s.Height, s.Width, s.Height)
	if s.Lang != "" {
		fmt.Fprintf(&b, ` lang="%s"`, html.EscapeString(clean(s.Lang)))
	}
	b.WriteString(` font-family="Throughline, Inter, system-ui, sans-serif" font-size="12">` + "\n")
	alt := clean(cmp.Or(s.Alt, s.Summary))
	if title := clean(cmp.Or(s.Title, s.Summary)); title != "" {
		b.WriteString("<title>" + html.EscapeString(title) + "</title>\n")
	}
	if alt != "" {
		b.WriteString("<desc>" + html.EscapeString(alt) + "</desc>\n")
	}
	b.WriteString("<style>\n")
	v.style(&b)
	b.WriteString("</style>\n")
	v.defs(&b)
	b.Write(v.body.Bytes())
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// style has the fonts, of what is written only, and a rule for each ink in use. All of
// it is of this picture, should it stand in a page.
func (v *drawing) style(b *bytes.Buffer) {
	for weight, t := range []func() *typeface{regular, bold} {
		if len(v.chars[weight]) == 0 {
			continue
		}
		b.WriteString(`@font-face{font-family:Throughline;font-weight:` + []string{"400", "600"}[weight] + `;src:url(data:font/ttf;base64,`)
		b.WriteString(base64.StdEncoding.EncodeToString(t().subset(v.chars[weight])))
		b.WriteString(") format(\"truetype\")}\n")
	}
	theme := cmp.Or(v.spec.Theme, Light)
	v.inks(b, theme)
	if theme == Auto {
		b.WriteString("@media (prefers-color-scheme:dark){\n")
		v.inks(b, Dark)
		b.WriteString("}\n")
	}
}

func (v *drawing) inks(b *bytes.Buffer, t Theme) {
	for i := range inks {
		if v.used["f"+strconv.Itoa(int(i))] {
			fmt.Fprintf(b, ".tl-picture .f%d{fill:%s}", i, i.hex(t))
		}
		if v.used["s"+strconv.Itoa(int(i))] {
			fmt.Fprintf(b, ".tl-picture .s%d{stroke:%s}", i, i.hex(t))
		}
	}
	if v.used["dots"] {
		fmt.Fprintf(b, ".tl-picture .dots{fill-opacity:%.1f;stroke-width:%d}", dotOpacity(t), dotEdge)
	}
	if v.used["signs"] {
		fmt.Fprintf(b, ".tl-picture .signs{fill-opacity:%.1f}", signOpacity)
	}
	b.WriteString("\n")
}

// defs has the shapes and the hatchings in use.
func (v *drawing) defs(b *bytes.Buffer) {
	if len(v.shape)+len(v.hatchings) == 0 {
		return
	}
	b.WriteString("<defs>")
	for shape := range shapes {
		if size, ok := v.shape[shape]; ok {
			fmt.Fprintf(b, `<path id="tl-m%d" d="%s"/>`, shape, shapePath(shape, size))
		}
	}
	if v.hatchings[striped] {
		fmt.Fprintf(b, `<pattern id="tl-%s" width="%d" height="%d" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)"><rect width="%d" height="%d" class="f%d"/></pattern>`,
			striped, hatchStep, hatchStep, hatchStep, hatchWidth, paper)
	}
	if v.hatchings[speckled] {
		fmt.Fprintf(b, `<pattern id="tl-%s" width="%d" height="%d" patternUnits="userSpaceOnUse"><rect width="%d" height="%d" class="f%d"/></pattern>`,
			speckled, hatchStep, hatchStep, hatchWidth, hatchWidth, paper)
	}
	b.WriteString("</defs>\n")
}
