package storetest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"throughline/internal/delivery"
)

const largeTransitions = 7 // per issue

// LargeStart is when the first of a large data set's issues are created.
var LargeStart = delivery.InstantOf(time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC))

const (
	largeHour = 3_600_000
	// LargeSpan is the time, in milliseconds, over which they are created.
	LargeSpan = 3 * 365 * 24 * largeHour
)

// largePath are the statuses that an issue of the data set goes through.
var largePath = []string{"open", "inProgress", "review", "inProgress", "review", "testing", "released", "closed"}

// LargeStatuses is the dictionary of a large data set.
var LargeStatuses = []delivery.Status{
	{Key: "open", Name: "Open", Type: "new", Order: 1},
	{Key: "inProgress", Name: "In progress", Type: "inProgress", Order: 2},
	{Key: "review", Name: "Review", Type: "inProgress", Order: 3},
	{Key: "testing", Name: "Testing", Type: "inProgress", Order: 4},
	{Key: "released", Name: "Released", Type: "done", Order: 5},
	{Key: "closed", Name: "Closed", Type: "done", Order: 6},
}

// LargeRecord is the n-th issue, in order of creation, of a large data set of so
// many, with a changelog of so many events, or of transitions only when events is 0.
func LargeRecord(r *rand.Rand, n, of, events int) delivery.IssueRecord {
	created := LargeStart + delivery.Instant(int64(n)*(LargeSpan/int64(of))+r.Int64N(LargeSpan/int64(of)))
	rec := delivery.IssueRecord{Replace: true, Full: events > 0, Fingerprint: uint64(n) + 1}
	i := &rec.Issue
	i.ID, i.Queue = fmt.Sprintf("%024x", n), []string{"PAY", "OPS", "DEV", "WEB"}[n%4]
	i.Key = fmt.Sprintf("%s-%d", i.Queue, n)
	i.Title = fmt.Sprintf("Something that has to be done, number %d", n)
	i.Type = [...]delivery.Ref{{ID: "1", Key: "task", Name: "Task"}, {ID: "2", Key: "bug", Name: "Bug"}, {ID: "3", Key: "story", Name: "Story"}}[n%3]
	i.Priority = delivery.Ref{ID: "3", Key: "normal", Name: "Normal"}
	i.Assignee = delivery.Ref{ID: fmt.Sprint(n % 40), Name: fmt.Sprintf("Person %d", n%40)}
	i.Author = delivery.Ref{ID: fmt.Sprint(n % 37), Name: fmt.Sprintf("Person %d", n%37)}
	i.Tags, i.URL = []string{"backend", "quarter"}, "https://tracker.example.com/"+i.Key
	i.CreatedAt = created
	at := created
	status := func(k int) delivery.Ref {
		return delivery.Ref{ID: fmt.Sprint(k), Key: largePath[k], Name: largePath[k]}
	}
	steps := largeTransitions
	if n%10 == 0 {
		steps = 5 // still open
	}
	for k := range largeTransitions {
		at += delivery.Instant(r.Int64N(40 * largeHour))
		if k < steps {
			rec.Events = append(rec.Events, largeEvent(n, len(rec.Events), at, "IssueWorkflow"))
			rec.Events[len(rec.Events)-1].Transition = &delivery.Transition{From: status(k), To: status(k + 1), ToStartedAt: at}
		}
		for len(rec.Events) < (k+1)*events/largeTransitions {
			at += delivery.Instant(r.Int64N(largeHour))
			rec.Events = append(rec.Events, largeEvent(n, len(rec.Events), at, "IssueUpdated"))
		}
	}
	i.Status, i.UpdatedAt = status(steps), at
	if steps == largeTransitions {
		i.Resolution, i.ResolvedAt = delivery.Ref{ID: "1", Key: "fixed", Name: "Fixed"}, at
	}
	return rec
}

func largeEvent(issue, n int, at delivery.Instant, typ string) delivery.Event {
	return delivery.Event{
		ID: fmt.Sprintf("%016x%08x", issue, n), Ordinal: n, At: at, Type: typ, Transport: "front",
		Actor: delivery.Ref{ID: fmt.Sprint(issue % 40), Name: fmt.Sprintf("Person %d", issue%40)},
		Fields: []delivery.FieldChange{{
			Field: "description", From: json.RawMessage(`"What it was before somebody thought about it"`),
			To: json.RawMessage(`"What it is since then, in a few words more"`),
		}},
	}
}

// FillLarge writes a large data set of so many issues, with transitions only, in
// batches of a size. It returns how long the store took.
func FillLarge(tb testing.TB, s delivery.Store, total, batch int) (took time.Duration) {
	tb.Helper()
	r := rand.New(rand.NewPCG(1, 0))
	for n := 0; n < total; n += batch {
		b := delivery.Batch{Connection: "tracker", Statuses: LargeStatuses}
		for k := n; k < min(n+batch, total); k++ {
			rec := LargeRecord(r, k, total, 0)
			for e := range rec.Events {
				rec.Events[e].Fields = nil
			}
			b.Issues = append(b.Issues, rec)
		}
		start := time.Now()
		if _, err := s.Write(tb.Context(), b); err != nil {
			tb.Fatal(err)
		}
		took += time.Since(start)
	}
	return took
}

// LargeCalendar is Monday to Friday with these hours.
func LargeCalendar(hours string) *delivery.Calendar {
	shift, err := delivery.ParseShift(hours)
	if err != nil {
		panic(err)
	}
	v := delivery.CalendarVersion{Zone: time.UTC}
	for d := time.Monday; d <= time.Friday; d++ {
		v.Week[d] = []delivery.Shift{shift}
	}
	return delivery.NewCalendar(v)
}

// LargeQuery asks for all of a large data set.
func LargeQuery(clock delivery.Clock) delivery.FlowQuery {
	return delivery.FlowQuery{
		Filter: delivery.Filter{
			From: LargeStart, To: LargeStart + 2*LargeSpan, Unit: delivery.Month, Clock: clock,
		},
		Calendar: LargeCalendar("09:00-18:00"),
		Now:      LargeStart + LargeSpan + 100*24*largeHour,
	}
}

// LastWeeks asks for the last 13 weeks in which issues of a large data set were
// created.
func LastWeeks(clock delivery.Clock) delivery.FlowQuery {
	q := LargeQuery(clock)
	q.To = LargeStart + LargeSpan
	q.From, q.Now, q.Unit = q.To-13*7*24*largeHour, q.To, delivery.Week
	return q
}

// BenchOddities asks a store for what is odd about a large data set, of whose issues one
// in twenty is made to have a hidden transition and one in fifty a clock that ran
// backwards.
func BenchOddities(b *testing.B, s delivery.Store, total int) {
	r := rand.New(rand.NewPCG(1, 0))
	odd := delivery.Batch{Connection: "tracker"}
	for n := range total {
		rec := LargeRecord(r, n, total, 0)
		rec.Fingerprint, rec.UpdatedAt = rec.Fingerprint+1, rec.UpdatedAt+1
		for e := range rec.Events {
			rec.Events[e].Fields = nil
		}
		switch {
		case n%20 == 0:
			rec.Events[3].Transition.From = rec.Events[0].Transition.From
		case n%50 == 1:
			rec.Events[3].Transition.ToStartedAt = rec.CreatedAt
		default:
			continue
		}
		odd.Issues = append(odd.Issues, rec)
	}
	if _, err := s.Write(b.Context(), odd); err != nil {
		b.Fatal(err)
	}
	for name, q := range map[string]delivery.FlowQuery{"all": LargeQuery(delivery.Elapsed), "13weeks": LastWeeks(delivery.Elapsed)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				got, err := s.Oddities(b.Context(), q)
				if err != nil || len(got.Hidden) == 0 || len(got.Times) == 0 {
					b.Fatal(len(got.Hidden), len(got.Times), err)
				}
			}
		})
	}
}

// BenchPanels asks a store for each flow panel.
func BenchPanels(b *testing.B, s delivery.Store, ask func(delivery.Clock) delivery.FlowQuery) {
	for _, clock := range []delivery.Clock{delivery.Elapsed, delivery.Business} {
		q := ask(clock)
		for _, p := range flowPanels() {
			b.Run(p.slug+"/"+string(clock), func(b *testing.B) {
				for b.Loop() {
					if d, err := p.load(b.Context(), s, q); err != nil || d.N == 0 {
						b.Fatal(d.N, err)
					}
				}
			})
		}
	}
}

// RoundTheClock is a calendar without a break.
func RoundTheClock() *delivery.Calendar { return always() }
