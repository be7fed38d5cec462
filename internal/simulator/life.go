package simulator

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"throughline/internal/delivery"
)

// life plans what happens to one generated issue from its creation until it is
// closed for good or the calendar ends, past and future alike: what is true at
// an instant is the part of the plan up to it. It depends on the seed, the
// issue's ordinal and the company's start only.
type life struct {
	c     *Company
	r     *rand.Rand
	n     int
	queue index
	typ   index
	quick float64 // factor on all durations: size of the work
	owner index
	acts  []act

	clock    worktime
	last     delivery.Instant // of the acts so far
	status   index
	position int // on the way through the queue

	// Rounds after which something out of the ordinary happens; -1 for never.
	rejectAt, strandAt, moveAt int

	// Working time of the creation, the first step of work and the last
	// closing; -1 when there was none.
	born, began, ended worktime
}

// plan is the life of the n-th issue, in order of time.
func (c *Company) plan(n int) []act {
	l := life{c: c, n: n, r: rand.New(rand.NewPCG(c.seed, uint64(n)*0x9e3779b97f4a7c15+1)), began: -1, ended: -1}
	l.queue = c.queueOf(n)
	l.typ = pick(l.r, queues[l.queue].types)
	if isEpic(n) {
		l.typ = typeEpic
	}
	q := &queues[l.queue]
	l.owner = q.team[l.r.IntN(len(q.team))]
	l.create()
	l.work()
	l.fill()
	slices.SortStableFunc(l.acts, func(a, b act) int { return cmp.Compare(a.at, b.at) })
	return l.acts
}

// queueOf is the queue an issue is created in.
func (c *Company) queueOf(n int) index {
	u := float64(c.mix(n, 4)%10000) / 10000
	if isEpic(n) {
		u *= .8 // OPS plans no epics
	}
	for i := range queues {
		if u -= queues[i].share; u < 0 {
			return index(i)
		}
	}
	return 0
}

func pick(r *rand.Rand, from []weight) index {
	u := r.Float64()
	for _, w := range from {
		if u -= w.share; u < 0 {
			return w.of
		}
	}
	return from[len(from)-1].of
}

func (l *life) add(a act) { l.acts = append(l.acts, a) }

// land turns the working clock into an instant: sometimes after hours, never
// before what happened last.
func (l *life) land() delivery.Instant {
	at := l.c.office.at(l.clock)
	if l.r.Float64() < queues[l.queue].night {
		late := at + delivery.Instant(workday+int64(l.r.Float64()*float64(14*hour)))
		if l.n >= l.c.size || late <= l.c.epoch || at > l.c.epoch {
			at = late
		}
	}
	if at <= l.last {
		at = l.last + delivery.Instant(20*second+l.r.Int64N(4*minute))
	}
	l.last = at
	return at
}

func (l *life) create() {
	q := &queues[l.queue]
	l.born = l.c.arrival(l.n)
	l.clock = l.born
	at := l.land()
	author := index(1 + l.r.IntN(int(people)))
	if l.queue == opsQueue && l.typ == typeIncident && l.r.IntN(2) == 0 {
		author = robot
	}
	do := doCreate
	if l.r.IntN(80) == 0 {
		do = doClone
	}
	l.quick = 1
	l.add(act{at: at, do: do, actor: author, a: int32(l.queue), b: int32(l.typ), flag: q.initial})
	if p := l.r.IntN(10); p < 4 {
		priority := []index{priorityMinor, priorityCritical, priorityCritical, priorityBlocker}[p]
		l.early(doPriority, author, int32(priority), 0)
		if priority >= priorityCritical {
			l.quick *= .7
		}
	}
	l.early(doComponents, author, int32(l.r.IntN(len(q.components))), 0)
	if (l.typ == typeTask || l.typ == typeStory) && l.r.IntN(10) < 7 && l.queue != opsQueue {
		points := []int32{1, 2, 3, 5, 8, 13}[min(int(math.Abs(l.r.NormFloat64())*2.2), 5)]
		l.early(doPoints, q.lead, points, 0)
		l.quick *= math.Sqrt(float64(points)) / 1.6
	}
	switch l.typ {
	case typeBug:
		l.quick *= .75
		l.early(doCustom, author, int32(1+l.r.IntN(4)), 0)
	case typeIncident:
		l.early(doCustom, author, int32(1+l.r.IntN(4)), 0)
	case typeRequest:
		l.quick *= 1.8
	case typeEpic:
		l.quick *= 9
	}
}

// early does something in the first minutes of the issue.
func (l *life) early(do doing, actor index, a, b int32) {
	l.last += delivery.Instant(second + l.r.Int64N(20*second))
	l.add(act{at: l.last, do: do, actor: actor, a: a, b: b})
}

// stay is how long the issue stays in a status, in working time.
func (l *life) stay(s step) worktime {
	hours := s.median * math.Exp(s.sigma*l.r.NormFloat64()) * l.quick * l.c.pace(l.c.office.at(l.clock))
	return worktime(hours*float64(hour)) + worktime(l.r.Int64N(2*minute))
}

// work walks the issue through its queue until it is closed for good, put
// aside for ever or the calendar ends.
func (l *life) work() {
	l.chances()
	l.status, l.position = queues[l.queue].initial, 0
	for rounds := 0; l.clock < l.c.office.end() && rounds < 60; rounds++ {
		q := &queues[l.queue]
		s := q.flow[l.position]
		l.clock += l.stay(s)
		if rounds == l.strandAt {
			return
		}
		if rounds == l.moveAt && l.move() {
			continue
		}
		next := l.next(s)
		switch {
		case rounds == l.rejectAt:
			l.finish(l.rejection())
		case next == statusNeedInfo || next == statusOnHold:
			l.detour(next)
			continue
		case next == q.final:
			l.finish(resolutionFixed)
		default:
			l.turn(next, keepResolution)
			l.position = q.at(next)
			continue
		}
		if l.r.Float64() >= q.reopen {
			return
		}
		l.reopen()
	}
}

// next is the status an issue goes to from a step.
func (l *life) next(s step) index {
	q := &queues[l.queue]
	u := l.r.Float64()
	for _, w := range s.next {
		if u -= w.share; u < 0 {
			return w.of
		}
	}
	if l.position+1 < len(q.flow) {
		return q.flow[l.position+1].status
	}
	return q.final
}

// turn changes the status at the working clock.
func (l *life) turn(to index, resolution int32) {
	if l.began < 0 && to != queues[l.queue].initial && to != statusNeedInfo {
		l.began = l.clock
	}
	a := act{at: l.land(), do: doStatus, actor: l.owner, a: int32(to), b: resolution}
	switch u := l.r.IntN(200); {
	case u < 3:
		a.flag = asUpdate
	case u < 12:
		a.flag = backwards
	}
	if to == statusClosed && l.status == statusReadyForRelease {
		a.actor = robot
	}
	l.add(a)
	l.status = to
}

// finish closes the issue.
func (l *life) finish(resolution index) {
	q := &queues[l.queue]
	r := int32(resolution)
	if resolution == resolutionFixed && l.r.IntN(40) == 0 {
		r = keepResolution // nobody filled it in
	}
	if resolution == resolutionDuplicate {
		l.clockedAct(act{do: doLink, actor: l.owner, a: int32(1 + l.r.IntN(30)), b: linkDuplicates})
	}
	l.turn(q.final, r)
	l.ended = l.clock
	if l.r.IntN(25) == 0 {
		l.clockedAct(act{do: doComment, actor: l.owner, a: int32(l.r.IntN(len(remarks)))})
	}
}

// clockedAct does something a little before or after what was last.
func (l *life) clockedAct(a act) {
	l.last += delivery.Instant(second + l.r.Int64N(10*second))
	a.at = l.last
	l.add(a)
}
