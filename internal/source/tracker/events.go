package tracker

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"throughline/internal/delivery"
)

const (
	maxEvents = 20_000  // of an issue
	maxChange = 4 << 10 // bytes of JSON kept of either side of a changed field

	typeMoved        = "IssueMoved"
	fieldStatus      = "status"
	fieldStatusStart = "statusStartTime"
)

// eventOf maps an entry of a changelog; its ordinal is not known yet. full
// keeps every changed field.
func eventOf(raw json.RawMessage, full bool) (delivery.Event, *fault) {
	r := eventReader{full: full}
	var changes json.RawMessage
	isEvent := members(raw, func(name []byte, value json.RawMessage) {
		switch string(name) {
		case "id":
			r.event.ID = r.text(".id", value)
		case "updatedAt":
			r.event.At = r.instant(".updatedAt", value)
		case "updatedBy":
			r.event.Actor = r.ref(".updatedBy", value)
		case "type":
			r.event.Type = r.text(".type", value)
		case "transport":
			r.event.Transport = r.text(".transport", value)
		case "fields":
			changes = value
		}
	})
	switch {
	case !isEvent:
		r.keep("", wrong("object", "is not an object"))
	case r.event.ID == "":
		r.keep(".id", wrong("missing", "is missing"))
	case !r.event.At.Known():
		r.keep(".updatedAt", wrong("missing", "is missing"))
	}
	r.event.Moved = r.event.Type == typeMoved
	r.keep(".fields", r.changes(changes))
	return r.event, r.fault
}

// eventReader keeps the first thing wrong with an event.
type eventReader struct {
	full  bool
	event delivery.Event
	fault *fault

	fromStarted, toStarted delivery.Instant
}

func (r *eventReader) keep(path string, f *fault) {
	if r.fault == nil && f != nil {
		r.fault = f.in(path)
	}
}

func (r *eventReader) text(path string, raw json.RawMessage) string {
	s, f := textOf(raw)
	r.keep(path, f)
	return s
}

func (r *eventReader) instant(path string, raw json.RawMessage) delivery.Instant {
	i, f := instantOf(raw)
	r.keep(path, f)
	return i
}

func (r *eventReader) ref(path string, raw json.RawMessage) delivery.Ref {
	v, f := refOf(raw)
	r.keep(path, f)
	return v
}

// changes reads the changed fields.
func (r *eventReader) changes(raw json.RawMessage) *fault {
	if isNull(raw) {
		return nil
	}
	items, ok := elements(raw)
	if !ok {
		return wrong("list", "is not a list")
	}
	for i, item := range items {
		if f := r.change(item); f != nil {
			return f.at(i)
		}
	}
	if t := r.event.Transition; t != nil {
		t.FromStartedAt, t.ToStartedAt = r.fromStarted, r.toStarted
	}
	return nil
}

// change reads one changed field, known by its id: its place means nothing.
func (r *eventReader) change(raw json.RawMessage) *fault {
	var field, from, to json.RawMessage
	ok := members(raw, func(name []byte, value json.RawMessage) {
		switch string(name) {
		case "field":
			field = value
		case "from":
			from = value
		case "to":
			to = value
		}
	})
	if !ok {
		return wrong("object", "is not an object")
	}
	ref, f := refOf(field)
	name := cmp.Or(ref.ID, ref.Key)
	switch {
	case f != nil:
		return f.in(".field")
	case name == "":
		return wrong("missing", "is missing").in(".field.id")
	case name == fieldStatus:
		f = r.transition(from, to)
	case name == fieldStatusStart:
		if r.fromStarted, f = instantOf(from); f != nil {
			return f.in(".from")
		}
		if r.toStarted, f = instantOf(to); f != nil {
			return f.in(".to")
		}
	}
	if r.full {
		r.event.Fields = append(r.event.Fields, delivery.FieldChange{Field: name, From: bounded(from), To: bounded(to)})
	}
	return f
}

func (r *eventReader) transition(from, to json.RawMessage) *fault {
	left, f := refOf(from)
	if f != nil {
		return f.in(".from")
	}
	entered, f := refOf(to)
	if f != nil {
		return f.in(".to")
	}
	t := &delivery.Transition{From: statusRef(left), To: statusRef(entered)}
	if t.To.Key == "" {
		return wrong("missing_status", "is missing: a status changes to something").in(".to")
	}
	if before := r.event.Transition; before != nil { // two changes in one event are one step
		t.From = before.From
	}
	r.event.Transition = t
	return nil
}

// bounded replaces a long value by a remark.
func bounded(raw json.RawMessage) json.RawMessage {
	value := compact(raw)
	if len(value) <= maxChange {
		return value
	}
	return json.RawMessage(fmt.Sprintf(`"(%d bytes, not kept)"`, len(value)))
}

// ordered sorts events by instant, those of one instant as they were delivered,
// drops repeated ones and numbers them from first on.
func ordered(events []delivery.Event, first int) []delivery.Event {
	slices.SortStableFunc(events, func(a, b delivery.Event) int {
		return cmp.Compare(a.At, b.At)
	})
	seen := make(map[string]bool, len(events))
	events = slices.DeleteFunc(events, func(e delivery.Event) bool {
		again := seen[e.ID]
		seen[e.ID] = true
		return again
	})
	for i := range events {
		events[i].Ordinal = first + i
	}
	return events
}

// transitions are the events kept when the full changelog is not.
func transitions(events []delivery.Event) []delivery.Event {
	return slices.DeleteFunc(events, func(e delivery.Event) bool {
		return e.Transition == nil && !e.Moved
	})
}
