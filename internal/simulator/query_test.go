package simulator_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/simulator"
)

func search(t testing.TB, c *simulator.Company, query string) answer {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	return ask(t, c, "POST", "/v3/issues/_search?perPage=1000", string(body))
}

func TestQueryFinds(t *testing.T) {
	c := small(simulator.Options{})
	in := func(q string) func(simulator.Truth) bool {
		return func(i simulator.Truth) bool { return i.Queue == q }
	}
	at := func(text string) delivery.Instant {
		moment, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return delivery.InstantOf(moment)
	}
	// Eleven in the morning in Moscow is eight o'clock UTC.
	eleven := at("2026-08-03T08:00:00Z")
	for _, tc := range []struct {
		query string
		want  func(simulator.Truth) bool
	}{
		{``, func(simulator.Truth) bool { return true }},
		{`Queue: PAY`, in("PAY")},
		{`queue: "pay"`, in("PAY")},
		{`Queue: PAY, WEB`, func(i simulator.Truth) bool { return i.Queue == "PAY" || i.Queue == "WEB" }},
		{`Queue: !PAY, !WEB`, func(i simulator.Truth) bool { return i.Queue != "PAY" && i.Queue != "WEB" }},
		{`Queue: PAY AND Status: closed`, func(i simulator.Truth) bool { return i.Queue == "PAY" && i.Status == "closed" }},
		{`Queue: PAY Status: "In progress", Открыт`, func(i simulator.Truth) bool {
			return i.Queue == "PAY" && (i.Status == "inProgress" || i.Status == "open")
		}},
		{`Queue: PAY OR Queue: OPS AND Type: incident`, func(i simulator.Truth) bool { return i.Queue == "PAY" || i.Queue == "OPS" && i.Type == "incident" }},
		{`(Queue: PAY OR Queue: OPS) AND Type: task`, func(i simulator.Truth) bool { return (i.Queue == "PAY" || i.Queue == "OPS") && i.Type == "task" }},
		{`Resolution: empty()`, func(i simulator.Truth) bool { return i.Resolution == "" }},
		{`Resolution: notEmpty()`, func(i simulator.Truth) bool { return i.Resolution != "" }},
		{`Resolution: wontFix, duplicate`, func(i simulator.Truth) bool { return i.Resolution == "wontFix" || i.Resolution == "duplicate" }},
		{`Updated: >= "2026-08-03 11:00:00"`, func(i simulator.Truth) bool { return i.UpdatedAt >= eleven }},
		{`Updated: < "2026-08-03T11:00:00"`, func(i simulator.Truth) bool { return i.UpdatedAt < eleven }},
		{`Updated: > "2026-08-03"`, func(i simulator.Truth) bool { return i.UpdatedAt >= at("2026-08-03T21:00:00Z") }},
		{`Updated: <= 03-08-2026`, func(i simulator.Truth) bool { return i.UpdatedAt < at("2026-08-03T21:00:00Z") }},
		{`Updated: "2026-08-03"`, func(i simulator.Truth) bool {
			return i.UpdatedAt >= at("2026-08-02T21:00:00Z") && i.UpdatedAt < at("2026-08-03T21:00:00Z")
		}},
		{`Created: 01-01-2026 .. 02-03-2026`, func(i simulator.Truth) bool {
			return i.CreatedAt >= at("2025-12-31T21:00:00Z") && i.CreatedAt < at("2026-03-02T21:00:00Z")
		}},
		{`Created: 2026-01-01..2026-03-02`, func(i simulator.Truth) bool {
			return i.CreatedAt >= at("2025-12-31T21:00:00Z") && i.CreatedAt < at("2026-03-02T21:00:00Z")
		}},
		{`Updated: >= now()-2w`, func(i simulator.Truth) bool { return i.UpdatedAt.Time().After(now.AddDate(0, 0, -14).Add(-1)) }},
		{`Updated: >= now() - "2d 3h"`, func(i simulator.Truth) bool { return i.UpdatedAt.Time().After(now.Add(-51*time.Hour - 1)) }},
		{`Created: >= today()-30d`, func(i simulator.Truth) bool { return i.CreatedAt >= at("2026-10-20T21:00:00Z") }},
		{`Key: PAY-3, WEB-7`, func(i simulator.Truth) bool { return i.Key == "PAY-3" || i.Key == "WEB-7" }},
		{`Key: PAY-3 .. PAY-5`, func(i simulator.Truth) bool { return i.Key == "PAY-3" || i.Key == "PAY-4" || i.Key == "PAY-5" }},
	} {
		t.Run(tc.query, func(t *testing.T) {
			var found []issue
			search(t, c, tc.query).into(&found)
			var got, want []string
			for _, i := range found {
				got = append(got, i.Key)
			}
			for _, i := range c.Issues() {
				if tc.want(i) {
					want = append(want, i.Key)
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("found %d issues, want %d:\n%v\n%v", len(got), len(want), got, want)
			}
			if len(want) == 0 {
				t.Error("the case finds nothing and shows nothing")
			}
		})
	}
}

func TestQueryPeople(t *testing.T) {
	c := small(simulator.Options{})
	for _, name := range []string{"aozerskaya", "1130000000000001", `"Alina Ozerskaya"`} {
		var found []issue
		search(t, c, "Assignee: "+name).into(&found)
		for _, i := range found {
			if i.Assignee == nil || i.Assignee.Display != "Alina Ozerskaya" {
				t.Fatalf("%s is not hers", i.Key)
			}
		}
		if len(found) == 0 {
			t.Errorf("nothing of %s", name)
		}
	}
}

func TestQuerySorts(t *testing.T) {
	c := small(simulator.Options{})
	for query, less := range map[string]func(a, b issue) bool{
		`"Sort By": Updated ASC`:             func(a, b issue) bool { return a.UpdatedAt <= b.UpdatedAt },
		`Queue: PAY "Sort By": Updated DESC`: func(a, b issue) bool { return a.UpdatedAt >= b.UpdatedAt },
		`"sort by": created`:                 func(a, b issue) bool { return a.CreatedAt <= b.CreatedAt },
		`Queue: WEB`:                         func(a, b issue) bool { return a.CreatedAt >= b.CreatedAt },
		`"Sort By": Status, Updated DESC`:    func(a, b issue) bool { return a.Status.Key != b.Status.Key || a.UpdatedAt >= b.UpdatedAt },
	} {
		var found []issue
		search(t, c, query).into(&found)
		for i := 1; i < len(found); i++ {
			if !less(found[i-1], found[i]) {
				t.Fatalf("%s: %s is not in order", query, found[i].Key)
			}
		}
	}
	var byKey []issue
	search(t, c, `Queue: PAY "Sort By": Key ASC`).into(&byKey)
	if byKey[0].Key != "PAY-1" || byKey[9].Key != "PAY-10" {
		t.Errorf("keys are not in the order of numbers: %s, %s", byKey[0].Key, byKey[9].Key)
	}
}

func TestQueryErrors(t *testing.T) {
	c := small(simulator.Options{})
	for query, want := range map[string]string{
		`Colour: red`:                         `character 1: unknown field "Colour"`,
		`Queue: PAY AND`:                      `character 15: expected a field`,
		`Queue: PAY Updated: >= "yesterday"`:  `not a date or time: "yesterday"`,
		`Updated: >= "2026-01-01T00:00:00Z"`:  `not a date or time`,
		`Updated: >= now()-2parsecs`:          `not an offset like -2h or -1w: "-2parsecs"`,
		`Queue: NONE`:                         `there is no queue NONE`,
		`(Queue: PAY`:                         `a parenthesis is not closed`,
		`Queue: "PAY`:                         `a quote is not closed`,
		`Queue PAY`:                           `expected : after Queue`,
		`"Sort By": Colour`:                   `cannot sort by "Colour"`,
		`Queue: PAY)`:                         `unexpected ")"`,
		`Queue: > PAY`:                        `"PAY" cannot be compared`,
		`Resolution: full()`:                  `unknown function full()`,
		`Status: changed(to: open)`:           `changed(…) with arguments is not supported`,
		strings.Repeat("(", 100) + "Queue: A": `too many parentheses`,
	} {
		a := search(t, c, query)
		var e struct{ ErrorMessages []string }
		if err := json.Unmarshal([]byte(a.body), &e); err != nil || a.status != http.StatusBadRequest {
			t.Fatalf("%s: %d %s", query, a.status, a.body)
		}
		if len(e.ErrorMessages) != 1 || !strings.Contains(e.ErrorMessages[0], want) {
			t.Errorf("%s: %q, want %q", query, e.ErrorMessages, want)
		}
	}
}

func FuzzQuery(f *testing.F) {
	for _, q := range []string{
		`Queue: PAY, !WEB AND (Updated: >= now()-2h OR Created: 01-01-2017 .. 02-03-2017) "Sort By": Updated ASC`,
		`Key: PAY-1..PAY-9 Status: "In \"progress" Resolution: empty()`, `Updated: > "`, `((`, `Queue:,`, `a..b`, `now()-`, `Updated: now()--`, "\x00\xff",
	} {
		f.Add(q)
	}
	c := simulator.New(1, now, simulator.Options{Issues: 20})
	f.Fuzz(func(t *testing.T, q string) {
		a := search(t, c, q)
		if a.status != http.StatusOK && a.status != http.StatusBadRequest {
			t.Errorf("status %d", a.status)
		}
		if !json.Valid([]byte(a.body)) {
			t.Errorf("not JSON: %q", a.body)
		}
	})
}
