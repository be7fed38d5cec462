package ci_test

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"throughline/internal/delivery"
	"throughline/internal/source/ci"
)

const broke = `{"id": "i1", "service": "shop", "title": "Checkout is down", "started_at": "2026-11-18T09:20:00Z"}`

func parseIncident(t *testing.T, body string) (delivery.Incident, error) {
	t.Helper()
	items, batch, err := ci.ParseIncidents([]byte(body))
	if err != nil || batch || len(items) != 1 {
		t.Fatalf("%d items, batch %v, error %v", len(items), batch, err)
	}
	return items[0].Fact, items[0].Err
}

func incidentAgain(t *testing.T, i delivery.Incident) delivery.Incident {
	t.Helper()
	encoded, err := json.Marshal(ci.EncodeIncident(i))
	if err != nil {
		t.Fatal(err)
	}
	back, err := parseIncident(t, string(encoded))
	if err != nil {
		t.Fatalf("%v of %s", err, encoded)
	}
	return back
}

func TestFullIncident(t *testing.T) {
	sent, err := os.ReadFile("testdata/incident.json")
	if err != nil {
		t.Fatal(err)
	}
	i, err := parseIncident(t, string(sent))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "incident", i, delivery.Incident{
		ID: "INC-12", Service: "shop", Project: "OPS", Title: "Checkout is down", Severity: "critical",
		StartedAt: instant(t, "2026-11-18T09:20:00Z"), DetectedAt: instant(t, "2026-11-18T09:24:00Z"),
		ResolvedAt: instant(t, "2026-11-18T10:05:00Z"), UpdatedAt: instant(t, "2026-11-18T10:06:00Z"),
		Deployment: "4711", Version: "v1.4.2", SHA: "0123456789abcdef0123456789abcdef01234567",
		URL: "https://status.example/INC-12", Teams: []string{"Payments"},
	})
	equal(t, "read back", incidentAgain(t, i), i)
}

func TestIncidentsTake(t *testing.T) {
	for _, c := range []struct {
		name    string
		changes map[string]string
		got     func(delivery.Incident) any
		want    any
	}{
		{"open", nil, func(i delivery.Incident) any { return i.ResolvedAt }, delivery.Instant(0)},
		{"deployment is a number", map[string]string{"deployment": "4711"}, func(i delivery.Incident) any { return i.Deployment }, "4711"},
		{"gone", map[string]string{"gone": "true"}, func(i delivery.Incident) any { return i.Gone }, true},
		{"what is answered", map[string]string{"status": `"open"`, "group_id": "null", "confidence": `"confirmed"`}, func(i delivery.Incident) any { return i.ID }, "i1"},
		{"nobody's", map[string]string{"service": "null"}, func(i delivery.Incident) any { return i.Service }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			i, err := parseIncident(t, body(t, broke, c.changes))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "value", c.got(i), c.want)
			equal(t, "read back", incidentAgain(t, i), i)
		})
	}
}

func TestIncidentsRefuse(t *testing.T) {
	for _, c := range []struct {
		name    string
		changes map[string]string
		want    string
	}{
		{"unknown field", map[string]string{"resolved": `"x"`}, `$.resolved: is not a known field, did you mean "resolved_at"?`},
		{"no start", map[string]string{"started_at": "null"}, "$.started_at: must not be null"},
		{"end before the start", map[string]string{"resolved_at": `"2026-11-18T09:00:00Z"`}, "$.resolved_at: is before started_at"},
		{"epoch", map[string]string{"started_at": "1763457600000"}, "$.started_at: must be a time like 2026-01-31T09:30:00Z"},
		{"teams", map[string]string{"teams": `"Payments"`}, "$.teams: must be an array of at most 50 texts"},
		{"empty team", map[string]string{"teams": `[""]`}, "$.teams: must be an array of texts that are not empty"},
		{"blank service", map[string]string{"service": `" "`}, "$.service: must not be empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseIncident(t, body(t, broke, c.changes))
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestIncidentWithoutID(t *testing.T) {
	first, err := parseIncident(t, body(t, broke, map[string]string{"id": "null"}))
	if err != nil {
		t.Fatal(err)
	}
	resolved, err := parseIncident(t, body(t, broke, map[string]string{"id": "null", "resolved_at": `"2026-11-18T10:00:00Z"`}))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "id once it is resolved", resolved.ID, first.ID)
	if first.ID == "" {
		t.Error("there is no id")
	}
}

// FuzzParseDeployments wants of each deployment of any body that it reads back, or
// errors.
func FuzzParseDeployments(f *testing.F) {
	addFiles(f, "testdata/*.json")
	f.Add([]byte("[" + deployed + "]"))
	f.Add([]byte(`{"repository": "a/b", "started_at": "2026-11-18T09:00:00Z", "commits": ["abcdef0", {"sha": "abcdef1", "message": "a\n\nThis reverts commit abcdef0."}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		items, _, err := ci.ParseDeployments(body)
		if err != nil {
			checkErrors(t, err)
		}
		for _, item := range items {
			if item.Err != nil {
				checkErrors(t, item.Err)
			} else if back := deploymentAgain(t, item.Fact); !reflect.DeepEqual(back, item.Fact) {
				t.Errorf("reads back as\n%+v and was\n%+v", back, item.Fact)
			}
		}
	})
}

// FuzzParseIncidents is FuzzParseDeployments for incidents.
func FuzzParseIncidents(f *testing.F) {
	addFiles(f, "testdata/*.json")
	f.Add([]byte("[" + broke + "]"))
	f.Fuzz(func(t *testing.T, body []byte) {
		items, _, err := ci.ParseIncidents(body)
		if err != nil {
			checkErrors(t, err)
		}
		for _, item := range items {
			if item.Err != nil {
				checkErrors(t, item.Err)
			} else if back := incidentAgain(t, item.Fact); !reflect.DeepEqual(back, item.Fact) {
				t.Errorf("reads back as\n%+v and was\n%+v", back, item.Fact)
			}
		}
	})
}
