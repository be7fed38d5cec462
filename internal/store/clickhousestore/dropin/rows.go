package dropin

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"

	"throughline/internal/delivery"
)

// maker makes the rows of records.
type maker struct {
	version delivery.Instant
	now     delivery.Instant
	current bool // the time in the current status of open issues counts
	custom  []customColumn
	snake   *memo
	lower   *memo
	values  values
}

// newMaker is a maker with nothing remembered.
func newMaker(version, now delivery.Instant) maker {
	return maker{version: version, now: now, snake: newMemo(snake), lower: newMemo(strings.ToLower)}
}

// values remembers what JSON values came to: most are named again and again.
type values struct {
	people map[string]delivery.Person
	known  map[string]string
}

const maxKnownValue = 1 << 10 // bytes

func (v *values) changed(raw json.RawMessage, people map[string]delivery.Person) string {
	if len(raw) > maxKnownValue || len(raw) > 0 && raw[0] != '{' && raw[0] != '[' {
		return changed(raw, people)
	}
	if v.known == nil || !sameMap(v.people, people) {
		v.people, v.known = people, map[string]string{}
	}
	if out, ok := v.known[string(raw)]; ok {
		return out
	}
	out := changed(raw, people)
	if len(v.known) < maxMemo {
		v.known[string(raw)] = out
	}
	return out
}

// sameMap reports whether two maps are one.
func sameMap(a, b map[string]delivery.Person) bool {
	return reflect.ValueOf(a).UnsafePointer() == reflect.ValueOf(b).UnsafePointer()
}

// issue adds the row of an issue.
func (m *maker) issue(f *frame, rec *Record) {
	r := f.row()
	resolved := !rec.Resolution.IsZero()
	var resolvedAt delivery.Instant
	if resolved {
		resolvedAt = rec.ResolvedAt
	}
	points := 0.0
	if rec.StoryPoints != nil {
		points = *rec.StoryPoints
	}
	r.instant(m.version)
	r.shared(rec.Queue)
	r.text(rec.Title)
	r.shared(rec.Key)
	r.shared(m.snake.get(rec.Type.Name))
	r.text(strings.ToLower(rec.Priority.Name))
	r.shared(m.snake.get(rec.Status.Name))
	r.shared(m.snake.get(rec.Resolution.Name))
	r.shared(m.lower.get(rec.email(rec.Assignee)))
	r.shared(m.lower.get(rec.email(rec.Author)))
	r.shared(m.lower.get(rec.email(rec.QAEngineer)))
	r.list(rec.Tags)
	r.list(rec.Components)
	r.text(strings.ToLower(rec.Project.Name))
	r.instant(rec.CreatedAt)
	r.instant(rec.UpdatedAt)
	r.day(rec.Deadline)
	r.day(rec.StartDate)
	r.day(rec.EndDate)
	r.instant(rec.Flow.ClosedAt)
	r.instant(resolvedAt)
	r.instant(rec.History.MovedAt)
	r.flag(rec.ParentKey != "")
	r.flag(rec.Flow.IsClosed())
	r.flag(resolved)
	r.real(points)
	r.list(rec.Sprints)
	r.text(rec.ParentKey)
	r.text(rec.EpicKey)
	r.list(rec.Aliases)
	r.flag(rec.History.MovedAt.Known())
	r.shared(m.lower.get(rec.email(rec.History.MovedBy)))
	for i := range m.custom {
		r.custom(&m.custom[i], rec)
	}
}

// stay is the time of an issue in the statuses of one name.
type stay struct {
	name              string
	elapsed, business int64 // milliseconds
	exits             int64
	lastSeen          delivery.Instant
}

// stays sums periods by the names of their statuses, in the order in which they
// were first entered. A period that has not ended counts only where asked for,
// and never the terminal one.
func (m *maker) stays(rec *Record) []stay {
	var out []stay
	for i, p := range rec.History.Periods {
		running := i == len(rec.History.Periods)-1
		if running && (!m.current || rec.Flow.IsClosed()) {
			continue
		}
		// The predecessor lowers the names of passed statuses first.
		name := m.snake.get(m.lower.get(p.Status.Name))
		at := slices.IndexFunc(out, func(s stay) bool { return s.name == name })
		if at < 0 {
			at = len(out)
			out = append(out, stay{name: name})
		}
		s, end := &out[at], p.End
		if running {
			end = max(m.now, p.Start)
		} else {
			s.exits++
		}
		s.lastSeen = max(s.lastSeen, end)
		s.elapsed += int64(end - p.Start)
		s.business += rec.Calendar.Between(p.Start, end)
	}
	return out
}

// metrics adds a row for each status and reports how many.
func (m *maker) metrics(f *frame, rec *Record) int {
	stays := m.stays(rec)
	for _, s := range stays {
		elapsed, business := s.elapsed/1000, s.business/1000
		r := f.row()
		r.instant(m.version)
		r.instant(s.lastSeen)
		r.shared(rec.Key)
		r.shared(s.name)
		r.whole(min(s.exits, math.MaxUint8))
		r.whole(elapsed)
		r.text(human(elapsed))
		r.whole(business)
		r.text(human(business))
	}
	return len(stays)
}

// change is a changed field of an event.
type change struct {
	event           *delivery.Event
	field, from, to string
}

// changes adds a row for each changed field. Changes that the table cannot tell
// apart, of one field in one millisecond, become one.
func (m *maker) changes(f *frame, rec *Record) {
	var same []change // of one instant
	flush := func() {
		for _, c := range same {
			m.change(f, rec, &c)
		}
		same = same[:0]
	}
	for i := range rec.Events {
		e := &rec.Events[i]
		if len(same) > 0 && same[0].event.At != e.At {
			flush()
		}
		for _, fc := range e.Fields {
			c := change{event: e, field: fieldKey(fc.Field), from: m.values.changed(fc.From, rec.People), to: m.values.changed(fc.To, rec.People)}
			if c.field == "" || c.from == "" && c.to == "" {
				continue
			}
			at := slices.IndexFunc(same, func(o change) bool { return o.field == c.field && o.event.Type == e.Type })
			if at < 0 {
				same = append(same, c)
			} else {
				same[at].to = c.to
			}
		}
	}
	flush()
}

func (m *maker) change(f *frame, rec *Record, c *change) {
	r := f.row()
	r.instant(m.version)
	r.instant(c.event.At)
	r.shared(rec.Key)
	r.shared(rec.Queue)
	r.shared(c.event.Type)
	r.shared(c.event.Transport)
	r.shared(m.lower.get(rec.actor(c.event.Actor)))
	r.shared(c.field)
	r.text(c.from)
	r.text(c.to)
}
