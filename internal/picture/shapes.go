package picture

import "math"

// shapes tell types of marks apart, in the order of views; a unit square holds each. The
// first is a circle, the last one with a hole. Outlines run one way, holes the other.
var shapes = [][][]point{
	{circle(0.5, false)},
	{{{0.5, 0}, {1, 1}, {0, 1}}},
	{{{0, 0}, {1, 0}, {1, 1}, {0, 1}}},
	{{{0.5, 0}, {1, 0.5}, {0.5, 1}, {0, 0.5}}},
	{{{0, 0.05}, {1, 0.05}, {0.5, 0.95}}},
	{{{0.35, 0}, {0.65, 0}, {0.65, 0.35}, {1, 0.35}, {1, 0.65}, {0.65, 0.65}, {0.65, 1}, {0.35, 1}, {0.35, 0.65}, {0, 0.65}, {0, 0.35}, {0.35, 0.35}}},
	{circle(0.5, false), circle(0.3, true)},
}

// circle is one of a unit square in many corners.
func circle(r float64, back bool) []point {
	const corners = 20
	out := make([]point, corners)
	for i := range out {
		a := 2 * math.Pi * float64(i) / corners
		if back {
			a = -a
		}
		out[i] = point{0.5 + r*math.Cos(a), 0.5 + r*math.Sin(a)}
	}
	return out
}

// shapeAt are the outlines of a shape of a size around a point.
func shapeAt(shape int, size float64, c point) [][]point {
	out := make([][]point, len(shapes[shape]))
	for i, outline := range shapes[shape] {
		out[i] = make([]point, len(outline))
		for k, p := range outline {
			out[i][k] = point{c.x + (p.x-0.5)*size, c.y + (p.y-0.5)*size}
		}
	}
	return out
}

// shapePath is a shape around 0 as SVG has it.
func shapePath(shape int, size float64) string {
	path := ""
	for _, outline := range shapeAt(shape, size, point{}) {
		for i, p := range outline {
			path += map[bool]string{true: "M", false: "L"}[i == 0] + px(p.x) + " " + px(p.y)
		}
		path += "Z"
	}
	return path
}
