package tracker

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

// incidents are what is stored of incidents, the key of each and how it stands.
func (r *rig) incidents() map[string]string {
	out := map[string]string{}
	for _, i := range r.memory.Facts().Incidents {
		_, key, _ := strings.Cut(i.Title, " ")
		switch {
		case i.Gone:
			out[key] = "gone"
		case i.ResolvedAt.Known():
			out[key] = "resolved"
		default:
			out[key] = "open"
		}
	}
	return out
}

func (r *rig) wantIncidents(t *testing.T, want map[string]string) {
	t.Helper()
	if d := cmp.Diff(want, r.incidents()); d != "" {
		t.Errorf("incidents (-want +got):\n%s", d)
	}
}

// rules are other ones from a minute later on; "" for none.
func (r *rig) rules(rules string) {
	r.now = r.now.Add(time.Minute)
	delete(r.settings, "incidents")
	if rules != "" {
		r.settings["incidents"] = json.RawMessage(rules)
	}
}

// now changes an issue: what its record says is replaced, and it is updated then.
func (i *fakeIssue) now(at time.Time, old, new string) {
	record := strings.Replace(string(i.record), old, new, 1)
	record = strings.Replace(record, i.updated.Format(trackerTime), at.Format(trackerTime), 1)
	i.updated, i.record = at, json.RawMessage(record)
}

func TestIncidentRules(t *testing.T) {
	issue := delivery.Issue{Queue: "OPS", Type: delivery.Ref{Key: "incident", Name: "Инцидент"}, Tags: []string{"outage", "db"}}
	for name, c := range map[string]struct {
		rules string
		want  bool
	}{
		"none":                  {`[]`, false},
		"queue":                 {`["queue:OPS"]`, true},
		"queue in another case": {`["queue:ops"]`, true},
		"other queue":           {`["queue:DEV"]`, false},
		"one of two queues":     {`["queue:DEV", "queue:OPS"]`, true},
		"type by name":          {`["type:инцидент"]`, true},
		"tag":                   {`["tag:outage"]`, true},
		"all kinds":             {`["queue:OPS", "type:incident", "tag:db"]`, true},
		"all kinds but one":     {`["queue:OPS", "type:bug", "tag:db"]`, false},
		"as text":               {`"queue:OPS, tag:outage"`, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := readIncidents(settingsOf("incidents", c.rules), nil)
			if got := r.match(&issue); got != c.want {
				t.Errorf("got %v", got)
			}
			if stamp := mark(1<<40|incidentMark, c.want); isMarked(stamp) != c.want {
				t.Errorf("the fingerprint %x says otherwise", stamp)
			}
		})
	}
}

func TestIncidents(t *testing.T) {
	bubbled("all that they are", t, func(t *testing.T) {
		r := rigOf(generate(4, 9)) // the last status is closed
		r.rules(`["queue:OPS"]`)
		r.mustPull(t)
		facts := r.memory.Facts().Incidents
		created := testStart.Add(time.Hour)
		want := delivery.Incident{
			Connection: "c", ID: r.issues[1].id, Project: "OPS", Title: "Issue OPS-2", Severity: "normal",
			StartedAt:  delivery.InstantOf(created),
			ResolvedAt: delivery.InstantOf(created.Add(12 * time.Minute)), UpdatedAt: delivery.InstantOf(r.issues[1].updated),
			ToldAt: delivery.InstantOf(r.now),
		}
		if len(facts) != 2 {
			t.Fatalf("%d incidents", len(facts))
		}
		want.URL = facts[0].URL
		if d := cmp.Diff(want, facts[0]); d != "" || !strings.HasSuffix(facts[0].URL, "/OPS-2") {
			t.Errorf("%s %s", facts[0].URL, d)
		}
	})
	bubbled("one by one", t, func(t *testing.T) {
		r := rigOf(generate(6, 3))
		r.rules(`["tag:outage"]`)
		r.mustPull(t)
		r.wantIncidents(t, map[string]string{})

		r.issues[2].now(testNow.Add(-3*time.Hour), `"tags":["a","b"]`, `"tags":["a","Outage"]`)
		r.mustPull(t)
		r.wantIncidents(t, map[string]string{"DEMO-3": "open"})

		r.issues[2].now(testNow.Add(-2*time.Hour), `"votes":0`, `"votes":0,"resolvedAt":"2026-03-02T10:00:00.000+0000"`)
		r.mustPull(t)
		r.wantIncidents(t, map[string]string{"DEMO-3": "resolved"})

		r.issues[2].now(testNow.Add(-time.Hour), `"Outage"`, `"b"`)
		r.mustPull(t)
		r.wantIncidents(t, map[string]string{"DEMO-3": "gone"})

		r.mustPull(t)
		if n := len(r.written()); n != 0 {
			t.Errorf("%d records are written without a change", n)
		}
	})
	bubbled("rules that change", t, func(t *testing.T) {
		r := rigOf(generate(6, 3))
		r.mustPull(t)
		changelogs := r.sent("changelog")
		r.rules(`["queue:OPS"]`)
		r.mustPull(t)
		all := map[string]string{"OPS-2": "open", "OPS-4": "open", "OPS-6": "open"}
		r.wantIncidents(t, all)
		if n := r.sent("changelog") - changelogs; n != 0 {
			t.Errorf("%d histories were asked for", n)
		}
		r.mustPull(t)
		r.wantIncidents(t, all)
		r.rules("")
		r.mustPull(t)
		r.wantIncidents(t, map[string]string{"OPS-2": "gone", "OPS-4": "gone", "OPS-6": "gone"})
		r.rules(`["queue:OPS"]`)
		r.mustPull(t)
		r.wantIncidents(t, all)
	})
	bubbled("deleted", t, func(t *testing.T) {
		r := rigOf(generate(6, 3))
		r.rules(`["queue:OPS"]`)
		r.mustPull(t)
		r.issues[1].gone = true
		r.issues[2].gone = true
		r.now = testNow.Add(25 * time.Hour)
		r.mustPull(t)
		if len(r.gone()) != 2 {
			t.Fatalf("gone: %v", r.gone())
		}
		gone := map[string]bool{}
		for _, i := range r.memory.Facts().Incidents {
			gone[i.ID] = i.Gone
		}
		want := map[string]bool{r.issues[1].id: true, r.issues[3].id: false, r.issues[5].id: false}
		if d := cmp.Diff(want, gone); d != "" {
			t.Errorf("gone incidents (-want +got):\n%s", d)
		}
	})
}
