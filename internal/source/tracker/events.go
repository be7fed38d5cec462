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

// eventReader maps the entries of a changelog, and keeps the first thing
// wrong.
type eventReader struct {
	full  bool // keep every changed field
	fault *fault
}

func (r *eventReader) text(path string, raw json.RawMessage) string {
	s, f := textOf(path, raw)
	r.keep(f)
	return s
}

func (r *eventReader) instant(path string, raw json.RawMessage) delivery.Instant {
	i, f := instantOf(path, raw)
	r.keep(f)
	return i
}

func (r *eventReader) ref(path string, raw json.RawMessage) delivery.Ref {
	v, f := refOf(path, raw)
	r.keep(f)
	return v
}

func (r *eventReader) keep(f *fault) {
	if r.fault == nil {
		r.fault = f
	}
}

// event maps one entry; its ordinal is not known yet.
func (r *eventReader) event(path string, raw json.RawMessage) delivery.Event {
	var in struct {
		ID, UpdatedAt, UpdatedBy, Type, Transport, Fields json.RawMessage
	}
	if !isObject(raw) || json.Unmarshal(raw, &in) != nil {
		r.keep(&fault{path, "is not an object"})
		return delivery.Event{}
	}
	e := delivery.Event{
		ID:        r.text(path+".id", in.ID),
		At:        r.instant(path+".updatedAt", in.UpdatedAt),
		Type:      r.text(path+".type", in.Type),
		Transport: r.text(path+".transport", in.Transport),
		Actor:     r.ref(path+".updatedBy", in.UpdatedBy),
	}
	e.Moved = e.Type == typeMoved
	if e.ID == "" {
		r.keep(&fault{path + ".id", "is missing"})
	}
	if !e.At.Known() {
		r.keep(&fault{path + ".updatedAt", "is missing"})
	}
	r.changes(&e, path+".fields", in.Fields)
	return e
}

// changes reads the changed fields, found by their ids: their order means
// nothing.
func (r *eventReader) changes(e *delivery.Event, path string, raw json.RawMessage) {
	if isNull(raw) {
		return
	}
	var in []json.RawMessage
	if json.Unmarshal(raw, &in) != nil {
		r.keep(&fault{path, "is not a list"})
		return
	}
	var fromStarted, toStarted delivery.Instant
	for i, raw := range in {
		at := fmt.Sprintf("%s[%d]", path, i)
		var change struct{ Field, From, To json.RawMessage }
		if !isObject(raw) || json.Unmarshal(raw, &change) != nil {
			r.keep(&fault{at, "is not an object"})
			return
		}
		field := r.ref(at+".field", change.Field)
		name := cmp.Or(field.ID, field.Key)
		switch name {
		case "":
			r.keep(&fault{at + ".field.id", "is missing"})
		case fieldStatus:
			r.transition(e, at, change.From, change.To)
		case fieldStatusStart:
			fromStarted = r.instant(at+".from", change.From)
			toStarted = r.instant(at+".to", change.To)
		}
		if r.full {
			e.Fields = append(e.Fields, delivery.FieldChange{Field: name, From: bounded(change.From), To: bounded(change.To)})
		}
	}
	if e.Transition != nil {
		e.Transition.FromStartedAt, e.Transition.ToStartedAt = fromStarted, toStarted
	}
}

func (r *eventReader) transition(e *delivery.Event, at string, from, to json.RawMessage) {
	t := &delivery.Transition{
		From: statusRef(r.ref(at+".from", from)),
		To:   statusRef(r.ref(at+".to", to)),
	}
	if t.To.Key == "" {
		r.keep(&fault{at + ".to", "is missing: a status must change to something"})
	}
	if e.Transition != nil { // two changes in one event are one step
		t.From = e.Transition.From
	}
	e.Transition = t
}

// bounded replaces a long value by a remark.
func bounded(raw json.RawMessage) json.RawMessage {
	value := compact(raw)
	if len(value) <= maxChange {
		return value
	}
	return json.RawMessage(fmt.Sprintf(`"(%d bytes, not kept)"`, len(value)))
}

// ordered sorts events by (At, ID), drops repeated ones and numbers them from
// first on.
func ordered(events []delivery.Event, first int) []delivery.Event {
	slices.SortStableFunc(events, func(a, b delivery.Event) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID))
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
