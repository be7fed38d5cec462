package picture

import "image/color"

// ink is a colour by what it is for: one of the custom properties of static/app.css.
type ink int

const (
	paper ink = iota // surface
	text
	muted
	line
	edge
	accent
	bad
	series1
	series2
	series3
	series4
	series5
	series6
	series7
	inks
)

// inkNames are the names that static/app.css has for inks.
var inkNames = [inks]string{
	"surface", "text", "muted", "line", "edge", "accent", "bad",
	"series-1", "series-2", "series-3", "series-4", "series-5", "series-6", "series-7",
}

var lightInks = [inks]string{
	"#ffffff", "#1c2126", "#5b6672", "#e3e6ea", "#858f99", "#0a6c74", "#c92a2a",
	"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7f7f7f",
}

var darkInks = [inks]string{
	"#1a1e21", "#e8ebee", "#9ba6b0", "#2b3136", "#6b757e", "#4cc3cc", "#ff8787",
	"#2687be", "#eaad26", "#26ad88", "#d48db4", "#6fbfec", "#db7626", "#929292",
}

// inkOf is an ink by its name, that of text for an unknown one.
func inkOf(name string) ink {
	for i, n := range inkNames {
		if n == name {
			return ink(i)
		}
	}
	return text
}

// hex is an ink in a theme that is not Auto.
func (i ink) hex(t Theme) string {
	if t == Dark {
		return darkInks[i]
	}
	return lightInks[i]
}

func (i ink) rgba(t Theme) color.RGBA {
	digit := func(c byte) uint8 {
		if c >= 'a' {
			return c - 'a' + 10
		}
		return c - '0'
	}
	h := i.hex(t)
	return color.RGBA{digit(h[1])<<4 | digit(h[2]), digit(h[3])<<4 | digit(h[4]), digit(h[5])<<4 | digit(h[6]), 255}
}

// signOpacity is how far signs do.
const signOpacity = 0.8

// dotEdge is how wide the outlines of marks are: pale yellow alone is not seen on white.
const dotEdge = 1

// slender reports whether a shape has no inside to be pale.
func slender(shape int) bool { return shape >= 5 }

// dotOpacity is how far the insides of marks cover what is beneath them.
func dotOpacity(t Theme) float64 {
	if t == Dark {
		return 0.6
	}
	return 0.4
}
