package clickhousestore

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"throughline/internal/delivery"
)

// changelogDoc is an issue's changelog as issues.events holds it. What events
// repeat is in it once: they name it by its place among the refs, from 1.
type changelogDoc struct {
	Refs   []delivery.Ref `json:"refs,omitempty"`
	Events []eventDoc     `json:"events"`
}

type eventDoc struct {
	ID          string   `json:"id"`
	Ordinal     int      `json:"n"`
	At          int64    `json:"at"`
	Type        string   `json:"type,omitempty"`
	Transport   string   `json:"transport,omitempty"`
	Actor       int      `json:"actor,omitempty"`
	Transition  bool     `json:"transition,omitempty"`
	From        int      `json:"from,omitempty"`
	To          int      `json:"to,omitempty"`
	FromStarted int64    `json:"from_started,omitempty"`
	ToStarted   int64    `json:"to_started,omitempty"`
	Moved       bool     `json:"moved,omitempty"`
	Fields      verbatim `json:"fields,omitempty"` // "" unless the full changelog is kept
}

// verbatim is JSON that is kept as it is.
type verbatim string

func (v verbatim) MarshalJSON() ([]byte, error)     { return []byte(v), nil }
func (v *verbatim) UnmarshalJSON(text []byte) error { *v = verbatim(text); return nil }

// ref is the place of what an event names, 0 for nothing.
func (c *changelogDoc) ref(r delivery.Ref) int {
	if r.IsZero() {
		return 0
	}
	i := slices.Index(c.Refs, r)
	if i < 0 {
		i = len(c.Refs)
		c.Refs = append(c.Refs, r)
	}
	return i + 1
}

func (c *changelogDoc) at(place int) (r delivery.Ref, err error) {
	switch {
	case place < 0 || place > len(c.Refs):
		return r, fmt.Errorf("names %d of %d", place, len(c.Refs))
	case place > 0:
		r = c.Refs[place-1]
	}
	return r, nil
}

// stored is an event without its fields, and those as they are stored.
type stored struct {
	delivery.Event
	fields verbatim
}

func storedOf(e *delivery.Event) (stored, error) {
	fields, err := delivery.EncodeFields(e)
	s := stored{*e, verbatim(fields)}
	s.Fields = nil
	return s, err
}

func (s *stored) whole() (delivery.Event, error) {
	e := s.Event
	if s.fields == "" {
		return e, nil
	}
	if err := json.Unmarshal([]byte(s.fields), &e.Fields); err != nil {
		return e, fmt.Errorf("stored fields of event %s: %w", s.ID, err)
	}
	return e, nil
}

func (s *stored) compare(other *stored) int {
	return cmp.Or(cmp.Compare(s.At, other.At), cmp.Compare(s.Ordinal, other.Ordinal), cmp.Compare(s.ID, other.ID))
}

func encodeEvents(events []stored) (string, error) {
	doc := changelogDoc{Events: make([]eventDoc, len(events))}
	for i := range events {
		e := &events[i]
		d := eventDoc{
			ID: e.ID, Ordinal: e.Ordinal, At: int64(e.At), Type: e.Type, Transport: e.Transport, Actor: doc.ref(e.Actor),
			Moved: e.Moved, Fields: e.fields,
		}
		if t := e.Transition; t != nil {
			d.Transition, d.From, d.To = true, doc.ref(t.From), doc.ref(t.To)
			d.FromStarted, d.ToStarted = int64(t.FromStartedAt), int64(t.ToStartedAt)
		}
		doc.Events[i] = d
	}
	return delivery.PlainJSON(&doc)
}

func decodeEvents(key, text string) ([]stored, error) {
	if text == "" {
		return nil, nil
	}
	var doc changelogDoc
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return nil, fmt.Errorf("stored events of %s: %w", key, err)
	}
	events := make([]stored, len(doc.Events))
	for i := range doc.Events {
		var err error
		if events[i], err = doc.decode(&doc.Events[i]); err != nil {
			return nil, fmt.Errorf("stored event %s of %s: %w", doc.Events[i].ID, key, err)
		}
	}
	return events, nil
}

func (c *changelogDoc) decode(d *eventDoc) (stored, error) {
	actor, err := c.at(d.Actor)
	if err != nil {
		return stored{}, err
	}
	e := delivery.Event{
		ID: d.ID, Ordinal: d.Ordinal, At: delivery.Instant(d.At), Type: d.Type, Transport: d.Transport, Actor: actor, Moved: d.Moved,
	}
	if d.Transition {
		t := delivery.Transition{FromStartedAt: delivery.Instant(d.FromStarted), ToStartedAt: delivery.Instant(d.ToStarted)}
		if t.From, err = c.at(d.From); err != nil {
			return stored{}, err
		}
		if t.To, err = c.at(d.To); err != nil {
			return stored{}, err
		}
		e.Transition = &t
	}
	return stored{e, d.Fields}, nil
}

// changelog works a record's events into the stored ones, and returns all of
// them without their fields but for tags.
func (r *issueRow) changelog(old *issueRow, rec *delivery.IssueRecord) ([]delivery.Event, error) {
	var all []stored
	if old != nil && !rec.Replace {
		var err error
		if all, err = decodeEvents(old.key, old.events); err != nil {
			return nil, err
		}
	}
	all = slices.Grow(all, len(rec.Events))
	at := make(map[string]int, len(all)+len(rec.Events))
	for i := range all {
		at[all[i].ID] = i
	}
	for i := range rec.Events {
		e, err := storedOf(&rec.Events[i])
		if err != nil {
			return nil, err
		}
		if n, met := at[e.ID]; met {
			all[n] = e
			continue
		}
		at[e.ID] = len(all)
		all = append(all, e)
	}
	return r.setEvents(all)
}

func (r *issueRow) setEvents(all []stored) (events []delivery.Event, err error) {
	slices.SortFunc(all, func(a, b stored) int { return a.compare(&b) })
	r.eventCount, r.lastEvent, r.lastOrdinal, r.events = uint32(len(all)), "", -1, ""
	if len(all) == 0 {
		return nil, nil
	}
	last := &all[len(all)-1]
	r.lastEvent, r.lastOrdinal = last.ID, int64(last.Ordinal)
	if r.events, err = encodeEvents(all); err != nil {
		return nil, err
	}
	return historyEvents(all)
}

// historyEvents are events without their fields but for tags.
func historyEvents(all []stored) ([]delivery.Event, error) {
	events := make([]delivery.Event, len(all))
	for i := range all {
		events[i] = all[i].Event
		if err := delivery.DecodeTagChanges(string(all[i].fields), &events[i]); err != nil {
			return nil, err
		}
	}
	return events, nil
}
