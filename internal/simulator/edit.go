package simulator

// edit changes fields that say nothing of the flow.
func (s *state) edit(a act, e *event) {
	switch a.do {
	case doAssign:
		to := colleague(s.assignee, a)
		e.change(fieldAssignee, personRef(s.assignee), personRef(to))
		s.assignee = to
	case doQA:
		to := colleague(s.qa, a)
		e.change(fieldQA, personRef(s.qa), personRef(to))
		s.qa = to
	case doPriority:
		e.change(fieldPriority, priorityRef(s.priority), priorityRef(a.a))
		s.priority = index(a.a)
	case doType:
		e.change(fieldType, typeRef(s.typ), typeRef(a.a))
		s.typ = index(a.a)
	case doPoints:
		e.change(fieldPoints, number(s.points), number(a.a))
		s.points = uint8(a.a)
	case doCustom:
		e.change(fieldSeverity, severity{s.queue, s.severity}, severity{s.queue, uint8(a.a)})
		s.severity = uint8(a.a)
	case doComponents:
		was := s.components
		s.components ^= 1 << a.a
		e.change(fieldComponents, componentSet{s.queue, was}, componentSet{s.queue, s.components})
	case doTags:
		was := s.tags
		s.tags ^= 1 << a.a
		e.change(fieldTags, tagSet(was), tagSet(s.tags))
	case doFollow:
		was := s.followers
		s.followers ^= 1 << a.a
		e.change(fieldFollowers, peopleSet(was), peopleSet(s.followers))
	case doSprint:
		was := s.sprints
		s.sprints |= 1 << a.a
		e.change(fieldSprint, sprintSet{s.queue, was}, sprintSet{s.queue, s.sprints})
	default:
		s.editText(a, e)
	}
}

func (s *state) editText(a act, e *event) {
	switch a.do {
	case doSummary:
		was := s.summary()
		if s.title = a.text; a.text == "" {
			s.variant += uint8(a.a) + 1
		}
		e.change(fieldSummary, text(was), text(s.summary()))
	case doDescription:
		was := s.descriptionText()
		if s.description = a.text; a.text == "" {
			s.described = uint8(a.a) + 1
		}
		e.change(fieldDescription, text(was), text(s.descriptionText()))
	case doDeadline:
		e.change(fieldDeadline, date(s.deadline), date(a.a))
		s.deadline = a.a
		if s.start == 0 {
			s.start, s.end = localDay(a.at), a.a-1
		}
	case doEstimate:
		e.change(fieldEstimate, span(s.estimate), span(a.a))
		s.estimate = a.a
	case doChecklist:
		e.change(fieldChecklist, number(s.checkTotal), number(a.a))
		s.checkTotal, s.checkDone = uint8(a.a), uint8(a.b)
	}
}

// colleague is who comes a.a steps after somebody, or a.a itself when the act
// says so; never the same.
func colleague(now index, a act) index {
	if a.flag == 1 && index(a.a) != now {
		return index(a.a)
	}
	return (now+index(a.a)+people-1)%people + 1
}
