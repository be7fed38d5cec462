package tracker

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

const (
	firstPageSize = 100
	maxPageSize   = 1000
	maxFullPages  = 500    // of whole issues, to bound memory
	maxCapped     = 10_000 // X-Total-Count says no more, and numbered pages end there

	maxIdlePages = 3 // pages in a row without anything new end a walk
	maxRewalks   = 2
	maxSkipped   = 3 // answers of one record each that cannot be read, in a walk

	slowPage = 20 * time.Second // a third of what a scroll is kept for
)

// sheet is what one search answer holds.
type sheet struct {
	entries  []entry
	problems []source.Problem
	at       position // once the sheet is stored
	found    int      // issues in the walk, 0 when not known
}

// walker goes through the issues of a scope, by scrolls where the server has
// them, else by numbered pages.
type walker struct {
	client *client
	scope  scope
	read   func(raw json.RawMessage) entry
	fields string // asked for, "" for all
	sorted bool   // by update, so that a walk can go on from where it stood
	now    func() time.Time
	yield  func(sheet) bool

	pos     position
	size    int // of a page
	maxSize int
	shrunk  bool // the size had to be halved
	slow    bool // pages took too long to take in
	skipped int
	found   int
}

var errStopped = errors.New("no more wanted")

// walk yields every issue of the scope at least once. It always ends, even
// where the server repeats itself.
func (w *walker) walk(ctx context.Context) error {
	if w.pos.Window == nil {
		if done, err := w.scrolls(ctx); done || err != nil {
			return err
		}
	}
	return w.windows(ctx)
}

// lower is the first update to ask for: some way before where the walk stands,
// because the server may read the time in another zone.
func (w *walker) lower() delivery.Instant {
	return max(w.pos.From, w.pos.At-zoneSlack)
}

// nextSize is the page size to begin the next walk with.
func (w *walker) nextSize() int {
	switch {
	case w.slow:
		return max(w.size/2, 10)
	case w.shrunk:
		return w.size
	}
	return min(w.size*2, w.maxSize)
}

// take reads the records of an answer.
func (w *walker) take(items []json.RawMessage, seen map[uint64]bool) (entries []entry, fresh bool) {
	entries = make([]entry, len(items))
	for i, raw := range items {
		e := w.read(raw)
		e.fault = e.fault.at(i)
		entries[i] = e
		fresh = fresh || !seen[e.stamp]
		seen[e.stamp] = true
		w.pos.Newest = max(w.pos.Newest, e.updated)
	}
	return entries, fresh
}

// give yields a sheet; err is errStopped when no more is wanted.
func (w *walker) give(entries []entry, problems []source.Problem) error {
	at := w.pos
	if at.Window != nil {
		win := *at.Window
		at.Window = &win
	}
	began := time.Now()
	if !w.yield(sheet{entries: entries, problems: problems, at: at, found: w.found}) {
		return errStopped
	}
	w.slow = w.slow || time.Since(began) > slowPage
	return nil
}

// halve asks for smaller pages after err, and reports whether that may help:
// not when one record is too much already.
func (w *walker) halve(err error) bool {
	var bad *answerError
	helps := isStatus(err, http.StatusGatewayTimeout) || errors.As(err, &bad) && bad.size
	if w.size == 1 || !helps {
		return false
	}
	w.size, w.shrunk = w.size/2, true
	return true
}

// refuses reports whether err may be about a page size larger than the server
// takes, and asks for an ordinary one.
func (w *walker) refuses(err error) bool {
	if w.size <= firstPageSize || !isStatus(err, http.StatusBadRequest, http.StatusUnprocessableEntity) {
		return false
	}
	w.size, w.shrunk = firstPageSize, true
	return true
}

// skip passes over an answer of one record that cannot be read.
func (w *walker) skip(err error) ([]source.Problem, http.Header, bool) {
	var bad *answerError
	if w.size > 1 || w.skipped == maxSkipped || !errors.As(err, &bad) || !bad.size {
		return nil, nil, false
	}
	w.skipped++
	record := "after " + w.pos.Newest.String()
	return []source.Problem{problemOf(record, bad)}, bad.header, true
}

// count is how many issues match; -1 when the server does not tell.
func (w *walker) count(ctx context.Context, query string) (int, error) {
	a, err := w.client.do(ctx, request{
		method: http.MethodPost, path: "/issues/_count", limit: maxOtherBody,
		body: map[string]string{"query": query},
	})
	if err != nil {
		return -1, unlessSaid(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(a.body)))
	if err != nil || n < 0 {
		n = -1
	}
	return n, nil
}

// unlessSaid drops an error that is the server's answer: there is no count.
func unlessSaid(err error) error {
	var status *statusError
	var bad *answerError
	if errors.As(err, &status) || errors.As(err, &bad) {
		return nil
	}
	return err
}

// expect notes how many issues the walk will find, from the first answer's
// header or, where that is capped, by asking.
func (w *walker) expect(ctx context.Context, h http.Header, query string) error {
	if w.found > 0 {
		return nil
	}
	total, ok := headerInt(h, "X-Total-Count")
	if !ok || total >= maxCapped {
		n, err := w.count(ctx, query)
		if err != nil {
			return err
		}
		total = max(n, total)
	}
	w.found = total
	return nil
}

// more reports whether an answer that n records came with is one of several
// numbered pages.
func more(a *answer, n, size int) bool {
	if total, ok := headerInt(a.header, "X-Total-Count"); ok {
		return total > n
	}
	if pages, ok := headerInt(a.header, "X-Total-Pages"); ok {
		return pages > 1
	}
	const usual = 50 // what the server gives when it is not asked, or does not listen
	return a.next() != nil || n > 0 && (n >= size || n == usual)
}

func headerInt(h http.Header, name string) (int, bool) {
	n, err := strconv.Atoi(h.Get(name))
	return n, err == nil && n >= 0
}
