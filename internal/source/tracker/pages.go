package tracker

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"throughline/internal/delivery"
)

// windows walks by numbered pages over windows of update times, each small
// enough for them. Pages are ordered by key: a list ordered by what changes
// would shift under the walk.
func (w *walker) windows(ctx context.Context) error {
	if w.pos.Window == nil {
		if err := w.open(ctx, w.lower()); err != nil {
			return err
		}
	} else if err := w.reopen(ctx); err != nil {
		return err
	}
	for rewalks := 0; ; {
		missed, err := w.pages(ctx)
		if err != nil {
			return err
		}
		win := w.pos.Window
		switch {
		case missed && rewalks < maxRewalks:
			rewalks++
			win.Offset, win.Total = 0, -1
			if err := w.reopen(ctx); err != nil {
				return err
			}
		case !win.To.Known():
			return nil
		default:
			rewalks = 0
			if err := w.open(ctx, win.To); err != nil {
				return err
			}
		}
	}
}

// reopen goes on within a window, from its beginning if it has changed.
func (w *walker) reopen(ctx context.Context) error {
	win := w.pos.Window
	n, err := w.count(ctx, w.scope.between(win.From, win.To))
	if n != win.Total {
		win.Offset, win.Total = 0, n
	}
	return err
}

// open begins the window that starts at from: to the end of time, if that is
// little enough.
func (w *walker) open(ctx context.Context, from delivery.Instant) error {
	from -= from % second
	all, err := w.count(ctx, w.scope.between(from, 0))
	if err != nil {
		return err
	}
	w.found = max(w.found, all)
	win := &window{From: from, Total: all}
	if all > maxCapped && from < delivery.InstantOf(w.now())+ahead {
		if win, err = w.fit(ctx, from, all); err != nil {
			return err
		}
	}
	w.pos.Window = win
	return nil
}

const (
	second = delivery.Instant(time.Second / time.Millisecond)
	ahead  = 48 * 3600 * second // further than any clock or zone is off

	fewEnough = maxCapped
	tooFew    = 2000
	maxFits   = 60
)

// fit finds a window from from on with between tooFew and fewEnough issues by
// counting.
func (w *walker) fit(ctx context.Context, from delivery.Instant, all int) (*window, error) {
	end := delivery.InstantOf(w.now()) + ahead
	rest := max(end-from, second)
	width := rest / delivery.Instant(all/(fewEnough*4/5)+1)
	var fits, over delivery.Instant
	win := &window{From: from, Total: all}
	for range maxFits {
		width = max(width-width%second, second)
		n, err := w.count(ctx, w.scope.between(from, from+width))
		switch {
		case err != nil:
			return nil, err
		case n < 0, n == all && width == second:
			// The server does not count, or does not heed the times.
			return &window{From: from, Total: all}, nil
		case n <= fewEnough:
			fits, win = width, &window{From: from, To: from + width, Total: n}
			if n >= tooFew || over > 0 || width >= rest {
				return win, nil
			}
			width *= 2
		case width == second:
			return &window{From: from, To: from + width, Total: n}, nil
		default:
			over = width
			width = (fits + over) / 2
		}
	}
	return win, nil
}

// pages walks one window. It has missed some when it saw fewer issues than the
// window had: one that leaves it moves the others up.
func (w *walker) pages(ctx context.Context) (missed bool, err error) {
	win := w.pos.Window
	before, idle := win.Offset, 0
	seen := map[uint64]bool{}
	for {
		w.grow(win.Offset)
		page := win.Offset/w.size + 1
		items, a, err := w.client.list(ctx, w.pageRequest(win, page))
		if err != nil {
			if w.halve(err) || w.refuses(err) {
				continue
			}
			problems, _, ok := w.skip(err)
			if !ok {
				return false, err
			}
			win.Offset = page * w.size
			if err := w.give(nil, problems); err != nil {
				return false, err
			}
			continue
		}
		if err := w.expect(ctx, a.header, w.scope.between(win.From, win.To)); err != nil {
			return false, err
		}
		entries, fresh := w.take(items, seen)
		if idle++; fresh {
			idle = 0
		}
		win.Offset = (page-1)*w.size + len(items)
		if len(items) > 0 {
			if err := w.give(entries, nil); err != nil {
				return false, err
			}
		}
		if len(items) == 0 || idle == maxIdlePages || w.last(a, win, len(items)) {
			return before+len(seen) < win.Total, nil
		}
		if len(items) < w.size {
			w.size, w.shrunk = len(items), true // all that the server gives at once
		}
	}
}

// grow doubles the page size where the larger pages have a border at offset.
func (w *walker) grow(offset int) {
	if !w.shrunk && offset > 0 && w.size*2 <= w.maxSize && offset%(w.size*2) == 0 {
		w.size *= 2
	}
}

// last reports whether the page that n records came with was the last.
func (w *walker) last(a *answer, win *window, n int) bool {
	total, ok := headerInt(a.header, "X-Total-Count")
	if !ok || total >= maxCapped {
		total, ok = win.Total, win.Total >= 0
	}
	if ok {
		return win.Offset >= total
	}
	return !more(a, n, w.size)
}

func (w *walker) pageRequest(win *window, page int) request {
	q := url.Values{"perPage": {strconv.Itoa(w.size)}, "page": {strconv.Itoa(page)}}
	if w.fields != "" {
		q.Set("fields", w.fields)
	}
	return request{
		method: http.MethodPost, path: "/issues/_search", query: q, limit: maxSearchBody, paged: w.size > 1,
		body: map[string]string{"query": w.scope.between(win.From, win.To) + ` "Sort By": Key ASC`},
	}
}
