package picture

import (
	"cmp"
	"math"
)

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
