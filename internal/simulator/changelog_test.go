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

// changelog follows the links through all pages.
func changelog(t testing.TB, c *simulator.Company, path string) []event {
	t.Helper()
	var all []event
	for path != "" {
		var page []event
		path = ask(t, c, "GET", path, "").into(&page).link("next")
		all = append(all, page...)
	}
	return all
}

func TestChangelogPages(t *testing.T) {
	c := small(simulator.Options{EventsPerIssue: 60})
	for _, i := range c.Issues()[:25] {
		path := "/v3/issues/" + i.Key + "/changelog"
		whole := changelog(t, c, path+"?perPage=1000")
		if len(whole) != i.Events {
			t.Fatalf("%s: %d events, want %d", i.Key, len(whole), i.Events)
		}
		for _, size := range []string{"", "?perPage=7"} {
			if got := changelog(t, c, path+size); !slices.EqualFunc(got, whole, func(a, b event) bool { return a.ID == b.ID }) {
				t.Errorf("%s%s is not the whole changelog", path, size)
			}
		}
		if !slices.IsSortedFunc(whole, func(a, b event) int { return strings.Compare(a.ID, b.ID) }) {
			t.Errorf("ids of %s do not grow", i.Key)
		}
		tail := changelog(t, c, path+"?id="+whole[4].ID)
		if len(tail) != len(whole)-5 || len(tail) > 0 && tail[0].ID != whole[5].ID {
			t.Errorf("%s: wrong tail", i.Key)
		}
		back := changelog(t, c, path+"?sort=desc&perPage=7")
		if len(back) != len(whole) || back[0].ID != whole[len(whole)-1].ID {
			t.Errorf("%s: wrong when the newest come first", i.Key)
		}
	}
}

func TestChangelogFilters(t *testing.T) {
	c := small(simulator.Options{})
	byType := changelog(t, c, "/v3/issues/PAY-3/changelog?type=IssueWorkflow&perPage=2")
	for _, e := range byType {
		if e.Type != "IssueWorkflow" {
			t.Errorf("a %s", e.Type)
		}
	}
	byField := changelog(t, c, "/v3/issues/PAY-3/changelog?field=status")
	for _, e := range byField {
		if !slices.ContainsFunc(e.Fields, func(f struct {
			Field    ref
			From, To json.RawMessage
		},
		) bool {
			return f.Field.ID == "status"
		}) {
			t.Errorf("%s has no status", e.ID)
		}
	}
	if len(byType) < 3 || len(byField) <= len(byType) {
		t.Errorf("%d by type, %d by field", len(byType), len(byField))
	}
}

func TestChangelogPageCap(t *testing.T) {
	c := small(simulator.Options{MaxPerPage: 100})
	if a := ask(t, c, "GET", "/v3/issues/PAY-3/changelog?perPage=101", ""); a.status != http.StatusBadRequest {
		t.Errorf("status %d", a.status)
	}
	if a := ask(t, c, "GET", "/v3/issues/PAY-3/changelog?perPage=100", ""); a.status != http.StatusOK {
		t.Errorf("status %d", a.status)
	}
}

// domain reads an issue and its changelog as the domain's facts.
func domain(t testing.TB, i issue, events []event) (delivery.Issue, []delivery.Event) {
	t.Helper()
	at := func(s string) delivery.Instant { return delivery.InstantOf(stampOf(t, s)) }
	name := func(raw json.RawMessage) delivery.Ref {
		var r ref
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatal(err)
		}
		return delivery.Ref(struct{ ID, Key, Name string }{r.ID, r.Key, r.Display})
	}
	moment := func(raw json.RawMessage) delivery.Instant {
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			t.Fatal(err)
		}
		return at(s)
	}
	out := make([]delivery.Event, len(events))
	for n, e := range events {
		out[n] = delivery.Event{ID: e.ID, Ordinal: n, At: at(e.UpdatedAt), Type: e.Type, Moved: e.Type == "IssueMoved"}
		var tr delivery.Transition
		for _, f := range e.Fields {
			switch f.Field.ID {
			case "status":
				tr.From, tr.To = name(f.From), name(f.To)
				out[n].Transition = &tr
			case "statusStartTime":
				tr.FromStartedAt, tr.ToStartedAt = moment(f.From), moment(f.To)
			}
		}
	}
	return delivery.Issue{
		ID: i.ID, Key: i.Key, Status: delivery.Ref{ID: i.Status.ID, Key: i.Status.Key, Name: i.Status.Display},
		CreatedAt: at(i.CreatedAt), UpdatedAt: at(i.UpdatedAt), StatusStartedAt: at(i.StatusStartTime),
	}, out
}

// What the changelog tells, read by the domain's rules, is what happened; a
// reset that it does not tell is found as one hidden transition.
func TestChangelogTellsTheTruth(t *testing.T) {
	c := simulator.New(7, now, simulator.Options{Issues: 600})
	var found []issue
	for path := "/v3/issues/_search?perPage=500"; path != ""; {
		var page []issue
		path = ask(t, c, "POST", path, `{}`).into(&page).link("next")
		found = append(found, page...)
	}
	hidden := 0
	for _, i := range found {
		truth, ok := c.Issue(i.Key)
		if !ok {
			t.Fatalf("no truth of %s", i.Key)
		}
		is, events := domain(t, i, changelog(t, c, "/v3/issues/"+i.Key+"/changelog?perPage=1000"))
		h := delivery.HistoryOf(&is, events, delivery.InstantOf(now))
		for _, a := range h.Anomalies {
			if a.Kind != delivery.HiddenTransition && a.Kind != delivery.StatusMismatch {
				t.Errorf("%s: anomaly %s", i.Key, a.Kind)
			}
			hidden++
		}
		for n := range h.Periods {
			h.Periods[n].Inferred = false
		}
		if !slices.Equal(h.Periods, truth.Periods) {
			t.Errorf("%s:\n%+v\n%+v", i.Key, h.Periods, truth.Periods)
		}
		if i.Version != truth.Version || i.CommentWithoutExternalMessageCount+i.CommentWithExternalMessageCount != truth.Comments {
			t.Errorf("%s: version %d, %d comments", i.Key, i.Version, truth.Comments)
		}
		if !slices.Equal(i.Aliases, truth.Aliases) && len(i.Aliases)+len(truth.Aliases) > 0 {
			t.Errorf("%s: aliases %v, want %v", i.Key, i.Aliases, truth.Aliases)
		}
	}
	if len(found) != 600 || hidden == 0 {
		t.Errorf("%d issues, %d hidden transitions", len(found), hidden)
	}
}

// Tracker dates a status a millisecond after the event that entered it.
func TestStatusStartsAMillisecondLater(t *testing.T) {
	c := small(simulator.Options{})
	n := 0
	for _, e := range changelog(t, c, "/v3/issues/PAY-3/changelog") {
		for _, f := range e.Fields {
			var to string
			if f.Field.ID != "statusStartTime" || json.Unmarshal(f.To, &to) != nil {
				continue
			}
			n++
			if d := stampOf(t, to).Sub(stampOf(t, e.UpdatedAt)); d != time.Millisecond {
				t.Errorf("%s: %s", e.ID, d)
			}
		}
	}
	if n < 3 {
		t.Errorf("%d transitions", n)
	}
}

func TestBelongings(t *testing.T) {
	c := simulator.New(7, now, simulator.Options{Issues: 200, EventsPerIssue: 40})
	records, linked := 0, 0
	for _, i := range c.Issues() {
		var comments []struct {
			ID                   int
			LongID, Text, Type   string
			CreatedAt, UpdatedAt string
			Version              int
		}
		ask(t, c, "GET", "/v3/issues/"+i.Key+"/comments?perPage=1000", "").into(&comments)
		if len(comments) != i.Comments {
			t.Errorf("%s: %d comments, want %d", i.Key, len(comments), i.Comments)
		}
		var work []struct{ ID, Duration string }
		ask(t, c, "GET", "/v3/issues/"+i.Key+"/worklog?perPage=1000", "").into(&work)
		records += len(work)
		var links []struct{ Object ref }
		ask(t, c, "GET", "/v3/issues/"+i.Key+"/links", "").into(&links)
		linked += len(links)
	}
	if records < 50 || linked < 50 {
		t.Errorf("%d records of work, %d links", records, linked)
	}
}
