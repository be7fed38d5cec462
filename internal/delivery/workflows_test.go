package delivery_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

func closing(keys ...string) delivery.StatusLists { return delivery.StatusLists{Closed: keys} }

func TestTeamClasses(t *testing.T) {
	w := delivery.Workflow{
		StatusLists: delivery.StatusLists{Active: []string{"work"}, Closed: []string{"done"}},
		Teams: map[string]delivery.StatusLists{
			"A": {Active: []string{"review"}, Closed: []string{"released"}},
			"B": {Waiting: []string{"work"}},
			"":  {Closed: []string{"anything"}},
		},
		Queues: map[string]delivery.StatusLists{"PAY": {Waiting: []string{"released"}}},
	}
	empty := delivery.Workflow{Teams: map[string]delivery.StatusLists{"A": {Closed: []string{}}}}
	for _, c := range []struct {
		name                  string
		w                     delivery.Workflow
		queue, team, key, typ string
		want                  delivery.Class
		mapped                bool
	}{
		{"the team's list", w, "OPS", "A", "released", "", delivery.Closed, true},
		{"not another's", w, "OPS", "B", "released", "done", delivery.Waiting, false},
		{"nor that of no team", w, "OPS", "", "released", "done", delivery.Waiting, false},
		{"no team has no lists", w, "OPS", "", "anything", "", delivery.Waiting, false},
		{"the queue wins over the team", w, "PAY", "A", "released", "done", delivery.Waiting, true},
		{"the team wins over all", w, "OPS", "B", "work", "", delivery.Waiting, true},
		{"and adds to all", w, "OPS", "A", "done", "", delivery.Closed, true},
		{"beside the queue's", w, "PAY", "A", "review", "", delivery.Active, true},
		{"a team's list replaces the default", delivery.Workflow{Teams: w.Teams}, "OPS", "A", "closed", "done", delivery.Waiting, false},
		{"an empty one too", empty, "OPS", "A", "closed", "done", delivery.Waiting, false},
		{"only for that team", empty, "OPS", "B", "closed", "done", delivery.Closed, false},
		{"only for its class", empty, "OPS", "A", "work", "inProgress", delivery.Active, false},
	} {
		if got := c.w.Class(c.queue, c.team, c.key, c.typ); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if got := c.w.Mapped(c.queue, c.team, c.key); got != c.mapped {
			t.Errorf("%s: mapped %v, want %v", c.name, got, c.mapped)
		}
	}
	twice := delivery.Workflow{Teams: map[string]delivery.StatusLists{"A": {Active: []string{"x"}, Closed: []string{"x"}}}}
	if err := twice.Validate(); err == nil || err.Error() != `team A: status "x" is both active and closed` {
		t.Errorf("validate: %v", err)
	}
}

// versions are three: nothing is closed but by type, then "done" is, then
// "review" for the team A and for the queue PAY nothing.
func versions() delivery.Workflows {
	return delivery.Workflows{
		Versions: []delivery.WorkflowVersion{
			{From: 50, Workflow: delivery.Workflow{StatusLists: delivery.StatusLists{Active: []string{"work"}}}},
			{From: 1000, Workflow: delivery.Workflow{
				StatusLists: delivery.StatusLists{Active: []string{"work"}, Closed: []string{"done"}}, ExcludedResolutions: []string{"duplicate"},
			}},
			{From: 2000, Workflow: delivery.Workflow{
				StatusLists: delivery.StatusLists{Active: []string{"work"}, Closed: []string{"done"}}, ExcludedResolutions: []string{"wontFix"},
				Teams:  map[string]delivery.StatusLists{"A": closing("review")},
				Queues: map[string]delivery.StatusLists{"PAY": {Waiting: []string{"done", "review"}}},
			}},
		},
		Teams: delivery.Teams{
			{Name: "A", Queues: delivery.Patterns{"DEV", "PAY", "SHARED"}},
			{Name: "B", Queues: delivery.Patterns{"SHARED"}},
		},
	}
}

func TestWorkflowsClass(t *testing.T) {
	w := versions()
	types := map[string]string{"shipped": "done"}
	const waiting, active, closed = delivery.Waiting, delivery.Active, delivery.Closed
	for _, c := range []struct {
		queue, key string
		want       [7]delivery.Class // at 0, 50, 999, 1000, 1999, 2000, 9999
	}{
		{"DEV", "work", [7]delivery.Class{active, active, active, active, active, active, active}},
		{"DEV", "done", [7]delivery.Class{waiting, waiting, waiting, closed, closed, closed, closed}},
		{"DEV", "shipped", [7]delivery.Class{closed, closed, closed, waiting, waiting, waiting, waiting}},
		{"DEV", "review", [7]delivery.Class{waiting, waiting, waiting, waiting, waiting, closed, closed}},
		{"SHARED", "review", [7]delivery.Class{}}, // of two teams, so of none
		{"WEB", "review", [7]delivery.Class{}},
		{"PAY", "done", [7]delivery.Class{waiting, waiting, waiting, closed, closed, waiting, waiting}},
		{"PAY", "review", [7]delivery.Class{}},
	} {
		prepared := w.Classes(c.queue, types)
		for range 2 { // found, then remembered
			for i, at := range []delivery.Instant{0, 50, 999, 1000, 1999, 2000, 9999} {
				if got := w.Class(at, c.queue, c.key, types[c.key]); got != c.want[i] {
					t.Errorf("%s in %s at %d: %s, want %s", c.key, c.queue, at, got, c.want[i])
				}
				if got := prepared(c.key, at); got != c.want[i] {
					t.Errorf("%s in %s at %d: prepared %s, want %s", c.key, c.queue, at, got, c.want[i])
				}
			}
		}
	}
	if diff := cmp.Diff([]delivery.Instant{1000, 2000}, w.Boundaries()); diff != "" {
		t.Errorf("boundaries (-want +got)\n%s", diff)
	}
}

func TestWorkflowsExclude(t *testing.T) {
	w := versions()
	for _, c := range []struct {
		resolution string
		at         delivery.Instant
		want       bool
	}{
		{"duplicate", 999, false},
		{"duplicate", 1000, true},
		{"duplicate", 1999, true},
		{"duplicate", 2000, false},
		{"wontFix", 1999, false},
		{"wontFix", 2000, true},
		{"", 2000, false},
		{"fixed", 1500, false},
	} {
		if got := w.Excludes(c.resolution, c.at); got != c.want {
			t.Errorf("%q at %d: %v", c.resolution, c.at, got)
		}
	}
	var none *delivery.Workflows
	if none.Excludes("duplicate", 1000) || (&delivery.Workflows{}).Excludes("duplicate", 1000) {
		t.Error("no workflow leaves something out")
	}
	if (&delivery.Workflows{}).Class(7, "DEV", "done", "done") != delivery.Closed || len((&delivery.Workflows{}).Boundaries()) != 0 {
		t.Error("no workflow is not the one that says nothing")
	}
	one := delivery.OneWorkflow(delivery.Workflow{StatusLists: closing("x")})
	if one.Class(-5, "DEV", "x", "") != delivery.Closed || len(one.Boundaries()) != 0 {
		t.Error("one workflow is not for all time")
	}
}

// A stay is of the class that its status had when the stay began, so that a new
// version changes nothing of what happened before it.
func TestFlowByVersions(t *testing.T) {
	period := func(key string, start, end delivery.Instant) delivery.Period {
		return delivery.Period{Status: delivery.Ref{Key: key}, Start: start, End: end}
	}
	for _, c := range []struct {
		name    string
		queue   string
		periods []delivery.Period
		want    delivery.Flow
	}{
		{
			"closed before its status was", "DEV",
			[]delivery.Period{period("work", 100, 900), period("done", 900, 0)},
			delivery.Flow{CreatedAt: 100, FirstActiveAt: 100},
		},
		{
			"closed on the day", "DEV",
			[]delivery.Period{period("work", 100, 1000), period("done", 1000, 0)},
			delivery.Flow{CreatedAt: 100, FirstActiveAt: 100, ClosedAt: 1000},
		},
		{
			"closed by what was closed then", "DEV",
			[]delivery.Period{period("work", 100, 300), period("shipped", 300, 0)},
			delivery.Flow{CreatedAt: 100, FirstActiveAt: 100, ClosedAt: 300},
		},
		{
			"the same after the day", "DEV",
			[]delivery.Period{period("work", 100, 1500), period("shipped", 1500, 0)},
			delivery.Flow{CreatedAt: 100, FirstActiveAt: 100},
		},
		{"reopened across the versions", "DEV", []delivery.Period{
			period("work", 100, 300), period("shipped", 300, 1500), period("shipped", 1500, 1600), period("done", 1600, 0),
		}, delivery.Flow{CreatedAt: 100, FirstActiveAt: 100, ClosedAt: 1600, ReopenCount: 1}},
		{
			"a closed run through two versions", "DEV",
			[]delivery.Period{period("done", 1900, 2100), period("review", 2100, 0)},
			delivery.Flow{CreatedAt: 1900, ClosedAt: 1900},
		},
		{"left open by the newest version", "DEV", []delivery.Period{period("review", 1999, 0)}, delivery.Flow{CreatedAt: 1999}},
		{
			"not of the shared queue", "SHARED",
			[]delivery.Period{period("work", 2000, 2100), period("review", 2100, 0)},
			delivery.Flow{CreatedAt: 2000, FirstActiveAt: 2000},
		},
	} {
		w := versions()
		class := w.Classes(c.queue, map[string]string{"shipped": "done"})
		if diff := cmp.Diff(c.want, delivery.FlowOf(c.periods[0].Start, c.periods, class)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.name, diff)
		}
	}
	w := versions()
	late := []delivery.Period{period("review", 1999, 2050)}
	if !delivery.OpenDuring(late, w.Classes("DEV", nil), 2000, 2010) {
		t.Error("a stay that began before the day is closed by it")
	}
}

func TestWorkflowsValidate(t *testing.T) {
	w := versions()
	w.Versions[0].From = 5000 // covers all before, whatever it says
	if err := w.Validate(); err != nil {
		t.Error(err)
	}
	w.Versions[1], w.Versions[2] = w.Versions[2], w.Versions[1]
	if err := w.Validate(); err == nil || err.Error() != "workflow version 3 begins before the one before it" {
		t.Errorf("out of order: %v", err)
	}
}

func TestWorkflowsJSON(t *testing.T) {
	w := delivery.Workflows{Versions: versions().Versions}
	text, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	var again delivery.Workflows
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w, again); diff != "" {
		t.Errorf("read again (-want +got)\n%s", diff)
	}
}
