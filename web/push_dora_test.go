package web

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/control"
	"throughline/internal/inbox"
)

// TestPushDora: deployments and incidents are taken like runs.
func TestPushDora(t *testing.T) {
	const (
		deployment = `{"id":"1","service":"shop","finished_at":"2026-03-04T10:00:00Z"}`
		incident   = `{"id":"1","service":"shop","started_at":"2026-03-04T10:00:00Z"}`
	)
	for _, c := range []struct{ path, good, bad, wrong string }{
		{"/api/v1/deployments", deployment, `{"id":"2","servce":"shop","finished_at":"2026-03-04T10:00:00Z"}`, "servce"},
		{"/api/v1/incidents", incident, `{"id":"2","started":"2026-03-04T10:00:00Z","started_at":"2026-03-04T10:00:00Z"}`, "started"},
	} {
		t.Run(c.path, func(t *testing.T) {
			s, box, token := pushSite(t)
			type item struct {
				Status, ID string
				Error      *struct{ Path string }
			}
			for _, ask := range []struct {
				name, query, body string
				status            int
				items             []item
			}{
				{"one", "", c.good, 200, []item{{Status: "accepted", ID: "1"}}},
				{"again", "", c.good, 200, []item{{Status: "accepted", ID: "1"}}},
				{"a list", "", "[" + c.good + "," + c.bad + "]", 200, []item{
					{Status: "accepted", ID: "1"}, {Status: "invalid", ID: "2", Error: &struct{ Path string }{"$[1]." + c.wrong}},
				}},
				{"one that is wrong", "", c.bad, 400, nil},
				{"nothing in it", "", "{}", 400, nil},
				{"no JSON", "", "deploy", 400, nil},
				{"dry", "?dry_run=1", c.good, 200, []item{{Status: "would_store", ID: "1"}}},
			} {
				status, text := s.push(c.path+ask.query, token, ask.body)
				var answer struct{ Items []item }
				if err := json.Unmarshal([]byte(text), &answer); err != nil || status != ask.status {
					t.Errorf("%s: %d %v %.300s", ask.name, status, err, text)
				}
				if ask.status == 400 {
					answer.Items = nil
				}
				if d := cmp.Diff(ask.items, answer.Items); d != "" {
					t.Errorf("%s (-want +got):\n%s", ask.name, d)
				}
			}
			counts, err := box.Counts(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(map[string]map[inbox.State]int{"ci": {inbox.Waiting: 3, inbox.Refused: 3}}, counts); d != "" {
				t.Errorf("inbox (-want +got):\n%s", d)
			}
			reader, err := s.db.CreateToken(t.Context(), control.Token{Name: "reader", Scopes: []string{"read"}})
			if err != nil {
				t.Fatal(err)
			}
			for token, want := range map[string]int{"": 401, "wrong": 401, reader: 403} {
				if status, text := s.push(c.path, token, c.good); status != want {
					t.Errorf("with the token %q: %d %s", token, status, text)
				}
			}
		})
	}
}

// TestDryRunOfDeployment shows what would be stored: what was said, and what follows.
func TestDryRunOfDeployment(t *testing.T) {
	s, _, token := pushSite(t)
	status, text := s.push("/api/v1/deployments?dry_run=1", token, `{"service":"shop","sha":"ABCDEF0","started_at":"2026-03-04T10:00:00Z","commits":["abcdef0"]}`)
	for _, part := range []string{`"status":"in_progress"`, `"sha":"abcdef0"`, `"started_at":"2026-03-04T10:00:00.000Z"`, `"finished_at":null`, `"id":"auto-`, `"commits":[{"sha":"abcdef0"`} {
		if status != 200 || !strings.Contains(text, part) {
			t.Errorf("%q is missing in %d %s", part, status, text)
		}
	}
}
