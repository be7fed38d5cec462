package simulator

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// relative answers a page of records behind the one that id names. Whether
// there is more is said by the Link header only.
func (t *tracker) relative(rw http.ResponseWriter, r *http.Request, records []record) {
	q := r.URL.Query()
	size, err := t.pageSize(q, "perPage", t.c.opts.MaxPerPage)
	if err != nil {
		fail(rw, err)
		return
	}
	switch q.Get("sort") {
	case "", "asc":
	case "desc":
		records = slices.Clone(records)
		slices.Reverse(records)
	default:
		fail(rw, apiErrorf(http.StatusBadRequest, "sort: unknown order %q", q.Get("sort")))
		return
	}
	if id := q.Get("id"); id != "" {
		i := slices.IndexFunc(records, func(r record) bool { return r.id == id })
		if i < 0 {
			fail(rw, apiErrorf(http.StatusBadRequest, "id: no such record: %s", id))
			return
		}
		records = records[i+1:]
	}
	if len(records) > size {
		records = records[:size]
		next := url.Values{}
		for name, values := range q {
			next[name] = values
		}
		next.Set("id", records[size-1].id)
		next.Set("perPage", strconv.Itoa(size))
		rw.Header().Add("Link", link(r, next, "next"))
	}
	body := newBody()
	defer body.free()
	b := append(body.b, '[')
	for i, rec := range records {
		if i > 0 {
			b = append(b, ',')
		}
		b = rec.write(b)
	}
	body.b = append(b, ']')
	body.send(rw)
}

// link is a Link header to the same path on the host the client talks to.
func link(r *http.Request, q url.Values, rel string) string {
	return linkTo(r, q.Encode(), rel)
}

func linkTo(r *http.Request, query, rel string) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return "<" + scheme + "://" + r.Host + r.URL.Path + "?" + query + `>; rel="` + rel + `"`
}

// pageSize reads a page size between 1 and most.
func (t *tracker) pageSize(q url.Values, name string, most int) (int, error) {
	s := q.Get(name)
	if s == "" {
		return min(defaultPage, most), nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > most {
		return 0, apiErrorf(http.StatusBadRequest, "%s: must be a number from 1 to %d: %s", name, most, s)
	}
	return n, nil
}
