package tracker

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"throughline/internal/delivery"
)

// scrolls walks by scrolls, a new one from where the walk stands whenever one
// breaks. It is not done when the server does not scroll.
func (w *walker) scrolls(ctx context.Context) (done bool, err error) {
	stillborn, rewalks := 0, 0
	for {
		s := scroll{walker: w, seen: map[uint64]bool{}}
		end, err := s.run(ctx)
		s.free(ctx)
		if err != nil {
			return false, err
		}
		switch end {
		case unsupported:
			return false, nil
		case expired:
			w.slow = true
			w.size = max(w.size/2, min(w.size, 10))
			if s.pages > 1 {
				stillborn = 0
			} else if stillborn++; stillborn == 2 {
				return false, nil // it never gets past the first page
			}
		case complete:
			missed, err := s.missed(ctx)
			if err != nil || !missed || rewalks == maxRewalks {
				return true, err
			}
			rewalks++
			w.pos.At = 0
		case smaller:
		}
	}
}

// ending says how a scroll came to its end.
type ending uint8

const (
	ongoing     ending = iota
	complete           // it has shown everything
	unsupported        // the server does not scroll
	expired            // the server has forgotten it
	smaller            // its pages were too large for the server
)

// scroll is one scroll over the issues from where the walk stands.
type scroll struct {
	*walker
	query     string
	id, token string
	pages     int
	seen      map[uint64]bool
	last      delivery.Instant // update read
	unordered bool
	idle      int
	doubtful  bool // a page may have been lost on its way
}

func (s *scroll) run(ctx context.Context) (ending, error) {
	s.query = s.scope.between(s.lower(), 0)
	for {
		end, err := s.page(ctx)
		if err != nil || end != ongoing {
			return end, err
		}
	}
}

// page fetches and yields one page.
func (s *scroll) page(ctx context.Context) (ending, error) {
	items, a, err := s.client.list(ctx, s.request())
	if err != nil {
		return s.failed(err)
	}
	id := a.header.Get("X-Scroll-Id")
	s.doubtful = s.doubtful || s.pages > 0 && a.doubtful
	if s.pages == 0 {
		if id == "" && more(a, len(items), s.size) {
			return unsupported, nil
		}
		if err := s.expect(ctx, a.header, s.query); err != nil {
			return ongoing, err
		}
	}
	s.id, s.token = id, a.header.Get("X-Scroll-Token")
	if len(items) == 0 {
		return complete, nil
	}
	s.pages++
	entries, fresh := s.take(items, s.seen)
	s.order(entries)
	if s.idle++; fresh {
		s.idle = 0
	}
	if err := s.give(entries, nil); err != nil {
		return ongoing, err
	}
	if s.id == "" || s.idle == maxIdlePages {
		return complete, nil
	}
	return ongoing, nil
}

// order moves the walk on for as long as updates come in order.
func (s *scroll) order(entries []entry) {
	const coarse = 1000 // servers may sort by the second
	for _, e := range entries {
		if !e.updated.Known() {
			continue
		}
		s.unordered = s.unordered || e.updated < s.last-coarse
		s.last = max(s.last, e.updated)
	}
	switch {
	case s.unordered:
		s.pos.At = 0
	case s.sorted:
		s.pos.At = max(s.pos.At, s.last)
	}
}

func (s *scroll) request() request {
	query := s.query
	q := url.Values{
		"scrollType": {"unsorted"}, "perScroll": {strconv.Itoa(s.size)}, "scrollTTLMillis": {"60000"},
	}
	if s.sorted {
		q.Set("scrollType", "sorted")
		query += ` "Sort By": Updated ASC`
	}
	if s.fields != "" {
		q.Set("fields", s.fields)
	}
	if s.id != "" {
		q.Set("scrollId", s.id)
	}
	if s.token != "" {
		q.Set("scrollToken", s.token)
	}
	return request{
		method: http.MethodPost, path: "/issues/_search", query: q, limit: maxSearchBody,
		paged: s.size > 1, body: map[string]string{"query": query},
	}
}

// failed tells what ends the scroll, but not the walk, from other errors.
func (s *scroll) failed(err error) (ending, error) {
	first := s.pages == 0
	switch {
	case s.halve(err), first && s.refuses(err):
		return smaller, nil
	case first && isStatus(err, http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusUnprocessableEntity, http.StatusNotImplemented):
		return unsupported, nil // or wrong altogether: numbered pages will tell
	case !first && isStatus(err, http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusGone):
		s.id = ""
		return expired, nil
	}
	problems, header, ok := s.skip(err)
	if !ok || header.Get("X-Scroll-Id") == "" {
		return ongoing, err
	}
	s.id, s.token = header.Get("X-Scroll-Id"), header.Get("X-Scroll-Token")
	s.pages++
	return ongoing, s.give(nil, problems)
}

// missed reports whether a page may have been lost: an answer that did not
// arrive may have moved the scroll on.
func (s *scroll) missed(ctx context.Context) (bool, error) {
	if !s.doubtful {
		return false, nil
	}
	n, err := s.count(ctx, s.query)
	return len(s.seen) < n, err
}

// free gives the scroll back to the server; it would forget it anyway.
func (s *scroll) free(ctx context.Context) {
	if s.id == "" || ctx.Err() != nil {
		return
	}
	_, _ = s.client.do(ctx, request{
		method: http.MethodPost, path: "/system/search/scroll/_clear", limit: maxOtherBody, once: true,
		body: map[string]string{s.id: s.token},
	})
}
