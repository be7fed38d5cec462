package sqlitestore

import (
	"database/sql"

	"throughline/internal/delivery"
)

// eventRow is a row of events; rows are equal when nothing changed.
type eventRow struct {
	ordinal, at, typ, transport, actor int64
	from, to                           sql.NullInt64
	fromStarted, toStarted             int64
	moved                              bool
	fields                             sql.NullString
}

func (w *writer) eventRow(e *delivery.Event) (eventRow, error) {
	r := eventRow{ordinal: int64(e.Ordinal), at: ms(e.At), moved: e.Moved}
	var err error
	if r.typ, err = w.term(eventTerm, e.Type); err != nil {
		return r, err
	}
	if r.transport, err = w.term(transportTerm, e.Transport); err != nil {
		return r, err
	}
	if r.actor, err = w.ref(e.Actor); err != nil {
		return r, err
	}
	if t := e.Transition; t != nil {
		r.from.Valid, r.to.Valid = true, true
		if r.from.Int64, err = w.ref(t.From); err != nil {
			return r, err
		}
		if r.to.Int64, err = w.ref(t.To); err != nil {
			return r, err
		}
		r.fromStarted, r.toStarted = ms(t.FromStartedAt), ms(t.ToStartedAt)
	}
	r.fields.String, err = delivery.EncodeFields(e)
	r.fields.Valid = e.Fields != nil && err == nil
	return r, err
}

// event is what a history is made from: all but type, transport and fields that are no
// tags.
func (w *writer) event(id string, r *eventRow) (delivery.Event, error) {
	e := delivery.Event{ID: id, Ordinal: int(r.ordinal), At: delivery.Instant(r.at), Moved: r.moved}
	err := delivery.DecodeTagChanges(r.fields.String, &e)
	if err != nil {
		return e, err
	}
	if e.Actor, err = w.refByID(r.actor); err != nil || !r.to.Valid {
		return e, err
	}
	t := delivery.Transition{FromStartedAt: delivery.Instant(r.fromStarted), ToStartedAt: delivery.Instant(r.toStarted)}
	if t.From, err = w.refByID(r.from.Int64); err != nil {
		return e, err
	}
	t.To, err = w.refByID(r.to.Int64)
	e.Transition = &t
	return e, err
}

func (w *writer) putEvent(issue int64, id string, r *eventRow) error {
	_, err := w.exec(putEventSQL, issue, id, r.ordinal, r.at, r.typ, r.transport, r.actor,
		r.from, r.to, r.fromStarted, r.toStarted, r.moved, r.fields)
	return err
}

// changelog is the stored events of an issue with the changes of a record.
type changelog struct {
	all map[string]eventRow
	put []string // ids of rows that are new or changed, in the record's order
	del []string // ids of rows to remove
}

func (c *changelog) changed() bool { return len(c.put)+len(c.del) > 0 }

// changelog works a record's events into the stored ones.
func (w *writer) changelog(issue int64, rec *delivery.IssueRecord) (*changelog, error) {
	c := &changelog{all: make(map[string]eventRow, len(rec.Events))}
	if issue != 0 {
		if err := w.storedEvents(issue, c.all); err != nil {
			return nil, err
		}
	}
	keep := make(map[string]bool, len(rec.Events))
	for i := range rec.Events {
		e := &rec.Events[i]
		r, err := w.eventRow(e)
		if err != nil {
			return nil, err
		}
		keep[e.ID] = true
		if old, ok := c.all[e.ID]; !ok || old != r {
			c.all[e.ID] = r
			c.put = append(c.put, e.ID)
		}
	}
	if rec.Replace {
		for id := range c.all {
			if !keep[id] {
				delete(c.all, id)
				c.del = append(c.del, id)
			}
		}
	}
	return c, nil
}

func (w *writer) storedEvents(issue int64, into map[string]eventRow) error {
	return w.rows(func(rows *sql.Rows) error {
		var id string
		var r eventRow
		err := rows.Scan(&id, &r.ordinal, &r.at, &r.typ, &r.transport, &r.actor,
			&r.from, &r.to, &r.fromStarted, &r.toStarted, &r.moved, &r.fields)
		into[id] = r
		return err
	}, storedEventsSQL, issue)
}

// events are the events that a history is made from, in no order.
func (w *writer) events(c *changelog) ([]delivery.Event, error) {
	out := make([]delivery.Event, 0, len(c.all))
	for id, r := range c.all {
		e, err := w.event(id, &r)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// storeEvents writes the changes of a changelog.
func (w *writer) storeEvents(issue int64, c *changelog) error {
	for _, id := range c.put {
		r := c.all[id]
		if err := w.putEvent(issue, id, &r); err != nil {
			return err
		}
	}
	for _, id := range c.del {
		if _, err := w.exec(deleteEventSQL, issue, id); err != nil {
			return err
		}
	}
	return nil
}
