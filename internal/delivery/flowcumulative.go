package delivery

import (
	"cmp"
	"context"
	"slices"
	"sort"
)

// CumulativeFlow is how many issues were in each status at the end of each bucket of
// a range, the last of which ends now if it has not yet.
type CumulativeFlow struct {
	Sample  // of the issues that were open at some time in the range
	Buckets []Bucket
	Begun   int // buckets that have; nothing is known of the others
	// Closed are the issues in closed statuses but for those closed before the range,
	// by bucket.
	Closed   []int
	Statuses []StatusCount // open ones, in workflow order
	// At the end of the range: issues in active statuses, and all open ones.
	WIP, Open int
	Arrived   int // created in the range
}

// StatusCount is how many issues were in a status at the end of each bucket.
type StatusCount struct {
	StatusTime // without a time
	Issues     []int
}

// CumulativeFlowOf asks a store for the cumulative flow.
func CumulativeFlowOf(ctx context.Context, s LivesStore, q FlowQuery) (CumulativeFlow, error) {
	c := newCumulation(&q)
	err := s.Lives(ctx, q, func(lives Lives) error {
		if err := lives.Each(ctx, openIn(&q), c.add); err != nil {
			return err
		}
		book, err := lives.Statuses(ctx)
		if err == nil {
			c.finish(book)
		}
		return err
	})
	if err != nil {
		return CumulativeFlow{}, err
	}
	return c.CumulativeFlow, nil
}

// cumulation adds issues up.
type cumulation struct {
	CumulativeFlow
	from, known Instant
	ends        []Instant // of the buckets that have begun
	closed      []int     // as changes from bucket to bucket, like those of cells
	cells       map[Place]map[string]*statusCell
}

// statusCell is a status at a place.
type statusCell struct {
	changes []int // from bucket to bucket; one more than there are buckets
	stays   int
}

func newCumulation(q *FlowQuery) *cumulation {
	c := &cumulation{from: q.From, known: q.KnownTo(q.Now), cells: map[Place]map[string]*statusCell{}}
	c.Sample, c.Buckets = q.sample(), q.buckets()
	for _, b := range c.Buckets {
		if b.Start < c.known {
			c.ends = append(c.ends, min(b.End, c.known))
		}
	}
	c.Begun = len(c.ends)
	c.closed = make([]int, c.Begun+1)
	return c
}

// first is the first bucket that ends after an instant. What begins then counts from
// it on: what happens at a bucket's end belongs to the next one.
func (c *cumulation) first(at Instant) int {
	if at < c.from {
		return 0
	}
	return sort.Search(c.Begun, func(i int) bool { return c.ends[i] > at })
}

// add counts an issue in each bucket.
func (c *cumulation) add(l *Life) {
	if l.CreatedAt >= c.from && l.CreatedAt < c.known {
		c.Arrived++
	}
	if l.openDuring(c.from, c.known) {
		c.N++
	}
	var cells map[string]*statusCell
	begin, closedSince := c.first(l.CreatedAt), Instant(0)
	for i := range l.Stays {
		s := &l.Stays[i]
		end := c.Begun
		if s.End.Known() {
			end = c.first(s.End)
		}
		if s.Class != Closed {
			closedSince = 0
		} else if !closedSince.Known() {
			closedSince = s.Start
		}
		if end == begin {
			continue
		}
		if s.Class == Closed {
			if closedSince >= c.from {
				c.closed[begin]++
				c.closed[end]--
			}
		} else {
			if cells == nil {
				cells = c.at(l.Place)
			}
			c.stay(cells, s, begin, end)
		}
		begin = end
	}
}

func (c *cumulation) at(p Place) map[string]*statusCell {
	cells := c.cells[p]
	if cells == nil {
		cells = map[string]*statusCell{}
		c.cells[p] = cells
	}
	return cells
}

// stay counts a stay from a bucket to another.
func (c *cumulation) stay(cells map[string]*statusCell, s *Stay, begin, end int) {
	cell := cells[s.Status]
	if cell == nil {
		cell = &statusCell{changes: make([]int, c.Begun+1)}
		cells[s.Status] = cell
	}
	cell.stays++
	cell.changes[begin]++
	cell.changes[end]--
	if end == c.Begun {
		c.Open++
		if s.Class == Active {
			c.WIP++
		}
	}
}

// finish sums changes up and names the statuses.
func (c *cumulation) finish(book *StatusBook) {
	c.Closed = running(c.closed)
	places, changes := map[string]map[Place]int{}, map[string][]int{}
	for p, cells := range c.cells {
		for key, cell := range cells {
			if places[key] == nil {
				places[key], changes[key] = map[Place]int{}, make([]int, c.Begun+1)
			}
			places[key][p] = cell.stays
			for i, n := range cell.changes {
				changes[key][i] += n
			}
		}
	}
	for key, at := range places {
		c.Statuses = append(c.Statuses, StatusCount{book.At(key, at, c.known-1), running(changes[key])})
	}
	slices.SortFunc(c.Statuses, func(a, b StatusCount) int { return compareStatuses(a.StatusTime, b.StatusTime) })
}

// running are the sums of changes up to each but the last.
func running(changes []int) []int {
	out := make([]int, len(changes)-1)
	sum := 0
	for i := range out {
		sum += changes[i]
		out[i] = sum
	}
	return out
}

// Panel is the number of issues per status, as the panel cumulative-flow shows it.
func (c CumulativeFlow) Panel(q FlowQuery) PanelData {
	d := q.data("cumulative-flow", Areas, c.Sample,
		Figure{"wip", number(c.WIP)}, Figure{"open", number(c.Open)}, Figure{"arrived", number(c.Arrived)})
	d.Quantity = IssueCounts
	row := func(name string, category Category, issues []int) {
		s := Series{name, make([]Point, len(c.Buckets))}
		for i, b := range c.Buckets {
			s.Points[i] = Point{T: b.Label.In(d.Zone), Slot: &Slot{Label: b.Label, Partial: b.Partial}, Category: &category}
			if i < c.Begun {
				s.Points[i].Value, s.Points[i].N = number(issues[i]), &issues[i]
			}
		}
		d.Series = append(d.Series, s)
	}
	row(Closed.String(), Category{Name: Closed.String(), Class: Closed.String()}, c.Closed)
	for _, s := range slices.Backward(c.Statuses) {
		row(s.Key, Category{Name: cmp.Or(s.Name, s.Key), Class: s.Class.String()}, s.Issues)
	}
	return d
}
