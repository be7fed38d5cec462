package clickhousestore

import "throughline/internal/delivery"

// flowLabels is what a row of flow repeats of its issue, to filter by.
type flowLabels struct {
	issue                              int64
	connection, queue, typ, resolution string
}

// flowColumns are rows of flow to be written.
type flowColumns struct {
	generations                           []uint32
	issues                                []int64
	connections, queues, types, solutions []string
	created, active, closed               []int64
	reopened                              []uint32
	statuses                              [][]string
	starts                                [][]int64
	classes                               [][]uint8
	gone                                  []uint8
}

// add derives a row of a generation from an issue's periods.
func (c *flowColumns) add(generation uint32, l flowLabels, created delivery.Instant, periods []delivery.Period, class delivery.Classes) {
	f := delivery.FlowOf(created, periods, class)
	statuses, starts, classes := make([]string, len(periods)), make([]int64, len(periods)), make([]uint8, len(periods))
	for i, p := range periods {
		statuses[i], starts[i], classes[i] = p.Status.Key, int64(p.Start), uint8(class(p.Status.Key, p.Start))
	}
	c.put(generation, l, f, 0)
	c.statuses, c.starts, c.classes = append(c.statuses, statuses), append(c.starts, starts), append(c.classes, classes)
}

// remove takes an issue's row away.
func (c *flowColumns) remove(generation uint32, r *issueRow) {
	c.put(generation, flowLabels{r.issue, r.connection, r.queue, r.typ, r.resolution}, delivery.Flow{}, 1)
	c.statuses, c.starts, c.classes = append(c.statuses, nil), append(c.starts, nil), append(c.classes, nil)
}

func (c *flowColumns) put(generation uint32, l flowLabels, f delivery.Flow, gone uint8) {
	c.generations, c.issues = append(c.generations, generation), append(c.issues, l.issue)
	c.connections, c.queues = append(c.connections, l.connection), append(c.queues, l.queue)
	c.types, c.solutions = append(c.types, l.typ), append(c.solutions, l.resolution)
	c.created, c.active = append(c.created, int64(f.CreatedAt)), append(c.active, int64(f.FirstActiveAt))
	c.closed, c.reopened = append(c.closed, int64(f.ClosedAt)), append(c.reopened, uint32(f.ReopenCount))
	c.gone = append(c.gone, gone)
}

func (c *flowColumns) insert(w *writer) error {
	n := len(c.issues)
	return w.insert("flow", n,
		column{"generation", c.generations}, column{"issue", c.issues}, column{"connection", c.connections},
		column{"queue", c.queues}, column{"type", c.types}, column{"resolution", c.solutions},
		column{"created_at", c.created}, column{"first_active_at", c.active}, column{"closed_at", c.closed},
		column{"reopen_count", c.reopened}, column{"statuses", c.statuses}, column{"starts", c.starts},
		column{"classes", c.classes}, column{"gone", c.gone}, w.written(n))
}

// periodsOf are the periods that a row of flow holds.
func periodsOf(statuses []string, starts []int64, into []delivery.Period) []delivery.Period {
	into = into[:0]
	for i, key := range statuses {
		p := delivery.Period{Status: delivery.Ref{Key: key}, Start: delivery.Instant(starts[i])}
		if i+1 < len(starts) {
			p.End = delivery.Instant(starts[i+1])
		}
		into = append(into, p)
	}
	return into
}
