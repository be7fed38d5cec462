package ci_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"throughline/internal/delivery"
	"throughline/internal/source/ci"
)

const deployed = `{"id": "d1", "service": "shop", "environment": "production", "sha": "0123456789abcdef0123456789abcdef01234567", "finished_at": "2026-11-18T09:10:00Z"}`

func parseDeployment(t *testing.T, body string) (delivery.Deployment, error) {
	t.Helper()
	items, batch, err := ci.ParseDeployments([]byte(body))
	if err != nil || batch || len(items) != 1 {
		t.Fatalf("%d items, batch %v, error %v", len(items), batch, err)
	}
	return items[0].Fact, items[0].Err
}

// deploymentAgain is a deployment as it reads back from what it is encoded to.
func deploymentAgain(t *testing.T, d delivery.Deployment) delivery.Deployment {
	t.Helper()
	encoded, err := json.Marshal(ci.EncodeDeployment(d))
	if err != nil {
		t.Fatal(err)
	}
	back, err := parseDeployment(t, string(encoded))
	if err != nil {
		t.Fatalf("%v of %s", err, encoded)
	}
	return back
}

func TestFullDeployment(t *testing.T) {
	sent, err := os.ReadFile("testdata/deployment.json")
	if err != nil {
		t.Fatal(err)
	}
	d, err := parseDeployment(t, string(sent))
	if err != nil {
		t.Fatal(err)
	}
	want := delivery.Deployment{
		ID: "4711", Service: "shop", Repository: "acme/shop", Environment: "prod-eu", Production: true,
		SHA: "0123456789abcdef0123456789abcdef01234567", Ref: "main", Version: "v1.4.2", Description: "release train",
		Creator: "ada", URL: "https://ci.example/deploys/4711", Status: delivery.DeploySuccess,
		CreatedAt: instant(t, "2026-11-18T09:00:00Z"), StartedAt: instant(t, "2026-11-18T09:01:00Z"),
		FinishedAt: instant(t, "2026-11-18T09:10:00Z"), UpdatedAt: instant(t, "2026-11-18T09:11:00Z"),
		Hotfix: true, Unplanned: true, FixesDeployment: "4700", Impact: "checkout was down for 3 % of customers",
		HeadStart: instant(t, "2026-11-17T15:00:00Z"),
		Range: &delivery.CommitRange{Commits: []delivery.Commit{
			{SHA: "fedcba9876543210fedcba9876543210fedcba98"},
			{
				SHA: "0123456", AuthoredAt: instant(t, "2026-11-17T15:00:00Z"), Author: "grace", Bot: true,
				Message: "Revert \"Sell less\"\n\nThis reverts commit fedcba9876543210",
			},
		}},
		States: []delivery.DeploymentState{
			{Status: delivery.DeploySuccess, At: instant(t, "2026-11-18T09:10:00Z"), URL: "https://ci.example/deploys/4711/log"},
		},
	}
	equal(t, "deployment", d, want)
	equal(t, "read back", deploymentAgain(t, d), d)
}

func TestDeploymentsTake(t *testing.T) {
	status := func(d delivery.Deployment) any { return d.Status }
	for _, c := range []struct {
		name    string
		changes map[string]string
		got     func(delivery.Deployment) any
		want    any
	}{
		{"finished is success", nil, status, delivery.DeploySuccess},
		{"started is in progress", map[string]string{"finished_at": "null", "started_at": `"2026-11-18T09:00:00Z"`}, status, delivery.DeployRunning},
		{"created is queued", map[string]string{"finished_at": "null", "created_at": `"2026-11-18T09:00:00Z"`}, status, delivery.DeployQueued},
		{"succeeded", map[string]string{"status": `"Succeeded"`}, status, delivery.DeploySuccess},
		{"failed", map[string]string{"status": `"failed"`}, status, delivery.DeployFailure},
		{"cancelled", map[string]string{"status": `"cancelled"`}, status, delivery.DeployError},
		{"running", map[string]string{"status": `"running"`, "finished_at": "null", "started_at": `"2026-11-18T09:00:00Z"`}, status, delivery.DeployRunning},
		{"no commits", map[string]string{"commits": "[]"}, func(d delivery.Deployment) any { return d.Range == nil }, true},
		{"id is a number", map[string]string{"id": "7"}, func(d delivery.Deployment) any { return d.ID }, "7"},
		{"fixes a number", map[string]string{"fixes_deployment": "7"}, func(d delivery.Deployment) any { return d.FixesDeployment }, "7"},
		{"sha in capitals", map[string]string{"sha": `"ABCDEF0"`}, func(d delivery.Deployment) any { return d.SHA }, "abcdef0"},
		{"repository alone", map[string]string{"service": "null", "repository": `"acme/shop"`}, func(d delivery.Deployment) any { return d.Repository }, "acme/shop"},
		{"what is answered", map[string]string{"kind": `"normal"`, "kind_reason": "null", "group_id": `"x"`, "failed": "false", "evidence": "[]", "change_lead_times": "[1]"}, status, delivery.DeploySuccess},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := parseDeployment(t, body(t, deployed, c.changes))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "value", c.got(d), c.want)
			equal(t, "read back", deploymentAgain(t, d), d)
		})
	}
}

func TestDeploymentsRefuse(t *testing.T) {
	for _, c := range []struct {
		name    string
		changes map[string]string
		want    string
	}{
		{"unknown field", map[string]string{"envronment": `"x"`}, `$.envronment: is not a known field, did you mean "environment"?`},
		{"nobody's", map[string]string{"service": "null"}, "$.service: or repository is required"},
		{"no time", map[string]string{"finished_at": "null"}, "$.finished_at: or started_at or created_at is required"},
		{"ended without an end", map[string]string{"finished_at": "null", "started_at": `"2026-11-18T09:00:00Z"`, "status": `"failure"`}, "$.finished_at: is required, since status says that it has ended"},
		{"goes on with an end", map[string]string{"status": `"queued"`}, "$.finished_at: must be null while it goes on"},
		{"status", map[string]string{"status": `"done"`}, "$.status: must be one of queued, pending, in_progress, success, failure, error, inactive"},
		{"end before the start", map[string]string{"started_at": `"2026-11-18T09:11:00Z"`}, "$.finished_at: is before started_at"},
		{"blank id", map[string]string{"id": `" "`}, "$.id: must not be empty"},
		{"sha", map[string]string{"sha": `"main"`}, "$.sha: must be 7 to 64 hexadecimal digits"},
		{"address", map[string]string{"url": `"javascript:alert(1)"`}, "$.url: must be an address that begins with http:// or https://"},
		{"flag", map[string]string{"rollback": `"yes"`}, "$.rollback: must be true or false"},
		{"long", map[string]string{"version": `"` + strings.Repeat("v", 401) + `"`}, "$.version: is longer than 400 bytes"},
		{"commits", map[string]string{"commits": `"abc"`}, "$.commits: must be an array"},
		{"commit", map[string]string{"commits": `["0123456", "HEAD"]`}, "$.commits[1]: must be 7 to 64 hexadecimal digits"},
		{"commit of another type", map[string]string{"commits": `[5]`}, "$.commits[0]: must be a sha, or an object with one"},
		{"commit without sha", map[string]string{"commits": `[{"author": "a"}]`}, "$.commits[0].sha: is required"},
		{"commit with an empty sha", map[string]string{"commits": `[{"sha": ""}]`}, "$.commits[0].sha: must not be empty"},
		{"field of a commit", map[string]string{"commits": `[{"sha": "0123456", "date": 1}]`}, "$.commits[0].date: is not a known field"},
		{"many commits", map[string]string{"commits": list(`"0123456"`, 2001)}, "$.commits: has more than 2000 elements"},
		{"state", map[string]string{"states": `[{"status": "success"}]`}, "$.states[0].at: is required"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseDeployment(t, body(t, deployed, c.changes))
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// TestDeploymentWithoutID is told apart by what it says, and told again is the same.
func TestDeploymentWithoutID(t *testing.T) {
	id := func(changes map[string]string) string {
		t.Helper()
		changes["id"] = "null"
		d, err := parseDeployment(t, body(t, deployed, changes))
		if err != nil || d.ID == "" {
			t.Fatalf("id %q, %v", d.ID, err)
		}
		return d.ID
	}
	first := id(map[string]string{})
	equal(t, "the same with a url", id(map[string]string{"url": `"https://ci"`}), first)
	for _, other := range []map[string]string{
		{"service": `"cart"`}, {"environment": `"staging"`}, {"version": `"2"`}, {"started_at": `"2026-11-18T09:00:00Z"`},
	} {
		if id(other) == first {
			t.Errorf("%v has the same id", other)
		}
	}
}

func TestDeploymentBatch(t *testing.T) {
	pushed, err := ci.Pushes()["deployments"]([]byte("[" + deployed + `, {"id": "d2", "sha": 5}]`))
	if err != nil || !pushed.Listed || pushed.Key != "" || len(pushed.Items) != 2 {
		t.Fatalf("%+v, %v", pushed, err)
	}
	equal(t, "what is wrong", paths(t, pushed.Items[1].Err), "$[1].finished_at\n$[1].service\n$[1].sha")
	equal(t, "ids", pushed.Items[0].ID+" "+pushed.Items[1].ID, "d1 d2")
	b := delivery.Batch{Connection: "ci"}
	pushed.Items[0].Add(&b)
	equal(t, "connection", b.Deployments[0].Connection, "ci")
	told, ok := pushed.Items[0].Told(&b).(ci.EncodedDeployment)
	equal(t, "told", ok && told.ID == "d1", true)
}
