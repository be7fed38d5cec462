package simulator

import "strconv"

// property is a field of an issue in the API's order.
type property struct {
	name string
	when func(s *state) bool // nil: always there
	put  func(s *state, b []byte, w *writer) []byte
}

func put(v func(s *state) value) func(s *state, b []byte, w *writer) []byte {
	return func(s *state, b []byte, w *writer) []byte { return v(s).write(b, w) }
}

// properties lists all fields that an issue may have. One that is absent is
// left out, not null.
var properties = []property{
	{"self", nil, func(s *state, b []byte, w *writer) []byte { return appendText(b, w.base+"/issues/"+s.key()) }},
	{"id", nil, func(s *state, b []byte, _ *writer) []byte { return appendText(b, s.of.id) }},
	{"key", nil, func(s *state, b []byte, _ *writer) []byte { return appendText(b, s.key()) }},
	{"version", nil, func(s *state, b []byte, _ *writer) []byte { return strconv.AppendInt(b, int64(s.version), 10) }},
	{"lastCommentUpdatedAt", func(s *state) bool { return s.commentAt.Known() }, put(func(s *state) value { return stamp(s.commentAt) })},
	{"summary", nil, put(func(s *state) value { return text(s.summary()) })},
	{"description", func(s *state) bool { return s.descriptionText() != "" }, put(func(s *state) value { return text(s.descriptionText()) })},
	{"statusStartTime", nil, put(func(s *state) value { return stamp(s.statusStart) })},
	{"updatedBy", nil, put(func(s *state) value { return personRef(s.updatedBy) })},
	{"parent", func(s *state) bool { return s.of.parent() >= 0 }, put(func(s *state) value { return issueRef(s.of.parent()) })},
	{"epic", func(s *state) bool { return s.of.epic() >= 0 }, put(func(s *state) value { return issueRef(s.of.epic()) })},
	{"aliases", func(s *state) bool { return s.moves > 0 }, aliases},
	{"previousQueue", func(s *state) bool { return s.moves > 0 }, put(func(s *state) value { return queueRef(s.previousQueue + 1) })},
	{"sprint", func(s *state) bool { return s.sprints != 0 }, put(func(s *state) value { return sprintSet{s.queue, s.sprints} })},
	{"boards", func(s *state) bool { return s.sprints != 0 }, boardsOf},
	{"components", func(s *state) bool { return s.components != 0 }, put(func(s *state) value { return componentSet{s.queue, s.components} })},
	{"tags", func(s *state) bool { return s.tags != 0 }, put(func(s *state) value { return tagSet(s.tags) })},
	{"project", func(s *state) bool { return project(s) != "" }, projectOf},
	{"type", nil, put(func(s *state) value { return typeRef(s.typ) })},
	{"priority", nil, put(func(s *state) value { return priorityRef(s.priority) })},
	{"createdAt", nil, createdAt},
	{"updatedAt", nil, put(func(s *state) value { return stamp(s.updatedAt) })},
	{"createdBy", nil, put(func(s *state) value { return personRef(s.author) })},
	{"assignee", func(s *state) bool { return s.assignee != nobody }, put(func(s *state) value { return personRef(s.assignee) })},
	{"qaEngineer", func(s *state) bool { return s.qa != nobody }, put(func(s *state) value { return personRef(s.qa) })},
	{"followers", func(s *state) bool { return s.followers != 0 }, put(func(s *state) value { return peopleSet(s.followers) })},
	{"queue", nil, put(func(s *state) value { return queueRef(s.queue + 1) })},
	{"status", nil, put(func(s *state) value { return statusRef(s.status) })},
	{"previousStatus", func(s *state) bool { return s.previous != statusNone }, put(func(s *state) value { return statusRef(s.previous) })},
	{"previousStatusLastAssignee", func(s *state) bool { return s.previousBy != nobody }, put(func(s *state) value { return personRef(s.previousBy) })},
	{"resolution", func(s *state) bool { return s.resolution != resolutionNone }, put(func(s *state) value { return resolutionRef(s.resolution) })},
	// Reopening takes the resolution away; when it was resolved stays.
	{"resolvedAt", func(s *state) bool { return s.resolvedAt.Known() }, put(func(s *state) value { return stamp(s.resolvedAt) })},
	{"resolvedBy", func(s *state) bool { return s.resolvedBy != nobody }, put(func(s *state) value { return personRef(s.resolvedBy) })},
	{"start", func(s *state) bool { return s.start != 0 }, put(func(s *state) value { return date(s.start) })},
	{"end", func(s *state) bool { return s.end != 0 }, put(func(s *state) value { return date(s.end) })},
	{"deadline", func(s *state) bool { return s.deadline != 0 }, put(func(s *state) value { return date(s.deadline) })},
	{"storyPoints", func(s *state) bool { return s.points != 0 }, put(func(s *state) value { return number(s.points) })},
	{"estimation", func(s *state) bool { return s.estimate != 0 }, put(func(s *state) value { return span(s.estimate) })},
	{"spent", func(s *state) bool { return s.spent > 0 }, put(func(s *state) value { return span(s.spent) })},
	{"checklistDone", func(s *state) bool { return s.checkTotal != 0 }, count(func(s *state) int { return int(s.checkDone) })},
	{"checklistTotal", func(s *state) bool { return s.checkTotal != 0 }, count(func(s *state) int { return int(s.checkTotal) })},
	{"commentWithoutExternalMessageCount", func(s *state) bool { return s.comments > 0 }, count(func(s *state) int { return int(s.comments) - outside(s) })},
	{"commentWithExternalMessageCount", func(s *state) bool { return s.comments > 0 }, count(outside)},
	{"votes", nil, count(func(s *state) int { return int(s.votes) })},
	{"favorite", nil, func(_ *state, b []byte, _ *writer) []byte { return append(b, "false"...) }},
}

func count(n func(s *state) int) func(s *state, b []byte, w *writer) []byte {
	return func(s *state, b []byte, _ *writer) []byte { return strconv.AppendInt(b, int64(n(s)), 10) }
}

// outside is how many of the comments came by e-mail: only customers of WEB
// write any.
func outside(s *state) int {
	if queues[s.queue].key != "WEB" {
		return 0
	}
	return int(s.comments) / 3
}

func aliases(s *state, b []byte, _ *writer) []byte {
	return list(b, int(s.moves), func(int) bool { return true },
		func(b []byte, i int) []byte { return appendText(b, s.of.keys[i]) })
}

func boardsOf(s *state, b []byte, _ *writer) []byte {
	b = append(b, `[{"id":`...)
	b = strconv.AppendInt(b, int64(queues[s.queue].id), 10)
	b = appendText(append(b, `,"name":`...), queues[s.queue].name)
	return append(b, '}', ']')
}

var projects = []string{"Spring launch", "Cost cutting", "Compliance"}

// project is that of the issue's epic.
func project(s *state) string {
	epic := s.of.epic()
	if epic < 0 || epic/epicEvery%4 == 3 {
		return ""
	}
	return projects[epic/epicEvery%4]
}

func projectOf(s *state, b []byte, w *writer) []byte {
	id := strconv.Itoa(1 + s.of.epic()/epicEvery%4)
	return w.appendReference(b, "/projects/"+id, id, "", project(s))
}

func createdAt(s *state, b []byte, w *writer) []byte {
	if w.c.brokenAs(s.of.n) == BadCreatedAt {
		return append(b, `"0000-00-00T00:00:00.000+0000"`...)
	}
	return appendStamp(b, s.createdAt)
}

func (is *issue) epic() int   { return is.other(is.c.epicOf) }
func (is *issue) parent() int { return is.other(is.c.parentOf) }

// other is an issue that this one belongs to, once that exists.
func (is *issue) other(of func(int) int) int {
	if is.n < 0 {
		return -1
	}
	if n := of(is.n); n >= 0 && is.c.issues[n].st != nil {
		return n
	}
	return -1
}

// appendIssue writes an issue; wanted names fields beside id, key, self and
// version, nil for all.
func appendIssue(b []byte, s *state, w *writer, wanted map[string]bool, extras string) []byte {
	if s.raw != nil {
		return s.raw.appendIssue(b, wanted)
	}
	b = append(b, '{')
	for i, p := range properties {
		if i >= 4 && wanted != nil && !wanted[p.name] || p.when != nil && !p.when(s) {
			continue
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, p.name...)
		b = append(b, '"', ':')
		b = p.put(s, b, w)
	}
	if local := queues[s.queue].field; s.severity != 0 && (wanted == nil || wanted[local]) {
		b = append(appendText(append(b, ','), local), ':')
		b = appendText(b, severities[s.severity])
	}
	b = append(b, extras...)
	return append(b, '}')
}
