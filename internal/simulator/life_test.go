package simulator_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/simulator"
)

// everything is all that the API says of a company.
func everything(t testing.TB, c *simulator.Company) string {
	t.Helper()
	var out strings.Builder
	out.WriteString(ask(t, c, "POST", "/v3/issues/_search?perPage=1000", `{"query":"\"Sort By\": Key ASC"}`).body)
	for _, i := range c.Issues() {
		out.WriteString(ask(t, c, "GET", "/v3/issues/"+i.Key+"/changelog?perPage=1000", "").body)
	}
	return out.String()
}

func TestSameSeedSameBytes(t *testing.T) {
	o := simulator.Options{Issues: 80, EventsPerIssue: 26, Broken: true}
	one := everything(t, simulator.New(3, now, o))
	if one != everything(t, simulator.New(3, now, o)) {
		t.Error("two companies of one seed differ")
	}
	if one == everything(t, simulator.New(4, now, o)) {
		t.Error("two seeds make the same company")
	}
}

// class is what the demo's workflow makes of a status.
func class(key string, _ delivery.Instant) delivery.Class {
	w := delivery.Workflow{StatusLists: delivery.StatusLists{
		Active: []string{"inProgress", "inReview", "readyForTest", "testing", "readyForRelease", "onHold", "mitigation", "watching"},
		Closed: []string{"closed", "resolved", "cancelled", "done"},
	}}
	return w.Class("", "", key, "")
}

// workMoscow is Mon–Fri 10–19 without holidays.
func workMoscow() *delivery.Calendar {
	v := delivery.CalendarVersion{Zone: time.FixedZone("", 3*60*60)}
	for d := time.Monday; d <= time.Friday; d++ {
		v.Week[d] = []delivery.Shift{{Start: 10 * 3600, End: 19 * 3600}}
	}
	return delivery.NewCalendar(v)
}

func TestCompanyIsPlausible(t *testing.T) {
	c := simulator.New(7, now, simulator.Options{})
	all := c.Issues()
	if len(all) != 1500 {
		t.Fatalf("%d issues", len(all))
	}
	start := delivery.InstantOf(now.AddDate(0, 0, -548).Truncate(24 * time.Hour))
	byWeek := map[int64][]int64{} // cycle times by week of closing
	var reopened, moved, open, rejected, quiet, changes, events int
	work := workMoscow()
	queues, types := map[string]int{}, map[string]int{}
	for _, i := range all {
		queues[i.Queue]++
		types[i.Type]++
		events += i.Events
		if i.CreatedAt < start || i.UpdatedAt > delivery.InstantOf(now) || i.Periods[len(i.Periods)-1].Start > delivery.InstantOf(now) {
			t.Errorf("%s is not of the last 18 months: %s to %s", i.Key, i.CreatedAt, i.UpdatedAt)
		}
		for n, p := range i.Periods {
			changes++
			if n > 0 && p.Start <= i.Periods[n-1].Start {
				t.Errorf("%s goes back in time", i.Key)
			}
			if work.Between(p.Start-2000, p.Start+2000) == 0 {
				quiet++
			}
		}
		f := delivery.FlowOf(i.CreatedAt, i.Periods, class)
		if f.ReopenCount > 0 {
			reopened++
		}
		if len(i.Aliases) > 0 {
			moved++
		}
		switch {
		case !f.IsClosed():
			open++
		case i.Resolution == "wontFix" || i.Resolution == "duplicate":
			rejected++
		case f.FirstActiveAt.Known():
			byWeek[int64(f.ClosedAt-start)/(7*24*3600*1000)] = append(byWeek[int64(f.ClosedAt-start)/(7*24*3600*1000)], int64(f.ClosedAt-f.FirstActiveAt))
		}
	}
	share := func(name string, n int, low, high float64) {
		if got := float64(n) / float64(len(all)); got < low || got > high {
			t.Errorf("%s: %.3f of all, want %.3f to %.3f", name, got, low, high)
		}
	}
	share("reopened", reopened, .03, .09)
	share("moved", moved, .02, .07)
	share("open", open, .03, .12)
	share("rejected", rejected, .03, .10)
	share("of PAY", queues["PAY"], .25, .35)
	share("of WEB", queues["WEB"], .27, .37)
	share("of APP", queues["APP"], .13, .25)
	share("of OPS", queues["OPS"], .14, .25)
	share("bugs", types["bug"], .2, .35)
	share("epics", types["epic"], .01, .03)
	share("events", events, 12.5, 16)
	if out := float64(quiet) / float64(changes); out < .02 || out > .12 {
		t.Errorf("%.3f of the changes are out of hours", out)
	}
	enough := 0
	for _, times := range byWeek {
		if len(times) >= 20 {
			enough++
		}
	}
	if enough < 20 {
		t.Errorf("only %d weeks have 20 closings", enough)
	}
	checkTrend(t, byWeek)
}

// checkTrend wants the bad month and the improvement to be seen.
func checkTrend(t *testing.T, byWeek map[int64][]int64) {
	t.Helper()
	median := func(from, to int64) float64 {
		var all []int64
		for w := from; w < to; w++ {
			all = append(all, byWeek[w]...)
		}
		slices.Sort(all)
		return float64(all[len(all)/2]) / float64(24*time.Hour.Milliseconds())
	}
	before, bad, after := median(15, 38), median(41, 46), median(68, 78)
	if bad < 1.4*before || after > .8*before {
		t.Errorf("median cycle times %.1f, %.1f in the bad month, %.1f days at last", before, bad, after)
	}
}

func TestEventsPerIssue(t *testing.T) {
	for _, want := range []int{14, 26, 60} {
		c := simulator.New(7, now, simulator.Options{Issues: 2000, EventsPerIssue: want})
		events, changes := 0, 0
		for _, i := range c.Issues() {
			events += i.Events
			changes += len(i.Periods)
		}
		if mean := float64(events) / 2000; mean < .93*float64(want) || mean > 1.1*float64(want) {
			t.Errorf("%.1f events an issue, want %d", mean, want)
		}
		if mean := float64(changes) / 2000; mean < 6 || mean > 8 {
			t.Errorf("%.1f statuses an issue", mean)
		}
	}
}

func TestEveryEventTypeHappens(t *testing.T) {
	c := simulator.New(7, now, simulator.Options{EventsPerIssue: 40, Issues: 350})
	types, transports := map[string]int{}, map[string]int{}
	inUpdate, inMove, resolutionFirst := 0, 0, 0
	for _, i := range c.Issues() {
		for _, e := range changelog(t, c, "/v3/issues/"+i.Key+"/changelog?perPage=1000") {
			types[e.Type]++
			transports[e.Transport]++
			for n, f := range e.Fields {
				switch {
				case f.Field.ID == "status" && e.Type == "IssueUpdated":
					inUpdate++
				case f.Field.ID == "status" && e.Type == "IssueMoved":
					inMove++
				case f.Field.ID == "resolution" && n == 0:
					resolutionFirst++
				}
			}
		}
	}
	for _, want := range []string{
		"IssueCreated", "IssueCloned", "IssueUpdated", "IssueWorkflow", "IssueMoved", "IssueCommentAdded", "IssueCommentUpdated", "IssueCommentRemoved",
		"IssueCommentReactionAdded", "IssueCommentReactionRemoved", "IssueWorklogAdded", "IssueWorklogUpdated", "IssueWorklogRemoved", "IssueVoteAdded",
		"IssueVoteRemoved", "IssueLinked", "IssueLinkChanged", "IssueUnlinked", "RelatedIssueResolutionChanged", "IssueAttachmentAdded", "IssueAttachmentRemoved",
	} {
		if types[want] == 0 {
			t.Errorf("no %s", want)
		}
	}
	if len(types) != 21 || transports["api"] == 0 || transports["email"] == 0 {
		t.Errorf("types %v, transports %v", types, transports)
	}
	if inUpdate == 0 || inMove == 0 || resolutionFirst == 0 {
		t.Errorf("%d statuses in updates, %d in moves, %d resolutions come first", inUpdate, inMove, resolutionFirst)
	}
}

func TestEveryFieldIsFilledSomewhere(t *testing.T) {
	c := simulator.New(7, now, simulator.Options{Issues: 900})
	var found []map[string]any
	ask(t, c, "POST", "/v3/issues/_search?perPage=1000", `{}`).into(&found)
	filled := map[string]int{}
	for _, i := range found {
		for name, v := range i {
			if v == nil {
				t.Errorf("%v: %s is null", i["key"], name)
			}
			filled[name]++
		}
	}
	for _, name := range []string{
		"parent", "epic", "aliases", "previousQueue", "sprint", "boards", "components", "tags", "project", "assignee", "qaEngineer", "followers",
		"previousStatus", "previousStatusLastAssignee", "resolution", "resolvedAt", "resolvedBy", "start", "end", "deadline", "storyPoints", "estimation",
		"spent", "checklistDone", "checklistTotal", "commentWithoutExternalMessageCount", "lastCommentUpdatedAt", "description",
		"6a2f41b07c9d4e2f8b1a0c11--severity",
	} {
		if n := filled[name]; n == 0 || n == len(found) {
			t.Errorf("%s is filled in %d of %d issues", name, n, len(found))
		}
	}
}
