package simulator_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/simulator"
)

func TestAdvanceDoesNotDependOnSteps(t *testing.T) {
	o := simulator.Options{Issues: 200}
	later := now.AddDate(0, 0, 40)
	once, stepped := simulator.New(7, now, o), simulator.New(7, now, o)
	before := everything(t, once)
	once.Advance(later)
	for at := now; at.Before(later); at = at.Add(7*time.Hour + 13*time.Minute) {
		stepped.Advance(at)
	}
	stepped.Advance(later)
	stepped.Advance(now) // going back is ignored
	if !once.Now().Equal(later) || !stepped.Now().Equal(later) {
		t.Errorf("it is %s and %s", once.Now(), stepped.Now())
	}
	one := everything(t, once)
	if one != everything(t, stepped) {
		t.Error("the steps matter")
	}
	if one == before {
		t.Error("nothing happened in 40 days")
	}
	born := 0
	for _, i := range once.Issues() {
		if i.CreatedAt > delivery.InstantOf(now) {
			born++
		}
		if i.UpdatedAt >= delivery.InstantOf(later) {
			t.Errorf("%s was updated in the future: %s", i.Key, i.UpdatedAt)
		}
	}
	if born < 10 || born > 40 {
		t.Errorf("%d new issues in 40 days", born)
	}
}

func TestEditsByHand(t *testing.T) {
	c := small(simulator.Options{})
	get := func(key string) (out issue) {
		ask(t, c, "GET", "/v3/issues/"+key, "").into(&out)
		return out
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	was := get("PAY-5")
	must(c.Edit("PAY-5", "summary", `said "so"`+"\n\x01"))
	must(c.Edit("PAY-5", "comment", ""))
	must(c.Edit("PAY-5", "type", "story"))
	must(c.Edit("PAY-5", "tags", "blocked"))
	must(c.Transition("PAY-5", "inProgress", "-"))
	must(c.Transition("PAY-5", "closed", "wontFix"))
	is := get("PAY-5")
	if is.Summary != "said \"so\"\n\x01" || is.Status.Key != "closed" || is.Resolution.Key != "wontFix" || is.Type.Key != "story" || is.Version != was.Version+6 {
		t.Errorf("the issue is %+v", is)
	}
	events := changelog(t, c, "/v3/issues/PAY-5/changelog")
	if last := events[len(events)-1]; last.Type != "IssueWorkflow" || stampOf(t, last.UpdatedAt).After(c.Now()) || !stampOf(t, last.UpdatedAt).After(now) {
		t.Errorf("the last event is %+v", last)
	}
	if err := c.Edit("PAY-5", "assignee", "nobody"); err == nil {
		t.Error("nobody can be assigned")
	}
	for _, err := range []error{c.Edit("PAY-5", "colour", "red"), c.Edit("NONE-1", "summary", ""), c.Transition("PAY-5", "none", ""), c.Transition("PAY-5", "open", "none")} {
		if err == nil {
			t.Error("no error")
		}
	}
	// What was planned for it is off.
	c.Advance(now.AddDate(1, 0, 0))
	if got := get("PAY-5"); got.Version != is.Version {
		t.Errorf("it lived on: version %d", got.Version)
	}
}

func TestMovedDeletedRestored(t *testing.T) {
	c := small(simulator.Options{})
	id := func(key string) (int, string) {
		a := ask(t, c, "GET", "/v3/issues/"+key, "")
		if a.status != 200 {
			return a.status, ""
		}
		var i issue
		a.into(&i)
		return 200, i.ID
	}
	_, was := id("WEB-4")
	key, err := c.Move("WEB-4", "OPS", simulator.ResetStatus)
	if err != nil {
		t.Fatal(err)
	}
	_, old := id("WEB-4")
	_, current := id(key)
	if !strings.HasPrefix(key, "OPS-") || old != was || current != was {
		t.Errorf("%s: id was %s, is %s by the old key and %s by the new", key, was, old, current)
	}
	var moved issue
	ask(t, c, "GET", "/v3/issues/WEB-4", "").into(&moved)
	if moved.Key != key || moved.Status.Key != "triage" || !slices.Equal(moved.Aliases, []string{"WEB-4"}) || moved.PreviousQueue.Key != "WEB" {
		t.Errorf("moved: %+v", moved)
	}
	before := len(changelog(t, c, "/v3/issues/PAY-4/changelog"))
	if key, err = c.Move("PAY-4", "APP", simulator.ResetUntold); err != nil {
		t.Fatal(err)
	}
	events := changelog(t, c, "/v3/issues/"+key+"/changelog")
	last := events[len(events)-1]
	if len(events) != before+1 || last.Type != "IssueMoved" || slices.ContainsFunc(last.Fields, func(f struct {
		Field    ref
		From, To json.RawMessage
	},
	) bool {
		return f.Field.ID == "status"
	}) {
		t.Errorf("the last event is %+v", last)
	}
	if err := c.Delete(key); err != nil {
		t.Fatal(err)
	}
	if status, _ := id(key); status != 404 {
		t.Errorf("deleted: status %d", status)
	}
	if a := ask(t, c, "POST", "/v3/issues/_count", `{"query":"Key: `+key+`"}`); a.body != "0" {
		t.Errorf("deleted: %s are found", a.body)
	}
	if err := c.Restore(key); err != nil {
		t.Fatal(err)
	}
	if status, _ := id(key); status != 200 {
		t.Errorf("restored: status %d", status)
	}
	if _, err := c.Move(key, "APP", simulator.KeepStatus); err == nil {
		t.Error("moved to where it is")
	}
}
