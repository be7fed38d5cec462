package dropin

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/store/clickhousestore/chtest"
)

// always is a calendar that works all the time.
func always() *delivery.Calendar {
	v := delivery.CalendarVersion{Zone: time.UTC}
	for d := range v.Week {
		v.Week[d] = []delivery.Shift{{Start: 0, End: 24 * 3600}}
	}
	return delivery.NewCalendar(v)
}

// base is a database of a test's own.
type base struct {
	driver.Conn
	name string
}

func openBase(t testing.TB) base {
	t.Helper()
	return connect(t, chtest.Open(t))
}

func connect(t testing.TB, dsn string) base {
	t.Helper()
	o, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := clickhouse.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return base{conn, o.Auth.Database}
}

func (b base) exec(t testing.TB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if err := b.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// rows are the rows that a query gives as texts, in order.
func (b base) rows(t testing.TB, sql string) []string {
	t.Helper()
	out := []string{}
	rows, err := b.Query(t.Context(), sql)
	err = each(rows, err, func() error {
		var s string
		err := rows.Scan(&s)
		out = append(out, s)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	slices.Sort(out)
	return out
}

// dump is all that the three tables hold, without the versions, as a plain
// SELECT sees it.
func (b base) dump(t testing.TB, w *Writer) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, table := range w.tables() {
		out[table.name] = b.rows(t, "SELECT toString(tuple(* EXCEPT (version))) FROM "+w.ddl.full(table.name))
	}
	return out
}

// newWriter writes to a base at noon of 10 April 2026 and, one hour each, later.
func newWriter(t testing.TB, b base, change ...func(*Options)) *Writer {
	t.Helper()
	w, err := openWriter(t, b.Conn, b.name, change...)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

var noon = time.Date(2026, 4, 10, 12, 0, 0, 0, time.UTC)

func openWriter(t testing.TB, conn driver.Conn, database string, change ...func(*Options)) (*Writer, error) {
	t.Helper()
	o := Options{Database: database, Now: func() time.Time { return noon }}
	for _, f := range change {
		f(&o)
	}
	return New(t.Context(), conn, o)
}

func give(records ...Record) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func write(t testing.TB, w *Writer, records ...Record) Stats {
	t.Helper()
	s, err := w.Write(context.WithoutCancel(t.Context()), give(records...))
	if err != nil {
		t.Fatal(err)
	}
	return s
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

// record is an issue that is created in the first status and goes through the
// others, each written "In progress@2026-03-02 10:00". It is closed in Closed.
func record(id, key string, life ...string) Record {
	queue, _, _ := strings.Cut(key, "-")
	rec := Record{People: everybody, Calendar: calendar}
	rec.Issue = delivery.Issue{
		ID: id, Key: key, Queue: queue, Title: "Title of " + key, Type: delivery.Ref{Name: "Task"}, Priority: delivery.Ref{Name: "Normal"},
		Author: delivery.Ref{ID: "1", Name: "Ada L"},
	}
	rec.Full = true
	for n, step := range life {
		name, when, _ := strings.Cut(step, "@")
		to, instant := delivery.Ref{Key: strings.ToLower(name), Name: name}, at(when)
		if n == 0 {
			rec.CreatedAt = instant
		} else {
			field := func(name, from, to string) delivery.FieldChange {
				return delivery.FieldChange{Field: name, From: json.RawMessage(from), To: json.RawMessage(to)}
			}
			ref := func(r delivery.Ref) string { return fmt.Sprintf(`{"id":"1","key":%q,"display":%q}`, r.Key, r.Name) }
			rec.Events = append(rec.Events, delivery.Event{
				ID: fmt.Sprintf("%s-e%02d", id, n-1), Ordinal: n - 1, At: instant, Type: "IssueWorkflow", Transport: "front", Actor: delivery.Ref{ID: "1", Name: "Ada L"},
				Transition: &delivery.Transition{From: rec.Status, To: to, ToStartedAt: instant},
				Fields:     []delivery.FieldChange{field("status", ref(rec.Status), ref(to))},
			})
		}
		rec.Status, rec.StatusStartedAt, rec.UpdatedAt = to, instant, instant
	}
	rec.derive()
	return rec
}

var calendar = always()

func (r *Record) derive() {
	r.History = delivery.HistoryOf(&r.Issue, r.Events, at("2026-04-10"))
	r.Flow = delivery.FlowOf(r.CreatedAt, r.History.Periods, func(key string, _ delivery.Instant) delivery.Class {
		switch key {
		case "closed":
			return delivery.Closed
		case "in progress":
			return delivery.Active
		}
		return delivery.Waiting
	})
}

func gone(id, key string) Record {
	rec := record(id, key, "Open@2026-01-01")
	rec.Gone = true
	return rec
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// company is the n-th of issues with 7 transitions and 26 changed fields, each
// begun a month before the one before.
func company(n int) Record {
	created := time.Date(2026, 3, 1, 8, n%60, 0, 0, time.UTC).AddDate(0, -(n % 130), 0)
	rec := record(fmt.Sprint(n), fmt.Sprintf("DEV-%d", n))
	rec.CreatedAt = delivery.InstantOf(created)
	names := []string{"Open", "In progress", "Review", "In progress", "Testing", "In progress", "Testing", "Closed"}
	status := func(i int) delivery.Ref {
		return delivery.Ref{ID: fmt.Sprint(i), Key: strings.ToLower(names[i]), Name: names[i]}
	}
	rec.Status = status(0)
	for i := range 26 {
		when := rec.CreatedAt + delivery.Instant(i+1)*9*3600*1000
		e := delivery.Event{ID: fmt.Sprint(n, "-", i), Ordinal: i, At: when, Type: "IssueUpdated", Transport: "front", Actor: delivery.Ref{ID: "1", Name: "Ada L"}}
		f := delivery.FieldChange{Field: "tags", From: json.RawMessage(`["one"]`), To: json.RawMessage(`["one","two"]`)}
		switch i % 4 {
		case 0:
			to := status(i/4 + 1)
			e.Type, e.Transition = "IssueWorkflow", &delivery.Transition{From: rec.Status, To: to, ToStartedAt: when}
			ref := func(r delivery.Ref) json.RawMessage {
				return fmt.Appendf(nil, `{"self":"https://api.tracker.yandex.net/v3/statuses/%s","id":%q,"key":%q,"display":%q}`, r.ID, r.ID, r.Key, r.Name)
			}
			f = delivery.FieldChange{Field: "status", From: ref(rec.Status), To: ref(to)}
			rec.Status, rec.StatusStartedAt = to, when
		case 1:
			f = delivery.FieldChange{
				Field: "assignee", From: json.RawMessage("null"),
				To: json.RawMessage(`{"self":"https://api.tracker.yandex.net/v3/users/1","id":"1","display":"Ada L","cloudUid":"aje1","passportUid":1}`),
			}
		case 2:
			f = delivery.FieldChange{Field: "summary", From: json.RawMessage(`"What is to be done"`), To: json.RawMessage(`"What is to be done, and \"how\""`)}
		}
		e.Fields = []delivery.FieldChange{f}
		rec.Events = append(rec.Events, e)
		rec.UpdatedAt = when
	}
	rec.derive()
	return rec
}
