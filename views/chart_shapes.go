package views

import "throughline/internal/delivery"

// dots reports whether the marks of a shape are records.
func dots(s delivery.Shape) bool {
	return s == delivery.Marks || s == delivery.Control || s == delivery.Ages
}

// overTime reports whether a shape has the time of the range as its axis, so that what
// happened in it can be drawn.
func overTime(s delivery.Shape) bool {
	return s != delivery.Bars && s != delivery.Bins && s != delivery.Fan && s != delivery.Ages
}

// opens reports whether marks, buckets or rows of a shape lead to more.
func opens(s delivery.Shape) bool { return s != delivery.Bins && s != delivery.Fan }

// Drawable reports whether there is a chart of a panel; its summary says why not.
func Drawable(d delivery.PanelData) bool {
	return d.N > 0 && (d.Shape != delivery.Fan || forecast(d)) && (d.Shape != delivery.Bars || len(d.Series[0].Points) > 0)
}

// nothingWord is the message in the place of a chart that there is not.
func nothingWord(d delivery.PanelData) string {
	if d.N > 0 {
		return "panel.nothing." + d.Slug
	}
	return "embed.nothing"
}
