package clickhousestore

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"throughline/internal/delivery"
)

// eventDoc is an event as issues.events holds it; two are equal when nothing
// changed.
type eventDoc struct {
	ID          string       `json:"id"`
	Ordinal     int          `json:"n"`
	At          int64        `json:"at"`
	Type        string       `json:"type,omitempty"`
	Transport   string       `json:"transport,omitempty"`
	Actor       delivery.Ref `json:"actor,omitzero"`
	Transition  bool         `json:"transition,omitempty"`
	From        delivery.Ref `json:"from,omitzero"`
	To          delivery.Ref `json:"to,omitzero"`
	FromStarted int64        `json:"from_started,omitempty"`
	ToStarted   int64        `json:"to_started,omitempty"`
	Moved       bool         `json:"moved,omitempty"`
	Fields      verbatim     `json:"fields,omitempty"` // "" unless the full changelog is kept
}

// verbatim is JSON that is kept as it is.
type verbatim string

func (v verbatim) MarshalJSON() ([]byte, error)     { return []byte(v), nil }
func (v *verbatim) UnmarshalJSON(text []byte) error { *v = verbatim(text); return nil }

func docOf(e *delivery.Event) (eventDoc, error) {
	d := eventDoc{ID: e.ID, Ordinal: e.Ordinal, At: int64(e.At), Type: e.Type, Transport: e.Transport, Actor: e.Actor, Moved: e.Moved}
	if t := e.Transition; t != nil {
		d.Transition, d.From, d.To = true, t.From, t.To
		d.FromStarted, d.ToStarted = int64(t.FromStartedAt), int64(t.ToStartedAt)
	}
	fields, err := delivery.EncodeFields(e)
	d.Fields = verbatim(fields)
	return d, err
}

// plain is the event without its fields, which is what a history is made from.
func (d *eventDoc) plain() delivery.Event {
	e := delivery.Event{
		ID: d.ID, Ordinal: d.Ordinal, At: delivery.Instant(d.At), Type: d.Type, Transport: d.Transport, Actor: d.Actor, Moved: d.Moved,
	}
	if d.Transition {
		e.Transition = &delivery.Transition{
			From: d.From, To: d.To, FromStartedAt: delivery.Instant(d.FromStarted), ToStartedAt: delivery.Instant(d.ToStarted),
		}
	}
	return e
}

func (d *eventDoc) event() (delivery.Event, error) {
	e := d.plain()
	if d.Fields == "" {
		return e, nil
	}
	if err := json.Unmarshal([]byte(d.Fields), &e.Fields); err != nil {
		return e, fmt.Errorf("stored fields of event %s: %w", d.ID, err)
	}
	return e, nil
}

func (d *eventDoc) compare(other *eventDoc) int {
	return cmp.Or(cmp.Compare(d.At, other.At), cmp.Compare(d.Ordinal, other.Ordinal), cmp.Compare(d.ID, other.ID))
}

func decodeEvents(key, text string) ([]eventDoc, error) {
	var docs []eventDoc
	if text == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &docs); err != nil {
		return nil, fmt.Errorf("stored events of %s: %w", key, err)
	}
	return docs, nil
}

// changelog works a record's events into the stored ones, and returns all of
// them without their fields.
func (r *issueRow) changelog(old *issueRow, rec *delivery.IssueRecord) ([]delivery.Event, error) {
	docs := make([]eventDoc, 0, len(rec.Events))
	var stored []eventDoc
	if old != nil && !rec.Replace {
		var err error
		if stored, err = decodeEvents(old.key, old.events); err != nil {
			return nil, err
		}
	}
	at := map[string]int{}
	for _, d := range stored {
		at[d.ID] = len(docs)
		docs = append(docs, d)
	}
	for i := range rec.Events {
		d, err := docOf(&rec.Events[i])
		if err != nil {
			return nil, err
		}
		if n, met := at[d.ID]; met {
			docs[n] = d
			continue
		}
		at[d.ID] = len(docs)
		docs = append(docs, d)
	}
	return r.setEvents(docs)
}

func (r *issueRow) setEvents(docs []eventDoc) ([]delivery.Event, error) {
	slices.SortFunc(docs, func(a, b eventDoc) int { return a.compare(&b) })
	r.eventCount, r.lastEvent, r.lastOrdinal, r.events = uint32(len(docs)), "", -1, ""
	if len(docs) == 0 {
		return nil, nil
	}
	last := &docs[len(docs)-1]
	r.lastEvent, r.lastOrdinal = last.ID, int64(last.Ordinal)
	text, err := delivery.PlainJSON(docs)
	if err != nil {
		return nil, err
	}
	r.events = text
	events := make([]delivery.Event, len(docs))
	for i := range docs {
		events[i] = docs[i].plain()
	}
	return events, nil
}
