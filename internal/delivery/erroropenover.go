package delivery

import "iter"

// OpenErrorsOver is how many groups stood open at the end of each bucket of the range,
// or now if that is earlier, as OpenErrors counts them. There is no value where nobody
// knows how one of them stood, and none in buckets to come.
func OpenErrorsOver(groups iter.Seq2[ListedErrorGroup, error], q ErrorsAsked) ([]Point, error) {
	b := q.buckets()
	open, unknown := make([]int, len(b.all)), make([]bool, len(b.all))
	err := eachOf(groups, func(g *ListedErrorGroup) {
		first, seen := q.FirstSeen(&g.ErrorGroup)
		if !seen {
			return
		}
		for i := range b.all {
			until := min(b.all[i].End, q.Until())
			if first > until || b.all[i].Start > until {
				continue
			}
			switch status, known := g.StatusAt(until); {
			case !known:
				unknown[i] = true
			case status == GroupUnresolved:
				open[i]++
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return b.line(q.Zone, "open", 0, func(i int) (*float64, int) {
		if unknown[i] || b.all[i].Start > q.Until() {
			return nil, open[i]
		}
		return number(open[i]), open[i]
	}).Points, nil
}
