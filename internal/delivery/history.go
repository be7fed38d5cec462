package delivery

import (
	"cmp"
	"slices"
)

// Period is a stay of an issue in one status.
type Period struct {
	Status Ref
	Start  Instant
	End    Instant // 0 while the issue is still in it
	// Inferred is set when no event entered this status: it is known only
	// from what a later event, or the issue itself, says of the past.
	Inferred bool
}

// Length of the period in milliseconds, an open one up to now.
func (p Period) Length(now Instant) int64 { return int64(p.until(now) - p.Start) }

func (p Period) until(now Instant) Instant {
	if p.End.Known() {
		return p.End
	}
	return max(now, p.Start)
}

// AnomalyKind says how a history contradicts itself.
type AnomalyKind string

const (
	// ClockSkew: an event claims an instant before the one that precedes it.
	ClockSkew AnomalyKind = "clock_skew"
	// HiddenTransition: an event leaves a status that no event had entered.
	HiddenTransition AnomalyKind = "hidden_transition"
	// StatusMismatch: the issue is in a status its history does not end in.
	StatusMismatch AnomalyKind = "status_mismatch"
	// StatusStartMismatch: the issue entered its status at another instant
	// than its history says.
	StatusStartMismatch AnomalyKind = "status_start_mismatch"
)

// Anomaly is one contradiction in a history.
type Anomaly struct {
	Kind AnomalyKind `json:"kind"`
	// Event is the 0-based ordinal of the event that shows it; nil when the
	// issue itself does.
	Event *int `json:"event"`
}

// History is an issue's life as contiguous periods; the last one is open.
type History struct {
	Periods   []Period
	Anomalies []Anomaly
	MovedAt   Instant // the last move to another queue, 0 when never moved
	MovedBy   Ref
}

// Tracker's instants of one change lie a millisecond or so apart, from one place
// to the next; such a difference means nothing.
const statusStartTolerance = 1000

// HistoryOf reconstructs an issue's history from its changelog, as it was known
// at asOf: later events are ignored. events may come in any order and more than
// once; the result is the same.
func HistoryOf(issue *Issue, events []Event, asOf Instant) History {
	h := historian{issue: issue}
	known := orderedEvents(events)
	later := slices.ContainsFunc(known, func(e Event) bool { return e.At > asOf && e.Transition != nil })
	known = slices.DeleteFunc(known, func(e Event) bool { return e.At > asOf })
	h.begin(known)
	for _, e := range h.chain(known) {
		h.apply(e)
	}
	if !later && h.comparable(known, asOf) {
		h.reconcile()
	}
	return h.History
}

// orderedEvents drops repeated events and orders the rest by instant, those of
// the same instant as the source numbered them.
func orderedEvents(events []Event) []Event {
	out := slices.Clone(events)
	slices.SortFunc(out, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Ordinal, b.Ordinal), cmp.Compare(a.ID, b.ID))
	})
	seen := make(map[string]bool, len(out))
	return slices.DeleteFunc(out, func(e Event) bool {
		repeated := e.ID != "" && seen[e.ID]
		seen[e.ID] = true
		return repeated
	})
}

type historian struct {
	History
	issue *Issue
	// lastStart is what the source itself said of the running status's start,
	// before any clamping.
	lastStart Instant
}

func (h *historian) begin(events []Event) {
	status := h.issue.Status
	for _, e := range events {
		if e.Transition == nil {
			continue
		}
		status = e.Transition.From
		if status.IsZero() {
			status = e.Transition.To
		}
		break
	}
	h.Periods = []Period{{Status: status, Start: h.issue.CreatedAt}}
	h.lastStart = h.issue.CreatedAt
}

// maxChain bounds the transitions of one millisecond that are put in order.
const maxChain = 6

// chain puts transitions of the same millisecond into the order in which each
// leaves the status that the one before entered, where the source's order does
// not and some order does.
func (h *historian) chain(events []Event) []Event {
	running := h.running().Status.Key
	for i := 0; i < len(events); {
		j := i + 1
		for j < len(events) && events[j].At == events[i].At {
			j++
		}
		if j > i+1 {
			rechain(events[i:j], running)
		}
		for _, e := range events[i:j] {
			if e.Transition != nil {
				running = e.Transition.To.Key
			}
		}
		i = j
	}
	return events
}

// rechain reorders the transitions among events of one millisecond: a creation,
// which leaves no status, comes first.
func rechain(events []Event, running string) {
	var places []int
	var creations, moves []Event
	for i, e := range events {
		switch {
		case e.Transition == nil:
			continue
		case e.Transition.From.IsZero():
			creations = append(creations, e)
			running = e.Transition.To.Key
		default:
			moves = append(moves, e)
		}
		places = append(places, i)
	}
	if len(places) < 2 || len(places) > maxChain {
		return
	}
	if chained := chainOf(moves, running); chained != nil {
		moves = chained
	}
	for n, e := range append(creations, moves...) {
		events[places[n]] = e
	}
}

// chainOf is the first order of moves, trying them as given, in which each
// leaves the status running then; nil when there is none.
func chainOf(moves []Event, running string) []Event {
	order := make([]Event, 0, len(moves))
	used := make([]bool, len(moves))
	var follow func(running string) bool
	follow = func(running string) bool {
		for n, e := range moves {
			if used[n] || e.Transition.From.Key != running {
				continue
			}
			used[n] = true
			order = append(order, e)
			if follow(e.Transition.To.Key) {
				return true
			}
			used[n] = false
			order = order[:len(order)-1]
		}
		return len(order) == len(moves)
	}
	if !follow(running) {
		return nil
	}
	return order
}

func (h *historian) running() *Period { return &h.Periods[len(h.Periods)-1] }

func (h *historian) apply(e Event) {
	if e.Moved {
		h.MovedAt, h.MovedBy = e.At, e.Actor
	}
	t := e.Transition
	if t == nil {
		return
	}
	at := t.ToStartedAt
	if !at.Known() {
		at = e.At
	}
	if t.From.IsZero() && len(h.Periods) == 1 && h.running().Status.Key == t.To.Key {
		// The event of the creation itself: the period began at CreatedAt.
		h.running().Status = t.To
		h.lastStart = at
		return
	}
	h.lastStart = at
	if start := h.running().Start; at < start {
		at = start
		h.anomaly(ClockSkew, &e.Ordinal)
	}
	if !t.From.IsZero() && t.From.Key != h.running().Status.Key {
		hidden := at
		if t.FromStartedAt.Known() {
			hidden = min(max(t.FromStartedAt, h.running().Start), at)
		}
		h.enter(t.From, hidden, true)
		h.anomaly(HiddenTransition, &e.Ordinal)
	}
	h.enter(t.To, at, false)
}

func (h *historian) enter(status Ref, at Instant, inferred bool) {
	h.running().End = at
	h.Periods = append(h.Periods, Period{Status: status, Start: at, Inferred: inferred})
}

func (h *historian) anomaly(kind AnomalyKind, event *int) {
	if event != nil {
		n := *event
		event = &n
	}
	h.Anomalies = append(h.Anomalies, Anomaly{Kind: kind, Event: event})
}

// comparable reports whether the issue itself was looked at within what is known
// of its history: not after asOf, and not before its last transition.
func (h *historian) comparable(events []Event, asOf Instant) bool {
	seen := h.issue.StatusStartedAt
	if !seen.Known() {
		seen = h.issue.UpdatedAt
	}
	stale := h.issue.UpdatedAt.Known() && slices.ContainsFunc(events, func(e Event) bool {
		return e.Transition != nil && e.At > h.issue.UpdatedAt+statusStartTolerance
	})
	return seen <= asOf && !stale
}

// reconcile compares the end of the history with the issue itself.
func (h *historian) reconcile() {
	started := h.issue.StatusStartedAt
	running := h.running()
	if h.issue.Status.Key != running.Status.Key {
		at := started
		if !at.Known() {
			at = h.issue.UpdatedAt
		}
		h.enter(h.issue.Status, max(at, running.Start), true)
		h.anomaly(StatusMismatch, nil)
		return
	}
	// The issue's own name for the status is the newest.
	running.Status = h.issue.Status
	if !started.Known() || started == h.lastStart {
		return
	}
	apart := started - h.lastStart
	if apart < 0 {
		apart = -apart
	}
	if apart <= statusStartTolerance {
		return
	}
	if started > running.Start {
		h.enter(h.issue.Status, started, true)
	}
	h.anomaly(StatusStartMismatch, nil)
}
