package delivery_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

const hour = delivery.Instant(3600_000)

// t0 is Monday 2024-03-04 07:00 UTC.
var t0 = delivery.Instant(1709535600000)

func status(key string) delivery.Ref { return delivery.Ref{Key: key, Name: key} }

// move is an event n at t0+h hours; from "" is a creation.
func move(n int, h float64, from, to string) delivery.Event {
	when := t0 + delivery.Instant(h*float64(hour))
	e := delivery.Event{ID: string(rune('a' + n)), Ordinal: n, At: when, Type: "IssueWorkflow", Transition: &delivery.Transition{To: status(to)}}
	if from != "" {
		e.Transition.From = status(from)
	}
	return e
}

// since adds what the source itself says of the starts, in hours from t0.
func since(e delivery.Event, from, to float64) delivery.Event {
	e.Transition.FromStartedAt = t0 + delivery.Instant(from*float64(hour))
	e.Transition.ToStartedAt = t0 + delivery.Instant(to*float64(hour))
	return e
}

func renamed(e delivery.Event, id string) delivery.Event { e.ID = id; return e }

func issueIn(key string, startedHours float64) delivery.Issue {
	at := t0 + delivery.Instant(startedHours*float64(hour))
	return delivery.Issue{Key: "DEV-1", Queue: "DEV", Status: status(key), CreatedAt: t0, UpdatedAt: at, StatusStartedAt: at}
}

func period(key string, start, end float64) delivery.Period {
	p := delivery.Period{Status: status(key), Start: t0 + delivery.Instant(start*float64(hour))}
	if end >= 0 {
		p.End = t0 + delivery.Instant(end*float64(hour))
	}
	return p
}

func inferred(p delivery.Period) delivery.Period { p.Inferred = true; return p }

func anomaly(kind delivery.AnomalyKind, event ...int) delivery.Anomaly {
	a := delivery.Anomaly{Kind: kind}
	if len(event) > 0 {
		a.Event = &event[0]
	}
	return a
}

func TestHistory(t *testing.T) {
	end := t0 + 1000*hour
	created := move(0, 0, "", "open")
	for name, c := range map[string]struct {
		issue     delivery.Issue
		events    []delivery.Event
		asOf      delivery.Instant
		periods   []delivery.Period
		anomalies []delivery.Anomaly
	}{
		"no events at all": {
			issue: issueIn("open", 0), asOf: end,
			periods: []delivery.Period{period("open", 0, -1)},
		},
		"the first transition says where it began": {
			issue: issueIn("done", 5), asOf: end, events: []delivery.Event{move(0, 5, "backlog", "done")},
			periods: []delivery.Period{period("backlog", 0, 5), period("done", 5, -1)},
		},
		"a status changed unseen between two events": {
			issue: issueIn("done", 30), asOf: end,
			events:    []delivery.Event{created, since(move(1, 3, "open", "work"), 0, 3), since(move(2, 30, "backlog", "done"), 20, 30)},
			periods:   []delivery.Period{period("open", 0, 3), period("work", 3, 20), inferred(period("backlog", 20, 30)), period("done", 30, -1)},
			anomalies: []delivery.Anomaly{anomaly(delivery.HiddenTransition, 2)},
		},
		"the same, and the source does not say since when": {
			issue: issueIn("done", 30), asOf: end,
			events:    []delivery.Event{created, move(1, 30, "backlog", "done")},
			periods:   []delivery.Period{period("open", 0, 30), inferred(period("backlog", 30, 30)), period("done", 30, -1)},
			anomalies: []delivery.Anomaly{anomaly(delivery.HiddenTransition, 1)},
		},
		"the issue is in a status its events do not reach": {
			issue: issueIn("review", 40), asOf: end,
			events:    []delivery.Event{created, since(move(1, 3, "open", "work"), 0, 3)},
			periods:   []delivery.Period{period("open", 0, 3), period("work", 3, 40), inferred(period("review", 40, -1))},
			anomalies: []delivery.Anomaly{anomaly(delivery.StatusMismatch)},
		},
		"the issue came back to its status unseen": {
			issue: issueIn("work", 40), asOf: end,
			events:    []delivery.Event{created, since(move(1, 3, "open", "work"), 0, 3)},
			periods:   []delivery.Period{period("open", 0, 3), period("work", 3, 40), inferred(period("work", 40, -1))},
			anomalies: []delivery.Anomaly{anomaly(delivery.StatusStartMismatch)},
		},
		"a clock that runs back, and an issue that agrees with it": {
			issue: issueIn("done", 2), asOf: end,
			events:    []delivery.Event{created, since(move(1, 3, "open", "work"), 0, 3), since(move(2, 4, "work", "done"), 3, 2)},
			periods:   []delivery.Period{period("open", 0, 3), period("work", 3, 3), period("done", 3, -1)},
			anomalies: []delivery.Anomaly{anomaly(delivery.ClockSkew, 2)},
		},
		"three transitions in one millisecond, in the source's order": {
			issue: issueIn("done", 3), asOf: end,
			events: []delivery.Event{
				created, renamed(move(1, 3, "open", "work"), "z"), renamed(move(2, 3, "work", "open"), "y"), renamed(move(3, 3, "open", "done"), "x"),
			},
			periods: []delivery.Period{period("open", 0, 3), period("work", 3, 3), period("open", 3, 3), period("done", 3, -1)},
		},
		"a creation comes before what else happened in its millisecond": {
			issue: issueIn("work", 0), asOf: end,
			events:  []delivery.Event{move(0, 0, "open", "work"), move(1, 0, "", "open")},
			periods: []delivery.Period{period("open", 0, 0), period("work", 0, -1)},
		},
		"transitions in one millisecond that nothing orders stay as they are": {
			issue: issueIn("done", 3), asOf: end,
			events:    []delivery.Event{created, move(1, 3, "review", "work"), move(2, 3, "open", "done")},
			periods:   []delivery.Period{period("open", 0, 3), inferred(period("review", 3, 3)), period("work", 3, 3), inferred(period("open", 3, 3)), period("done", 3, -1)},
			anomalies: []delivery.Anomaly{anomaly(delivery.HiddenTransition, 1), anomaly(delivery.HiddenTransition, 2)},
		},
		"half a second between two starts that are both known": {
			issue: func() delivery.Issue { i := issueIn("work", 3); i.StatusStartedAt += 500; return i }(), asOf: end,
			events:  []delivery.Event{created, since(move(1, 3, "open", "work"), 0, 3)},
			periods: []delivery.Period{period("open", 0, 3), period("work", 3, -1)},
		},
		"one millisecond between the event and the status's start": {
			issue: func() delivery.Issue { i := issueIn("work", 3); i.StatusStartedAt++; return i }(), asOf: end,
			events:  []delivery.Event{created, move(1, 3, "open", "work")},
			periods: []delivery.Period{period("open", 0, 3), period("work", 3, -1)},
		},
		"later events are ignored, and no mismatch is made of that": {
			issue: issueIn("done", 30), asOf: t0 + 10*hour,
			events:  []delivery.Event{created, since(move(1, 3, "open", "work"), 0, 3), since(move(2, 30, "work", "done"), 3, 30)},
			periods: []delivery.Period{period("open", 0, 3), period("work", 3, -1)},
		},
		"the changelog was read after the issue, and knows more": {
			issue: issueIn("work", 3), asOf: end,
			events:  []delivery.Event{created, since(move(1, 3, "open", "work"), 0, 3), since(move(2, 30, "work", "done"), 3, 30)},
			periods: []delivery.Period{period("open", 0, 3), period("work", 3, 30), period("done", 30, -1)},
		},
		"two transitions in one millisecond, the second first": {
			issue: issueIn("review", 3), asOf: end,
			events:  []delivery.Event{created, move(1, 3, "work", "review"), move(2, 3, "open", "work")},
			periods: []delivery.Period{period("open", 0, 3), period("work", 3, 3), period("review", 3, -1)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := delivery.HistoryOf(&c.issue, c.events, c.asOf)
			if diff := cmp.Diff(c.periods, h.Periods); diff != "" {
				t.Errorf("periods (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(c.anomalies, h.Anomalies); diff != "" {
				t.Errorf("anomalies (-want +got)\n%s", diff)
			}
		})
	}
}

func classOf(key string, _ delivery.Instant) delivery.Class {
	return map[string]delivery.Class{"work": delivery.Active, "review": delivery.Active, "done": delivery.Closed, "cancelled": delivery.Closed}[key]
}

func TestFlow(t *testing.T) {
	for name, c := range map[string]struct {
		periods []delivery.Period
		want    delivery.Flow
	}{
		"open": {[]delivery.Period{period("open", 0, -1)}, delivery.Flow{CreatedAt: t0}},
		"closed, reopened, closed": {
			[]delivery.Period{period("open", 0, 1), period("work", 1, 5), period("done", 5, 20), period("open", 20, 21), period("work", 21, 30), period("done", 30, -1)},
			delivery.Flow{CreatedAt: t0, FirstActiveAt: t0 + hour, ClosedAt: t0 + 30*hour, ReopenCount: 1},
		},
		"a closed run through two statuses": {
			[]delivery.Period{period("work", 0, 5), period("done", 5, 9), period("cancelled", 9, -1)},
			delivery.Flow{CreatedAt: t0, FirstActiveAt: t0, ClosedAt: t0 + 5*hour},
		},
		"closed without ever being active": {
			[]delivery.Period{period("open", 0, 5), period("done", 5, -1)},
			delivery.Flow{CreatedAt: t0, ClosedAt: t0 + 5*hour},
		},
		"reopened and still open": {
			[]delivery.Period{period("work", 0, 5), period("done", 5, 9), period("open", 9, -1)},
			delivery.Flow{CreatedAt: t0, FirstActiveAt: t0, ReopenCount: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, delivery.FlowOf(t0, c.periods, classOf)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestFlowSpans(t *testing.T) {
	c := delivery.NewCalendar(week(t, "UTC", "09:00-18:00"))
	open := delivery.Flow{CreatedAt: t0, FirstActiveAt: t0 + 4*hour} // since Monday 07:00, active from 11:00
	now := t0 + 26*hour                                              // Tuesday 09:00
	if open.LeadTime(c) != nil || open.CycleTime(c) != nil {
		t.Error("an open issue has a lead or cycle time")
	}
	if got := open.Age(now, c); *got != (delivery.Span{Seconds: 26 * 3600, BusinessSeconds: 9 * 3600}) {
		t.Errorf("age %+v", got)
	}
	if got := open.WIPAge(now, c); *got != (delivery.Span{Seconds: 22 * 3600, BusinessSeconds: 7 * 3600}) {
		t.Errorf("wip age %+v", got)
	}
	closed := open
	closed.ClosedAt = t0 + 10*hour
	if closed.Age(now, c) != nil || closed.WIPAge(now, c) != nil {
		t.Error("a closed issue ages")
	}
	if got := closed.CycleTime(c); *got != (delivery.Span{Seconds: 6 * 3600, BusinessSeconds: 6 * 3600}) {
		t.Errorf("cycle time %+v", got)
	}
	closed.FirstActiveAt = 0
	if closed.CycleTime(c) != nil {
		t.Error("an issue that was never active has a cycle time")
	}
}

func TestWorkflowClass(t *testing.T) {
	lists := func(active, closed []string) delivery.StatusLists {
		return delivery.StatusLists{Active: active, Closed: closed}
	}
	given := delivery.Workflow{StatusLists: lists([]string{"testing"}, []string{"closed"}), Queues: map[string]delivery.StatusLists{"OPS": lists(nil, []string{"done"})}}
	for _, c := range []struct {
		name            string
		w               delivery.Workflow
		queue, key, typ string
		want            delivery.Class
		mapped          bool
	}{
		{"by type: done", delivery.Workflow{}, "DEV", "shipped", "done", delivery.Closed, false},
		{"by type: cancelled", delivery.Workflow{}, "DEV", "dropped", "cancelled", delivery.Closed, false},
		{"by type: in progress", delivery.Workflow{}, "DEV", "doing", "inProgress", delivery.Active, false},
		{"by type: paused", delivery.Workflow{}, "DEV", "onHold", "paused", delivery.Active, false},
		{"no type", delivery.Workflow{}, "DEV", "custom", "", delivery.Waiting, false},
		{"listed", given, "DEV", "testing", "new", delivery.Active, true},
		{"a list replaces the default of its class", given, "DEV", "shipped", "done", delivery.Waiting, false},
		{"and of active", given, "DEV", "doing", "inProgress", delivery.Waiting, false},
		{"the queue's own list", given, "OPS", "done", "", delivery.Closed, true},
		{"adds to the common one", given, "OPS", "closed", "", delivery.Closed, true},
		{"replaces the default of its class", given, "OPS", "shipped", "done", delivery.Waiting, false},
		{"wins over the common one", delivery.Workflow{StatusLists: lists(nil, []string{"closed"}), Queues: map[string]delivery.StatusLists{"OPS": {Waiting: []string{"closed"}}}}, "OPS", "closed", "done", delivery.Waiting, true},
		{"and leaves the other classes", given, "OPS", "testing", "", delivery.Active, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.w.Class(c.queue, "", c.key, c.typ); got != c.want {
				t.Errorf("class %s, want %s", got, c.want)
			}
			if got := c.w.Mapped(c.queue, "", c.key); got != c.mapped {
				t.Errorf("mapped %v, want %v", got, c.mapped)
			}
		})
	}
	twice := delivery.Workflow{Queues: map[string]delivery.StatusLists{"OPS": lists([]string{"done"}, []string{"done"})}}
	if err := twice.Validate(); err == nil || err.Error() != `queue OPS: status "done" is both active and closed` {
		t.Errorf("validate: %v", err)
	}
}

// FuzzHistory checks what must hold for any changelog: contiguous periods from
// the creation on, one state for every order, and totals that add up.
func FuzzHistory(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7}, uint64(1))
	f.Add([]byte{9, 0, 9, 0, 200, 3, 3, 255, 1, 1, 1, 1}, uint64(7))
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		keys := []string{"open", "work", "review", "done"}
		issue := issueIn(keys[len(data)%4], float64(len(data)))
		var events []delivery.Event
		for n := 0; n+4 <= len(data) && n < 400; n += 4 {
			e := move(n/4, float64(data[n]), keys[data[n+1]%4], keys[data[n+2]%4])
			e.ID = string(binary.AppendUvarint(nil, uint64(n)))
			if data[n+3]%3 > 0 {
				e = since(e, float64(data[n+3]%16), float64(data[n+3]))
			}
			e.Moved = data[n+3] == 77
			events = append(events, e)
		}
		now := t0 + 300*hour
		h := delivery.HistoryOf(&issue, events, now)
		if h.Periods[0].Start != issue.CreatedAt {
			t.Fatalf("begins at %s", h.Periods[0].Start)
		}
		var sum int64
		for i, p := range h.Periods {
			last := i == len(h.Periods)-1
			if last != !p.End.Known() {
				t.Fatalf("period %d of %d ends at %q", i, len(h.Periods), p.End)
			}
			if !last && (p.End < p.Start || h.Periods[i+1].Start != p.End) {
				t.Fatalf("period %d ends at %s, the next starts at %s", i, p.End, h.Periods[i+1].Start)
			}
			sum += p.Length(now)
		}
		if last := h.Periods[len(h.Periods)-1]; last.Start <= now && sum != int64(now-issue.CreatedAt) {
			t.Fatalf("periods sum up to %d ms of %d", sum, now-issue.CreatedAt)
		}
		mixed := append(append([]delivery.Event{}, events...), events...)
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		if diff := cmp.Diff(h, delivery.HistoryOf(&issue, mixed, now)); diff != "" {
			t.Fatalf("another order, another history (-in order +mixed)\n%s", diff)
		}
	})
}
