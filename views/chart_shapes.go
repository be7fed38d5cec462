package views

import "throughline/internal/delivery"

// dots reports whether the marks of a shape are records, each at a time of its own.
func dots(s delivery.Shape) bool { return s == delivery.Marks || s == delivery.Control }

// overTime reports whether a shape has the time of the range as its axis, so that what
// happened in it can be drawn.
func overTime(s delivery.Shape) bool {
	return s != delivery.Bars && s != delivery.Bins && s != delivery.Fan
}

// opens reports whether marks, buckets or rows of a shape lead to more.
func opens(s delivery.Shape) bool { return s != delivery.Bins && s != delivery.Fan }
