package sentry

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

const (
	cursorVersion = 1
	maxDates      = 600  // releases whose dates are kept
	maxAlone      = 2000 // groups that wait to be asked for alone
	maxWaiting    = 500  // releases that wait for their deploys
	// lackedFor is how long an endpoint that the server lacks is not asked for, and
	// deniedFor one that it refuses: that may be mended any time.
	lackedFor = 24 * time.Hour
	deniedFor = time.Hour
)

// cursor is where a pull goes on.
type cursor struct {
	Version int    `json:"version"`
	Digest  string `json:"digest"` // of the settings: others begin anew
	Access  string `json:"access"` // of the token: another may see more
	// Lacks are the endpoints that the server lacks, or the token a permission for.
	Lacks map[endpoint]lack `json:"lacks,omitempty"`
	// Rows is up to when it is known which releases groups were seen in.
	Rows delivery.Instant `json:"rows,omitempty"`

	History historyState `json:"history,omitzero"`
	// Alone are groups to be asked for by id, and Unread those that could not be read.
	Alone  []string `json:"alone,omitempty"`
	Unread []string `json:"unread,omitempty"`

	Releases releaseState `json:"releases,omitzero"`
	// Dates are when releases came to be, in Unix seconds by version.
	Dates map[string]int64 `json:"dates,omitempty"`
	// Deploys are releases whose deploys are to be asked for.
	Deploys []waiting `json:"deploys,omitempty"`

	Sessions delivery.Instant `json:"sessions,omitempty"` // the hours before are in
	// SessionsFrom is from when on: the past is read a few calls at a time.
	SessionsFrom delivery.Instant `json:"sessions_from,omitempty"`
	Hours        hourState        `json:"hours,omitzero"`
}

type lack struct {
	At   delivery.Instant `json:"at"`
	Said string           `json:"said"`
	// Denied says that it is there, and refuses.
	Denied bool `json:"denied,omitempty"`
}

// over reports whether an endpoint is to be asked for again.
func (p *pull) over(l lack) bool {
	if l.Denied {
		return p.due(l.At, deniedFor)
	}
	return p.due(l.At, lackedFor)
}

// historyState is how far groups are in that are not new.
type historyState struct {
	Done bool             `json:"done,omitempty"`
	Page string           `json:"page,omitempty"` // Sentry's cursor to go on from
	At   delivery.Instant `json:"at,omitempty"`   // when changes were last asked for
	// Began is when the reading of all of them did.
	Began delivery.Instant `json:"began,omitempty"`
}

// releaseState is how far releases are in.
type releaseState struct {
	At    delivery.Instant `json:"at,omitempty"`    // when they were last asked for
	Since delivery.Instant `json:"since,omitempty"` // those created later are being read
	Page  string           `json:"page,omitempty"`  // Sentry's cursor to go on from
	Began delivery.Instant `json:"began,omitempty"` // of the reading under way
}

// waiting is a release whose deploys are to be asked for.
type waiting struct {
	Version  string   `json:"version"`
	Projects []string `json:"projects"`
}

// hourState is how far the events by hour are in.
type hourState struct {
	// Until are the ends of what is known, by project.
	Until map[string]delivery.Instant `json:"until,omitempty"`
	Back  []span                      `json:"back,omitempty"` // to be read, in turn
}

// span are hours of a project.
type span struct {
	Project string           `json:"project"`
	From    delivery.Instant `json:"from"`
	To      delivery.Instant `json:"to"`
}

// cursorOf reads a cursor; one that cannot be read, or is of other settings, begins
// again.
func (s *Source) cursorOf(raw source.Cursor) cursor {
	var c cursor
	if len(raw) == 0 || json.Unmarshal(raw, &c) != nil || c.Version != cursorVersion || c.Digest != s.digest() {
		c = cursor{Version: cursorVersion, Digest: s.digest()}
	}
	if c.Lacks == nil || c.Access != s.access() {
		c.Lacks = map[endpoint]lack{}
	}
	c.Access = s.access()
	if c.Dates == nil {
		c.Dates = map[string]int64{}
	}
	if c.Hours.Until == nil {
		c.Hours.Until = map[string]delivery.Instant{}
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

// ask keeps a group to be asked for alone.
func (c *cursor) ask(id string) {
	if len(c.Alone) < maxAlone && !slices.Contains(c.Alone, id) {
		c.Alone = append(c.Alone, id)
	}
}

// date keeps when a release came to be, of the latest ones.
func (c *cursor) date(version string, at delivery.Instant) {
	if !at.Known() {
		return
	}
	c.Dates[version] = int64(at) / 1000
	if len(c.Dates) <= maxDates+maxDates/10 {
		return
	}
	latest := slices.SortedFunc(maps.Keys(c.Dates), func(a, b string) int {
		return cmp.Or(cmp.Compare(c.Dates[b], c.Dates[a]), cmp.Compare(a, b))
	})
	for _, old := range latest[maxDates:] {
		delete(c.Dates, old)
	}
}
