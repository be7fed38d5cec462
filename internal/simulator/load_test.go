package simulator_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"throughline/internal/simulator"
)

const loadedIssue = `{"self":"https://api.tracker.yandex.net/v2/issues/NEW-6","id":"ada9ed49f4babc7342096019","key":"NEW-6","version":11,"summary":"Demo issue",
"aliases":["OLD-9"],"createdAt":"2024-03-04T10:00:00.000+0300","updatedAt":"2024-03-06T10:00:00.000+0000","statusStartTime":"2024-03-06T10:00:00.000+0000",
"queue":{"key":"NEW"},"status":{"id":"6","key":"closed","display":"Closed"},"assignee":{"id":"8000000000000001","display":"Alice Anderson"},"myField":[1, 2]}`

func loadedChangelog(n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(`{"id":"e%d","type":"IssueUpdated","updatedAt":"2024-03-04T07:00:00.000+0000","fields":[{"field":{"id":"tags"},"from":[ ],"to":["x"]}]}`, n-i))
	}
	return "[" + strings.Join(out, ",") + "]"
}

func TestLoadedHistoriesAreServedAsTheyCame(t *testing.T) {
	c := simulator.New(1, now, simulator.Options{Issues: -1})
	if err := c.Load(json.RawMessage(loadedIssue), json.RawMessage(loadedChangelog(123))); err != nil {
		t.Fatal(err)
	}
	c.AddUser("8000000000000001", "alice", "Alice Anderson", "alice@example.org")
	for _, key := range []string{"NEW-6", "OLD-9", "ada9ed49f4babc7342096019"} {
		if a := ask(t, c, "GET", "/v3/issues/"+key, ""); a.body != loadedIssue {
			t.Errorf("%s: %s", key, a.body)
		}
	}
	events := changelog(t, c, "/v3/issues/NEW-6/changelog")
	if len(events) != 123 || events[0].ID != "e123" || events[122].ID != "e1" {
		t.Errorf("%d events", len(events))
	}
	for query, want := range map[string]string{
		`Queue: NEW`: "1", `Queue: PAY`: "0", `Queue: NEW Status: Closed`: "1", `Updated: >= "2024-03-06 13:00:00"`: "1", `Updated: > "2024-03-06 13:00:00"`: "0",
		`Assignee: 8000000000000001`: "1", `Created: "2024-03-04"`: "1", `Key: OLD-9`: "1", `Tags: x`: "0", `Resolution: empty()`: "1",
	} {
		body, err := json.Marshal(map[string]string{"query": query})
		if err != nil {
			t.Fatal(err)
		}
		if a := ask(t, c, "POST", "/v3/issues/_count", string(body)); a.body != want {
			t.Errorf("%s finds %s, want %s", query, a.body, want)
		}
	}
	var found []map[string]json.RawMessage
	ask(t, c, "POST", "/v3/issues/_search?fields=myField", `{}`).into(&found)
	if len(found) != 1 || len(found[0]) != 5 || string(found[0]["myField"]) != "[1,2]" {
		t.Errorf("found %s", found)
	}
	if a := ask(t, c, "GET", "/v3/queues/NEW", ""); a.status != 200 {
		t.Errorf("queue: %d", a.status)
	}
	if a := ask(t, c, "GET", "/v3/users/alice", ""); a.status != 200 || !strings.Contains(a.body, "alice@example.org") {
		t.Errorf("user: %d %s", a.status, a.body)
	}
	if a := ask(t, c, "GET", "/v3/issues/NEW-6/comments", ""); a.body != "[]" {
		t.Errorf("comments: %s", a.body)
	}
}

func TestLoadReplacesAndRefuses(t *testing.T) {
	c := simulator.New(1, now, simulator.Options{Issues: -1})
	for _, text := range []string{loadedIssue, strings.Replace(loadedIssue, "Demo issue", "Changed", 1)} {
		if err := c.Load(json.RawMessage(text), nil); err != nil {
			t.Fatal(err)
		}
	}
	if a := ask(t, c, "POST", "/v3/issues/_search", `{}`); strings.Count(a.body, "Changed") != 1 || strings.Contains(a.body, "Demo issue") {
		t.Errorf("found %s", a.body)
	}
	for name, text := range map[string]string{
		"the key is taken": strings.Replace(loadedIssue, "ada9ed", "ffffff", 1),
		"not JSON":         `{`,
	} {
		if err := c.Load(json.RawMessage(text), nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := c.Delete("NEW-6"); err != nil {
		t.Fatal(err)
	}
	if a := ask(t, c, "POST", "/v3/issues/_count", `{}`); a.body != "0" {
		t.Errorf("%s are found after deleting", a.body)
	}
}
