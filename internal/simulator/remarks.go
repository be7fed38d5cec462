package simulator

import (
	"net/http"
	"strconv"
)

// said is a comment that an issue has.
type said struct {
	n       int32 // of those ever made
	text    int32
	made    event
	changed event
	version int
}

// spoken replays the comments and keeps those that are left.
func (is *issue) spoken() []said {
	var out []said
	for _, e := range is.history() {
		last := len(out) - 1
		switch e.payload.do {
		case doComment:
			out = append(out, said{n: e.payload.x, text: e.payload.y, made: e, changed: e, version: 1})
		case doRemark:
			out[last].text, out[last].changed = e.payload.y, e
			out[last].version++
		case doUncomment:
			out = out[:last]
		}
	}
	return out
}

// comments answers GET /issues/{key}/comments.
func (t *tracker) comments(rw http.ResponseWriter, r *http.Request) {
	t.about(rw, r, func(w *writer, is *issue) []record {
		var out []record
		email := outside(is.st)
		for i, s := range is.spoken() {
			id := commentID(is.n, s.n)
			var o object
			o.text("self", w.base+"/issues/"+is.st.key()+"/comments/"+strconv.Itoa(id)).number("id", id)
			o.text("longId", is.eventID(&s.made)).text("text", remarks[int(s.text)%len(remarks)])
			o.raw("createdBy", w.people[s.made.actor]).raw("updatedBy", w.people[s.changed.actor])
			o.raw("createdAt", appendStamp(nil, s.made.at)).raw("updatedAt", appendStamp(nil, s.changed.at)).number("version", s.version)
			if i < email {
				o.text("type", "incoming").text("transport", "email")
			} else {
				o.text("type", "standard").text("transport", "internal")
			}
			raw := o.end()
			out = append(out, record{id: strconv.Itoa(id), write: func(b []byte) []byte { return append(b, raw...) }})
		}
		return out
	})
}

// worklog answers GET /issues/{key}/worklog.
func (t *tracker) worklog(rw http.ResponseWriter, r *http.Request) {
	t.about(rw, r, func(w *writer, is *issue) []record {
		var out []record
		for _, e := range is.history() {
			switch e.payload.do {
			case doUnwork:
				out = out[:max(len(out)-1, 0)]
			case doWork:
				id := strconv.Itoa(is.n*100 + e.seq)
				var o object
				o.text("self", w.base+"/issues/"+is.st.key()+"/worklog/"+id).text("id", id).number("version", 1).raw("issue", w.issue(is.st))
				o.raw("createdBy", w.people[e.actor]).raw("createdAt", appendStamp(nil, e.at)).raw("updatedAt", appendStamp(nil, e.at))
				raw := o.raw("start", appendStamp(nil, e.at)).raw("duration", appendSpan(nil, e.payload.y)).end()
				out = append(out, record{id: id, write: func(b []byte) []byte { return append(b, raw...) }})
			}
		}
		return out
	})
}

// links answers GET /issues/{key}/links.
func (t *tracker) links(rw http.ResponseWriter, r *http.Request) {
	t.about(rw, r, func(w *writer, is *issue) []record {
		if is.st.linked == 0 {
			return nil
		}
		lt, id := linkTypes[is.st.linkType], strconv.Itoa(is.n)
		var kind, o object
		kind.text("self", w.base+"/linktypes/"+lt.id).text("id", lt.id).text("inward", lt.inward).text("outward", lt.outward)
		o.text("self", w.base+"/issues/"+is.st.key()+"/links/"+id).number("id", is.n).raw("type", kind.end()).text("direction", "outward")
		raw := o.raw("object", issueRef(is.st.linked-1).write(nil, w)).end()
		return []record{{id: id, write: func(b []byte) []byte { return append(b, raw...) }}}
	})
}

// about answers a list that belongs to an issue; a loaded one has none.
func (t *tracker) about(rw http.ResponseWriter, r *http.Request, list func(w *writer, is *issue) []record) {
	t.c.mu.RLock()
	defer t.c.mu.RUnlock()
	is, err := t.find(r.PathValue("key"))
	if err != nil {
		fail(rw, err)
		return
	}
	if is.raw != nil {
		t.relative(rw, r, nil)
		return
	}
	t.relative(rw, r, list(t.writer(r), is))
}
