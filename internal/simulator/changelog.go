package simulator

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// history is the told part of an issue's past.
func (is *issue) history() []event {
	s := state{of: is}
	out := make([]event, 0, 32)
	for _, a := range is.acts() {
		if a.at >= is.c.now {
			break
		}
		var e event
		if s.apply(a, &e) {
			out = append(out, e)
		}
	}
	return out
}

// record is one entry of a changelog ready to be written.
type record struct {
	id     string
	kind   string
	fields []string
	write  func(b []byte) []byte
}

func (is *issue) records(w *writer) []record {
	if is.raw != nil {
		return is.raw.records
	}
	events := is.history()
	out := make([]record, len(events))
	names := make([]string, 0, 2*len(events)) // of fields, for all records
	about := w.issue(is.st)
	queue := is.born
	for i := range events {
		e := &events[i]
		if e.kind == "IssueMoved" {
			queue = index(e.changes[0].to.(queueRef) - 1)
		}
		at := queue
		first := len(names)
		for _, ch := range e.changes {
			names = append(names, fieldID(ch.field, at))
		}
		r := record{id: is.eventID(e), kind: e.kind, fields: names[first:len(names):len(names)]}
		r.write = func(b []byte) []byte { return e.write(b, w, is, r.id, about, at) }
		out[i] = r
	}
	return out
}

func fieldID(field, queue index) string {
	if field == fieldSeverity {
		return queues[queue].field
	}
	return fields[field].key
}

// eventID grows with time, as ids of a document store do.
func (is *issue) eventID(e *event) string {
	b := appendHex(make([]byte, 0, 24), uint64(e.at)/uint64(second), 8)
	return string(appendHex(appendHex(b, is.c.mix(is.n, 11), 10), uint64(e.seq), 6))
}

func (e *event) write(b []byte, w *writer, is *issue, id string, about []byte, queue index) []byte {
	b = append(b, `{"id":"`...)
	b = append(b, id...)
	b = append(b, `","self":"`...)
	b = append(b, w.base...)
	b = append(b, "/issues/"...)
	b = append(b, is.st.key()...)
	b = append(b, "/changelog/"...)
	b = append(b, id...)
	b = append(b, `","issue":`...)
	b = append(b, about...)
	b = append(b, `,"updatedAt":`...)
	b = appendStamp(b, e.at)
	b = append(b, `,"updatedBy":`...)
	b = append(b, w.people[e.actor]...)
	b = append(b, `,"type":"`...)
	b = append(b, e.kind...)
	b = append(b, `","transport":"`...)
	b = append(b, e.transport()...)
	b = append(b, '"')
	if len(e.changes) > 0 {
		b = append(b, `,"fields":[`...)
		for i, ch := range e.changes {
			if i > 0 {
				b = append(b, ',')
			}
			b = ch.write(b, w, queue)
		}
		b = append(b, ']')
	}
	b = e.writePayload(b, w, is)
	return append(b, '}')
}

func (e *event) transport() string {
	switch {
	case e.actor == robot:
		return "api"
	case e.payload.do == doComment && e.seq%7 == 3:
		return "email"
	case e.seq%11 == 5:
		return "mobile"
	}
	return "front"
}

func (ch *change) write(b []byte, w *writer, queue index) []byte {
	b = append(b, `{"field":`...)
	if ch.field == fieldSeverity {
		id := queues[queue].field
		b = w.appendReference(b, "/localFields/"+id, id, "", w.name(fields[fieldSeverity]))
	} else {
		b = append(b, w.fields[ch.field]...)
	}
	for _, side := range []struct {
		name string
		v    value
	}{{`,"from":`, ch.from}, {`,"to":`, ch.to}} {
		b = append(b, side.name...)
		if side.v == nil {
			b = null(b)
			continue
		}
		b = side.v.write(b, w)
	}
	return append(b, '}')
}

// writePayload writes what an event of its type holds beside fields.
func (e *event) writePayload(b []byte, w *writer, is *issue) []byte {
	p := e.payload
	switch p.do {
	case doComment, doRemark, doUncomment, doReact:
		return e.writeComment(b, w, is)
	case doWork, doRework, doUnwork:
		id := strconv.Itoa(is.n*100 + e.seq)
		b = append(b, `,"worklog":[{"record":`...)
		b = w.appendReference(b, "/issues/"+is.st.key()+"/worklog/"+id, id, "", "Worklog")
		b = span(p.x).write(append(b, `,"from":`...), w)
		b = span(p.y).write(append(b, `,"to":`...), w)
		return append(b, `}]`...)
	case doLink:
		return append(e.writeLink(append(b, `,"links":[{"from":null,"to":`...), w, p.x), `}]`...)
	case doRelink:
		b = append(e.writeLink(append(b, `,"links":[{"from":`...), w, p.before), `,"to":`...)
		return append(e.writeLink(b, w, p.x), `}]`...)
	case doUnlink:
		return append(e.writeLink(append(b, `,"links":[{"from":`...), w, p.before), `,"to":null}]`...)
	case doRelated:
		b = append(b, `,"relatedResolutions":[{"issue":`...)
		b = issueRef(p.issue).write(b, w)
		return append(append(append(b, `,"from":null,"to":`...), w.resolutions[resolutionFixed]...), `}]`...)
	case doAttach, doDetach:
		id := strconv.Itoa(is.n*10 + int(p.x))
		what := `,"attachments":{"added":[`
		if p.do == doDetach {
			what = `,"attachments":{"removed":[`
		}
		return append(w.appendReference(append(b, what...), "/attachments/"+id, id, "", "screenshot-"+id+".png"), `]}`...)
	}
	return b
}

func (e *event) writeLink(b []byte, w *writer, kind int32) []byte {
	lt := linkTypes[kind]
	b = append(b, `{"direction":"outward","object":`...)
	b = issueRef(e.payload.issue).write(b, w)
	b = append(b, `,"type":`...)
	b = w.appendReference(b, "/linktypes/"+lt.id, lt.id, "", lt.outward)
	return append(b, '}')
}

func (e *event) writeComment(b []byte, w *writer, is *issue) []byte {
	p := e.payload
	id := strconv.Itoa(commentID(is.n, p.x))
	ref := w.reference("/issues/"+is.st.key()+"/comments/"+id, id, "", remarks[int(p.y)%len(remarks)])
	b = append(b, `,"comments":{`...)
	switch p.do {
	case doRemark:
		b = append(append(b, `"updated":[{"comment":`...), ref...)
		b = appendText(append(b, `,"from":`...), remarks[int(p.y+1)%len(remarks)])
		b = appendText(append(b, `,"to":`...), remarks[int(p.y)%len(remarks)])
		b = append(b, '}')
	case doReact:
		b = append(append(b, `"updated":[{"comment":`...), ref...)
		if e.kind == "IssueCommentReactionAdded" {
			b = append(b, `,"addedReaction":"like"}`...)
		} else {
			b = append(b, `,"removedReaction":"like"}`...)
		}
	case doUncomment:
		b = append(append(b, `"removed":[`...), ref...)
	default:
		b = append(append(b, `"added":[`...), ref...)
	}
	return append(b, ']', '}')
}

func commentID(n int, k int32) int { return n*1000 + int(k) }

// changelog answers GET /issues/{key}/changelog.
func (t *tracker) changelog(rw http.ResponseWriter, r *http.Request) {
	t.c.mu.RLock()
	defer t.c.mu.RUnlock()
	is, err := t.find(r.PathValue("key"))
	if err != nil {
		fail(rw, err)
		return
	}
	switch t.c.brokenAs(is.n) {
	case ChangelogFails:
		fail(rw, apiErrorf(http.StatusInternalServerError, "Internal server error"))
		return
	case ChangelogHTML:
		writeHTML(rw)
		return
	}
	w := t.writer(r)
	t.relative(rw, r, narrow(is.records(w), r.URL.Query()))
}

// narrow keeps the records of the types and fields asked for.
func narrow(records []record, q url.Values) []record {
	kinds, names := splitList(q["type"]), splitList(q["field"])
	if len(kinds)+len(names) == 0 {
		return records
	}
	return slices.DeleteFunc(slices.Clone(records), func(r record) bool {
		if len(kinds) > 0 && !slices.Contains(kinds, r.kind) {
			return true
		}
		return len(names) > 0 && !slices.ContainsFunc(r.fields, func(f string) bool { return slices.Contains(names, f) })
	})
}

func splitList(values []string) []string {
	var out []string
	for _, v := range values {
		for s := range strings.SplitSeq(v, ",") {
			if s = strings.TrimSpace(s); s != "" {
				out = append(out, s)
			}
		}
	}
	return out
}
