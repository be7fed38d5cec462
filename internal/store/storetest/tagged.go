package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"throughline/internal/delivery"
)

// tagged is an issue with its full changelog in which tags were put on and taken off:
// "+blocked@2026-03-04", "-blocked@2026-03-05", in order.
func tagged(rec delivery.IssueRecord, changes ...string) delivery.IssueRecord {
	rec.Full = true
	for n := range rec.Events {
		if rec.Events[n].Transition == nil {
			continue
		}
		rec.Events[n].Fields = []delivery.FieldChange{{Field: "status", From: json.RawMessage("null"), To: json.RawMessage("null")}}
	}
	list := func(tags []string) json.RawMessage {
		text, err := json.Marshal(tags)
		if err != nil {
			panic(err) // strings
		}
		return text
	}
	for _, change := range changes {
		tag, when, _ := strings.Cut(change[1:], "@")
		before := list(rec.Tags)
		if rec.Tags = slices.Clone(rec.Tags); change[0] == '+' {
			rec.Tags = append(rec.Tags, tag)
		} else {
			rec.Tags = slices.DeleteFunc(rec.Tags, func(t string) bool { return t == tag })
		}
		rec.Events = append(rec.Events, delivery.Event{
			ID: fmt.Sprintf("%s-t%02d", rec.ID, len(rec.Events)), Ordinal: len(rec.Events), At: at(when), Type: "IssueUpdated",
			Fields: []delivery.FieldChange{{Field: "tags", From: before, To: list(rec.Tags)}},
		})
		rec.UpdatedAt = max(rec.UpdatedAt, at(when))
	}
	return rec
}

func testTagged(t *testing.T, s *store) {
	records := []delivery.IssueRecord{
		tagged(issue("1", "DEV-1", "open@2026-03-02", "inProgress@2026-03-03", "limbo@2026-03-05", "inProgress@2026-03-07", "closed@2026-03-10"),
			"+blocked@2026-03-04", "+ui@2026-03-04", "-blocked@2026-03-06"),
		tagged(issue("2", "DEV-2", "open@2026-03-02", "inProgress@2026-03-30"), "+on-hold@2026-03-05"),
		with(tagged(issue("3", "OPS-1", "inProgress@2026-03-20")), func(r *delivery.IssueRecord) { r.Tags = []string{"Заблокировано"} }),
		// Nobody knows since when, without the full changelog.
		with(issue("4", "OPS-2", "inProgress@2026-03-21"), func(r *delivery.IssueRecord) { r.Tags = []string{"blocked"} }),
	}
	s.hold(t, records)
	q := ask(func(q *delivery.FlowQuery) { q.Now = at("2026-04-01") })
	d := s.panel(t, "blocked-time", q)
	got := ""
	for _, p := range d.Series[0].Points {
		got += fmt.Sprintf("%s %s %d %g, ", p.X, p.Name, *p.N, *p.Value/day)
	}
	same(t, "rows", got, "limbo On hold 1 2, #blocked #blocked 1 2, #on-hold #on-hold 1 2, #Заблокировано #Заблокировано 1 12, ")
	same(t, "blocked", []any{*d.Figure("issues"), *d.Figure("rate")}, []any{3.0, (3.0 + 2 + 12) / (7 + 2 + 12 + 11)})
	behind := s.records(t, delivery.RecordsQuery{FlowQuery: q, Panel: "blocked-time", Status: "#on-hold"})
	same(t, "behind a tag", []any{behind.Total, behind.Items[0].Key, *behind.Items[0].Value}, []any{1, "DEV-2", 2.0 * day})

	// A tail takes a tag off; the events before are not told again.
	tail := tagged(records[1], "-on-hold@2026-03-31")
	records[1] = tail
	tail.Replace, tail.Events = false, tail.Events[len(tail.Events)-1:]
	s.hold(t, []delivery.IssueRecord{tail})
	for _, queues := range [][]string{nil, {"DEV"}, {"OPS"}} {
		q.Queues = queues
		s.samePanels(t, fmt.Sprint("after a tail ", queues), recorded{records: records}, q)
	}
	s.reopen(t)
	q.Queues = nil
	s.samePanels(t, "reopened", recorded{records: records}, q)
	q.Clock = delivery.Business
	s.samePanels(t, "by working time", recorded{records: records}, q)

	// The whole changelog again, without the tags that were.
	records[0] = tagged(issue("1", "DEV-1", "open@2026-03-02", "inProgress@2026-03-03", "closed@2026-03-10"))
	s.hold(t, records[:1])
	s.samePanels(t, "replaced", recorded{records: records}, q)
	s.batch(t, delivery.Batch{Connection: tracker, Gone: []string{"3"}})
	s.samePanels(t, "gone", recorded{records: slices.Delete(slices.Clone(records), 2, 3)}, q)
}

// TaggedNow are the tags that block the issues of a store, by its own numbers.
func TaggedNow(t *testing.T, s delivery.Store) map[int64][]delivery.TagStay {
	t.Helper()
	var out map[int64][]delivery.TagStay
	err := s.Lives(t.Context(), delivery.FlowQuery{}, func(l delivery.Lives) (err error) {
		out, err = l.Tagged(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
