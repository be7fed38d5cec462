package github

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

const (
	cursorVersion = 1
	maxETags      = 3000 // of pages that are kept; the others are read each time
	maxETag       = 120  // bytes
	maxAgain      = 500  // runs of a repository that are asked for by id
	maxAgainAll   = 10_000
)

// cursor is where a pull goes on.
type cursor struct {
	Version int `json:"version"`
	// Repositories by GitHub's id: names change.
	Repositories map[int64]*state `json:"repositories,omitempty"`
	// Told is of repositories that only hooks tell of, by name in lower case.
	Told map[string]*doraState `json:"told,omitempty"`
}

// state is how far the runs of a repository are in.
type state struct {
	Name     string           `json:"name"`
	Branch   string           `json:"branch,omitempty"` // the default one
	Archived bool             `json:"archived,omitempty"`
	ETag     string           `json:"etag,omitempty"` // of what GitHub says of it
	Listed   delivery.Instant `json:"listed,omitempty"`
	// Windows are those that are listed in each pull, the latest first, without
	// gaps: what was created in them may still change.
	Windows []window `json:"windows,omitempty"`
	// Back is the second from which on all runs are in, or in Windows; 0 when
	// nothing is.
	Back int64 `json:"back,omitempty"`
	// History is what is being read before Back, and Span how long it is to be.
	History *window `json:"history,omitempty"`
	Span    int64   `json:"span,omitempty"`
	// Again are runs to ask for by id: those that go on, and those that could not
	// be read.
	Again []int64 `json:"again,omitempty"`
	// Dora is how far deployments and what led to them are in; nil when nothing is.
	Dora *doraState `json:"dora,omitempty"`
}

// window is a time in which runs were created, in seconds, both ends in it.
type window struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
	// Seen is by GitHub's clock when it was last read: what was updated before is
	// in. 0 until it was read.
	Seen delivery.Instant `json:"seen,omitempty"`
	// Began is when the reading under way did, of which Page pages are in.
	Began delivery.Instant `json:"began,omitempty"`
	Page  int              `json:"page,omitempty"`
	Total int              `json:"total,omitempty"` // runs in it
	ETags []string         `json:"etags,omitempty"` // by page
}

// cursorOf reads a cursor; one that cannot be read begins again.
func cursorOf(raw source.Cursor) cursor {
	var c cursor
	if len(raw) == 0 || json.Unmarshal(raw, &c) != nil || c.Version != cursorVersion {
		c = cursor{Version: cursorVersion}
	}
	if c.Repositories == nil {
		c.Repositories = map[int64]*state{}
	}
	for id, st := range c.Repositories {
		if st == nil {
			delete(c.Repositories, id)
		}
	}
	for name, st := range c.Told {
		if st == nil {
			delete(c.Told, name)
		}
	}
	return c
}

func (c *cursor) raw() source.Cursor {
	text, err := json.Marshal(c)
	if err != nil { // numbers and texts only
		return nil
	}
	return text
}

// named finds a repository by the name it had.
func (c *cursor) named(name string) (int64, *state) {
	for id, st := range c.Repositories {
		if strings.EqualFold(st.Name, name) {
			return id, st
		}
	}
	return 0, nil
}

// failed and solved keep the list of runs to ask for again.
func (c *cursor) failed(st *state, id int64) {
	all := 0
	for _, other := range c.Repositories {
		all += len(other.Again)
	}
	if len(st.Again) < maxAgain && all < maxAgainAll && !slices.Contains(st.Again, id) {
		st.Again = append(st.Again, id)
	}
}

func (st *state) solved(id int64) {
	st.Again = slices.DeleteFunc(st.Again, func(other int64) bool { return other == id })
}

// keepETag keeps that of a page, as long as there is room.
func (c *cursor) keepETag(w *window, page int, etag string) {
	for len(w.ETags) < page {
		w.ETags = append(w.ETags, "")
	}
	w.ETags[page-1] = ""
	kept := 0
	for _, st := range c.Repositories {
		for i := range st.Windows {
			kept += len(st.Windows[i].ETags)
		}
	}
	if len(etag) <= maxETag && kept <= maxETags {
		w.ETags[page-1] = etag
	}
}

// etag is that of a page of a window that was read, "" when it is not known.
func (w *window) etag(page int) string {
	if !w.Seen.Known() || page > len(w.ETags) {
		return ""
	}
	return w.ETags[page-1]
}

// created is the window as GitHub's search has it.
func (w *window) created() string {
	return time.Unix(w.From, 0).UTC().Format(time.RFC3339) + ".." + time.Unix(w.To, 0).UTC().Format(time.RFC3339)
}
