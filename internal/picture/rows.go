package picture

import "slices"

// fallName is a name that begins at a vertical and goes to the right of it, or to the left.
type fallName struct {
	x     float64 // of the vertical
	words string
	row   int
	left  bool
}

const (
	rowHeight = 15
	rowGap    = 5 // between a vertical and its name
)

// inRows puts names into rows, so that none covers another, nor is cut by the vertical of one
// that stands in a higher row. Those that would leave the plot go to the left.
func inRows(names []fallName, begin, end float64) {
	type placed struct {
		from float64
		row  int
	}
	var all []placed
	order := make([]int, len(names))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return -compare(names[a].x, names[b].x) })
	for _, i := range order {
		n := &names[i]
		w := labelFace.width(n.words) + rowGap
		from, to := n.x, n.x+w
		if to > end && n.x-w >= begin {
			n.left, from, to = true, n.x-w, n.x
		}
		n.row = 0
		for _, other := range all {
			if other.from < to+rowGap {
				n.row = max(n.row, other.row+1)
			}
		}
		all = append(all, placed{from, n.row})
	}
}

// rowsOf is how many rows names take.
func rowsOf(names []fallName) int {
	rows := 0
	for _, n := range names {
		rows = max(rows, n.row+1)
	}
	return rows
}

// write writes a name with its baseline at y; those that stand upon something have ground
// of their own.
func (p *plot) write(n fallName, y float64, grounded bool) {
	f, x := labelFace, n.x+rowGap
	w := f.width(n.words)
	if n.left {
		x = n.x - rowGap - w
	}
	if grounded {
		p.rect(box{x - 2, y - 11, w + 4, 14}, paper, 0.8)
	}
	p.text(point{x, y}, n.words, f)
}
