package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"throughline/internal/delivery"
)

// tracker is the connection that most issues come from.
const tracker = "tracker"

const (
	hour = 3600 // seconds
	day  = 24 * hour
)

// dictionary has two waiting, two active and two closed statuses by their
// types, and "limbo" without any.
var dictionary = []delivery.Status{
	{Connection: tracker, Key: "open", Name: "Open", Type: "new", Order: 1},
	{Connection: tracker, Key: "ready", Name: "Ready", Type: "new", Order: 2},
	{Connection: tracker, Key: "inProgress", Name: "In progress", Type: "inProgress", Order: 3},
	{Connection: tracker, Key: "review", Name: "Review", Type: "inProgress", Order: 4},
	{Connection: tracker, Key: "closed", Name: "Closed", Type: "done", Order: 6},
	{Connection: tracker, Key: "rejected", Name: "Rejected", Type: "cancelled", Order: 7},
	{Connection: tracker, Key: "limbo", Name: "Limbo", Order: 5},
}

// status is a status as events and issues name it.
func status(key string) delivery.Ref {
	for _, s := range dictionary {
		if s.Key == key {
			return delivery.Ref{ID: fmt.Sprint(s.Order), Key: key, Name: s.Name}
		}
	}
	return delivery.Ref{Key: key, Name: strings.ToUpper(key)}
}

// at is an instant in UTC, written 2026-03-02 or 2026-03-02 10:00.
func at(s string) delivery.Instant {
	if len(s) == len(time.DateOnly) {
		s += " 00:00"
	}
	t, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		panic(err) // a literal of a test
	}
	return delivery.InstantOf(t)
}

// issue is an issue with its whole life: it is created in the first status and
// then goes through the others, each written "status@2026-03-02 10:00".
func issue(id, key string, life ...string) delivery.IssueRecord {
	queue, _, _ := strings.Cut(key, "-")
	rec := delivery.IssueRecord{
		Issue: delivery.Issue{
			Connection: tracker, ID: id, Key: key, Queue: queue, Title: "Title of " + key,
			Type: delivery.Ref{ID: "1", Key: "task", Name: "Task"},
		},
		Replace: true,
	}
	for n, step := range life {
		key, when, _ := strings.Cut(step, "@")
		to, instant := status(key), at(when)
		if n == 0 {
			rec.CreatedAt = instant
		} else {
			rec.Events = append(rec.Events, delivery.Event{
				ID: fmt.Sprintf("%s-e%02d", id, n-1), Ordinal: n - 1, At: instant, Type: "IssueWorkflow",
				Actor:      delivery.Ref{ID: "7", Name: "Ada"},
				Transition: &delivery.Transition{From: rec.Status, To: to, ToStartedAt: instant},
			})
		}
		rec.Status, rec.StatusStartedAt, rec.UpdatedAt = to, instant, instant
	}
	rec.Fingerprint = uint64(rec.UpdatedAt) + 1
	return rec
}

// with changes a record.
func with(rec delivery.IssueRecord, change func(*delivery.IssueRecord)) delivery.IssueRecord {
	change(&rec)
	return rec
}

func ofType(key string) func(*delivery.IssueRecord) {
	return func(r *delivery.IssueRecord) { r.Type = delivery.Ref{ID: key, Key: key, Name: strings.ToUpper(key)} }
}

func resolved(key string) func(*delivery.IssueRecord) {
	return func(r *delivery.IssueRecord) {
		r.Resolution, r.ResolvedAt = delivery.Ref{ID: key, Key: key, Name: key}, r.UpdatedAt
	}
}

// office is Monday to Friday 09:00–18:00 UTC.
func office(change ...func(*delivery.CalendarVersion)) *delivery.Calendar {
	hours := []delivery.Shift{{Start: 9 * hour, End: 18 * hour}}
	v := delivery.CalendarVersion{Zone: time.UTC, Hours: hours}
	for d := time.Monday; d <= time.Friday; d++ {
		v.Week[d] = hours
	}
	for _, c := range change {
		c(&v)
	}
	return delivery.NewCalendar(v)
}

// ask is a query for March 2026, asked on 10 April.
func ask(change ...func(*delivery.FlowQuery)) delivery.FlowQuery {
	q := delivery.FlowQuery{
		Filter:   delivery.Filter{From: at("2026-03-01"), To: at("2026-04-01"), Unit: delivery.Week, Clock: delivery.Elapsed},
		Calendar: office(), Now: at("2026-04-10"),
	}
	for _, c := range change {
		c(&q)
	}
	return q
}

func business(q *delivery.FlowQuery) { q.Clock = delivery.Business }

// excluding leaves resolutions out.
func excluding(q *delivery.FlowQuery, resolutions ...string) {
	wf := delivery.OneWorkflow(delivery.Workflow{ExcludedResolutions: resolutions})
	q.Workflows = &wf
}

// everything is a range around all that the tests write.
func everything(q *delivery.FlowQuery) { q.From, q.To = at("2020-01-01"), at("2030-01-01") }

// same fails the test when two values differ.
func same(t *testing.T, what string, got, want any, opts ...cmp.Option) {
	t.Helper()
	if diff := cmp.Diff(want, got, opts...); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// percentiles are those of the given numbers of seconds.
func percentiles(n int, p50, p85, p95 float64) delivery.Percentiles {
	return delivery.Percentiles{N: n, P50: &p50, P85: &p85, P95: &p95}
}

// near compares quantiles, which are computed in floating point.
func near() cmp.Option { return cmpopts.EquateApprox(0, 1e-6) }
