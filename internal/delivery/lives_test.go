package delivery_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"throughline/internal/delivery"
)

// lived is an issue with its whole life: "status@2026-03-02 10:00", and so on; "+blocked@…"
// and "-blocked@…" put a tag on and take it off.
type lived struct {
	queue, resolution string
	life              []string
}

// issues are a store of them. Types of statuses say what they mean.
type issues []lived

var livedTypes = map[string]string{
	"open": "new", "ready": "new", "progress": "inProgress", "review": "inProgress", "paused": "paused", "closed": "done", "rejected": "cancelled",
}

func day(s string) delivery.Instant {
	if len(s) == len(time.DateOnly) {
		s += " 00:00"
	}
	t, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		panic(err) // a literal of a test
	}
	return delivery.InstantOf(t)
}

// flowQuery is a query for March 2026 asked on the 25th at noon, in weeks.
func flowQuery(change ...func(*delivery.FlowQuery)) delivery.FlowQuery {
	q := delivery.FlowQuery{
		Filter:   delivery.Filter{From: day("2026-03-01"), To: day("2026-04-01"), Unit: delivery.Week, Clock: delivery.Elapsed},
		Calendar: office(time.UTC), Now: day("2026-03-25 12:00"),
	}
	for _, c := range change {
		c(&q)
	}
	return q
}

func business(q *delivery.FlowQuery) { q.Clock = delivery.Business }

func leavingOut(q *delivery.FlowQuery) {
	w := delivery.OneWorkflow(delivery.Workflow{ExcludedResolutions: []string{"duplicate"}})
	q.Workflows = &w
}

// office is Monday to Friday 09:00–18:00 in a zone.
func office(zone *time.Location) *delivery.Calendar {
	v := delivery.CalendarVersion{Zone: zone}
	for d := time.Monday; d <= time.Friday; d++ {
		v.Week[d] = []delivery.Shift{{Start: 9 * 3600, End: 18 * 3600}}
	}
	return delivery.NewCalendar(v)
}

// Lives is what a store does, one issue at a time.
func (i issues) Lives(_ context.Context, q delivery.FlowQuery, f func(delivery.Lives) error) error {
	return f(livesOf{i, &q})
}

type livesOf struct {
	issues issues
	q      *delivery.FlowQuery
}

func types() delivery.StatusTypes { return delivery.StatusTypes{"tracker": livedTypes} }

func (l livesOf) Each(_ context.Context, want delivery.LivesWanted, f func(*delivery.Life)) error {
	meaning := delivery.Meaning{Types: types()}
	r := delivery.NewLifeReader(l.q, want, &meaning, nil, types())
	for n, i := range l.issues {
		life := delivery.Life{ID: int64(n + 1), Place: delivery.Place{Connection: "tracker", Queue: i.queue}, Resolution: i.resolution}
		class := meaning.Classes("tracker", i.queue)
		var periods []delivery.Period
		for _, step := range i.life {
			key, at, _ := strings.Cut(step, "@")
			if strings.ContainsAny(key, "+-") {
				continue
			}
			if len(periods) > 0 {
				periods[len(periods)-1].End = day(at)
			}
			periods = append(periods, delivery.Period{Status: delivery.Ref{Key: key}, Start: day(at)})
		}
		life.Flow = delivery.FlowOf(periods[0].Start, periods, class)
		if r.Read.Stays {
			for _, p := range periods {
				life.Stays = append(life.Stays, delivery.Stay{Status: p.Status.Key, Start: p.Start, End: p.End})
			}
		}
		if r.Complete(&life) {
			f(&life)
		}
	}
	return nil
}

func (l livesOf) Tagged(context.Context) (map[int64][]delivery.TagStay, error) {
	out := map[int64][]delivery.TagStay{}
	for n, i := range l.issues {
		var events []delivery.Event
		var tags []string
		for _, step := range i.life {
			key, at, _ := strings.Cut(step, "@")
			if !strings.ContainsAny(key, "+-") {
				continue
			}
			before := slices.Clone(tags)
			if tag := key[1:]; key[0] == '+' {
				tags = append(tags, tag)
			} else {
				tags = slices.DeleteFunc(tags, func(t string) bool { return t == tag })
			}
			events = append(events, tagging(day(at), before, tags))
		}
		if stays := delivery.TaggedOf(&delivery.Issue{}, true, events); len(stays) > 0 {
			out[int64(n+1)] = stays
		}
	}
	return out, nil
}

// tagging is an event that changes tags.
func tagging(at delivery.Instant, from, to []string) delivery.Event {
	list := func(tags []string) json.RawMessage {
		text, err := json.Marshal(tags)
		if err != nil {
			panic(err) // strings
		}
		return text
	}
	return delivery.Event{At: at, Fields: []delivery.FieldChange{{Field: "tags", From: list(from), To: list(to)}}}
}

func (livesOf) Marks(_ context.Context, ids []int64) (map[int64]delivery.Mark, error) {
	out := map[int64]delivery.Mark{}
	for _, id := range ids {
		out[id] = delivery.Mark{Key: fmt.Sprintf("DEV-%d", id), Title: "Title", TypeKey: "task", Type: "Task"}
	}
	return out, nil
}

func (livesOf) Statuses(context.Context) (*delivery.StatusBook, error) {
	known := delivery.Dictionaries{}
	for n, key := range []string{"open", "ready", "progress", "paused", "review", "closed", "rejected"} {
		known.Add(delivery.Status{Connection: "tracker", Key: key, Name: strings.ToUpper(key), Type: livedTypes[key], Order: n})
	}
	return &delivery.StatusBook{Known: known, Names: map[string]string{"hold": "Holding"}, Meaning: &delivery.Meaning{Types: types()}}, nil
}

// asked asks for a metric.
func asked[T any](t *testing.T, of func(context.Context, delivery.LivesStore, delivery.FlowQuery) (T, error), i issues, q delivery.FlowQuery) T {
	t.Helper()
	got, err := of(t.Context(), i, q)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// same fails the test when two values differ by more than rounding.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-9), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got)\n%s", what, diff)
	}
}

// values are the values of a series, "-" for none.
func values(t *testing.T, d delivery.PanelData, name string) string {
	t.Helper()
	for _, s := range d.Series {
		if s.Name != name {
			continue
		}
		var out []string
		for _, p := range s.Points {
			if p.Value == nil {
				out = append(out, "-")
			} else {
				out = append(out, fmt.Sprintf("%.6g", *p.Value))
			}
		}
		return strings.Join(out, " ")
	}
	t.Errorf("no series %s", name)
	return ""
}

// figures are the statistics of a headline, in order.
func figures(d delivery.PanelData) string {
	var out []string
	for _, f := range d.Headline {
		text := "-"
		if f.Value != nil {
			text = fmt.Sprintf("%.6g", *f.Value)
		}
		out = append(out, f.Name+" "+text)
	}
	return strings.Join(out, ", ")
}
