package simulator

import "throughline/internal/delivery"

// A common event between the changes of status.
type filler struct {
	share int
	do    doing
	most  int32 // a is drawn below it
}

// fillers are weighed roughly as changelogs of real queues are.
var fillers = []filler{
	{30, doComment, int32(len(remarks))},
	{9, doAssign, 4},
	{9, doFollow, int32(people)},
	{7, doTags, int32(len(tagNames))},
	{6, doWork, 8},
	{5, doLink, 40},
	{4, doDescription, 6},
	{4, doPoints, 5},
	{4, doPriority, 0},
	{3, doDeadline, 30},
	{3, doChecklist, 6},
	{3, doAttach, 5},
	{3, doSummary, 4},
	{3, doEstimate, 10},
	{2, doQA, 3},
	{2, doComponents, 3},
	{2, doReact, 2},
	{2, doRemark, int32(len(remarks))},
	{2, doVote, 0},
	{1, doUncomment, 0},
	{1, doRework, 8},
	{1, doUnwork, 0},
	{1, doRelink, 3},
	{1, doUnlink, 0},
	{1, doRelated, 0},
	{1, doDetach, 0},
	{1, doCustom, 4},
}

var fillerShares = func() (total int) {
	for _, f := range fillers {
		total += f.share
	}
	return total
}()

// fill puts the events in between that change no status, so that the mean
// number of events comes to what was asked for.
func (l *life) fill() {
	l.plan2weeks()
	left := int(float64(l.c.events)*(.35+1.25*l.r.Float64()) + .5 - float64(len(l.acts)))
	end := l.ended
	if end < 0 {
		end = max(l.clock, l.born+worktime(workday))
	}
	begin := l.born
	if l.began > 0 {
		begin = (l.born + 3*l.began) / 4
	}
	created := l.acts[0].at
	if l.r.IntN(8) != 0 {
		l.add(act{at: created + delivery.Instant(minute), do: doAssign, actor: l.owner, a: int32(l.owner), flag: 1})
		left--
	}
	for ; left > 0; left-- {
		span := end - begin
		w := begin + worktime(l.r.Float64()*float64(span))
		if l.ended >= 0 && l.r.IntN(9) == 0 {
			w = end + worktime(l.r.Int64N(4*workday))
		}
		at := max(l.c.office.at(w), created+delivery.Instant(2*second))
		l.add(l.filler(at))
	}
}

func (l *life) filler(at delivery.Instant) act {
	u := l.r.IntN(fillerShares)
	for _, f := range fillers {
		if u -= f.share; u >= 0 {
			continue
		}
		a := act{at: at, do: f.do, actor: l.someone()}
		if f.most > 0 {
			a.a = l.r.Int32N(f.most)
		}
		switch f.do {
		case doPriority:
			a.a = int32([]index{priorityMinor, priorityNormal, priorityNormal, priorityCritical}[l.r.IntN(4)])
		case doPoints:
			a.a = []int32{1, 2, 3, 5, 8}[a.a]
		case doFollow, doAssign, doQA, doCustom, doLink:
			a.a++
		case doWork, doRework:
			a.a = (a.a + 1) * 30
		case doEstimate:
			a.a = (a.a + 1) * 120
		case doDeadline:
			a.a += localDay(at) + 5
		case doChecklist:
			a.b = l.r.Int32N(a.a + 1)
		}
		if f.do == doLink || f.do == doRelink {
			a.b = l.r.Int32N(int32(len(linkTypes)))
		}
		return a
	}
	return act{at: at, do: doComment, actor: l.owner}
}

func (l *life) someone() index {
	if l.r.IntN(3) > 0 {
		return l.owner
	}
	team := queues[l.queue].team
	return team[l.r.IntN(len(team))]
}

// plan2weeks puts the issue into the sprint in which work began and the two
// after it: all issues of a planning are changed at the very same instant.
func (l *life) plan2weeks() {
	if !queues[l.queue].sprints || l.began < 0 || l.typ == typeEpic {
		return
	}
	end := l.ended
	if end < 0 {
		end = l.clock
	}
	until := l.c.office.at(end)
	created := l.acts[0].at
	sprint := l.c.sprintAt(l.c.office.at(l.began))
	for i := sprint; i < min(sprint+3, maxSprints); i++ {
		at := max(l.c.sprintStart(i), created+delivery.Instant(30*second))
		if at >= until {
			return
		}
		l.add(act{at: at, do: doSprint, actor: queues[l.queue].lead, a: int32(i)})
	}
}

// Sprints are two weeks from a Monday 10:30 on.
const (
	maxSprints = 64
	sprintDays = 14
)

func (c *Company) sprintStart(i int) delivery.Instant {
	return delivery.Instant(int64(int(c.firstMonday)+i*sprintDays)*day - utcOff + opens + 30*minute)
}

func (c *Company) sprintAt(t delivery.Instant) int {
	return max(int(localDay(t)-c.firstMonday)/sprintDays, 0)
}
