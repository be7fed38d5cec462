package simulator

import (
	"fmt"
	"net/http"
	"strconv"
)

// object writes one JSON object key by key.
type object struct {
	b []byte
	n int
}

func (o *object) name(name string) {
	if o.n++; o.n > 1 {
		o.b = append(o.b, ',')
	} else {
		o.b = append(o.b, '{')
	}
	o.b = append(appendText(o.b, name), ':')
}

func (o *object) text(name, v string) *object {
	o.name(name)
	o.b = appendText(o.b, v)
	return o
}

func (o *object) number(name string, v int) *object {
	o.name(name)
	o.b = strconv.AppendInt(o.b, int64(v), 10)
	return o
}

func (o *object) raw(name string, v []byte) *object {
	o.name(name)
	o.b = append(o.b, v...)
	return o
}

func (o *object) bool(name string, v bool) *object {
	o.name(name)
	o.b = strconv.AppendBool(o.b, v)
	return o
}

func (o *object) end() []byte { return append(o.b, '}') }

func sendArray(rw http.ResponseWriter, items [][]byte) {
	out := newBody()
	defer out.free()
	b := append(out.b, '[')
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, item...)
	}
	out.b = append(b, ']')
	out.send(rw)
}

func sendObject(rw http.ResponseWriter, item []byte) {
	out := newBody()
	defer out.free()
	out.b = append(out.b, item...)
	out.send(rw)
}

// dictionary answers a small list of all entries.
func (t *tracker) dictionary(path string, entries []entry) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		w := t.writer(r)
		var items [][]byte
		for i, e := range entries[1:] {
			var o object
			o.text("self", w.base+"/"+path+"/"+strconv.Itoa(e.id)).number("id", e.id).number("version", 1).text("key", e.key)
			o.text("name", w.name(e)).text("description", w.name(e)).number("order", 100+10*i)
			if e.typ != "" {
				o.text("type", e.typ)
			}
			items = append(items, o.end())
		}
		sendArray(rw, items)
	}
}

// fields answers GET /fields: those that are the same for all queues.
func (t *tracker) fields(rw http.ResponseWriter, r *http.Request) {
	w := t.writer(r)
	var items [][]byte
	for i, f := range fields {
		if index(i) == fieldSeverity {
			continue
		}
		var o object
		o.text("self", w.base+"/fields/"+f.key).text("id", f.key).text("key", f.key).text("name", w.name(f)).number("version", 1)
		items = append(items, o.raw("schema", []byte(`{"type":"string","required":false}`)).number("order", i).end())
	}
	sendArray(rw, items)
}

// localFields answers GET /queues/{queue}/localFields.
func (t *tracker) localFields(rw http.ResponseWriter, r *http.Request) {
	q, err := t.namedQueue(r)
	if err != nil {
		fail(rw, err)
		return
	}
	w := t.writer(r)
	var o object
	o.text("self", w.base+"/queues/"+q.key+"/localFields/severity").text("id", q.field).text("key", "severity")
	o.text("name", w.name(fields[fieldSeverity])).number("version", 1).raw("schema", []byte(`{"type":"string","required":false}`))
	sendArray(rw, [][]byte{o.raw("queue", w.queues[index(q.id-queues[0].id)]).end()})
}

func (t *tracker) namedQueue(r *http.Request) (*queue, error) {
	i, ok := queueByKey(r.PathValue("queue"))
	if !ok {
		return nil, notFound("Queue")
	}
	if t.unseen(queues[i].key) {
		return nil, forbidden(queues[i].key)
	}
	return &queues[i], nil
}

// queues answers GET /queues by numbered pages.
func (t *tracker) queues(rw http.ResponseWriter, r *http.Request) {
	w := t.writer(r)
	var items [][]byte
	for i := range queues {
		if !t.unseen(queues[i].key) {
			items = append(items, w.queue(index(i)))
		}
	}
	t.c.mu.RLock()
	seen := map[string]bool{}
	for _, is := range t.c.loaded {
		key := is.raw.queue
		if _, ours := queueByKey(key); !ours && !seen[key] && !t.unseen(key) {
			seen[key] = true
			items = append(items, w.loadedQueue(key))
		}
	}
	t.c.mu.RUnlock()
	t.numbered(rw, r, items)
}

// queue answers GET /queues/{queue}.
func (t *tracker) queue(rw http.ResponseWriter, r *http.Request) {
	q, err := t.namedQueue(r)
	if err == nil {
		sendObject(rw, t.writer(r).queue(index(q.id-queues[0].id)))
		return
	}
	t.c.mu.RLock()
	defer t.c.mu.RUnlock()
	for _, is := range t.c.loaded {
		if key := r.PathValue("queue"); equalFold(is.raw.queue, key) && !t.unseen(key) {
			sendObject(rw, t.writer(r).loadedQueue(is.raw.queue))
			return
		}
	}
	fail(rw, err)
}

func (w *writer) queue(i index) []byte {
	q := &queues[i]
	var o object
	o.text("self", w.base+"/queues/"+q.key).number("id", q.id).text("key", q.key).number("version", 5).text("name", q.name)
	o.raw("lead", w.people[q.lead]).bool("assignAuto", false).raw("defaultType", w.types[q.types[0].of])
	return o.raw("defaultPriority", w.priorities[priorityNormal]).bool("denyVoting", false).end()
}

func (w *writer) loadedQueue(key string) []byte {
	var o object
	o.text("self", w.base+"/queues/"+key).number("id", 900).text("key", key).number("version", 1)
	return o.text("name", key+" queue").bool("assignAuto", false).bool("denyVoting", false).end()
}

// numbered answers a page of items by number.
func (t *tracker) numbered(rw http.ResponseWriter, r *http.Request, items [][]byte) {
	q := r.URL.Query()
	size, err := t.pageSize(q, "perPage", t.c.opts.MaxPerPage)
	if err != nil {
		fail(rw, err)
		return
	}
	page := 1
	if s := q.Get("page"); s != "" {
		if page, err = strconv.Atoi(s); err != nil || page < 1 || page > window {
			fail(rw, apiErrorf(http.StatusBadRequest, "page: must be a positive number: %s", s))
			return
		}
	}
	totals(rw, r, len(items), page, size, "")
	from := min((page-1)*size, len(items))
	sendArray(rw, items[from:min(from+size, len(items))])
}

// boards answers GET /boards: one of each queue that plans in sprints.
func (t *tracker) boards(rw http.ResponseWriter, r *http.Request) {
	w := t.writer(r)
	var items [][]byte
	for i := range queues {
		if queues[i].sprints {
			var o object
			id := strconv.Itoa(queues[i].id)
			o.text("self", w.base+"/boards/"+id).number("id", queues[i].id).number("version", 1).text("name", queues[i].name)
			items = append(items, o.raw("defaultQueue", w.queues[i]).end())
		}
	}
	sendArray(rw, items)
}

// sprints answers GET /boards/{board}/sprints: those that began.
func (t *tracker) sprints(rw http.ResponseWriter, r *http.Request) {
	board, err := strconv.Atoi(r.PathValue("board"))
	q := board - queues[0].id
	if err != nil || q < 0 || q >= len(queues) || !queues[q].sprints {
		fail(rw, notFound("Board"))
		return
	}
	w := t.writer(r)
	t.c.mu.RLock()
	defer t.c.mu.RUnlock()
	var items [][]byte
	for i := 0; i < maxSprints && t.c.sprintStart(i) <= t.c.now; i++ {
		items = append(items, w.sprint(index(q), i))
	}
	sendArray(rw, items)
}

// sprint answers GET /sprints/{sprint}.
func (t *tracker) sprint(rw http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("sprint"))
	q, i := id/100-queues[0].id, id%100
	if err != nil || q < 0 || q >= len(queues) || !queues[q].sprints || i >= maxSprints {
		fail(rw, notFound("Sprint"))
		return
	}
	w := t.writer(r)
	t.c.mu.RLock()
	defer t.c.mu.RUnlock()
	if t.c.sprintStart(i) > t.c.now {
		fail(rw, notFound("Sprint"))
		return
	}
	sendObject(rw, w.sprint(index(q), i))
}

func (w *writer) sprint(q index, i int) []byte {
	id := sprintID(q, i)
	start := localDay(w.c.sprintStart(i))
	status := "in_progress"
	if w.c.sprintStart(i+1) <= w.c.now {
		status = "archived"
	}
	board := w.reference(fmt.Sprintf("/boards/%d", queues[q].id), strconv.Itoa(queues[q].id), "", queues[q].name)
	var o object
	o.text("self", fmt.Sprintf("%s/sprints/%d", w.base, id)).number("id", id).number("version", 1).text("name", sprintName(q, i))
	o.raw("board", board).text("status", status).bool("archived", status == "archived")
	return o.raw("startDate", appendDate(nil, start)).raw("endDate", appendDate(nil, start+sprintDays-1)).end()
}
