package simulator

import "throughline/internal/delivery"

// change is a changed field of an event.
type change struct {
	field    index
	from, to value
}

// event is an act as the changelog tells it.
type event struct {
	seq     int // among the issue's acts
	at      delivery.Instant
	kind    string // IssueWorkflow
	actor   index
	changes []change
	payload payload
}

// payload is what an event says beside changed fields, zero when nothing.
type payload struct {
	do     doing
	x, y   int32 // by do: number of a comment or record, minutes before and after, …
	issue  int32 // ordinal of the other issue
	before int32 // link type before
}

func (e *event) change(field index, from, to value) {
	e.changes = append(e.changes, change{field, from, to})
}

// apply makes the state what it is after the act, and tells it in e. It
// reports false when the changelog says nothing of it.
func (s *state) apply(a act, e *event) bool {
	if a.do == doDelete || a.do == doRestore {
		s.deleted = a.do == doDelete
		if a.do == doRestore {
			s.touch(a)
		}
		return false
	}
	a.do = s.possible(a)
	*e = event{seq: int(s.events), at: a.at, kind: "IssueUpdated", actor: a.actor, changes: e.changes[:0], payload: payload{do: a.do}}
	switch a.do {
	case doCreate, doClone:
		s.create(a, e)
	case doStatus:
		if !s.turn(a, e) {
			return false
		}
	case doMove:
		s.move(a, e)
	case doComment, doRemark, doUncomment, doReact:
		s.comment(a, e)
	case doWork, doRework, doUnwork:
		s.work(a, e)
	case doLink, doRelink, doUnlink, doRelated:
		s.link(a, e)
	case doAttach, doDetach, doVote:
		s.attach(a, e)
	default:
		s.edit(a, e)
	}
	s.touch(a)
	s.events++
	return true
}

func (s *state) touch(a act) {
	s.updatedAt, s.updatedBy = a.at, a.actor
	s.version++
}

// possible is what is done instead when an act has nothing to be done to.
func (s *state) possible(a act) doing {
	ok := true
	switch a.do {
	case doRemark, doUncomment, doReact:
		ok = s.comments > 0
	case doRework, doUnwork:
		ok = s.works > 0
	case doLink:
		ok = s.linked == 0 && int(a.a) <= s.of.n
	case doRelink, doUnlink, doRelated:
		ok = s.linked != 0
	case doDetach:
		ok = s.attachments > 0
	case doPriority:
		ok = index(a.a) != s.priority
	case doPoints:
		ok = uint8(a.a) != s.points
	case doSprint:
		ok = !has(s.sprints, int(a.a))
	}
	if !ok {
		return doComment
	}
	return a.do
}

func (s *state) create(a act, e *event) {
	e.kind = "IssueCreated"
	if a.do == doClone {
		e.kind = "IssueCloned"
	}
	s.createdAt, s.statusStart = a.at, a.at
	s.queue, s.typ, s.status, s.priority, s.author = index(a.a), index(a.b), a.flag, priorityNormal, a.actor
	s.followers = 1 << a.actor
	e.change(fieldStatus, nil, statusRef(s.status))
}

// turn changes the status. Tracker dates the new one a millisecond after the
// event.
func (s *state) turn(a act, e *event) bool {
	e.kind = "IssueWorkflow"
	if a.flag == asUpdate {
		e.kind = "IssueUpdated"
	}
	s.enter(index(a.a), a.at+1, e)
	if r := index(a.b); a.b != keepResolution && r != s.resolution {
		e.change(fieldResolution, resolutionRef(s.resolution), resolutionRef(r))
		s.resolution = r
		if r != resolutionNone {
			s.resolvedAt, s.resolvedBy = a.at, a.actor
		}
	}
	if a.flag == backwards {
		for i, j := 0, len(e.changes)-1; i < j; i, j = i+1, j-1 {
			e.changes[i], e.changes[j] = e.changes[j], e.changes[i]
		}
	}
	if a.flag == hidden {
		s.touch(a)
		return false
	}
	return true
}

func (s *state) enter(status index, at delivery.Instant, e *event) {
	e.change(fieldStatus, statusRef(s.status), statusRef(status))
	e.change(fieldStatusStart, stamp(s.statusStart), stamp(at))
	s.previous, s.previousBy = s.status, s.assignee
	s.status, s.statusStart = status, at
}

func (s *state) move(a act, e *event) {
	e.kind = "IssueMoved"
	e.change(fieldQueue, queueRef(s.queue+1), queueRef(a.a+1))
	e.change(fieldKey, keyRef{s.of, s.moves}, keyRef{s.of, s.moves + 1})
	if s.components != 0 {
		e.change(fieldComponents, componentSet{s.queue, s.components}, nil)
		s.components = 0
	}
	s.previousQueue, s.queue, s.moves = s.queue, index(a.a), s.moves+1
	if a.b == 0 {
		return
	}
	told := len(e.changes)
	s.enter(index(a.b), a.at+1, e)
	if a.flag == hidden {
		e.changes = e.changes[:told]
	}
}

func (s *state) comment(a act, e *event) {
	switch a.do {
	case doRemark:
		e.kind = "IssueCommentUpdated"
	case doUncomment:
		e.kind = "IssueCommentRemoved"
		s.comments--
	case doReact:
		e.kind = "IssueCommentReactionAdded"
		if a.a%2 == 1 {
			e.kind = "IssueCommentReactionRemoved"
		}
	default:
		e.kind = "IssueCommentAdded"
		s.comments++
		s.commented++
		s.commentAt = a.at
	}
	e.payload.x, e.payload.y = int32(s.commented), a.a
}

func (s *state) work(a act, e *event) {
	before := s.spent
	e.payload.x, e.payload.y = s.lastWork, a.a
	switch a.do {
	case doRework:
		e.kind = "IssueWorklogUpdated"
		s.spent, s.lastWork = s.spent-s.lastWork+a.a, a.a
	case doUnwork:
		e.kind = "IssueWorklogRemoved"
		e.payload.y = 0
		s.spent, s.lastWork = s.spent-s.lastWork, 0
		s.works--
	default:
		e.kind = "IssueWorklogAdded"
		e.payload.x = 0
		s.spent, s.lastWork = s.spent+a.a, a.a
		s.works++
		s.worked++
	}
	e.change(fieldSpent, span(before), span(s.spent))
}

func (s *state) link(a act, e *event) {
	e.payload.before = int32(s.linkType)
	switch a.do {
	case doRelink:
		e.kind = "IssueLinkChanged"
		s.linkType = uint8(a.b)
	case doUnlink:
		e.kind = "IssueUnlinked"
		e.payload.issue = s.linked - 1
		s.linked = 0
		return
	case doRelated:
		e.kind = "RelatedIssueResolutionChanged"
	default:
		e.kind = "IssueLinked"
		s.linked, s.linkType = int32(s.of.n)-a.a+1, uint8(a.b)
	}
	e.payload.x = int32(s.linkType)
	e.payload.issue = s.linked - 1
}

func (s *state) attach(a act, e *event) {
	switch {
	case a.do == doAttach:
		e.kind = "IssueAttachmentAdded"
		s.attachments++
		s.attached++
	case a.do == doDetach:
		e.kind = "IssueAttachmentRemoved"
		s.attachments--
	case s.votes == 0:
		e.kind = "IssueVoteAdded"
		s.votes = 1
		e.change(fieldVotes, number(0), number(1))
	default:
		e.kind = "IssueVoteRemoved"
		s.votes = 0
		e.change(fieldVotes, number(1), number(0))
	}
	e.payload.x = int32(s.attached)
}
