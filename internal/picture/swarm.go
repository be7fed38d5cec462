package picture

import (
	"math"
	"slices"
)

const (
	swarmGap  = 9.0 // from the middle of a dot to that of another
	swarmStep = 3.0
)

// swarm moves dots of one column aside where they would cover each other, no further than
// most, the same way each time. Where the column is too full, they share the places there
// are. ys are their heights; the result says how far each is moved.
func swarm(ys []float64, most float64) []float64 {
	order := make([]int, len(ys))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return compare(ys[b], ys[a]) })
	out := make([]float64, len(ys))
	var placed []point
	for k, i := range order {
		near := k
		for near > 0 && placed[near-1].y-ys[i] < swarmGap {
			near--
		}
		fits := func(x float64) bool {
			return !slices.ContainsFunc(placed[near:], func(p point) bool { return math.Hypot(p.x-x, p.y-ys[i]) < swarmGap })
		}
		x, found := 0.0, false
		for away := 0.0; away <= most && !found; away += swarmStep {
			for _, side := range []float64{away, -away} {
				if fits(side) {
					x, found = side, true
					break
				}
			}
		}
		if !found {
			x = (float64(k*7%17)/8 - 1) * most
		}
		out[i], placed = x, append(placed, point{x, ys[i]})
	}
	return out
}
