package inbox

import (
	"strings"
	"testing"
	"time"
)

func TestTroubles(t *testing.T) {
	db := openTest(t)
	at := func(hours int) time.Time { return time.Date(2026, 3, 4, hours, 0, 0, 0, time.UTC) }
	put := func(connection string, hours int) int64 {
		return db.put(t, Entry{Connection: connection, Kind: "github.push", ReceivedAt: at(hours), Body: []byte("{}")})
	}
	must(t, db.Done(db.ctx, put("github", 1), `{}`))
	must(t, db.GiveUp(db.ctx, put("github", 2), "first"))
	must(t, db.GiveUp(db.ctx, put("github", 4), "second"))
	must(t, db.GiveUp(db.ctx, put("github", 12), "too late for the range"))
	must(t, db.Refuse(db.ctx, Entry{Connection: "ci", Kind: "runs", ReceivedAt: at(3), Body: []byte("x"), Error: "no JSON"}))
	must(t, db.Ignore(db.ctx, Entry{Connection: "github", Kind: "ping", ReceivedAt: at(3)}))
	put("jira", 5)
	put("jira", 9) // not yet for long
	got, err := db.Troubles(db.ctx, at(0), at(10), at(8))
	must(t, err)
	equal(t, got, []Trouble{
		{"ci", Refused, 1, at(3), at(3), "no JSON"},
		{"github", Failed, 2, at(2), at(4), "second"},
		{"jira", Waiting, 1, at(5), at(5), ""},
	})
	if plan := db.plan(t, troublesSQL, 0, 1, 2); !strings.Contains(plan, "USING INDEX entries_state") {
		t.Errorf("the whole table is read: %s", plan)
	}
}

func TestCame(t *testing.T) {
	db := openTest(t)
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var entries []Entry
	for n := range 3000 {
		e := Entry{Connection: "github", Kind: "github.push", ReceivedAt: start.Add(time.Duration(n) * time.Minute), Body: []byte("{}")}
		if n%10 == 0 {
			e.Connection = "sentry"
		}
		entries = append(entries, e)
	}
	_, err := db.PutAll(db.ctx, entries)
	must(t, err)
	must(t, db.Refuse(db.ctx, Entry{Connection: "sentry", Kind: "event", ReceivedAt: start.Add(3000 * time.Minute)}))

	since := start.Add(1000 * time.Minute)
	got, err := db.Came(db.ctx, "sentry", since)
	must(t, err)
	equal(t, []any{len(got), got[0], got[1].Sub(got[0]), got[len(got)-1]}, []any{200, since, 10 * time.Minute, start.Add(2990 * time.Minute)})
	many, err := db.Came(db.ctx, "github", start)
	must(t, err)
	if n := len(many); n < 400 || n > maxMoments+2 || many[0] != start.Add(time.Minute) || many[n-1] != start.Add(2999*time.Minute) {
		t.Errorf("%d moments from %s to %s", n, many[0], many[n-1])
	}
	for name, asked := range map[string]struct {
		connection string
		since      time.Time
	}{"another connection": {"jira", start}, "later than all": {"github", start.AddDate(1, 0, 0)}} {
		got, err := db.Came(db.ctx, asked.connection, asked.since)
		must(t, err)
		if len(got) != 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
	empty := openTest(t)
	got, err = empty.Came(empty.ctx, "github", start)
	must(t, err)
	equal(t, len(got), 0)
}
