package github

import (
	"testing"

	"throughline/internal/delivery"
)

func TestParseRule(t *testing.T) {
	for text, want := range map[string]struct{ id, kind, environment, matches string }{
		"job:deploy*=production":   {"", ruleJob, "production", "Deploy (eu)"},
		"workflow:Deploy*=staging": {"", ruleWorkflow, "staging", "deploy all"},
		"release=production":       {"", ruleRelease, "production", "v1"},
		"tag:v*=live":              {"", ruleTag, "live", "v2.0"},
		"merge:main=production":    {"", ruleMerge, "production", "main"},
		"job=production":           {id: "name"},
		"tag:=production":          {id: "name"},
		"deploy*=production":       {id: "kind"},
		"job:deploy*":              {id: "environment"},
		"job:deploy*=":             {id: "environment"},
	} {
		rule, id, _ := parseRule(text)
		if id != want.id || rule.kind != want.kind || rule.environment != want.environment {
			t.Errorf("%s: %q, %+v", text, id, rule)
		}
		if id == "" && !rule.match.match.MatchString(want.matches) {
			t.Errorf("%s does not match %s", text, want.matches)
		}
	}
}

func TestPullTakesJobsForDeployments(t *testing.T) {
	f := &fake{}
	failed := run(8, 3*hours)
	failed.outcome = "failure"
	f.add(1, "acme/pay", run(7, 2*hours), failed)
	r := newRig(f, "acme/pay")
	r.settings["deployment_rules"] = []string{"job:buil*=production"}
	r.mustPull(t)
	got := r.memory.Facts().Deployments
	if len(got) != 1 || got[0].ID != "job:7:build" || got[0].SHA != "abc7" || got[0].Environment != "production" ||
		got[0].Status != delivery.DeploySuccess || got[0].Rule != "job:buil*=production" {
		t.Errorf("%+v", got)
	}
}
