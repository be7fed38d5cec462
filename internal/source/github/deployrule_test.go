package github

import (
	"encoding/json"
	"strings"
	"testing"

	"throughline/internal/delivery"
	"throughline/internal/source"
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

// Rules of jobs and workflows say what counts as a deployment before it succeeded.
func TestDeploys(t *testing.T) {
	for _, tt := range []struct{ name, rules, jobs, workflows string }{
		{"none", `[]`, "", ""},
		{"of other kinds", `["release=production", "merge:main=production"]`, "", ""},
		{"by jobs", `["job:deploy*=production", "job:ship=staging"]`, "deploy,deploy api,ship", ""},
		{"by workflows", `["workflow:Release=production"]`, "", "Release"},
		{"by both", `["workflow:deploy*=production", "job:Release=production"]`, "Release", "deploy,deploy api"},
		{"unreadable", `["job:deploy=production", "job:=production"]`, "", ""},
		{"not a list", `7`, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rule := Kind().Deploys(source.Settings{fieldRules.Name: json.RawMessage(tt.rules)})
			taken := map[bool][]string{}
			for _, name := range []string{"", "deploy", "deploy api", "ship", "ship it", "Release"} {
				for _, whole := range []bool{false, true} {
					if rule.Takes(name, whole) {
						taken[whole] = append(taken[whole], name)
					}
				}
			}
			if jobs, workflows := strings.Join(taken[false], ","), strings.Join(taken[true], ","); jobs != tt.jobs || workflows != tt.workflows {
				t.Errorf("jobs %q, workflows %q", jobs, workflows)
			}
			if got, want := rule.Empty(), tt.jobs+tt.workflows == ""; got != want {
				t.Errorf("empty: %t", got)
			}
		})
	}
}
