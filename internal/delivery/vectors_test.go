package delivery_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

// vector is a recorded issue with its changelog as the API returns them, and
// what they must come to.
type vector struct {
	ID       string
	Settings vectorSettings
	Input    struct {
		Issue     vectorIssue
		Changelog []vectorEvent
	}
	Expected json.RawMessage
}

type vectorSettings struct {
	Zone     string   `json:"business_timezone"`
	Workdays []int    `json:"workdays"` // 0 is Monday
	Start    string   `json:"business_hours_start"`
	End      string   `json:"business_hours_end"`
	Closed   []string `json:"closed_status_keys"`
	Active   []string `json:"active_status_keys"`
	Holidays []string `json:"holidays"`
	Working  []string `json:"working_days_override"`
	Now      vectorTime
}

type vectorIssue struct {
	ID, Key         string
	CreatedAt       vectorTime
	UpdatedAt       vectorTime
	ResolvedAt      vectorTime
	StatusStartTime vectorTime
	Status          vectorRef
	Resolution      vectorRef
	Queue           vectorRef
}

type vectorEvent struct {
	ID        string
	UpdatedAt vectorTime
	Type      string
	UpdatedBy vectorRef
	Fields    []struct {
		Field    vectorRef
		From, To json.RawMessage
	}
}

type vectorRef struct{ ID, Key, Display string }

func (r vectorRef) ref() delivery.Ref {
	return delivery.Ref{ID: r.ID, Key: r.Key, Name: r.Display}
}

type vectorTime struct{ delivery.Instant }

func (t *vectorTime) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	at, err := time.Parse("2006-01-02T15:04:05.999-0700", s)
	t.Instant = delivery.InstantOf(at)
	return err
}

func (s *vectorSettings) calendar(t testing.TB) *delivery.Calendar {
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		t.Fatal(err)
	}
	shift, err := delivery.ParseShift(s.Start + "-" + s.End)
	if err != nil {
		t.Fatal(err)
	}
	v := delivery.CalendarVersion{Zone: zone, Hours: []delivery.Shift{shift}, Off: dates(t, s.Holidays), Working: dates(t, s.Working)}
	for _, d := range s.Workdays {
		v.Week[(d+1)%7] = []delivery.Shift{shift}
	}
	return delivery.NewCalendar(v)
}

func dates(t testing.TB, days []string) map[delivery.Date]bool {
	out := map[delivery.Date]bool{}
	for _, s := range days {
		d, err := delivery.ParseDate(s)
		if err != nil {
			t.Fatal(err)
		}
		out[d] = true
	}
	return out
}

func (v *vector) issue() delivery.Issue {
	i := v.Input.Issue
	return delivery.Issue{
		ID: i.ID, Key: i.Key, Queue: i.Queue.Key, Status: i.Status.ref(), Resolution: i.Resolution.ref(),
		CreatedAt: i.CreatedAt.Instant, UpdatedAt: i.UpdatedAt.Instant,
		ResolvedAt: i.ResolvedAt.Instant, StatusStartedAt: i.StatusStartTime.Instant,
	}
}

func (v *vector) events(t testing.TB) []delivery.Event {
	var out []delivery.Event
	for n, e := range v.Input.Changelog {
		event := delivery.Event{ID: e.ID, Ordinal: n, At: e.UpdatedAt.Instant, Type: e.Type, Actor: e.UpdatedBy.ref(), Moved: e.Type == "IssueMoved"}
		var status, started *struct{ From, To json.RawMessage }
		for _, f := range e.Fields {
			switch f.Field.ID {
			case "status":
				status = &struct{ From, To json.RawMessage }{f.From, f.To}
			case "statusStartTime":
				started = &struct{ From, To json.RawMessage }{f.From, f.To}
			}
		}
		if status != nil {
			event.Transition = &delivery.Transition{From: decode[vectorRef](t, status.From).ref(), To: decode[vectorRef](t, status.To).ref()}
			if started != nil {
				event.Transition.FromStartedAt = decode[vectorTime](t, started.From).Instant
				event.Transition.ToStartedAt = decode[vectorTime](t, started.To).Instant
			}
		}
		out = append(out, event)
	}
	return out
}

func decode[T any](t testing.TB, raw json.RawMessage) T {
	var v *T
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	if v == nil {
		v = new(T)
	}
	return *v
}

func readVectors(t testing.TB) []vector {
	files, err := filepath.Glob("testdata/tracker/v*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	var out []vector
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var v vector
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out = append(out, v)
	}
	return out
}

type expectedPeriod struct {
	StatusKey       string           `json:"status_key"`
	Status          string           `json:"status"`
	Start           delivery.Instant `json:"start"`
	End             delivery.Instant `json:"end"`
	IsCurrent       bool             `json:"is_current"`
	IsTerminal      bool             `json:"is_terminal"`
	DurationSeconds int64            `json:"duration_seconds"`
	BusinessSeconds int64            `json:"business_seconds"`
	Inferred        bool             `json:"inferred"`
}

// measured is what the rules make of a vector, in the vectors' shape.
type measured struct {
	Periods       []expectedPeriod                `json:"periods"`
	Totals        map[string]delivery.StatusTotal `json:"totals_by_status_key"`
	CreatedAt     delivery.Instant                `json:"created_at"`
	ClosedAt      delivery.Instant                `json:"closed_at"`
	IsClosed      bool                            `json:"is_closed"`
	ReopenCount   int                             `json:"reopen_count"`
	FirstActiveAt delivery.Instant                `json:"first_active_at"`
	LeadTime      *delivery.Span                  `json:"lead_time"`
	CycleTime     *delivery.Span                  `json:"cycle_time"`
	Age           *delivery.Span                  `json:"age"`
	Anomalies     []delivery.Anomaly              `json:"anomalies"`
}

func (v *vector) measure(t testing.TB, events []delivery.Event) measured {
	issue, now, c := v.issue(), v.Settings.Now.Instant, v.Settings.calendar(t)
	w := delivery.Workflow{StatusLists: delivery.StatusLists{Closed: v.Settings.Closed, Active: v.Settings.Active}}
	class := func(key string, _ delivery.Instant) delivery.Class { return w.Class(issue.Queue, "", key, "") }
	h := delivery.HistoryOf(&issue, events, now)
	f := delivery.FlowOf(issue.CreatedAt, h.Periods, class)
	m := measured{
		Totals:    delivery.StatusTotals(h.Periods, f.IsClosed(), now, c),
		CreatedAt: f.CreatedAt, ClosedAt: f.ClosedAt, IsClosed: f.IsClosed(), ReopenCount: f.ReopenCount, FirstActiveAt: f.FirstActiveAt,
		LeadTime: f.LeadTime(c), CycleTime: f.CycleTime(c), Age: f.Age(now, c),
		Anomalies: append([]delivery.Anomaly{}, h.Anomalies...),
	}
	for i, p := range h.Periods {
		current := i == len(h.Periods)-1
		end := p.End
		if current {
			end = now
		}
		span := delivery.SpanOf(p.Start, end, c)
		m.Periods = append(m.Periods, expectedPeriod{
			StatusKey: p.Status.Key, Status: p.Status.Name, Start: p.Start, End: p.End, IsCurrent: current,
			IsTerminal: current && f.IsClosed(), DurationSeconds: span.Seconds, BusinessSeconds: span.BusinessSeconds, Inferred: p.Inferred,
		})
	}
	return m
}

func TestVectors(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.ID, func(t *testing.T) {
			var want measured
			if err := json.Unmarshal(v.Expected, &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, v.measure(t, v.events(t))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Events delivered twice and out of order come to the identical state.
func TestVectorsAnyOrder(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.ID, func(t *testing.T) {
			events := v.events(t)
			want := v.measure(t, events)
			var mixed []delivery.Event
			for i := range events {
				e := events[len(events)-1-i]
				mixed = append(mixed, e)
				if i%2 == 0 {
					mixed = append(mixed, e)
				}
			}
			if diff := cmp.Diff(want, v.measure(t, mixed)); diff != "" {
				t.Errorf("(-in order +mixed)\n%s", diff)
			}
		})
	}
}
