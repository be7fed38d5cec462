package simulator

import "throughline/internal/delivery"

// opsQueue is the position of OPS in queues.
const opsQueue index = 3

// chances draws what will go differently with this issue.
func (l *life) chances() {
	l.rejectAt, l.strandAt, l.moveAt = -1, -1, -1
	if l.typ == typeEpic {
		return
	}
	u := l.r.Float64()
	stranded := .02
	if l.queue == 2 {
		stranded = .05 // the mobile queue forgets
	}
	switch {
	case u < .075:
		l.rejectAt = 0
	case u < .1:
		l.rejectAt = 2
	case u < .1+stranded:
		l.strandAt = l.r.IntN(4)
	case u < .19:
		l.moveAt = l.r.IntN(2)
	}
}

// rejection is why an issue is closed without being done.
func (l *life) rejection() index {
	switch u := l.r.IntN(20); {
	case u < 9:
		return resolutionWontFix
	case u < 15:
		return resolutionDuplicate
	case u < 18:
		return resolutionCantReproduce
	}
	return resolutionLater
}

// detour leaves the main way for a status in which somebody else is waited
// for, and comes back.
func (l *life) detour(to index) {
	from := l.status
	l.turn(to, keepResolution)
	for _, s := range asides {
		if s.status == to {
			l.clock += l.stay(s)
		}
	}
	l.turn(from, keepResolution)
	if l.r.IntN(12) == 0 {
		l.flap(from)
	}
}

// flap is a script gone wrong: to and fro within a second.
func (l *life) flap(home index) {
	for i := range 4 {
		to := home
		if i%2 == 0 {
			to = statusNeedInfo
		}
		l.last += delivery.Instant(90 + l.r.Int64N(300))
		l.add(act{at: l.last, do: doStatus, actor: robot, a: int32(to), b: keepResolution})
	}
}

// reopen takes a closed issue up again; sometimes the resolution is left
// behind.
func (l *life) reopen() {
	q := &queues[l.queue]
	l.clock += l.stay(step{median: 26, sigma: 1})
	resolution := int32(resolutionNone)
	if l.r.IntN(4) == 0 {
		resolution = keepResolution
	}
	l.turn(q.reopenTo, resolution)
	l.position = q.at(q.reopenTo)
	l.rejectAt, l.strandAt, l.moveAt = -1, -1, -1
	l.quick *= .6
}

// move takes the issue to another queue: with its status where that queue
// knows it, else reset to the queue's first one; a third of the resets leave
// no trace in the changelog. It reports false when there is nowhere to go.
func (l *life) move() bool {
	target := index(l.r.IntN(len(queues)))
	if target == l.queue {
		return false
	}
	q := &queues[target]
	a := act{at: l.land(), do: doMove, actor: l.owner, a: int32(target)}
	position := q.at(l.status)
	if position < 0 || l.status != q.initial && l.r.IntN(2) == 0 {
		position = 0
		a.b = int32(q.initial)
		if l.r.IntN(3) == 0 {
			a.flag = hidden
		}
		l.status = q.initial
	}
	l.add(a)
	l.queue, l.position = target, position
	l.owner = q.team[l.r.IntN(len(q.team))]
	return true
}
