package simulator

import (
	"net/http"
	"net/url"
	"strconv"
)

// window is how many issues pages can reach; beyond it there is the scroll.
const window = 10_000

// search answers POST /issues/_search.
func (t *tracker) search(rw http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	var in searchBody
	if err := readBody(r, &in); err != nil {
		fail(rw, err)
		return
	}
	t.c.mu.RLock()
	defer t.c.mu.RUnlock()
	if q.Has("scrollId") || q.Has("scrollType") || q.Has("perScroll") {
		t.scroll(rw, r, &in)
		return
	}
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
	if (page-1)*size >= window {
		fail(rw, apiErrorf(http.StatusBadRequest, "page: only the first %d issues can be paged through, use scroll", window))
		return
	}
	parsed, err := t.c.parseBody(&in)
	if err != nil {
		fail(rw, err)
		return
	}
	from := (page - 1) * size
	total, found := t.found(parsed, from, min(from+size, window))
	totals(rw, r, min(total, window), page, size, "seek")
	t.sendIssues(rw, r, found)
}

// totals sets the headers of a numbered page; seek names the template link.
func totals(rw http.ResponseWriter, r *http.Request, total, page, size int, seek string) {
	h := rw.Header()
	pages := max((total+size-1)/size, 1)
	h.Set("X-Total-Count", strconv.Itoa(total))
	h.Set("X-Total-Pages", strconv.Itoa(pages))
	to := func(n int, rel string) {
		q := url.Values{}
		for name, values := range r.URL.Query() {
			q[name] = values
		}
		q.Set("page", strconv.Itoa(n))
		q.Set("perPage", strconv.Itoa(size))
		h.Add("Link", link(r, q, rel))
	}
	to(1, "first")
	if page < pages {
		to(page+1, "next")
	}
	if seek != "" {
		h.Add("Link", linkTo(r, "perPage="+strconv.Itoa(size)+"{&page}", seek))
	}
	to(pages, "last")
}

func (t *tracker) sendIssues(rw http.ResponseWriter, r *http.Request, found []*state) {
	w, wanted, extras := t.writer(r), wantedFields(r), expansion(r)
	out := newBody()
	defer out.free()
	b := append(out.b, '[')
	for i, s := range found {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendIssue(b, s, w, wanted, extras)
	}
	out.b = append(b, ']')
	out.send(rw)
}

// wantedFields are the names in fields=, nil when all are wanted.
func wantedFields(r *http.Request) map[string]bool {
	names := splitList(r.URL.Query()["fields"])
	if len(names) == 0 {
		return nil
	}
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}

// expansion is what expand= adds to an issue.
func expansion(r *http.Request) string {
	out := ""
	for _, name := range splitList(r.URL.Query()["expand"]) {
		switch name {
		case "transitions", "attachments":
			out += `,"` + name + `":[]`
		}
	}
	return out
}

// count answers POST /issues/_count with a plain number.
func (t *tracker) count(rw http.ResponseWriter, r *http.Request) {
	var in searchBody
	if err := readBody(r, &in); err != nil {
		fail(rw, err)
		return
	}
	t.c.mu.RLock()
	defer t.c.mu.RUnlock()
	q, err := t.c.parseBody(&in)
	if err != nil {
		fail(rw, err)
		return
	}
	total, _ := t.found(q, 0, 0)
	out := newBody()
	defer out.free()
	out.b = strconv.AppendInt(out.b, int64(total), 10)
	out.send(rw)
}
